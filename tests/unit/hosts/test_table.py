"""The table of hosts: one row here for each row there."""

from __future__ import annotations

import functools
import json
import operator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import find_rows, rendered, table
from mcpinstall.hosts.table_text import parse_table
from mcpinstall.model.host import EntryShape
from tests.builders.host_facts import DEPARTURES, differences
from tests.builders.host_formats import parse
from tests.builders.hosts import server

ROWS = {
    "claude-desktop": "claude-desktop, json, mcpServers: command args",
    "claude-code-user": "claude-code, json, mcpServers: type command args",
    "claude-code-local": "claude-code, json, projects > <absolute project path> > mcpServers: "
    "type command args",
    "claude-code-project": "claude-code, json, mcpServers: type command args",
    "codex-user": "codex, toml, mcp_servers: command args",
    "codex-project": "codex, toml, mcp_servers: command args",
    "gemini-cli-user": "gemini-cli, json-comments, mcpServers: command args",
    "gemini-cli-project": "gemini-cli, json-comments, mcpServers: command args",
    "qwen-code-user": "qwen-code, json-comments, mcpServers: command args",
    "qwen-code-project": "qwen-code, json-comments, mcpServers: command args",
    "cursor-user": "cursor, json, mcpServers: command args",
    "cursor-project": "cursor, json, mcpServers: command args",
    "vscode-user": "vscode, jsonc, servers: type command args",
    "vscode-profile": "vscode-profile, jsonc, servers: type command args",
    "vscode-remote-user": "vscode-remote, jsonc, servers: type command args",
    "vscode-settings-legacy": "vscode-settings-legacy, jsonc, mcp > servers: type command args",
    "vscode-workspace": "vscode, jsonc, servers: type command args",
    "vscode-insiders-user": "vscode-insiders, jsonc, servers: type command args",
    "vscodium-user": "vscodium, jsonc, servers: type command args",
    "xcode-claude-agent": "xcode-claude-agent, json, mcpServers: type command args",
    "visual-studio-user": "visual-studio, jsonc, servers: type command args",
    "visual-studio-solution-private": "visual-studio, jsonc, servers: type command args",
    "visual-studio-solution": "visual-studio, jsonc, servers: type command args",
    "copilot-cli-user": "copilot-cli, json, mcpServers: type command args",
    "copilot-cli-project": "copilot-cli, json, mcpServers: type command args",
    "copilot-cli-github-project": "copilot-cli, json, mcpServers: type command args",
    "copilot-jetbrains": "copilot-jetbrains, json, servers: command args",
    "copilot-xcode": "copilot-xcode, json, servers: command args",
    "copilot-eclipse": "copilot-eclipse, json, servers: command args",
    "jetbrains-ai-user": "jetbrains-ai, json, mcpServers: command args",
    "jetbrains-ai-project": "jetbrains-ai, json, mcpServers: command args",
    "junie-user": "junie, json, mcpServers: command args",
    "junie-project": "junie, json, mcpServers: command args",
    "windsurf": "windsurf, json, mcpServers: command args",
    "windsurf-jetbrains": "windsurf-jetbrains, json, mcpServers: command args",
    "devin-user": "devin, json, mcpServers: command args",
    "devin-project": "devin, json, mcpServers: command args",
    "zed-user": "zed, jsonc, context_servers: command args",
    "zed-project": "zed, jsonc, context_servers: command args",
    "cline": "cline, json, mcpServers: command args",
    "cline-legacy": "cline-legacy, json, mcpServers: command args",
    "roo-code-user": "roo-code, json, mcpServers: command args",
    "roo-code-project": "roo-code, json, mcpServers: command args",
    "roo-fork-zoo": "roo-fork-zoo, json, mcpServers: command args",
    "kilo-code-user": "kilo-code, jsonc, mcp: type enabled command",
    "kilo-code-project": "kilo-code, jsonc, mcp: type enabled command",
    "kilo-code-legacy": "kilo-code-legacy, json, mcpServers: command args",
    "continue-user": "continue, yaml, mcpServers: name type command args",
    "continue-blocks": "continue, yaml, mcpServers: name type command args",
    "goose": "goose, yaml, extensions: name enabled type description cmd args",
    "lm-studio": "lm-studio, json, mcpServers: command args",
    "amazon-q-legacy-global": "amazon-q, json, mcpServers: command args",
    "amazon-q-agents": "amazon-q, json, mcpServers: command args",
    "amazon-q-ide": "amazon-q-ide, json, mcpServers: command args",
    "amazon-q-project": "amazon-q, json, mcpServers: command args",
    "kiro-user": "kiro, json, mcpServers: command args",
    "kiro-project": "kiro, json, mcpServers: command args",
    "opencode-user": "opencode, jsonc, mcp: type enabled command",
    "opencode-project": "opencode, jsonc, mcp: type enabled command",
    "crush-user": "crush, json, mcp: type command args",
    "crush-project": "crush, json, mcp: type command args",
    "amp-user": "amp, jsonc, amp.mcpServers: command args",
    "amp-project": "amp, jsonc, amp.mcpServers: command args",
    "warp-user": "warp, json, mcpServers: command args",
    "warp-project": "warp, json, mcpServers: command args",
    "trae-user": "trae, json, mcpServers: command args",
    "trae-project": "trae, json, mcpServers: command args",
    "trae-cn-user": "trae-cn, json, mcpServers: command args",
    "auggie-user": "auggie, json-comments, mcpServers: command args",
    "auggie-project": "auggie, json-comments, mcpServers: command args",
    "augment-vscode": "augment-vscode, json, mcpServers: command args",
    "factory-droid-user": "factory-droid, json, mcpServers: type command args",
    "factory-droid-project": "factory-droid, json, mcpServers: type command args",
    "factory-bridge": "factory-bridge, json, mcpServers: command args",
    "antigravity-user": "antigravity, json, mcpServers: command args",
    "antigravity-legacy": "antigravity-legacy, json, mcpServers: command args",
    "antigravity-project": "antigravity, json, mcpServers: command args",
    "boltai": "boltai, json, mcpServers: command args",
    "5ire": "5ire, json, mcpServers: name type isActive command args",
    "cherry-studio": "cherry-studio, json, mcpServers: isActive command args",
    "witsy": "witsy, json, mcpServers: command args",
    "librechat": "librechat, yaml, mcpServers: type command args",
    "mcpo": "mcpo, json, mcpServers: command args",
    "anythingllm": "anythingllm, json, mcpServers: command args",
    "msty": "msty, json, : command args",
    "raycast": "raycast, json, mcpServers: command args",
    "perplexity": "perplexity, json, : command args",
    "void": "void, json, mcpServers: command args",
    "tome": "tome, json, : command args",
    "enconvo": "enconvo, json, mcpServers: command args",
    "jan": "jan, json, mcpServers: active command args",
    "qoder-ide": "qoder-ide, json, mcpServers: command args",
    "qoder-cli": "qoder-cli, json, mcpServers: command args",
    "kimi-code-user": "kimi-code, json, mcpServers: command args",
    "kimi-code-project": "kimi-code, json, mcpServers: command args",
    "kimi-cli-legacy": "kimi-cli-legacy, json, mcpServers: command args",
    "mistral-vibe-user": "mistral-vibe, toml, mcp_servers: name transport command args",
    "mistral-vibe-project": "mistral-vibe, toml, mcp_servers: name transport command args",
    "grok-build-user": "grok-build, toml, mcp_servers: command args",
    "grok-build-project": "grok-build, toml, mcp_servers: command args",
    "hermes": "hermes, yaml, mcp_servers: command args",
    "rovodev-user": "rovodev, json, mcpServers: transport command args",
    "rovodev-project": "rovodev, json, mcpServers: transport command args",
    "mcporter": "mcporter, jsonc, mcpServers: command args",
    "sema4ai-studio": "sema4ai-studio, json, mcpServers: transport command args",
    "codebuddy": "codebuddy, json, mcpServers: command args",
    "pi-mcp-adapter": "pi-mcp-adapter, json, mcpServers: command args",
    "firebase-studio": "firebase-studio, json, mcpServers: command args",
}
"""Row id → product, format, where the servers are, and the fields of an entry in their order."""

MINIMAL = """
schema = 1
[[hosts]]
id = "a-user"
product = "a"
title = "A"
remote = { http = {} }
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
    row = find_rows(row_id)
    document = parse(row.format, rendered(row, server()))
    servers = functools.reduce(operator.getitem, row.servers_key, document)
    entry = servers[0] if row.is_list else servers["time"]

    spelled = f"{row.product}, {row.format}, {' > '.join(row.servers_key)}: {' '.join(entry)}"

    assert spelled == ROWS[row_id]


def test_the_table_agrees_with_the_collected_facts(shared_data: Path) -> None:
    facts = json.loads((shared_data / "hosts.json").read_text(encoding="utf-8"))
    found = {fact["id"]: difference for fact in facts if (difference := differences(fact))}

    assert {row_id: what for row_id, (what, _) in DEPARTURES.items()} == found


def test_a_product_is_its_first_row_and_that_one_is_no_projects() -> None:
    for product in {row.product for row in table()}:
        rows = [row for row in table() if row.product == product]

        assert find_rows(product) is rows[0]
        assert rows[0].scope != "project" or all(row.scope == "project" for row in rows)
        assert len([row for row in rows if row.writable]) <= 1
        assert not any(row.id == product and row.product != product for row in table())


def test_titles_tell_rows_apart() -> None:
    titles = [row.title for row in table()]

    assert sorted(set(titles)) == sorted(titles)


def test_an_entry_grants_no_trust() -> None:
    trust = {"autoApprove", "alwaysAllow", "trust", "tools", "allowedTools", "disabled"}

    assert not [row.id for row in table() if trust & set(dict(row.entry.constants))]


def test_what_takes_a_rows_place_is_a_row() -> None:
    named = [row.superseded.instead for row in table() if row.superseded]

    assert named
    assert {find_rows(product).product for product in named} == set(named)


def test_what_comes_after_a_row_is_a_row_that_is_written() -> None:
    named = {row.successor for row in table() if row.successor}

    assert named
    assert all(find_rows(product).writable for product in named)


def test_which_scope_wins_is_said_of_all_rows_of_a_product_alike() -> None:
    for product in {row.product for row in table()}:
        rows = [row for row in table() if row.product == product]

        assert len({row.precedence for row in rows}) == 1
        scopes = {row.scope for row in rows}
        assert not rows[0].precedence or scopes <= set(rows[0].precedence) or len(scopes) == 1


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

    assert (row.path_pick, row.programs, row.entry) == ("single", (), EntryShape())


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
        ("[hosts.paths]", '[hosts.overrides]\nA = "${A}x"\n[hosts.paths]', "overrides.A"),
        ('linux = ["~/.a.json"]', 'linux = ["~/.a"]\nevery = ["~/.b"]', "paths.every"),
        ('title = "A"', 'title = "A"\nlike = "b-user"', "hosts[0].like"),
        ('title = "A"', 'title = "A"\nstatus = "new"', "hosts[0].status"),
        ('title = "A"', 'title = "A"\nwrite = "print"', "hosts[0].why"),
        ('title = "A"', 'title = "A"\nwhy = "no"', "hosts[0].why"),
        ('title = "A"', 'title = "A"\npaste = "there"', "hosts[0].paste"),
        ('scope = "user"', 'scope = "project"\nwrite = "yes"', "hosts[0].write"),
        ('scope = "user"', 'scope = "deployment"', "hosts[0].write"),
        ('title = "A"', 'title = "A"\nmust-exist = ["plan9"]', "hosts[0].must-exist"),
        ('title = "A"', 'title = "A"\nis-list = true', "entry.name-key"),
        ('title = "A"', 'title = "A"\nmerges = true', "hosts[0].merges"),
        ('title = "A"', 'title = "A"\nprecedence = ["planet"]', "hosts[0].precedence"),
        ('title = "A"', 'title = "A"\nprecedence = ["user", "user"]', "hosts[0].precedence"),
        ('title = "A"', 'title = "A"\nsuccessor = "b"', "hosts[0].successor"),
        ('title = "A"', 'title = "A"\nrefused-variables = ["A B"]', "refused-variables"),
    ],
)
def test_a_wrong_table_is_refused_by_name(old: str, new: str, named: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        parse_table(MINIMAL.replace(old, new).encode())

    assert named in refused.value.message


def test_a_row_takes_over_the_dialect_of_another_but_not_its_place() -> None:
    like = """
[[hosts]]
id = "a-project"
like = "a-user"
title = "A (project)"
scope = "project"
paths.every = ["<project>/.a.json"]
"""
    user, project = parse_table((MINIMAL + like).encode())

    assert (project.product, project.format, project.reload) == ("a", "json", user.reload)
    assert dict(project.paths)["win32"] == ("<project>/.a.json",)
    assert (project.writable, project.paste) == (False, "paste this into `<project>/.a.json`")
    assert "mcpi.lock" in project.why


def test_a_row_id_is_taken_once() -> None:
    twice = MINIMAL + MINIMAL.split("schema = 1")[1]

    with pytest.raises(McpInstallError) as refused:
        parse_table(twice.encode())

    assert "two rows `a-user`" in refused.value.message
