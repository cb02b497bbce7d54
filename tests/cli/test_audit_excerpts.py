"""The line at fault of a report: on narrow screens the place itself is seen, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpinstall.cli.reports import text
from mcpinstall.model.finding import Finding, Location, Report, Rule, Severity
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

RULE = Rule(id="MA101", slug="x", severity=Severity.LOW, title="t", page="p.md")
LINE = '{"mcpServers": {"time": {"command": "uvx", "args": ["mcp-server-time"]}}}'


def excerpt(width: int) -> tuple[str, str]:
    """Return the line that is shown, and the line with the mark."""
    column = LINE.index('"mcp-server') + 1
    place = Location(file="f", line=1, column=column, end_line=1, end_column=column + 17)
    finding = Finding(rule=RULE, location=place, message="m", subject="s", excerpt=LINE)
    report = Report(tool="t", rules=(RULE,), subjects=("s",), findings=(finding,))
    rows = ["".join(segment.text for segment in row) for row in text.write(report, width)]
    shown = next(number for number, row in enumerate(rows) if " | " in row)
    return rows[shown], rows[shown + 1]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_place_is_seen_and_the_mark_stands_below_it(width: int) -> None:
    line, mark = excerpt(width)

    begin, end = mark.index("^"), mark.rindex("^") + 1
    assert line[begin:end].startswith('"mcp-server-ti')
    assert len(mark) <= width
    assert ("| …" in line) == (width < len(LINE) + 10)  # what is left out before is told


def test_a_package_of_a_long_scope_is_shown(
    home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = "@modelcontextprotocol/server-sequential-thinking@^2025.1"
    entry = {"mcpServers": {"a": {"command": "npx", "args": ["-y", package]}}}
    (home / "mcp.json").write_text(json.dumps(entry, indent=1), encoding="utf-8")
    monkeypatch.chdir(home)

    (found,) = json.loads(mcpi("audit", "mcp.json", "--host", "cursor", "--json").out)["findings"]

    assert package in found["excerpt"]
    assert "the newest version that fits" in found["message"]
