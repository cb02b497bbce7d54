"""Addresses of remote servers: what one may be, and how a variable gets into it.

https only, and plain http to this machine (threat T37).  No credentials.  A variable stays in its
place: one label of the host's name, the port, or text of the path or query, percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, urlsplit

from mcpinstall.model.server_inputs import PLACEHOLDER

_Spelling: TypeAlias = Callable[[str, str], str]
"""Name and value of a variable → how it stands in the address."""

_URL = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?")
_LONGEST = 1000  # characters
_PRINTABLE = re.compile(rf"[!-~]{{1,{_LONGEST}}}")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_BRACKETED = re.compile(r"\[[0-9A-Fa-f:.]{2,45}\]")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOTS = re.compile(r"(?i)(\.|%2e){1,2}")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_FIXED_LABELS = 2  # at the end of a host's name: `{tenant}.example.com`, never `{host}`
_STAND_IN = "x0x"
_CREDENTIAL = re.compile(
    r"(?i)(.*[_.-])?(access[_-]?token|api[_-]?key|auth|authorization|bearer|jwt|key|passw(or)?d|"
    r"pat|secret|signature|sig|token)|[a-z0-9]*(ApiKey|Token|Secret|Password)"
)


def fault(template: str) -> str:
    """Return why `template` is no address of a remote server, or nothing.

    `{name}` in it stands for a variable; whether that is defined is not looked at here.
    """
    found = _URL.fullmatch(template)
    if not _PRINTABLE.fullmatch(template):
        return _characters_fault(template)
    if "#" in template:
        return "has a fragment (`#…`), which no server sees"
    if "\\" in template or found is None:
        return "is not an https URL"
    scheme, authority, path, query = found[1], found[2], found[3], found[4] or ""
    if "@" in authority:
        return "holds a user name or password"
    if scheme == "http" and _split(authority)[0] not in _LOOPBACK:
        return "is not https, and not on this machine"
    if why := _authority_fault(authority):
        return why
    if _BROKEN_PERCENT.search(path + query) or _braces_left(path + query):
        return "has a `%` or a brace that means nothing"
    if any(_DOTS.fullmatch(segment) for segment in path.split("/")):
        return "has `.` or `..` in its path"
    return ""


def _characters_fault(template: str) -> str:
    if len(template) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    if not template.isascii():
        return "has letters that are not ASCII: an international name is written `xn--…` there"
    return "is not an https URL" if template.strip() else "is empty"


def is_loopback(url: str) -> bool:
    """Tell whether an address says by itself that it is on this machine."""
    found = _URL.fullmatch(url)
    return found is not None and _split(found[2])[0].lower() in _LOOPBACK


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return the address with its variables' values, each percent-encoded in its place.

    Raises:
        ValueError: A value that does not fit its place; the message names the variable.
    """
    found = _URL.fullmatch(template)
    if found is None or fault(template):
        raise ValueError("is not an address of a remote server")
    scheme, authority, path, query = found[1], found[2], found[3], found[4] or ""
    host, port = _split(authority)
    whole = "".join((
        f"{scheme}://",
        _put(host, values, _label),
        f":{_put(port, values, _port)}" if port else "",
        _put(path, values, _encoded),
        _put(query, values, _encoded),
    ))  # fmt: skip
    if why := fault(whole):
        raise ValueError(f"gives an address that {why}")
    return whole


def credential_in(url: str) -> str:
    """Return the name of a part of the query that looks like a credential, or nothing.

    An address stands in logs, on screens and in diffs, where no secret may be.
    """
    names = (name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return next((name for name in names if _CREDENTIAL.fullmatch(name)), "")


def origin(url: str) -> str:
    """Return scheme, host and port of an address, for people."""
    found = _URL.fullmatch(url)
    return f"{found[1]}://{found[2]}" if found else ""


def _split(authority: str) -> tuple[str, str]:
    """Return host and port; the port is empty where there is none."""
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        return host + bracket, rest.removeprefix(":")
    host, _, port = authority.partition(":")
    return host, port


def _authority_fault(authority: str) -> str:
    host, port = _split(authority)
    if authority.endswith(":") or (port and not _is_port(PLACEHOLDER.sub("1", port))):
        return "has no proper port"
    if _BRACKETED.fullmatch(host):
        return _address_fault(host[1:-1])
    labels = host.split(".")
    if any("{" in label for label in labels[-_FIXED_LABELS:]):
        return "lets a variable choose the host"
    spelled = [PLACEHOLDER.sub(_STAND_IN, label) for label in labels]
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in spelled):
        return "has no proper host"
    if labels[-1].isdigit() or labels[-1].lower().startswith("0x"):
        return _address_fault(host)
    return ""


def _address_fault(host: str) -> str:
    """Refuse odd spellings of numbers, such as `2130706433` for this machine."""
    import ipaddress

    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "has no proper host"
    return ""


def _put(text: str, values: Mapping[str, str], spelled: _Spelling) -> str:
    return PLACEHOLDER.sub(lambda match: spelled(match[1], values[match[1]]), text)


def _label(name: str, value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError(f"`{name}` is a part of the host's name: letters, digits and `-` only")
    return value


def _port(name: str, value: str) -> str:
    if not _is_port(value):
        raise ValueError(f"`{name}` is a port: a number from 1 to 65535")
    return value


def _encoded(name: str, value: str) -> str:
    if not value:
        raise ValueError(f"`{name}` is empty")
    return quote(value, safe="")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) < 65536


def _braces_left(text: str) -> bool:
    rest = PLACEHOLDER.sub("", text)
    return "{" in rest or "}" in rest
