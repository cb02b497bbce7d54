"""Which files `mcpi audit --fix` may change, and from which folder they are a host's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import McpInstallError
from mcpinstall.hosts import paths, writable
from mcpinstall.hosts.audit_places import Place
from mcpinstall.model.audited import FileScope
from mcpinstall.model.host import HostFile, HostRow, ServerEntry
from mcpinstall.operations import host_files
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.rules.remedies.remedy import NoRemedy

_OF_PROJECT = ("project", "deployment")
_EDITED = ("project", "user-per-project")
"""Scopes whose entries mcpi does not make, and may change where they are."""


def placed(place: Place, context: Context) -> tuple[Context, HostFile | None, NoRemedy | None]:
    """Return the context in which a file is its host's, the file, and why it is not changed."""
    row = place.row
    if row is None:
        return context, None, NoRemedy("no host is known to read this file")
    if place.scope is FileScope.MANAGED:
        return context, None, NoRemedy("the file is the administrator's, who alone changes it")
    there = context_at(row, place.path, context)
    if there is None:
        return (
            context,
            None,
            NoRemedy(
                f"{row.title} does not read a file of this name here", "copy it to its place first"
            ),
        )
    if why := _why_not(row, there):
        return there, None, NoRemedy(why)
    try:
        file = hosts.read(row, there.machine, place.path)
    except McpInstallError as error:
        return there, None, NoRemedy(error.message, error.hint)
    if row.scope in _OF_PROJECT and not _is_inside(file.target, there.machine.cwd):
        return there, None, NoRemedy("it is a link that leads out of the project")
    return there, file, None


def is_fixable(place: Place, context: Context) -> bool:
    """Tell whether a file is one that may be changed; what is in it and around it isn't asked."""
    row = place.row
    if row is None or place.scope is FileScope.MANAGED or not place.path.name:
        return False
    there = context_at(row, place.path, context)
    return there is not None and not _why_not(row, there)


def context_at(row: HostRow, path: Path, context: Context) -> Context | None:
    """Return the context in whose working directory a path is this host's; None for none."""
    for folder in host_files.folders(row, context, path):
        there = host_files.at(folder, context)
        try:
            if path in paths.candidates(row, there.machine):
                return there
        except McpInstallError:
            continue
    return None


def owned_entries(file: ReadFile, context: Context) -> Mapping[str, str]:
    """Return the entries of a file that mcpi wrote: name → what helps where one is at fault."""
    row = file.place.row
    if row is None:
        return {}
    chain = ReceiptStore(context.paths).chain(row.id)
    real = Path(os.path.realpath(file.place.path))
    if chain.path_sha256 != paths.path_digest(real):
        return {}
    return {one.entry.name: _help(one.entry) for one in chain.entries}


def _help(entry: ServerEntry) -> str:
    name = entry.name
    if entry.keeps is None:
        return f"mcpi configure {name}"
    return f"`mcpi uninstall {name}`, fix it, then `mcpi adopt {name}`"


def _why_not(row: HostRow, context: Context) -> str:
    if row.scope in _EDITED:
        return ""
    why = writable.why_not(row, context.machine)
    return f"mcpi does not write to {row.title}: {why}" if why else ""


def _is_inside(target: Path, folder: Path) -> bool:
    return target.is_relative_to(os.path.realpath(folder))
