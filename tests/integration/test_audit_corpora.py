"""The corpora as `mcpi audit` reads and judges them: all rules, from the bytes to the findings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mcpinstall.hosts import find_rows
from mcpinstall.hosts.audit_places import Place
from mcpinstall.model.audited import FileScope
from mcpinstall.operations.audit_files import ReadFile, of_bytes
from mcpinstall.operations.audit_findings import Judge, RuleSet
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from tests.audit_corpora.corpus import CLEAN, host_of, unpinned
from tests.audit_corpora.planted import ROWS, Planted

PINS = ("MA101", "MA102", "MA104")


@pytest.fixture
def context(home: Path) -> Context:
    return Context.current()


def found(text: str, host: str, context: Context) -> list[tuple[str, str]]:
    """Return server and rule of everything that a regular reader hears."""
    row = find_rows(host)
    scope = FileScope.PROJECT if row.scope == "project" else FileScope.USER
    place = Place(row=row, path=context.machine.home / "x" / "mcp", scope=scope)
    file = of_bytes(text.encode(), place, "mcp", context.machine)
    assert isinstance(file, ReadFile), file
    assert file.servers
    judge = Judge(file, RuleSet(), Surroundings(context))
    findings = list(judge.findings())
    assert not judge.failed
    assert all(one.location.line for one in findings)
    return [(one.server, one.rule.id) for one in findings if one.persona == "regular"]


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.name)
def test_nothing_is_found_in_a_clean_file(path: Path, context: Context) -> None:
    assert found(path.read_text(encoding="utf-8"), host_of(path), context) == []


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.name)
def test_each_server_without_its_version_is_found_once(path: Path, context: Context) -> None:
    bare, count = unpinned(path.read_text(encoding="utf-8"))

    hits = found(bare, host_of(path), context)

    assert {rule for _, rule in hits} <= set(PINS)
    assert Counter(server for server, _ in hits) == {server: 1 for server, _ in hits}
    assert len(hits) == count


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule} {row.what}")
def test_a_planted_problem_is_found_by_its_rule_alone(row: Planted, context: Context) -> None:
    hits = found(row.text, row.base.partition("--")[0], context)

    assert {rule for _, rule in hits} == {row.rule}
