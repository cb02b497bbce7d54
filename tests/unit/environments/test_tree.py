from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import environments
from mcpinstall.environments.layout import Layout
from mcpinstall.environments.tree import (
    ExpectedFile,
    Kind,
    TreeEntry,
    expected_files,
    read_tree,
    summed_up,
)
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.manifest import Hook, HookKind
from tests.builders.environments import build_wheel
from tests.builders.lies import within

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


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 << 20)

    with within(8 << 20):
        (found,) = read_tree(tmp_path)

    assert (found.size, found.kind) == (64 << 20, Kind.FILE)


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


def test_modes_say_nothing_where_files_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows every file looks alike."""
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0o755)
    root = tmp_path
    with monkeypatch.context() as windows:
        windows.setattr(os, "name", "nt")
        found = read_tree(root)
        lines = environments.differences(found, [wanted("a", kind=Kind.EXECUTABLE)])

    assert [one.kind for one in found] == [Kind.FILE]
    assert lines == ()


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

    assert read_tree(tmp_path) == (TreeEntry("pipe", Kind.OTHER, 0, sha256(b""), 1),)


def test_no_file_of_a_large_folder_is_left_out(tmp_path: Path) -> None:
    names = [f"{number:03}" for number in range(101)]
    for name in names:
        (tmp_path / name).write_text(name)

    assert [(one.path, one.sha256) for one in read_tree(tmp_path)] == [
        (name, sha256(name.encode())) for name in names
    ]


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert read_tree(tmp_path) == ()


def test_a_second_name_for_the_same_bytes_is_counted(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x")
    os.link(tmp_path / "one", tmp_path / "two")

    assert [one.names for one in read_tree(tmp_path)] == [2, 2]


@posix
def test_a_link_is_its_target_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/nowhere/é")
    (tmp_path / "folder").symlink_to(tmp_path)

    found = {one.path: one for one in read_tree(tmp_path)}

    target = "/nowhere/é".encode()
    assert found["link"] == TreeEntry("link", Kind.LINK, len(target), sha256(target), 1)
    assert found.keys() == {"link", "folder"}


@posix
def test_a_program_is_told_by_its_owners_bit(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"x")
    for mode, kind in ((0o755, Kind.EXECUTABLE), (0o500, Kind.EXECUTABLE), (0o655, Kind.FILE)):
        (tmp_path / "run").chmod(mode)
        assert [one.kind for one in read_tree(tmp_path)] == [kind]


def test_a_link_where_a_file_belongs_and_the_reverse_are_differences() -> None:
    link = [ExpectedFile(path="a", kind=Kind.LINK, size=1, sha256=sha256(b"x"))]

    assert environments.differences([entry("a")], link) == ("`a` is of another type",)
    assert environments.differences([entry("a", kind=Kind.LINK)], link) == ()
    assert environments.differences([entry("a", b"yy", Kind.LINK)], link) == (
        "`a` has other bytes",
    )


def test_the_size_counts_even_where_the_digest_is_the_same() -> None:
    longer = TreeEntry("a", Kind.FILE, 2, sha256(b"x"))

    assert environments.differences([longer], [wanted("a")]) == ("`a` has other bytes",)


def test_an_environment_holds_the_wheels_files_and_ours_and_no_others(tmp_path: Path) -> None:
    site, data = "lib/python3.12/site-packages", "tiny_server-1.0.data"
    plan = Layout(
        site=site, scripts="bin", headers="include", cache_tag="cpython-312",
        links=(("bin/python", "/usr/bin/python3"),), texts=(("start.py", b"run()\n"),),
    )  # fmt: skip
    files = {
        "tiny_server/__init__.py": b"",
        "tiny_server/data.txt": b"text",
        "tiny_server/helper": b"\x7fELF",
        f"{data}/purelib/tiny_server/accepted": b"\x7fELF",
        f"{data}/platlib/tiny_server/native": b"\x7fELF",
        f"{data}/scripts/run": b"#!python\n",
        f"{data}/data/share/x": b"x",
        f"{data}/headers/x.h": b"x",
    }
    hooks = [
        Hook(wheel="w", member=member, sha256="0" * 64, kind=kind, reason="r")
        for member, kind in (
            (f"{data}/purelib/tiny_server/accepted", HookKind.EXECUTABLE),
            ("tiny_server/data.txt", HookKind.STARTUP),
        )
    ]
    one = build_wheel(tmp_path, files, accepted=hooks, scripts=())
    programs = ("tiny_server/helper", f"{data}/platlib/tiny_server/native")
    one = replace(one, inspection=replace(one.inspection, programs=programs))

    found = {file.path: file for file in expected_files([one], plan)}

    assert list(found) == sorted(found)
    assert found["start.py"] == wanted("start.py", b"run()\n")
    assert found["bin/python"] == wanted("bin/python", b"/usr/bin/python3", Kind.LINK)
    compiled = f"{site}/tiny_server/__pycache__/__init__.cpython-312.pyc"
    assert found[compiled] == ExpectedFile(
        path=compiled, kind=Kind.FILE, size=None, sha256=None, optional=True
    )
    kinds = {
        path.removeprefix(f"{site}/tiny_server/"): file.kind
        for path, file in found.items()
        if "/tiny_server/" in path and file.sha256
    }
    assert kinds == {
        "__init__.py": Kind.FILE,
        "data.txt": Kind.FILE,
        "helper": Kind.EXECUTABLE,
        "accepted": Kind.EXECUTABLE,
        "native": Kind.EXECUTABLE,
    }
    rest = {path for path in found if "/tiny_server/" not in path}
    information = f"{site}/tiny_server-1.0.dist-info"
    assert rest == {
        "start.py", "bin/python", f"{information}/METADATA", f"{information}/RECORD",
        f"{information}/WHEEL",
    }  # fmt: skip
