"""TOML read strictly: UTF-8, one error for everything that is wrong with it."""

from __future__ import annotations

import re
import tomllib

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.fields import Fields
from mcpinstall.model.json_text import without_limits

MAX_KEY_PARTS = 16
"""Parts of a dotted key; `tomllib` takes time and memory that grow with their square."""

TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}|"""'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}|'''"
    r'|"(?:[^"\\\n]++|\\.)*+"' + r"|'[^'\n]*+'"
    r"|\#[^\n]*+|[.=,\[\]{}\n\"']",
    re.DOTALL,
)
"""What a key can end at: strings and comments whole, and marks."""

_BETWEEN_KEYS = frozenset("=,[]{}\n")
_OPENING = frozenset({'"', "'", '"""', "'''"})


def parse(data: bytes, code: ErrorCode, where: str) -> Fields:
    """Return the document as fields whose refusals have `code`.

    Raises:
        McpInstallError: `code`, naming `where` and the position.
    """
    try:
        text = data.decode("utf-8")
        require_short_keys(text)
        return Fields.of(tomllib.loads(text), code)
    except UnicodeDecodeError as error:
        raise _invalid(code, where, f"it is not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise _invalid(code, where, without_limits(error)) from None


def require_short_keys(text: str) -> None:
    """Refuse a key of more than `MAX_KEY_PARTS` parts, before `tomllib` is given the text.

    Raises:
        ValueError: There is one, or a string is not closed.
    """
    if all(line.count(".") < MAX_KEY_PARTS for line in text.split("\n")):
        return
    dots = 0
    for token in TOKEN.finditer(text):
        found = token[0]
        if found in _OPENING:
            message = "a string is not closed"
            raise ValueError(message)
        dots = 0 if found in _BETWEEN_KEYS else dots + (found == ".")
        if dots >= MAX_KEY_PARTS:
            message = f"a key has more than {MAX_KEY_PARTS} parts"
            raise ValueError(message)


def _invalid(code: ErrorCode, where: str, why: str) -> McpInstallError:
    return McpInstallError(code, f"`{where}` is not valid TOML: {why}")
