"""What of a text is hidden, apart from the diff that shows it."""

from __future__ import annotations

import pytest

from mcpinstall.hosts import redaction
from mcpinstall.hosts.redaction import Span
from mcpinstall.model.host import Format

WORDS = '["one", "two", "six"]'
TWO = (8, 13)


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        (TWO, '["…", "two", "…"]'),
        ((TWO[0] + 1, TWO[1]), '["…", "…", "…"]'),
        ((TWO[0], TWO[1] - 1), '["…", "…", "…"]'),
    ],
)
def test_a_string_is_shown_only_where_the_whole_of_it_is_ours(ours: Span, shown: str) -> None:
    assert WORDS[slice(*TWO)] == '"two"'
    line = (0, len(WORDS))

    hidden = redaction.hidden(WORDS, line, Format.JSON, (ours,))

    assert redaction.shown(WORDS, line, hidden) == shown


@pytest.mark.parametrize("dialect", [Format.JSON, Format.JSONC, Format.TOML])
def test_what_stands_behind_the_region_is_not_looked_at(dialect: Format) -> None:
    text = '"one"\n"two"\n'

    assert redaction.hidden(text, (0, 6), dialect, ()) == ((1, 4),)


def test_where_nothing_is_read_our_spans_are_left_out_also_side_by_side_and_at_the_end() -> None:
    long = "x" * (2 << 20)
    start, end = len(long), len(long) + 6
    ours = ((start, start + 3), (start + 3, end))

    assert redaction.hidden(long + '"a""b"', (0, end), Format.JSON, ours) == ((0, start),)
