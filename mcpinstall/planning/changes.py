"""What changed between two versions of a server, the gravest first.  Pure.

The same engine serves `manifest diff`, `update` and the comment of a pull request.
"""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.lock import Lock
from mcpinstall.planning.change import Band, Change, ChangeKind, Line, Mark, Part
from mcpinstall.planning.change_files import compare_files
from mcpinstall.planning.change_inputs import compare_inputs
from mcpinstall.planning.change_manifest import compare_manifests
from mcpinstall.planning.change_tools import compare_tools
from mcpinstall.planning.described import (
    Described,
    HeldBack,
    WheelFacts,
    changed_packages,
    wheel_facts,
)
from mcpinstall.planning.word_diff import Budget

__all__ = [
    "Band",
    "Change",
    "ChangeKind",
    "Described",
    "HeldBack",
    "Line",
    "Mark",
    "Part",
    "WheelFacts",
    "changed_packages",
    "compare",
    "wheel_facts",
]


def compare(before: Described, after: Described) -> tuple[Change, ...]:
    """Return every difference, the gravest kind first, then by subject.

    The order of packages, wheels, permissions, platforms and reviews means nothing; that of
    arguments and remotes does.  What could not be compared is a change of its own, never silence.
    The work is bounded, however long the texts are (`word_diff`).
    """
    budget = Budget()
    found = (
        *compare_manifests(before, after, budget),
        *compare_inputs(before, after),
        *_tools(before, after, budget),
        *compare_files(before, after),
        *_other_bytes(before, after),
    )
    return tuple(sorted(found, key=_order))


def _order(change: Change) -> tuple[int, str, str, str]:
    return (-change.weight, change.subject, change.before, change.after)


def _tools(before: Described, after: Described, budget: Budget) -> Iterator[Change]:
    if before.tools.known and after.tools.known:
        yield from compare_tools(before.tools, after.tools, budget)
    elif before.tools.known or after.tools.known or before.manifest != after.manifest:
        yield Change(
            kind=ChangeKind.NOT_COMPARED,
            subject="tools",
            before="known" if before.tools.known else "not known",
            after="known" if after.tools.known else "not known",
        )


def _other_bytes(before: Described, after: Described) -> Iterator[Change]:
    """Yield the files that say the same in other bytes."""
    old, new = dict(before.manifest.files), dict(after.manifest.files)
    same = {
        "server.json": before.server == after.server,
        "pylock.toml": _meaning(before.lock) == _meaning(after.lock),
        "tools.json": before.tools == after.tools,
    }
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name) and same.get(name, True):
            yield Change(
                kind=ChangeKind.OTHER,
                subject=f"{name}: the bytes, not what is compared",
                before=old.get(name, ""),
                after=new.get(name, ""),
            )


def _meaning(lock: Lock) -> object:
    """Return what is compared of a lock: neither hints nor times of upload."""
    return lock.requires_python, sorted(
        (
            one.name,
            one.version,
            one.marker or "",
            sorted((w.filename, w.sha256) for w in one.wheels),
        )
        for one in lock.packages
    )
