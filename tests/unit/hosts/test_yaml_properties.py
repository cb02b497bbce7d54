"""Edits of any YAML document: everything else stays, and taking back is exact (Hypothesis)."""

from __future__ import annotations

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, insert, proof, remove, replace, take_out
from mcpinstall.hosts.entry import shape
from mcpinstall.hosts.forms import ScanError
from mcpinstall.model.host import Format, HostRow
from tests.builders.hosts import ad_hoc_row, host_file, no_chain, server
from tests.builders.watchdog import ends

NAMES = ("alpha", "beta", "gamma")
BOM = b"\xef\xbb\xbf"
MAP = ad_hoc_row(Format.YAML, ("extensions",))
LIST = ad_hoc_row(Format.YAML, ("extensions",), is_list=True)
DEEP = ad_hoc_row(Format.YAML, ("a", "extensions"))

words = st.text(st.sampled_from("abz09 .é☕-_"), min_size=1, max_size=6).map(str.strip)
plain = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
quoted = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6).map(
    lambda text: json.dumps(text, ensure_ascii=False).replace("\x85", "").replace("\u2028", "")
)
flow = st.recursive(
    plain | quoted | st.sampled_from(["1", "true", "null", "'it''s'", "2026-11-22"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(plain, inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=5,
)
comment = st.sampled_from(["", "", "", "  # tail", " # é: {"])
between = st.sampled_from(["", "", "\n", "# a comment\n", "\n# two\n\n"])


@st.composite
def block(draw: st.DrawFn, column: int, depth: int) -> str:
    """What stands behind `key:`, with its line end."""
    pad = " " * column
    kind = draw(st.sampled_from(["flow", "flow", "text", "map", "list", "empty"]))
    if kind == "empty":
        return f"{draw(comment)}\n"
    if kind == "text":
        header = draw(st.sampled_from(["|", "|-", "|+", ">", ">-"]))
        lines = draw(st.lists(plain, min_size=1, max_size=3))
        blank = "\n" * draw(st.integers(0, 2))
        return f" {header}\n" + "".join(f"{pad}  {line}\n" for line in lines) + blank
    if kind == "list" and depth:
        dash = pad if draw(st.booleans()) or column == 0 else pad[:-2]
        items = draw(st.lists(flow, min_size=1, max_size=3))
        return "\n" + "".join(f"{dash}- {item}{draw(comment)}\n" for item in items)
    if kind == "map" and depth:
        return "\n" + draw(mapping(column, depth - 1))
    return f" {draw(flow)}{draw(comment)}\n"


@st.composite
def mapping(draw: st.DrawFn, column: int, depth: int, keys: tuple[str, ...] = ()) -> str:
    """The lines of a block map."""
    names = list(draw(st.lists(plain, min_size=0 if keys else 1, max_size=3, unique=True)))
    names = [name for name in names if name not in (*NAMES, "extensions")] + list(keys)
    unit = draw(st.sampled_from([2, 4]))
    pad = " " * column
    return "".join(f"{pad}{name}:{draw(block(column + unit, depth))}" for name in names or ["k"])


@st.composite
def yaml_file(draw: st.DrawFn) -> tuple[HostRow, bytes]:
    """A document with or without servers, in odd but legal spellings."""
    row = draw(st.sampled_from([MAP, LIST, DEEP]))
    before = draw(between) + draw(mapping(0, 2)) if draw(st.booleans()) else draw(between)
    after = draw(between) + (draw(mapping(0, 2)).replace("\n", "\n") if draw(st.booleans()) else "")
    text = before + draw(servers(row)) + after
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    mark = draw(st.sampled_from(["", "", "\ufeff"]))
    return row, (mark + text).encode()


@st.composite
def servers(draw: st.DrawFn, row: HostRow) -> str:
    """The lines of the servers, or nothing."""
    lead, pad = ("a:\n  ", "  ") if row is DEEP else ("", "")
    kind = draw(st.sampled_from(["none", "null", "empty", "flow", "block", "block"]))
    if kind == "none":
        return ""
    head = f"{lead}extensions:"
    if kind == "null":
        return f"{head}{draw(comment)}\n"
    if row is LIST:
        return head + draw(listed(kind))
    if kind == "empty":
        return f"{head} {{}}{draw(comment)}\n"
    if kind == "flow":
        return f"{head} {{x: {draw(flow)}, y: {{command: q}}}}\n"
    unit = draw(st.sampled_from([2, 4]))
    return f"{head}\n" + draw(mapping(len(pad) + unit, 1, keys=("x", "y")))


@st.composite
def listed(draw: st.DrawFn, kind: str) -> str:
    if kind == "empty":
        return f" []{draw(comment)}\n"
    if kind == "flow":
        return f" [{{name: x, v: {draw(flow)}}}]\n"
    dash = draw(st.sampled_from(["", "  "]))
    return f"\n{dash}- name: x\n{dash}  v: {draw(flow)}{draw(comment)}\n{dash}- name: y\n"


def is_yaml(made: tuple[HostRow, bytes]) -> bool:
    try:
        proof.servers(proof.tree(*made), made[0])
    except ScanError:
        return False
    return True


files = yaml_file().filter(is_yaml)


def seen(row: HostRow, content: bytes | None) -> tuple[dict[str, object], object]:
    """The servers, and the outline of everything else."""
    document = proof.tree(row, content)
    ours = frozenset(NAMES)
    return proof.servers(document, row), proof.outline(document, row, ours)


@given(files)
def test_an_entry_is_added_and_nothing_else_changes(made: tuple[HostRow, bytes]) -> None:
    row, content = made

    patch = insert(content, row, server("alpha"))
    after = patch.apply(content)

    before, others = seen(row, content)
    found, rest = seen(row, after)
    assert found.pop("alpha") == shape(row, server("alpha"))
    assert repr(found) == repr(before)
    assert proof.same_others(others, rest)  # type: ignore[arg-type]
    assert patch.inverse.apply(after) == content
    assert removed_lines(content, after) == []


def removed_lines(content: bytes, after: bytes) -> list[bytes]:
    """Lines that hold a comment or a value and are gone; `{}` and blanks may go."""
    left = after.removeprefix(BOM).splitlines()
    gone = []
    for line in content.removeprefix(BOM).splitlines():
        if line in left:
            left.remove(line)
        elif line.strip() and b"extensions" not in line:
            gone.append(line)
    return gone


@given(files)
def test_what_was_added_is_replaced_and_taken_out_where_it_stands(
    made: tuple[HostRow, bytes],
) -> None:
    row, content = made
    after = insert(content, row, server("alpha")).apply(content)

    other = replace(after, row, server("alpha", "other")).apply(after)
    rest = remove(other, row, "alpha").apply(other)

    assert proof.server(proof.tree(row, other), row, "alpha") == shape(
        row, server("alpha", "other")
    )
    before, found = seen(row, content), seen(row, rest)
    assert repr(before[0]) == repr(found[0])
    assert proof.same_others(before[1], found[1])  # type: ignore[arg-type]


steps = st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES)), max_size=6)


@given(files, steps)
def test_any_interleaving_ends_in_the_original_bytes(
    made: tuple[HostRow, bytes], wanted: list[tuple[bool, str]]
) -> None:
    row, content = made
    file, chain = host_file(row, content), no_chain(row)

    for adding, name in wanted:
        if adding == (name in chain.names):
            continue
        change = add(file, chain, server(name)) if adding else take_out(file, chain, name)
        file, chain = dataclasses.replace(file, content=change.after), change.chain_after
    for name in chain.names:
        change = take_out(file, chain, name)
        file, chain = dataclasses.replace(file, content=change.after), change.chain_after

    assert file.content == content


@given(st.sampled_from([MAP, LIST, DEEP]), st.text(st.sampled_from("a:-#{}[]&*|>!? \n\t'\"é,x"),
                                                   max_size=30))  # fmt: skip
def test_no_text_gives_another_exception(row: HostRow, text: str) -> None:
    code = ErrorCode.HOST_CONFIG_INVALID
    with ends(20):
        try:
            insert(text.encode(), row, server("alpha"))
        except McpInstallError as error:
            code = error.code

    assert code is ErrorCode.HOST_CONFIG_INVALID
