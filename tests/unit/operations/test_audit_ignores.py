"""Which finding an entry of `mcpi-audit.toml` accepts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.operations import audit
from mcpinstall.operations.audit_ignores import FILE, Ignores, read_ignores
from mcpinstall.operations.context import Context

CLEAR = {"type": "http", "url": "http://docs.example.com/mcp"}


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "work"
    (folder / ".git").mkdir(parents=True, mode=0o700)
    monkeypatch.chdir(folder)
    return folder


def finding(path: Path, server: dict[str, str] = CLEAR) -> AuditFinding:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(json.dumps({"mcpServers": {"docs": server}}), encoding="utf-8")
    path.chmod(0o600)
    found = audit.audit(audit.Wanted(paths=(str(path),), ignores=False), Context.current())
    (one,) = [one for one in found.findings if one.rule.id == "MA401"]
    return one


def accepts(folder: Path, found: AuditFinding, **changes: object) -> Ignores:
    """Write one entry for a finding into a folder's file; return what counts then."""
    fields = {
        "rule": found.rule.id, "server": "docs", "entry": found.entry, "reason": "a test",
        **changes,
    }  # fmt: skip
    rows = [
        f"{key} = {json.dumps(value) if isinstance(value, str) else value}"
        for key, value in fields.items()
    ]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / FILE).write_text("\n".join(["[[ignore]]", *rows, ""]), encoding="utf-8")
    return read_ignores(Context.current())


@pytest.mark.parametrize(
    ("changes", "is_accepted"),
    [
        ({}, True),
        ({"rule": "cleartext-remote"}, True),
        ({"rule": "MA403"}, False),
        ({"host": "its own"}, True),
        ({"host": "claude-code-project"}, False),
        ({"server": "other"}, False),
        ({"entry": "0" * 64}, False),
    ],
)
def test_an_entry_is_of_one_rule_server_host_and_state(
    project: Path, changes: dict[str, object], *, is_accepted: bool
) -> None:
    found = finding(project / ".cursor" / "mcp.json")

    if changes.get("host") == "its own":
        changes = {"host": found.host}
    accepted = accepts(project, found, **changes).of(found, Context.current())

    assert found.host
    assert (accepted is not None) is is_accepted


@pytest.mark.parametrize(("days", "is_accepted"), [(-1, False), (0, True), (1, True)])
def test_the_last_day_counts(project: Path, days: int, *, is_accepted: bool) -> None:
    found, context = finding(project / ".mcp.json"), Context.current()
    last = (context.now + timedelta(days=days)).date()

    ignores = accepts(project, found, expires=last)

    assert (ignores.of(found, context) is not None) is is_accepted
    assert [" ended on " in note for note in ignores.notes(context)] == [True] * (not is_accepted)


def test_a_projects_file_accepts_nothing_outside_of_its_folder(home: Path, project: Path) -> None:
    outside = finding(home / ".cursor" / "mcp.json")

    assert accepts(project, outside).of(outside, Context.current()) is None


def test_the_users_own_file_accepts_wherever_it_is(home: Path, project: Path) -> None:
    context = Context.current()
    for found in (finding(home / ".cursor" / "mcp.json"), finding(project / ".mcp.json")):
        assert accepts(context.paths.config, found).of(found, context) is not None


def test_an_entry_that_fits_one_file_and_not_another_is_told_of(project: Path) -> None:
    one = finding(project / ".mcp.json")
    other = finding(project / ".cursor" / "mcp.json", {**CLEAR, "url": "http://b.example.com/"})
    context = Context.current()

    for order in ((one, other), (other, one)):
        ignores = accepts(project, one)
        assert [ignores.of(found, context) is not None for found in order] == [
            found is one for found in order
        ]
        (note,) = ignores.notes(context)
        assert note.endswith("was for another entry than the one there now")
