"""Packages for an index: servers of a few lines and what they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from mcpinstall.model.artifact import Artifact
from tests.builders import servers, wheels
from tests.builders.index_server import IndexServer

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def publish(
    index: IndexServer,
    name: str,
    version: str,
    *,
    body: str | None = servers.MODERN,
    requires: Sequence[str] = (),
    readme: str = "",
    scripts: Sequence[str] | None = None,
    uploaded: datetime | None = LONG_AGO,
    tools: Sequence[object] = servers.TOOLS,
    headers: Sequence[str] = (),
    members: Mapping[str, bytes] = MappingProxyType({}),
) -> Artifact:
    """Put a package into the index; without a `body` it is a library, which has no script.

    `headers` stand in METADATA, `members` in the wheel.
    """
    stem = name.replace("-", "_")
    info = f"{stem}-{version}.dist-info"
    module = "" if body is None else servers.module(body, tools=tools)
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [*(f"Requires-Dist: {need}" for need in requires), *headers]
    files = {
        f"{stem}/__init__.py": module.encode(),
        f"{info}/METADATA": ("\n".join(metadata) + f"\n\n{readme}\n").encode(),
    }
    names = ([name] if body is not None else []) if scripts is None else scripts
    if names:
        lines = "".join(f"{script} = {stem}:main\n" for script in names)
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}".encode()
    files |= members
    data = wheels.wheel(files, name=stem, version=version)
    filename = f"{stem}-{version}-py3-none-any.whl"
    found = index.publish(filename, data)
    index.listing(found).uploaded = f"{uploaded:%Y-%m-%dT%H:%M:%SZ}" if uploaded else None
    return found
