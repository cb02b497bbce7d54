"""Root in places of others, and a user whom no list of the system knows."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders.odd_places import FILES, INSTALL, Place, Shop, at

if not hasattr(os, "geteuid") or os.geteuid() != 0:
    pytest.skip("needs root", allow_module_level=True)

pytestmark = pytest.mark.e2e

NOBODY = 54_321
"""A user that the system's lists don't have."""


@pytest.mark.parametrize("variable", ["HOME", "MCPI_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"])
def test_root_is_refused_in_the_home_of_another_user(place: Place, variable: str) -> None:
    theirs = place.home.parent / "theirs"
    other = replace(place, home=theirs).furnish()
    os.chown(theirs, NOBODY, NOBODY)
    value = theirs if variable == "HOME" else theirs / "state"

    ended = place.with_variables(**{variable: str(value)}).install(status=3)

    assert ended.refused("state-unsafe")
    assert "without `sudo`" in ended.err
    assert sorted(theirs.iterdir()) == sorted(
        theirs / Path(file).parts[0] for file in FILES.values()
    )
    other.require_unchanged()
    place.require_nothing_installed()


def test_root_keeps_the_owner_of_a_file(place: Place) -> None:
    os.chown(place.host_file(), NOBODY, NOBODY)

    place.require_whole_cycle()

    found = place.host_file().stat()
    assert (found.st_uid, found.st_gid) == (NOBODY, NOBODY)


@pytest.fixture
def stranger(shop: Shop) -> Iterator[Place]:
    """A place of a user who is not root, and is in no list of the system."""
    packages = Path(pytest.__file__).parents[1]
    python = _system_python(packages)
    with tempfile.TemporaryDirectory(prefix="odd-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        shutil.copytree(shop.source, folder / "program")
        for path in (folder / "program", *(folder / "program").rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        _make_script(folder / "mcpi", python)
        home = folder / "home"
        theirs = at(replace(shop, source=folder / "program"), folder, "home")
        for path in (home, *home.rglob("*"), theirs.cwd):
            os.chown(path, NOBODY, NOBODY)
        yield replace(
            theirs,
            program=str(folder / "mcpi"),
            variables={"PYTHONPATH": f"{folder / 'program'}:{packages}"},
            options={"user": NOBODY, "group": NOBODY, "extra_groups": []},
        )


def _system_python(packages: Path) -> str:
    """Return a Python of our version that any user may start, and that finds our packages."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for found in (sys.executable, shutil.which(name, path="/usr/bin:/usr/local/bin")):
        with contextlib.suppress(OSError):
            done = subprocess.run(
                [str(found), "-c", "import typer"], user=NOBODY, group=NOBODY, extra_groups=[],
                cwd="/", env={"PYTHONPATH": str(packages)}, check=False, capture_output=True,
            )  # fmt: skip
            if done.returncode == 0:
                return str(found)
    pytest.skip("needs a second Python")


def _make_script(path: Path, python: str) -> None:
    path.write_text(f"#!{python}\nfrom mcpinstall.cli import main\n\nmain()\n")
    path.chmod(0o755)


def test_a_user_without_an_entry_in_any_list_installs(stranger: Place) -> None:
    stranger.require_whole_cycle()


def test_files_of_another_user_lie_around(stranger: Place) -> None:
    """A file that an unprivileged user can't keep the owner of is left as it is."""
    os.chown(stranger.host_file(), 0, 0)
    stranger.host_file().chmod(0o644)

    ended = stranger.install(status=3)

    assert ended.refused("host-path-refused")
    stranger.require_nothing_installed()
    stranger.run(*INSTALL[:2], "-H", "codex", "-y")
    stranger.require_started("codex")


@pytest.mark.parametrize(
    "folder", [".local", ".local/share/mcpinstall", ".local/share/mcpinstall/history", ".cache"]
)
def test_a_state_folder_of_another_user_is_refused(stranger: Place, folder: str) -> None:
    theirs = stranger.home / folder
    theirs.mkdir(parents=True, mode=0o755)
    for path in theirs.parents:
        if path.is_relative_to(stranger.home) and path != stranger.home:
            os.chown(path, NOBODY, NOBODY)

    ended = stranger.install(status=None)

    assert ended.refused("state-unsafe") or ended.refused("disk-failed"), ended.err
    assert list(theirs.rglob("*")) == []
    stranger.require_unchanged()


def test_a_folder_that_may_not_be_looked_into_is_no_bug(stranger: Place) -> None:
    for closed in (stranger.home / ".cursor", stranger.home / ".local"):
        closed.mkdir(mode=0o700, exist_ok=True)
        os.chown(closed, 0, 0)

    for words in (["hosts", "--all"], ["list"], ["verify"], [*INSTALL, "-y"], ["history"], []):
        assert stranger.run(*words, status=None).status in (0, 3, 5)
