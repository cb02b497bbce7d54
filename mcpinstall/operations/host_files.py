"""Which of a host's files is meant: the one that was written before, or that the person named."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostFile, HostRow
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore


def read(
    row: HostRow,
    context: Context,
    at: Path | None = None,
    digest: str = "",
    *,
    wanted: Sequence[str] = (),
) -> HostFile:
    """Read the file of a host: `at`, else the one of that digest, else the one with our entries.

    A host that reads the first of several files may have got another first one since; our
    entries stay where they are.  Where none of these is known, the rule of the row decides.
    A host that merges its files would mix two entries of one name: one that is `wanted` is
    looked for in all of them, and the file that has it is the one that is meant.

    Raises:
        McpInstallError: As `hosts.read`; `server-exists` when the name stands in a second file.
    """
    context = _of_project(row, digest, context)
    known = at or of_digest(row, digest, context) or written(row, context)
    holders = _holders(row, wanted, context) if row.merges else {}
    if len(holders) > 1 or (known and holders and known not in holders):
        raise _mixed(row, known, holders)
    return hosts.read(row, context.machine, known or next(iter(holders), None))


def _holders(row: HostRow, wanted: Sequence[str], context: Context) -> dict[Path, str]:
    """Return the files of a host that have an entry of a wanted name, and the name."""
    return {
        seen.path: server.name
        for seen in hosts.survey(row, context.machine)
        for server in seen.servers
        if server.name in wanted
    }


def _mixed(row: HostRow, known: Path | None, holders: Mapping[Path, str]) -> McpInstallError:
    path, name = next((path, name) for path, name in holders.items() if path != known)
    return McpInstallError(
        ErrorCode.SERVER_EXISTS,
        f"{row.title} mixes the servers of several files, and `{path}` has one named `{name}`",
        hint="choose another name with `--as NAME`, or take that one out of its file",
    )


def written(row: HostRow, context: Context) -> Path | None:
    """Return the file in which our entries stand, if there are any and it is still possible."""
    return of_digest(row, ReceiptStore(context.paths).chain(row.id).path_sha256, context)


def of_digest(row: HostRow, digest: str, context: Context) -> Path | None:
    """Return the file among those that could be the host's whose path has that digest."""
    for path in hosts.candidates(row, context.machine) if digest else ():
        if hosts.path_digest(Path(os.path.realpath(path))) == digest:
            return path
    return None


def again(file: HostFile, context: Context) -> HostFile:
    """Read a file once more, by the rule or the choice that led to it before.

    Raises:
        McpInstallError: As `hosts.read`.
    """
    context = _of_project(file.row, hosts.path_digest(file.target), context)
    return hosts.read(file.row, context.machine, file.path if file.named else None)


_OF_PROJECT = ("project", "deployment")


def folders(row: HostRow, context: Context, path: Path | None = None) -> tuple[Path, ...]:
    """Return the folders of projects in which a file of a host can be: where we are, and above.

    With a `path`, those above it.  Only the rows of projects have any.
    """
    if row.scope not in _OF_PROJECT:
        return (context.machine.cwd,)
    cwd = context.machine.cwd
    return tuple(path.parents) if path is not None else (cwd, *cwd.parents)


def at(folder: Path, context: Context) -> Context:
    """Return a context whose working directory is a project's folder."""
    return dataclasses.replace(context, machine=dataclasses.replace(context.machine, cwd=folder))


def _of_project(row: HostRow, digest: str, context: Context) -> Context:
    """Return the context of the project, here or above, whose file has that path."""
    if row.scope in _OF_PROJECT and digest:
        for folder in folders(row, context):
            there = at(folder, context)
            if of_digest(row, digest, there) is not None:
                return there
    return context
