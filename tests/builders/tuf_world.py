"""A TUF registry on loopback: real metadata, a plain static web server, keys made at test time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from mcpinstall.model.registry import TufSource
from mcpinstall.model.secret import Secret
from mcpinstall.operations import registry_owner, registry_signing, registry_sources
from mcpinstall.operations.context import Context
from mcpinstall.operations.registry_owner import Held, Rotation
from mcpinstall.operations.registry_signing import Signed
from mcpinstall.system import machine
from mcpinstall.system.paths import StatePaths
from mcpinstall.system.progress import SilentProgress

PASSPHRASE = Secret("correct horse " + "battery")
ROLES = ("root-1", "root-2", "root-3", "targets-1", "targets-2", "online")


class Site:
    """A folder served as it is; `lie` may answer in its place."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[str] = []
        self.sent = 0
        """Bytes of bodies."""
        self.lie: Callable[[str], Iterator[bytes] | None] = lambda path: None
        self.leads_to: Callable[[str], str | None] = lambda path: None
        """Where a request is sent on to."""
        site = self

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.requests.append(self.path)
                if elsewhere := site.leads_to(self.path):
                    self.send_response(302)
                    self.send_header("Location", elsewhere)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                lies = site.lie(self.path)
                if lies is None:
                    super().do_GET()
                    return
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                with contextlib.suppress(OSError):
                    for chunk in lies:
                        self.wfile.write(chunk)
                self.close_connection = True

            def copyfile(self, source: Any, outputfile: Any) -> None:  # noqa: ANN401
                data = source.read()
                site.sent += len(data)
                outputfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(Handler, directory=str(folder))
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class TufWorld:
    """The owner's folder and keys, and a user who trusts its first root."""

    root: Path
    manifests: Path
    context: Context
    """What the user has, at some time."""
    site: Site | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    name: str = "corp"

    @property
    def folder(self) -> Path:
        return self.root / "site"

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata"

    def key(self, name: str) -> Path:
        return self.root / "keys" / f"{name}.pem"

    def at(self, now: datetime) -> Context:
        """Return the user's context at another time."""
        old = self.context
        return Context(machine=old.machine, paths=old.paths, now=now, progress=old.progress)

    # The owner ---------------------------------------------------------------------------------

    def begin(self, *, root_threshold: int = 2, targets_threshold: int = 2) -> TufWorld:
        """Make keys and the first root: 2 of 3, reviewers 2 of 2, one key online."""
        self.key("x").parent.mkdir()
        for name in ROLES:
            registry_owner.make_key(self.key(name), PASSPHRASE, self.context)
        registry_owner.begin(
            self.folder,
            {
                "root": self.held("root-1", "root-2", "root-3", threshold=root_threshold),
                "targets": self.held("targets-1", "targets-2", threshold=targets_threshold),
                "online": self.held("online"),
            },
            ask,
            self.at(self.now),
        )
        return self

    def held(self, *names: str, threshold: int = 1) -> Held:
        return Held(keys=tuple(self.key(name) for name in names), threshold=threshold)

    def publish(
        self,
        *keys: str,
        source: Path | None = None,
        now: datetime | None = None,
    ) -> None:
        """Publish the manifests with these keys, or all of targets and online."""
        names = keys or ("targets-1", "targets-2", "online")
        registry_owner.publish(
            self.folder, source or self.manifests, [self.key(n) for n in names], ask,
            self.at(now or self.now),
        )  # fmt: skip

    def renew(self, *keys: str, now: datetime | None = None) -> None:
        """Sign again what expires soon."""
        found = [self.key(name) for name in keys or ("online",)]
        registry_owner.publish(self.folder, None, found, ask, self.at(now or self.now))

    def rotate(self, change: Rotation, *keys: str, stage: bool = False) -> None:
        found = [self.key(name) for name in keys]
        registry_owner.rotate(self.folder, change, found, ask, self.at(self.now), stage=stage)

    def stage(self, *keys: str, source: Path | None = None) -> None:
        """Leave a publication for others to sign."""
        found = [self.key(name) for name in keys]
        where = source or self.manifests
        registry_owner.publish(self.folder, where, found, ask, self.at(self.now), stage=True)

    def sign(self, *keys: str) -> Signed:
        """Sign what waits, as one holder after a yes."""
        wanted = registry_signing.waiting(self.folder, self.at(self.now))
        found = [self.key(name) for name in keys]
        return registry_signing.sign(wanted, found, ask, self.at(self.now))

    def new_key(self, name: str) -> Path:
        registry_owner.make_key(self.key(name), PASSPHRASE, self.context)
        return self.key(name)

    # The user ----------------------------------------------------------------------------------

    def trust(self, where: str = "", root: Path | None = None) -> TufSource:
        """Add the registry, as after a yes."""
        found = registry_sources.candidate(
            self.name,
            where or (self.site.url if self.site else str(self.folder)),
            root or self.metadata / "1.root.json",
            self.at(self.now),
        )
        registry_sources.add(found, self.at(self.now))
        return found.source

    def later(self, **span: float) -> datetime:
        return self.now + timedelta(**span)


def ask(path: Path) -> Secret:
    return PASSPHRASE


def lonely_context(folder: Path) -> Context:
    """Return the context of a user whose state is in `folder`."""
    folder.chmod(0o700)
    paths = StatePaths(config=folder / "c", data=folder / "d", cache=folder / "e")
    return Context(
        machine=machine.Machine.current(),
        paths=paths,
        now=machine.now(),
        progress=SilentProgress(),
    )
