"""Inputs, arguments and variables of `server.json`."""

from __future__ import annotations

import math
import re

from mcpinstall.model.fields import Fields
from mcpinstall.model.loader_variables import environment_fault
from mcpinstall.model.server_json import (
    EnvironmentInput,
    HeaderInput,
    Input,
    InputFormat,
    NamedArgument,
    PositionalArgument,
)

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
"""A variable inside a fixed value."""

_INPUT_KEYS = (
    "description", "isRequired", "format", "value", "isSecret", "default", "placeholder", "choices",
)  # fmt: skip
_TEXT = 4000  # characters of a value or description
_ITEMS = 200  # arguments, variables or choices
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_FLAG = re.compile(r"-{0,2}[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_STEERING = frozenset({
    "accept", "accept-encoding", "connection", "content-encoding", "content-length",
    "content-type", "expect", "forwarded", "host", "keep-alive", "last-event-id", "origin",
    "te", "trailer", "transfer-encoding", "upgrade", "via", "x-forwarded-for", "x-forwarded-host",
    "x-http-method-override",
})  # fmt: skip
_STEERING_PREFIXES = ("mcp-", "proxy-", "sec-")


def arguments(package: Fields, key: str) -> tuple[PositionalArgument | NamedArgument, ...]:
    """Parse `packageArguments` or `runtimeArguments`."""
    return tuple(_argument(item) for item in bounded(package, key))


def environment(package: Fields) -> tuple[EnvironmentInput, ...]:
    """Parse `environmentVariables`; a variable that loads code is refused (T28)."""
    found = tuple(_variable(item) for item in bounded(package, "environmentVariables"))
    folded = [item.name.upper() for item in found]
    if len(set(folded)) != len(folded):
        raise package.error("environmentVariables", "names a variable twice")
    return found


def headers(transport: Fields) -> tuple[HeaderInput, ...]:
    """Parse the headers of a transport; one that steers the connection itself is refused."""
    found = tuple(_header(item) for item in bounded(transport, "headers"))
    folded = [item.name.lower() for item in found]
    if len(set(folded)) != len(folded):
        raise transport.error("headers", "names a header twice")
    return found


def header_fault(name: str) -> str:
    """Return what is wrong with the name of an HTTP header that a server asks for, or nothing."""
    if not _HEADER.fullmatch(name):
        return "is not the name of an HTTP header"
    lower = name.lower()
    if lower in _STEERING or lower.startswith(_STEERING_PREFIXES):
        return "is a header that the connection itself needs; no server may set it"
    return ""


def variables(fields: Fields) -> tuple[tuple[str, Input], ...]:
    """Parse the map `variables`."""
    table = fields.fields("variables")
    if len(table.table) > _ITEMS:
        raise fields.error("variables", f"has more than {_ITEMS} items")
    found = []
    for name in table.table:
        if not _NAME.fullmatch(name):
            raise table.error(name, "is not a plain name")
        item = table.fields(name)
        item.only(*_INPUT_KEYS)
        found.append((name, parse_input(item)))
    return tuple(found)


def parse_input(fields: Fields) -> Input:
    """Parse the keys of an input; its fixed value, default and choices must agree."""
    found = Input(
        description=fields.text("description", "", limit=_TEXT),
        required=fields.boolean("isRequired"),
        format=fields.parsed("format", _format) if "format" in fields.table else InputFormat.STRING,
        value=fields.optional_text("value", limit=_TEXT),
        secret=fields.boolean("isSecret"),
        default=fields.optional_text("default", limit=_TEXT),
        placeholder=fields.optional_text("placeholder", limit=_TEXT),
        choices=fields.texts("choices", limit=_TEXT),
        variables=variables(fields),
    )
    if found.default is not None and (fault := value_fault(found, found.default)):
        raise fields.error("default", fault)
    if found.secret and found.default:
        raise fields.error("default", "is a secret that everyone can read")
    if found.value is not None:
        require_defined(fields, "value", found.value, {name for name, _ in found.variables})
    return found


def require_defined(fields: Fields, key: str, text: str, defined: set[str]) -> None:
    """Refuse a `{name}` in `text` that is not defined: it would reach the server as it stands."""
    for name in PLACEHOLDER.findall(text):
        if name not in defined:
            raise fields.error(key, f"has the placeholder `{{{name}}}`, which `variables` lacks")
    if "${" in text:
        raise fields.error(key, "uses `${…}`, which no host expands")


def value_fault(wanted: Input, value: str) -> str:
    """Return why `value` does not suit an input (choices, format), or nothing."""
    if wanted.choices and value not in wanted.choices:
        return f"is none of {', '.join(f'`{choice}`' for choice in wanted.choices)}"
    if wanted.format is InputFormat.BOOLEAN and value not in {"true", "false"}:
        return "is neither `true` nor `false`"
    if wanted.format is InputFormat.NUMBER and not _is_number(value):
        return "is not a decimal number"
    return ""


def bounded(fields: Fields, key: str) -> tuple[Fields, ...]:
    """Return the tables of a list that is not unreasonably long."""
    items = tuple(fields.each(key))
    if len(items) > _ITEMS:
        raise fields.error(key, f"has more than {_ITEMS} items")
    return items


def _argument(fields: Fields) -> PositionalArgument | NamedArgument:
    kind = fields.text("type", limit=20)
    if kind == "named":
        fields.only("type", "name", "isRepeated", "variables", *_INPUT_KEYS)
        name = fields.text("name", limit=100)
        if not _FLAG.fullmatch(name):
            raise fields.error("name", "is not the name of an option")
        return NamedArgument(
            name=name, input=parse_input(fields), repeated=fields.boolean("isRepeated")
        )
    if kind != "positional":
        raise fields.error("type", "is neither `named` nor `positional`")
    fields.only("type", "valueHint", "isRepeated", "variables", *_INPUT_KEYS)
    hint = fields.optional_text("valueHint", limit=100)
    if not hint and "value" not in fields.table:
        raise fields.error("valueHint", "or `value` is needed")
    return PositionalArgument(
        input=parse_input(fields), hint=hint, repeated=fields.boolean("isRepeated")
    )


def _header(item: Fields) -> HeaderInput:
    item.only("name", "variables", *_INPUT_KEYS)
    name = item.text("name", limit=100)
    if fault := header_fault(name):
        raise item.error("name", fault)
    found = parse_input(item)
    texts = (found.value, found.default, *found.choices)
    if any(text is not None and not text.isascii() for text in texts):
        raise item.error("value", "has characters that no header can hold")
    return HeaderInput(name=name, input=found)


def _variable(fields: Fields) -> EnvironmentInput:
    fields.only("name", "variables", *_INPUT_KEYS)
    name = fields.text("name", limit=200)
    if fault := environment_fault(name):
        raise fields.error("name", fault)
    return EnvironmentInput(name=name, input=parse_input(fields))


def _format(text: str) -> InputFormat:
    try:
        return InputFormat(text)
    except ValueError:
        message = "is none of `string`, `number`, `boolean`, `filepath`"
        raise ValueError(message) from None


def _is_number(text: str) -> bool:
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        return False
    return math.isfinite(float(text))
