"""The latest time seen of any registry: what a clock that was turned back is held against."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mcpinstall import registries
from mcpinstall.model.checks import CheckResult
from mcpinstall.model.registry import RegistryKind, RegistryState
from mcpinstall.operations.context import Context
from mcpinstall.registries import memory

_WITH_A_MEMORY = (RegistryKind.BUNDLED, RegistryKind.FOLDER, RegistryKind.TUF)
"""Kinds whose own check tells of a clock that stands before what was seen of them."""


def latest(context: Context) -> datetime:
    """Return the later of this machine's clock and the latest time seen of any registry."""
    return max(context.now, memory.latest(context.paths))


def registry_check(state: RegistryState, context: Context) -> CheckResult:
    """Return check 1 of a registry, and of what has none: a clock that stands too early is told."""
    if state.kind in _WITH_A_MEMORY:
        return state.check
    words = registries.clock_words(memory.latest(context.paths), context.now)
    return replace(state.check, evidence=state.check.evidence + words)
