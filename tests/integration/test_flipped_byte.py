"""One flipped byte, wherever it is, is refused or found, and no host file is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.command import Command, copied_checkout, flip

pytestmark = pytest.mark.network

CONFIG = "# mine\nmodel = 'x'\n"
SERVER = Path("manifests", "io.github.modelcontextprotocol", "server-time")


@pytest.fixture
def mcpi(home: Path, tmp_path: Path) -> Command:
    cwd = tmp_path / "work"
    cwd.mkdir()
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(CONFIG)
    return Command(home=home, cwd=cwd)


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


@pytest.mark.parametrize("suffix", [".py", ".pyc", ".so", "start.py", "pyvenv.cfg", "RECORD"])
def test_in_the_environment_verify_names_the_file(mcpi: Command, suffix: str) -> None:
    mcpi.run("install", "time", "--host", "codex", "--yes")
    files = (path for path in mcpi.generation().rglob("*") if path.name.endswith(suffix))
    target = max(
        (p for p in files if p.is_file() and not p.is_symlink()), key=lambda p: p.stat().st_size
    )
    flip(target)

    done = mcpi.run("verify", "--strict", status=1)

    assert target.name in done.stdout


def test_an_added_file_is_named(mcpi: Command) -> None:
    mcpi.run("install", "time", "--host", "codex", "--yes")
    (site,) = mcpi.generation().glob("lib/*/site-packages")
    (site / "sitecustomize.py").write_text("print('hello')\n")

    done = mcpi.run("verify", status=1)

    assert "sitecustomize.py" in done.stdout


def test_a_host_entry_that_starts_something_else_is_named(mcpi: Command) -> None:
    mcpi.run("install", "time", "--host", "codex", "--yes")
    path = mcpi.home / ".codex" / "config.toml"
    path.write_text(path.read_text().replace("current/bin/python", "other/bin/python"))

    done = mcpi.run("verify", status=1)

    assert "codex-user" in done.stdout
