"""`mcpi audit --fix` of packages that advisories are about: other versions, and hosts' switches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.hosts import table
from mcpinstall.operations import audit, fix_commit, undo
from mcpinstall.operations.fixing import PreparedFixes
from tests.builders import osv
from tests.builders.index_server import IndexServer
from tests.builders.osv import record
from tests.unit.operations.test_fixing import CODEX, CURSOR, GOOSE, Home, arguments, servers, there

__all__ = ["there"]

KIRO = ".kiro/settings/mcp.json"
EVIL = record("MAL-2026-1", "npm:@scope/evil", "2.0.0")
HOLE = record("GHSA-aaaa-bbbb-cccc", "PyPI:clock-server", "1.0")
LATER = record("GHSA-dddd-eeee-ffff", "PyPI:clock-server", "9.9")


@pytest.fixture
def service(there: Home) -> Iterator[IndexServer]:
    with IndexServer() as started:
        osv.configure(there.context, started.origin)
        osv.serve(started, EVIL, HOLE)
        yield started


def online(there: Home, *names: str, write: bool = True) -> PreparedFixes:
    prepared = there.prepared(*names, wanted=audit.Wanted(online=True))
    for _ in fix_commit.commit(prepared) if write else ():
        pass
    return prepared


# MA106 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "raised"),
    [
        (["accesscontrol==4.1"], ["accesscontrol==4.3"]),
        (["AccessControl@4.1", "--x"], ["AccessControl@4.3", "--x"]),
        (["--from", "AccessControl[a,b]==4.1", "x"], ["--from", "AccessControl[a,b]==4.3", "x"]),
        (["--from=accesscontrol==5.0", "x"], ["--from=accesscontrol==5.2", "x"]),
        (["--with", "accesscontrol==4.1,fine==2", "x==1"],
         ["--with", "accesscontrol==4.3,fine==2", "x==1"]),
    ],
)  # fmt: skip
def test_a_version_becomes_the_first_that_is_fixed(
    there: Home, argument: list[str], raised: list[str]
) -> None:
    file = there.put(CURSOR, servers(a={"command": "uvx", "args": argument}))
    before = file.read_bytes()
    assert there.found() == ["MA106"]

    prepared = there.fixed("raise-version")

    assert arguments(file) == raised
    assert there.found() == []
    (fixed,) = prepared.files[0].fixed
    assert not fixed.is_safe
    assert any("no index was asked" in one for one in fixed.notes)
    undo.commit(undo.prepare(None, there.context), there.context)
    assert file.read_bytes() == before


def test_a_fixed_version_that_another_record_is_about_is_none(there: Home) -> None:
    """Of `py`, 1.10.0 fixes the one record; the other one is about every version to 1.11.0."""
    there.put(CURSOR, servers(a={"command": "uvx", "args": ["py==1.9.0"]}))

    prepared = there.prepared("raise-version")

    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == ["no version of `py` is known to be fixed"]
    report = audit.audit(audit.Wanted(), there.context)
    assert not any("raise-version" in one for one in report.left_out)


def test_the_rule_names_the_same_version(there: Home) -> None:
    there.put(CURSOR, servers(a={"command": "uvx", "args": ["accesscontrol==4.1"]}))

    report = audit.audit(audit.Wanted(), there.context)

    assert report.findings[0].fix == "name version 4.3 or a later one"
    assert "1 finding goes by `mcpi audit --fix --unsafe-fix raise-version`" in report.left_out


def test_a_version_of_a_lock_file_is_left_to_npm(there: Home, service: IndexServer) -> None:
    osv.serve(service, record("GHSA-aaaa-bbbb-cccc", "npm:clock", "1.0.0"))
    there.put("work/.mcp.json", servers(a={"command": "npx", "args": ["clock"]}))
    lock = {"packages": {"node_modules/clock": {"version": "1.0.0"}}}
    there.put("work/package-lock.json", json.dumps(lock))

    prepared = online(there, "raise-version")

    assert prepared.files == ()
    assert "a lock file names its version" in [one.reason for one in prepared.left]


def test_what_osv_said_counts_and_the_new_version_is_asked_about(
    there: Home, service: IndexServer
) -> None:
    file = there.put(CURSOR, servers(a={"command": "uvx", "args": ["clock-server==1.0"]}))

    online(there, "raise-version")

    assert arguments(file) == ["clock-server==9.9"]
    assert "9.9" in [one.get("version") for one in osv.questions(service)]


def test_a_new_version_that_osv_knows_to_be_vulnerable_is_not_written(
    there: Home, service: IndexServer
) -> None:
    osv.serve(service, HOLE, LATER)
    file = there.put(CURSOR, servers(a={"command": "uvx", "args": ["clock-server==1.0"]}))

    prepared = online(there, "raise-version")

    assert arguments(file) == ["clock-server==1.0"]
    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == ["MA106 would be found for another reason"]


# MA105 -------------------------------------------------------------------------------------------

OFF = {
    CURSOR: None,
    KIRO: '{"mcpServers": {"a": {"command": "npx", "disabled": true, "args": '
    '["-y", "@scope/evil@2.0.0"]}}}',
    CODEX: '[mcp_servers.a]\ncommand = "npx" # mine\nenabled = false\nargs = '
    '["-y", "@scope/evil@2.0.0"]\n',
    GOOSE: "extensions:\n  a:\n    enabled: false # yes\n    cmd: npx\n    args: "
    '["-y", "@scope/evil@2.0.0"]\n',
}
BEFORE = {
    CURSOR: '{"mcpServers": {"a": {"command": "npx", "args": ["-y", "@scope/evil@2.0.0"]}}}',
    KIRO: '{"mcpServers": {"a": {"command": "npx", "args": ["-y", "@scope/evil@2.0.0"]}}}',
    CODEX: '[mcp_servers.a]\ncommand = "npx" # mine\nargs = ["-y", "@scope/evil@2.0.0"]\n',
    GOOSE: "extensions:\n  a:\n    enabled: true # yes\n    cmd: npx\n    args: "
    '["-y", "@scope/evil@2.0.0"]\n',
}


@pytest.mark.parametrize("name", OFF)
def test_a_malicious_server_is_switched_off_where_its_host_can(
    there: Home, service: IndexServer, name: str
) -> None:
    after = OFF[name]
    file = there.put(name, BEFORE[name])

    prepared = online(there, "switch-off")

    assert file.read_text() == (after or BEFORE[name])
    report = audit.audit(audit.Wanted(online=True), there.context)
    (finding,) = report.findings
    assert (finding.rule.id, str(finding.rule.severity)) == (
        "MA105", "high" if after else "critical"
    )  # fmt: skip
    if after is None:
        assert [one.reason for one in prepared.left] == ["Cursor has no switch in an entry"]
        assert not any("switch-off" in one for one in report.left_out)
        return
    (fixed,) = prepared.files[0].fixed
    assert "switch the server off" in fixed.what
    assert any("change every secret" in one for one in fixed.notes)
    undo.commit(undo.prepare(None, there.context), there.context)
    assert file.read_text() == BEFORE[name]


def test_a_server_that_is_off_already_is_not_switched_off_again(
    there: Home, service: IndexServer
) -> None:
    there.put(KIRO, BEFORE[KIRO])
    online(there, "switch-off")

    prepared = online(there, "switch-off")

    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == ["the server is off already"]


def test_the_offer_says_that_the_server_is_switched_off(there: Home, service: IndexServer) -> None:
    there.put(KIRO, BEFORE[KIRO])

    report = audit.audit(audit.Wanted(online=True), there.context)

    assert (
        "1 server is switched off by `mcpi audit --fix --unsafe-fix switch-off --online`"
        in report.left_out
    )


@pytest.mark.parametrize("row_id", [row.id for row in table() if row.switch_off])
def test_the_audit_sees_every_switch_of_the_table(row_id: str, tmp_path: Path) -> None:
    from mcpinstall.hosts.entry import is_off

    (row,) = [one for one in table() if one.id == row_id]
    key, value = row.switch_off or ("", False)

    assert is_off(row, {key: value})
    assert not is_off(row, {key: not value})
    assert not is_off(row, {key: int(value)})


def test_a_server_that_stays_as_severe_is_taken_back(
    there: Home, service: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host's switch that the audit does not understand eases nothing."""
    there.put(KIRO, BEFORE[KIRO])
    monkeypatch.setattr("mcpinstall.hosts.audited.is_off", lambda *_: False)

    prepared = online(there, "switch-off")

    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == ["MA105 would be as severe as before"]


def test_fixing_online_asks_once(there: Home, service: IndexServer) -> None:
    there.put(KIRO, BEFORE[KIRO])

    online(there, "switch-off", write=False)

    assert len(osv.questions(service)) == 1
