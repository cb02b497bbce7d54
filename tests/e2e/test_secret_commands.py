"""`mcpi secret`, `mcpi run` and `--secret`, as processes of their own at a real terminal."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcpinstall.model.secret import Secret
from tests.builders import servers
from tests.builders.command import Command, program
from tests.builders.session import Session
from tests.builders.terminals import at_a_terminal
from tests.builders.vaults import IN_KEYRING, TOKEN, as_its_host, everything, kept
from tests.builders.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def mcpi(vault: World, session: Session) -> Command:
    return vault.command(**session.variables)


@dataclass(frozen=True)
class AtTerminal:
    """Where a command runs at a terminal."""

    command: Command

    @property
    def program(self) -> str:
        return program()

    @property
    def cwd(self) -> Path:
        return self.command.cwd

    def environment(self) -> dict[str, str]:
        inherited = {"HOME": str(self.command.home), "PYTHONPATH": str(self.command.source)}
        return {**os.environ, **inherited, **self.command.variables}


def given(mcpi: Command, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command with text on standard input."""
    return subprocess.run(
        [program(), *words], input=text, capture_output=True, text=True, check=False, timeout=120,
        env=AtTerminal(mcpi).environment(), cwd=mcpi.cwd,
    )  # fmt: skip


def test_it_is_asked_for_unseen_and_reaches_the_server(vault: World, mcpi: Command) -> None:
    secret = secrets.token_hex(12)

    with at_a_terminal(
        AtTerminal(mcpi), "install", "vault", "-H", "codex", "-H", "claude-desktop",
        "--secret", "TOKEN", rows=200,
    ) as terminal:  # fmt: skip
        terminal.until("TOKEN (for the keyring):")
        terminal.type(f"{secret}\n")
        terminal.until("[y/N")
        assert "from the keyring of your system" in terminal.shown
        assert "/current/run.py" in terminal.shown.replace("\n", "").replace(" ", "")
        terminal.type("y\n")
        assert terminal.status() == 0
        assert secret not in terminal.shown

    for product in ("codex", "claude-desktop"):
        assert as_its_host(vault, product)["TOKEN"] == secret


def test_without_a_terminal_the_options_are_named(vault: World, mcpi: Command) -> None:
    done = mcpi.run("install", "vault", "-H", "codex", "--secret", "TOKEN", "--yes", status=2)

    assert "--secret-from-env TOKEN=VARIABLE" in done.stderr
    assert vault.receipts() == {}


@pytest.mark.parametrize("words", [("--secret", "TOKEN=hunter2"), ("--secret-from-env", "TOKEN")])
def test_a_secret_on_the_command_line_is_refused(mcpi: Command, words: tuple[str, str]) -> None:
    done = mcpi.run("install", "vault", "-H", "codex", *words, "--yes", status=2)

    assert "hunter2" not in done.stdout + done.stderr


def test_set_list_run_and_remove(vault: World, mcpi: Command, session: Session) -> None:
    first, second = secrets.token_hex(12), secrets.token_hex(12)
    vault.install(
        "vault", hosts=["codex", "vscode"], settings=(("zone", "Oslo"),),
        secrets=(("TOKEN", Secret(first)),),
    )  # fmt: skip
    said = []

    done = given(mcpi, f"{second}\n", "secret", "set", "vault", "TOKEN", "--stdin", "--json")
    said.append(done.stdout + done.stderr)
    assert (done.returncode, json.loads(done.stdout)["outcome"]) == (0, "done")
    assert kept(vault) == [second]

    found = mcpi.answer("secret", "list")["secrets"]
    assert found == [
        {"entry": "vault", "name": "TOKEN", "host": "codex-user", "place": "keyring",
         "variable": None, "stored": True},
        {"entry": "vault", "name": "TOKEN", "host": "vscode-user", "place": "host",
         "variable": None, "stored": None},
    ]  # fmt: skip
    said.append(mcpi.run("secret", "list").stdout)

    for words in ((), ("--", "--zone", "Rome")):
        (vault.root / "seen").unlink(missing_ok=True)
        ran = given(mcpi, "", "run", "vault", *words)
        said.append(ran.stdout + ran.stderr)
        seen = json.loads((vault.root / "seen").read_text())
        assert seen["TOKEN"] == second
        assert seen["argv"][1:] == list(words[1:] or ("--zone", "Oslo"))

    mcpi.run("secret", "remove", "vault", "TOKEN", status=4)  # nobody is there to ask
    assert mcpi.answer("secret", "remove", "vault", "TOKEN", "--yes")["outcome"] == "done"
    assert everything(session) == []
    gone = mcpi.run("run", "vault", status=5)
    assert "error[secret-missing]" in gone.stderr
    assert "mcpi secret set vault TOKEN" in gone.stderr
    assert not [text for text in said if first in text or second in text]


@pytest.mark.parametrize(
    ("text", "words", "status", "fact"),
    [
        ("", ("vault", "TOKEN", "--stdin"), 2, "it is empty"),
        ("a\x1b[0m", ("vault", "TOKEN", "--stdin"), 2, "control character"),
        ("x" * 40_000, ("vault", "TOKEN", "--stdin"), 2, "too long"),
        ("x", ("vault", "OTHER", "--stdin"), 2, "takes no secret"),
        ("x", ("nothing", "TOKEN", "--stdin"), 5, "not installed"),
        ("x", ("vault", "TOKEN"), 2, "--stdin"),
    ],
)
def test_what_is_no_secret_is_not_kept(
    vault: World, mcpi: Command, *, text: str, words: tuple[str, ...], status: int, fact: str
) -> None:
    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))

    done = given(mcpi, text, "secret", "set", *words)

    assert (done.returncode, fact in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
    assert kept(vault) == ["first"]


def test_by_hand_it_starts_as_its_host_starts_it(vault: World, session: Session) -> None:
    """Variables that are no secret, references, and an input with several paths."""
    folders = [vault.root / "one", vault.root / "{folders}"]
    for folder in folders:
        folder.mkdir()
    vault.offer(
        "vault", "2.0",
        arguments=({"type": "positional", "valueHint": "folders", "format": "filepath",
                    "isRepeated": True},),
        environment=(TOKEN, {"name": "LEVEL"}, {"name": "OTHER", "isSecret": True}),
        body=f"open({str(vault.root / 'seen')!r}, 'w').write(json.dumps([sys.argv[1:], "
        "*map(os.environ.get, ('TOKEN', 'LEVEL', 'OTHER'))]))\n" + servers.MODERN,
    )  # fmt: skip
    settings = (
        *(("folders", str(folder)) for folder in folders), ("LEVEL", "debug"),
        ("OTHER", "env:MINE"),
    )  # fmt: skip
    seen = []
    for entry_name in ("vault", "bare"):
        vault.install(
            "vault@2.0", entry_name=entry_name, settings=(*settings, *IN_KEYRING),
            secrets=(("TOKEN", Secret("first")),), hosts=["vscode"],
            print_only=entry_name == "bare",
        )  # fmt: skip
        ran = given(vault.command(MINE="mine", **session.variables), "", "run", entry_name)
        assert ran.returncode == 0, ran.stderr
        seen.append(json.loads((vault.root / "seen").read_text()))

    paths = [str(folder) for folder in folders]
    assert seen == [[paths, "first", "debug", "mine"], [paths, "first", None, None]]


def test_an_interruption_while_it_is_typed_stores_nothing(
    vault: World, mcpi: Command, session: Session
) -> None:
    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))

    with at_a_terminal(AtTerminal(mcpi), "secret", "set", "vault", "TOKEN") as terminal:
        terminal.until("TOKEN of vault:")
        terminal.type("half of it\x03")
        assert terminal.status() == 130
        assert "half" not in terminal.shown
        assert "interrupted" not in terminal.shown.splitlines()[0]  # but on a line of its own

    assert kept(vault) == ["first"]
