"""Where values stand: every region is cut out and read again."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.document import Document
from mcpinstall.model.finding import Location
from mcpinstall.model.regions import json_spans, toml_spans
from tests.conftest import ROOT

keys = st.text(st.characters(codec="utf-8", exclude_characters=".[]"), min_size=1, max_size=6)
leaves = st.one_of(
    st.integers(-(2**40), 2**40), st.booleans(), st.text(max_size=12), st.floats(-1e6, 1e6)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
tables = st.dictionaries(keys, values, max_size=5)


def paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield every key path of a document with its value."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from paths(item, f"{path}[{number}]")


@given(tables, st.sampled_from([None, 2]))
def test_every_value_of_json_has_its_region(table: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(table, indent=indent, ensure_ascii=False)
    spans = json_spans(text)

    for path, value in paths(table):
        cut = text[spans[path].start : spans[path].end]
        found = json.loads(cut if path.endswith("]") else f"{{{cut}}}")
        assert found == (value if path.endswith("]") else {path.rpartition(".")[2]: value})


@given(tables)
def test_every_value_of_toml_has_its_region(table: dict[str, Any]) -> None:
    text = tomli_w.dumps(table)
    spans = toml_spans(text)

    for path, value in paths(tomllib.loads(text)):
        cut = text[spans[path].start : spans[path].end]
        if cut.startswith("[") and not path.endswith("]"):
            continue  # a header; the keys behind it have regions of their own
        if cut.startswith("[["):
            continue
        if path.endswith("]"):
            assert tomllib.loads(f"x = {cut}") == {"x": value}
        elif "=" in cut:
            (found,) = _leaves(tomllib.loads(cut), value)
            assert found == value


def _leaves(table: Any, value: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield what the one key of `table` stands for, however dotted it is."""
    (inner,) = table.values()
    yield inner if inner == value else next(_leaves(inner, value))


def test_the_manifests_that_ship_have_a_region_for_every_key() -> None:
    for path in (ROOT / "manifests").rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        spans = toml_spans(text)
        assert [name for name, _ in paths(tomllib.loads(text)) if name not in spans] == []


def at(name: str, text: str, path: str) -> str:
    """Cut out the region of a key path, or `whole`."""
    document = Document(path=f"a/{name}", data=text.encode())
    place = document.at(path)
    if not place.line:
        return "whole"
    rows = text.split("\n")[place.line - 1 : place.end_line]
    rows[-1] = rows[-1][: place.end_column - 1]
    return "\n".join(rows)[place.column - 1 :]


@pytest.mark.parametrize(
    ("path", "cut"),
    [
        ("a", "a = 1"),
        ("b.c", 'c = "é"'),
        ("b.list[1]", "'two'"),
        ("b.list[7]", "list = [ # why\n  1,\n  'two' ]"),
        ("b.missing", "[b]"),
        ("t[1].k", "k = {x = 2}"),
        ("t[1].k.x", "x = 2"),
        ("t[1].sub.y", "y = 3"),
        ("nothing", "whole"),
    ],
)
def test_a_path_leads_to_the_nearest_place(path: str, cut: str) -> None:
    text = (
        "a = 1 # one\n[b]\nc = \"é\"\nlist = [ # why\n  1,\n  'two' ]\n"
        "[[t]]\nk = 1\n[[t]]\nk = {x = 2}\n[t.sub]\ny = 3\n"
    )

    assert at("x.toml", text, path) == cut


def test_a_refusal_leads_to_its_key() -> None:
    document = Document(path="a/server.json", data=b'{\n "packages": [\n  {"b": 1}\n ]\n}')
    error = McpInstallError(ErrorCode.SERVER_JSON_INVALID, "`packages[0].b` is not a text")

    assert document.refused(error).line == 3
    assert (
        document.refused(McpInstallError(ErrorCode.JSON_INVALID, "line 2, column 4: x")).line == 2
    )


def test_what_is_no_document_has_no_regions() -> None:
    for name, text in (("x.toml", "= ["), ("x.json", '{"a": ['), ("x.json", "")):
        document = Document(path=name, data=text.encode())
        assert document.at("a") == Location(file=name)


def test_bytes_that_are_no_text_are_shown_nevertheless(tmp_path: Path) -> None:
    document = Document(path="x.toml", data=b'a = "\xff"\n')

    assert document.excerpt(document.difference(b"a = 1\n")) == 'a = "\ufffd"'
