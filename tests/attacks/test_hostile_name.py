"""Attack T11: a server's name leaves its folder, or reaches a shell.

Who: a publisher, or an intruder of a registry.
Stopped by: check 2: one grammar for names, versions, entries and files; no shell anywhere.
Twin: `test_an_honest_name_is_read`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model import manifest_text, names, registry_text, server_text
from mcpinstall.model.registry import IndexRow
from tests.builders.registry_folders import NAME, VERSION, manifest, server_json

FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))
HOSTILE = [
    "test&calc", "../../x", "a/../b", "../x/y", "a\u202eb/c", "com.example/-rf", "-rf/x",
    "com.example/x;sh", "com.example/$(id)", "com.example/a b", "com.example/a\nb",
    "com.example/a/b", "/etc/passwd", "C:\\x/y", "com.example/", "", "com.example/a\0",
    "com.example/" + "a" * 200,
]  # fmt: skip


def in_manifest(name: str) -> None:
    manifest_text.parse(manifest_text.dump(replace(manifest(), name=name, files=FILES)))


def in_server_json(name: str) -> None:
    server_text.parse(server_json(name), "server.json")


def in_index(name: str) -> None:
    row = IndexRow(name=name, version=VERSION, title="x", summary="x", sha256="a" * 64)
    registry_text.parse_index(registry_text.dump_index([row]), "index.toml")


@pytest.mark.parametrize("place", [in_manifest, in_server_json, in_index])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(name: str, place: Callable[[str], None]) -> None:
    with pytest.raises(McpInstallError):
        place(name)


@pytest.mark.parametrize("version", ["../1", "1/2", "..", "-1", "1;sh", "1\u200b", "latest"])
def test_a_hostile_version_is_refused(version: str) -> None:
    row = IndexRow(name=NAME, version=version, title="x", summary="x", sha256="a" * 64)

    with pytest.raises(McpInstallError):
        registry_text.parse_index(registry_text.dump_index([row]), "index.toml")


@pytest.mark.parametrize("name", ["CON", "nul", "__proto__", "-rf", "a b", "a.b", "a/b", ""])
def test_a_hostile_entry_name_is_refused(name: str) -> None:
    with pytest.raises(McpInstallError):
        names.entry_name(name)


@pytest.mark.parametrize("place", [in_manifest, in_server_json, in_index])
@pytest.mark.parametrize("name", [NAME, "com.example/x_y.z", "ab/cd"])
def test_an_honest_name_is_read(name: str, place: Callable[[str], None]) -> None:
    place(name)
