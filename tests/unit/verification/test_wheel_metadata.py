"""File name, METADATA and WHEEL say the same."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.verification.wheel_metadata import (
    _expanded,
    check_wheel,
    parse_filename,
    parse_headers,
)
from tests.builders.wheels import artifact, inspect, wheel

METADATA = "example-1.0.dist-info/METADATA"
WHEEL = "example-1.0.dist-info/WHEEL"


def refused_with(name: str, text: str) -> str:
    """The message for a wheel in which one file has this text."""
    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({name: text.encode()}))
    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    return refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "Name: other\nVersion: 1.0\n",
        "Name: example-\nVersion: 1.0\n",
        "Name: =?utf-8?q?example?=\nVersion: 1.0\n",
        "\ufeffName: example\nVersion: 1.0\n",
        "Name : example\nVersion: 1.0\n",
        "Name: example\x0bName: other\nVersion: 1.0\n",
        "Name: ex\u0430mple\nVersion: 1.0\n",
        "Name: example\nVersion: 1.0\nVersion: 1.0\n",
        "Name: example\nVersion:\n 1.0\n",
        "Name: example\nVersion: 1.0+local\n",
        "Name: example\nVersion: 1.0.post1\n",
        "Name: example\nVersion: 1.1\n",
        "Name: example\nVersion: newest\n",
        f"Name: example\nVersion: {'1' * 5000}\n",
        "Name: example\n",
        "Version: 1.0\n",
        "Name: example\nName: example\nVersion: 1.0\n",
        "Name: example\nVersion: 1.0\nname: other\n",
        "Name: example\n -more\nVersion: 1.0\n",
        " Name: other\nName: example\nVersion: 1.0\n",
        "Name: example\r\rName: other\nVersion: 1.0\n",
        "Name: example\nVersion: 1.0\nno header\n",
        "\nName: example\nVersion: 1.0\n",
        "",
    ],
)
def test_metadata_of_another_package_or_with_two_answers_is_refused(text: str) -> None:
    assert METADATA in refused_with(METADATA, f"Metadata-Version: 2.4\n{text}")


@pytest.mark.parametrize(
    "form", ["", "3.0", "2", "2.4.1", "2.4\nMetadata-Version: 2.1", "2.\u0661"]
)
def test_metadata_of_an_unknown_format_is_refused(form: str) -> None:
    text = f"Metadata-Version: {form}\nName: example\nVersion: 1.0\n"

    assert "metadata" in refused_with(METADATA, text)


@pytest.mark.parametrize("form", ["1.0", "2.1", "2.5", "2.99"])
def test_later_minor_formats_of_metadata_are_read(form: str) -> None:
    text = f"Metadata-Version: {form}\nName: example\nVersion: 1.0\nImport-Name: x\n"

    assert inspect(wheel({METADATA: text.encode()})).members == 3


@pytest.mark.parametrize(
    "text",
    [
        "Wheel-Version: 2.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: maybe\nTag: py3-none-any\n",
        "Wheel-Version: 1.0\nTag: py3-none-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: cp312-none-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-abi3-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-linux_x86_64\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any-more\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3\n -none-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nBuild: 1\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nBuild:\nBuild:\n",
        "Wheel-Version: 1.0\nWheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    ],
)
def test_a_wheel_of_another_format_tag_or_build_is_refused(text: str) -> None:
    assert WHEEL in refused_with(WHEEL, text)


def checked(filename: str, *tags: str) -> None:
    """Check a WHEEL with these tags against a file name."""
    lines = "".join(f"Tag: {tag}\n" for tag in tags)
    text = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n{lines}"
    claim = replace(artifact(b""), filename=f"example-1.0-{filename}.whl")
    check_wheel(text.encode(), parse_filename(claim), WHEEL)


@pytest.mark.parametrize(
    ("filename", "tags"),
    [
        ("cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64",
         ["cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64"]),
        ("py2.py3-none-any", ["py3-none-any"]),
        ("py3-none-any", ["py3-none-any", "py2-none-any"]),
        ("py3-none-manylinux1_x86_64", ["py3-none-any"]),
        ("py3-none-win_amd64", ["py3-none-any"]),
        ("cp312-cp312-manylinux_2_28_x86_64", ["cp312-cp312-linux_x86_64"]),
        ("cp312-cp312-musllinux_1_2_aarch64", ["cp312-cp312-linux_aarch64"]),
        ("cp312-cp312-macosx_11_0_arm64", ["CP312-cp312-MacOSX_11_0_ARM64"]),
    ],
)  # fmt: skip
def test_a_file_name_may_say_less_than_wheel(filename: str, tags: list[str]) -> None:
    checked(filename, *tags)


@pytest.mark.parametrize(
    ("filename", "tags"),
    [
        ("py3-none-any", ["py3-none-win_amd64"]),
        ("py3-none-any", ["cp312-cp312-any"]),
        ("cp312-abi3-win_amd64", ["cp312-cp312-win_amd64"]),
        ("cp312.cp313-none-any", ["cp312-none-any"]),
        ("cp312-cp312-manylinux_2_28_aarch64", ["cp312-cp312-linux_x86_64"]),
        ("cp312-cp312-win_amd64", ["cp312-cp312-linux_amd64"]),
        ("cp312-cp312-macosx_11_0_universal2", ["cp312-cp312-macosx_11_0_arm64"]),
        ("py3-none-any", []),
    ],
)
def test_a_file_name_that_says_more_than_wheel_is_refused(filename: str, tags: list[str]) -> None:
    with pytest.raises(McpInstallError, match="other tags"):
        checked(filename, *tags)


def test_text_in_another_encoding_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        parse_headers(b"Name: \xff\n", METADATA)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_long_headers_and_the_body_are_passed_over() -> None:
    text = b"Name: a\r\nDescription: one\r\n  two\r\n        \r\nKeywords:\r\n\r\nName: b\r\n"

    assert parse_headers(text, METADATA) == {
        "name": ["a"],
        "description": ["one"],
        "keywords": [""],
    }


@pytest.mark.parametrize("missing", [METADATA, WHEEL])
def test_a_wheel_without_its_metadata_is_refused(missing: str) -> None:
    from tests.builders.wheels import ZipMember, record, wheel_files, write_zip

    files = wheel_files({})
    del files[missing]
    files["example-1.0.dist-info/RECORD"] = record(files, "example-1.0.dist-info")

    with pytest.raises(McpInstallError) as refused:
        inspect(write_zip([ZipMember(name=name, content=data) for name, data in files.items()]))

    assert missing.rpartition("/")[2] in refused.value.message


@pytest.mark.parametrize(
    "filename",
    [
        "example-1.0.tar.gz",
        "example-1.0.zip",
        "example-1.0.whl",
        "example-one-py3-none-any.whl",
        "../example-1.0-py3-none-any.whl",
        "folder/example-1.0-py3-none-any.whl",
        "example-1.0-py3-none-any.whl\n",
        "other-1.0-py3-none-any.whl",
        "example-1.1-py3-none-any.whl",
        "",
    ],
)
def test_a_file_name_that_is_no_wheel_or_another_one_is_refused(filename: str) -> None:
    claim = replace(artifact(b""), filename=filename)

    with pytest.raises(McpInstallError) as refused:
        parse_filename(claim)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_a_compressed_tag_set_and_a_build_number_are_understood() -> None:
    claim = replace(artifact(b""), filename="example-1.0-3b-py2.py3-none-any.whl")

    found = parse_filename(claim)

    assert found.tags == {"py2-none-any", "py3-none-any"}
    assert found.build == "3b"


def test_spelling_of_name_and_version_does_not_matter() -> None:
    text = b"Metadata-Version: 2.1\nName: Example\nVersion: 1"

    assert inspect(wheel({METADATA: text})).dist_info == "example-1.0.dist-info"


_HEADER_TEXTS = st.lists(
    st.sampled_from([
        "Name", "Version", "Wheel-Version", "Root-Is-Purelib", "Tag", "Build", ":", ": ", "\n",
        "\r", " ", "\t", "example", "1.0", "true", "py3-none-any", "\x85", "\0",
    ])
).map("".join)  # fmt: skip


@given(st.binary(max_size=60) | _HEADER_TEXTS.map(str.encode))
def test_any_headers_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(McpInstallError):
        for values in parse_headers(data, METADATA).values():
            assert not any("\n" in value or "\r" in value for value in values)
    with contextlib.suppress(McpInstallError):
        check_wheel(data, parse_filename(artifact(b"")), WHEEL)


@given(st.text("ab1.-_!+ é/", max_size=30) | st.text(max_size=30))
def test_any_file_name_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(McpInstallError):
        parse_filename(replace(artifact(b""), filename=f"{text}.whl"))


def test_tags_without_end_are_cut_in_the_evidence() -> None:
    text = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n" + "".join(
        f"Tag: py3-none-any{number}\n" for number in range(10_000)
    )

    with pytest.raises(McpInstallError, match="other tags") as refused:
        inspect(wheel({WHEEL: text.encode()}))

    assert len(refused.value.evidence) < 30_000


@pytest.mark.parametrize(
    "header",
    ["Build", "Metadata-Version", "Name", "Root-Is-Purelib", "Tag", "Version", "Wheel-Version"],
)
def test_a_header_that_decides_does_not_go_on_in_the_next_line(header: str) -> None:
    for more in (" more", "\tmore"):
        with pytest.raises(McpInstallError, match="a line among its headers that is none"):
            parse_headers(f"{header}: a\n{more}\n".encode(), "M")


def test_the_first_line_is_no_more_of_another() -> None:
    with pytest.raises(McpInstallError, match="a line among its headers that is none"):
        parse_headers(b" more\nName: a\n", "M")


@pytest.mark.parametrize("more", [" more", "\tmore"])
def test_any_other_header_may_go_on(more: str) -> None:
    headers = parse_headers(f"Summary: a\n{more}\nName: b\n".encode(), "M")

    assert headers == {"summary": ["a"], "name": ["b"]}


def test_more_of_a_header_holds_no_other_line_end() -> None:
    with pytest.raises(McpInstallError, match="a line among its headers that is none"):
        parse_headers(b"Summary: a\n b\rName: other\nName: c\n", "M")


def test_a_header_holds_no_other_line_end() -> None:
    with pytest.raises(McpInstallError, match="a line among its headers that is none"):
        parse_headers(b"Name: a\rName: other\n", "M")


def test_compressed_tags_are_written_out_up_to_a_border() -> None:
    def line(count: int, name: str = "p") -> str:
        return f"{'.'.join(f'{name}{number}' for number in range(count))}-none-any"

    assert len(_expanded([line(1001)])) == 1001
    assert _expanded([line(1002)]) == frozenset()
    assert len(_expanded([line(501), line(501, "q"), line(2, "r")])) == 1002
    assert len(_expanded([line(501), line(501, "q"), line(1, "r")])) == 1003


@pytest.mark.parametrize("version", ["1.0rc1", "1.0 beta", "1", "2.0", "11.0"])
def test_a_wheel_format_is_one_and_a_number(version: str) -> None:
    text = f"Wheel-Version: {version}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    name = parse_filename(artifact(b""))

    with pytest.raises(McpInstallError, match="wheel format"):
        check_wheel(text.encode(), name, "W")


@pytest.mark.parametrize(
    "filename",
    ["example-1.0.tar.gz", "example-1.0.zip", "a/example-1.0-py3-none-any.whl", "example-1.0"],
)
def test_what_is_no_wheel_is_called_so(filename: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        parse_filename(replace(artifact(b""), filename=filename))

    assert refused.value.message == "is not a wheel"
    assert "a build would run code" in refused.value.hint


def test_a_file_name_has_a_greatest_length() -> None:
    rest = "-1.0-py3-none-any.whl"
    package = "a" * (240 - len(rest))

    claim = replace(artifact(b""), filename=package + rest, package=package)
    assert parse_filename(claim).package == package
    claim = replace(artifact(b""), filename=f"{package}a{rest}", package=f"{package}a")
    with pytest.raises(McpInstallError, match="more than 240 characters"):
        parse_filename(claim)
