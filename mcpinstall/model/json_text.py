"""JSON read strictly and written canonically."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

from mcpinstall.errors import ErrorCode, McpInstallError

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

MAX_DEPTH = 64
"""Nesting of any document that is read; deeper ones are refused before they are parsed."""

KEY_SHOWN = 100
"""Characters of a key in an error."""
TOO_LARGE = "it holds a number that is too large"
"""What an error says of one."""


def parse(data: bytes, where: str) -> Json:
    """Parse strict JSON: UTF-8 without BOM, no duplicate keys, no NaN, at most 64 deep.

    A number that is too large for a float is refused, for it can't be written again.

    Raises:
        McpInstallError: `json-invalid`, naming `where` and the position.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(where, f"it is not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff"):
        raise _invalid(where, "it begins with a byte-order mark")
    _require_shallow(text, where)
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        raise _invalid(where, f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise _invalid(where, without_limits(error)) from None
    return value


def canonical(value: object) -> bytes:
    """Return `value` as canonical JSON: sorted keys, no white space, ASCII, no floats.

    Two equal values give equal bytes on every platform; digests are taken over these bytes.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def printed(value: object, where: str) -> bytes:
    """Return `value` as JSON for people: indented, not only ASCII.

    Raises:
        McpInstallError: `json-invalid` for text that has half of a character.
    """
    try:
        return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        raise _invalid(where, "it has a surrogate that stands alone") from None


def digest(value: object) -> str:
    """Return the sha256 of `canonical(value)`, 64 lowercase hexadecimal characters."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            message = f"the key {json.dumps(key[:KEY_SHOWN])} appears twice in one object"
            raise ValueError(message)
        found[key] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(TOO_LARGE)
    return number


def without_limits(error: Exception) -> str:
    """Return what a parser says, in words of the document where it speaks of Python's limits."""
    if isinstance(error, RecursionError):
        return "it nests too deep"
    said = str(error)
    return TOO_LARGE if said.startswith("Exceeds the limit") else said


def _require_shallow(text: str, where: str) -> None:
    depth = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise _invalid(where, f"it nests deeper than {MAX_DEPTH} levels")
        elif char in "]}":
            depth -= 1


def _invalid(where: str, why: str) -> McpInstallError:
    return McpInstallError(ErrorCode.JSON_INVALID, f"`{where}` is not valid JSON: {why}")
