"""A change of bytes is one span, and its inverse takes it back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.planning import spans

_texts = st.lists(st.sampled_from([b"a", b"b", b"\n", b"{}"]), max_size=30).map(b"".join)


@given(_texts, _texts)
def test_a_span_turns_before_into_after_and_back(before: bytes, after: bytes) -> None:
    patch = spans.between(before, after)

    assert patch.apply(before) == after
    assert patch.inverse.apply(after) == before


@given(_texts, _texts, _texts)
def test_an_insertion_removes_nothing(head: bytes, middle: bytes, tail: bytes) -> None:
    patch = spans.between(head + tail, head + middle + tail)

    assert patch.removed == b""
    assert len(patch.inserted) == len(middle)
