"""The table of fixes in `docs/audit.md` is that of the program, and each rule has one fix."""

from __future__ import annotations

import re
from pathlib import Path

from mcpinstall.cli.fix import ADOPT
from mcpinstall.operations import fix_modes
from mcpinstall.rules import remedies
from mcpinstall.rules.audit import RULES

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
