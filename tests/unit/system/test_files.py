from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import files

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def test_what_a_dead_writer_left_is_removed(tmp_path: Path) -> None:
    kept = ["mcp.json", ".mcp.json.swp", ".mcp.json.0123.mcpi", "mcp.json.0123456789ab.mcpi"]
    left = [".mcp.json.0123456789ab.mcpi", ".other.json.0123456789ab.mcpi"]
    for name in [*kept, *left]:
        (tmp_path / name).touch()

    files.remove_temporary(tmp_path, "mcp.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, left[1]])
    files.remove_temporary(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_folder_that_is_not_there_has_nothing_left(tmp_path: Path) -> None:
    files.remove_temporary(tmp_path / "missing")


def test_a_write_that_is_stopped_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write_atomic(path, b"new", before_replace=stop)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_private_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    made = files.private_folder(tmp_path / "a" / "b")

    assert {path.stat().st_mode & 0o777 for path in (made, made.parent)} == {0o700}


@posix
@pytest.mark.parametrize("mode", [0o777, 0o707])
def test_a_folder_below_one_that_is_open_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open" / "ours"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(mode)

    with pytest.raises(McpInstallError) as refused:
        files.private_folder(folder)

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    assert str(folder.parent) in refused.value.message


@posix
def test_a_folder_below_a_sticky_one_is_ours(tmp_path: Path) -> None:
    folder = tmp_path / "sticky" / "ours"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o1777)

    assert files.private_folder(folder) == folder


@posix
def test_a_folder_that_a_link_leads_to_is_looked_at_where_it_is(tmp_path: Path) -> None:
    real = tmp_path / "open" / "real"
    (real / "ours").mkdir(parents=True, mode=0o700)
    real.parent.chmod(0o777)
    (tmp_path / "link").symlink_to(real)

    with pytest.raises(McpInstallError) as refused:
        files.private_folder(tmp_path / "link" / "ours")

    assert refused.value.code is ErrorCode.STATE_UNSAFE


# Results ----------------------------------------------------------------------------------------


@posix
def test_a_result_goes_into_a_pipe_and_does_not_take_its_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    files.write_result(pipe, b"found")

    assert os.read(reader, 100) == b"found"
    os.close(reader)
    assert files.is_pipe(pipe)


@posix
def test_a_result_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"old")
    (tmp_path / "link").symlink_to("there")

    files.write_result(tmp_path / "link", b"new")

    assert (tmp_path / "there").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_what_could_not_be_written_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(McpInstallError) as refused:
        files.write_result(tmp_path / "folder", b"x")

    assert refused.value.code is ErrorCode.DISK_FAILED
    assert refused.value.message.count(str(tmp_path)) == 1
    assert ".mcpi" not in refused.value.message
