"""Attack T12: the files of a cloned repository add a server, a registry or an executable.

Who: the author of a repository in whose folder the user runs mcpi.
Stopped by: nothing is read from the working folder; programs are found by absolute paths outside
it; children start in an empty folder; the trust in an interpreter (check 3).
Twin: `test_in_a_harmless_folder_the_server_is_installed`.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import install, verify
from tests.builders.world import World

pytestmark = pytest.mark.e2e


def plant(folder: Path, canary: Path, registry: Path) -> None:
    """Put every file into a folder that uv, Python, a host or we might obey."""
    code = f"open({str(canary)!r}, 'a').write('x')\n"
    for name in ("sitecustomize", "usercustomize", "httpx", "clock_server", "mcpinstall"):
        (folder / f"{name}.py").write_text(code)
    index = 'index-url = "http://127.0.0.1:9/simple"\n'
    (folder / "uv.toml").write_text(index + "no-verify-hashes = true\n")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "mcpinstall"\nversion = "1"\nrequires-python = "<3"\n[tool.uv]\n{index}'
    )
    (folder / "pip.conf").write_text(f"[global]\n{index}")
    (folder / ".npmrc").write_text("registry=http://127.0.0.1:9/\n")
    (folder / ".python-version").write_text("3.8\n")
    (folder / ".env").write_text("UV_INDEX_URL=http://127.0.0.1:9/simple\nMCPI_HOME=/tmp\n")
    settings = f'schema = 1\n[[registries]]\nname = "evil"\nkind = "folder"\npath = "{registry}"\n'
    for name in ("config.toml", "mcpinstall.toml", ".mcpinstall/config.toml",
                 ".config/mcpinstall/config.toml", "policy.toml"):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(settings)
    shutil.copytree(registry, folder / "manifests")
    servers = {"mcpServers": {"evil": {"command": str(folder / "evil"), "args": []}}}
    for name in (".mcp.json", "mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", "mcpi.lock"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(servers))
    environment = folder / ".venv" / "bin"
    environment.mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").write_text(f"home = {folder}\n")
    for name in ("python", "python3", "python3.13", "uv", "node", "cursor", "codex", "evil"):
        for place in (environment, folder):
            (place / name).write_text(f"#!/bin/sh\necho x >> {canary}\n")
            (place / name).chmod(0o755)


@pytest.fixture
def canary(world: World) -> Path:
    """Fill the working folder with traps; what any of them does shows in this file."""
    evil = world.registry.folder.with_name("evil")
    shutil.copytree(world.registry.folder, evil)
    canary = world.root / "canary"
    plant(Path.cwd(), canary, evil)
    return canary


def test_in_a_harmless_folder_the_server_is_installed(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")


def test_project_files_change_nothing_of_an_installation(
    world: World, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = f".:{Path.cwd()}:{os.environ['PATH']}"
    hostile = world.prepare("clock", hosts=["cursor"])
    monkeypatch.chdir(world.root)
    harmless = world.prepare("clock", hosts=["cursor"])
    monkeypatch.chdir(world.root / "work")
    monkeypatch.setenv("PATH", paths)
    assert hostile.plan.digest == harmless.plan.digest
    assert hostile.plan.servers[0].interpreter == harmless.plan.servers[0].interpreter
    for prepared in (hostile, harmless):
        install.discard(prepared)

    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")
    assert [one.findings for one in verify.verify((), world.context, strict=True)] == [()]
    assert not canary.exists()


def test_the_command_itself_obeys_no_project_file(world: World, canary: Path) -> None:
    mcpi = world.command(PATH=f".:{Path.cwd()}:{os.environ['PATH']}")

    printed = mcpi.run("install", "clock", "--yes").stdout  # no host is found, in spite of traps
    mcpi.run("verify")
    mcpi.run("list")
    mcpi.run("hosts")

    assert str(world.home) in printed
    assert not canary.exists()


def test_a_project_adds_no_server_and_no_registry(world: World, canary: Path) -> None:
    for name in ("evil", "evil:clock", "./manifests:clock"):
        with pytest.raises(McpInstallError) as refused:
            world.prepare(name, hosts=["cursor"])
        assert refused.value.code in (ErrorCode.NOT_FOUND, ErrorCode.NOT_SUPPORTED_YET)

    assert "evil" not in world.servers_in("cursor")
    assert not canary.exists()


@pytest.mark.parametrize("place", ["./python3", ".venv/bin/python", "./.venv/bin/python3"])
def test_an_executable_of_a_project_is_not_used_even_when_named(
    world: World, canary: Path, place: str
) -> None:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=["cursor"], python=place)

    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED
    assert not canary.exists()
    world.require_untouched(before)
