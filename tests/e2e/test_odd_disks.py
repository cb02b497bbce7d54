"""Disks that are full or can't be written to, for each thing that mcpi keeps on one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import disks
from tests.builders.odd_places import ENTRY, Place

if not disks.may_mount():
    pytest.skip("needs root", allow_module_level=True)

pytestmark = pytest.mark.e2e

ENOUGH = 64 * 1024  # KiB; a hundred times what is needed


@pytest.fixture(autouse=True)
def _mounts() -> Iterator[None]:
    with disks.private_mounts():
        yield


def on(place: Place, variable: str) -> tuple[Place, Path]:
    """Return the place with something of it on a disk of its own, and that disk."""
    disk = place.home.parent / "disk"
    if variable == "MCPI_HOME":
        return place.with_variables(MCPI_HOME=str(disk / "state")), disk
    return place.with_variables(**{variable: str(disk)}), disk


def require_no_space(ended_err: str) -> None:
    assert "error[disk-failed]: " in ended_err, ended_err
    assert "hint: free some disk space" in ended_err
    assert "  | error" not in ended_err


@pytest.mark.parametrize("variable", ["MCPI_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"])
def test_a_full_disk_of_any_size_leaves_nothing(place: Place, variable: str) -> None:
    odd, disk = on(place, variable)
    failed, kilobytes = 0, 4
    disks.small_disk(disk, kilobytes)
    while (ended := odd.install(status=None)).status != 0:
        assert ended.status == 5
        require_no_space(ended.err)
        odd.require_unchanged()
        failed, kilobytes = failed + 1, kilobytes * 2
        disks.resize(disk, kilobytes)

    assert kilobytes < ENOUGH
    assert failed > 0 or variable == "TMPDIR"
    odd.require_started()
    disks.resize(disk, ENOUGH)
    odd.run("uninstall", ENTRY, "-y")
    odd.require_nothing_installed()


def test_a_disk_without_room_for_a_host_file_keeps_it(place: Place) -> None:
    folder = place.host_file().parent
    before = place.host_file().read_bytes()
    disks.small_disk(folder, 4)
    place.host_file().write_bytes(before)

    ended = place.install(status=5)

    require_no_space(ended.err)
    place.require_nothing_installed()
    disks.resize(folder, 64)
    place.install()
    place.require_started()


@pytest.mark.parametrize("files", [12, 40, 60])
def test_a_disk_without_room_for_names_leaves_nothing(place: Place, files: int) -> None:
    odd, disk = on(place, "MCPI_HOME")
    disks.small_disk(disk, ENOUGH, files)

    ended = odd.install(status=5)

    require_no_space(ended.err)
    odd.require_unchanged()
    disks.resize(disk, ENOUGH)
    odd.install()
    odd.require_started()


def test_a_full_disk_can_be_uninstalled_from(place: Place) -> None:
    """Nothing more fits: the change is refused whole, or made whole."""
    odd, disk = on(place, "MCPI_HOME")
    disks.small_disk(disk, 1024)
    odd.install()
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass

    ended = odd.run("uninstall", ENTRY, "-y", status=None)

    assert ended.status in (0, 5)
    if ended.status == 5:
        require_no_space(ended.err)
        odd.require_started()
        (disk / "filler").unlink()
        odd.run("uninstall", ENTRY, "-y")
    odd.require_nothing_installed()


@pytest.mark.parametrize("folder", [".", ".local/share/mcpinstall", ".cache", ".cursor", ".codex"])
def test_what_can_not_be_written_to_is_left_as_it_is(place: Place, folder: str) -> None:
    for each in (".local/share/mcpinstall", ".cache"):
        (place.home / each).mkdir(parents=True, mode=0o700)
    disks.make_read_only(place.home / folder)

    ended = place.install(status=5)

    assert ended.refused("disk-failed")
    assert "Read-only file system" in ended.err
    place.require_unchanged()
    for words in (["list"], ["hosts"], ["history"]):
        place.run(*words)
    disks.make_writable(place.home / folder)
    place.install()
    place.require_started()


@pytest.mark.parametrize("folder", [".local", ".cursor"])
def test_what_is_installed_works_on_a_disk_that_became_read_only(place: Place, folder: str) -> None:
    place.install()
    disks.make_read_only(place.home / folder)

    place.answer("list")
    place.require_started()
    ended = place.run("uninstall", ENTRY, "-y", status=5)

    assert ended.refused("disk-failed")
    assert place.entry("cursor") == place.entry("codex")
    place.require_started()
    disks.make_writable(place.home / folder)
    place.run("uninstall", ENTRY, "-y")
    place.require_nothing_installed()


def test_no_place_for_temporary_files_is_no_bug(place: Place) -> None:
    for folder in ("/tmp", "/var/tmp", "/usr/tmp", "/dev/shm"):
        if Path(folder).is_dir():
            disks.make_read_only(Path(folder))

    ended = place.install(status=5)

    assert ended.refused("disk-failed")
