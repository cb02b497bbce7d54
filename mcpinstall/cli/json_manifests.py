"""What `manifest new` and `manifest lock` print with `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcpinstall.cli import json_changes

if TYPE_CHECKING:
    from mcpinstall.operations.authoring_locking import Closure
    from mcpinstall.operations.manifest_diff import Diff
    from mcpinstall.operations.manifest_proposal import Proposal
    from mcpinstall.operations.manifest_relock import Relock

Object = dict[str, Any]


def new(proposal: Proposal, paths: Sequence[Path]) -> Object:
    """Return what was written, what is owed, and what is left to decide."""
    manifest = proposal.draft.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "folder": str(proposal.target),
        "written": [str(path) for path in paths],
        "complete": not proposal.owed,
        "owed": list(proposal.owed),
        "lock": None if proposal.closure is None else closure(proposal.closure),
        "hooks": [
            {
                "package": one.package,
                "member": one.hooks[0].member,
                "sha256": one.hooks[0].sha256,
                "kind": one.hooks[0].kind.value,
                "wheels": [hook.wheel for hook in one.hooks],
                "reason": proposal.reasons.get(one.key, ""),
            }
            for one in proposal.to_accept
        ],
        "tools": [tool.get("name") for tool in proposal.tools.tools if isinstance(tool, dict)]
        if proposal.tools.known
        else None,
        "decisions": [
            {"subject": one.subject, "proposal": one.proposal, "why": one.why}
            for one in proposal.decisions
        ],
        "notes": list(proposal.facts),
    }


def closure(found: Closure) -> Object:
    """Return what a lock covers, and what that took."""
    lock = found.lock
    return {
        "packages": len(lock.packages),
        "wheels": sum(len(package.wheels) for package in lock.packages),
        "sha256": lock.sha256,
        "exclude_newer": lock.exclude_newer,
        "constraints": list(lock.constraints),
        "platforms": list(found.wanted.platforms),
        "requires_python": lock.requires_python,
        "held_back": [
            {
                "package": one.package,
                "platform": one.platform,
                "version": one.version,
                "newest": one.newest,
                "constraint": one.constraint,
            }
            for one in found.held
        ],
        "left_out": [{"what": one.what, "reason": one.reason} for one in found.left_out],
    }


def relocked(done: Sequence[Relock], diffs: Sequence[Diff | None], paths: Sequence[Path]) -> Object:
    """Return for each server which version it was, which it becomes, and what changed."""
    return {
        "servers": [
            {
                "name": one.before.manifest.name,
                "before": {
                    "version": one.before.manifest.version,
                    "folder": str(one.before.folder),
                },
                "after": None
                if one.proposal is None
                else {
                    "version": one.proposal.draft.manifest.version,
                    "folder": str(one.proposal.target),
                    "owed": list(one.proposal.owed),
                    "lock": closure(one.proposal.closure) if one.proposal.closure else None,
                },
                "diff": None if found is None else json_changes.diff(found),
                "notes": list(one.notes),
                "problem": None if one.problem is None else str(one.problem.code),
            }
            for one, found in zip(done, diffs, strict=True)
        ],
        "written": [str(path) for path in paths],
    }
