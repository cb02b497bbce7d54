"""Attack T25: text is reordered or hidden (Trojan Source, CVE-2021-42574).

Who: a publisher.
Stopped by: check 2: characters that a reader cannot see are refused; the screen escapes them.
Twin: `test_letters_of_every_language_are_read`.
"""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.hostile_text import PLACES, Place

HIDDEN = [
    "safe\u202esj.exe", "a\u2066b", "server\u200b", "a\u00adb", "a\ufeffb", "a\u2028b",
    "a\U000e0041b", "a\ufe0fb", "a\ue000b", "a\u061cb", "a\u180eb",
    "a\u3164b", "a\u115fb", "a\u1160b", "a\uffa0b", "a\u2800b", "a\u034fb", "a\u17b4b", "a\u180bb",
    "a\u200ab", "a\u1680b", "a\ufff9b", "a\ufffcb", "a\U0001d159b", "a\U0001d173b", "a\U000e0100b",
    "a\ufdd0b", "a\U0010ffffb", "a\u0378b", "\u0301ab", "a " + "\u0338b", "a" + "\u0301" * 6 + "b",
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HIDDEN)
def test_a_character_that_is_not_seen_is_refused(text: str, place: Place) -> None:
    with pytest.raises(McpInstallError) as refused:
        place(text)

    assert refused.value.code is ErrorCode.TEXT_HOSTILE


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "text", ["שעון", "ساعة", "時計", "Часы", "naïve", "nai\u0308ve", "क्षण", "בְּרֵאשִׁ֖ית", "5\u00a0€"]
)
def test_letters_of_every_language_are_read(text: str, place: Place) -> None:
    place(text)
