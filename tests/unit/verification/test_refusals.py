"""What a refusal shows of a hostile archive is bounded."""

from __future__ import annotations

from mcpinstall.verification.refusals import refusal


def test_a_name_is_shown_up_to_200_characters() -> None:
    assert refusal("is bad", member="a" * 200).message == f"member `{'a' * 200}` is bad"
    assert refusal("is bad", member="a" * 201).message == f"member `{'a' * 200}` is bad"
    assert refusal("is bad").message == "is bad"


def test_a_list_is_shown_up_to_20_000_characters() -> None:
    assert refusal("is bad", evidence="a" * 20_000).evidence == "a" * 20_000
    assert refusal("is bad", evidence="a" * 20_001).evidence == "a" * 20_000 + "…"


def test_the_usual_hint_gives_way_to_a_better_one() -> None:
    assert "tell its authors" in refusal("is bad").hint
    assert refusal("is bad", hint="do this").hint == "do this"
