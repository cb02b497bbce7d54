"""Any document in YAML, as somebody might have written it (Hypothesis)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import yaml
from hypothesis import strategies as st

from mcpinstall.model.host import Format, HostRow
from tests.builders.host_formats import YamlLoader
from tests.builders.hosts import ad_hoc_row
from tests.builders.json_documents import NAMES

MAP = ad_hoc_row(Format.YAML, ("extensions",))
LIST = ad_hoc_row(Format.YAML, ("extensions",), is_list=True)
DEEP = ad_hoc_row(Format.YAML, ("a", "extensions"))

_TAKEN = frozenset({*NAMES, "a", "extensions", "x", "y"})
"""Keys that have their place."""

plain = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
quoted = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6).map(
    lambda text: json.dumps(text, ensure_ascii=False).replace("\x85", "").replace("\u2028", "")
)
odd = st.sampled_from(
    ["1", "0x1f", "0o17", "1_000", "1e3", ".inf", "~", "true", "yes", "null", "''", "'it''s # no'",
     '"\\u00e9 \\" : {"', "2026-11-22", "&b anchored", "!!str 12", "!own tagged", "not a list"]
)  # fmt: skip
flow = st.recursive(
    plain | quoted | odd,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(inner, min_size=1, max_size=2).map(lambda items: f"[ {' , '.join(items)} ,]"),
        st.lists(st.tuples(plain, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=5,
)
comment = st.sampled_from(["", "", "", "  # tail", " # é: {", "\t# tab", " \t"])
between = st.sampled_from(["", "", "\n", "# a comment\n", "\n# two\n\n", "   # indented\n"])


@st.composite
def block(draw: st.DrawFn, column: int, depth: int) -> str:
    """What stands behind `key:`, with its line end."""
    pad = " " * column
    kind = draw(st.sampled_from(["flow", "flow", "text", "lines", "map", "list", "empty"]))
    if kind == "empty":
        return f"{draw(comment)}\n"
    if kind == "text":
        header = draw(st.sampled_from(["|", "|-", "|+", ">", ">-", "|2", ">+"]))
        lines = draw(st.lists(plain, min_size=1, max_size=3))
        blank = "\n" * draw(st.integers(0, 2))
        return f" {header}{draw(comment)}\n" + "".join(f"{pad}{line}\n" for line in lines) + blank
    if kind == "lines":
        lines = draw(st.lists(plain, min_size=2, max_size=3))
        mark = draw(st.sampled_from(["", "'", '"']))
        return f" {mark}" + f"\n{pad}".join(lines) + f"{mark}{draw(comment)}\n"
    anchor = draw(st.sampled_from(["", "", " &anchor", " !!map" if kind == "map" else " !!seq"]))
    if kind == "list" and depth:
        dash = pad if draw(st.booleans()) or column == 0 else pad[:-2]
        items = draw(st.lists(flow, min_size=1, max_size=3))
        return f"{anchor}\n" + "".join(f"{dash}- {item}{draw(comment)}\n" for item in items)
    if kind == "map" and depth:
        return f"{anchor}\n" + draw(mapping(column, depth - 1))
    return f" {draw(flow)}{draw(comment)}\n"


@st.composite
def mapping(
    draw: st.DrawFn, column: int, depth: int, keys: tuple[str, ...] = (), prefix: str = ""
) -> str:
    """The lines of a block map; `prefix` keeps its keys from being those of another one."""
    found = draw(st.lists(plain, min_size=0 if keys else 1, max_size=3, unique=True))
    names = [f"{prefix}{name}" for name in found]
    names = [name for name in names if name not in _TAKEN] + list(keys)
    unit = draw(st.sampled_from([2, 4, 3]))
    pad = " " * column
    lines = []
    for name in names or [f"{prefix}k"]:
        key = draw(st.sampled_from([name, name, f'"{name}"', f"'{name}'"]))
        colon = draw(st.sampled_from([":", ":", " :"]))
        lines.append(f"{draw(between)}{pad}{key}{colon}{draw(block(column + unit, depth))}")
    return "".join(lines)


@st.composite
def spelled(draw: st.DrawFn, rows: Sequence[HostRow]) -> tuple[HostRow, bytes]:
    """A document with or without servers, in odd but legal spellings."""
    row = draw(st.sampled_from(rows))
    start = draw(st.sampled_from(["", "", "", "---\n", "%YAML 1.2\n---\n", "--- # é\n"]))
    before = draw(between) + (draw(mapping(0, 2)) if draw(st.booleans()) else "")
    tail = draw(mapping(0, 2, prefix="z_")) if draw(st.booleans()) else ""
    after = draw(between) + tail
    text = start + before + draw(servers(row)) + after
    ending = draw(st.sampled_from(["", "", "\n", "rstrip", "...\n", "# end"]))
    text = text.rstrip("\n") if ending == "rstrip" else text + ending
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return row, (draw(st.sampled_from(["", "", "\ufeff"])) + text).encode()


@st.composite
def servers(draw: st.DrawFn, row: HostRow) -> str:
    """The lines of the servers, or nothing."""
    lead, pad = ("a:\n  ", "  ") if row is DEEP else ("", "")
    kind = draw(st.sampled_from(["none", "null", "empty", "flow", "block", "block"]))
    if kind == "none":
        return ""
    head = f"{lead}extensions:"
    if kind == "null":
        return f"{head}{draw(st.sampled_from(['', ' ~', ' null', ' &servers']))}{draw(comment)}\n"
    if row is LIST:
        return head + draw(listed(kind))
    if kind == "empty":
        return f"{head} {{}}{draw(comment)}\n"
    if kind == "flow":
        spread = draw(st.sampled_from([" ", f"\n{pad}    "]))
        return f"{head} {{x: {draw(flow)},{spread}y: {{command: q}}}}{draw(comment)}\n"
    unit = draw(st.sampled_from([2, 4, 1]))
    return f"{head}{draw(comment)}\n" + draw(mapping(len(pad) + unit, 1, keys=("x", "y")))


@st.composite
def listed(draw: st.DrawFn, kind: str) -> str:
    """What stands behind the key of a list of servers."""
    if kind == "empty":
        return f" []{draw(comment)}\n"
    if kind == "flow":
        return f" [{{name: x, v: {draw(flow)}}}]{draw(comment)}\n"
    dash = draw(st.sampled_from(["", "  "]))
    last = draw(st.sampled_from([f"{dash}- name: y\n", f"{dash}- {{name: y}}\n", f"{dash}-\n"]))
    return (
        f"{draw(comment)}\n{dash}- name: x\n{draw(between)}{dash}  v: {draw(flow)}{draw(comment)}\n"
        f"{dash}- # first\n{dash}    name: z\n{last}"
    )


def is_yaml(made: tuple[HostRow, bytes]) -> bool:
    """Tell whether a document is one, by PyYAML."""
    try:
        yaml.load(made[1].decode(), YamlLoader)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError):
        return False
    return True


def document(*rows: HostRow) -> st.SearchStrategy[tuple[HostRow, bytes]]:
    """A valid file for one of these rows."""
    return spelled(rows).filter(is_yaml)
