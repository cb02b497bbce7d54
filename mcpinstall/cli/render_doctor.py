"""The page of `mcpi doctor`.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.cli import words
from mcpinstall.cli.layout import (
    BLANK,
    CONTINUED,
    Line,
    Screen,
    Segment,
    Tone,
    broken,
    line,
    padded,
    table,
    wrapped,
)
from mcpinstall.model.secret_forms import masked

if TYPE_CHECKING:
    from mcpinstall.operations.doctor import Report
    from mcpinstall.operations.doctor_servers import Examined
    from mcpinstall.operations.trouble import Trouble, Unseen


def report(found: Report, home: Path, width: int) -> Screen:
    """Return the whole page: what was looked at, what is wrong, and what to do about it."""
    blocks = [_servers(found, width), _looked_at(found, home, width)]
    blocks += [_trouble(one, home, width) for one in found.troubles]
    blocks += [_unseen(one, width) for one in found.unseen]
    blocks.append(_verdict(found, width))
    return tuple(row for block in blocks for row in (*block, BLANK))[:-1]


def _servers(found: Report, width: int) -> Screen:
    servers = found.servers
    if not servers:
        said = "nothing by mcpinstall" if found.knows_servers else "can't be told: see below"
        return (line(Segment("Installed", Tone.STRONG), f"  {said}"),)
    return table(
        ("installed", "version", "state", "hosts"),
        [
            (
                Segment(one.receipt.entry_name, Tone.STRONG),
                one.receipt.version,
                _state(one),
                ", ".join(map(words.host, one.receipt.hosts)) or "none",
            )
            for one in servers
        ],
        width,
    )


def _state(one: Examined) -> Segment:
    if one.troubles:
        return Segment(words.count(len(one.troubles), "finding"), Tone.BAD)
    if one.unseen:
        return Segment("not fully checked", Tone.WARN)
    return Segment("as installed", Tone.GOOD)


def _looked_at(found: Report, home: Path, width: int) -> Screen:
    # one file may be the one of several hosts, or have several places with servers
    servers = len(
        {
            (seen.target, seen.row.servers_key, one.name)
            for seen in found.hosts.files
            for one in seen.servers
        }
    )
    files = len({seen.target for seen in found.hosts.files})
    unread = len({seen.target for seen in found.hosts.files if seen.problem is not None})
    there = words.count(files, "file") + (f", {unread} of them not read," if unread else "")
    state = found.state
    facts = [
        ("hosts", f"{there} with {words.count(servers, 'server')} in all"),
        ("state", words.path(state.data, home)),
        ("cache", f"{words.count(state.cache.files, 'file')}, {words.size(state.cache.bytes)}"),
    ]
    facts = [*(("compared", f"with {anchor}") for anchor in _anchors(found.servers)), *facts]
    if state.busy:
        facts.append(("now", "another `mcpi` is at work: what it changes is not looked at"))
    return tuple(
        row for name, fact in facts for row in wrapped(f"{padded(name, 8)} {fact}", width, " " * 9)
    )


def _anchors(servers: Sequence[Examined]) -> Sequence[str]:
    """Return what installed files were compared with, and which where that differs."""
    anchors = dict.fromkeys(one.anchor for one in servers if one.anchor)
    if len(anchors) < 2:
        return tuple(anchors)
    names = {
        anchor: ", ".join(one.receipt.entry_name for one in servers if one.anchor == anchor)
        for anchor in anchors
    }
    return tuple(f"{anchor}: {names[anchor]}" for anchor in anchors)


def _trouble(one: Trouble, home: Path, width: int) -> Screen:
    rows: list[Line] = list(
        wrapped(f"{one.kind}  {one.subject}: {masked(one.message)}", width, CONTINUED, Tone.BAD)
    )
    if one.path is not None:
        rows += broken(f"in  {words.path(one.path, home)}", width, "  ", Tone.NAME)
    return (*rows, *wrapped(f"  fix {masked(one.fix)}", width, CONTINUED))


def _unseen(one: Unseen, width: int) -> Screen:
    rows = wrapped(
        f"not looked at  {one.subject}: {one.error.message}", width, CONTINUED, Tone.WARN
    )
    hint = one.error.hint
    return (*rows, *wrapped(f"  fix {hint}", width, CONTINUED)) if hint else rows


def _verdict(found: Report, width: int) -> Screen:
    wrong = words.count(len(found.troubles), "finding") if found.troubles else "Nothing is wrong"
    unseen = f", {len(found.unseen)} not looked at" if found.unseen else ""
    explained = "; each is explained in docs/doctor.md" if found.troubles else ""
    tone = Tone.BAD if found.troubles else Tone.WARN if found.unseen else Tone.GOOD
    return wrapped(f"{wrong}{unseen}{explained}", width, "  ", tone)
