"""Every changed character of a text is shown, and a hostile text can't buy time with its length."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.planning.change import Line, Mark, Part
from mcpinstall.planning.word_diff import (
    CONTEXT,
    TEXT_STEPS,
    TOTAL_STEPS,
    Budget,
    changed_text,
    parts,
)

LENGTHS = (200, 20_000)
TEXTS = st.text(st.sampled_from("ab \n\t.,\u202eé"), max_size=60) | st.text(max_size=40)


def side(found: tuple[Part, ...], mark: Mark) -> str:
    return "".join(part.text for part in found if part.mark in (Mark.SAME, mark))


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts_to_the_last_character(before: str, after: str) -> None:
    found = parts(before, after, Budget())

    assert side(found, Mark.GONE) == before
    assert side(found, Mark.NEW) == after


@given(TEXTS, TEXTS)
def test_without_a_budget_nothing_is_lost_but_detail(before: str, after: str) -> None:
    found = parts(before, after, Budget(0))

    assert side(found, Mark.GONE) == before
    assert side(found, Mark.NEW) == after


@given(TEXTS, TEXTS)
def test_the_lines_hold_every_character_that_changed(before: str, after: str) -> None:
    whole = parts(before, after, Budget())
    lines = changed_text(before, after, Budget())

    for mark in (Mark.GONE, Mark.NEW):
        shown = [part.text for line in lines for part in line if part.mark is mark]
        assert "".join(shown) == "".join(part.text for part in whole if part.mark is mark)


def shown(lines: tuple[Line, ...]) -> list[list[tuple[str, str]]]:
    return [[(str(part.mark), part.text) for part in line] for line in lines]


def test_far_text_that_stays_is_left_out_and_counted() -> None:
    far = "word " * 100

    lines = changed_text(f"{far}old {far}", f"{far}new {far}", Budget())

    near = far[-CONTEXT:]
    assert shown(lines) == [
        [
            ("skipped", "440"), ("same", near), ("gone", "old "), ("new", "new "),
            ("same", far[:CONTEXT]), ("skipped", "440"),
        ]
    ]  # fmt: skip


def test_lines_are_kept_and_a_line_end_that_changed_is_seen() -> None:
    assert shown(changed_text("one\ntwo", "one\n\ntwo", Budget())) == [
        [("same", "one")],
        [("new", "\n")],
        [("same", "two")],
    ]


def test_a_text_that_is_new_is_all_new() -> None:
    assert shown(changed_text("", "a b", Budget())) == [[("new", "a b")]]


# The bound -------------------------------------------------------------------------------------


def work(before: str, after: str, budget: Budget) -> int:
    """Return how many functions were called: time that no machine and no load changes."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        changed_text(before, after, budget)
    finally:
        sys.setprofile(None)
    return calls


HOSTILE: dict[str, Callable[[int], tuple[str, str]]] = {
    "one word again and again": lambda n: ("a " * n, "b " + "a " * n + "c"),
    "two words that take turns": lambda n: ("a b " * n, "b a " * n),
    "every second word differs": lambda n: (
        " ".join(f"a{i} same" for i in range(n)),
        " ".join(f"b{i} same" for i in range(n)),
    ),
    "the words backwards": lambda n: (
        " ".join(f"w{i}" for i in range(n)),
        " ".join(f"w{i}" for i in reversed(range(n))),
    ),
    "spaces": lambda n: (" \t" * n, "\t " * n),
    "lines": lambda n: ("a\n" * n, "b\na\n" * n),
    "no words": lambda n: ("." * n, "," + "." * n + ";"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("length", LENGTHS)
def test_the_work_for_one_text_is_bounded(
    text: Callable[[int], tuple[str, str]], length: int
) -> None:
    before, after = text(length)

    calls = work(before, after, Budget())

    assert calls <= TEXT_STEPS + 10 * (len(before) + len(after))


def test_the_work_for_all_texts_is_bounded() -> None:
    before, after = HOSTILE["every second word differs"](40)
    budget = Budget()

    counts = [work(before, after, budget) for _ in range(200)]

    assert sum(counts) <= TOTAL_STEPS
    assert counts[-1] < counts[0] / 2
