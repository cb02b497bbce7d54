"""Attack T33: a secret stands on a command line, where every user of the machine can read it.

Who: a publisher who wants it there; habit.
Stopped by: 2, 3: an input that is a secret becomes no argument, however it is put together; mcpi
gives none to a program that it starts; on a terminal it asks for one, unseen.
Not stopped: a value that a user types behind `--set`, or behind `--` for the server, stands on
mcpi's own command line, and in the shell's history; an input that nobody declared a secret.
Twin: `test_a_secret_in_the_environment_is_accepted`, `test_a_public_value_becomes_an_argument`.
"""

from __future__ import annotations

import os
import secrets
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.system.fetch import Credentials
from tests.builders.children import recorded
from tests.builders.command import program
from tests.builders.registry_folders import server_json
from tests.builders.world import ARGUMENT, World

pytestmark = pytest.mark.e2e

TOKEN = {"name": "TOKEN", "isSecret": True, "isRequired": True}
SECRET = {"isSecret": True, "isRequired": True}
PUBLIC = {"isRequired": True}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "named": {"type": "named", "name": "--token", **SECRET},
    "named, optional": {"type": "named", "name": "--token", "isSecret": True},
    "positional": {"type": "positional", "valueHint": "token", **SECRET},
    "repeated": {"type": "positional", "valueHint": "t", "isRepeated": True, **SECRET},
    "composed": {"type": "positional", "value": "--token={x}", "variables": {"x": SECRET}},
    "composed and named": {
        "type": "named", "name": "--url", "value": "https://{u}:{x}@h", "variables": {
            "u": PUBLIC, "x": {"isSecret": True}},
    },
    "composed of public parts": {
        "type": "named", "name": "--key", "value": "{x}", "isSecret": True, "variables": {
            "x": PUBLIC},
    },
}  # fmt: skip

SAME_NAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as a variable": ({"type": "positional", "valueHint": "TOKEN", **PUBLIC}, TOKEN),
    "as a variable, optional": (
        {"type": "named", "name": "--TOKEN", "placeholder": "x"}, TOKEN | {"isRequired": False},
    ),
    "inside a variable": (
        {"type": "named", "name": "--key", "value": "{x}", "variables": {"x": PUBLIC}},
        {"name": "URL", "value": "https://{x}@h", "variables": {"x": SECRET}},
    ),
}  # fmt: skip
"""An argument that is public by its own words, and a variable that calls its input a secret."""


@pytest.mark.parametrize("argument", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize("plain", [True, False])
def test_a_secret_becomes_no_argument(world: World, argument: dict[str, Any], plain: bool) -> None:
    world.offer("vault", arguments=[argument])

    refuse(world, (), plain=plain)


@pytest.mark.parametrize(("argument", "variable"), SAME_NAME.values(), ids=SAME_NAME)
@pytest.mark.parametrize("given", [(), (("TOKEN", "hunter2"),), (("x", "hunter2"),)])
def test_a_secret_becomes_no_argument_by_the_name_of_another_input(
    world: World, argument: dict[str, Any], variable: dict[str, Any],
    given: Sequence[tuple[str, str]],
) -> None:  # fmt: skip
    world.offer("vault", arguments=[argument], environment=[variable])

    refuse(world, given, plain=True)


def refuse(world: World, given: Sequence[tuple[str, str]], *, plain: bool) -> None:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("vault", hosts=["cursor"], settings=tuple(given), plaintext_secrets=plain)

    assert (refused.value.code, refused.value.code.exit_status) == (ErrorCode.POLICY_REFUSED, 3)
    assert "every user of this machine can read" in refused.value.message
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"
    world.require_untouched(before)


def test_variables_have_no_variables_of_their_own() -> None:
    inner = {"value": "{y}", "variables": {"y": SECRET}}
    argument = {"type": "positional", "value": "{x}", "variables": {"x": inner}}

    with pytest.raises(McpInstallError) as refused:
        server_text.parse(server_json(packageArguments=[argument]), "server.json")

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID


def test_a_secret_in_the_environment_is_accepted(world: World) -> None:
    world.offer("vault", arguments=(ARGUMENT,), environment=[TOKEN])

    world.install("vault", hosts=["cursor"])

    assert b'"TOKEN": "${env:TOKEN}"' in world.file("cursor").read_bytes()
    assert world.starts("cursor", "vault")


def test_a_public_value_becomes_an_argument(world: World) -> None:
    both = {"value": "{x}", "variables": {"x": PUBLIC}}
    world.offer(
        "vault", arguments=[{"type": "named", "name": "--port", **both}],
        environment=[{"name": "PORT", **both}],
    )  # fmt: skip

    world.install("vault", hosts=["cursor"], settings=(("x", "80"),))

    assert world.servers_in("cursor")["vault"][-2:] == ("--port", "80")


def test_no_program_that_mcpi_starts_gets_a_secret_as_an_argument(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, password = secrets.token_hex(12), secrets.token_hex(12)
    world.index.credentials = Credentials(user="me", password=password).header
    monkeypatch.setenv("UV_DEFAULT_INDEX", world.index.url.replace("//", f"//me:{password}@"))
    world.offer("vault", environment=[TOKEN])

    try:
        with recorded() as children:
            world.install(
                "vault", hosts=["cursor"], settings=(("TOKEN", secret),), plaintext_secrets=True
            )
            world.configure("vault", ("TOKEN", "env:OTHER"))
            world.uninstall("vault")
    finally:
        world.index.credentials = None

    assert {Path(child.program).name.split(".")[0] for child in children} >= {"uv", "python"}
    for child in children:
        assert not [word for word in child.arguments if secret in word or password in word]


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX")
def test_a_terminal_asks_for_the_secret_and_does_not_show_it(world: World) -> None:
    world.offer("vault", environment=[TOKEN])
    secret = secrets.token_hex(12)

    shown = at_a_terminal(
        world, ["install", "vault", "-H", "cursor", "--plaintext-secrets"],
        {"TOKEN: ": secret, "change 1 file?": "y"},
    )  # fmt: skip

    assert "Installed vault" in shown
    assert secret not in shown
    assert secret.encode() in world.file("cursor").read_bytes()


def at_a_terminal(world: World, words: Sequence[str], answers: dict[str, str]) -> str:
    """Run the command in a pseudo-terminal, answer what it asks, and return what it showed."""
    import pty

    command = world.command(TERM="dumb")
    environment = {
        **os.environ, "HOME": str(world.home), "PYTHONPATH": str(command.source),
        **command.variables,
    }  # fmt: skip
    terminal, theirs = pty.openpty()
    running = subprocess.Popen(
        [program(), *words], env=environment, cwd=command.cwd, start_new_session=True,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown, waiting = "", dict(answers)
    try:
        while chunk := _read(terminal):
            shown += chunk
            for question in [one for one in waiting if one in shown]:
                os.write(terminal, f"{waiting.pop(question)}\n".encode())
        assert running.wait(60) == 0, shown
    finally:
        os.close(terminal)
        running.kill()
    return shown


def _read(terminal: int) -> str:
    """Return what is shown next; nothing at the end, or when nothing comes for long."""
    try:
        there, _, _ = select.select([terminal], [], [], 60)
        return os.read(terminal, 4096).decode("utf-8", "replace") if there else ""
    except OSError:  # Linux: everybody at the other end is gone
        return ""
