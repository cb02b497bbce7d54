"""What hosts start today and what becomes of it, as `mcpi adopt` shows it.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcpinstall.cli import words
from mcpinstall.cli.layout import BLANK, Line, Screen, Segment, Tone, line, wrapped
from mcpinstall.operations.adoption import Offer, Standing

if TYPE_CHECKING:
    from mcpinstall.model.adoption import Adoption
    from mcpinstall.operations.adoption import Survey

_INDENT = "      "
_LONGEST_NAME = 100  # characters


def listing(found: Survey, width: int) -> Screen:
    """Return every server: what it starts, what is wrong with it, what adopting does."""
    rows: list[Line] = []
    number = 0
    for offer in found.offers:
        mark = "   "
        if offer.standing is Standing.OFFERED:
            number += 1
            mark = f"{number:2d} "
        off = " (off)" if offer.is_disabled else ""
        title = f"{offer.name[:_LONGEST_NAME]}{off}"
        rows.append(line(mark, Segment(title, Tone.STRONG), f"  {hosts_of([offer])}"))
        rows += wrapped(f"{_INDENT}starts  {offer.starts}", width, f"{_INDENT}        ")
        rows += _wrong(offer, width)
        rows += wrapped(f"{_INDENT}adopt   {becomes(offer)}", width, f"{_INDENT}        ")
    rows += _unread(found, width)
    return tuple(rows) or (line("No host here has a server."),)


def hosts_of(offers: Sequence[Offer]) -> str:
    """Return the names of the hosts whose files have these entries."""
    titles = [place.row.title if place.row else place.shown for o in offers for place in o.places]
    return words.listed(list(dict.fromkeys(titles)))


def wrong(offer: Offer) -> str:
    """Return what is wrong with an entry in one line, or that nothing is."""
    if offer.finding is None:
        return "nothing that the audit knows of"
    return f"{offer.finding.rule.id} {offer.finding.message}"


def becomes(offer: Offer) -> str:
    """Return what adopting an entry does, or why it can't be done."""
    if offer.standing is Standing.MANAGED:
        return "nothing to do: managed by mcpi"
    if offer.standing is Standing.LEFT:
        return f"no: {offer.why_not}"
    if offer.is_certified:
        pinned = offer.launch.version if offer.launch else ""
        other = f", in the place of {pinned}" if pinned and pinned != offer.version else ""
        return f"`{offer.spec}` {offer.version}, certified{other}"
    if offer.spec.startswith("pypi:"):
        return f"`{offer.spec}`, locked on the spot; NOT REVIEWED: nobody vouches for it"
    return f"`{offer.spec}` {offer.version}; NOT REVIEWED"


def _wrong(offer: Offer, width: int) -> Screen:
    tone = Tone.PLAIN if offer.finding is None else Tone.WARN
    return wrapped(f"{_INDENT}wrong   {wrong(offer)}", width, f"{_INDENT}        ", tone)


def how(found: Survey, width: int) -> Screen:
    """Return what to type where nobody can be asked."""
    if not found.offered:
        return wrapped("nothing to adopt", width)
    name = found.offered[0].name
    return wrapped(f"`mcpi adopt {name}` adopts one of them, `mcpi adopt --all` all", width)


def left(found: Survey | None, width: int) -> Screen:
    """Return what `--all` leaves as it is, and why."""
    if found is None:
        return ()
    stays = tuple(
        row
        for one in found.offers
        if one.standing is Standing.LEFT
        for row in wrapped(f"`{one.name[:_LONGEST_NAME]}` stays: {one.why_not}", width, "    ")
    )
    return (*stays, *_unread(found, width))


def _unread(found: Survey, width: int) -> Screen:
    return tuple(
        row
        for one in found.unread
        for row in wrapped(f"  ! {one.subject}: {one.message}", width, "    ", Tone.WARN)
    )


def taken_over(adopted: Adoption, hosts: Sequence[str], width: int) -> Screen:
    """Return the block of a plan that says what is taken over, and what of it stays."""
    rows: list[Line] = []
    rows += wrapped(f"Takes the place of  {adopted.starts}", width, "  ", Tone.STRONG)
    rows += wrapped(f"  in {words.listed(list(hosts))}", width, "    ")
    rows += [row for note in adopted.notes for row in wrapped(f"  {note}", width, "    ")]
    names = words.listed([f"`{name}`" for name in adopted.keeps.variables])
    if names:
        text = f"  stays in the host's file, as it is: the environment {names}"
        rows += wrapped(text, width, "    ", Tone.WARN)
    others = words.listed([f"`{name}`" for name in adopted.stays])
    if others:
        rows += wrapped(f"  stays in the host's file, as it is: {others}", width, "    ")
    return (*rows,) if rows else (BLANK,)
