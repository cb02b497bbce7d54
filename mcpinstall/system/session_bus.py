"""The session bus, with as much of D-Bus as reading secrets takes.

A copy of this file is the first part of `run.py` in every environment (see `launcher`), which has
40 ms: the standard library's quick modules only, none of ours.
"""

from __future__ import annotations

import os
import stat
import struct

TYPE_CHECKING = False  # `typing` takes too long to load
if TYPE_CHECKING:
    from typing import Any

# Behind this line stands what `run.py` takes over.

SECRETS = "org.freedesktop.secrets"
UNAVAILABLE, LOCKED, MISSING = "keyring-unavailable", "keyring-locked", "secret-missing"
"""Codes of `docs/errors.md`."""

_MESSAGE_BYTES = 1 << 20
_SECONDS = 25.0  # for an answer
_ABSENT = (
    "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
    "org.freedesktop.DBus.Error.Spawn", "org.freedesktop.DBus.Error.NotSupported",
    "org.freedesktop.DBus.Error.TimedOut", "org.freedesktop.DBus.Error.NoReply",
)  # fmt: skip


class LaunchError(Exception):
    """Why a server can't be started; never holds a secret."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def bus_address() -> str:
    """Return the socket of this user's bus; an abstract one begins with a NUL character.

    The variable may come from anywhere: only a Unix socket of our own counts, by its whole path;
    who listens there is looked at, too (`Bus`).  Addresses that start a program are passed over.

    Raises:
        LaunchError: `keyring-unavailable`.
    """
    given = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    for place in _places(given) if given else [os.path.join(runtime, "bus")]:
        if "\0" in place[1:]:
            raise LaunchError(UNAVAILABLE, "`DBUS_SESSION_BUS_ADDRESS` is not an address")
        if place.startswith("\0"):
            return place
        _require_own_socket(place)
        return place
    raise LaunchError(UNAVAILABLE, "`DBUS_SESSION_BUS_ADDRESS` names no Unix socket")


def _places(addresses: str) -> list[str]:
    places = []
    for address in addresses.split(";"):
        transport, _, rest = address.partition(":")
        fields = dict(pair.partition("=")[::2] for pair in rest.split(","))
        if transport == "unix" and "path" in fields:
            places.append(_unescaped(fields["path"]))
        elif transport == "unix" and "abstract" in fields:
            places.append("\0" + _unescaped(fields["abstract"]))
    return places


def _unescaped(text: str) -> str:
    """Return a value of an address: `%` and two digits stand for one byte, not for a character."""
    first, *rest = os.fsencode(text).split(b"%")
    try:
        parts = [bytes((int(part[:2], 16),)) + part[2:] for part in rest]
    except ValueError:
        raise LaunchError(UNAVAILABLE, "`DBUS_SESSION_BUS_ADDRESS` is not an address") from None
    return os.fsdecode(first + b"".join(parts))


def _require_own_socket(place: str) -> None:
    hint = "log in at a desktop, or use a reference to a variable: `--secret-from-env`"
    try:
        found = os.stat(place)
    except OSError:
        raise LaunchError(UNAVAILABLE, "there is no session bus, so no keyring", hint) from None
    own = stat.S_ISSOCK(found.st_mode) and found.st_uid in (0, os.geteuid())
    if not own or not os.path.isabs(place):
        raise LaunchError(UNAVAILABLE, f"`{place}` is not this user's session bus", hint)


class Bus:
    """A connection to the session bus, with as much of the protocol as reading secrets takes."""

    def __init__(self, place: str) -> None:
        import _socket  # (`socket` takes 12 ms to load)

        self._serial = 0
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self._socket.settimeout(_SECONDS)
        try:
            self._socket.connect(place)
            self._until = _clock() + _SECONDS
            self._require_own_peer(_socket)
            user = str(os.geteuid()).encode().hex()
            self._socket.sendall(b"\0AUTH EXTERNAL %s\r\n" % user.encode())
            if not self._line().startswith(b"OK "):
                raise LaunchError(UNAVAILABLE, "the session bus does not know this user")
            self._socket.sendall(b"BEGIN\r\n")
            self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "Hello")
        except OSError as error:
            self.close()
            raise LaunchError(UNAVAILABLE, f"the session bus does not answer: {error}") from None
        except LaunchError:
            self.close()
            raise

    def _require_own_peer(self, module: Any) -> None:
        """Refuse a bus of somebody else (an abstract socket has no owner)."""
        if not hasattr(module, "SO_PEERCRED"):
            return
        found = self._socket.getsockopt(module.SOL_SOCKET, module.SO_PEERCRED, 12)
        if struct.unpack("3i", found)[1] not in (0, os.geteuid()):
            raise LaunchError(UNAVAILABLE, "the session bus is another user's")

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n") and len(line) < 4096:
            line += self._exactly(1)
        return line

    def call(self, interface: str, path: str, method: str, *arguments: tuple[str, Any]) -> Any:
        """Call a method and return the values of its answer; arguments are (type, value).

        Raises:
            LaunchError: `keyring-unavailable`.
        """
        service = SECRETS if interface.startswith("org.freedesktop.Secret") else interface
        self._serial += 1
        body = b""
        for kind, value in arguments:
            body = _marshalled(body, kind, value)
        fields = [(1, "o", path), (2, "s", interface), (3, "s", method), (6, "s", service)]
        if arguments:
            fields.append((8, "g", "".join(kind for kind, _ in arguments)))
        header = struct.pack("<BBBBII", 108, 1, 0, 1, len(body), self._serial)
        header = _padded(_marshalled(header, "a(yv)", fields), 8)
        try:
            self._until = _clock() + _SECONDS
            self._socket.settimeout(_SECONDS)
            self._socket.sendall(header + body)
            return self._answer()
        except OSError as error:
            raise LaunchError(UNAVAILABLE, f"the keyring does not answer: {error}") from None

    def _answer(self) -> Any:
        while True:
            kind, found, body = self._message()
            if found.get(5) == self._serial and kind == 2:
                return _values(body, found)
            if found.get(5) == self._serial and kind == 3:
                raise _refused(str(found.get(4, "")))

    def signal(self, path: str, seconds: float) -> Any:
        """Wait for the signal `Completed` of a prompt and return its values."""
        self._until = _clock() + seconds
        try:
            while True:
                kind, found, body = self._message()
                if (kind, found.get(1), found.get(3)) == (4, path, "Completed"):
                    return _values(body, found)
        except OSError:
            raise LaunchError(LOCKED, "the keyring is locked, and nobody unlocked it") from None

    def _message(self) -> tuple[int, dict[int, Any], bytes]:
        """Return type, header fields and body of the next message, whoever sent it."""
        start = self._exactly(16)
        if start[:1] != b"l":  # the bus passes messages on as their sender wrote them
            raise LaunchError(UNAVAILABLE, "the keyring answers in another byte order")
        size, _, fields = struct.unpack("<III", start[4:])
        if size + fields > _MESSAGE_BYTES:
            raise LaunchError(UNAVAILABLE, "the keyring's answer is too long")
        rest = self._exactly(-(-fields // 8) * 8 + size)
        try:
            found, _ = _unmarshalled(start + rest, 12, "a(yv)")
            return start[1], dict(found), rest[len(rest) - size :]
        except _UNREADABLE:
            raise _unreadable() from None

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            left = self._until - _clock()
            if left <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(left)
            more = self._socket.recv(size - len(data))
            if not more:
                raise LaunchError(UNAVAILABLE, "the session bus hung up")
            data += more
        return data

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


_UNREADABLE = (IndexError, KeyError, TypeError, ValueError, struct.error, RecursionError)
"""What bytes of any other form raise."""


def _unreadable() -> LaunchError:
    return LaunchError(UNAVAILABLE, "the keyring's answer can't be read")


def _clock() -> float:
    import time

    return time.monotonic()


def _values(body: bytes, fields: dict[int, Any]) -> list[Any]:
    """Return the values of a message by the signature in its header."""
    try:
        return _unmarshalled_all(body, fields.get(8, ""))[0]
    except _UNREADABLE:
        raise _unreadable() from None


def _refused(name: str) -> LaunchError:
    if name.startswith(_ABSENT):
        return LaunchError(UNAVAILABLE, "no keyring (Secret Service) answers on the session bus")
    if name == "org.freedesktop.Secret.Error.IsLocked":
        return LaunchError(LOCKED, "the keyring is locked")
    return LaunchError(UNAVAILABLE, f"the keyring refuses: {name[:200]}")


_ALIGNED = {"y": 1, "g": 1, "v": 1, "b": 4, "u": 4, "s": 4, "o": 4, "a": 4, "(": 8, "{": 8}


def _padded(data: bytes, to: int) -> bytes:
    return data + bytes(-len(data) % to)


def _marshalled(data: bytes, kind: str, value: Any) -> bytes:
    """Return `data` with one value behind it."""
    data = _padded(data, _ALIGNED[kind[0]])
    if kind in "so":
        text: bytes = value.encode()
        return data + struct.pack("<I", len(text)) + text + b"\0"
    if kind in "gy":
        return data + (bytes([value]) if kind == "y" else _signature(value))
    if kind == "v":
        return _marshalled(data + _signature(value[0]), *value)
    inner, items = kind[1:], b""
    for item in value.items() if isinstance(value, dict) else value:
        items = _padded(items, _ALIGNED[inner[0]])
        if inner == "(yv)":
            items = _marshalled(_marshalled(items, "y", item[0]), "v", item[1:])
        elif inner == "{ss}":
            items = _marshalled(_marshalled(items, "s", item[0]), "s", item[1])
        else:
            items = _marshalled(items, inner, item)
    return _padded(data + struct.pack("<I", len(items)), _ALIGNED[inner[0]]) + items


def _signature(text: str) -> bytes:
    return bytes([len(text)]) + text.encode() + b"\0"


def _unmarshalled(data: bytes, at: int, kind: str) -> tuple[Any, int]:
    """Return the value of one type at an offset, and where it ends."""
    at += -at % _ALIGNED[kind[0]]
    if kind == "y":
        return data[at], at + 1
    if kind in "bu":
        return struct.unpack_from("<I", data, at)[0], at + 4
    if kind in "sog":
        size = 1 if kind == "g" else 4
        begin = at + size
        end = begin + int.from_bytes(data[at:begin], "little")
        if end >= len(data):  # a zero byte stands behind the text
            raise IndexError
        return data[begin:end].decode(), end + 1
    if kind == "v":
        inner, at = _unmarshalled(data, at, "g")
        return _unmarshalled(data, at, inner)
    if kind[0] != "a":
        if len(kind) < 3:  # a structure of nothing, of which an array never ends
            raise ValueError
        values, at = _unmarshalled_all(data, kind[1:-1], at)
        return tuple(values), at
    return _unmarshalled_array(data, at, kind)


def _unmarshalled_array(data: bytes, at: int, kind: str) -> tuple[Any, int]:
    at, size = at + 4, struct.unpack_from("<I", data, at)[0]
    at += -at % _ALIGNED[kind[1]]
    end = at + size
    if end > len(data):
        raise IndexError
    if kind == "ay":
        return data[at:end], end
    items = []
    while at < end:
        item, at = _unmarshalled(data, at, kind[1:])
        items.append(item)
    return items, at


def _unmarshalled_all(data: bytes, kinds: str, at: int = 0) -> tuple[list[Any], int]:
    values = []
    while kinds:
        size = _first(kinds)
        value, at = _unmarshalled(data, at, kinds[:size])
        values.append(value)
        kinds = kinds[size:]
    return values, at


def _first(kinds: str) -> int:
    """Return the length of the first complete type."""
    if kinds[0] == "a":
        return 1 + _first(kinds[1:])
    depth = 0
    for number, char in enumerate(kinds, 1):
        depth += (char in "({") - (char in ")}")
        if depth == 0:
            return number
    raise ValueError
