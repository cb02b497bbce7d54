"""The screens of `mcpi manifest new`: what was found, what is to be accepted, decided.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.cli import words
from mcpinstall.cli.layout import BLANK, CONTINUED, Line, Screen, Tone, broken, padded, wrapped

if TYPE_CHECKING:
    from mcpinstall.model.manifest import ToolVariation
    from mcpinstall.operations.authoring_locking import Closure
    from mcpinstall.operations.manifest_proposal import Proposal, ToAccept
    from mcpinstall.planning.proposals import Decision

_LINES = 12  # of a member that are shown
_LINE = 160  # characters of one of them
_LABEL = 12
_DECISION = 24


def found(proposal: Proposal, width: int) -> Screen:
    """Return what was resolved, and what had to be held back or left out."""
    manifest = proposal.draft.manifest
    rows: list[Line] = [*broken(f"{manifest.name} {manifest.version}", width, "", Tone.STRONG)]
    rows += wrapped(f"  {manifest.summary}", width, CONTINUED)
    rows += [row for fact in proposal.facts for row in _row("note", fact, width, Tone.WARN)]
    if proposal.closure is not None:
        rows += _closure(proposal.closure, proposal, width)
    rows += [row for one in manifest.remotes for row in _row("remote", one.url, width)]
    return tuple(rows)


def _closure(closure: Closure, proposal: Proposal, width: int) -> Screen:
    choice, lock = proposal.draft.manifest.local, closure.lock
    wheels = sum(len(package.wheels) for package in lock.packages)
    rows: list[Line] = [*_row("package", f"{choice.identifier} {choice.version}", width)]
    rows += _row("starts with", choice.script, width)
    counted = f"{words.count(len(lock.packages), 'package')}, {words.count(wheels, 'wheel')}, "
    rows += _row(
        "locked", f"{counted}none that came after {closure.wanted.made_with.exclude_newer}", width
    )
    rows += _row("inspected", f"all of them; {len(proposal.to_accept)} to accept", width)
    rows += _row("platforms", ", ".join(choice.platforms), width)
    rows += _row("Python", choice.requires_python, width)
    for held in closure.held:
        said = (
            f"{held.package} {held.version} on {held.platform}, which has no wheel of "
            f"{held.newest} ({held.constraint})"
        )
        rows += _row("held back", said, width, Tone.WARN)
    for left in closure.left_out:
        rows += _row("left out", f"{left.what}: {left.reason}", width, Tone.WARN)
    return tuple(rows)


def _row(label: str, text: str, width: int, tone: Tone = Tone.PLAIN) -> Screen:
    return wrapped(f"  {padded(label, _LABEL)} {text}", width, " " * (_LABEL + 3), tone)


def acceptance(one: ToAccept, width: int) -> Screen:
    """Return a member that runs by itself or is a program, and its first lines, escaped."""
    hook = one.hooks[0]
    wheels = words.count(len(one.hooks), "wheel")
    rows: list[Line] = [BLANK]
    rows += wrapped(f"{hook.member} of {one.package} ({hook.kind}, {wheels})", width, CONTINUED,
                    Tone.WARN)  # fmt: skip
    rows += broken(f"sha256:{hook.sha256}", width, "  ", Tone.FAINT)
    lines = one.start.decode("utf-8", "replace").splitlines()
    for text in lines[:_LINES]:
        rows += broken(text[:_LINE] + ("…" if len(text) > _LINE else ""), width, "  | ")
    if len(lines) > _LINES:
        rows += wrapped(f"  … only its first {_LINES} lines are shown", width, CONTINUED)
    return tuple(rows)


def varying(found_: Sequence[ToolVariation], width: int) -> Screen:
    """Return what is proposed for tools that differed."""
    rows: list[Line] = []
    for one in found_:
        said = f"{one.pointer}: {one.reason} ({one.when or one.pattern})"
        rows += _row("varies", said, width, Tone.WARN)
    return tuple(rows)


def decisions(found_: Sequence[Decision], width: int) -> Screen:
    """Return what a person still has to decide, with a proposal for each and why."""
    rows: list[Line] = [BLANK, *wrapped("You decide; this is proposed, and no fact:", width)]
    for one in found_:
        label = padded(one.subject, _DECISION)
        rows += wrapped(f"  {label} {one.proposal} — {one.why}", width, " " * (_DECISION + 3))
    return tuple(rows)


def owed(proposal: Proposal, width: int) -> Screen:
    """Return what keeps the folder from being complete; nothing where it is."""
    rows: list[Line] = []
    for one in proposal.owed:
        rows += _row("owed", one, width, Tone.WARN)
    return tuple(rows)


def written(proposal: Proposal, paths: Sequence[Path], width: int) -> Screen:
    """Return what was written, and what comes next."""
    rows: list[Line] = [row for path in paths for row in broken(str(path), width, "wrote ")]
    if proposal.owed:
        rows += wrapped(
            "This is a draft: no registry can list it, and `manifest verify` refuses it.", width
        )
        if any(not proposal.reasons.get(one.key) for one in proposal.to_accept):
            rows += wrapped(
                "Write the reasons into `manifest.toml` (`[[hooks]]`, `reason`).", width
            )
        rows += wrapped(f"Then: mcpi manifest lock {proposal.target} --in-place --probe", width)
        return tuple(rows)
    rows += wrapped("Next: decide what stands above, and add your `[[reviews]]`.", width)
    if proposal.registry is not None:
        rows += wrapped("A signature of the registry has to be made again.", width)
    return tuple(rows)
