"""Addresses in configurations, taken apart by the standard library; no name is looked up."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

LONGEST = 8192
"""Characters of an address that are looked at."""

IpAddress: TypeAlias = "IPv4Address | IPv6Address"

_MOST_PARAMETERS = 100
_WEB = re.compile(r"(https?|wss?):[/\\]+([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_CLEARTEXT = frozenset({"http", "ws"})
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata.goog", "instance-data",
                             "instance-data.ec2.internal"})  # fmt: skip
_METADATA = tuple(
    ip_network(text)
    for text in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32",
                 "168.63.129.16/32", "fd20:ce::254/128")
)  # fmt: skip
_PRIVATE = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
_NEAR_NAMES = frozenset({"host.docker.internal", "gateway.docker.internal",
                         "host.containers.internal"})  # fmt: skip
_NAT64 = ip_network("64:ff9b::/96")


class Reach(StrEnum):
    """How far away a host is."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    """RFC 1918, `*.local`, the machine around a container, a name without a dot."""
    METADATA = "metadata"
    """A cloud's metadata service, or another link-local address."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The parts of a URL that rules ask for."""

    scheme: str
    host: str
    """Lower case, without brackets and the last dot; percent escapes and wide letters undone."""
    ip: IpAddress | None
    """Where the host is an IP address in any spelling: decimal, hexadecimal, octal, mapped."""
    has_login: bool
    login: str
    password: str
    parameters: tuple[tuple[str, str], ...]
    fragment: tuple[tuple[str, str], ...] = ()
    """Parameters behind `#`, which are not sent."""
    is_ambiguous: bool
    """A backslash stands where the host is: programs do not agree on which one that is."""

    @property
    def is_cleartext(self) -> bool:
        """Tell whether everybody on the way can read and change what is sent."""
        return self.scheme in _CLEARTEXT

    @property
    def reach(self) -> Reach:
        """How far away it says that it is."""
        found = _ip_reach(self.ip) if self.ip else _name_reach(self.host)
        return Reach.OTHER if self.is_ambiguous and found is not Reach.METADATA else found


def is_written(text: str) -> bool:
    """Tell whether a text begins as an address does."""
    start = text.lstrip()[:32]
    return "://" in start or _WEB.match(start) is not None


def parse(text: str) -> Address | None:
    """Return the parts of a URL with a host; None for any other text.

    Hosts of the web are read as browsers and Node do (WHATWG's URL standard): a backslash is a
    slash, and any number of them may stand behind the scheme.
    """
    part = text.strip()[:LONGEST]
    try:
        written, parts = urlsplit(part), urlsplit(_as_browsers_do(part))
        named = written if written.username is not None else parts
        host, password, login = parts.hostname or "", named.password or "", named.username
    except ValueError:
        return None
    host = unicodedata.normalize("NFKC", unquote(host)).lower().rstrip(".")
    if not host:
        return None
    return Address(
        scheme=parts.scheme.lower(), host=host, ip=host_ip(host), has_login=login is not None,
        login=unquote(login or ""), password=unquote(password),
        parameters=_parameters(parts.query), fragment=_parameters(parts.fragment),
        is_ambiguous="\\" in written.netloc,
    )  # fmt: skip


def _as_browsers_do(text: str) -> str:
    found = _WEB.match(text)
    if found is None:
        return text
    path = found[2].replace("\\", "/")
    return f"{found[1]}://{path}{found[3]}"


def _parameters(text: str) -> tuple[tuple[str, str], ...]:
    if "=" not in text:
        return ()
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
    except ValueError:
        return ()


def host_ip(host: str) -> IpAddress | None:
    """Return the IP address that `host` is in any form that programs take, or None.

    `2130706433`, `0x7f000001`, `0177.0.0.1`, `127.1`, `::ffff:7f00:1`, `64:ff9b::7f00:1`.
    """
    if ":" in host:
        try:
            ip = ip_address(host.partition("%")[0])
        except ValueError:
            return None
        return _inner(ip)
    return _loose_ipv4(host)


def _inner(ip: IpAddress) -> IpAddress:
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _loose_ipv4(host: str) -> IPv4Address | None:
    """Read what inet_aton(3) reads: one to four numbers, the last one fills what is left."""
    words = host.split(".")
    numbers = [number for word in words if (number := _number(word)) is not None]
    if len(words) > 4 or len(numbers) < len(words):
        return None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        return None
    value = last
    for place, number in enumerate(first):
        value += number << (8 * (3 - place))
    return IPv4Address(value)


def _number(word: str) -> int | None:
    if not word.isascii() or not word.isalnum():
        return None
    base = 16 if word.startswith("0x") else 8 if word[0] == "0" else 10
    try:
        return int(word, base)
    except ValueError:
        return None


def _ip_reach(ip: IpAddress) -> Reach:
    if ip.is_loopback or ip.is_unspecified:
        return Reach.LOOPBACK
    if any(ip in network for network in _METADATA):
        return Reach.METADATA
    if any(ip in network for network in _PRIVATE):
        return Reach.PRIVATE
    return Reach.OTHER


def _name_reach(host: str) -> Reach:
    if host == "localhost" or host.endswith(".localhost"):
        return Reach.LOOPBACK
    if host in _METADATA_NAMES:
        return Reach.METADATA
    if host in _NEAR_NAMES or host.endswith(".local") or "." not in host:
        return Reach.PRIVATE
    return Reach.OTHER
