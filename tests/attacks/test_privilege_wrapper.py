"""Attack T30: what is installed runs with more rights than its user has.

Who: a publisher (`sudo` in the command, a set-user-id file in a wheel), or a habit (`sudo mcpi`).
Stopped by: no manifest names a program (2): what is started is always the chosen interpreter;
members with set-user-id bits are refused (6); root refuses to work in another user's home.
Not stopped: a server that calls `sudo` while it runs, where that asks for no password.
Twin: `test_the_interpreter_is_what_runs`, `test_a_user_at_home_is_served`.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text, server_text
from tests.builders import registry_folders, servers, wheels
from tests.builders.command import Command
from tests.builders.world import World

pytestmark = pytest.mark.e2e

WRAPPERS = ["sudo", "doas", "pkexec", "runas", "su", "/usr/bin/sudo", "env", "gsudo"]
FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))


@pytest.fixture
def traps(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder at the head of PATH with every wrapper; the file appears when one is started."""
    folder, canary = world.root / "traps", world.root / "canary"
    folder.mkdir()
    for name in WRAPPERS:
        if "/" not in name:
            (folder / name).write_text(f'#!/bin/sh\ntouch "{canary}"\nexec "$@"\n')
            (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    yield folder
    assert not canary.exists()


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_server_json_names_no_wrapper_as_its_runtime(wrapper: str) -> None:
    data = registry_folders.server_json(runtimeHint=wrapper)

    with pytest.raises(McpInstallError) as refused:
        server_text.parse(data, "server.json")

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize("kind", ["pypi", "npm", "oci"])
@pytest.mark.parametrize("flag", ["-u=root", "--cap-add", "--privileged", "--group-add"])
def test_a_runtime_gets_no_flag_that_gives_rights(kind: str, flag: str) -> None:
    identifier = "docker.io/a/b:1" if kind == "oci" else "clock"
    argument = {"type": "named", "name": flag, "value": "root"}
    data = registry_folders.server_json(
        registryType=kind, identifier=identifier, runtimeArguments=[argument]
    )

    with pytest.raises(McpInstallError) as refused:
        server_text.parse(data, "server.json")

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize("key", ["command", "executable", "wrapper", "user"])
def test_a_manifest_has_no_word_for_a_program(key: str) -> None:
    text = manifest_text.dump(registry_folders.manifest("io.github.user/clock", "1.0"))
    changed = text.replace(b"[package]\n", f'[package]\n{key} = "sudo"\n'.encode())

    with pytest.raises(McpInstallError) as refused:
        manifest_text.parse(changed)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@pytest.mark.usefixtures("traps")
@pytest.mark.parametrize("script", ["sudo", "pkexec", "clock-server"])
def test_the_interpreter_is_what_runs(world: World, script: str) -> None:
    wheel = wheels.wheel(
        {
            "clock_server/__init__.py": servers.module().encode(),
            "clock_server-2.0.dist-info/entry_points.txt": (
                f"[console_scripts]\n{script} = clock_server:main\n".encode()
            ),
        },
        name="clock_server", version="2.0",
    )  # fmt: skip
    world.offer("clock", "2.0", data=wheel, script=script)

    world.install("clock", hosts=["cursor", "codex"])

    for host in ("cursor", "codex"):
        command = world.servers_in(host)["clock"]
        assert os.path.realpath(command[0]) == world.receipts()["clock"].python_path
        assert script not in command
        assert world.starts(host, "clock")


@pytest.mark.parametrize("mode", [0o104755, 0o102755, 0o106755])
def test_a_wheel_with_a_set_user_id_file_is_refused(world: World, mode: int) -> None:
    files = {"clock_server/__init__.py": servers.module().encode(), "clock_server/x": b"#!"}
    members = wheels.wheel_members(files, name="clock_server", version="2.0")
    lifted = wheels.write_zip(wheels.changed(members, "clock_server/x", mode=mode))
    world.offer("clock", "2.0", data=lifted)
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor"])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    world.require_untouched(before)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_no_installed_file_gives_rights(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    modes = [path.lstat().st_mode for path in world.data.rglob("*") if not path.is_symlink()]
    assert modes
    assert not [mode for mode in modes if mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH)]


# `sudo mcpi` ------------------------------------------------------------------------------------

as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
SUDO = {"SUDO_USER": "ada", "SUDO_UID": "12345", "SUDO_GID": "12345", "SUDO_COMMAND": "mcpi"}


def ran(world: World, *words: str, status: int) -> subprocess.CompletedProcess[str]:
    command = world.command(**SUDO)
    return Command.run(command, *words, status=status)


@as_root
@pytest.mark.parametrize(
    "words", [("install", "clock", "-H", "cursor", "--yes"), ("list",), ("uninstall", "x", "--yes")]
)
def test_root_in_another_users_home_is_refused(world: World, words: tuple[str, ...]) -> None:
    for path in (world.home, *world.home.rglob("*")):
        os.chown(path, 12345, 12345)
    before = sorted(world.home.rglob("*"))

    done = ran(world, *words, status=3)

    assert "state-unsafe" in done.stderr
    assert "without `sudo`" in done.stderr
    assert sorted(world.home.rglob("*")) == before


def test_a_user_at_home_is_served(world: World) -> None:
    ran(world, "install", "clock", "-H", "cursor", "--yes", status=0)

    assert world.starts("cursor", "clock")
