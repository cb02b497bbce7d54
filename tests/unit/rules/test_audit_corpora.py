"""Rules about values over the corpora: silent on the clean one, right on the bad one."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from mcpinstall.rules.audit.values import FILE_VALUES, VALUES
from tests.audit_corpora.corpus import CLEAN, FOLDER, host_of, unpinned
from tests.audit_corpora.planted import ROWS, Planted
from tests.audit_corpora.reading import servers
from tests.builders.audited import hits, ids
from tests.conftest import ROOT

OURS = {rule.id for rules, _ in (*VALUES, *FILE_VALUES) for rule in rules}


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.name)
def test_nothing_is_found_in_a_clean_file(path: Path) -> None:
    found = list(servers(path.read_text(encoding="utf-8"), host_of(path)))

    assert found
    assert [(one.name.text, ids(hits(one))) for one in found if ids(hits(one))] == []


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.name)
def test_each_server_that_a_runner_fetches_has_one_pin(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    fetched = [one for one in servers(text, host_of(path)) if one.argv]

    bare, count = unpinned(text)

    assert count == len(fetched)
    assert unpinned(bare)[1] == 0
    assert len(list(servers(bare, host_of(path)))) == len(list(servers(text, host_of(path))))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.rule} {row.what}")
def test_a_planted_problem_is_found_by_its_rule_alone(row: Planted) -> None:
    host = row.base.partition("--")[0]

    found = sorted({name for one in servers(row.text, host) for name in ids(hits(one))})

    assert found == ([row.rule] if row.rule in OURS else [])
    assert row.text != (FOLDER / row.base).read_text(encoding="utf-8")


def test_the_corpora_are_as_large_as_promised() -> None:
    names = collections.Counter(row.rule for row in ROWS)

    assert len(CLEAN) >= 80
    assert len(ROWS) >= 150
    assert min(names.values()) >= 1
    assert {path.suffix for path in CLEAN} == {".json", ".jsonc", ".toml", ".yaml"}


def test_the_page_explains_each_rule_as_it_is() -> None:
    page = (ROOT / "docs" / "audit-rules.md").read_text(encoding="utf-8")

    for rule in {rule for rules, _ in (*VALUES, *FILE_VALUES) for rule in rules}:
        _, found, section = page.partition(f"\n## {rule.id} {rule.slug}\n")
        first = f"Severity: {rule.severity}. Confidence: {rule.confidence}. CWE-{rule.cwe}."
        assert found, rule.id
        assert section.lstrip().startswith(f"{first} {rule.title}."), rule.id
