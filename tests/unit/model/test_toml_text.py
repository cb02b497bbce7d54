"""TOML is read in bounded time, or refused by our own error."""

from __future__ import annotations

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import toml_text
from tests.builders.watchdog import ends

LONG = "a." * 16 + "a"

texts = st.text(max_size=8) | st.sampled_from([LONG, f"{LONG} = 1\n", '"""', "'''", "# a", '\\"'])
values = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def parsed(text: str) -> object:
    return toml_text.parse(text.encode(), ErrorCode.LOCK_INVALID, "a.toml").table


@given(st.dictionaries(texts, values, max_size=4), st.booleans())
def test_what_can_be_written_is_read_though_its_texts_look_like_long_keys(
    document: dict[str, object], multiline: bool
) -> None:
    assert parsed(tomli_w.dumps(document, multiline_strings=multiline)) == document


@given(
    st.lists(
        st.sampled_from(
            ["[", "]", "{", "}", "=", ",", "\n", "#", '"', "'", '"""', "'''", "\\", ".", "a", LONG]
        )
    ).map("".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed(text)
    except McpInstallError as error:
        assert error.code is ErrorCode.LOCK_INVALID  # noqa: PT017 (either outcome is right)


@pytest.mark.parametrize(
    "text",
    [
        f"{LONG} = 1\n",
        f"[{LONG}]\n",
        f"[[{LONG}]]\n",
        f"a = {{ {LONG} = 1 }}\n",
        f'a = """\n"b" """\n"c" . \'d\' . {LONG} = 1\n',
        f"a = '''\n\"''' # \"\n{LONG} = 1\n",
        ".".join(['"\\"."'] * 17) + " = 1\n",
    ],
)
def test_a_key_of_many_parts_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(McpInstallError, match="more than 16 parts"):
        parsed(text)


@pytest.mark.parametrize(
    "text",
    [
        "a." * 1_000_000 + "a = 1\n",
        "[" + "a." * 1_000_000 + "a]\n",
        '"\\"' * 500_000 + LONG,
        '"""' + '\\"""x"\n' * 300_000 + LONG,
        "'" * 1_000_000 + LONG,
    ],
)
@ends()
def test_no_text_takes_long(text: str) -> None:

    with pytest.raises(McpInstallError):
        parsed(text)


def test_a_long_key_is_cut_in_the_error() -> None:
    fields = toml_text.parse(b"k" * 100_000 + b" = 1", ErrorCode.LOCK_INVALID, "a.toml")

    with pytest.raises(McpInstallError, match="is not a known key") as refused:
        fields.only("a")

    assert len(refused.value.message) < 400
