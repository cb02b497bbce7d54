"""Typed getters over parsed documents; every error names the key path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.text import require_plain

T = TypeVar("T")

_PATH_SHOWN = 300  # characters; a key of a hostile document has any length


@dataclass(frozen=True, slots=True)
class Fields:
    """One table or object of a document from outside, with its place in it.

    `code` is the error code of the document's kind, such as `manifest-invalid`.
    Text is checked for hidden characters as it is taken out.
    """

    table: Mapping[str, object]
    code: ErrorCode
    where: str = ""
    """Key path of this table: ``, `package`, `reviews[0]`."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Key path → line, where messages tell it."""

    @classmethod
    def of(
        cls,
        value: object,
        code: ErrorCode,
        where: str = "",
        lines: Mapping[str, int] = MappingProxyType({}),
    ) -> Fields:
        """Return `value` as fields, or refuse it when it is not a table."""
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise McpInstallError(code, f"`{where or 'the document'}` is not a table")
        return cls(value, code, where, lines)

    def path(self, key: str) -> str:
        """Return the key path of `key` in this table."""
        return f"{self.where}.{key}" if self.where else key

    def only(self, *known: str) -> None:
        """Refuse any key that is not one of `known`."""
        for key in self.table:
            if key not in known:
                raise self.error(key, "is not a known key")

    def error(self, key: str, why: str) -> McpInstallError:
        """Return the refusal of `key`; `why` continues the sentence."""
        line = self.line(key)
        place = f" (line {line})" if line else ""
        return McpInstallError(self.code, f"`{self.path(key)[:_PATH_SHOWN]}`{place} {why}")

    def line(self, key: str) -> int | None:
        """Return the line of `key`, or of the list or table that it stands in; None if unknown."""
        path = self.path(key)
        for known in (path, path.rpartition("[")[0], self.where):
            if known in self.lines:
                return self.lines[known]
        return None

    def text(self, key: str, default: str | None = None, *, limit: int = 1000) -> str:
        """Return a string of plain characters, at most `limit` long."""
        value = self.table.get(key, default)
        if not isinstance(value, str):
            raise self.error(key, "is missing" if value is None else "is not a text")
        if len(value) > limit:
            raise self.error(key, f"is longer than {limit} characters")
        return require_plain(value, self.path(key))

    def optional_text(self, key: str, *, limit: int = 1000) -> str | None:
        """Return a string of plain characters, or None when the key is absent."""
        return self.text(key, limit=limit) if key in self.table else None

    def integer(self, key: str, *, low: int = 0, high: int = 2**53) -> int:
        """Return a whole number between `low` and `high`."""
        value = self.table.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.error(key, f"is not a whole number from {low} to {high}")
        return value

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "is neither true nor false")
        return value

    def texts(self, key: str, *, limit: int = 1000) -> tuple[str, ...]:
        """Return a list of strings of plain characters; absent is empty."""
        value = self.table.get(key, [])
        if not isinstance(value, list | tuple):
            raise self.error(key, "is not a list")
        numbered = {f"{key}[{n}]": item for n, item in enumerate(value)}
        items = Fields(numbered, self.code, self.where, self.lines)
        return tuple(items.text(name, limit=limit) for name in items.table)

    def fields(self, key: str) -> Fields:
        """Return the table at `key`; absent is an empty one."""
        return Fields.of(self.table.get(key, {}), self.code, self.path(key), self.lines)

    def each(self, key: str) -> Iterator[Fields]:
        """Yield the tables of the list at `key`; absent is empty."""
        value = self.table.get(key, [])
        if not isinstance(value, list | tuple):
            raise self.error(key, "is not a list")
        for number, item in enumerate(value):
            yield Fields.of(item, self.code, f"{self.path(key)}[{number}]", self.lines)

    def parsed(self, key: str, parse: Callable[[str], T]) -> T:
        """Return the text at `key` through `parse`, whose refusal gets this key path."""
        text = self.text(key)
        try:
            return parse(text)
        except McpInstallError as error:
            raise McpInstallError(
                self.code, f"`{self.path(key)}`: {error.message}", hint=error.hint
            ) from None
        except ValueError as error:
            raise self.error(key, str(error)) from None
