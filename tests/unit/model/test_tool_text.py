"""Equal tool lists have equal bytes, and reviewed ones hide nothing."""

from __future__ import annotations

import inspect
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.tool_text import canonical_tools, clean_description, parse_tools
from tests.builders.watchdog import ends

plain = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | plain,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(plain | st.just("description"), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip
tools = st.lists(
    st.builds(
        lambda name, more, text: {**more, "description": text, "name": name},
        plain.filter(bool),
        st.dictionaries(plain, values, max_size=3),
        st.text(" \n\t\rab"),
    ),
    max_size=4,
    unique_by=lambda tool: tool["name"],
)


@given(tools)
def test_canonical_form_is_its_own_canonical_form(raw: list[dict[str, object]]) -> None:
    once = canonical_tools(raw)

    assert canonical_tools(once.tools).text == once.text
    assert canonical_tools(json_text.parse(once.text, "x")["tools"]).text == once.text  # type: ignore[index,call-overload,arg-type]


@given(tools)
def test_the_order_of_tools_and_keys_does_not_matter(raw: list[dict[str, object]]) -> None:
    turned = [dict(reversed(tool.items())) for tool in reversed(raw)]

    assert canonical_tools(turned).text == canonical_tools(raw).text


@given(st.text(" \n\t\rab"))
def test_a_cleaned_description_is_clean(text: str) -> None:
    once = clean_description(text)

    assert clean_description(once) == once


@pytest.mark.parametrize(
    "docstring",
    [
        "One line",
        "Summary.\n\n    Args:\n        x: what\n    ",
        "\n    Summary.\n\n    More.\n    ",
        "Tabs\n\tand\n\t\tmore",
    ],
)
def test_a_docstring_is_the_same_cleaned_or_not(docstring: str) -> None:
    """Python 3.13's compiler takes indentation off; earlier ones leave it."""
    assert clean_description(docstring) == inspect.cleandoc(docstring)
    assert clean_description(inspect.cleandoc(docstring) + "\n") == inspect.cleandoc(docstring)


def test_descriptions_are_cleaned_at_any_depth_and_nothing_is_dropped() -> None:
    tool = {
        "name": "t",
        "title": "T",
        "annotations": {"readOnlyHint": True},
        "_meta": {"x/y": [1.0, 0.5, -0.0]},
        "inputSchema": {"properties": {"description": {"description": " a\n    b\r\n"}}},
    }

    (found,) = canonical_tools([tool]).tools

    assert found == {
        **tool,
        "_meta": {"x/y": [1, 0.5, 0]},
        "inputSchema": {"properties": {"description": {"description": "a\nb"}}},
    }
    assert canonical_tools([tool]).text.count(b"[1,0.5,0]") == 1


@pytest.mark.parametrize(
    "raw",
    [
        [5],
        [{}],
        [{"name": ""}],
        [{"name": 5}],
        [{"name": "x" * 257}],
        [{"name": "a"}, {"name": "a"}],
        [{"name": "a", "x": math.inf}],
        [{"name": "a", "x": math.nan}],
        [{"name": "a", "x": {1: 2}}],
        [{"name": "a", "x": b""}],
    ],
)
def test_an_impossible_tool_is_refused(raw: list[object]) -> None:
    with pytest.raises(McpInstallError) as refused:
        canonical_tools(raw)

    assert refused.value.code is ErrorCode.PROBE_FAILED


def test_a_tool_of_endless_depth_is_refused() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(McpInstallError, match="nests deeper"):
        canonical_tools([{"name": "a", "x": deep}])


@given(tools)
def test_what_was_written_can_be_read(raw: list[dict[str, object]]) -> None:
    listed = canonical_tools(raw)

    try:
        assert parse_tools(listed.text) == listed
    except McpInstallError as error:
        assert error.code is ErrorCode.TEXT_HOSTILE  # noqa: PT017 (either outcome is right)


@given(st.binary() | values.map(json_text.canonical))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert parse_tools(data).text == data
    except McpInstallError as error:
        assert error.code.exit_status == 3  # noqa: PT017 (either outcome is right)


@pytest.mark.parametrize(
    "data",
    [
        b"[]\n",
        b"{}\n",
        b'{"tools":{}}\n',
        b'{"tools":[]}',
        b'{"tools": []}\n',
        b'{"more":1,"tools":[]}\n',
        b'{"tools":[{"name":"b"},{"name":"a"}]}\n',
        b'{"tools":[{"description":" a","name":"a"}]}\n',
        b'{"tools":[{"name":"a","x":1.0}]}\n',
        b'{"tools":[{"name":"a"},{"name":"a"}]}\n',
    ],
)
def test_a_reviewed_list_that_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        parse_tools(data)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@ends()
def test_blank_lines_and_long_keys_take_no_time() -> None:
    lines = "\n" * 1_000_000
    crowd: dict[str, object] = {f"k{number}": "x" for number in range(100_000)}

    assert clean_description(f"{lines}  a{lines}") == "a"
    listed = canonical_tools([{"name": "a", "long" * 200_000: crowd}])
    assert parse_tools(listed.text) == listed
