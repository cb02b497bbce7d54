"""Scripts in `entry_points.txt`."""

from __future__ import annotations

import contextlib
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import EntryPoint
from mcpinstall.verification.entry_points import parse_entry_points

MEMBER = "example-1.0.dist-info/entry_points.txt"


class Listed(Distribution):
    """A package as the standard library sees it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read_text(self, filename: str) -> str | None:
        return self.text if filename == "entry_points.txt" else None

    def locate_file(self, path: object) -> Path:
        return Path(str(path))


def scripts(text: str, package: str = "example") -> tuple[EntryPoint, ...]:
    """The scripts that a text asks for."""
    return parse_entry_points(text.encode(), package, MEMBER)


def test_console_and_gui_scripts_are_found_and_sorted() -> None:
    text = "# comment\n[gui_scripts]\nb=x.y:z\n\n[console_scripts]\na = x : y.z [more, extras]\n"

    assert scripts(text) == (
        EntryPoint(name="a", module="x", attribute="y.z"),
        EntryPoint(name="b", module="x.y", attribute="z"),
    )


def test_other_groups_may_hold_what_they_like() -> None:
    text = "[pytest11]\nweird name/.. = os\n[distutils.commands]\nx = a.b.c:D\n"

    assert scripts(text) == ()


def test_no_text_asks_for_nothing() -> None:
    assert scripts("") == ()


def test_a_name_keeps_its_case() -> None:
    assert [script.name for script in scripts("[console_scripts]\nTool = x:y\n")] == ["Tool"]


@pytest.mark.parametrize("name", ["pipx", "pip-tools", "xpip"])
def test_a_name_that_begins_like_an_installers_is_free(name: str) -> None:
    assert [one.name for one in scripts(f"[console_scripts]\n{name} = x:y\n")] == [name]


def test_256_kibibytes_are_read_and_no_more() -> None:
    text = "#" + "x" * (256 * 1024 - 1)

    assert scripts(text) == ()
    with pytest.raises(McpInstallError):
        scripts(text + "x")


def test_the_reason_is_told_in_one_line() -> None:
    with pytest.raises(McpInstallError) as refused:
        scripts("a = x:y\n")

    assert "File contains no section headers" in refused.value.message
    assert "\n" not in refused.value.message


def test_pip_itself_may_be_called_pip() -> None:
    text = "[console_scripts]\npip3 = pip._internal.cli.main:main\n"

    assert [script.name for script in scripts(text, "pip")] == ["pip3"]


@pytest.mark.parametrize(
    "text",
    [
        "a = x:y\n",
        "[console_scripts\na = x:y\n",
        "[console_scripts]\na\n",
        "[console_scripts]\na = x:y\n[console_scripts]\n",
        "[Console_Scripts]\n../a = x:y\n",
        "[console_scripts ]\n../a = x:y\n",
        "[other]\nx = y\n  [console_scripts]\n  ../a = x:y\n",
        "[console_scripts]\na = x:\n",
        "[console_scripts]\na = x:class\n",
        "[console_scripts]\na = x..y:z\n",
        "[console_scripts]\na : b = x:y\n",
        "[\0]\na = x:y\n",
        "[console_scripts]\n; a = x:y\n",
        "[console_scripts]\n  ; a = x:y\n",
        "[console_scripts] ]\n../a = x:y\n",
        "[console_scripts] # or not\n../a = x:y\n",
        "[other]\na = x\x0c[console_scripts]\x0c../a = x:y\n",
        "[other]\na = x\x85[console_scripts]\x85../a = x:y\n",
        "[other]\na = x\r[console_scripts]\r../a = x:y\n",
        "[other]\na" + " " * 200_000 + "b\n",
        "[other]\n" + "".join(f"a{number} = x\n" for number in range(40_000)),
    ],
)
def test_text_that_readers_take_differently_is_refused(text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        scripts(text)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


_LINES = st.sampled_from([
    "[console_scripts]", "[other]", "a = x:y", "b=x.y:z", "# a = x:y", "; a = x:y", "a", "[",
    "]", " ", "\r", "\x0c", "\x85", "\u2028", "\n", "\n", "\n", "=", "x:y [extra]",
])  # fmt: skip


@given(st.lists(_LINES, max_size=12).map("".join))
def test_the_standard_library_sees_the_same_scripts(text: str) -> None:
    try:
        found = scripts(text)
    except McpInstallError:
        return

    listed = Listed(text).entry_points
    groups = ("console_scripts", "gui_scripts")
    assert {(one.name, one.module, one.attr) for one in listed if one.group in groups} == {
        (one.name, one.module, one.attribute) for one in found
    }


@given(
    st.binary(max_size=100) | st.text(max_size=100).map(lambda text: text.encode(errors="replace"))
)
def test_any_bytes_are_parsed_or_refused_by_our_own_error(data: bytes) -> None:
    with contextlib.suppress(McpInstallError):
        parse_entry_points(b"[console_scripts]\n" + data, "example", MEMBER)
