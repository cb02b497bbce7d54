"""Attack T32: the surroundings name another keyring, bus or launcher, to get the secrets.

Who: a project's files, whoever sets a variable or writes an rc file, a program on PATH.
Stopped by: backends are made by their class, never chosen by the environment, an rc file or a
plug-in of the `keyring` library; only a Unix socket of this user is taken for the session's bus;
an entry starts `run.py` by its whole path, under `-I -S`, from an environment that `mcpi verify`
compares; a receipt names no account, path or program of its own choice.
Not stopped: a program that already runs as the same user, and asks the keyring itself.
Twin: `test_the_server_still_gets_its_own_secret`.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import logging
import os
import secrets
import socket
import sys
import threading
from pathlib import Path

import pytest

from mcpinstall import cli, keyrings
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.operations import verify
from mcpinstall.receipts import codec
from mcpinstall.system import launcher
from mcpinstall.system.session_bus import Bus, LaunchError, bus_address
from tests.builders.session import Session, a_bus
from tests.builders.vaults import as_its_host, command_in, everything, kept
from tests.builders.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def installed(vault: World) -> str:
    """Install the server, and return its secret."""
    secret = secrets.token_hex(12)
    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret(secret)),))
    return secret


def hostile_keyring(folder: Path, canary: Path) -> dict[str, str]:
    """Write what leads the `keyring` library to a backend of the attacker's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stealing.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        f"open({str(canary)!r}, 'w').close()\n"
        "class Keyring(KeyringBackend):\n"
        "    priority = 99\n"
        "    def set_password(self, *values): pass\n"
        "    def get_password(self, *values): return 'stolen'\n"
        "    def delete_password(self, *values): pass\n"
    )
    configuration = folder / "config" / "python_keyring"
    configuration.mkdir(parents=True)
    (configuration / "keyringrc.cfg").write_text(
        f"[backend]\ndefault-keyring=stealing.Keyring\nkeyring-path={folder}\n"
    )
    return {
        "PYTHON_KEYRING_BACKEND": "stealing.Keyring", "XDG_CONFIG_HOME": str(folder / "config"),
        "KEYRING_PROPERTY_APPID": "evil", "KEYRING_PROPERTY_PREFERRED_COLLECTION": "/evil",
        "KEYRING_PROPERTY_SCHEME": "KeePassXC", "KEYCHAIN_PATH": str(folder / "k"),
        "PYTHONPATH": str(folder),
    }  # fmt: skip


def test_the_server_still_gets_its_own_secret(vault: World, installed: str) -> None:
    assert as_its_host(vault, "codex")["TOKEN"] == installed


def test_no_variable_or_rc_file_chooses_a_keyring(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = vault.root / "canary"
    variables = hostile_keyring(vault.root / "evil", canary)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(vault.root / "evil"))
    vault.file("codex").parent.mkdir(exist_ok=True)
    secret = secrets.token_hex(12)

    vault.install("vault", hosts=["codex"], secrets=(("TOKEN", Secret(secret)),))

    assert kept(vault) == [secret]
    assert as_its_host(vault, "codex", **variables)["TOKEN"] == secret
    assert not canary.exists()
    assert "stealing" not in sys.modules


ADDRESSES = (
    "unix:path=bus", "unix:path=./.vscode/bus", "unix:path=../bus", "tcp:host=127.0.0.1,port=1",
    "unixexec:path=/bin/sh,argv1=-c,argv2=id", "autolaunch:", "nonce-tcp:host=127.0.0.1",
    "unix:path=/etc/passwd", "unix:path=/nonexistent", "unix:abstract=", "unix:", "x",
    "unix:path=%zz", "unix:tmpdir=/tmp",
)  # fmt: skip


def test_a_bus_that_a_project_names_is_not_asked(
    vault: World, installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a variable comes from a host that obeys a project's `env`, or from direnv."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("bus")
        listening.listen()
        for address in ADDRESSES:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            assert not keyrings.is_available("linux")
            with pytest.raises(AssertionError, match="keyring-unavailable"):
                as_its_host(vault, "codex")

        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
def test_a_socket_of_another_user_is_not_asked(
    vault: World, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = vault.root / "foreign"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        os.chown(place, 65534, 65534)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={place}")

        with pytest.raises(LaunchError, match="not this user's"):
            bus_address()


ANSWERS = (
    b"", b"REJECTED EXTERNAL\r\n", b"OK 0\r\n", b"OK 0\r\nl" + b"\xff" * 64,
    b"OK 0\r\nB" + bytes(15), b"OK 0\r\nl\2\0\1" + bytes(12),
    b"OK 0\r\nl\2\0\1" + bytes(8) + b"\x08\0\0\0" + b"\1\1g\0\xff\xff\xff\xff",
)  # fmt: skip


def test_a_bus_that_answers_nonsense_is_an_error(tmp_path: Path) -> None:
    for number, answer in enumerate(ANSWERS):
        place = str(tmp_path / f"bus{number}")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(place)
            listening.listen()
            thread = threading.Thread(target=_answer, args=(listening, answer))
            thread.start()
            with pytest.raises(LaunchError) as refused:
                Bus(place)
            thread.join()
        assert refused.value.code == "keyring-unavailable", answer


def _answer(listening: socket.socket, answer: bytes) -> None:
    taken, _ = listening.accept()
    with taken, contextlib.suppress(ConnectionError):
        taken.sendall(answer)
        taken.shutdown(socket.SHUT_WR)
        while taken.recv(4096):
            pass


def test_no_launcher_on_the_way_is_started(
    vault: World, installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted, canary = vault.root / "planted", vault.root / "canary"
    planted.mkdir()
    for name in ("mcpi", "mcpinstall", "python", "python3", "env", "sh"):
        (planted / name).write_text(f"#!/bin/sh\n: > {canary}\n")
        (planted / name).chmod(0o755)
    for name in ("run", "os", "json", "_json", "struct", "hashlib", "mcpinstall", "sitecustomize"):
        (vault.root / f"{name}.py").write_text(f"open({str(canary)!r}, 'w').close()\n")

    command = command_in(vault, "codex")
    seen = as_its_host(vault, "codex", PATH=str(planted), PYTHONPATH=str(vault.root))

    assert all(Path(word).is_absolute() for word in (command[0], command[6]))
    assert {"-I", "-S"} <= set(command)
    assert seen["TOKEN"] == installed
    assert not canary.exists()


def test_a_launcher_in_the_place_of_ours_is_found(vault: World, installed: str) -> None:
    run = Path(command_in(vault, "codex")[6])
    assert [one.findings for one in verify.verify((), vault.context)] == [()]

    run.chmod(0o644)
    run.write_text("print('planted')\n")

    (entry,) = verify.verify((), vault.context)
    assert any("run.py" in finding.message for finding in entry.findings)


def test_another_command_for_the_launcher_is_found(vault: World, installed: str) -> None:
    file = vault.file("codex")
    run = command_in(vault, "codex")[6]
    file.write_bytes(file.read_bytes().replace(run.encode(), str(vault.root / "run.py").encode()))

    (entry,) = verify.verify((), vault.context)

    assert any("another command" in finding.message for finding in entry.findings)


HOSTILE = (
    {"keyring": "../../../x"}, {"keyring": "0123456789abcdeg"}, {"name": "LD_PRELOAD"},
    {"name": "PYTHONHOME"}, {"name": "A=B"}, {"name": "DBUS_SESSION_BUS_ADDRESS"}, {"name": ""},
    {"name": 7}, {"name": "x/../../y"}, {"name": "é"}, {"variables": [["LD_PRELOAD", "", ""]]},
    {"variables": [["TOKEN", "", 7]]}, {"variables": "x"}, {"variables": [["A", "\ud800", ""]]},
)  # fmt: skip


def test_a_receipt_that_names_something_else_starts_nothing(vault: World, installed: str) -> None:
    (receipt,) = vault.data.glob("receipts/*.json")
    whole = receipt.read_bytes()
    for changed in HOSTILE:
        document = json.loads(whole)
        document["record"]["inputs"][0] |= changed
        receipt.write_text(json.dumps(document))
        with pytest.raises(AssertionError, match="state-invalid"):
            as_its_host(vault, "codex")
        assert not (vault.root / "seen").exists()


NONE = (b"", b"[]", b"{", b"null", b"[" * 100_000, b'{"schema": 2}', b"\xff", b'{"a": 1} {}', b"7")


def test_a_receipt_that_is_none_starts_nothing(vault: World, installed: str) -> None:
    (receipt,) = vault.data.glob("receipts/*.json")
    for data in NONE:
        receipt.write_bytes(data)
        with pytest.raises(AssertionError, match="state-invalid"):
            as_its_host(vault, "codex")


def test_a_receipt_of_another_server_gets_no_secret(vault: World, installed: str) -> None:
    """One server's entry can't be pointed at the other's secret by a copied receipt."""
    vault.install("clock", hosts=["codex"])
    (vault.data / "receipts" / "clock.json").write_bytes(
        (vault.data / "receipts" / "vault.json").read_bytes().replace(b'"vault"', b'"clock"')
    )
    (home,) = vault.data.glob("servers/clock-*")

    with pytest.raises(LaunchError) as refused:
        launcher.wanted(str(vault.data), home.name, "clock")

    assert refused.value.code == "state-invalid"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_receipt_that_others_can_write_starts_nothing(vault: World, installed: str) -> None:
    (receipt,) = vault.data.glob("receipts/*.json")
    receipt.chmod(0o666)

    with pytest.raises(AssertionError, match="state-unsafe"):
        as_its_host(vault, "codex")


@pytest.mark.parametrize("entry", ["../vault", "/etc/passwd", "", "va\nult", "vault\0", "-x"])
def test_an_entry_is_no_path(tmp_path: Path, entry: str) -> None:
    with pytest.raises(LaunchError) as refused:
        launcher.wanted(str(tmp_path), "vault-0123456789ab", entry)

    assert refused.value.code == "state-invalid"


def test_a_keyring_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with a_bus(tmp_path / "bare") as bare, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", bare.variables["DBUS_SESSION_BUS_ADDRESS"])
        with pytest.raises(McpInstallError) as refused:
            keyrings.open_keyring("linux")

    assert refused.value.code is ErrorCode.KEYRING_UNAVAILABLE
    assert "--secret-from-env" in refused.value.hint


def test_a_locked_keyring_starts_nothing(vault: World, installed: str, session: Session) -> None:
    import secretstorage
    from jeepney.io.blocking import open_dbus_connection

    with open_dbus_connection(session.variables["DBUS_SESSION_BUS_ADDRESS"]) as connection:
        secretstorage.get_default_collection(connection).lock()

    with pytest.raises(AssertionError, match="keyring-locked"):
        as_its_host(vault, "codex")
    with pytest.raises(McpInstallError) as refused:
        vault.configure("vault", ("TOKEN", "keyring:"), secrets=(("TOKEN", Secret("x")),))
    assert refused.value.code is ErrorCode.KEYRING_LOCKED
    assert len(everything(session)) == 1


def holders(folder: Path, secret: str) -> list[Path]:
    """Every file below a folder that holds the secret, as text, hexadecimal or base64."""
    data = secret.encode()
    packed = [base64.b64encode(bytes(skip) + data)[skip + skip // 2 + 1 : -4] for skip in range(3)]
    forms = (data, data.hex().encode(), *packed)
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if any(form in path.read_bytes() for form in forms)]


def test_no_file_screen_or_log_holds_it(
    vault: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    first, second = secrets.token_hex(12), secrets.token_hex(12)
    given = (("TOKEN", Secret(first)),)
    prepared = vault.prepare("vault", hosts=["codex", "claude-desktop", "vscode"], secrets=given)
    shown = [repr(prepared), str(prepared.kept), repr(prepared.request), *prepared.plan.digest]

    vault.carry_out(prepared)
    vault.configure("vault", ("TOKEN", "keyring:"), secrets=(("TOKEN", Secret(second)),))
    vault.reinstall("vault")
    for words in (("list",), ("show", "vault"), ("secret", "list"), ("verify",), ("history",)):
        for more in ("--json", "-v") if words != ("secret", "list") else ("--json",):
            assert cli.run([*words, more]) == 0
            said = capsys.readouterr()
            shown += [said.out, said.err]
    vault.uninstall("vault")
    shown.append(caplog.text)

    assert "Secret(…)" in shown[0] or "secrets" in shown[2]
    for secret in (first, second):
        assert not [text for text in shown if secret in text]
        assert holders(vault.home, secret) == []


def test_the_search_finds_it(tmp_path: Path) -> None:
    secret = secrets.token_hex(12)
    for number, text in enumerate(
        (f"a{secret}b", secret.encode().hex(), base64.b64encode(f"ab{secret}".encode()).decode())
    ):
        (tmp_path / str(number)).write_text(text)

    assert len(holders(tmp_path, secret)) == 3


def test_a_secret_is_not_written_by_accident() -> None:
    secret = Secret("hunter2")

    assert "hunter2" not in repr(secret) + str(secret) + f"{secret}" + repr({"a": [secret]})
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        codec.dump(KeptSecret(account="a", label="b", secret=secret))
