"""Two real versions of a real server, each locked and written as a registry's, then compared."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from mcpinstall.model import manifest_text, tool_text
from mcpinstall.operations import authoring, manifest_diff
from mcpinstall.operations.context import Context
from mcpinstall.planning.changes import ChangeKind
from tests.builders.command import ROOT, Command

pytestmark = pytest.mark.network

DRAFT = ROOT / ".ci" / "drafts" / "time.toml"
TIME = "io.github.modelcontextprotocol/server-time"
PLATFORMS = ("linux-x86_64-glibc", "windows-x86_64")
OLD, NEW = ("2025.9.25", "2025-10-20T00:00:00Z"), ("2026.10.19", "2026-11-12T00:00:00Z")


def reasons() -> Iterator[tuple[str, str, str]]:
    """The drafts' reasons; those of pywin32's scripts for the older version too."""
    table = tomllib.loads((DRAFT.parent / "reasons.toml").read_text("utf-8"))
    for package, rows in table.items():
        for member, why in rows.items():
            yield package, member, why
            yield package, member.replace("pywin32-312.", "pywin32-311."), why


def write(folder: Path, version: str, until: str, context: Context) -> Path:
    """Lock one version as of one day and write its manifest, as `.ci/make_manifests.py` does."""
    table: dict[str, Any] = tomllib.loads(DRAFT.read_text("utf-8"))
    constraints = tuple(table.pop("lock")["constraints"])
    names = ("server.json", "tools.json", "pylock.toml")
    text = tomli_w.dumps({**table, "files": dict.fromkeys(names, "0" * 64)})
    found = manifest_text.parse(text.encode(), DRAFT.name)
    shipped = ROOT / "manifests" / found.name / found.version
    server = (shipped / "server.json").read_text("utf-8").replace(found.version, version)
    choice = replace(found.local, version=version, platforms=PLATFORMS)
    draft = authoring.Draft(
        manifest=replace(found, version=version, package=choice, files=()),
        server=server.encode(),
        constraints=constraints,
        exclude_newer=until,
        reasons=tuple(reasons()),
    )
    locked = authoring.lock(draft, context)
    accepted = authoring.hooks(draft, locked, context)
    tools = tool_text.parse_tools((shipped / "tools.json").read_bytes())
    return authoring.write(folder, draft, locked, accepted, tools)


def test_a_year_of_a_server_is_told_from_its_wheels(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context.current()
    before = write(tmp_path / "old", *OLD, context)
    after = write(tmp_path / "new", *NEW, context)

    found = manifest_diff.diff(str(before), str(after), context).comparison

    kinds = {change.kind for change in found.changes}
    versions = {
        change.subject: (change.before, change.after)
        for change in found.changes
        if change.kind is ChangeKind.DEPENDENCY_VERSION
    }
    assert versions["mcp-server-time"] == (OLD[0], NEW[0])
    assert {"hook-changed", "native-added", "script-added", "dependency-added", "size"} <= kinds
    assert ChangeKind.NOT_COMPARED not in kinds
    assert found.notes == ()
    assert found.inspected == found.needed > 10

    offline = manifest_diff.diff(str(before), str(after), context, offline=True).comparison
    told_by_the_index = {ChangeKind.HELD_BACK}
    assert offline.changes == tuple(c for c in found.changes if c.kind not in told_by_the_index)

    shown = Command(home=home, cwd=tmp_path).run("manifest", "diff", str(before), str(after))
    assert f"mcp-server-time: {OLD[0]} → {NEW[0]}" in shown.stdout
