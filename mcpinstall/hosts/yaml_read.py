"""One pass of the library over a YAML document: its spans for an edit, its values for the proof.

The library's parser in Python is the slowest step of an edit by far, so every document is
parsed once.  To be imported late: the library takes a while to load.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import BlockEntryToken, ValueToken

from mcpinstall.hosts import yaml_plain, yaml_scan
from mcpinstall.hosts.forms import ScanError, reason
from mcpinstall.system import limits

MOST_DEPTH = 64
"""Levels of collections in each other."""

_OUTER = (StreamStartEvent, DocumentStartEvent, DocumentEndEvent, StreamEndEvent)

_FOREIGN = (AssertionError, ArithmeticError, LookupError, ValueError)
"""What the library lets out: of `"\\UFFFFFFFF"`, of `%YAML 1.9`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document in two ways that have nothing in common but the library's events."""

    root: yaml_scan.Node | None
    """Where things stand; offsets count characters behind a byte-order mark."""
    value: object
    """What it says, for the proof.  Shared between callers, who only read it."""


@functools.lru_cache(maxsize=3)
def read(content: bytes) -> Read:
    """Read a document in UTF-8; the last ones are kept, such as a file before and after an edit.

    Raises:
        ScanError: It is not one YAML document, too large or nested too deeply, or has a key
            twice or aliases without end.
    """
    if len(content) > limits.YAML_BYTES:
        raise ScanError(f"it is larger than {limits.YAML_BYTES >> 10} KiB", -1)
    text = content.decode("utf-8")
    mark = len("\ufeff".encode()) if text.startswith("\ufeff") else 0
    text = text.removeprefix("\ufeff")
    with yaml_scan.byte_offsets(text, mark):
        return _read(yaml_scan.without_tabs(text))


def _read(text: str) -> Read:
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Parser = _Scanner, _Parser
    events: list[Any] = []
    try:
        value = yaml_plain.value_of(_kept(yaml.parse(text), events), yaml.resolver)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = _first_line(error.problem or error.context)
        raise ScanError(message, mark.index if mark else -1) from None
    except ScanError:
        raise
    except (YAMLError, *_FOREIGN) as error:
        why = reason(error) if isinstance(error, ValueError) else str(error)
        raise ScanError(_first_line(why), -1) from None
    root = yaml_scan.root_of(text, events, yaml.scanner.places)
    yaml_scan.require_one_reading(text, root)
    return Read(root=root, value=value)


def _kept(found: Iterator[Any], events: list[Any]) -> Iterator[Any]:
    """Pass the events of the document's nodes on, and keep them.

    Raises:
        ScanError: There is a second document, or the first is nested too deeply.
    """
    documents = depth = 0
    for event in found:
        documents += isinstance(event, DocumentStartEvent)
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if documents > 1:
            raise ScanError("it holds more than one document", event.start_mark.index)
        if depth > MOST_DEPTH:
            raise ScanError("it nests too deeply", event.start_mark.index)
        if not isinstance(event, _OUTER):
            events.append(event)
            yield event


class _Scanner(Scanner):
    """The library's scanner, which remembers where `:` and `-` stood."""

    def __init__(self, loader: Any = None) -> None:  # noqa: ANN401
        self.places = yaml_scan.Marks()
        super().__init__(loader)

    @functools.cached_property
    def reader(self) -> Any:  # noqa: ANN401
        """Where the characters come from, looked up once."""
        return self.loader.reader

    def get_token(self) -> Any:  # noqa: ANN401
        """Return the next token."""
        token = super().get_token()
        if isinstance(token, ValueToken):
            self.places.colons.append(token.start_mark.index)
        elif isinstance(token, BlockEntryToken):
            self.places.dashes.append(token.start_mark.index)
        return token


class _Parser(Parser):
    """The library's parser, which looks its scanner up once."""

    @functools.cached_property
    def scanner(self) -> Any:  # noqa: ANN401
        """Where the tokens come from."""
        return self.loader.scanner


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0].strip() or "it can't be parsed"
