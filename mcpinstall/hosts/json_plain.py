"""A second, simple reader of the JSON dialects, for proof: strip comments, then `json`."""

from __future__ import annotations

import json
import re

from mcpinstall.hosts import positions
from mcpinstall.hosts.forms import ScanError, reason, refuse_constant
from mcpinstall.model.host import Format

_STRING = r'"(?:[^"\\]++|\\.)*+"'
_OPEN = r'(?P<open>"|/\*)'
"""The rest of the text was searched for its end once; that is enough."""
_STRIPPED = {
    Format.JSON_COMMENTS: re.compile(rf"{_STRING}|/\*.*?\*/|//.*?(?=\r?\n|\Z)|{_OPEN}", re.DOTALL),
    Format.JSONC: re.compile(rf"{_STRING}|/\*.*?\*/|//[^\r\n]*|{_OPEN}", re.DOTALL),
}
_TRAILING_COMMA = re.compile(rf"{_STRING}|[\[{{,:][ \t\r\n]*+,|,(?=[ \t\r\n]*+[\]}}])", re.DOTALL)
"""A comma alone is one that may go; one that follows no value stays, as the error it is."""
_NOT_BLANK = re.compile(r"[^\r\n]")


def parse(text: str, dialect: Format) -> object:
    """Return the value of a document; an empty one is an empty object.

    Raises:
        ScanError: It is not of that dialect.
    """
    text = text.removeprefix("\xef\xbb\xbf").removeprefix("\ufeff")
    if dialect is not Format.JSON:
        text = without_comments(text, dialect)
    if not text.strip(" \t\r\n"):
        return {}
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise ScanError(error.msg.lower(), error.pos) from None
    except RecursionError:
        raise ScanError("it nests too deeply", positions.of_depth(text)) from None
    except ValueError as error:
        raise ScanError(reason(error), positions.of_constant(text)) from None


def without_comments(text: str, dialect: Format) -> str:
    """Blank out comments and, where the dialect has them, trailing commas; keep offsets.

    Raises:
        ScanError: A string or comment has no end.
    """
    text = _STRIPPED[dialect].sub(_blank, text)
    if dialect is Format.JSONC:
        text = _TRAILING_COMMA.sub(_without_trailing_comma, text)
    return text


def _without_trailing_comma(token: re.Match[str]) -> str:
    return " " if token[0] == "," else token[0]


def _blank(token: re.Match[str]) -> str:
    found = token[0]
    if token["open"]:
        raise ScanError("a string or comment has no end", token.start())
    return found if found.startswith('"') else _NOT_BLANK.sub(" ", found)
