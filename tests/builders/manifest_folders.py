"""A folder of manifests that nothing is wrong with, and small edits that plant one defect each."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcpinstall import verification
from mcpinstall.model import manifest_text, registry_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.manifest import (
    Hook,
    PackageChoice,
    Permissions,
    ProbeSettings,
    RemoteChoice,
    Review,
    ToolVariation,
)
from mcpinstall.model.registry_text import ReviewRules
from mcpinstall.probing import canonical_tools
from tests.builders import registry_folders, servers, wheels
from tests.builders.index_server import IndexServer
from tests.builders.registry_folders import RegistryFolder

CLOCK, NOTES = "io.github.user/clock", "com.example/notes"
VERSION, REVIEWED, UPLOADED = "1.2.0", "2026-11-20", "2026-10-01T00:00:00Z"
PYTHONS = ">=3.11,<3.15"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
REMOTE = "https://mcp.example.com/notes"
VARIES = "/tools/get_current_time/description"
HOOK = "clock_start.pth"
LICENCE = b"License-Expression: MIT\n"


class ManifestFolder:
    """A registry of two servers: a package with a start-up hook, and one with a remote as well."""

    def __init__(self, folder: Path, index: IndexServer) -> None:
        self.index = index
        self.registry = RegistryFolder(folder)
        rules = ReviewRules(reviewers=1, criteria=("locked", "inspected"))
        self.registry.file = replace(self.registry.file, review=rules)
        self.wheels: dict[str, bytes] = {}
        self._add(CLOCK, "clock", hooked=True)
        self._add(NOTES, "notes", remote=True)

    @property
    def folder(self) -> Path:
        return self.registry.folder

    def path(self, file: str, name: str = CLOCK) -> Path:
        """Path of a file of one server, or of the registry's own."""
        if file in ("registry.toml", "index.toml"):
            return self.folder / file
        return self.registry.path(file, name, VERSION)

    def wheel(
        self, stem: str, *, hook: bytes = b"", licence: bytes = LICENCE, module: bytes = b""
    ) -> bytes:
        """A wheel of a server that starts."""
        package = stem.replace("_", "-")
        info = f"{stem}-{VERSION}.dist-info"
        head = f"Metadata-Version: 2.4\nName: {package}\nVersion: {VERSION}\n".encode()
        files = {
            f"{stem}/__init__.py": module or servers.module(servers.MODERN).encode(),
            f"{info}/METADATA": head + licence,
            f"{info}/entry_points.txt": f"[console_scripts]\n{package} = {stem}:main\n".encode(),
        }
        if hook:
            files[HOOK] = hook
        return wheels.wheel(files, name=stem, version=VERSION)

    def publish(self, stem: str, data: bytes) -> Artifact:
        """Put a wheel into the index."""
        found = self.index.publish(f"{stem}-{VERSION}-py3-none-any.whl", data)
        self.index.listing(found).uploaded = UPLOADED
        self.wheels[stem] = data
        return found

    def _add(self, name: str, alias: str, *, hooked: bool = False, remote: bool = False) -> None:
        stem, package = f"{alias}_server", f"{alias}-server"
        artifact = self.publish(stem, self.wheel(stem, hook=b"import site\n" if hooked else b""))
        remotes = [{"type": "streamable-http", "url": REMOTE}] if remote else []
        described = replace(
            registry_folders.manifest(name, VERSION),
            title=alias.title(),
            package=PackageChoice(
                registry_type="pypi", identifier=package, version=VERSION, script=package,
                requires_python=PYTHONS, platforms=("linux-x86_64-glibc", "macos-arm64"),
            ),
            hooks=_accepted(self.wheels[stem], artifact),
            permissions=Permissions(read=("{folder}",)),
            probe=ProbeSettings(inputs=(("folder", "{empty}"),)),
            varies=(ToolVariation(pointer=VARIES, reason="the zone", pattern="{zone}"),),
            reviews=tuple(_review(by) for by in (("ada", "bob") if remote else ("ada",))),
            remotes=tuple(RemoteChoice(transport=r["type"], url=r["url"]) for r in remotes),
        )  # fmt: skip
        arguments = [
            {
                "type": "named", "name": "--folder", "description": "Where",
                "isRequired": False, "placeholder": "/home/user",
            }
        ]  # fmt: skip
        server = registry_folders.server_json(
            name, VERSION, remotes=remotes, identifier=package, packageArguments=arguments
        )
        self.registry.add(
            described,
            server=json.dumps(json.loads(server), indent=2).encode(),
            locked=lock(artifact),
            tools=canonical_tools(list(servers.TOOLS)).text,
            alias=alias,
        )

    def describe(self, **changes: Any) -> ManifestFolder:  # noqa: ANN401
        """Change what `registry.toml` says, printed as it has to be."""
        own = self.path("registry.toml")
        found = registry_text.parse(own.read_bytes(), own.name)
        own.write_bytes(registry_text.dump(replace(found, **changes)))
        return self

    def redescribe(self, name: str = CLOCK, **changes: Any) -> ManifestFolder:  # noqa: ANN401
        """Change what a manifest says, printed as it has to be."""
        path = self.path("manifest.toml", name)
        found = manifest_text.parse(path.read_bytes())
        path.write_bytes(manifest_text.dump(replace(found, **changes)))
        return self

    def carry(self, data: bytes, name: str = CLOCK) -> ManifestFolder:
        """Put attestations beside a manifest, and pin them."""
        self.path("attestations.json", name).write_bytes(data)
        path = self.path("manifest.toml", name)
        files = (("attestations.json", "0" * 64), *manifest_text.parse(path.read_bytes()).files)
        return self.redescribe(name, files=files).seal()

    def artifact(self, stem: str) -> Artifact:
        """The wheel of a server as the index has it."""
        return self.publish(stem, self.wheels[stem])

    # Edits -----------------------------------------------------------------------------------

    def edit(self, file: str, old: str, new: str, name: str = CLOCK) -> ManifestFolder:
        """Replace a text that stands in a file, once."""
        text = self.path(file, name).read_text(encoding="utf-8")
        assert old in text, (file, old)
        self.path(file, name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return self

    def seal(self) -> ManifestFolder:
        """Pin everything as it is now, in manifests, index and registry, as text."""
        index = self.path("index.toml")
        rows = index.read_text(encoding="utf-8")
        for manifest in sorted(self.folder.glob("*/*/*/manifest.toml")):
            text = manifest.read_text(encoding="utf-8")
            for file in ("attestations.json", "server.json", "pylock.toml", "tools.json"):
                if (manifest.parent / file).exists():
                    text = _repin(text, f'"{file}" = ', manifest.parent / file)
            manifest.write_text(text, encoding="utf-8")
            name, server, version = manifest.parent.relative_to(self.folder).parts
            where = rf'name = "{name}/{server}"\nversion = "{version}"\n(?:[^\[]*\n)?sha256 = '
            rows = _repin(rows, where, manifest, pattern=True)
        index.write_text(rows, encoding="utf-8")
        own = self.path("registry.toml")
        own.write_text(
            _repin(own.read_text(encoding="utf-8"), "\nindex = ", index), encoding="utf-8"
        )
        return self

    def line_of(self, file: str, text: str, name: str = CLOCK) -> int:
        """Line of a file, counted from 1, on which `text` stands first."""
        rows = self.path(file, name).read_text(encoding="utf-8").split("\n")
        return next(number for number, row in enumerate(rows, start=1) if text in row)


Plant = Callable[[ManifestFolder], object]


def lock(artifact: Artifact, *, uploaded: str = UPLOADED) -> bytes:
    """Return a lock of one wheel."""
    wheel = (
        f'{{ path = "{artifact.filename}", upload-time = {uploaded}, size = {artifact.size}, '
        f'hashes = {{ sha256 = "{artifact.sha256}" }} }}'
    )
    return f"""\
lock-version = "1.0"
created-by = "uv"
requires-python = "{PYTHONS}"

[[packages]]
name = "{artifact.package}"
version = "{artifact.version}"
wheels = [
    {wheel},
]
""".encode()


def _review(by: str) -> Review:
    return Review(
        by=by, on=REVIEWED, criteria=("locked", "inspected", "probed"),
        platforms=("linux-x86_64-glibc",),
    )  # fmt: skip


def _accepted(data: bytes, artifact: Artifact) -> tuple[Hook, ...]:
    needed = verification.unaccepted_hooks(io.BytesIO(data), artifact)
    return tuple(replace(hook, reason="sets up the clock") for hook in needed)


def _repin(text: str, before: str, path: Path, *, pattern: bool = False) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    wanted = f"({before if pattern else re.escape(before)})" + r'"[0-9a-f]{64}"'
    return re.sub(wanted, rf'\g<1>"{digest}"', text, count=1)
