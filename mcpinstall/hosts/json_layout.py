"""How a JSON document is laid out, so that an entry looks like its neighbours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from mcpinstall.hosts.json_scan import JsonObject, Located
from mcpinstall.model.host import Format

_EOL = re.compile(r"\r\n|\n|\r")
_FIRST_INDENT = re.compile(r'[\r\n]([ \t]+)["}/]')
_DEFAULT_UNIT = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Line ends, indentation and separators of the place where an entry goes."""

    eol: str
    unit: str
    """One level of indentation."""
    indent: str
    """Indentation of the members of the object that is edited."""
    close_indent: str
    """Indentation of its closing brace."""
    lines: bool
    """Whether members stand on lines of their own."""
    colon: str
    comma: str
    """Between two members in one line."""

    def member(self, key: str, value: object) -> str:
        """Return `"key": value` as it stands in the object that is edited."""
        return f"{encoded(key)}{self.colon}{self.value(value, self.indent)}"

    def value(self, value: object, indent: str) -> str:
        """Return a value; objects span lines if members do, lists only if they hold objects."""
        if isinstance(value, dict) and value:
            inner = indent + self.unit
            members = [
                f"{encoded(key)}{self.colon}{self.value(item, inner)}"
                for key, item in value.items()
            ]
            if not self.lines:
                return "{" + self.comma.join(members) + "}"
            between = f",{self.eol}{inner}"
            return f"{{{self.eol}{inner}{between.join(members)}{self.eol}{indent}}}"
        if isinstance(value, list) and self.lines and any(isinstance(i, dict) for i in value):
            inner = indent + self.unit
            between = f",{self.eol}{inner}"
            items = between.join(self.value(item, inner) for item in value)
            return f"[{self.eol}{inner}{items}{self.eol}{indent}]"
        if isinstance(value, list):
            return "[" + self.comma.join(self.value(item, indent) for item in value) + "]"
        return encoded(value)


def encoded(value: object) -> str:
    """Return a value as JSON in Latin-1 (see `json_scan`).

    Nothing beyond ASCII is escaped: a reader of Latin-1 must see our bytes, like all others.
    """
    return json.dumps(value, ensure_ascii=False).encode("utf-8").decode("latin-1")


def fresh() -> Layout:
    """Return the layout of a file that we make: two spaces, line feeds."""
    return Layout(
        eol="\n", unit=_DEFAULT_UNIT, indent=_DEFAULT_UNIT, close_indent="",
        lines=True, colon=": ", comma=", ",
    )  # fmt: skip


def layout_at(located: Located) -> Layout:
    """Return the layout for a new member of the last object that exists on the way."""
    text, objects = located.text, located.objects
    edited = objects[-1]
    lines = _on_lines(text, objects)
    close_indent = line_indent(text, edited.key_start)
    unit = _unit(located)
    indent = close_indent + unit
    if edited.members:
        indent = line_indent(text, edited.members[-1].key_start)
    colon, comma = _separators(text, objects)
    return Layout(
        eol=_eol(located, edited), unit=unit, indent=indent, close_indent=close_indent,
        lines=lines, colon=colon, comma=comma,
    )  # fmt: skip


def line_start(text: str, at: int) -> int:
    """Return where the line of `at` begins."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def line_indent(text: str, at: int) -> str:
    """Return the blanks at the beginning of the line of the token at `at`."""
    start = line_start(text, at)
    end = start
    while text[end] in " \t":
        end += 1
    return text[start:end]


def _on_lines(text: str, objects: tuple[JsonObject, ...]) -> bool:
    """Tell whether the innermost object that has members spreads them over lines.

    An empty document (`{}`) is spread, and so is an object that is spread though empty.
    """
    for found in reversed(objects):
        end = found.members[-1].key_start if found.members else found.close
        if _EOL.search(text, found.start, end):
            return True
        if found.members:
            return False
    return True


def _unit(located: Located) -> str:
    """Return one level of indentation: the step from one object of the way to its members."""
    text = located.text
    for found in reversed(located.objects):
        if not found.members:
            continue
        outer = line_indent(text, found.key_start)
        inner = line_indent(text, found.members[-1].key_start)
        if inner.startswith(outer) and len(inner) > len(outer):
            return inner[len(outer) :]
    match = _FIRST_INDENT.search(text)
    return match[1] if match else _DEFAULT_UNIT


def first_eol(located: Located) -> str | None:
    """Return the first line end of the document, if it has one."""
    match = _EOL.search(located.text)
    return _ending_comments(match[0], located) if match else None


def _eol(located: Located, edited: JsonObject) -> str:
    """Return the line end before the last member, else the first one of the document."""
    if edited.members:
        before = located.text[: line_start(located.text, edited.members[-1].key_start)]
        for eol in ("\r\n", "\n", "\r"):
            if before.endswith(eol):
                return _ending_comments(eol, located)
    return first_eol(located) or "\n"


def _ending_comments(eol: str, located: Located) -> str:
    """Return a line end that also ends a comment: a lone CR does not in every dialect."""
    return "\n" if eol == "\r" and located.dialect is Format.JSON_COMMENTS else eol


def _separators(text: str, objects: tuple[JsonObject, ...]) -> tuple[str, str]:
    """Return what stands for `:` and, within one line, for `,`."""
    for found in reversed(objects):
        for member in () if found.is_list else reversed(found.members):
            tight = text[member.value_start - 1] == ":"
            return (":", ",") if tight else (": ", ", ")
    return ": ", ", "
