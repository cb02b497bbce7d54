"""Making the files of a manifest: what is made is what registries read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text, registry_text
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.model.tool_text import parse_tools
from mcpinstall.operations import authoring
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import NAME, TOOLS, RegistryFolder, lock, manifest, server_json

HOOK = Hook(
    wheel="clock_server-1.2.0-py3-none-any.whl", member="clock.pth", sha256="a" * 64,
    kind=HookKind.STARTUP, reason="",
)  # fmt: skip
DRAFT = authoring.Draft(
    manifest=manifest(), server=server_json(), constraints=(), exclude_newer="2026-11-15T00:00:00Z"
)


def test_a_written_server_is_read_by_a_registry(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    paths = StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")
    accepted = (replace(HOOK, reason="finds its own folder"),)

    authoring.write(folder, DRAFT, lock_text.parse(lock(), "x"), accepted, parse_tools(TOOLS))
    authoring.write_registry(folder, RegistryFolder(folder).file)

    registry = registries.open_folder(folder, paths, datetime(2026, 12, 1, tzinfo=UTC))
    found = registry.find(NAME)
    assert found.manifest.hooks == accepted
    assert found.tools.text == TOOLS


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        authoring.write(tmp_path, DRAFT, lock_text.parse(lock(), "x"), (), parse_tools(TOOLS))
        authoring.write_registry(tmp_path, RegistryFolder(tmp_path).file)
        seen.append({path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()})

    assert seen[0] == seen[1]


def test_the_index_lists_every_manifest(tmp_path: Path) -> None:
    folder = RegistryFolder(tmp_path / "m").add().add(manifest(version="1.3")).folder

    rows = authoring.index_rows(folder)

    assert registry_text.dump_index(rows) == (folder / "index.toml").read_bytes()


def test_a_hook_without_a_reason_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        authoring.with_reason(HOOK, "clock-server", {})

    assert refused.value.code is ErrorCode.MANIFEST_INVALID
    assert "clock.pth" in refused.value.message


def test_a_hook_gets_the_reason_for_its_member() -> None:
    reasons = {("clock-server", "clock.pth"): "finds its own folder"}

    assert authoring.with_reason(HOOK, "clock-server", reasons).reason == "finds its own folder"
