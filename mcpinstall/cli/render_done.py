"""What stands on the screen after a change, and when none was needed.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mcpinstall.cli import words
from mcpinstall.cli.layout import BLANK, Line, Screen, Segment, Tone, line, wrapped
from mcpinstall.model.host import EnvironmentValue, HostRow
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations.prepared import Done, Prepared

_VERBS = {
    "install": "Installed",
    "reinstall": "Built",
    "configure": "Configured",
    "update": "Updated",
    "adopt": "Adopted",
}


def headline(prepared: Prepared, done: Done, width: int) -> Screen:
    """Return what was done."""
    names = words.listed([f"{s.entry.name} {s.version}" for s in prepared.plan.servers])
    verb = _VERBS.get(prepared.action, "Installed")
    return (BLANK, *_headline(f"{verb} {names}", width), *notes(done.notes, width))


def following(prepared: Prepared, done: Done, width: int) -> Screen:
    """Return what is left to do: how the hosts see it, what to try, and the way back."""
    servers, changes = prepared.plan.servers, prepared.plan.changes
    rows: list[Line] = [BLANK] if done.printed else []
    rows += reloads([change.file.row for change in changes] or prepared.print_rows, width)
    for server in servers if changes or prepared.print_rows else ():
        remote = server.entry.remote
        for value in (*server.entry.env, *(remote.headers if remote else ())):
            rows += _variable(server.entry.name, value, width)
    if prepared.installs:
        rows += _try(servers, width)
    if prepared.replacements:
        from mcpinstall.cli import render_update

        rows += render_update.updated(prepared, width)
        return tuple(rows)
    rows += wrapped("  `mcpi undo` takes it back", width, "    ")
    return tuple(rows)


def _try(servers: Sequence[ServerPlan], width: int) -> Screen:
    """Return a sentence to say to the host, for each server."""
    sentences = [server.reviewed.manifest.try_sentence for server in servers]
    return tuple(
        row
        for number, sentence in enumerate(filter(None, sentences))
        for row in wrapped(f"  {'or' if number else 'Then say to it'}: {sentence}", width, "    ")
    )


def _variable(name: str, value: EnvironmentValue, width: int) -> Screen:
    """Return what the person does so that a variable has its value."""
    if value.reference is None:
        return ()
    return wrapped(
        f"  Set the environment variable {value.reference} where the host starts: {name} needs it",
        width,
        "    ",
    )


def _headline(text: str, width: int) -> Screen:
    return wrapped(text, width, "    ", Tone.GOOD)


def notes(texts: Sequence[str], width: int) -> Screen:
    """Return facts that the person should know."""
    return tuple(row for text in texts for row in wrapped(f"  ! {text}", width, "    ", Tone.WARN))


def reloads(rows: Sequence[HostRow], width: int) -> Screen:
    """Return what makes each host see the change."""
    found = {row.id: row for row in rows if row.reload}
    return tuple(
        shown
        for row in found.values()
        for shown in wrapped(f"  {row.title}: {row.reload}", width, "    ")
    )


def paste(title: str, rows: Sequence[HostRow], width: int) -> Screen:
    """Return what goes before an entry that is printed."""
    where = next((row.paste for row in rows if row.title == title and row.paste), "")
    text = f"{title}: {where or 'paste this into its configuration'}"
    return wrapped(text, width, "  ", Tone.STRONG)


def planned(width: int, locks: Sequence[Path] = ()) -> Screen:
    """Return what goes after the plan of a dry run; the digest itself is data.

    `locks` are the files that replay what was pinned for servers that nobody reviewed.
    """
    return (
        dry(),
        *(
            row  # a path stays whole, to be copied
            for path in locks
            for row in (
                *wrapped("What was pinned is replayed by `--lock` with:", width),
                line(f"  {path}"),
            )
        ),
        *wrapped(
            "The plan's digest, for `--yes --expect-digest DIGEST` here or on another machine:",
            width,
            "  ",
        ),
    )


def dry() -> Line:
    """Return the last word of a dry run."""
    return line(Segment("Dry run: nothing was changed.", Tone.STRONG))


def in_place(prepared: Prepared, width: int) -> Screen:
    """Return the sentence when everything asked for is there."""
    names = [f"{server.entry.name} {server.version}" for server in prepared.plan.servers]
    verb = "is" if len(names) == 1 else "are"
    fact = (
        "already has these settings"
        if prepared.action == "configure"
        else (f"{verb} already installed")
    )
    return wrapped(f"{words.listed(names)} {fact}", width, "    ")


def pinned(receipts: Sequence[Receipt], width: int) -> Screen:
    """Return that entries keep the version that was named; nothing where none is new in that."""
    if not receipts:
        return ()
    names = words.listed([f"{one.entry_name} {one.version}" for one in receipts])
    fact = f"  {names} pinned from now on: the version was named; `mcpi update` passes it over"
    return wrapped(fact, width, "    ")


def uninstalled(names: Sequence[str], rows: Sequence[HostRow], width: int) -> Screen:
    """Return what was uninstalled, how the hosts see it, and the way back."""
    return (
        *_headline(f"Uninstalled {words.listed(names)}", width),
        *reloads(rows, width),
        *wrapped("  `mcpi undo` takes it back", width, "    "),
    )


def undone(action: str, names: Sequence[str], rows: Sequence[HostRow], width: int) -> Screen:
    """Return what was taken back."""
    title = f"Took back the {words.action_noun(action)} of {words.listed(names)}"
    return (*_headline(title, width), *reloads(rows, width))
