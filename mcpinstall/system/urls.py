"""Addresses that may be asked: which schemes, which hosts, which networks (threat T22)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urljoin, urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError

_PRINTABLE = re.compile(r"[!-~]{1,4096}")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """An address without credentials: https, or http to this machine itself."""

    scheme: str
    host: str
    """Lower case; an IPv6 address without its brackets."""
    port: int
    path: str
    """Begins with `/`."""
    query: str = field(default="", repr=False)

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials belong to: scheme, host and port together."""
        return (self.scheme, self.host, self.port)

    @property
    def netloc(self) -> str:
        """Host and, where it is not the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """Path and query, as a request names them."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def text(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.netloc}{self.target}"

    @property
    def shown(self) -> str:
        """The address for people: without the query, which may hold a token."""
        return f"{self.scheme}://{self.netloc}{self.path}"


def parse(text: str) -> Url:
    """Parse an address; its fragment is dropped.

    Raises:
        McpInstallError: `index-forbidden`, for another scheme, credentials in it, or a host
            that is neither a name nor an address.
    """
    try:
        parts = urlsplit(text)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:
        raise _forbidden("an address that can't be read") from None
    if not _PRINTABLE.fullmatch(text) or "\\" in text:
        raise _forbidden("an address with characters that don't belong into one")
    if parts.scheme not in _PORTS:
        raise _forbidden(f"an address of the scheme `{parts.scheme[:20]}`, not https")
    if parts.username is not None:  # (an empty one where there is only a password)
        raise _forbidden(f"an address at `{host[:200]}` with credentials in it")
    if literal(host) is None and not (_NAME.fullmatch(host) and len(host) < 254):
        raise _forbidden("an address without a proper host")
    url = Url(
        scheme=parts.scheme, host=host, path=parts.path or "/", query=parts.query,
        port=_PORTS[parts.scheme] if port is None else port,
    )  # fmt: skip
    if url.scheme == "http" and not is_this_machine(host):
        raise _forbidden(f"`{url.shown[:200]}`, which is neither https nor on this machine")
    return url


def join(base: Url, reference: str) -> Url:
    """Return what `reference` means on the page `base`; refused as by `parse`."""
    if not _PRINTABLE.fullmatch(reference):
        raise _forbidden("an address with characters that don't belong into one")
    try:
        return parse(urljoin(base.text, reference))
    except ValueError:
        raise _forbidden("an address that can't be read") from None


def literal(host: str) -> IPAddress | None:
    """Return the address that `host` spells out, or None for a name."""
    try:
        return ipaddress.ip_address(host) if "%" not in host else None
    except ValueError:
        return None


def is_this_machine(host: str) -> bool:
    """Tell whether `host` says by itself that it is a loopback address."""
    address = literal(host)
    return host == "localhost" if address is None else reach(address) is Reach.LOOPBACK


class Reach(IntEnum):
    """How far inside a network an address lies; an index leads no further in than it is."""

    PUBLIC = 0
    PRIVATE = 1
    LOOPBACK = 2
    NEVER = 3
    """Link-local (clouds keep their credentials there), multicast, unspecified."""


def reach(address: IPAddress) -> Reach:
    """Return the reach of an address; one that wraps an IPv4 address counts as that."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(address.packed[-4:])
        if wrapped is not None:
            return reach(wrapped)
    if address.is_loopback:
        return Reach.LOOPBACK
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return Reach.NEVER
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE


def _forbidden(what: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.INDEX_FORBIDDEN,
        f"an index may not use {what}",
        hint="only https is used, and plain http to this machine itself",
    )
