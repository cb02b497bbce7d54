"""Two audits of a file: no finding is traded for a graver one, no save of a host for a fix."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Severity
from mcpinstall.operations import audit, fix_commit
from mcpinstall.operations.audit_findings import RuleSet
from mcpinstall.operations.fixing import PreparedFixes
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.rules.audit.rule import Hit, rule
from tests.builders.canaries import token
from tests.unit.operations.test_fixing import CURSOR, Home, servers, there

__all__ = ["there"]

JUDGED = rule(901, "judged", Severity.LOW, "Something is wrong", cwe=1)
SPLIT = {"command": "npx -y x@1.0.0"}
"""An entry that has one remedy, which makes three words of one."""

LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
Severities = tuple[Severity, ...]


def with_rule(before: Severities, after: Callable[[], Severities]) -> RuleSet:
    """The rules, and one that finds something else in the entry when it is split."""
    normal = RuleSet()

    def check(server: AuditedServer, *_: object) -> Iterator[Hit]:
        found = after() if len(server.argv) > 1 else before
        for number, severity in enumerate(found):
            message = f"{number} {severity}"
            yield Hit(rule=JUDGED, pointer=server.pointer, message=message, severity=severity)

    return RuleSet(server=(*normal.server, ((JUDGED,), check)), facts=normal.facts,
                   file=normal.file)  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((HIGH, LOW), (HIGH, HIGH)),
        ((HIGH, LOW), (HIGH, MEDIUM)),
        ((MEDIUM, LOW, LOW), (MEDIUM, MEDIUM)),
        ((LOW,), (MEDIUM,)),
        ((HIGH,), (LOW, LOW)),
        ((), (LOW,)),
    ],
)
def test_a_fix_that_brings_a_graver_finding_of_the_same_rule_is_not_proposed(
    there: Home, before: Severities, after: Severities
) -> None:
    there.put(CURSOR, servers(a=SPLIT))

    prepared = there.prepared(wanted=audit.Wanted(rules=with_rule(before, lambda: after)))

    assert prepared.files == ()
    assert prepared.left[0].reason == "the entry would have another finding then: MA901"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((HIGH, LOW), (HIGH, LOW)),
        ((HIGH, LOW), (LOW, HIGH)),
        ((HIGH, HIGH), (HIGH, LOW)),
        ((HIGH, LOW), (MEDIUM,)),
        ((LOW,), ()),
    ],
)
def test_a_fix_that_brings_none_is(there: Home, before: Severities, after: Severities) -> None:
    there.put(CURSOR, servers(a=SPLIT))

    prepared = there.prepared(wanted=audit.Wanted(rules=with_rule(before, lambda: after)))

    assert [one.fixer for file in prepared.files for one in file.fixed] == ["split-command"]


def test_a_graver_finding_that_only_the_written_file_has_takes_it_back(there: Home) -> None:
    path = there.put(CURSOR, servers(a=SPLIT))
    before = path.read_bytes()

    def after() -> Severities:
        return (HIGH, HIGH) if b'"args"' in path.read_bytes() else (HIGH, LOW)

    prepared = there.prepared(wanted=audit.Wanted(rules=with_rule((HIGH, LOW), after)))
    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(prepared))

    assert refused.value.code is ErrorCode.FIX_REFUSED
    assert path.read_bytes() == before


# A host that saves while the audit judges ---------------------------------------------------------


def saved_meanwhile(there: Home, path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedFixes:
    """Prepare while a host saves its file, right after it was read."""
    original = audit.audit

    def audited(*given: object) -> object:
        document = json.loads(path.read_bytes())
        document["mcpServers"]["new"] = {"command": "/bin/new"}
        path.write_text(json.dumps(document, indent=2))
        return original(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(audit, "audit", audited)
    return there.prepared()


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_what_a_host_saves_while_its_file_is_judged_is_not_lost(
    there: Home, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    path = there.put(CURSOR, servers(a={**SPLIT, "env": {"A_TOKEN": token("github")}}), mode)

    prepared = saved_meanwhile(there, path, monkeypatch)
    now = path.read_bytes()
    list(fix_commit.commit(prepared))

    assert path.read_bytes() == now
    assert "/bin/new" in path.read_text()
    assert ReceiptStore(there.context.paths).history() == ()
    reasons = {one.reason for one in prepared.left if one.fixer == "split-command"}
    assert reasons == {"it was saved while it was judged"}
