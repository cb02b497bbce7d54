"""A session bus, or a keyring on it, that answers slowly, never, or something else."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import keyrings
from mcpinstall.errors import McpInstallError
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.system import secret_reader, session_bus
from mcpinstall.system.session_bus import Bus, LaunchError, bus_address
from tests.builders.session import Session, a_bus
from tests.builders.watchdog import ends

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX"),
]


def message(signature: bytes, body: bytes, kind: int = 2) -> bytes:
    """An answer to the first call."""
    fields = b"\5\1u\0" + struct.pack("<I", 1)
    if signature:
        fields += b"\x08\1g\0" + bytes([len(signature)]) + signature + b"\0"
    header = struct.pack("<BBBBIII", 108, kind, 0, 1, len(body), 1, len(fields))
    return header + fields + bytes(-len(fields) % 8) + body


HUGE = struct.pack("<I", 0xFFFFFFF0)
ODD = (
    message(b"as", HUGE), message(b"a()", struct.pack("<II", 1000, 0) + bytes(1000)),
    message(b"ay", HUGE), message(b"s", HUGE), message(b"s", b"\1\0\0\0a"), message(b"i", bytes(4)),
    message(b"(", bytes(8)), message(b")", bytes(8)), message(b"a", bytes(8)),
    message(b"a" * 255, bytes(900)), message(b"(" * 100 + b"y" + b")" * 100, b""),
    message(b"v", b"\1x\0" + bytes(16)), message(b"v", b"\0\0"), message(b"s", b"\1\0\0\0\xff\0"),
    message(b"v", b"\1v\0" * 300_000), message(b"a{sv}", struct.pack("<II", 8, 0) + HUGE * 2),
    struct.pack("<BBBBIII4sI4sI", 108, 2, 0, 1, 0, 1, 16, b"\5\1u\0", 1, b"\x08\1u\0", 7),
    struct.pack("<BBBBIII", 108, 2, 0, 1, 0xFFFFFFFF, 1, 0xFFFFFFFF),
)  # fmt: skip


@contextlib.contextmanager
def answering(place: Path, data: bytes, *, slowly: bool = False) -> Iterator[None]:
    """Listen as a bus that lets everybody in and then says `data`; slowly, over and over."""
    done = threading.Event()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()

        def answer() -> None:
            taken, _ = listening.accept()
            with taken, contextlib.suppress(OSError):
                taken.sendall(b"OK 0\r\n" + data)
                for _ in range(1500 if slowly else 0):
                    if not done.wait(0.02):
                        taken.sendall(message(b"", b"", kind=4))
                done.wait(30)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize("number", range(len(ODD)))
def test_a_message_of_odd_size_or_type_is_an_error(tmp_path: Path, number: int) -> None:
    with answering(tmp_path / "bus", ODD[number]), ends(10), pytest.raises(LaunchError) as odd:
        Bus(str(tmp_path / "bus")).call("org.freedesktop.DBus", "/", "x")

    assert odd.value.code == "keyring-unavailable"


@pytest.mark.parametrize("slowly", [False, True])
def test_a_bus_that_never_answers_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, slowly: bool
) -> None:
    """Also not while it says something else all the time."""
    monkeypatch.setattr(session_bus, "_SECONDS", 0.3)

    with (
        answering(tmp_path / "bus", b"", slowly=slowly), ends(10),
        pytest.raises(LaunchError, match="does not answer"),
    ):  # fmt: skip
        Bus(str(tmp_path / "bus"))


def test_what_others_say_meanwhile_is_passed_over(tmp_path: Path) -> None:
    """A message for somebody else may have any form."""
    meant = message(b"s", b"\1\0\0\0a\0")
    others = message(b"i", bytes(4), kind=1) + message(b"a()", HUGE * 2, kind=4)

    with answering(tmp_path / "bus", others + meant):
        Bus(str(tmp_path / "bus")).close()


@pytest.mark.parametrize("address", ["unix:path=/a%00b", "unix:abstract=a%00b"])
def test_an_address_is_not_cut_at_a_zero(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)

    with pytest.raises(LaunchError, match="not an address"):
        bus_address()


def test_an_address_in_any_language_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "büs %1"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/b%c3%bcs%20%251")

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        assert bus_address() == str(place)


# A keyring that is none ------------------------------------------------------------------------


@contextlib.contextmanager
def a_service(session: Session, signature: str, body: tuple[Any, ...]) -> Iterator[None]:
    """Answer every call to the Secret Service with one and the same body."""
    from jeepney import DBusAddress, MessageType, new_method_call, new_method_return
    from jeepney.io.blocking import open_dbus_connection

    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    done = threading.Event()
    connection = open_dbus_connection(session.variables["DBUS_SESSION_BUS_ADDRESS"])
    taken = new_method_call(bus, "RequestName", "su", (session_bus.SECRETS, 0))
    connection.send_and_get_reply(taken)

    def answer() -> None:
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                asked = connection.receive(timeout=0.1)
                if asked.header.message_type is MessageType.method_call:
                    connection.send(new_method_return(asked, signature, body))

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        connection.close()


BODIES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("", ()), ("u", (7,)), ("s", ("x",)), ("as", (["x"],)), ("v", (("s", "x"),)), ("ss", ("", "")),
    ("vo", (("s", ""), "/x")), ("aoao", ([], [])), ("aoao", (["/x"], [])), ("oo", ("/", "/")),
    ("(oayays)", (("/", b"", b"", ""),)), ("vu", (("u", 1), 1)), ("uu", (1, 1)),
    ("v", (("u", 7),)), ("b", (False,)), ("v", (("b", False),)), ("vo", (("ay", b"\0" * 128), "/")),
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_a_keyring_that_answers_something_else_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    kept = KeptSecret(account="a/b/c/d/e", label="x", secret=Secret("hunter2"))
    monkeypatch.setattr(secret_reader, "_PROMPT_SECONDS", 0.2)  # nobody is asked anything
    with a_bus(tmp_path / "session") as session:
        monkeypatch.setenv(
            "DBUS_SESSION_BUS_ADDRESS", session.variables["DBUS_SESSION_BUS_ADDRESS"]
        )
        with a_service(session, *BODIES[number]), ends(10):
            with contextlib.suppress(LaunchError):
                assert secret_reader.read(["a/b/c/d/e"]) == ["x"]
            keyring = keyrings.open_keyring("linux")
            for act in (
                lambda: keyring.write(kept), lambda: keyring.read(kept.account),
                lambda: keyring.holds(kept.account), lambda: keyring.delete(kept.account),
            ):  # fmt: skip
                with contextlib.suppress(McpInstallError):
                    act()
