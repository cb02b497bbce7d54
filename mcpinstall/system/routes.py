"""Connections: straight to a checked address or through the user's proxy, with system trust."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits, urls
from mcpinstall.system.machine import Machine
from mcpinstall.system.urls import Reach, Url

if TYPE_CHECKING:
    import ssl

    import httpx

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port → addresses, best first."""
Connect = Callable[[str | None], "httpx.BaseTransport"]
"""Proxy, if any → connections."""


def system_trust(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts what the system trusts, or what `SSL_CERT_FILE` names.

    Where OpenSSL finds the certificates by itself, its own context is taken: truststore would
    load them again for each connection and let only one handshake run at a time.
    """
    import ssl

    if sys.platform not in ("darwin", "win32") or _names_certificates(environ):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        paths = ssl.get_default_verify_paths()
        if context.cert_store_stats()["x509_ca"] or (
            paths.capath and any(Path(paths.capath).glob("*.0"))
        ):
            return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _names_certificates(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR"))


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Return the addresses of `host`, best first, each once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    headers: Mapping[str, str]
    method: str
    content: bytes | None
    seconds: float


class Route:
    """The way to one origin: its connections are kept and never shared with another."""

    def __init__(
        self, transport: httpx.BaseTransport, addresses: Sequence[str], *, through_proxy: bool
    ) -> None:
        self._transport = transport
        self._addresses = tuple(addresses)
        self._through_proxy = through_proxy
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def send(
        self,
        url: Url,
        headers: Mapping[str, str],
        *,
        method: str = "GET",
        content: bytes | None = None,
        seconds: float = limits.READ_SECONDS,
    ) -> httpx.Response:
        """Send one request; a straight one goes to a checked address, with `url`'s host for TLS.

        `seconds` is how long to wait for each piece of the answer.
        """
        import httpx

        asked = _Asked(headers=headers, method=method, content=content, seconds=seconds)
        if self._through_proxy:
            return self._sent(url.text, asked)
        for address in self._addresses:
            numbered = f"{url.scheme}://{_bracketed(address)}:{url.port}{url.target}"
            try:
                response = self._sent(numbered, asked, name=url.host)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == self._addresses[-1]:
                    raise
            else:
                self._addresses = (address,)
                return response
        raise httpx.ConnectError("its name has no address")

    def _sent(self, url: str, asked: _Asked, name: str = "") -> httpx.Response:
        import httpx

        connect = min(limits.CONNECT_SECONDS, asked.seconds)
        waits = httpx.Timeout(asked.seconds, connect=connect, pool=limits.DOWNLOAD_SECONDS)
        extensions: dict[str, object] = {"timeout": waits.as_dict()}
        extensions["trace"] = self._connected
        if name:
            extensions["sni_hostname"] = name
        request = httpx.Request(
            asked.method,
            url,
            headers=dict(asked.headers),
            content=asked.content,
            extensions=extensions,
        )
        response = self._transport.handle_request(request)
        response.request = request
        return response

    def _connected(self, event: str, facts: Mapping[str, Any]) -> None:
        """Keep the socket of each connection that the transport makes."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            made = facts["return_value"].get_extra_info("socket")
            self._sockets = [*(one for one in self._sockets if one.fileno() >= 0), made]
            if self._is_cut:
                self.cut()

    def cut(self) -> None:
        """End every connection now, and those to come; for another thread that waits for them.

        A wait for a piece of an answer has a limit, and an answer has any number of pieces: what
        it takes as a whole is only bounded by this.
        """
        self._is_cut = True
        for one in self._sockets:
            with contextlib.suppress(OSError):  # it has ended already
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connections."""
        self._transport.close()


class Routes:
    """Routes from one home: no further inside the network than the home itself is."""

    def __init__(
        self,
        home: Url,
        machine: Machine,
        *,
        resolve: Resolve = addresses_of,
        connect: Connect | None = None,
        furthest: Reach | None = None,
    ) -> None:
        """Make routes from `home`, which lies where it wants to, or no further in than `furthest`.

        An address that says itself that it is this machine is what it says.
        """
        self._home = home
        self._furthest = furthest
        self._machine = machine
        self._resolve = resolve
        self._connect = connect or self._transport
        self._lock = threading.Lock()
        self._routes: dict[tuple[str, str, int], Route] = {}
        self._trust: ssl.SSLContext | None = None
        self._home_reach: Reach | None = None
        self.proxied = False

    def to(self, url: Url) -> Route:
        """Return the route to the origin of `url`.

        Raises:
            McpInstallError: `index-forbidden` when it lies further inside than home does.
        """
        with self._lock:
            if url.origin not in self._routes:
                self._routes[url.origin] = self._new(url)
            return self._routes[url.origin]

    def cut(self) -> None:
        """End every connection now, for another thread that waits for them."""
        for route in tuple(self._routes.values()):
            route.cut()

    def close(self) -> None:
        """End all connections."""
        with self._lock:
            for route in self._routes.values():
                route.close()
            self._routes.clear()

    def _new(self, url: Url) -> Route:
        proxy = proxy_for(url, self._machine)
        if proxy is None:
            return Route(self._connect(None), self._checked(url), through_proxy=False)
        if urls.literal(url.host) is not None:
            self._checked(url)
        self.proxied = True
        return Route(self._connect(proxy), (), through_proxy=True)

    def _checked(self, url: Url) -> Sequence[str]:
        """Return the addresses of `url` that home may lead to."""
        addresses = self._addresses(url)
        if url.origin == self._home.origin:
            return addresses if self._furthest is None else self._within(url, addresses)
        furthest = self._reach_of_home()
        allowed = [item for item in addresses if _reach(item) <= furthest]
        if addresses and not allowed:
            raise McpInstallError(
                ErrorCode.INDEX_FORBIDDEN,
                f"`{self._home.netloc}` leads to `{url.netloc}`, an address inside the network "
                f"(`{addresses[0]}`)",
                hint="an index on the internet may not send you to a private address",
            )
        return allowed

    def _within(self, url: Url, addresses: Sequence[str]) -> Sequence[str]:
        here = urls.is_this_machine(url.host)
        furthest = Reach.LOOPBACK if here else self._furthest or Reach.PUBLIC
        allowed = [item for item in addresses if _reach(item) <= furthest]
        if addresses and not allowed:
            raise McpInstallError(
                ErrorCode.REMOTE_REFUSED,
                f"`{url.netloc}` is an address inside the network (`{addresses[0]}`)",
                hint="a registry does not choose what of your own network is asked; an address "
                "that you trust you can name yourself: `remote:URL`",
            )
        return allowed

    def _addresses(self, url: Url) -> Sequence[str]:
        import httpx

        try:
            found = self._resolve(url.host, url.port)
        except OSError as error:
            raise httpx.ConnectError(f"no address for `{url.host}`: {error}") from None
        if url.scheme == "http":
            found = [item for item in found if _reach(item) is Reach.LOOPBACK]
        return found

    def _reach_of_home(self) -> Reach:
        """Return how far inside home lies; unknown behind a proxy, so public."""
        if self._home_reach is None:
            direct = proxy_for(self._home, self._machine) is None
            found = self._addresses(self._home) if direct else ()
            inside = max((_reach(item) for item in found), default=Reach.PUBLIC)
            self._home_reach = min(inside, Reach.LOOPBACK)
        return self._home_reach

    def _transport(self, proxy: str | None) -> httpx.BaseTransport:
        import httpx

        if self._trust is None:
            self._trust = system_trust(self._machine.environ)
        connections = httpx.Limits(
            max_connections=limits.DOWNLOADS_AT_ONCE,
            max_keepalive_connections=limits.DOWNLOADS_AT_ONCE,
        )
        try:
            return httpx.HTTPTransport(
                verify=self._trust, limits=connections, proxy=httpx.Proxy(proxy) if proxy else None
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            raise McpInstallError(
                ErrorCode.INDEX_UNAVAILABLE,
                "the proxy that the environment names can't be used",
                hint="set `HTTPS_PROXY` to an address such as `http://proxy:3128`",
            ) from None


def proxy_for(url: Url, machine: Machine) -> str | None:
    """Return the proxy for `url`: from the environment, else from the system's settings.

    Plain http stays on this machine, so it never goes through one.
    """
    if url.scheme != "https":
        return None
    environ = machine.environ
    names = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    proxy = next((environ[name] for name in names if environ.get(name)), None)
    if proxy is None and machine.platform != "linux":
        if urllib.request.proxy_bypass(url.host):
            return None
        return urllib.request.getproxies().get("https")
    exceptions = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if urllib.request.proxy_bypass_environment(url.netloc, {"no": exceptions}):  # type: ignore[attr-defined]
        return None
    return proxy


def _reach(address: str) -> Reach:
    found = urls.literal(address.partition("%")[0])
    return Reach.NEVER if found is None else urls.reach(found)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
