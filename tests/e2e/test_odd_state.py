"""State folders and records that are links, pipes, devices, or a folder where a file should be.

Nothing is written or deleted through them, nothing waits for ever, and every command ends with an
exit status of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.odd_places import ENTRY, Place

if os.name != "posix":
    pytest.skip("needs POSIX", allow_module_level=True)

pytestmark = pytest.mark.e2e

FOLDERS = (
    "data", "data/servers", "data/receipts", "data/history", "data/hosts", "data/registries",
    "data/locks", "cache/staging", "cache/artifacts/sha256", "cache/uv",
)  # fmt: skip
"""Below `MCPI_HOME`; none may be a link."""

READ = FOLDERS[:6]
"""Those that are looked at before anything of them is read."""


@pytest.fixture
def moved(place: Place) -> Place:
    """A place with all state in one folder, and a server installed there."""
    found = place.with_variables(MCPI_HOME=str(place.home / "state"))
    found.install()
    return found


def state(place: Place) -> Path:
    return place.home / "state"


def content(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Return every path below a folder with its mode and bytes."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() and not path.is_symlink() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_is_written_or_deleted_through_a_linked_folder(place: Place, folder: str) -> None:
    linked, elsewhere = state(place) / folder, place.home / "elsewhere"
    (elsewhere / "photos" / "2026").mkdir(parents=True)
    (elsewhere / "photos" / "2026" / "a.jpg").write_bytes(b"mine")
    before = content(elsewhere)
    linked.parent.mkdir(parents=True, mode=0o700)
    linked.symlink_to(elsewhere)
    moved = place.with_variables(MCPI_HOME=str(state(place)))

    listed = moved.run("list", status=None)
    ended = moved.install(status=3)

    assert content(elsewhere) == before
    assert linked.is_symlink()
    assert ended.refused("state-unsafe")
    assert listed.refused("state-unsafe") or folder not in READ
    moved.require_unchanged()


@pytest.mark.parametrize("folder", ["cache", "cache/artifacts"])
def test_downloads_may_lie_behind_a_link_of_the_user(place: Place, folder: str) -> None:
    linked, elsewhere = state(place) / folder, place.home / "elsewhere"
    (elsewhere / "photos").mkdir(parents=True, mode=0o700)
    (elsewhere / "photos" / "a.jpg").write_bytes(b"mine")
    linked.parent.mkdir(parents=True, mode=0o700)
    linked.symlink_to(elsewhere)

    place.with_variables(MCPI_HOME=str(state(place))).require_whole_cycle()

    assert (elsewhere / "photos" / "a.jpg").read_bytes() == b"mine"
    assert linked.is_symlink()


MAKERS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "link to a device": lambda path: path.symlink_to("/dev/zero"),
}

RECORDS = {
    "data/receipts/clock.json": ("list",),
    "data/hosts/cursor-user.json": ("hosts",),
    "data/history/journal.json": ("list",),
    "config/config.toml": ("search", ENTRY),
    "cache/staging.lock": ("verify",),
}
"""Files of ours, and a command that needs each."""


@pytest.mark.parametrize("kind", MAKERS)
def test_records_of_any_kind_are_refused(place: Place, moved: Place, kind: str) -> None:
    """One after the other, each put back before the next."""
    for record, words in RECORDS.items():
        path = state(place) / record
        kept = path.rename(path.with_name("kept.aside")) if path.exists() else None
        path.parent.mkdir(mode=0o700, exist_ok=True)
        MAKERS[kind](path)

        ended = moved.run(*words, status=None)

        harmless = record.endswith(".lock") and kind == "pipe"  # it can be locked like a file
        assert ended.status in (1, 3, 5) or harmless, (record, ended.err)
        path.rmdir() if kind == "folder" else path.unlink()
        if kept is not None:
            kept.rename(path)
    moved.require_working()


def test_a_current_that_leads_elsewhere_is_not_followed(place: Place, moved: Place) -> None:
    (current,) = state(place).glob("data/servers/*/current")
    for target in ("..", "/etc", "../../receipts", "no such generation"):
        current.unlink()
        current.symlink_to(target)
        before = content(state(place))

        assert moved.run("list").out.splitlines()[1].split()[0] == ENTRY
        assert moved.run("verify", status=None).status in (1, 3), target

        assert content(state(place)) == before
    moved.run("uninstall", ENTRY, "-y", status=None)
    assert (state(place) / "data" / "history").is_dir()


def test_a_linked_home_of_a_server_is_not_swept(place: Place, moved: Place) -> None:
    photos = place.home / "photos"
    (photos / "2026").mkdir(parents=True)
    (state(place) / "data" / "servers" / "photos").symlink_to(photos)

    moved.run("uninstall", ENTRY, "-y")

    assert (photos / "2026").is_dir()


def test_a_linked_generation_is_not_used(place: Place, moved: Place) -> None:
    (current,) = state(place).glob("data/servers/*/current")
    generation = current.resolve()
    elsewhere = generation.rename(place.home / "elsewhere")
    generation.symlink_to(elsewhere)
    before = content(elsewhere)

    moved.run("verify", status=1)
    moved.run("uninstall", ENTRY, "-y")

    assert content(elsewhere) == before
    moved.require_nothing_installed()
