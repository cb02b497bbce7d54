"""Attack T35: a secret lies on in a backup, a log, a cache or a record.

Who: nobody; later whoever reads the disk, a backup of it, or a log in a report.
Stopped by: a reference leaves no value anywhere.  In clear text it stands in the host's file and
in those records of ours that give the file's bytes back, readable for its user alone; no backup
beside a host's file, no log, nothing on the screen.  An open mode of a host's file is told (3).
Not stopped: whoever reads these files as the same user; the history keeps the bytes for 30 days;
the host's own logs and backups.
Twin: `test_a_reference_leaves_no_value_anywhere`, `test_the_host_gets_the_secret`.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from mcpinstall import cli
from mcpinstall.errors import McpInstallError
from mcpinstall.operations.settling import settle
from tests.builders import audit_killer, servers
from tests.builders.world import ARGUMENT, HOSTS, World, slug

pytestmark = pytest.mark.e2e

TOKEN = {"name": "TOKEN", "isSecret": True, "isRequired": True}
ALL = ("cursor", "claude-code")
OURS = ("history", "hosts")
"""Folders of records that may hold what stands in a host's file, to give it back."""


@dataclass
class Vault:
    """A world with a server that wants a secret, and two secrets for it."""

    world: World
    first: str
    second: str

    def install(self, secret: str = "") -> None:
        self.world.install(
            "vault", hosts=ALL, settings=(("TOKEN", secret or self.first),), plaintext_secrets=True
        )

    def holders(self, secret: str) -> set[Path]:
        """Return every file of the home that holds the secret, in any usual form."""
        found = set()
        for path in self.world.home.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                found |= {path} if any(form in data for form in forms(secret)) else set()
        return found

    def require_contained(self, secret: str) -> set[Path]:
        """Fail if it is anywhere but in hosts' files and our records, or if others can read it."""
        found = self.holders(secret)
        for path in found - {self.world.file(host) for host in HOSTS}:
            assert path.parent in [self.world.data / name for name in OURS], path
            if os.name == "posix":
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
                assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        return found


def forms(secret: str) -> set[bytes]:
    """Return a secret as it stands in text, JSON, addresses, hexadecimal and base64."""
    data = secret.encode()
    packed = [base64.b64encode(bytes(skip) + data)[skip + skip // 2 + 1 : -4] for skip in range(3)]
    return {
        data, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode(),
        data.hex().encode(), *packed,
    }  # fmt: skip


@pytest.fixture
def vault(world: World) -> Vault:
    world.offer("vault", arguments=(ARGUMENT,), environment=[TOKEN])
    for host in ALL:
        world.file(host).chmod(0o600)
    return Vault(world, f"{secrets.token_hex(9)}/é+", f"{secrets.token_hex(9)}%&")


def test_the_search_finds_every_form(vault: Vault) -> None:
    place = vault.world.home / "x"
    for form in (
        vault.first, quote(vault.first, safe=""), json.dumps({"a": vault.first}),
        base64.b64encode(b"ab" + vault.first.encode()).decode(), vault.first.encode().hex(),
    ):  # fmt: skip
        place.write_text(form)
        assert vault.holders(vault.first) == {place}


def test_the_host_gets_the_secret(vault: Vault) -> None:
    vault.install()

    assert vault.require_contained(vault.first) >= {vault.world.file(host) for host in ALL}


def test_a_whole_life_leaves_it_nowhere_else(vault: Vault) -> None:
    world = vault.world
    before = world.host_files()
    vault.install()
    vault.require_contained(vault.first)
    world.configure("vault", ("TOKEN", vault.second), plaintext_secrets=True)
    for host in ALL:
        assert vault.first.encode() not in world.file(host).read_bytes()
    acts: list[Callable[[], object]] = [
        lambda: world.reinstall("vault"), lambda: world.uninstall("vault"), world.undo,
        lambda: world.uninstall("vault"),
    ]  # fmt: skip
    for act in acts:
        act()
        for secret in (vault.first, vault.second):
            vault.require_contained(secret)
    assert world.host_files() == before

    left = vault.holders(vault.first) | vault.holders(vault.second)
    assert {path.parent.name for path in left} <= {"history"}
    world.require_clean()


def test_a_reference_leaves_no_value_anywhere(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = vault.world
    monkeypatch.setenv("TOKEN", vault.first)
    monkeypatch.setenv("MINE", vault.second)

    world.install("vault", hosts=ALL)
    world.configure("vault", ("TOKEN", "env:MINE"))
    world.reinstall("vault")
    world.uninstall("vault")
    world.undo()

    assert vault.holders(vault.first) | vault.holders(vault.second) == set()
    assert b"${env:MINE}" in world.file("cursor").read_bytes()


def test_a_failed_change_leaves_nothing(vault: Vault) -> None:
    world = vault.world
    world.offer("vault", "2.0", environment=[TOKEN], body="sys.exit(3)")

    with pytest.raises(McpInstallError) as refused:
        vault.install()
    assert vault.first not in f"{refused.value!r}{refused.value.hint}{refused.value.evidence}"
    with pytest.raises(McpInstallError):
        world.install(
            "vault", hosts=["cursor"], settings=(("TOKEN", vault.first), ("no", vault.first)),
            plaintext_secrets=True,
        )  # fmt: skip

    assert vault.holders(vault.first) == set()
    world.require_clean()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_the_journal_of_a_running_change_is_private(vault: Vault) -> None:
    world = vault.world
    copy = world.root / "journal"
    watching = f"""
import shutil
place = {str(world.data / "history" / "journal.json")!r}
if os.path.exists(place):
    shutil.copy2(place, {str(copy)!r})
{servers.MODERN}"""
    world.offer("vault", "2.0", environment=[TOKEN], body=watching)

    vault.install()

    assert any(form in copy.read_bytes() for form in forms(vault.first))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
@pytest.mark.parametrize("at", ["mcp.json.", ".claude.json.", "receipts", "current."])
def test_a_crash_leaves_it_nowhere_else(vault: Vault, at: str) -> None:
    assert audit_killer.dies(vault.install, at, vault.world.home)
    for path in vault.holders(vault.first):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path

    settle(vault.world.context)

    vault.require_contained(vault.first)
    assert vault.world.strays() == []
    vault.world.require_consistent()


def test_no_file_is_left_beside_a_hosts_file(vault: Vault) -> None:
    before = {path for host in ALL for path in vault.world.file(host).parent.iterdir()}
    vault.install()
    vault.world.configure("vault", ("TOKEN", vault.second), plaintext_secrets=True)

    after = {path for host in ALL for path in vault.world.file(host).parent.iterdir()}
    assert after - before <= {vault.world.home / ".local", vault.world.home / ".cache"}


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_an_open_file_is_told_before_the_question(vault: Vault) -> None:
    vault.world.file("cursor").chmod(0o644)

    vault.install()  # keeps the mode, for that is its user's
    shown = vault.world.command(COLUMNS="500").run(
        "configure", "vault", "--set", f"TOKEN={vault.second}", "--plaintext-secrets", "-n"
    )

    text = " ".join((shown.stderr + shown.stdout).split())
    assert "other users can read" in text
    assert ".cursor/mcp.json` (0644), and so `TOKEN` in clear text" in text
    assert ".claude.json` (" not in text


# The screen, with everything that can be said -----------------------------------------------------


def commands(vault: Vault) -> Iterator[tuple[str, ...]]:
    given, other = f"TOKEN={vault.first}", f"TOKEN={vault.second}"
    clear = "--plaintext-secrets"
    yield ("install", "vault", "-H", "cursor", "--set", given, "-y")
    yield ("install", "vault", "-H", "cursor", "--set", given, clear, "-n")
    yield ("install", "vault", "-H", "codex", "--set", given, clear, "--print", "-y")
    yield ("install", "vault", "-H", "cursor", "--set", given, "--set", f"x={vault.first}", "-y")
    yield ("install", "vault", "-H", "cursor", "--set", given, clear, "-y")
    yield ("configure", "vault", "--set", other, clear, "-n")
    yield ("configure", "vault", "--set", "zone=Oslo", "-y")
    yield ("configure", "vault", "--set", other, clear, "-y")
    yield from (
        ("list",), ("show", "vault"), ("verify",), ("history",), ("undo", "-n"), ("hosts",),
        ("uninstall", "vault", "-n"), ("test", "vault"), ("reinstall", "vault", "-y"),
        ("uninstall", "vault", "-y"), ("undo", "-y"),
    )  # fmt: skip


def test_no_command_shows_it(
    vault: Vault, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = set()

    for number, words in enumerate(commands(vault)):
        more = ("--json",) if number % 2 else ("-v",)
        told.add(cli.run([*words, *more]))
        shown = capsys.readouterr()
        for secret in (vault.first, vault.second):
            said = (shown.out + shown.err + caplog.text).encode()
            assert not [form for form in forms(secret) if form in said], words

    assert told == {0, 2}
    assert slug(vault.world.receipts()["vault"]).startswith("vault-")
