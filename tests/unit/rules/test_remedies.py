"""The table of fixes in `docs/audit.md` is that of the program, and each rule has one fix."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mcpinstall.cli.fix import ADOPT
from mcpinstall.hosts import table
from mcpinstall.operations import fix_modes
from mcpinstall.rules import remedies
from mcpinstall.rules.audit import RULES
from mcpinstall.rules.remedies.secrets import IN_ADDRESS, IN_ARGUMENTS

PAGE = Path(__file__).parents[3] / "docs/audit.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (MA[^|]+) \| ([^|]+) \| (safe|unsafe) \|$", re.MULTILINE)


def test_the_page_has_every_fix_as_the_program_has_it() -> None:
    said = {
        name: (tuple(rules.split(", ")), is_safe == "safe")
        for name, rules, _, is_safe in ROW.findall(PAGE.read_text(encoding="utf-8"))
    }

    assert said == {
        **{one.name: (one.rules, one.is_safe) for one in remedies.FIXERS},
        fix_modes.NAME: (fix_modes.RULES, True),
        ADOPT: (("MA102",), False),
    }


def test_a_rule_has_one_fix_and_every_fix_a_rule() -> None:
    known = {one.id for one in RULES}
    fixed = [rule for one in remedies.FIXERS for rule in one.rules]

    assert len(fixed) == len(set(fixed))
    assert set(fixed) <= known
    assert not set(fixed) & set(fix_modes.RULES)


@pytest.mark.parametrize(("field", "known"), [("args", IN_ARGUMENTS), ("url baseUrl", IN_ADDRESS)])
def test_a_reference_is_written_where_the_collected_facts_say_that_hosts_fill_it_in(
    field: str, known: tuple[str, ...], shared_data: Path
) -> None:
    facts = json.loads((shared_data / "hosts.json").read_text(encoding="utf-8"))
    fields = {one["id"]: " ".join((one["secret_interpolation"] or {}).get("fields") or ())
              for one in facts}  # fmt: skip
    rows = [row.id for row in table() if row.id in fields]

    said = {one for one in rows if {*field.split(), "string", "config"} & set(fields[one].split())}

    assert {one for one in rows if one.startswith(known)} == said
