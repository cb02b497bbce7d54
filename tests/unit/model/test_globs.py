"""Patterns of policies: what they match, and which covers which."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model.globs import covers, matches

patterns = st.text("ab*", max_size=8)
names = st.text("abc", max_size=10)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*", ""), ("*", "a/b"), ("io.github.a/*", "io.github.a/x"), ("a*b*c", "abbc"),
        ("a*a", "aa"), ("**", "x"), ("*.example.com", "a.b.example.com"), ("", ""),
        ("[a]", "[a]"), ("a?", "a?"),
    ],
)  # fmt: skip
def test_a_star_stands_for_any_text(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", "a"), ("a", "aa"), ("a*a", "a"), ("*.example.com", "example.com"),
        ("*.example.com", "evil-example.com"), ("a*b*c", "acb"), ("a?", "ab"), ("[a]", "a"),
        ("io.github.a/*", "io.github.ab/x"), ("a.c", "abc"),
    ],
)  # fmt: skip
def test_everything_else_stands_for_itself(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


@given(patterns, names)
def test_it_agrees_with_another_implementation(pattern: str, text: str) -> None:
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


@given(patterns, patterns, names)
def test_what_is_covered_matches_nothing_more(wide: str, narrow: str, text: str) -> None:
    if covers(wide, narrow) and matches(narrow, text):
        assert matches(wide, text)


@given(patterns, patterns)
def test_what_is_not_covered_matches_something_more(wide: str, narrow: str) -> None:
    if not covers(wide, narrow):
        example = narrow.replace("*", "c")  # a letter that no pattern holds

        assert matches(narrow, example)
        assert not matches(wide, example)
