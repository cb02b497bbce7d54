"""A secret in a real keyring: stored after the yes, given to the server, gone with the entry."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import SecretPlace
from mcpinstall.model.plan import Request
from mcpinstall.model.secret import Secret
from mcpinstall.operations import configure, secret_store, verify
from mcpinstall.operations.settling import settle
from mcpinstall.receipts.store import ReceiptStore
from tests.builders import host_formats
from tests.builders import world as worlds
from tests.builders.audit_killer import AuditKiller
from tests.builders.session import Session
from tests.builders.vaults import FILES, IN_KEYRING, TOKEN, as_its_host, everything, kept
from tests.builders.world import World

pytestmark = pytest.mark.e2e


def test_the_server_gets_it_from_every_host(vault: World, session: Session) -> None:
    before = vault.host_files()
    secret = secrets.token_hex(12) + " é$\"'"

    vault.install(
        "vault", hosts=list(FILES), settings=(("zone", "Oslo"), *IN_KEYRING),
        secrets=(("TOKEN", Secret(secret)),),
    )  # fmt: skip

    assert kept(vault) == [secret]
    for product in FILES:
        seen = as_its_host(vault, product)
        assert seen["TOKEN"] == secret
        assert seen["cwd"] == str(vault.root)
        assert seen["argv"][1:] == ["--zone", "Oslo"]
    assert [one.findings for one in verify.verify(("vault",), vault.context)] == [()]

    vault.uninstall("vault")

    assert vault.host_files() == before
    assert everything(session) == []
    vault.require_clean()


def test_each_host_keeps_it_in_its_own_way(vault: World, session: Session) -> None:
    before = vault.host_files()
    secret = secrets.token_hex(12)

    vault.install("vault", hosts=list(FILES), secrets=(("TOKEN", Secret(secret)),))

    text = vault.file("vscode").read_text()
    document = host_formats.parse("jsonc", text)
    assert document["servers"]["vault"]["env"] == {"TOKEN": "${input:mcpi.vault.TOKEN}"}
    assert document["inputs"][-1] == {
        "type": "promptString", "id": "mcpi.vault.TOKEN", "description": "TOKEN of vault",
        "password": True,
    }  # fmt: skip
    assert document["inputs"][0] == {"id": "mine", "type": "promptString"}
    assert "// mine" in text
    assert as_its_host(vault, "vscode", TOKEN="typed")["TOKEN"] == "typed"
    for product in ("claude-desktop", "codex"):
        assert as_its_host(vault, product)["TOKEN"] == secret
        assert secret.encode() not in vault.file(product).read_bytes()
    whole = vault.file("vscode").read_bytes()
    vault.file("vscode").write_bytes(whole.replace(b'"mcpi.vault.TOKEN"', b'"renamed"'))
    (entry,) = verify.verify((), vault.context)
    assert [one.message for one in entry.findings] == [
        "does not ask for a secret of `vault` any more"
    ]
    vault.file("vscode").write_bytes(whole)

    vault.uninstall("vault")

    assert vault.host_files() == before
    assert everything(session) == []


def test_without_a_terminal_nothing_is_asked(vault: World, session: Session) -> None:
    before = vault.host_files()

    with pytest.raises(McpInstallError) as refused:
        vault.install("vault", hosts=["claude-desktop"])

    assert worlds.refusal(refused) == ("input-missing", 2)
    assert "--secret-from-env TOKEN=VARIABLE" in refused.value.hint
    vault.require_untouched(before)
    vault.install("vault", hosts=["vscode"])  # which asks by itself
    assert b"${input:mcpi.vault.TOKEN}" in vault.file("vscode").read_bytes()


def test_another_host_uses_the_same_secret(vault: World, session: Session) -> None:
    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))

    vault.install("vault", hosts=["claude-desktop"])

    assert as_its_host(vault, "claude-desktop")["TOKEN"] == "first"
    assert len(everything(session)) == 1


def test_another_secret_takes_its_place(vault: World, session: Session) -> None:
    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))
    old = everything(session)

    vault.configure("vault", *IN_KEYRING, secrets=(("TOKEN", Secret("second")),))

    assert as_its_host(vault, "codex")["TOKEN"] == "second"
    assert len(everything(session)) == 1
    assert everything(session) != old


def test_clear_text_moves_into_the_keyring(vault: World, session: Session) -> None:
    secret = secrets.token_hex(12)
    vault.install(
        "vault", hosts=["claude-desktop", "codex"], settings=(("TOKEN", secret),),
        plaintext_secrets=True,
    )  # fmt: skip
    assert secret.encode() in vault.file("codex").read_bytes()
    wanted = Request(names=(), settings=IN_KEYRING)

    prepared = configure.prepare("vault", wanted, vault.context)
    diffs = [line for change in prepared.plan.changes for line in hosts.diff(change)]
    vault.carry_out(prepared)

    assert [line for line in diffs if line.startswith("-") and "TOKEN" in line]
    assert secret not in "".join(diffs)
    for product in ("claude-desktop", "codex"):
        assert secret.encode() not in vault.file(product).read_bytes()
        assert as_its_host(vault, product)["TOKEN"] == secret


def test_a_failed_change_leaves_nothing_in_the_keyring(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = vault.host_files()

    def full(self: ReceiptStore, receipt: object) -> None:
        assert len(everything(session)) == 1
        raise McpInstallError(ErrorCode.DISK_FAILED, "no space left")

    monkeypatch.setattr(ReceiptStore, "write_receipt", full)
    with pytest.raises(McpInstallError, match="no space left"):
        vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))
    monkeypatch.undo()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.variables["DBUS_SESSION_BUS_ADDRESS"])

    assert everything(session) == []
    assert (vault.home / FILES["codex"]).read_bytes() == before["codex"]


def test_what_a_dead_process_stored_is_taken_back(vault: World, session: Session) -> None:
    process = os.fork()
    if process == 0:
        with contextlib.suppress(BaseException):
            AuditKiller(".codex", vault.home)
            vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))
        os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert len(everything(session)) == 1

    assert settle(vault.context)

    assert everything(session) == []
    assert vault.receipts() == {}


def test_undo_says_what_it_can_not_bring_back(vault: World, session: Session) -> None:
    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))
    vault.uninstall("vault")

    done = vault.undo()

    assert [note for note in done.notes if "mcpi secret set vault TOKEN" in note]
    with pytest.raises(AssertionError, match="secret-missing"):
        as_its_host(vault, "codex")
    secret_store.store("vault", "TOKEN", Secret("again"), vault.context)
    assert as_its_host(vault, "codex")["TOKEN"] == "again"


def test_two_state_folders_do_not_mix(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret("first")),))
    one = vault.home / ".local/share/mcpinstall"
    two = vault.home / "other/data"
    shutil.copytree(one, two, symlinks=True)

    (copied,) = two.glob("servers/*/current/run.py")
    python = copied.with_name("bin") / "python"
    done = subprocess.run(
        [python, "-I", "-S", "-B", copied, "vault", "--"], capture_output=True, text=True,
        check=False, stdin=subprocess.DEVNULL, timeout=60, env=session.environment,
    )  # fmt: skip

    assert done.returncode == 5
    assert "secret-missing" in done.stderr


def test_the_secrets_are_listed_and_removed(vault: World, session: Session) -> None:
    vault.install("vault", hosts=list(FILES), secrets=(("TOKEN", Secret("first")),))

    states = secret_store.states((), vault.context)
    found = {state.row_id: (state.place, state.stored) for state in states}
    assert found == {
        "claude-desktop": (SecretPlace.KEYRING, True), "codex-user": (SecretPlace.KEYRING, True),
        "vscode-user": (SecretPlace.HOST, None),
    }  # fmt: skip
    assert secret_store.remove("vault", "TOKEN", vault.context)
    assert not secret_store.remove("vault", "TOKEN", vault.context)
    assert everything(session) == []


def test_without_a_keyring_it_is_a_reference(
    world: World, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.offer("vault", environment=(TOKEN,))

    prepared = world.prepare("vault", hosts=["cursor"])
    told = [warning for change in prepared.plan.changes for warning in change.warnings]
    world.carry_out(prepared)

    assert [text for text in told if text.startswith("there is no keyring here")]
    assert b"${env:TOKEN}" in world.file("cursor").read_bytes()
    with pytest.raises(McpInstallError) as refused:
        world.install("vault", hosts=["codex"], settings=IN_KEYRING, entry_name="other",
                      secrets=(("TOKEN", Secret("x")),))  # fmt: skip
    assert worlds.refusal(refused) == ("keyring-unavailable", 5)
