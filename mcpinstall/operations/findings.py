"""What `mcpi verify` found to be other than it was verified."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall.model.checks import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference."""

    check: Check
    subject: str
    """File, host or registry that differs."""
    message: str
    """How, as the rest of the sentence."""
