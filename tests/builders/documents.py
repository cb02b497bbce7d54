"""Any document of any dialect, how many of them are tried, and what an edit may do to them."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import strategies as st

from mcpinstall.model.host import Format, HostRow
from tests.builders import json_documents, toml_documents, yaml_documents
from tests.builders.host_formats import parse

Made = tuple[HostRow, bytes]

DIALECTS: dict[str, st.SearchStrategy[Made]] = {
    "json": json_documents.document(Format.JSON),
    "json-comments": json_documents.document(Format.JSON_COMMENTS),
    "jsonc": json_documents.document(Format.JSONC),
    "toml": toml_documents.document(toml_documents.MAP),
    "toml-list": toml_documents.document(toml_documents.LIST),
    "yaml": yaml_documents.document(yaml_documents.MAP, yaml_documents.DEEP),
    "yaml-list": yaml_documents.document(yaml_documents.LIST),
}
"""Valid documents of each dialect, as a row of that dialect would have them."""

DOCUMENTS = int(os.environ.get("DOCUMENTS", "2000"))
"""Documents of all dialects together; the nightly run tries 100,000."""

EACH = -(-DOCUMENTS // len(DIALECTS))
"""Documents of one dialect."""

_EMPTY = ("", "{}", "}", "[]", "]", "null", "~")


def seen(row: HostRow, content: bytes | None) -> tuple[list[tuple[str, object]], str]:
    """The servers with their names, and the text of everything else, by a foreign parser."""
    whole = parse(row.format, content or b"")
    inner: Any = whole
    for key in row.servers_key[:-1]:
        inner = inner.get(key) if isinstance(inner, dict) else None
    if not row.servers_key:
        return _named(row, whole), ""
    found = inner.pop(row.servers_key[-1], None) if isinstance(inner, dict) else None
    return _named(row, found), repr(_pruned(whole, row.servers_key[:-1]))


def _named(row: HostRow, found: Any) -> list[tuple[str, object]]:  # noqa: ANN401
    if not row.is_list:
        return list((found or {}).items())
    names = (item.get("name", "") if isinstance(item, dict) else "" for item in found or [])
    return list(zip(names, found or [], strict=True))


def _pruned(whole: Any, way: tuple[str, ...]) -> Any:  # noqa: ANN401
    """Leave out objects on the way that hold nothing else: an edit may have to make them."""
    if way and isinstance(whole, dict) and way[0] in whole:
        inner = _pruned(whole[way[0]], way[1:])
        return {key: inner if key == way[0] else value for key, value in whole.items()
                if key != way[0] or inner}  # fmt: skip
    return whole or {}


def lost(before: bytes, after: bytes) -> str:
    """Return what an edit has taken away; nothing if it was blanks, `{}`, `[]` or null at most.

    All bytes of `before` are in `after`: one piece before the edited span, one behind it, and one
    within it, which is a comment in whose front something was put or taken away.  So comments,
    spellings and ends of line are seen to be unchanged.
    """
    start = _shared(before, after)
    rest, new = before[start:], after[start:]
    end = _shared(rest[::-1], new[::-1])
    gone = rest[: len(rest) - end].decode("utf-8", "replace").strip()
    for empty in _EMPTY:
        if gone.removeprefix(empty).strip() in new.decode("utf-8", "replace"):
            return ""
    return gone


def _shared(one: bytes, two: bytes) -> int:
    """Return how many first bytes are the same."""
    return len(os.path.commonprefix([one, two]))  # noqa: RUF071 (bytes, not parts of a path)
