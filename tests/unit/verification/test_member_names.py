"""Names and claims to paths."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import McpInstallError
from mcpinstall.verification.member_names import Claims, check_name


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
