"""Any document in JSON and its dialects, as somebody might have written it (Hypothesis)."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from mcpinstall.model.host import Format, HostRow
from tests.builders.hosts import ad_hoc_row

NAMES = ("alpha", "beta", "gamma")
"""Of our servers; no document has others of these names."""

WAYS = (("mcpServers",), ("servers",), ("amp.mcpServers",), ("projects", "/home/ann", "mcpServers"))


class Spelled(str):
    """A value in a spelling that `json` would not choose."""

    __slots__ = ()


text = st.text(st.characters(codec="utf-8"), max_size=8)
keys = st.one_of(
    text, st.sampled_from(["mcpServers", "servers", "//", "/*", "}", "a", "__proto__"])
)
numbers = st.sampled_from(["0", "-0", "1.0", "1e3", "1E+2", "0.1e-9", "12345678901234567890", "-7"])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | text | numbers.map(Spelled),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
servers = st.dictionaries(text.filter(lambda name: name not in NAMES), values, max_size=3)


@st.composite
def trivia(draw: st.DrawFn, dialect: Format) -> str:
    """White space, and comments where the dialect has them."""
    blank = st.text(st.sampled_from(" \t\n\r"), max_size=3)
    if dialect is Format.JSON:
        return draw(blank)
    word = st.text(st.sampled_from('ab"{}[],:*\\ é'), max_size=4)
    eol = st.sampled_from(["\n", "\r\n"])
    comment = st.one_of(
        st.builds(lambda inside, end: f"//{inside}{end}", word, eol),
        st.builds(lambda inside: f"/*{inside.replace('*', '')}*/", word),
    )
    return "".join(draw(st.lists(st.one_of(blank, comment), max_size=2)))


@st.composite
def written(draw: st.DrawFn, value: object, dialect: Format) -> str:
    """A value as somebody might have written it."""
    if isinstance(value, Spelled):
        return str(value)
    if not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=draw(st.booleans()))
    gap = trivia(dialect)
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    parts = []
    for key, item in items:
        shown = draw(written(item, dialect))
        if key is not None:
            colon = f"{draw(gap)}:{draw(gap)}"
            shown = f"{json.dumps(key, ensure_ascii=draw(st.booleans()))}{colon}{shown}"
        parts.append(draw(gap) + shown + draw(gap))
    trailing = ""
    if parts and dialect is Format.JSONC and draw(st.booleans()):
        trailing = "," + draw(gap)
    inside = ",".join(parts) + trailing if parts else draw(gap)
    return f"{{{inside}}}" if isinstance(value, dict) else f"[{inside}]"


@st.composite
def document(draw: st.DrawFn, dialect: Format) -> tuple[HostRow, bytes]:
    """A file of one dialect, with or without servers: a map, or a list, at any depth."""
    is_list = draw(st.integers(0, 4)) == 0
    way = draw(st.sampled_from(((), *WAYS) if is_list else WAYS))
    row = ad_hoc_row(dialect, way, is_list=is_list)
    whole = draw(_around(way, draw(_listed() if is_list else servers)))
    style = draw(st.sampled_from(["odd", "odd", "indented", "minified"]))
    if style == "odd":
        gap = trivia(dialect)
        shown = draw(gap) + draw(written(whole, dialect)) + draw(gap)
    elif style == "indented":
        units: list[int | str] = [1, 2, 3, 4, "\t"]
        shown = json.dumps(whole, indent=draw(st.sampled_from(units)))
        shown = shown.replace("\n", draw(st.sampled_from(["\n", "\r\n", "\r"])))
        shown += draw(st.sampled_from(["", "\n", "\r\n", "\n\n"]))
    else:
        shown = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
    mark = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"]))
    return row, mark + shown.encode()


@st.composite
def _listed(draw: st.DrawFn) -> list[Any]:
    """Servers as a list, in which each names itself; some have no name."""
    items = [{"name": name, "v": value} for name, value in draw(servers).items() if name]
    return [*items, *draw(st.lists(st.just({"v": 1}), max_size=1))]


@st.composite
def _around(draw: st.DrawFn, way: tuple[str, ...], found: Any) -> Any:  # noqa: ANN401
    """A document with these servers at the end of a way, or without them."""
    if not way:
        return found
    around = draw(st.dictionaries(keys, values, max_size=3))
    around.pop(way[0], None)
    if draw(st.integers(0, 3)):
        around[way[0]] = draw(_around(way[1:], found))
        around |= {"z": draw(values)} if draw(st.booleans()) else {}
    return around
