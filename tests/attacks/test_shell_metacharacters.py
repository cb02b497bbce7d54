"""Attack T29: text in an argument becomes a command, because a shell reads it again.

Who: a publisher (fixed values), or whoever gives the user a value to paste.
Stopped by: no shell anywhere: lists of arguments from plan to host file, each one text there; on
Windows a batch file, which a shell would run, is never what is started (3).
Not stopped: a host that itself puts a shell between; a server that hands its arguments to one.
Twin: `test_ordinary_arguments_arrive`, `test_a_program_of_windows_is_started`.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.machine import Machine
from tests.builders import servers
from tests.builders.environments import interpreter
from tests.builders.world import ARGUMENT, World

pytestmark = pytest.mark.e2e

SAYS_ARGUMENTS = f"""
with open(os.path.join(os.environ["HOME"], "argv.json"), "w") as file:
    json.dump(sys.argv[1:], file)
{servers.MODERN}
"""
LITERALS = (
    "a && touch x", "; touch x", "| touch x", "$(touch x)", "`touch x`", "> x", "& touch x &",
    "%PATH%", "%COMSPEC% /c x", "^&x", "!x!", "~", "*", "?", "[a]", "{a,b}", "'", '"', '\\"', "\\",
    "\\\\", "a b", " ", "", "-", "--", "#x", "//x", "/*x*/", "'''", '"""', "a\\nb", "\\u0022",
    "€ é", "=", "--x=$(touch x)", "@x", "$", "$1", "$$", "<x>", "\\x1b[2J",
)  # fmt: skip
"""Texts that a shell, JSON, TOML or Windows would read in another way than we mean them."""

FILES = {
    "cursor": (".cursor/mcp.json", "mcpServers"),
    "vscode": (".config/Code/User/mcp.json", "servers"),
    "codex": (".codex/config.toml", "mcp_servers"),
    "claude-code": (".claude.json", "mcpServers"),
    "gemini-cli": (".gemini/settings.json", "mcpServers"),
}
"""A host of each format, its file, and the key of its servers."""


def written(world: World, host: str) -> list[str]:
    """Return the command that stands in a host's file, read by a parser that isn't ours."""
    name, key = FILES[host]
    text = (world.home / name).read_text("utf-8")
    document: Any = tomllib.loads(text) if name.endswith("toml") else json.loads(text)
    entry = document[key]["clock"]
    return [entry["command"], *entry["args"]]


def started(world: World, host: str) -> list[str]:
    """Start the server as its host does and return the arguments that reached it."""
    subprocess.run(
        written(world, host), env={"HOME": str(world.home)}, cwd=world.root / "work",
        input="", text=True, capture_output=True, check=True, timeout=30,
    )  # fmt: skip
    arguments: list[str] = json.loads((world.home / "argv.json").read_text())
    return arguments


@pytest.fixture
def fresh(world: World) -> World:
    """A world whose server says with which arguments it was started."""
    world.offer("clock", "2.0", body=SAYS_ARGUMENTS)
    for host in ("cursor", "codex", "claude-code"):
        world.file(host).unlink()
    return world


@pytest.mark.parametrize("host", FILES)
def test_every_argument_reaches_the_server_as_it_was_given(fresh: World, host: str) -> None:
    fresh.install("clock", hosts=[host], extra_arguments=LITERALS)

    assert tuple(started(fresh, host)) == LITERALS
    assert list((fresh.root / "work").iterdir()) == []


def test_ordinary_arguments_arrive(fresh: World) -> None:
    fresh.install("clock", hosts=["cursor"], settings=(("zone", "Oslo"),))

    assert started(fresh, "cursor") == ["--zone", "Oslo"]


def test_the_value_of_an_input_is_one_argument(fresh: World) -> None:
    fresh.install("clock", hosts=["codex"], settings=(("zone", "x; $(touch x) `touch x`"),))

    assert started(fresh, "codex") == ["--zone", "x; $(touch x) `touch x`"]
    assert list((fresh.root / "work").iterdir()) == []


def test_a_fixed_value_is_one_argument(world: World) -> None:
    nasty = {"type": "positional", "value": "x && touch x $(touch x)"}
    world.offer("clock", "2.0", body=SAYS_ARGUMENTS, arguments=(nasty, ARGUMENT))

    world.install("clock", hosts=["cursor"])

    assert started(world, "cursor") == ["x && touch x $(touch x)"]
    assert list((world.root / "work").iterdir()) == []


@pytest.mark.parametrize("text", ["$HOME", "${HOME}", "a${env:HOME}"])
def test_text_that_the_host_would_expand_is_refused(world: World, text: str) -> None:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["claude-code"], settings=(("zone", text),))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    world.require_untouched(before)


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\rb", "\x1b[2J"])
def test_a_control_character_is_no_value(world: World, text: str) -> None:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor"], settings=(("zone", text),))

    assert refused.value.code is ErrorCode.INPUT_INVALID
    world.require_untouched(before)


# Windows, whose `CreateProcess` runs a batch file through `cmd.exe` ------------------------------


def on_windows(folder: Path, program: str) -> tuple[str, ...]:
    """Return the command that a host on Windows would get for this interpreter."""
    machine = Machine(platform="win32", home=folder, environ={}, cwd=folder)
    found = replace(interpreter(), path=PureWindowsPath(program))  # type: ignore[arg-type]
    return environments.command(folder, ("a && x",), machine, found).argv


@pytest.mark.parametrize(
    "program",
    ["C:\\Python\\python.bat", "C:\\P\\python.CMD", "C:\\P\\python.cmd.", "C:\\P\\python.Bat . ."],
)
def test_a_batch_file_is_never_started(tmp_path: Path, program: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        on_windows(tmp_path, program)

    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED
    assert "batch file" in refused.value.message


@pytest.mark.parametrize("program", ["C:\\Program Files\\Python\\python.exe", "C:\\P\\cmd\\p.exe"])
def test_a_program_of_windows_is_started(tmp_path: Path, program: str) -> None:
    assert on_windows(tmp_path, program)[0] == program
    assert on_windows(tmp_path, program)[-1] == "a && x"


def test_a_batch_file_is_no_interpreter_even_when_named(world: World) -> None:
    shim = world.root / "python.bat"
    shim.write_text("#!/bin/sh\ntouch canary\n")
    shim.chmod(0o755)

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=["cursor"], python=str(shim))

    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED
    assert not list(world.root.rglob("canary"))
