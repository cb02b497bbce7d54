"""Proposals for tools that differ: they allow what was seen, and no more than needed."""

from __future__ import annotations

import pytest

from mcpinstall import probing
from mcpinstall.probing import Start, canonical_tools, compare, propose
from tests.builders import servers

CLOCK = servers.CLOCK


def start(python: str, number: int, description: str, *more: object) -> Start:
    tools = canonical_tools([{**CLOCK, "description": description}, *more])
    return Start(python=python, number=number, tools=tools)


def test_the_same_tools_need_nothing() -> None:
    assert propose([start("3.11", 0, "Tell it"), start("3.12", 0, "Tell it")]) == ()


@pytest.mark.parametrize(
    ("differing", "marker"),
    [
        (("3.13", "3.14"), "python_version >= '3.13'"),
        (("3.12",), "python_version == '3.12'"),
        (("3.12", "3.13", "3.14"), "python_version >= '3.12'"),
    ],
)
def test_what_goes_with_the_python_gets_a_marker_for_just_those(
    differing: tuple[str, ...], marker: str
) -> None:
    starts = [
        start(python, number, "new" if python in differing else "old")
        for python in ("3.11", "3.12", "3.13", "3.14")
        for number in range(2)
    ]

    (found,) = propose(starts)

    assert (found.when, found.pattern) == (marker, None)
    assert found.pointer == "/tools/get_current_time/description"
    for one in starts[1:]:
        markers = {"python_version": one.python}
        assert compare(starts[0].tools, one.tools, [found], markers) == ()


def test_what_differs_from_start_to_start_gets_a_pattern_of_whole_words() -> None:
    starts = [start("3.11", 0, "Process 2070, now"), start("3.11", 1, "Process 2071, now")]

    (found,) = propose(starts)

    assert found.pattern == "Process {varies}, now"
    assert probing.compare(starts[0].tools, starts[1].tools, [found]) == ()
    other = start("3.11", 2, "Process 2072, and send it")
    assert probing.compare(starts[0].tools, other.tools, [found]) != ()


def test_a_tool_that_only_some_starts_have_is_never_declared_away() -> None:
    starts = [start("3.11", 0, "Tell it"), start("3.12", 0, "Tell it", servers.CONVERTER)]

    found = propose(starts)

    assert compare(starts[0].tools, starts[1].tools, found, {"python_version": "3.12"}) != ()


def test_texts_with_nothing_in_common_have_no_pattern() -> None:
    assert propose([start("3.11", 0, "abc"), start("3.11", 1, "xyz")]) == ()
