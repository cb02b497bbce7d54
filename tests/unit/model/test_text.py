"""How text from outside is judged and shown."""

from __future__ import annotations

import json
import sys
import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model.text import is_plain, printable, printable_document
from tests.builders import screens


def test_no_code_point_of_unicode_is_plain_and_hidden() -> None:
    found = [chr(code) for code in range(sys.maxunicode + 1) if is_plain(chr(code))]

    assert screens.hidden("".join(found)) == []
    assert len(found) > 130_000


def test_what_is_plain_beyond_letters_is_no_wonder() -> None:
    """Nothing is hidden for its own sake: what is not plain is of a kind that is not seen."""
    hidden = [chr(code) for code in range(sys.maxunicode + 1) if not is_plain(chr(code))]
    seen = [char for char in hidden if unicodedata.category(char)[0] in "LMNPSZ"]

    assert len([char for char in seen if not 0xE0100 <= ord(char) <= 0xE01EF]) < 70


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("e\u0301", "e\u0301"),
        ("\u0301e", "\\u0301e"),
        (" \u0301", " \\u0301"),
        ("=\u0338", "=\\u0338"),
        ("1\ufe0f\u20e3", "1\\ufe0f\\u20e3"),
        ("1\u20e3", "1\u20e3"),
        ("a" + "\u0301" * 6, "a" + "\u0301" * 5 + "\\u0301"),
        ("a" + "\u0301" * 5 + "b\u0301", "a" + "\u0301" * 5 + "b\u0301"),
        ("\x1b\t\r\n\x7f\x9b", "\\x1b\\t\\r\\n\\x7f\\x9b"),
        ("\U000e0041", "\\U000e0041"),
        ("a\\b", "a\\b"),
    ],
)
def test_a_text_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(max_size=200))
def test_what_was_shown_is_shown_the_same_again(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert screens.hidden(printable(text)) == []


@given(st.text(max_size=50))
def test_a_document_is_shown_with_the_same_meaning(text: str) -> None:
    shown = printable_document(json.dumps([text], ensure_ascii=False, indent=1))

    assert json.loads(shown) == [text]
    assert screens.hidden(shown) == []


def test_a_toml_document_is_shown_with_the_same_meaning() -> None:
    document = 'a = "x\u202e\u3164\u0301"\nb = 1\n'

    assert tomllib.loads(printable_document(document)) == tomllib.loads(document)
