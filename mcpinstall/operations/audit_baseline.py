"""A baseline: what is known and was approved, so that only what is new or changed fails.

It holds fingerprints of findings and digests of servers' fields; nothing of it is secret.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.audit_report import ApprovedFile, AuditReport
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.operations.audit_files import ReadFile, shown
from mcpinstall.rules.audit.approval import fingerprints, place
from mcpinstall.rules.audit.approvals import CHANGED
from mcpinstall.rules.audit.file_facts import Approved
from mcpinstall.rules.audit.parts import escaped
from mcpinstall.system import limits
from mcpinstall.system.files import exists, read_bounded, write_result
from mcpinstall.system.machine import Machine

_FIRST, _SCHEMA = "mcpi.audit-baseline/v1", "mcpi.audit-baseline/v2"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a baseline says."""

    known: Mapping[str, int] = field(default_factory=dict)
    """Fingerprint of a finding → how many of it were there."""
    approved: Mapping[str, Approved] | None = None
    """Name of a file → its servers; None in a baseline of the first form, which has none."""

    def of(self, file: ReadFile, machine: Machine) -> Approved | None:
        """Return what was approved in a file; of a file that it doesn't know, nothing was."""
        if self.approved is None:
            return None
        found = self.approved.get(_file_name(file, machine), {})
        places = ((place(one), _place(one, machine)) for one in file.servers)
        return {here: found[at] for here, at in places if at in found}


def read_baseline(path: Path) -> Baseline:
    """Return what a file says that `write_baseline` wrote.

    Raises:
        McpInstallError: `file-unreadable`; `config-invalid` for anything else.
    """
    data = read_bounded(path, limits.STATE_BYTES)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise _invalid(path, "it is not JSON") from None
    if not isinstance(document, dict) or document.get("schema") not in (_FIRST, _SCHEMA):
        raise _invalid(path, f"it does not say `{_SCHEMA}`")
    known = document.get("fingerprints")
    if not isinstance(known, list) or not all(_is_digest(one) for one in known):
        raise _invalid(path, "`fingerprints` is not a list of digests")
    if document["schema"] == _FIRST:  # it has each fingerprint once, however often it was found
        return Baseline(known=dict.fromkeys(known, sys.maxsize))
    files = document.get("files")
    if not isinstance(files, dict):
        raise _invalid(path, "`files` is not an object")
    approved = {name: _entries(found, path) for name, found in files.items()}
    return Baseline(known=Counter(known), approved=approved)


def write_baseline(path: Path, report: AuditReport) -> None:
    """Write what a report found, and what it was before, as known, and its servers as approved.

    Raises:
        McpInstallError: `disk-failed`.
    """
    found = [*report.findings, *(one.finding for one in report.known)]
    known = sorted(one.fingerprint for one in found if one.rule.id != CHANGED.id)
    files: dict[str, dict[str, list[Mapping[str, str]]]] = {}
    for file in report.approvals:
        entries = files.setdefault(file.path, {})
        for at, digests in file.entries:
            entries.setdefault(at, []).append(digests)
    document = {"schema": _SCHEMA, "fingerprints": known, "files": files}
    text = json.dumps(document, indent=2, sort_keys=True)
    write_result(path, f"{text}\n".encode())


def approvals(file: ReadFile, machine: Machine) -> ApprovedFile:
    """Return the servers of a file as a baseline keeps them."""
    entries = ((_place(server, machine), fingerprints(server)) for server in file.servers)
    return ApprovedFile(path=_file_name(file, machine), entries=tuple(entries))


def _place(server: AuditedServer, machine: Machine) -> str:
    """Return where a server stands, without the home folder: Claude Code has paths for keys."""
    home = escaped(machine.home.as_posix())
    return place(server).replace(f"/{home}~1", f"/{escaped('~/')}")


def _file_name(file: ReadFile, machine: Machine) -> str:
    """Return the same name of a file for all who have the repository, from whatever folder."""
    path = file.place.path
    if not path.name:
        return file.shown
    if file.place.scope is FileScope.PROJECT:
        root = next((one for one in path.parents if exists(one / ".git")), None)
        if root is not None:
            return path.relative_to(root).as_posix()
    if path.is_relative_to(machine.home):
        return f"~/{path.relative_to(machine.home).as_posix()}"
    return shown(path, machine)


def _entries(found: object, path: Path) -> Approved:
    if not isinstance(found, dict):
        raise _invalid(path, "a file of `files` is not an object")
    return {at: tuple(_digests(entries, path)) for at, entries in found.items()}


def _digests(entries: object, path: Path) -> Iterator[Mapping[str, str]]:
    if not isinstance(entries, list):
        raise _invalid(path, "an entry of `files` is not a list")
    for one in entries:
        if not isinstance(one, dict) or not all(_is_digest(value) for value in one.values()):
            raise _invalid(path, "an entry of `files` is not made of digests")
        yield one


def _is_digest(found: object) -> bool:
    return isinstance(found, str) and bool(_DIGEST.fullmatch(found))


def _invalid(path: Path, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.CONFIG_INVALID,
        f"`{path}` is no baseline of `mcpi audit`: {why}",
        hint="`mcpi audit --save-baseline FILE` writes one",
    )
