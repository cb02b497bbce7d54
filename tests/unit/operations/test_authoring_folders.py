"""A version's folder is written whole, exchanged whole, and settled after a death."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import authoring_folders

OLD = {"manifest.toml": b"old", "server.json": b"{}", "tools.json": b"[]"}
NEW = {"manifest.toml": b"new", "server.json": b"{1}"}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "registry" / "com.example" / "clock" / "1.0"


def beside(target: Path, end: str) -> Path:
    return target.with_name(f".{target.name}{end}")


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def left(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()}


def test_a_new_folder_has_all_files_and_nothing_lies_beside_it(target: Path) -> None:
    authoring_folders.place(target, OLD)

    assert (written(target), left(target)) == (OLD, {"1.0"})
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in target.iterdir()} == {0o644}


def test_what_is_there_is_not_written_over(target: Path) -> None:
    authoring_folders.place(target, OLD)

    with pytest.raises(McpInstallError) as refused:
        authoring_folders.place(target, NEW)

    assert refused.value.code is ErrorCode.SERVER_EXISTS
    assert (written(target), left(target)) == (OLD, {"1.0"})


def test_again_exchanges_its_files_and_keeps_what_a_person_put_there(target: Path) -> None:
    authoring_folders.place(target, OLD)
    (target / "manifest.sigstore.json").write_bytes(b"signed")
    (target / "notes").mkdir()
    (target / "notes" / "a.txt").write_bytes(b"mine")
    if os.name == "posix":
        (target / "link").symlink_to("/etc/passwd")
        (target / "folder").symlink_to("/etc")
        (target / "notes" / "inner").symlink_to("/etc/passwd")

    authoring_folders.place(target, NEW, again=True)

    kept = {name: data for name, data in written(target).items() if name != "link"}
    assert kept == {**NEW, "manifest.sigstore.json": b"signed"}
    assert (target / "notes" / "a.txt").read_bytes() == b"mine"
    assert left(target) == {"1.0"}
    if os.name == "posix":
        assert (target / "link").readlink() == Path("/etc/passwd")
        assert (target / "folder").is_symlink()
        assert (target / "notes" / "inner").is_symlink()


def test_again_makes_what_is_not_there(target: Path) -> None:
    authoring_folders.place(target, NEW, again=True)

    assert written(target) == NEW


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("again", [False, True])
def test_a_failure_leaves_what_was_there(target: Path, again: bool) -> None:
    if again:
        authoring_folders.place(target, OLD)
    too_long = {**NEW, "x" * 300: b"no file system takes such a name"}

    with pytest.raises(McpInstallError) as refused:
        authoring_folders.place(target, too_long, again=again)

    assert refused.value.code is ErrorCode.DISK_FAILED
    if again:
        assert (written(target), left(target)) == (OLD, {"1.0"})
    else:
        assert not (target.parent.parent.parent).exists(), "folders that it made are gone"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_everybody_can_read_a_version_and_nobody_else_write_it(target: Path) -> None:
    os.umask(0)

    authoring_folders.place(target, OLD)

    assert target.stat().st_mode & 0o777 == 0o755


class Interrupted(Mapping[str, bytes]):
    """Files of a version, while whose writing somebody else puts a file beside it."""

    def __init__(self, beside: Path) -> None:
        self._beside = beside

    def __iter__(self) -> Iterator[str]:
        self._beside.write_bytes(b"theirs")
        yield "x" * 300  # no file system takes such a name

    def __len__(self) -> int:
        return 1

    def __getitem__(self, name: str) -> bytes:
        return b""


def test_a_folder_in_which_somebody_else_wrote_stays_and_hides_no_failure(target: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        authoring_folders.place(target, Interrupted(target.parent / "theirs"))

    assert refused.value.code is ErrorCode.DISK_FAILED
    assert left(target) == {"theirs"}


def test_folders_of_others_stay_after_a_failure(target: Path) -> None:
    (target.parent / "0.9").mkdir(parents=True)

    with pytest.raises(McpInstallError):
        authoring_folders.place(target, {"x" * 300: b""})

    assert left(target) == {"0.9"}


def died(target: Path, *, named: bool, staged: bool, old: bool) -> None:
    """Leave what a run leaves that died at some point of an exchange."""
    for folder, files, there in (
        (target, OLD if not named else NEW, named or not old),
        (beside(target, ".mcpi"), NEW, staged),
        (beside(target, ".mcpi-old"), OLD, old),
    ):
        if there:
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("named", "staged", "old", "after"),
    [
        (False, True, False, OLD),  # before the first rename
        (False, True, True, OLD),  # between the two
        (True, False, True, NEW),  # after both
        (True, False, False, NEW),
    ],
)
def test_what_a_dead_run_left_becomes_the_old_state_or_the_new(
    target: Path, named: bool, staged: bool, old: bool, after: dict[str, bytes]
) -> None:
    died(target, named=named, staged=staged, old=old)
    assert authoring_folders.unsettled(target) == (staged or old)

    authoring_folders.settle_all(target.parent.parent.parent)

    assert (written(target), left(target)) == (after, {"1.0"})
    assert not authoring_folders.unsettled(target)


def test_the_next_write_settles_first(target: Path) -> None:
    died(target, named=False, staged=True, old=True)

    with pytest.raises(McpInstallError) as refused:
        authoring_folders.place(target, NEW)
    assert (refused.value.code, written(target)) == (ErrorCode.SERVER_EXISTS, OLD)

    authoring_folders.place(target, NEW, again=True)
    assert (written(target), left(target)) == (NEW, {"1.0"})


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_link_in_the_place_of_what_was_left_is_not_followed(target: Path, tmp_path: Path) -> None:
    authoring_folders.place(target, OLD)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_bytes(b"theirs")
    beside(target, ".mcpi-old").symlink_to(tmp_path / "theirs")

    authoring_folders.settle(target)

    assert (tmp_path / "theirs" / "file").read_bytes() == b"theirs"
    assert written(target) == OLD
