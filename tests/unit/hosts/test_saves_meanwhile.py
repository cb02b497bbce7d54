"""A host saves its file in the worst moments: what it wrote stands."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, find_rows, read, settled, take_out, write, writing
from mcpinstall.model.host import HostChange, HostFile
from mcpinstall.system import exchange, files, limits
from tests.builders.hosts import machine, no_chain, server

ROW = find_rows("cursor")
BEFORE = b'{"counter": 1, "mcpServers": {}}'
SAVED = b'{"counter": 2, "mcpServers": {}}'

Save = Callable[[Path], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A host's file in a home of its own."""
    found = tmp_path / "home" / ".cursor" / "mcp.json"
    found.parent.mkdir(parents=True, mode=0o700)
    found.write_bytes(BEFORE)
    return found


def proposed(path: Path) -> HostChange:
    return add(read(ROW, machine(path.parents[1])), no_chain(ROW), server())


def in_place(path: Path) -> None:
    path.write_bytes(SAVED)


def by_renaming(path: Path) -> None:
    path.with_name("new").write_bytes(SAVED)
    path.with_name("new").replace(path)


def half(path: Path) -> None:
    path.write_bytes(SAVED[:9])


@contextlib.contextmanager
def refused(path: Path) -> Iterator[list[str]]:
    """Fail unless the block is refused, and nothing of ours lies beside the file."""
    messages: list[str] = []
    with pytest.raises(McpInstallError) as error:
        yield messages
    messages.append(error.value.message)
    assert error.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert list(path.parent.iterdir()) == [path]


def after_last_look(monkeypatch: pytest.MonkeyPatch, save: Callable[[], object]) -> None:
    """Let something happen between the last comparison and the replacement."""
    place = writing._place

    def late(file: HostFile, after: bytes, temporary: Path, target: Path) -> None:
        save()
        place(file, after, temporary, target)

    monkeypatch.setattr(writing, "_place", late)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("save", [in_place, by_renaming, half])
def test_a_save_after_the_last_look_stands(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Save
) -> None:
    change = proposed(path)
    after_last_look(monkeypatch, lambda: save(path))

    with refused(path) as error:
        write(change, tmp_path / "locks")

    assert "since it was shown" in error[0]
    assert path.read_bytes() in {SAVED, SAVED[:9]}


def test_a_file_that_a_host_makes_after_the_last_look_stands(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.unlink()
    change = proposed(path)
    after_last_look(monkeypatch, lambda: in_place(path))

    with refused(path):
        write(change, tmp_path / "locks")

    assert path.read_bytes() == SAVED


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_second_save_while_the_first_is_put_back_stands(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes out last is what was there last."""
    change = proposed(path)
    swap, saves = exchange.swap, iter([SAVED, SAVED + b"\n", SAVED + b"\n\n"])

    def saving(one: Path, other: Path) -> bool:
        with contextlib.suppress(StopIteration):
            path.with_name("new").write_bytes(next(saves))
            path.with_name("new").replace(path)
        return swap(one, other)

    monkeypatch.setattr(exchange, "swap", saving)

    with refused(path):
        write(change, tmp_path / "locks")

    assert path.read_bytes() == SAVED + b"\n\n"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("exchanging", [True, False])
def test_a_save_into_the_file_that_is_replaced_is_put_back(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanging: bool
) -> None:
    """The host has opened the file before, and writes when it has another name, or none."""
    change, place = proposed(path), writing._place

    def overtaken(file: HostFile, after: bytes, temporary: Path, target: Path) -> None:
        with path.open("rb+") as opened:
            place(file, after, temporary, target)
            opened.write(SAVED)

    monkeypatch.setattr(writing, "_place", overtaken)
    if not exchanging:
        monkeypatch.setattr(exchange, "_function", lambda: None)

    with refused(path):
        write(change, tmp_path / "locks")

    assert path.read_bytes() == SAVED


def test_a_save_that_keeps_our_entry_is_no_failure(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host has read our entry, and saved its own state right after."""
    change, write_atomic = proposed(path), files.write_atomic

    def saved_again(*arguments: object, **options: object) -> None:
        write_atomic(*arguments, **options)  # type: ignore[arg-type]
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "counter": 2}))

    monkeypatch.setattr(writing, "write_atomic", saved_again)

    write(change, tmp_path / "locks")

    found = json.loads(path.read_bytes())
    assert found["counter"] == 2
    assert set(found["mcpServers"]) == {"time"}

    write(
        take_out(read(ROW, machine(path.parents[1])), change.chain_after, "time"),
        tmp_path / "locks",
    )

    assert json.loads(path.read_bytes()) == {"counter": 2, "mcpServers": {}}


@pytest.mark.parametrize("style", ["remove", "keep"])
def test_a_save_that_brings_back_what_we_took_out_is_reported(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    change = proposed(path)
    write(change, tmp_path / "locks")
    with_entry, write_atomic = path.read_bytes(), files.write_atomic
    back = take_out(read(ROW, machine(path.parents[1])), change.chain_after, "time")

    def saved_again(*arguments: object, **options: object) -> None:
        write_atomic(*arguments, **options)  # type: ignore[arg-type]
        path.write_bytes(with_entry + b"\n" if style == "keep" else SAVED)

    monkeypatch.setattr(writing, "write_atomic", saved_again)

    if style == "remove":
        write(back, tmp_path / "locks")
    else:
        with refused(path):
            write(back, tmp_path / "locks")


def test_a_file_that_was_emptied_just_now_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that saves in place empties its file first."""
    path.write_bytes(b"")
    monkeypatch.setattr(time, "sleep", lambda _: path.write_bytes(SAVED))

    assert settled.content(path) == SAVED


def test_a_file_that_has_been_empty_for_long_is_empty(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"")
    os.utime(path, (1, 1))
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))

    assert settled.content(path) == b""


def test_a_file_that_is_emptied_all_the_time_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HOST_SAVE_SECONDS", 0.1)
    path.write_bytes(b"")
    monkeypatch.setattr(settled, "_is_just_emptied", lambda path: True)

    assert settled.content(path) == b""


@pytest.fixture
def folder_lock(path: Path) -> Iterator[int]:
    """The lock on the folder, held by somebody else; closing the descriptor lets it go."""
    fcntl = pytest.importorskip("fcntl", reason="needs POSIX")
    other = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    yield other
    with contextlib.suppress(OSError):
        os.close(other)


def test_who_has_the_folder_is_waited_for(
    path: Path, tmp_path: Path, folder_lock: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An mcpinstall with another `MCPI_HOME` has other locks of its own, but the same folder."""
    change = proposed(path)
    waits: list[float] = []

    def let_go(seconds: float) -> None:
        assert path.read_bytes() == BEFORE
        os.close(folder_lock)
        waits.append(seconds)

    monkeypatch.setattr(time, "sleep", let_go)

    write(change, tmp_path / "locks")

    assert len(waits) == 1
    assert path.read_bytes() == change.after


@pytest.mark.usefixtures("folder_lock")
def test_nobody_can_keep_a_file_from_being_written_with_a_lock(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can list a home folder can lock it."""
    monkeypatch.setattr(limits, "FOLDER_LOCK_SECONDS", 0.1)
    change = proposed(path)

    write(change, tmp_path / "locks")

    assert path.read_bytes() == change.after


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_save_that_was_taken_out_goes_back_when_we_are_interrupted(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = proposed(path)
    after_last_look(monkeypatch, lambda: by_renaming(path))

    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "read_bounded", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write(change, tmp_path / "locks")

    assert path.read_bytes() == SAVED
    assert list(path.parent.iterdir()) == [path]
