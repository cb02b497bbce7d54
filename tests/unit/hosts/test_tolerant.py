"""The lenient readers of `mcpi audit`: values, what is odd, and places."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.hosts import tolerant
from mcpinstall.hosts.forms import ScanError
from mcpinstall.model.host import Format

JSON = b'{"mcpServers": {"a": {"command": "x", "args": ["-y", "b"]}}}'
TOML = b'[mcp_servers.a]\ncommand = "x"\nargs = ["-y", "b"]\n'
YAML = b'servers:\n  a:\n    command: x\n    args:\n      - "-y"\n      - b\n'


def text_at(document: tolerant.Tolerant, pointer: str) -> str:
    span = document.span(pointer)
    assert span is not None
    return document.text[span.start : span.end]


@pytest.mark.parametrize(
    ("data", "dialect", "pointer", "expected"),
    [
        (JSON, Format.JSON, "/mcpServers/a/args/1", '"b"'),
        (JSON, Format.JSON, "/mcpServers/a", '"a"'),
        (JSON, Format.JSON, "/mcpServers/a/missing", '"a"'),
        (TOML, Format.TOML, "/mcp_servers/a/args/1", '"b"'),
        (TOML, Format.TOML, "/mcp_servers/a/command", 'command = "x"'),
        (TOML, Format.TOML, "/mcp_servers/a", "[mcp_servers.a]"),
        (YAML, Format.YAML, "/servers/a/args/1", "b"),
        (YAML, Format.YAML, "/servers/a", "a"),
    ],
)
def test_a_pointer_leads_to_the_value_or_the_key_of_a_collection(
    data: bytes, dialect: Format, pointer: str, expected: str
) -> None:
    assert text_at(tolerant.read(data, dialect), pointer) == expected


@pytest.mark.parametrize(
    "data",
    [
        b'\xef\xbb\xbf{"a": {"b": 1}}',
        b'{"a": {"b": 1,},}',
        b'{// c "b": 2\n"a": /* "b": 3 */ {"b": 1}}',
    ],
)
@pytest.mark.parametrize("dialect", [Format.JSON, Format.JSON_COMMENTS, Format.JSONC])
def test_marks_comments_and_commas_are_read_in_every_dialect(data: bytes, dialect: Format) -> None:
    document = tolerant.read(data, dialect)

    assert document.value == {"a": {"b": 1}}
    assert text_at(document, "/a/b") == "1"


def test_keys_that_appear_twice_are_told_and_the_last_one_counts() -> None:
    document = tolerant.read(b'{"m": {"a": {"x": 1, "x": 2}, "b": 1, "b": 3}}', Format.JSON)

    assert document.value == {"m": {"a": {"x": 2}, "b": 3}}
    assert set(document.repeated(("m",), deep=True)) == {"/m/b", "/m/a/x"}
    assert document.repeated(("m",), deep=False) == ("/m/b",)
    assert text_at(document, "/m/b") == "3"


def test_a_document_without_such_keys_has_none() -> None:
    document = tolerant.read(b'{"m": {"a": {"x": 1}, "b": {"x": 2}}}', Format.JSON)

    assert document.repeated((), deep=True) == ()


def test_constants_that_are_not_json_are_told() -> None:
    document = tolerant.read(b'{"a": NaN, "b": -Infinity}', Format.JSON)

    assert document.constants == ("NaN", "-Infinity")


@pytest.mark.parametrize(
    ("data", "dialect"),
    [
        (b'{"a": ', Format.JSON),
        (b"[" * 100_000, Format.JSON),
        (b'{"a": ' * 50_000, Format.JSONC),
        (b"\xff\xfe{\x00", Format.JSON),
        (b'{"a": 1' + b"0" * 5000 + b"}", Format.JSON),
        (b"a = [", Format.TOML),
        (b"a: [", Format.YAML),
        (b"a: &a [*a]", Format.YAML),
        (b'/* "', Format.JSONC),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, dialect: Format) -> None:
    with pytest.raises(ScanError):
        tolerant.read(data, dialect)


@pytest.mark.parametrize("dialect", list(Format))
@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_an_empty_file_is_an_empty_document(data: bytes, dialect: Format) -> None:
    assert tolerant.read(data, dialect).value == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=st.dictionaries(st.text(), VALUES), indent=st.sampled_from([None, 1, "\t"]))
def test_every_value_is_found_where_it_stands(
    value: dict[str, object], indent: int | str | None
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    document = tolerant.read(text.encode("utf-8", "surrogatepass"), Format.JSON)

    for way, leaf in leaves(value, ()):
        assert json.loads(text_at(document, tolerant.pointer_of(way))) == leaf


def leaves(value: object, way: tuple[str, ...]) -> list[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in leaves(inner, (*way, key))]
    if isinstance(value, list):
        return [one for n, inner in enumerate(value) for one in leaves(inner, (*way, str(n)))]
    return [(way, value)] if way else []


@given(st.lists(st.text()))
def test_pointers_and_ways_are_the_same_thing(tokens: list[str]) -> None:
    assert tolerant.pointer_tokens(tolerant.pointer_of(tokens)) == tuple(tokens)


@pytest.mark.parametrize("dialect", list(Format))
@given(data=st.binary() | st.text(alphabet='{}[]":,#=-\n \\/*&a1\t').map(str.encode))
def test_any_bytes_are_read_or_refused(dialect: Format, data: bytes) -> None:
    try:
        document = tolerant.read(data, dialect)
    except ScanError:
        return
    document.span("/a/0")
    document.repeated((), deep=True)
