"""A user in an odd place: `mcpi` as a process of its own there, from install to uninstall.

The shop is made once for a run: a copy of the program with a registry of one server, and an index
on loopback.  A place is a home, variables and limits around that; its processes get nothing of the
environment that the tests run in.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders.command import copied_checkout, program
from tests.builders.index_server import IndexServer
from tests.builders.registry_folders import RegistryFolder
from tests.builders.world import USERS_FILES, World

FILES = {"cursor": ".cursor/mcp.json", "codex": ".codex/config.toml"}
"""The hosts of a place and where their files are: JSON and TOML."""

ENTRY = "clock"
INSTALL = ("install", ENTRY, *(word for product in FILES for word in ("-H", product)))
DISCOVER = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {
    "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}})  # fmt: skip
SECONDS = 120.0  # seconds; far more than any command takes, so that one that hangs is found


@dataclass(frozen=True)
class Shop:
    """The program with what it offers: the server `clock`."""

    source: Path
    index: IndexServer
    wheels: Mapping[str, bytes]

    def restock(self) -> None:
        """Put back what other tests, which have the same index, exchanged or withdrew."""
        for filename, data in self.wheels.items():
            self.index.publish(filename, data)

    def variables(self) -> dict[str, str]:
        """Return what every process of a place needs to find the shop."""
        return {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(self.source),
            "PYTHONSAFEPATH": "1",
            "UV_DEFAULT_INDEX": self.index.url,
        }


@pytest.fixture(scope="session")
def shop(index: IndexServer, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Make the shop; `tests/e2e/conftest.py` has its index."""
    return make_shop(tmp_path_factory.mktemp("shop"), index)


def make_shop(folder: Path, index: IndexServer) -> Shop:
    """Copy the program to `folder`, with a registry of its own."""
    registry = RegistryFolder(folder / "registry")
    today = datetime.now(UTC).replace(microsecond=0)
    registry.file = replace(registry.file, issued=today - timedelta(days=1))
    registry.publish(expires=today + timedelta(days=100))
    world = World(root=folder, home=folder, registry=registry, index=index)
    world.offer(ENTRY)
    source = copied_checkout(folder)
    manifests = source / "manifests"
    manifests.rename(folder / "bundled")
    registry.folder.rename(manifests)
    return Shop(source=source, index=index, wheels=world.wheels)


@dataclass(frozen=True)
class Ended:
    """How a command ended; what it said is read as UTF-8, other bytes escaped."""

    status: int
    out: str
    err: str

    def refused(self, code: str) -> bool:
        """Tell whether it ended with one error of ours, and with its status."""
        return f"error[{code}]: " in self.err and self.status not in (0, 70)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one user runs `mcpi`."""

    shop: Shop
    home: Path
    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    """A program that runs ours, in a namespace of its own."""
    program: str = field(default_factory=program)
    options: Mapping[str, Any] = field(default_factory=dict)
    """More for `subprocess.run`, such as `umask`."""

    @property
    def data(self) -> Path:
        """Where servers and records are."""
        if moved := self.variables.get("MCPI_HOME"):
            return Path(moved) / "data"
        base = self.variables.get("XDG_DATA_HOME") or self.home / ".local" / "share"
        return Path(base) / "mcpinstall"

    def host_file(self, product: str = "cursor") -> Path:
        """Return the file of a host."""
        return self.home / FILES[product]

    def environment(self) -> dict[str, str]:
        """Return all variables of a process."""
        return {"HOME": str(self.home), **self.shop.variables(), **self.variables}

    def furnish(self) -> Place:
        """Make the home, with a file for each host in it."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for product in FILES:
            self.host_file(product).parent.mkdir(mode=0o700)
            self.host_file(product).write_bytes(USERS_FILES[product])
        return self

    def run(self, *words: str, status: int | None = 0, **options: Any) -> Ended:  # noqa: ANN401
        """Run the command to its end; `status=None` accepts any but that of a bug."""
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
        }  # fmt: skip
        done = subprocess.run(
            [*self.prefix, self.program, *words], check=False, timeout=SECONDS,
            **{"env": self.environment(), "cwd": self.cwd, **streams, **self.options, **options},
        )  # fmt: skip
        ended = Ended(done.returncode, _text(done.stdout), _text(done.stderr))
        assert "Traceback" not in ended.out + ended.err, ended.err
        assert ended.status != 70, ended.err
        assert status is None or ended.status == status, ended.out + ended.err
        return ended

    def answer(self, *words: str, status: int | None = 0) -> dict[str, Any]:
        """Run the command with `--json` and return what it answered."""
        answer: dict[str, Any] = json.loads(self.run(*words, "--json", status=status).out)
        return answer

    def install(self, *words: str, status: int | None = 0, **options: Any) -> Ended:  # noqa: ANN401
        """Install the server into both hosts, unattended."""
        return self.run(*INSTALL, "-y", *words, status=status, **options)

    def entry(self, product: str) -> Sequence[str]:
        """Return the command line that a host's file holds for the server."""
        data = self.host_file(product).read_bytes()
        if product == "codex":
            found = tomllib.loads(data.decode())["mcp_servers"][ENTRY]
        else:
            found = json.loads(data)["mcpServers"][ENTRY]
        return (found["command"], *found["args"])

    def require_started(self, product: str = "cursor") -> None:
        """Start the server as a host does, and fail unless it answers."""
        done = subprocess.run(
            [*self.prefix, *self.entry(product)], input=f"{DISCOVER}\n".encode(), cwd=self.cwd,
            capture_output=True, check=False, timeout=SECONDS,
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"}, **self.options,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "result" in json.loads(done.stdout), done.stderr

    def require_working(self) -> None:
        """Fail unless the server is installed: verified, and started by its host."""
        self.run("verify")
        assert self.entry("cursor") == self.entry("codex")
        self.require_started()

    def require_unchanged(self) -> None:
        """Fail unless the hosts' files are as their user left them, and nothing beside them."""
        for product in FILES:
            file = self.host_file(product)
            assert file.read_bytes() == USERS_FILES[product]
            assert sorted(file.parent.iterdir()) == [file]

    def require_nothing_installed(self) -> None:
        """Fail unless no server, no entry and no half change is left."""
        self.require_unchanged()
        left = ("servers/*", "receipts/*.json", "hosts/*.json", "history/journal.json")
        found = [path for one in left for path in self.data.glob(one)]
        assert found == [], [str(path) for path in found]

    def require_whole_cycle(self) -> None:
        """Install, use, and uninstall the server, and fail if anything is not as it should be."""
        self.install()
        (listed,) = self.answer("list")["servers"]
        assert listed["name"].endswith(f"/{ENTRY}")
        self.require_working()
        self.run("uninstall", ENTRY, "-y")
        self.require_nothing_installed()

    def with_variables(self, **variables: str) -> Place:
        """Return the same place with more variables."""
        return replace(self, variables={**self.variables, **variables})


def _text(output: bytes | None) -> str:
    return (output or b"").decode("utf-8", "backslashreplace")


@pytest.fixture
def place(shop: Shop, tmp_path: Path) -> Place:
    """A place like any other, furnished."""
    return at(shop, tmp_path, "home")


def at(shop: Shop, folder: Path, name: str) -> Place:
    """Return a furnished place whose home has this name."""
    work = folder / "work"
    work.mkdir()
    shop.restock()
    return Place(shop=shop, home=folder / name, cwd=work).furnish()
