"""Location hints: what they may be, and what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.indexes import hints
from mcpinstall.system.urls import parse
from tests.builders.index_server import machine_at

INDEX = "https://index.example/simple"
BASE = "https://files.example/pool/"


def test_a_page_tells_where_files_are() -> None:
    url = parse("https://files.example/pool/packages/ab/a-1.whl")

    assert hints.base_of(url, "packages/ab/a-1.whl") == BASE
    found = hints.place(BASE, "packages/cd/b-2+x.whl")
    assert found is not None
    assert found.text == "https://files.example/pool/packages/cd/b-2+x.whl"


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("https://files.example/other/a-1.whl", "packages/a-1.whl"),
        ("https://files.example/xpackages/a-1.whl", "packages/a-1.whl"),
        ("https://files.example/packages/a-1.whl?token=1", "packages/a-1.whl"),
    ],
)
def test_a_page_that_says_otherwise_teaches_nothing(address: str, hint: str) -> None:
    assert hints.base_of(parse(address), hint) is None


@pytest.mark.parametrize(
    "hint",
    [
        "", "/a", "//other.example/a", "a//b", "../a", "a/../b", "a/..", "a/./b", "a?b", "a#b",
        "https://other.example/a", "a\\b", "a b", "a%2fb", "a/%2e%2e/b", "a\n", "ä", "x" * 1001,
    ],
)  # fmt: skip
def test_a_hint_that_could_lead_elsewhere_is_of_no_use(hint: str) -> None:
    assert not hints.is_hint(hint)
    assert hints.place(BASE, hint) is None


@given(st.text(max_size=40))
def test_any_hint_stays_below_its_base(hint: str) -> None:
    url = hints.place(BASE, hint)

    assert url is None or url.text == BASE + hint
    assert url is None or url.origin == ("https", "files.example", 443)


def test_what_was_learned_is_remembered_for_that_index(tmp_path: Path) -> None:
    machine = machine_at(tmp_path)
    assert hints.remembered(INDEX, machine) is None

    hints.remember(INDEX, machine, BASE)

    assert hints.remembered(INDEX, machine) == BASE
    assert hints.remembered(INDEX + "2", machine) is None


@pytest.mark.parametrize("text", [b"ftp://x/", b"\xff", b"", b"x" * 5000, b"http://1.2.3.4/"])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, text: bytes) -> None:
    machine = machine_at(tmp_path)
    hints.remember(INDEX, machine, BASE)
    hints._path(INDEX, machine).write_bytes(text)

    assert hints.remembered(INDEX, machine) is None
