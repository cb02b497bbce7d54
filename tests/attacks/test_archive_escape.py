"""Attack T15: a member's name or type leads out of the folder it is unpacked into.

Who: a publisher, or whoever has taken over a package.  Installers pass such members over in
silence, so that what was inspected is not what is there.
Stopped by: check 6, `member_names` and `zip_structure`: refused, never skipped.
"""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.wheels import LINK, ZipMember, changed, inspect, wheel, wheel_members, write_zip


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
        " example/module.py",
        "example/aux.py",
        "COM1",
        "com\u00b9.txt",
        "nul .txt",
        "example/what?.py",
        "e\u0301xample.py",
        "exa\u200bmple.py",
        "exa\u202emple.py",
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
        ("example", "example/module.py"),
        ("example-1.0.data/purelib/example.py", "example.py"),
        ("example-1.0.data/platlib/Example.py", "example-1.0.data/purelib/example.py"),
    ],
)
def test_names_that_meet_on_some_file_system_are_refused(first: str, second: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({first: b"a", second: b"b"}))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@pytest.mark.parametrize("mode", [LINK, 0o020644, 0o060644, 0o010644, 0o140644, 0o040755, 0o104755])
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


def test_a_folder_with_content_is_refused() -> None:
    folder = ZipMember(name="example/", content=b"hidden", mode=0o040755)

    with pytest.raises(McpInstallError) as refused:
        inspect(write_zip([*wheel_members({}), folder]))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_honest_names_and_folders_are_accepted() -> None:
    names = ["example/__init__.py", "example/a b.txt", "example/\u00e9t\u00e9.txt", "example/.x"]
    folder = ZipMember(name="example/", method=0, mode=0o040755)

    found = inspect(write_zip([folder, *wheel_members(dict.fromkeys(names, b"x"))]))

    assert {file.path for file in found.files} >= set(names)
    assert found.members == len(names) + 4
