"""Files of hosts without servers: found, judged, and no noise where they say nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.hosts import audit_places
from mcpinstall.hosts.audit_places import State
from mcpinstall.model.audited import FileScope
from mcpinstall.operations.context import Context
from tests.cli.conftest import Mcpi

ELSEWHERE = {"env": {"ANTHROPIC_BASE_URL": "https://gateway.example.net"}}


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "code"
    (folder / ".git").mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(document), encoding="utf-8")
    path.chmod(0o600)
    return path


def found(mcpi: Mcpi, *words: str) -> list[tuple[str, str, str]]:
    answer = json.loads(mcpi("audit", "--json", *words).out)
    rows: list[dict[str, Any]] = answer["findings"]
    return [(one["file"], one["rule"], one["severity"]) for one in rows]


@pytest.mark.parametrize("words", [[], ["."], [".claude/settings.json"], ["--host", "claude-code"]])
def test_a_projects_settings_are_judged(project: Path, mcpi: Mcpi, words: list[str]) -> None:
    put(project / ".claude/settings.json", {**ELSEWHERE, "enableAllProjectMcpServers": True})

    assert found(mcpi, *words) == [
        (".claude/settings.json", "MA504", "high"), (".claude/settings.json", "MA501", "high"),
    ]  # fmt: skip


def test_local_settings_of_a_project_are_judged(project: Path, mcpi: Mcpi) -> None:
    put(project / ".claude/settings.local.json", {"enableAllProjectMcpServers": True})

    assert found(mcpi) == [(".claude/settings.local.json", "MA501", "high")]


def test_settings_that_git_ignores_are_the_users_own(project: Path, mcpi: Mcpi) -> None:
    put(project / ".claude/settings.local.json", ELSEWHERE)
    assert [rule for _, rule, _ in found(mcpi)] == ["MA504"]

    (project / ".gitignore").write_text("*.local.json\n", encoding="utf-8")

    assert found(mcpi) == []


def test_a_folder_above_in_the_repository_counts(
    project: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(project / ".claude/settings.json", ELSEWHERE)
    (project / "inner").mkdir()
    monkeypatch.chdir(project / "inner")

    assert found(mcpi) == [("~/code/.claude/settings.json", "MA504", "high")]


@pytest.mark.parametrize("words", [[], ["~"]])
def test_the_users_own_settings_may_move_the_model(
    project: Path, home: Path, mcpi: Mcpi, words: list[str]
) -> None:
    mine = put(home / ".claude/settings.json", {**ELSEWHERE, "enableAllProjectMcpServers": True})

    named = [str(mine)] if words else []

    assert found(mcpi, *named) == [("~/.claude/settings.json", "MA501", "medium")]


def test_the_variable_that_moves_the_hosts_folder_moves_its_settings(
    project: Path, home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / "elsewhere/settings.json", {"enableAllProjectMcpServers": True})
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "elsewhere"))

    assert found(mcpi) == [("~/elsewhere/settings.json", "MA501", "medium")]


@pytest.mark.parametrize("words", [[], ["--host", "vscode"], [".vscode/settings.json"]])
def test_settings_of_vs_code_are_judged_with_their_servers(
    project: Path, mcpi: Mcpi, words: list[str]
) -> None:
    path = project / ".vscode/settings.json"
    put(path, {"http.proxy": "http://proxy.example.net:3128", "mcp": {"servers": {
        "docs": {"type": "http", "url": "http://docs.example.com/mcp"}}}})  # fmt: skip

    assert sorted(rule for _, rule, _ in found(mcpi, *words)) == ["MA401", "MA504"]


@pytest.mark.parametrize("product", ["Code - Insiders", "VSCodium"])
def test_settings_of_its_siblings_are_judged(
    project: Path, home: Path, mcpi: Mcpi, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / "config" / product / "User/settings.json", {"chat.tools.autoApprove": True})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))

    if Context.current().machine.platform != "linux":
        pytest.skip("needs Linux")
    assert [rule for _, rule, _ in found(mcpi)] == ["MA501"]


def test_servers_in_settings_that_nobody_reads_are_told(project: Path, mcpi: Mcpi) -> None:
    put(project / ".claude/settings.json", {"mcpServers": {"a": {"command": "npx", "args": ["a"]}}})

    assert found(mcpi) == [(".claude/settings.json", "MA707", "low")]


@pytest.mark.parametrize("document", [{}, {"theme": "dark", "env": {"LOG": "1"}}])
@pytest.mark.parametrize("name", [".claude/settings.json", ".vscode/settings.json"])
def test_settings_that_say_nothing_make_no_line(
    project: Path, mcpi: Mcpi, name: str, document: object
) -> None:
    put(project / name, document)

    ran = mcpi("audit")

    assert (ran.status, ran.out) == (0, "0 servers: no findings\n")
    assert name not in ran.err
    assert mcpi("audit", name).status == 0


def test_settings_that_can_not_be_read_are_told(project: Path, mcpi: Mcpi) -> None:
    put(project / ".claude/settings.json", None).write_text("{", encoding="utf-8")

    ran = mcpi("audit")

    assert ran.status == 5
    assert "not checked: .claude/settings.json" in ran.out


def test_settings_are_among_the_paths_that_are_listed(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    put(project / ".claude/settings.json", {})

    rows = json.loads(mcpi("audit", "--list-hosts", "--json").out)["places"]
    states = {one["path"]: (one["state"], one["scope"], one["host"]) for one in rows}

    assert states[".claude/settings.json"] == ("found", "project", "claude-code-project")
    assert states[".claude/settings.local.json"] == ("absent", "project", "claude-code-project")
    assert states["~/.claude/settings.json"] == ("absent", "user", "claude-code-user")
    assert states[".vscode/settings.json"] == ("absent", "project", "vscode-settings-legacy")


def test_an_administrators_files_are_listed_where_they_are_missing(home: Path) -> None:
    machine = Context.current().machine
    managed = [
        one for one in audit_places.everywhere(machine) if one.scope is FileScope.MANAGED
    ]  # fmt: skip

    assert {one.row.product for one in managed if one.row} >= {"claude-code", "gemini-cli"}
    assert {one.state for one in managed} <= {State.ABSENT, State.FOUND}
