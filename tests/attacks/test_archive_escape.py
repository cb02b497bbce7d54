"""Attack T15: a member's name or type leads out of the folder it is unpacked into.

Who: a publisher, or whoever has taken over a package.  Installers pass such members over in
silence, so that what was inspected is not what is there.
Stopped by: check 6, `member_names` and `zip_structure`: refused, never skipped.
Twin: `test_honest_names_and_folders_are_accepted`.
"""

from __future__ import annotations

import re

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.wheels import (
    LINK,
    REGULAR,
    ZipMember,
    changed,
    inspect,
    wheel,
    wheel_members,
    write_zip,
)


@pytest.mark.parametrize(
    "name",
    [
        "../outside.py",
        "example/../../outside.py",
        "example/./module.py",
        "example//module.py",
        "/etc/example",
        "C:/example.py",
        "C:\\example.py",
        "example\\module.py",
        "\\\\server\\share",
        "module.py:stream",
        "a\0.py",
        "a\x1b[2J.py",
        "a\x7f.py",
        "example/module.py.",
        "example./module.py",
        "example/module.py ",
        "example/module.py\u00a0.",
        "..",
        ".",
        "example/..",
        "..\\outside.py",
        "//server/share",
        "example/aux.py",
        "example/ CON",
        "CONIN$",
        "conout$.txt",
        "LPT9.tar.gz",
        "COM\u00b2",
        "COM1",
        "com\u00b9.txt",
        "nul .txt",
        "example/what?.py",
        "e\u0301xample.py",
        "exa\u200bmple.py",
        "exa\u202emple.py",
        "exa\ufdd0mple.py",
        "exa\ue000mple.py",
        "exa\u2028mple.py",
        "PYVENV~1.CFG",
        "example/EXAMPL~1.PY",
        "EXAMPL~1/module.py",
        "~1",
        "AB12~10.x",
        "long/" * 48 + "x.py",
        "\u00e9" * 128,
    ],
)
def test_a_name_that_is_another_path_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({name: b""}))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    assert "name" in refused.value.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("example/Module.py", "example/module.py"),
        ("Example/one.py", "example/two.py"),
        ("stra\u00dfe.py", "strasse.py"),
        ("\u0131s.py", "is.py"),
        ("\ufb01le.py", "file.py"),
        ("\u017f.py", "S.py"),
        ("\uff58.py", "x.py"),
        ("\u00b5.py", "\u03bc.py"),
        ("\u01c5/x.py", "\u01c6/y.py"),
        ("\u00c9.py", "\u00e9.py"),
        ("example", "example/module.py"),
        ("example-1.0.data/purelib/example.py", "example.py"),
        ("example-1.0.data/platlib/Example.py", "example-1.0.data/purelib/example.py"),
    ],
)
def test_names_that_meet_on_some_file_system_are_refused(first: str, second: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({first: b"a", second: b"b"}))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@pytest.mark.parametrize("mode", [
    LINK, 0o020644, 0o060644, 0o010644, 0o140644, 0o040755, 0o104755, 0o102755, 0o004755, 0o160000,
])  # fmt: skip
def test_a_link_or_special_file_is_refused(mode: int) -> None:
    members = changed(wheel_members({"example/module": b"/etc"}), "example/module", mode=mode)

    with pytest.raises(McpInstallError) as refused:
        inspect(write_zip(members))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@pytest.mark.parametrize("attributes", [0x10, 0x08, 0x400])
def test_a_link_by_windows_attributes_is_refused(attributes: int) -> None:
    members = changed(
        wheel_members({"example/x": b"/etc"}), "example/x", central={"attributes": attributes}
    )

    with pytest.raises(McpInstallError) as refused:
        inspect(write_zip(members))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        (ZipMember(name="example/", content=b"hidden", mode=0o040755), "folder with content"),
        (ZipMember(name="example/", method=0, mode=REGULAR), "special file"),
        (ZipMember(name="example/", method=0, mode=LINK), "special file"),
        (ZipMember(name="../", method=0, mode=0o040755), "`..`"),
        (ZipMember(name="/", method=0, mode=0o040755), "absolute"),
        (ZipMember(name="", method=0), "empty part"),
        (ZipMember(name="example/module.py/", method=0, mode=0o040755), "file and a folder"),
    ],
)
def test_a_folder_that_is_none_is_refused(folder: ZipMember, words: str) -> None:
    with pytest.raises(McpInstallError, match=re.escape(words)) as refused:
        inspect(write_zip([*wheel_members({"example/module.py": b""}), folder]))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_honest_names_and_folders_are_accepted() -> None:
    names = [
        "example/__init__.py", "example/a b.txt", "example/\u00e9t\u00e9.txt", "example/.x",
        "example/ leading", "example/module.py~", "example/console.py", "example/com10",
        "example/a~b", "example/long_name~1.txt", "example/x~1.html", "example/~1x",
        "example/module.py.orig",
    ]  # fmt: skip
    folder = ZipMember(name="example/", method=0, mode=0o040755)

    found = inspect(write_zip([folder, *wheel_members(dict.fromkeys(names, b"x"))]))

    assert {file.path for file in found.files} >= set(names)
    assert found.members == len(names) + 4
