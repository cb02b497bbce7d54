"""The part of the plan screen that says who starts what, with which variables.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.cli import words
from mcpinstall.cli.layout import Line, Screen, Tone, broken, wrapped
from mcpinstall.model.host import EnvironmentValue, HostRow, Remote, SecretPlace, ServerEntry
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.text import printable
from mcpinstall.operations import secret_places
from mcpinstall.operations.prepared import Prepared


def commands(server: ServerPlan, prepared: Prepared, width: int) -> Screen:
    """Return who starts what: each whole command, one argument a line, never shortened."""
    rows: list[Line] = []
    for entry, hosts in alike(server, prepared):
        titles = list(dict.fromkeys(row.title for row in hosts))
        if entry.remote is not None:
            rows += _address(server, entry.remote, titles, hosts[0] if hosts else None, width)
            continue
        rows += _command(server, entry, titles, prepared, width)
        rows += _environment(entry, hosts[0] if hosts else None, width)
    return tuple(rows)


def alike(server: ServerPlan, prepared: Prepared) -> list[tuple[ServerEntry, list[HostRow]]]:
    """Return the entries that hosts get, each with those that get the same."""
    changed = (change.file.row for change in prepared.plan.changes)
    found: list[tuple[ServerEntry, list[HostRow]]] = []
    for row in (*changed, *prepared.print_rows):
        entry = secret_places.entry_for(server, row)
        same = next((rows for other, rows in found if other == entry), None)
        if same is None:
            found.append((entry, [row]))
        else:
            same.append(row)
    return found or [(server.entry, [])]


def _command(
    server: ServerPlan, entry: ServerEntry, titles: Sequence[str], prepared: Prepared, width: int
) -> Screen:
    who = words.listed(list(titles))
    what = "this program" if len(prepared.plan.servers) == 1 else f"`{server.entry.name}`"
    sentence = f"{who} will start {what}, with all your rights, at every launch:"
    if server.keeps_entries:
        whose = "Its" if len(prepared.plan.servers) == 1 else f"`{server.entry.name}`: its"
        sentence = (
            f"{whose} entries keep their command, which runs with all your rights and begins:"
        )
    started = entry.command, entry.args
    rows: list[Line] = [
        *wrapped(sentence, width, "  ", Tone.STRONG),
        *argument(started[0], width, "  "),
    ]
    own = len(server.extra_arguments)
    ours = started[1][: len(started[1]) - own]
    for text in ours:
        rows += argument(text, width, "    ")
    if own:
        rows += wrapped(
            f"  and, given by you and not reviewed ({words.count(own, 'argument')}):",
            width,
            "  ",
            Tone.WARN,
        )
        for text in server.extra_arguments:
            rows += argument(text, width, "    ")
    return tuple(rows)


def _address(
    server: ServerPlan, remote: Remote, titles: Sequence[str], row: HostRow | None, width: int
) -> Screen:
    """Return who connects where, the whole address, and what is sent along."""
    who = words.listed(list(titles)) or "Your host"
    rows: list[Line] = [
        *wrapped(
            f"{who} will connect to this address, and send it what you ask there "
            f"({remote.transport}):",
            width,
            "  ",
            Tone.STRONG,
        ),
        *argument(remote.url, width, "  "),
    ]
    if remote.headers:
        rows += wrapped("  with the headers", width, "  ")
    for header in remote.headers:
        text = environment_value(header, row)
        if header.prefix and (header.reference or header.place):
            text = text.replace("  (", f"  ({header.prefix.strip()} and a ", 1)
        rows += broken(text, width, "    ")
    return (*rows, *_authorization(server, width))


def _authorization(server: ServerPlan, width: int) -> Screen:
    """Return what the server is known to want before it answers."""
    wanted = server.remote.declared if server.remote else ()
    if wanted:
        return wrapped(f"  It asks for {words.listed(wanted)}.", width, "    ")
    if server.already_installed:
        return ()
    return wrapped(
        "  It says nothing of authorization: it is asked once after your yes, without any secret.",
        width,
        "    ",
    )


def argument(text: str, width: int, indent: str) -> Screen:
    """Return one argument whole; in quotes where its ends could not be seen."""
    return broken(quoted(text), width, indent)


def quoted(text: str, separators: str = "'\"") -> str:
    """Return a text, escaped; in quotes where it could pass for two, or for none."""
    shown = printable(text)
    if not shown or any(char in separators or char.isspace() for char in shown):
        return "'" + shown.replace("'", "'\"'\"'") + "'"
    return shown


def _environment(entry: ServerEntry, row: HostRow | None, width: int) -> Screen:
    rows: list[Line] = []
    if entry.env:
        rows += wrapped("  with the environment variables", width, "  ")
    for value in entry.env:
        rows += broken(environment_value(value, row), width, "    ")
    return tuple(rows)


def environment_value(value: EnvironmentValue, row: HostRow | None = None) -> str:
    """Return name and value of a variable, or where a secret comes from; never the secret."""
    if value.place is SecretPlace.KEYRING:
        return f"{value.name}  (secret, from the keyring of your system: `mcpi secret`)"
    if value.place is SecretPlace.HOST:
        return f"{value.name}  (secret, kept by {row.title if row else 'the host'} itself)"
    if value.reference is not None:
        secret = "secret, " if value.secret else ""
        return f"{value.name}  ({secret}from your variable {value.reference})"
    if value.secret:
        return f"{value.name}  (secret, in CLEAR TEXT in the host's file)"
    return f"{value.name}={value.value or ''}"
