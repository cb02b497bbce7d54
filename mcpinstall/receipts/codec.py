"""Our own records as JSON: written from dataclasses, read back strictly by their types."""

from __future__ import annotations

import base64
import dataclasses
import functools
import types
import typing
from enum import Enum
from typing import Any, TypeVar, cast

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text

T = TypeVar("T")

_SCHEMA = 1


def dump(value: object) -> bytes:
    """Return a dataclass as canonical JSON with a schema number and a line feed."""
    return json_text.canonical({"schema": _SCHEMA, "record": _encoded(value)}) + b"\n"


def load(data: bytes, kind: type[T], where: str) -> T:
    """Return the dataclass `kind` that `data` holds; every key is known and every type fits.

    Raises:
        McpInstallError: `state-invalid`, naming `where`.
    """
    try:
        document = json_text.parse(data, where)
        if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
            raise _MisfitError("schema", "is not one that this version of mcpinstall knows")
        return cast("T", _decoded(document.get("record"), kind, "record"))
    except (_MisfitError, McpInstallError) as error:
        raise McpInstallError(
            ErrorCode.STATE_INVALID,
            f"`{where}` is damaged: {error}",
            hint="move the file away; `mcpi install` writes a new receipt for what is in place",
        ) from None


class _MisfitError(ValueError):
    """A value that does not fit its type."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"`{path}` {why}")


def _encoded(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _encoded(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_encoded(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.value if isinstance(value, Enum) else value


def _decoded(value: object, kind: Any, path: str) -> object:  # noqa: ANN401 (a type form)
    origin = typing.get_origin(kind)
    if origin is types.UnionType or origin is typing.Union:
        return _decoded_optional(value, kind, path)
    if origin is tuple:
        return _decoded_tuple(value, typing.get_args(kind), path)
    if dataclasses.is_dataclass(kind):
        return _decoded_record(value, cast("type", kind), path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            raise _MisfitError(path, "is not one of the known words") from None
    if kind is bytes:
        return _decoded_bytes(value, path)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _MisfitError(path, f"is not of type {kind.__name__}")
    return value


def _decoded_optional(value: object, kind: Any, path: str) -> object:  # noqa: ANN401
    if value is None:
        return None
    (inner,) = (option for option in typing.get_args(kind) if option is not type(None))
    return _decoded(value, inner, path)


def _decoded_tuple(value: object, kinds: tuple[Any, ...], path: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise _MisfitError(path, "is not a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _MisfitError(path, f"does not have {len(kinds)} items")
    return tuple(
        _decoded(item, kind, f"{path}[{number}]")
        for number, (item, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _decoded_record(value: object, kind: type, path: str) -> object:
    if not isinstance(value, dict):
        raise _MisfitError(path, "is not an object")
    hints, later = _fields(kind), _later(kind)
    odd = sorted((set(value) - set(hints)) | (set(hints) - later - set(value)))
    if odd:
        raise _MisfitError(f"{path}.{odd[0]}", "is missing or not known")
    present = [name for name in hints if name in value]
    return kind(**{name: _decoded(value[name], hints[name], f"{path}.{name}") for name in present})


@functools.cache
def _fields(kind: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields by name, in order; asking for them is slow."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@functools.cache
def _later(kind: type) -> frozenset[str]:
    """Return the fields that an older version of mcpinstall did not write: they have a default."""
    missing = dataclasses.MISSING
    return frozenset(
        field.name
        for field in dataclasses.fields(kind)
        if field.default is not missing or field.default_factory is not missing
    )


def _decoded_bytes(value: object, path: str) -> bytes:
    if not isinstance(value, str):
        raise _MisfitError(path, "is not a text")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise _MisfitError(path, "is not base64") from None
