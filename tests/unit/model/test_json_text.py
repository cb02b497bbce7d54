"""Strict JSON: what is read survives, what is not JSON is refused by our own error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_value_is_read_as_it_was_written(
    value: json_text.Json, indent: int | str | None, ascii_only: bool
) -> None:
    written = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    data = written.encode("utf-8", "surrogatepass" if ascii_only else "backslashreplace")

    assert json_text.parse(data, "a.json") == value


@given(values)
def test_canonical_bytes_are_their_own_canonical_form(value: json_text.Json) -> None:
    once = json_text.canonical(value)

    assert json_text.canonical(json_text.parse(once, "a.json")) == once


@given(
    st.binary(max_size=100)
    | st.lists(st.sampled_from([*'[]{}",:\\-.', "1", "1e999", '"a"', "true", "NaN", "\t"]))
    .map("".join)
    .map(str.encode)
)  # fmt: skip
def test_any_bytes_are_read_as_the_standard_library_does_or_refused(data: bytes) -> None:
    try:
        found = json_text.parse(data, "a.json")
    except McpInstallError as error:
        assert error.code is ErrorCode.JSON_INVALID  # noqa: PT017 (either outcome is right)
    else:
        assert found == json.loads(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000])
def test_depth_and_digits_have_an_end(data: bytes) -> None:
    with pytest.raises(McpInstallError):
        json_text.parse(data, "a.json")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" * 400 + "e0"])
def test_a_number_that_could_not_be_written_again_is_refused(number: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        json_text.parse(f'{{"_meta": [{number}]}}'.encode(), "a.json")

    assert refused.value.code is ErrorCode.JSON_INVALID


def test_a_long_key_is_cut_in_the_error() -> None:
    key = "k" * 100_000

    with pytest.raises(McpInstallError, match="appears twice") as refused:
        json_text.parse(f'{{"{key}":1,"{key}":2}}'.encode(), "a.json")

    assert len(refused.value.message) < 300
