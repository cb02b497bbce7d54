"""Manifest, `server.json`, lock and index of one server tell the same story, or are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.manifest import Hook, HookKind, Manifest, Permissions, ProbeSettings
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import NAME, RegistryFolder, lock, manifest, server_json

HONEST = manifest()
HOOK = Hook(
    wheel="absent-1-py3-none-any.whl", member="x.pth", sha256="a" * 64,
    kind=HookKind.STARTUP, reason="a reason",
)  # fmt: skip


def found(folder: RegistryFolder, tmp_path: Path) -> None:
    paths = StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")
    registry = registries.open_folder(folder.folder, paths, datetime(2026, 12, 1, tzinfo=UTC))
    registry.find(NAME)


@pytest.mark.parametrize(
    "described",
    [
        replace(HONEST, package=replace(HONEST.local, version="1.3.0")),
        replace(HONEST, package=replace(HONEST.local, identifier="other-server")),
        replace(HONEST, package=replace(HONEST.local, requires_python=">=3.8")),
        replace(HONEST, hooks=(HOOK,)),
        replace(HONEST, probe=ProbeSettings(inputs=(("folder", "{empty}"),))),
        replace(HONEST, permissions=Permissions(read=("{folder}",))),
    ],
)
def test_a_manifest_that_contradicts_its_files_is_refused(
    tmp_path: Path, described: Manifest
) -> None:
    folder = RegistryFolder(tmp_path / "r").add(described, server=server_json(), locked=lock())

    with pytest.raises(McpInstallError) as refused:
        found(folder, tmp_path)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@pytest.mark.parametrize(
    "server",
    [
        server_json("com.example/clock"),
        server_json(version="1.2.1"),
        server_json(identifier="other-server"),
        server_json(transport={"type": "sse", "url": "http://localhost:1/"}),
    ],
)
def test_a_server_json_of_something_else_is_refused(tmp_path: Path, server: bytes) -> None:
    folder = RegistryFolder(tmp_path / "r").add(server=server)

    with pytest.raises(McpInstallError) as refused:
        found(folder, tmp_path)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@pytest.mark.parametrize(
    "locked", [lock("1.3.0"), lock().replace(b"clock-", b"other-").replace(b"clock_", b"other_")]
)
def test_a_lock_of_something_else_is_refused(tmp_path: Path, locked: bytes) -> None:
    folder = RegistryFolder(tmp_path / "r").add(locked=locked)

    with pytest.raises(McpInstallError) as refused:
        found(folder, tmp_path)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID
    assert "`pylock.toml` and `manifest.toml`" in refused.value.message


def test_an_index_that_says_something_else_is_refused(tmp_path: Path) -> None:
    folder = RegistryFolder(tmp_path / "r").add().retitle("Another clock")

    with pytest.raises(McpInstallError) as refused:
        found(folder, tmp_path)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID
    assert "`index.toml`" in refused.value.message


ARGUMENTS = [
    {"type": "positional", "valueHint": "folder"},
    {"type": "named", "name": "--zone", "value": "{area}", "variables": {"area": {}}},
]
VARIABLES = [{"name": "LEVEL", "value": "{depth}", "variables": {"depth": {}}}]


@pytest.mark.parametrize("name", ["folder", "zone", "area", "LEVEL", "depth"])
def test_every_name_of_an_input_may_be_used(tmp_path: Path, name: str) -> None:
    server = server_json(packageArguments=ARGUMENTS, environmentVariables=VARIABLES)
    described = replace(
        HONEST,
        probe=ProbeSettings(inputs=((name, "x"),)),
        permissions=Permissions(read=(f"{{{name}}}",)),
    )

    found(RegistryFolder(tmp_path / "r").add(described, server=server), tmp_path)


def test_an_empty_placeholder_does_not_mean_an_argument_without_a_name(tmp_path: Path) -> None:
    server = server_json(packageArguments=[{"type": "positional", "value": "serve"}])
    described = replace(HONEST, permissions=Permissions(read=("{}",)))

    with pytest.raises(McpInstallError) as refused:
        found(RegistryFolder(tmp_path / "r").add(described, server=server), tmp_path)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID
    found(RegistryFolder(tmp_path / "honest").add(server=server), tmp_path)


def test_a_python_package_with_the_lock_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = RegistryFolder(tmp_path / "r").add(lock_name="package-lock.json")

    with pytest.raises(McpInstallError) as refused:
        found(folder, tmp_path)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


def test_a_package_of_another_type_is_not_supported_yet(tmp_path: Path) -> None:
    described = replace(HONEST, package=replace(HONEST.local, registry_type="npm"))
    folder = RegistryFolder(tmp_path / "r").add(described)

    with pytest.raises(McpInstallError) as refused:
        found(folder, tmp_path)

    assert refused.value.code is ErrorCode.NOT_SUPPORTED_YET


def test_files_that_agree_are_accepted(tmp_path: Path) -> None:
    found(RegistryFolder(tmp_path / "r").add(), tmp_path)
