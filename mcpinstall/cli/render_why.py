"""The page of `mcpi why`.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
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
    wrapped,
)
from mcpinstall.cli.render_command import argument, environment_value

if TYPE_CHECKING:
    from mcpinstall.model.input_value import InputValue
    from mcpinstall.operations.why import Origin, Place, Reason

_LABEL = 10  # columns of the names on the left


def reason(found: Reason, home: Path, width: int) -> Screen:
    """Return where a name comes from, how it starts, and what takes it away."""
    blocks = [_origin(one, home, width) for one in found.origins]
    if found.others:
        blocks.append(_others(found, home, width))
    if found.unread:
        blocks.append(_unread(found, home, width))
    return tuple(row for block in blocks for row in (*block, BLANK))[:-1]


def _origin(one: Origin, home: Path, width: int) -> Screen:
    receipt = one.receipt
    rows: list[Line] = [
        *broken(f"{receipt.entry_name} {receipt.version}", width, "", Tone.STRONG),
        *broken(receipt.name, width, "  ", Tone.NAME),
    ]
    if one.withdrawal is not None:
        rows += wrapped(f"  REVOKED: {one.withdrawal.label}", width, CONTINUED, Tone.BAD)
    for label, fact in _facts(one):
        rows += _fact(label, fact, width)
    for place in one.places:
        rows += _fact("host", _where(place, home), width)
    rows += [BLANK, *_start(one, width)]
    return (*rows, BLANK, *wrapped(f"`{one.removed_by}` takes it away", width, "  "))


def _facts(one: Origin) -> Iterator[tuple[str, str]]:
    receipt = one.receipt
    yield "installed", f"{receipt.installed} by mcpinstall {receipt.tool_version}"
    for record in one.records:
        yield "change", f"{words.record_time(record.id)}  {record.action}  {record.id}"
    if receipt.adopted:
        yield "adopted", f"in the place of {receipt.adopted}"
    yield "registry", f"{receipt.registry_name} ({receipt.review})"
    for review in one.reviews:
        yield "review", f"{words.review(review, one.reviewers)}, {review.on}"
    for text in one.discounted:
        yield "review", text
    if not (one.reviews or one.discounted):
        yield "review", "none that its registry tells of now"
    if receipt.python_path:
        yield "python", f"{receipt.python_version} at {receipt.python_path}"
    if receipt.generation:
        other = "" if one.current == receipt.generation else f", but {one.current} starts"
        yield "built", f"{receipt.generation}{other}"
    for value in receipt.inputs:
        yield "input", _input(value)
    if not one.places:
        yield "host", "in none: its entry was printed, or taken out"


def _input(value: InputValue) -> str:
    """Return one input and where its value comes from; never a secret."""
    if value.reference:
        return f"{value.name} from your variable {value.reference}"
    if value.secret:
        return f"{value.name} (secret, not kept here)"
    return f"{value.name} = {value.value or ''} ({value.source})"


def _where(place: Place, home: Path) -> str:
    path = "a file that can't be told" if place.path is None else words.path(place.path, home)
    return f"{place.row.title}: {path} ({place.state})"


def _start(one: Origin, width: int) -> Screen:
    """Return the whole command that hosts start, one argument a line."""
    if one.remote:
        return (line(Segment("Hosts connect to", Tone.STRONG)), *broken(one.remote, width, "  "))
    if not one.command:
        return (line(Segment("No host starts it", Tone.STRONG)),)
    executable, *arguments = one.command
    rows = [line(Segment("Hosts start", Tone.STRONG)), *argument(executable, width, "  ")]
    for text in arguments:
        rows += argument(text, width, "    ")
    if one.environment:
        rows += wrapped("  with the environment variables", width, "  ")
    for value in one.environment:
        rows += broken(environment_value(value), width, "    ")
    return tuple(rows)


def _others(found: Reason, home: Path, width: int) -> Screen:
    """Return the entries of that name that somebody else wrote."""
    also = "Also of that name" if found.origins else f"{found.name}"
    rows: list[Line] = [
        *wrapped(f"{also}: not written by mcpinstall", width, CONTINUED, Tone.STRONG)
    ]
    for place in found.others:
        rows += _fact("host", _where(place, home), width)
        rows += _command(place, width)
    hint = (
        "It goes in that host's settings, or in an editor; `mcpi adopt` says whether a verified "
        "server can take its place"
    )
    return (*rows, *wrapped(hint, width, CONTINUED))


def _unread(found: Reason, home: Path, width: int) -> Screen:
    """Return the files in which it may stand as well."""
    rows: list[Line] = []
    for one in found.unread:
        where = words.path(one.subject, home)
        rows += wrapped(f"not read: {where}: {one.message}", width, CONTINUED, Tone.WARN)
    return tuple(rows)


def _command(place: Place, width: int) -> Screen:
    """Return the command of an entry that is not ours; its arguments may hold secrets."""
    if place.command is None:
        connected = f"connects to {place.address}" if place.address else "starts no program"
        return broken(connected, width, "    ")
    shown = list(argument(place.command, width, "    "))
    if place.args:
        shown += wrapped(f"    and {words.count(len(place.args), 'argument')}", width, "    ")
    return tuple(shown)


def _fact(label: str, fact: str, width: int) -> Screen:
    return wrapped(f"  {padded(label, _LABEL)} {fact}", width, CONTINUED)
