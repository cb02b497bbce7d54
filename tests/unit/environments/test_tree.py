from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from mcpinstall import environments
from mcpinstall.environments.tree import ExpectedFile, Kind, TreeEntry, read_tree, summed_up
from mcpinstall.errors import ErrorCode, McpInstallError

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry(path: str, data: bytes = b"x", kind: Kind = Kind.FILE, names: int = 1) -> TreeEntry:
    return TreeEntry(path, kind, len(data), sha256(data), names)


def wanted(path: str, data: bytes = b"x", kind: Kind = Kind.FILE) -> ExpectedFile:
    return ExpectedFile(path=path, kind=kind, size=len(data), sha256=sha256(data))


def filled(folder: Path) -> Path:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c.py").write_bytes(b"print(1)\n")
    (folder / "a.txt").write_bytes(b"")
    (folder / "large").write_bytes(b"\0" * (1 << 21))
    return folder


def test_every_file_is_listed_with_its_digest(tmp_path: Path) -> None:
    assert [(one.path, one.size, one.sha256) for one in read_tree(filled(tmp_path))] == [
        ("a.txt", 0, sha256(b"")),
        ("a/b/c.py", 9, sha256(b"print(1)\n")),
        ("large", 1 << 21, sha256(b"\0" * (1 << 21))),
    ]


def test_the_digest_is_over_one_line_for_each_entry(tmp_path: Path) -> None:
    found = environments.measure(filled(tmp_path))

    lines = "".join(
        f"f {path} {size} {digest}\n"
        for path, size, digest in [
            ("a.txt", 0, sha256(b"")),
            ("a/b/c.py", 9, sha256(b"print(1)\n")),
            ("large", 1 << 21, sha256(b"\0" * (1 << 21))),
        ]
    )
    assert found.sha256 == sha256(lines.encode())
    assert (found.files, found.size) == (3, 9 + (1 << 21))


def test_two_equal_folders_have_the_same_digest(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        filled(tmp_path / name)

    assert environments.measure(tmp_path / "one") == environments.measure(tmp_path / "two")


@posix
def test_mode_and_link_target_are_part_of_the_digest(tmp_path: Path) -> None:
    first = environments.measure(filled(tmp_path))
    (tmp_path / "a.txt").chmod(0o755)
    second = environments.measure(tmp_path)
    (tmp_path / "link").symlink_to("a.txt")
    third = environments.measure(tmp_path)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("large")

    assert len({first, second, third, environments.measure(tmp_path)}) == 4


def test_a_name_with_a_line_feed_cannot_pose_as_two_files() -> None:
    one = summed_up([entry(f"a 1 {sha256(b'x')}\nf b")])
    two = summed_up([entry("a"), entry("b")])

    assert one.sha256 != two.sha256


def test_a_folder_that_is_not_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as failed:
        environments.measure(tmp_path / "nowhere")

    assert failed.value.code is ErrorCode.DISK_FAILED


def test_an_equal_tree_has_no_differences() -> None:
    assert environments.differences([entry("a"), entry("b")], [wanted("a"), wanted("b")]) == ()


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ([], "`a` is missing"),
        ([entry("a", b"y")], "`a` has other bytes"),
        ([entry("a", b"xx")], "`a` has other bytes"),
        ([entry("a"), entry("b")], "`b` belongs to no archive"),
        ([entry("a", kind=Kind.LINK)], "`a` is of another type"),
        ([entry("a", kind=Kind.OTHER)], "`a` is of another type"),
        ([entry("a", names=2)], "`a` shares its bytes with another name on the disk"),
    ],
)
def test_a_difference_is_named(found: list[TreeEntry], line: str) -> None:
    assert environments.differences(found, [wanted("a")]) == (line,)


@posix
def test_another_mode_is_a_difference_of_a_finished_tree_only() -> None:
    found = [entry("a", kind=Kind.EXECUTABLE)]

    assert environments.differences(found, [wanted("a")]) == ("`a` has another mode",)
    assert environments.differences(found, [wanted("a")], final=False) == ()


def test_a_compiled_file_may_be_absent_and_is_unexpected_before_compilation() -> None:
    compiled = ExpectedFile(path="c", kind=Kind.FILE, size=None, sha256=None, optional=True)

    assert environments.differences([], [compiled]) == ()
    assert environments.differences([entry("c")], [compiled]) == ()
    assert environments.differences([entry("c")], [compiled], final=False) == (
        "`c` belongs to no archive",
    )


@posix
def test_a_pipe_is_listed_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert [one.kind for one in read_tree(tmp_path)] == [Kind.OTHER]
