"""Looks at a host's file in the moments around a save, one by one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, read, settled, take_out, write, writing
from mcpinstall.model.host import HostChange, HostFile
from mcpinstall.system import exchange, files, limits, locking
from tests.builders.hosts import machine, no_chain, server

ROW = find_rows("cursor")
BEFORE = b'{"counter": 1, "mcpServers": {}}'
SAVED = b'{"counter": 2, "mcpServers": {}}'
HALF = b'{"counter": 2, "mcp'
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A host's file in a home of its own."""
    found = tmp_path / "home" / ".cursor" / "mcp.json"
    found.parent.mkdir(parents=True, mode=0o700)
    found.write_bytes(BEFORE)
    return found


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    return tmp_path / "locks"


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))


def proposed(path: Path) -> HostChange:
    return add(read(ROW, machine(path.parents[1])), no_chain(ROW), server())


@contextlib.contextmanager
def refused(words: str = "") -> Iterator[None]:
    with pytest.raises(McpInstallError) as error:
        yield
    assert error.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert words in error.value.message


def after_placing(monkeypatch: pytest.MonkeyPatch, save: Callable[[], object]) -> None:
    """Let something happen right after the new file has its name."""
    place = writing._place

    def followed(file: HostFile, after: bytes, temporary: Path, target: Path) -> None:
        place(file, after, temporary, target)
        save()

    monkeypatch.setattr(writing, "_place", followed)


def after_writing(monkeypatch: pytest.MonkeyPatch, save: Callable[[], object]) -> None:
    """Let something happen right before the file is read back."""
    write_atomic = files.write_atomic

    def followed(*arguments: object, **options: object) -> None:
        write_atomic(*arguments, **options)  # type: ignore[arg-type]
        save()

    monkeypatch.setattr(writing, "write_atomic", followed)


# A file that may be half written ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "size", "emptied"),
    [(0, 0, True), (0.5, 0, True), (1, 0, False), (-0.5, 0, False), (0.5, 1, False)],
)
def test_a_file_was_emptied_just_now_for_one_second(
    path: Path, monkeypatch: pytest.MonkeyPatch, age: float, size: int, emptied: bool
) -> None:
    path.write_bytes(b"x" * size)
    os.utime(path, (1000, 1000))
    monkeypatch.setattr(time, "time", lambda: 1000 + age)

    assert settled._is_just_emptied(path) is emptied


def test_a_file_that_is_gone_was_not_emptied(path: Path) -> None:
    path.unlink()

    assert not settled._is_just_emptied(path)


@pytest.mark.parametrize(("content", "whole"), [(b"", False), (HALF, False), (SAVED, True)])
def test_what_a_host_means_to_write_can_be_read(content: bytes, whole: bool) -> None:
    assert settled.is_whole(content, ROW) is whole


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("found", [BEFORE, SAVED, BEFORE + b" " * (3 << 20)])
def test_an_open_file_that_is_whole_is_not_waited_for(path: Path, found: bytes) -> None:
    path.write_bytes(found)
    with path.open("rb") as file:
        assert settled.opened(file.fileno(), ROW, BEFORE) == found


def test_an_open_file_that_is_half_written_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(HALF)
    monkeypatch.setattr(time, "sleep", lambda _: path.write_bytes(SAVED))
    with path.open("rb") as file:
        assert settled.opened(file.fileno(), ROW, BEFORE) == SAVED


def test_an_open_file_that_stays_half_written_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HOST_SAVE_SECONDS", 0.05)
    path.write_bytes(HALF)
    with path.open("rb") as file:
        assert settled.opened(file.fileno(), ROW, BEFORE) == HALF


# Before the replacement ------------------------------------------------------------------------


@pytest.mark.parametrize("look", [1, 2])
def test_a_save_during_a_look_stands_where_files_cant_be_exchanged(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    change, content = proposed(path), settled.content
    looks: list[Path] = []

    def then_saved(target: Path) -> bytes | None:
        found = content(target)
        looks.append(target)
        if len(looks) == look:
            path.write_bytes(SAVED)
        return found

    monkeypatch.setattr(settled, "content", then_saved)
    monkeypatch.setattr(exchange, "_function", lambda: None)

    with refused("since it was shown"):
        write(change, locks)
    assert path.read_bytes() == SAVED


def test_a_save_before_a_deletion_stands(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.unlink()
    change = proposed(path)
    write(change, locks)
    back = take_out(read(ROW, machine(path.parents[1])), change.chain_after, "time")
    hold = locking.hold_folder

    @contextlib.contextmanager
    def then_saved(folder: Path, *, seconds: float) -> Iterator[None]:
        with hold(folder, seconds=seconds):
            path.write_bytes(SAVED)
            yield

    monkeypatch.setattr(locking, "hold_folder", then_saved)

    assert back.after is None
    with refused("since it was shown"):
        write(back, locks)
    assert path.read_bytes() == SAVED


@posix
def test_the_mode_is_kept_to_the_last_bit(path: Path, locks: Path) -> None:
    path.chmod(0o755)

    write(proposed(path), locks)

    assert path.stat().st_mode & 0o777 == 0o755


@posix
@pytest.mark.parametrize(
    ("found", "us", "kept"),
    [
        ((7, 8), (7, 8), None),
        ((7, 9), (7, 8), (7, 9)),
        ((9, 8), (0, 0), (9, 8)),
        ((0, 8), (0, 0), (0, 8)),
    ],
)
def test_owner_and_group_are_kept_where_they_are_not_ours_anyway(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    found: tuple[int, int],
    us: tuple[int, int],
    kept: tuple[int, int] | None,
) -> None:
    file = proposed(path).file
    monkeypatch.setattr(os, "geteuid", lambda: us[0])
    monkeypatch.setattr(os, "getegid", lambda: us[1])
    status = SimpleNamespace(st_uid=found[0], st_gid=found[1])

    assert writing._kept_owner(file, status) == kept  # type: ignore[arg-type]


def test_folders_that_another_program_makes_meanwhile_are_no_failure(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)

    writing._make_folders(path.parent)


# The replacement -------------------------------------------------------------------------------


@posix
def test_a_new_file_is_made_where_files_have_one_name(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.unlink()
    change = proposed(path)

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)

    write(change, locks)

    assert path.read_bytes() == change.after
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_has_one_name(path: Path, locks: Path) -> None:
    path.unlink()

    write(proposed(path), locks)

    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cant_be_kept_open_is_replaced_all_the_same(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    monkeypatch.setattr(writing, "_opened", lambda _: None)

    write(change, locks)

    assert path.read_bytes() == change.after


def test_a_file_that_is_gone_can_not_be_kept_open(path: Path) -> None:
    path.unlink()

    assert writing._opened(path) is None


def test_windows_has_no_owner_to_keep_and_replaces_no_open_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, status = proposed(path).file, path.stat()
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        for name in ("geteuid", "getegid"):
            windows.delattr(os, name, raising=False)
        found = writing._opened(path), writing._kept_owner(file, status)

    assert found == (None, None)


def saved_late(
    monkeypatch: pytest.MonkeyPatch, path: Path, content: bytes, then: Callable[[], object]
) -> None:
    """Let a host write into the file that was replaced, which it has opened before."""
    place = writing._place

    def overtaken(file: HostFile, after: bytes, temporary: Path, target: Path) -> None:
        with path.open("rb+") as opened:
            place(file, after, temporary, target)
            opened.truncate()
            opened.write(content)
        then()

    monkeypatch.setattr(writing, "_place", overtaken)


@posix
def test_a_late_save_is_put_back_and_told(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    saved_late(monkeypatch, path, SAVED, lambda: None)

    with refused("in the very moment"):
        write(change, locks)
    assert path.read_bytes() == SAVED


@posix
def test_half_of_a_late_save_is_not_put_back(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    monkeypatch.setattr(limits, "HOST_SAVE_SECONDS", 0.05)
    saved_late(monkeypatch, path, HALF, lambda: None)

    with refused("in the very moment"):
        write(change, locks)
    assert path.read_bytes() == change.after


@posix
def test_a_late_save_is_not_put_over_a_later_one(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    saved_late(monkeypatch, path, SAVED, lambda: path.write_bytes(SAVED + b"\n"))

    with refused("in the very moment"):
        write(change, locks)
    assert path.read_bytes() == SAVED + b"\n"


# Reading back ----------------------------------------------------------------------------------


def test_a_file_that_goes_right_after_is_reported(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    after_writing(monkeypatch, path.unlink)

    with refused("changed it again at once"):
        write(change, locks)


def test_a_change_that_is_no_entry_of_ours_must_stand_as_it_is(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recovery writes such changes."""
    nothing = no_chain(ROW)
    change = HostChange(
        file=read(ROW, machine(path.parents[1])), after=b"{}",
        chain_before=nothing, chain_after=nothing,
    )  # fmt: skip
    after_writing(monkeypatch, lambda: path.write_bytes(SAVED))

    with refused("changed it again at once"):
        write(change, locks)


def test_a_file_that_is_being_saved_again_is_waited_for(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    assert change.after is not None
    whole = json.dumps({**json.loads(change.after), "counter": 3}).encode()
    after_writing(monkeypatch, lambda: path.write_bytes(HALF))
    monkeypatch.setattr(time, "sleep", lambda _: path.write_bytes(whole))

    write(change, locks)

    assert path.read_bytes() == whole


def test_a_save_right_after_that_lacks_our_entry_is_reported(
    path: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    after_placing(monkeypatch, lambda: path.write_bytes(SAVED))

    with refused("changed it again at once"):
        write(change, locks)
    assert path.read_bytes() == SAVED
