"""Files of hosts that keep servers in more than one place, or each as one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpinstall.hosts import find_rows
from mcpinstall.hosts.audit_places import Place
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Unchecked
from mcpinstall.operations import audit_files
from mcpinstall.rules.audit.entries import malformed
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.system.machine import Machine

WITSY = {
    "mcp": {
        "servers": [
            {"uuid": "1", "state": "enabled", "type": "stdio", "command": "npx", "url": "-y a"},
            {"uuid": "2", "state": "disabled", "type": "http", "url": "https://h.example/mcp"},
        ]
    },
    "mcpServers": {"plain": {"command": "npx", "args": ["-y", "b"]}},
}
AUGMENT = [
    {"type": "stdio", "name": "a", "command": "npx -y a", "arguments": "", "env": {}},
    {"type": "http", "name": "b", "url": "https://h.example/mcp"},
]


def servers(document: object, host: str) -> tuple[AuditedServer, ...]:
    place = Place(row=find_rows(host), path=Path(), scope=FileScope.USER)
    read = audit_files.of_bytes(json.dumps(document).encode(), place, "x", Machine.current())
    assert not isinstance(read, Unchecked), read.message
    assert read.facts.unread_keys == ()
    return read.servers


def test_servers_that_were_added_in_witsys_settings_are_read_with_their_arguments() -> None:
    plain, local, remote = servers(WITSY, "witsy")

    assert [one.text for one in plain.launch] == ["npx", "-y", "b"]
    assert [one.text for one in local.launch] == ["npx", "-y", "a"]
    assert {one.pointer for one in local.launch[1:]} == {"/mcp/servers/0/url"}
    assert local.url is None
    assert remote.is_disabled
    assert remote.url is not None


def test_augments_file_is_a_list_of_lines() -> None:
    local, remote = servers(AUGMENT, "augment-vscode")

    assert [one.text for one in local.launch] == ["npx", "-y", "a", ""]
    assert local.name.text == "a"
    assert remote.url is not None
    assert not [hit for one in (local, remote) for hit in malformed(one, FileFacts())]


@pytest.mark.parametrize("host", ["cursor-user", "witsy"])
def test_a_list_is_no_file_of_another_host(host: str) -> None:
    place = Place(row=find_rows(host), path=Path(), scope=FileScope.USER)

    read = audit_files.of_bytes(json.dumps(AUGMENT).encode(), place, "x", Machine.current())

    assert isinstance(read, Unchecked)


def test_a_command_that_says_what_to_write_there_is_no_line_with_arguments() -> None:
    entry = {"mcpServers": {"a": {"command": "<path of binary a-mcp>", "args": ["x"]},
                            "b": {"command": "npx -y a"}}}  # fmt: skip
    placeholder, line = servers(entry, "cursor-user")

    assert not list(malformed(placeholder, FileFacts()))
    assert [hit.rule.id for hit in malformed(line, FileFacts())] == ["MA707"]


def test_a_table_inside_the_environment_is_told() -> None:
    entry = {"mcpServers": {"a": {"command": "x", "env": {"A": {"B": "c"}, "D": "e"}}}}
    (one,) = servers(entry, "cursor-user")

    assert [each.name for each in one.variables] == ["D"]
    assert one.others["env"] == {"A": {"B": "c"}}
    assert [hit.pointer for hit in malformed(one, FileFacts())] == ["/mcpServers/a/env"]


@pytest.mark.parametrize("entry", [["npx", "-y", "a"], "npx -y a", 5, None, {}])
def test_an_entry_that_starts_nothing_is_told(entry: object) -> None:
    (one,) = servers({"mcpServers": {"a": entry, "b": {"command": "x"}}}, "cursor-user")[:1]

    assert [hit.rule.id for hit in malformed(one, FileFacts())] == ["MA707"]


def test_arguments_that_are_one_text_are_judged_word_by_word_and_told() -> None:
    (one,) = servers({"mcpServers": {"a": {"command": "npx", "args": "-y a"}}}, "cursor-user")

    assert [word.text for word in one.launch] == ["npx", "-y", "a"]
    assert {word.pointer for word in one.launch[1:]} == {"/mcpServers/a/args"}
    assert [hit.rule.id for hit in malformed(one, FileFacts())] == ["MA707"]


YAML = """
base: &base {command: npx, args: [-y, a], env: {A: b}}
more: &more {cwd: /srv}
mcpServers:
  alias: *base
  merged: {<<: *base, env: {C: d}}
  both: {<<: [*base, *more]}
  own: {<<: *base, command: node}
  odd: {<<: 5, command: x}
"""


def test_what_yaml_merges_is_judged() -> None:
    place = Place(row=find_rows("librechat"), path=Path(), scope=FileScope.USER)

    read = audit_files.of_bytes(YAML.encode(), place, "x", Machine.current())

    assert not isinstance(read, Unchecked), read.message
    found = {one.name.text: [word.text for word in one.launch] for one in read.servers}
    assert found == {
        "alias": ["npx", "-y", "a"],
        "merged": ["npx", "-y", "a"],
        "both": ["npx", "-y", "a"],
        "own": ["node", "-y", "a"],
        "odd": ["x"],
    }
    merged = next(one for one in read.servers if one.name.text == "merged")
    assert [each.name for each in merged.variables] == ["C"]
