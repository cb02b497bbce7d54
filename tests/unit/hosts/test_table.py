"""The table of hosts: one row here for each row there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import find_rows, rendered, table
from mcpinstall.hosts.table import parse_table
from tests.builders.hosts import server

ROWS = {
    "claude-desktop": ("claude-desktop", "json", ("mcpServers",), ["command", "args"]),
    "claude-code-user": ("claude-code", "json", ("mcpServers",), ["type", "command", "args"]),
    "codex-user": ("codex", "toml", ("mcp_servers",), ["command", "args"]),
    "gemini-cli-user": ("gemini-cli", "json-comments", ("mcpServers",), ["command", "args"]),
    "qwen-code-user": ("qwen-code", "json-comments", ("mcpServers",), ["command", "args"]),
    "cursor-user": ("cursor", "json", ("mcpServers",), ["command", "args"]),
    "vscode-user": ("vscode", "jsonc", ("servers",), ["type", "command", "args"]),
}

MINIMAL = """
schema = 1
[[hosts]]
id = "a-user"
product = "a"
title = "A"
format = "json"
scope = "user"
servers-key = ["mcpServers"]
secret-style = "none"
literal-dollar = true
rewrites-file = false
reload = "restart A"
bom = "unknown"
[hosts.paths]
linux = ["~/.a.json"]
"""


def test_every_row_is_tested() -> None:
    assert [row.id for row in table()] == list(ROWS)


@pytest.mark.parametrize("row_id", ROWS)
def test_a_row_is_what_its_host_reads(row_id: str) -> None:
    product, dialect, servers_key, keys = ROWS[row_id]

    row = find_rows(row_id)

    assert (row.product, row.format, row.servers_key) == (product, dialect, servers_key)
    assert (
        re.findall(r'^\W*"?(type|command|args|env)"?\b', rendered(row, server()), re.MULTILINE)
        == keys
    )


@pytest.mark.parametrize("row_id", ROWS)
def test_a_row_agrees_with_the_collected_facts(row_id: str, shared_data: Path) -> None:
    rows = json.loads((shared_data / "hosts.json").read_text(encoding="utf-8"))
    fact = next(one for one in rows if one["id"] == row_id)

    row = find_rows(row_id)

    assert row.format == fact["format"]
    assert list(row.servers_key) == fact["servers_key"]
    assert {system: list(paths) for system, paths in row.paths} == fact["paths"]
    assert row.path_pick == fact["path_pick"]
    assert row.rewrites_file == fact["host_rewrites_file"]
    assert row.bom == (fact["syntax"]["bom"] or "unknown")
    assert row.entry_type == fact["stdio_shape"].get("type")
    assert {name for name, _ in row.overrides} == {
        words.split()[0] for words in fact["env_overrides"] if not words.startswith("--")
    }


def test_a_host_is_found_by_product_and_by_row() -> None:
    assert find_rows("codex").id == "codex-user"
    assert find_rows("Codex-User").id == "codex-user"


def test_an_unknown_host_is_answered_with_near_names() -> None:
    with pytest.raises(McpInstallError) as refused:
        find_rows("cursr")

    assert refused.value.code is ErrorCode.HOST_UNKNOWN
    assert "`cursor`" in refused.value.hint


def test_a_minimal_row_is_enough() -> None:
    (row,) = parse_table(MINIMAL.encode())

    assert (row.path_pick, row.programs, row.entry_type) == ("single", (), None)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("schema = 1", "schema = 2", "schema"),
        ("schema = 1", "schema = ", "TOML"),
        ('title = "A"', 'title = "A"\ncolour = "red"', "hosts[0].colour"),
        ('id = "a-user"', 'id = "A user"', "hosts[0].id"),
        ('format = "json"', 'format = "ini"', "hosts[0].format"),
        ('scope = "user"', 'scope = "planet"', "hosts[0].scope"),
        ('servers-key = ["mcpServers"]', "", "servers-key"),
        ("rewrites-file = false", "", "rewrites-file"),
        ('secret-style = "none"', 'secret-style = "template"', "secret-template"),
        ('secret-style = "none"', 'secret-style = "none"\nsecret-template = "%s"', "secret-temp"),
        (
            'secret-style = "none"',
            'secret-style = "template"\nsecret-template = "$"',
            "secret-template",
        ),
        ('title = "A"', 'title = "A"\nname-pattern = "("', "name-pattern"),
        ('linux = ["~/.a.json"]', 'plan9 = ["~/.a.json"]', "plan9"),
        ('linux = ["~/.a.json"]', "linux = []", "paths"),
        ("[hosts.paths]", '[hosts.overrides]\nA_HOME = "${B}/x"\n[hosts.paths]', "A_HOME"),
        ("[hosts.paths]", '[hosts.overrides]\n"A-B" = "${B}/x"\n[hosts.paths]', "A-B"),
    ],
)
def test_a_wrong_table_is_refused_by_name(old: str, new: str, named: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        parse_table(MINIMAL.replace(old, new).encode())

    assert named in refused.value.message


def test_a_row_id_is_taken_once() -> None:
    twice = MINIMAL + MINIMAL.split("schema = 1")[1]

    with pytest.raises(McpInstallError) as refused:
        parse_table(twice.encode())

    assert "two rows `a-user`" in refused.value.message
