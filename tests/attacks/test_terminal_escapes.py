"""Attack T24: text moves the cursor or restyles the question.

Who: a publisher.
Stopped by: check 2: such text is refused wherever it stands; the screen escapes it besides.
Twin: `test_ordinary_text_is_read`.
"""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.hostile_text import PLACES, Place

ESCAPES = [
    "ok\x1b[2J\x1b[1;1HVerified",
    "\x9b31m",
    "a\rb",
    "a\nb",
    "\x1b]8;;x\x07",
    "a\x08",
    "\x7f",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", ESCAPES)
def test_an_escape_is_refused_wherever_it_stands(text: str, place: Place) -> None:
    with pytest.raises(McpInstallError) as refused:
        place(text)

    assert refused.value.code is ErrorCode.TEXT_HOSTILE


@pytest.mark.parametrize("place", PLACES)
def test_ordinary_text_is_read(place: Place) -> None:
    place("[bold]Reads, searches & changes[/bold] – one repository")
