"""Names that a hurried reader takes for one another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model.near_names import are_near

NAME = "mcp-server-time"
letters = st.text("abc", max_size=8)


@pytest.mark.parametrize(
    "near",
    [NAME, "mcp-server-tim", "cp-server-time", "mcp-server-timee", "mcp-server-tine",
     "mcp-sevrer-time", "mcpservertime", "MCP_Server.Time", "mpc-server-time"],
)  # fmt: skip
def test_one_letter_makes_no_other_name(near: str) -> None:
    assert are_near(NAME, near)
    assert are_near(near, NAME)


@pytest.mark.parametrize(
    "far", ["", "mcp-server", "mcp-server-ti", "mcp-server-tiny", "mcp-revres-time", "time"]
)
def test_more_letters_do(far: str) -> None:
    assert not are_near(NAME, far)
    assert not are_near(far, NAME)


@given(letters, letters)
def test_it_is_as_the_definition_says(one: str, other: str) -> None:
    edits = {one}
    for place in range(len(one) + 1):
        head, tail = one[:place], one[place:]
        edits |= {head + tail[1:], head + tail[1::-1] + tail[2:] if tail[1:] else one}
        edits |= {head + char + rest for char in "abc" for rest in (tail, tail[1:])}

    assert are_near(one, other) == (other in edits)
