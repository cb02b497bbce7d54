"""A whole small world: a home, a registry, an index, and servers that a host could start.

Everything is real but its size: wheels are built, fetched over loopback, unpacked by uv, and
started by this Python.  Nothing leaves the machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mcpinstall import environments, hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.manifest import (
    Hook,
    Integrates,
    PackageChoice,
    Permissions,
    Publisher,
    RemoteChoice,
)
from mcpinstall.model.plan import Request
from mcpinstall.model.platforms import PLATFORMS
from mcpinstall.model.receipt import HistoryRecord, Receipt
from mcpinstall.operations import (
    commit,
    configure,
    holds,
    install,
    reinstall,
    rollback,
    undo,
    uninstall,
    update,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Done, Prepared
from mcpinstall.probing import canonical_tools
from mcpinstall.receipts.store import JOURNAL, ReceiptStore
from mcpinstall.registries import sources
from mcpinstall.system import bundled
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import StatePaths, state_paths
from tests.builders import registry_folders, servers, wheels
from tests.builders.command import Command, copied_checkout
from tests.builders.index_server import IndexServer
from tests.builders.registry_folders import RegistryFolder

if TYPE_CHECKING:
    from tests.builders.session import Session

NAMESPACE = "io.github.user"
HOSTS = {
    "cursor": ".cursor/mcp.json",
    "claude-code": ".claude.json",
    "codex": ".codex/config.toml",
}
"""Three hosts of two formats, and where their files are."""

USERS_FILES = {
    "cursor": b'{\n  "mcpServers": {\n    "mine": {"command": "/bin/mine", "args": []}\n  }\n}\n',
    "claude-code": b'{"numStartups": 7,\t"mcpServers": {} }',
    "codex": b'model = "o"  # mine\r\n\r\n[mcp_servers.mine]\r\ncommand = "/bin/mine"\r\n',
}
"""What its user had in each file before."""

NO_PERMISSIONS = Permissions()
REQUIRES = ">=3.11,<3.15"
ARGUMENT = {
    "type": "named", "name": "--zone", "description": "The zone", "isRequired": False,
    "placeholder": "UTC",
}  # fmt: skip
"""One optional input, `zone`."""


@dataclass
class World:
    """One user, the machine of that user, and what the registry and the index offer."""

    root: Path
    home: Path
    registry: RegistryFolder
    index: IndexServer
    wheels: dict[str, bytes] = field(default_factory=dict, repr=False)

    more_hosts: dict[str, str] = field(default_factory=dict)
    """Hosts that this user has beside `HOSTS`, and where their files are."""

    session: Session | None = None
    """With the user's keyring, where there is one."""

    @property
    def products(self) -> dict[str, str]:
        """Every host of this user, and where its file is."""
        return HOSTS | self.more_hosts

    @property
    def context(self) -> Context:
        """What operations see of it, at this moment."""
        return Context.current()

    @property
    def paths(self) -> StatePaths:
        """Where its state is; unlike `context`, this looks at no folder."""
        return state_paths(Machine.current())

    @property
    def store(self) -> ReceiptStore:
        return ReceiptStore(self.paths)

    @property
    def data(self) -> Path:
        return self.paths.data

    # Offers ----------------------------------------------------------------------------------

    def offer(
        self,
        name: str = "clock",
        version: str = "1.0",
        *,
        body: str = servers.MODERN,
        tools: Sequence[object] = servers.TOOLS,
        reviewed: Sequence[object] = servers.TOOLS,
        arguments: Sequence[dict[str, Any]] = (ARGUMENT,),
        environment: Sequence[dict[str, Any]] = (),
        script: str = "",
        data: bytes = b"",
        lock: str = "",
        remotes: Sequence[dict[str, Any]] = (),
        integrates: Integrates = Integrates.LOCAL,
        publisher: Publisher | None = None,
        attestations: bytes = b"",
        hooks: Sequence[Hook] = (),
        permissions: Permissions = NO_PERMISSIONS,
    ) -> Artifact:
        """Put a server into registry and index; `tools` is what it shows.

        `data` stands in its wheel's place, `lock` is appended to its lock.  Returns its wheel as
        the index has it.
        """
        package = f"{name}-server"
        stem = package.replace("-", "_")
        data = data or wheels.wheel(
            {
                f"{stem}/__init__.py": servers.module(body, tools=tools).encode(),
                f"{stem}-{version}.dist-info/entry_points.txt": (
                    f"[console_scripts]\n{package} = {stem}:main\n".encode()
                ),
            },
            name=stem,
            version=version,
        )
        filename = f"{stem}-{version}-py3-none-any.whl"
        published = self.index.publish(filename, data)
        self.wheels[filename] = data
        full = f"{NAMESPACE}/{name}"
        described = replace(
            registry_folders.manifest(full, version),
            integrates=integrates,
            hooks=tuple(hooks),
            permissions=permissions,
            publisher=publisher,
            publisher_absent="" if publisher else "the index offers no attestation",
            remotes=tuple(RemoteChoice(transport=r["type"], url=r["url"]) for r in remotes),
            package=PackageChoice(
                registry_type="pypi",
                identifier=package,
                version=version,
                script=script or package,
                requires_python=REQUIRES,
                platforms=tuple(PLATFORMS),
            ),
        )
        self.registry.add(
            described,
            server=registry_folders.server_json(
                full,
                version,
                remotes=list(remotes),
                identifier=package,
                packageArguments=list(arguments),
                environmentVariables=list(environment),
            ),
            locked=lock_of(package, version, filename, data) + lock.encode(),
            tools=canonical_tools(list(reviewed)).text,
            alias="" if name in dict(self.registry.file.aliases) else name,
            attestations=attestations,
        )
        return published

    # Commands --------------------------------------------------------------------------------

    def prepare(
        self,
        *names: str,
        hosts: Sequence[str] = (),
        **request: Any,  # noqa: ANN401
    ) -> Prepared:
        """Do the first half of an installation."""
        return install.prepare(Request(names=names, hosts=tuple(hosts), **request), self.context)

    def install(
        self,
        *names: str,
        hosts: Sequence[str] = (),
        **request: Any,  # noqa: ANN401
    ) -> Done | None:
        """Install, as after a yes; None when there is nothing to do."""
        return self.carry_out(self.prepare(*names, hosts=hosts, **request))

    def carry_out(self, prepared: Prepared) -> Done | None:
        """Say yes, where there is something to do."""
        if prepared.nothing_to_do and not prepared.print_rows:
            install.discard(prepared)
            return None
        return commit.commit(prepared, self.context)

    def configure(
        self,
        name: str,
        *settings: tuple[str, str],
        **request: Any,  # noqa: ANN401
    ) -> Done | None:
        wanted = Request(names=(), settings=settings, **request)
        return self.carry_out(configure.prepare(name, wanted, self.context))

    def reinstall(self, name: str, **request: Any) -> Done | None:  # noqa: ANN401
        wanted = Request(names=(), **request)
        return self.carry_out(reinstall.prepare(name, self.context, request=wanted))

    def update(self, *names: str, to: str | None = None, **request: Any) -> Done | None:  # noqa: ANN401
        """Update, as after a yes; None when there is nothing to do."""
        prepared = self.prepare_update(*names, to=to, **request)
        return None if prepared is None else self.carry_out(prepared)

    def prepare_update(
        self,
        *names: str,
        to: str | None = None,
        **request: Any,  # noqa: ANN401
    ) -> Prepared | None:
        """Do the first half of an update; None when there is nothing to do."""
        wanted = Request(names=(), **request)
        selection = update.select(names, to, wanted, self.context)
        return (
            update.prepare(selection, wanted, self.context, stage=True)
            if selection.targets
            else None
        )

    def hold(self, *names: str) -> None:
        holds.hold(names, self.context)

    def unhold(self, *names: str) -> None:
        holds.unhold(names, self.context)

    def rollback(self, name: str | None = None) -> Done:
        return rollback.commit(rollback.prepare(name, self.context), self.context)

    def uninstall(self, *names: str, hosts: Sequence[str] = ()) -> Done:
        return uninstall.commit(uninstall.prepare(names, hosts, self.context), self.context)

    def undo(self, record_id: str | None = None) -> Done:
        return undo.commit(undo.prepare(record_id, self.context), self.context)

    # What there is -----------------------------------------------------------------------------

    def file(self, product: str) -> Path:
        """Return the configuration file of a host."""
        return self.home / self.products[product]

    def write_files(self) -> None:
        """Give every host the file that its user had before."""
        for product, content in USERS_FILES.items():
            self.file(product).parent.mkdir(mode=0o700, exist_ok=True)
            self.file(product).write_bytes(content)

    def host_files(self) -> dict[str, bytes | None]:
        """Return the bytes of every host file."""
        paths = {product: self.file(product) for product in self.products}
        return {name: path.read_bytes() if path.exists() else None for name, path in paths.items()}

    def servers_in(self, product: str) -> dict[str, tuple[str, ...]]:
        """Return the servers that a host would start: name and command line."""
        file = hosts.read(hosts.find_rows(product), Machine.current())
        return {one.name: (one.command or "", *one.args) for one in hosts.entries(file)}

    def receipts(self) -> dict[str, Receipt]:
        return {receipt.entry_name: receipt for receipt in self.store.receipts()}

    def history(self) -> tuple[HistoryRecord, ...]:
        return self.store.history()

    def generations(self) -> list[Path]:
        """Return every generation of every server."""
        found = self.data.glob("servers/*/*")
        return sorted(path for path in found if path.is_dir() and not path.is_symlink())

    def homes(self) -> list[Path]:
        return sorted(self.data.glob("servers/*"))

    def require_clean(self) -> None:
        """Fail if a change has left anything half done behind."""
        assert not (self.data / "history" / JOURNAL).exists()
        assert self.strays() == []
        assert list((self.paths.staging).glob("[0-9a-f]*")) == []
        self.require_consistent()

    def strays(self) -> list[Path]:
        """Return temporary files anywhere in the home, and half-made folders of servers."""
        cache = self.paths.cache
        found = [path for path in self.home.rglob(".*.mcpi") if cache not in path.parents]
        return sorted([*found, *self.data.glob("servers/*/.*")])

    def require_consistent(self) -> None:
        """Fail unless receipts, chains, environments and host files say the same."""
        receipts, store, servers = self.receipts(), self.store, self.paths.servers
        here = [one for one in receipts.values() if not one.is_remote]
        homes = {environments.server_home(servers, slug(one)) for one in here}
        assert self.homes() == sorted(homes)
        for home in homes:
            current = environments.current(home)
            assert current is not None
            assert environments.is_startable(home / current)
        for receipt in here:
            home = environments.server_home(servers, slug(receipt))
            assert receipt.generation == environments.current(home)
            assert environments.measure(home / receipt.generation).sha256 == receipt.tree_sha256
        for product in self.products:
            row = hosts.find_rows(product)
            ours = {name for name, one in receipts.items() if row.id in one.hosts}
            assert set(store.chain(row.id).names) == ours
            started = self.servers_in(product) if ours else {}
            for name in ours:
                if receipts[name].is_remote:
                    assert receipts[name].url.encode() in self.file(product).read_bytes()
                else:
                    assert Path(started[name][0]).exists(), started[name]

    def require_untouched(self, before: dict[str, bytes | None]) -> None:
        """Fail if a refused installation into an empty world has left anything."""
        assert self.host_files() == before
        assert self.receipts() == {}
        assert self.homes() == []
        assert self.history() == ()
        self.require_clean()

    def command(self, **variables: str) -> Command:
        """Return the command line of this world, as processes of their own."""
        if not (self.root / "checkout").exists():
            copied_checkout(self.root)
        manifests = self.root / "checkout" / "manifests"
        shutil.rmtree(manifests)
        shutil.copytree(self.registry.folder, manifests)
        around = {"UV_DEFAULT_INDEX": self.index.url, "PYTHONSAFEPATH": "1", **variables}
        return Command(
            home=self.home, cwd=Path.cwd(), variables=around, source=self.root / "checkout"
        )

    def starts(self, product: str, name: str) -> bool:
        """Start a server as its host does, and tell whether it answers."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {
            "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}}  # fmt: skip
        done = subprocess.run(
            self.servers_in(product)[name], input=json.dumps(asked) + "\n", text=True,
            capture_output=True, check=False, timeout=30, env={"HOME": str(self.home)},
        )  # fmt: skip
        return done.returncode == 0 and '"result"' in done.stdout


@pytest.fixture(scope="session")
def index() -> Iterator[IndexServer]:
    """A package index on loopback."""
    with IndexServer() as started:
        yield started


@pytest.fixture
def world(tmp_path: Path, home: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that offers `clock`, `notes` and `maps`, with a file for each of three hosts."""
    made = empty(tmp_path, home, index, monkeypatch)
    for name in ("clock", "notes", "maps"):
        made.offer(name)
    made.write_files()
    return made


def empty(tmp_path: Path, home: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a new world that offers nothing yet; `home` is the fixture of that name."""
    registry = RegistryFolder(tmp_path / "registry")
    today = datetime.now(UTC).replace(microsecond=0)
    registry.file = replace(registry.file, issued=today - timedelta(days=1))
    registry.publish(expires=today + timedelta(days=100))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(sources, "bundled_folder", lambda: registry.folder)
    monkeypatch.setattr(bundled, "folder", lambda: registry.folder)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    for name in [name for name in os.environ if name.upper().endswith("_PROXY")]:
        monkeypatch.delenv(name)
    return World(root=tmp_path, home=home, registry=registry, index=index)


def lock_of(package: str, version: str, filename: str, data: bytes) -> bytes:
    """Return a lock of one wheel."""
    digest = f'hashes = {{ sha256 = "{hashlib.sha256(data).hexdigest()}" }}'
    return f"""\
lock-version = "1.0"
created-by = "uv"
requires-python = "{REQUIRES}"

[[packages]]
name = "{package}"
version = "{version}"
wheels = [
    {{ path = "{filename}", size = {len(data)}, {digest} }},
]
""".encode()


def slug(receipt: Receipt) -> str:
    from mcpinstall.operations import lookup

    return lookup.receipt_slug(receipt)


def refusal(error: pytest.ExceptionInfo[McpInstallError]) -> tuple[str, int]:
    """Return the code of an error and the exit status that goes with it."""
    return str(error.value.code), int(error.value.code.exit_status)


class Snapshot:
    """A copy of the home that can be put back, as often as needed."""

    def __init__(self, world: World) -> None:
        self._home, self._kept = world.home, world.root / "snapshot"
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._home, self._kept, symlinks=True)
        self._session = world.session
        if world.session is not None:
            from tests.builders import vaults

            self._secrets = vaults.contents(world.session)

    def restore(self) -> None:
        """Put everything back as it was."""
        shutil.rmtree(self._home)
        shutil.copytree(self._kept, self._home, symlinks=True)
        if self._session is not None:
            from tests.builders import vaults

            vaults.put_back(self._session, self._secrets)
