"""Edits of one contiguous span in TOML: a table at the end of the file, and its removal."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcpinstall.hosts.forms import FormError
from mcpinstall.hosts.quoting import quoted
from mcpinstall.hosts.toml_scan import Kind, Statement, statements, value_span

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK_LINE_BEFORE = re.compile(r"(?:\r?\n|\A)([ \t]*\r?\n)\Z")

Splice = tuple[int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlServers:
    """A TOML document and where its servers are: tables `[way.NAME]`, or a list `[[way]]`."""

    text: str
    """Its bytes as Latin-1."""
    way: tuple[str, ...]
    name_field: str | None
    """The field that names a server, where the servers are a list."""
    names: tuple[str, ...]
    """Of the servers; in a list in its order."""

    def inserted(self, name: str, value: object) -> Splice:
        """Return the splice that appends the table of a server.

        Raises:
            FormError: The servers are one inline value, or dotted keys.
        """
        text = self.text
        if not isinstance(value, dict):
            return self._field_added(name, value)
        _require_tables(statements(text), self.way)
        eol = _eol(text)
        block = self.block(name, value, eol)
        content = text.removeprefix("\xef\xbb\xbf")
        if not content.strip(" \t\r\n"):
            lead = "" if not content or content.endswith("\n") else eol
            return len(text), len(text), lead + block
        if content.endswith("\n"):
            return len(text), len(text), eol + block
        return len(text), len(text), eol + eol + block.removesuffix(eol)

    def removed(self, name: str) -> Splice:
        """Return the splice that takes out a server's table with its sub-tables.

        Foreign tables between them stay, and so do comments behind the last key of each.

        Raises:
            FormError: The server is not written as a table of its own.
        """
        text = self.text
        blocks = self._blocks(name)
        start, end = blocks[0][0], blocks[-1][1]
        blank = _BLANK_LINE_BEFORE.search(text[:start])
        if blank:
            start = blank.start(1)
        between = [text[one[1] : two[0]] for one, two in itertools.pairwise(blocks)]
        kept = "".join(between)
        if end == len(text) and not text.endswith("\n") and not kept:
            start = _without_line_end(text, start)
        return start, end, kept

    def replaced(self, name: str, value: object) -> Splice:
        """Return the splice that puts a new table where the server's old one is.

        Raises:
            FormError: The server is not written as a table of its own, or another table stands
                between it and its sub-tables.
        """
        text = self.text
        if not isinstance(value, dict):
            start, end = self._field(name)
            return start, end, encoded(value)
        blocks = self._blocks(name)
        (start, end), *others = blocks
        if others:
            raise FormError(f"another table stands between `{name}` and its sub-tables")
        eol = _eol(text)
        block = self.block(name, value, eol)
        return start, end, block if text[:end].endswith("\n") else block.removesuffix(eol)

    def block(self, name: str, value: dict[str, object], eol: str) -> str:
        """Return the table of a server; members that are tables become sub-tables behind it."""
        path = self.way if self.name_field else (*self.way, name)
        header = ".".join(_key(part) for part in path)
        lines = [f"[[{header}]]" if self.name_field else f"[{header}]"]
        lines += [
            f"{_key(key)} = {_value(item)}"
            for key, item in value.items()
            if not isinstance(item, dict)
        ]
        for key, item in value.items():
            if isinstance(item, dict):
                lines += ["", f"[{header}.{_key(key)}]"]
                lines += [f"{_key(inner)} = {_value(text)}" for inner, text in item.items()]
        return eol.join(lines).encode("utf-8").decode("latin-1") + eol

    def _field(self, name: str) -> tuple[int, int]:
        """Return where the value of a key of the table `way` stands.

        Raises:
            FormError: It is not written as a line of its own in that table.
        """
        for statement in self._lines():
            if statement.key == (name,) and not statement.inline:
                return value_span(self.text, statement)
        raise FormError(f"`{name}` is not written as a line of its own")

    def _field_added(self, name: str, value: object) -> Splice:
        """Return the splice that adds a key behind the last one of the table `way`.

        Raises:
            FormError: There is no such table, or it has no keys.
        """
        text, eol = self.text, _eol(self.text)
        found = list(self._lines())
        line = f"{_key(name)} = ".encode().decode("latin-1") + encoded(value)
        if not found:
            return self._added_inline(line)
        end = found[-1].end
        whole = f"{line}{eol}" if text[:end].endswith("\n") else f"{eol}{line}"
        return end, end, whole

    def _added_inline(self, line: str) -> Splice:
        """Return the splice that adds a key behind the last one of an inline table `way`.

        Raises:
            FormError: There is no such table, or it ends with a comment or a comma.
        """
        table: tuple[str, ...] = ()
        for statement in statements(self.text):
            if statement.kind is not Kind.KEY:
                table = statement.key
            elif statement.inline and (*table, *statement.key) == self.way:
                start, end = value_span(self.text, statement)
                inside = self.text[start + 1 : end - 1]
                if "\n" in inside or inside.rstrip().endswith(","):  # TOML 1.1
                    break
                behind = start + 1 + len(inside.rstrip(" \t"))
                return behind, behind, f", {line}" if inside.strip() else f" {line} "
        raise FormError(f"`{'.'.join(self.way)}` is not written as a table of its own")

    def _lines(self) -> Iterator[Statement]:
        """Yield the keys that stand in the table `way` itself."""
        table: tuple[str, ...] = ()
        for statement in statements(self.text):
            if statement.kind is not Kind.KEY:
                table = statement.key
            elif table == self.way:
                yield statement

    def _blocks(self, name: str) -> list[tuple[int, int]]:
        found = statements(self.text)
        if self.name_field is None:
            blocks = _blocks(found, (*self.way, name))
        else:
            blocks = _blocks_of_item(found, self.way, self.names.index(name))
        if not blocks:
            raise FormError(f"`{name}` is not written as a table of its own")
        return blocks


def encoded(value: object) -> str:
    """Return a value as TOML in Latin-1 (see `json_scan`)."""
    return _value(value).encode("utf-8").decode("latin-1")


def _require_tables(found: Iterable[Statement], way: tuple[str, ...]) -> None:
    """Refuse servers that are an inline table or are given by dotted keys outside a table."""
    table: tuple[str, ...] = ()
    for statement in found:
        if statement.kind is not Kind.KEY:
            table = statement.key
        elif len(table) < len(way):
            _require_beside((*table, *statement.key), way, inline=statement.inline)


def _require_beside(key: tuple[str, ...], way: tuple[str, ...], *, inline: bool) -> None:
    shared = min(len(key), len(way))
    if key[:shared] != way[:shared]:
        return
    if len(key) > len(way):
        raise FormError(f"`{'.'.join(way)}` is given by dotted keys")
    if inline or len(key) == len(way):
        raise FormError(f"`{'.'.join(key)}` is an inline {'table' if inline else 'list'}")


def _blocks(found: Iterable[Statement], path: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return begin and end of each table at or below `path`, from header to last key.

    Neighbours, and what stands between them, are one where no other table comes in between.

    Raises:
        TomlFormError: There is none.
    """
    blocks: list[tuple[int, int]] = []
    inside = False
    for statement in found:
        goes_on = inside
        if statement.kind is not Kind.KEY:
            inside = statement.key[: len(path)] == path
        if inside:
            start = blocks.pop()[0] if goes_on else statement.start
            blocks.append((start, statement.end))
    return blocks


def _blocks_of_item(
    found: Iterable[Statement], path: tuple[str, ...], number: int
) -> list[tuple[int, int]]:
    """Return begin and end of item `number` of an array of tables, with its sub-tables."""
    blocks: list[tuple[int, int]] = []
    item, inside = -1, False
    for statement in found:
        goes_on = inside
        if statement.kind is Kind.TABLES and statement.key == path:
            item += 1
            inside = item == number
        elif statement.kind is not Kind.KEY:
            inside = item == number and statement.key[: len(path)] == path
        if inside:
            start = blocks.pop()[0] if goes_on else statement.start
            blocks.append((start, statement.end))
    return blocks


def _without_line_end(text: str, start: int) -> int:
    """Step back over the line end before `start`, so that the file still ends without one."""
    if text[:start].endswith("\r\n"):
        return start - 2
    return start - 1 if text[:start].endswith("\n") else start


def _eol(text: str) -> str:
    match = re.search(r"\r?\n", text)
    return match[0] if match else "\n"


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _value(text)


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, str):
        return quoted(value)
    return json.dumps(value)
