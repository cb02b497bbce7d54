"""Whether a host still starts what was written: every key that decides it counts, no other."""

from __future__ import annotations

import json

import pytest

from mcpinstall.hosts import find_rows, insert, starts_as
from mcpinstall.model.host import EnvironmentValue, ServerEntry
from tests.builders.hosts import CODEX, CURSOR

X = ServerEntry(
    name="x", command="p", args=("-I",), env=(EnvironmentValue(name="LEVEL", value="info"),)
)


def changed(**members: object) -> bytes:
    """A file whose entry has these members instead of ours, or besides."""
    document = json.loads(insert(None, find_rows(CURSOR), X).inserted)
    document["mcpServers"]["x"] |= members
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "members",
    [
        {"command": "q"},
        {"args": ["-I", "-c"]},
        {"args": None},
        {"cwd": "/elsewhere"},
        {"env": {"LEVEL": "info", "PYTHONPATH": "/elsewhere"}},
        {"env": None},
        {"envFile": ".env"},
    ],
)
def test_a_changed_start_is_seen(members: dict[str, object]) -> None:
    assert not starts_as(changed(**members), find_rows(CURSOR), X)


def test_a_variable_that_is_passed_on_besides_is_seen() -> None:
    text = insert(None, find_rows(CODEX), X).inserted.decode()
    more = text.replace("\n[", 'env_vars = ["TOKEN"]\n\n[', 1)
    assert more != text
    assert starts_as(text.encode(), find_rows(CODEX), X)

    assert not starts_as(more.encode(), find_rows(CODEX), X)


@pytest.mark.parametrize(
    "members",
    [{}, {"disabled": True}, {"alwaysAllow": ["a"]}, {"cwd": ""}, {"envFile": None}],
)
def test_what_a_host_adds_for_itself_does_not_count(members: dict[str, object]) -> None:
    assert starts_as(changed(**members), find_rows(CURSOR), X)


def test_an_empty_list_or_table_may_be_left_out() -> None:
    bare = ServerEntry(name="x", command="p", args=())

    assert starts_as(b'{"mcpServers": {"x": {"command": "p"}}}', find_rows(CURSOR), bare)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"mcpServers": {"x": "p"}}'])
def test_a_file_without_the_entry_starts_something_else(content: bytes) -> None:
    assert not starts_as(content, find_rows(CURSOR), X)


def test_a_table_that_forwards_another_variable_starts_something_else() -> None:
    entry = ServerEntry(
        name="x", command="p", args=(), env=(EnvironmentValue(name="A", reference="A"),)
    )
    content = insert(None, find_rows(CODEX), entry).inserted

    assert starts_as(content, find_rows(CODEX), entry)
    assert not starts_as(content.replace(b'"A"', b'"A", "B"'), find_rows(CODEX), entry)
