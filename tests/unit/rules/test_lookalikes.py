"""What people take for one another, and what not."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.rules.manifests.lookalikes import alike_pairs, are_alike
from tests.builders.watchdog import ends


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("clock", "c1ock"),
        ("clock", "clocks"),
        ("clock", "clcok"),
        ("clock", "c-lock"),
        ("modern", "modem"),
        ("paypal", "p\u0430ypal"),
        ("fetch", "fetsh"),
        ("git", "g1t"),
        ("g0ogle", "google"),
    ],
)
def test_alike(one: str, other: str) -> None:
    assert are_alike(one, other)
    assert are_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("git", "gix"),
        ("time", "tide"),
        ("fetch", "search"),
        ("server-1", "server-2"),
        ("clock", "clock"),
        ("clock", "o'clock"),
    ],
)
def test_not_alike(one: str, other: str) -> None:
    assert not are_alike(one, other)


names = st.lists(st.text("abl1o0-", min_size=1, max_size=7), unique=True, max_size=12)


@given(names)
def test_the_quick_way_finds_what_comparing_each_with_each_finds(words: list[str]) -> None:
    every = {pair for pair in itertools.combinations(words, 2) if are_alike(*pair)}

    assert set(alike_pairs(words)) == every


def test_a_large_registry_takes_no_time_of_its_square() -> None:
    with ends(20):
        assert list(alike_pairs([f"server number {n * 7919:08} of many" for n in range(20_000)]))
