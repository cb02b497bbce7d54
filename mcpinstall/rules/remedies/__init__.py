"""Remedies of findings of `mcpi audit`: what `--fix` does, as edits of values.

A remedy makes nothing trusted: it approves no entry, accepts no finding and writes no baseline.
"""

from __future__ import annotations

from mcpinstall.rules.remedies.launches import LAUNCHES
from mcpinstall.rules.remedies.remedy import Fixer
from mcpinstall.rules.remedies.secrets import SECRETS
from mcpinstall.rules.remedies.standing import STANDING
from mcpinstall.rules.remedies.values import VALUES

FIXERS: tuple[Fixer, ...] = (*LAUNCHES, *STANDING, *VALUES, *SECRETS)
"""All of them; each rule has one at most."""

BY_RULE = {rule: fixer for fixer in FIXERS for rule in fixer.rules}
BY_NAME = {fixer.name: fixer for fixer in FIXERS}
