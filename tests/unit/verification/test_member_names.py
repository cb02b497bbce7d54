"""Names and claims to paths."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import McpInstallError
from mcpinstall.system import limits
from mcpinstall.verification.member_names import Claims, check_name
from tests.builders.watchdog import ends


@given(st.text(min_size=1, max_size=60))
def test_a_name_that_passes_is_relative_and_stays_inside_everywhere(name: str) -> None:
    try:
        check_name(name)
    except McpInstallError:
        return

    for path in (PurePosixPath(name), PureWindowsPath(name)):
        assert not path.is_absolute()
        assert not path.drive
        assert ".." not in path.parts
        assert path.as_posix() == name.removesuffix("/")


@pytest.mark.parametrize("name", ["a", "a/b.py", "a/", "a/b/", "a b", "a-1.0.dist-info/x"])
def test_an_ordinary_name_passes(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("character", '\\\\<>:"|?*')
def test_a_character_that_windows_reserves_is_refused(character: str) -> None:
    with pytest.raises(McpInstallError, match="Windows reserves"):
        check_name(f"a/b{character}c")


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_a_part_that_is_no_name_is_refused(part: str) -> None:
    with pytest.raises(McpInstallError, match="an empty part"):
        check_name(f"a/{part}/b")


@pytest.mark.parametrize(
    ("longest", "longer"),
    [("a" * 240, "a" * 241), ("é" * 127 + "a", "é" * 128), ("a/" * 119 + "ab", "a/" * 120 + "a")],
)
def test_a_name_has_a_greatest_length(longest: str, longer: str) -> None:
    check_name(longest)
    with pytest.raises(McpInstallError, match="more than"):
        check_name(longer)


def test_the_number_of_folders_has_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_MEMBERS", 3)
    claims = Claims()

    claims.claim("a/b/c/x")
    claims.claim("a/b/c/y")
    with pytest.raises(McpInstallError, match="more than 3 folders"):
        claims.claim("d/")


def test_the_folders_above_many_files_are_looked_at_once() -> None:
    claims = Claims()
    folder = "é/" * 115

    with ends(10):  # half a second; each time anew, minutes
        for number in range(30_000):
            claims.claim(f"{folder}{number}")


def test_the_second_claim_to_a_path_names_both_owners() -> None:
    claims = Claims()
    claims.claim("a/b", "one.whl")

    with pytest.raises(McpInstallError) as refused:
        claims.claim("a/b", "two.whl")

    assert "`one.whl` and `two.whl`" in refused.value.message


def test_folders_are_shared() -> None:
    claims = Claims()

    for path in ("a/", "a/b/c", "a/", "a/b/", "a/b/d", "e"):
        claims.claim(path)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "a/"), ("a/", "a"), ("a/b", "a"), ("a", "a/b/c"), ("A/b", "a/c"), ("A/", "a/")],
)
def test_a_path_is_a_file_or_a_folder_in_one_spelling(first: str, second: str) -> None:
    claims = Claims()
    claims.claim(first)

    with pytest.raises(McpInstallError):
        claims.claim(second)


@given(st.lists(st.text("abAB/", min_size=1, max_size=6).filter(lambda name: "//" not in name)))
def test_accepted_claims_differ_without_regard_to_case(paths: list[str]) -> None:
    claims = Claims()
    files = []
    for path in paths:
        try:
            claims.claim(path.strip("/") or "a")
        except McpInstallError:
            continue
        files.append((path.strip("/") or "a").lower())

    assert len(files) == len(set(files))
    assert not any(other.startswith(f"{file}/") for file in files for other in files)
