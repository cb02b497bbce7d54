"""One flipped byte, wherever it is, is refused or found, and no host file is touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.command import Command, copied_checkout, flip
from tests.conftest import new_home

pytestmark = pytest.mark.network

CONFIG = "# mine\nmodel = 'x'\n"
SERVER = Path("manifests", "io.github.modelcontextprotocol", "server-time")


@pytest.fixture
def mcpi(home: Path, tmp_path: Path) -> Command:
    return beginning(home, tmp_path)


def beginning(home: Path, place: Path) -> Command:
    """Give a home one host and its file."""
    cwd = place / "work"
    cwd.mkdir()
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(CONFIG)
    return Command(home=home, cwd=cwd)


@pytest.fixture(scope="module")
def installed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """Install `time` once for each worker; an environment can't move, so its home stays."""
    place = tmp_path_factory.mktemp("flipped")
    with pytest.MonkeyPatch.context() as patch:
        mcpi = beginning(new_home(place, patch), place)
        mcpi.run("install", "time", "--host", "codex", "--yes")
        shutil.copytree(mcpi.home, place / "kept", symlinks=True)
        yield mcpi


@pytest.fixture
def installed(installed_once: Command) -> Command:
    """Put that home back as it was right after the installation."""
    kept = installed_once.home.with_name("kept")
    shutil.rmtree(installed_once.home)
    shutil.copytree(kept, installed_once.home, symlinks=True)
    return installed_once


@pytest.mark.parametrize(
    "name",
    ["registry.toml", "index.toml", "manifest.toml", "pylock.toml", "tools.json", "server.json"],
)
def test_in_the_registry_it_is_refused(mcpi: Command, tmp_path: Path, name: str) -> None:
    checkout = copied_checkout(tmp_path)
    path = checkout / "manifests" / name
    if not path.exists():
        (path,) = (checkout / SERVER).glob(f"*/{name}")
    flip(path)
    damaged = Command(home=mcpi.home, cwd=mcpi.cwd, source=checkout)

    done = damaged.run("install", "time", "--host", "codex", "--yes", status=3)

    assert "Traceback" not in done.stderr
    assert (mcpi.home / ".codex" / "config.toml").read_text() == CONFIG
    assert not list(mcpi.data.glob("servers/*"))


def test_in_a_stored_wheel_it_is_repaired_and_reported(mcpi: Command) -> None:
    mcpi.run("install", "time", "--print", "--yes")
    mcpi.run("uninstall", "time", "--yes")
    store = mcpi.home / ".cache" / "mcpinstall" / "artifacts" / "sha256"
    flip(max((p for p in store.glob("*/*") if p.is_file()), key=lambda p: p.stat().st_size))

    offline = mcpi.run("install", "time", "--host", "codex", "--yes", "--offline", status=None)
    online = mcpi.run("install", "time", "--host", "codex", "--yes")

    assert offline.returncode in (3, 5)
    assert "damaged" in offline.stderr
    assert "damaged" in online.stderr
    assert list(store.glob("*/*.damaged"))


def test_put_back_as_it_was_nothing_is_found(installed: Command) -> None:
    assert "no findings" in installed.run("verify", "--strict").stdout


@pytest.mark.parametrize("suffix", [".py", ".pyc", ".so", "start.py", "pyvenv.cfg", "RECORD"])
def test_in_the_environment_verify_names_the_file(installed: Command, suffix: str) -> None:
    files = (path for path in installed.generation().rglob("*") if path.name.endswith(suffix))
    target = max(
        (p for p in files if p.is_file() and not p.is_symlink()), key=lambda p: p.stat().st_size
    )
    flip(target)

    done = installed.run("verify", "--strict", status=1)

    assert target.name in done.stdout


def test_an_added_file_is_named(installed: Command) -> None:
    (site,) = installed.generation().glob("lib/*/site-packages")
    (site / "sitecustomize.py").write_text("print('hello')\n")

    done = installed.run("verify", status=1)

    assert "sitecustomize.py" in done.stdout


def test_a_host_entry_that_starts_something_else_is_named(installed: Command) -> None:
    path = installed.home / ".codex" / "config.toml"
    path.write_text(path.read_text().replace("current/bin/python", "other/bin/python"))

    done = installed.run("verify", status=1)

    assert "codex-user" in done.stdout
