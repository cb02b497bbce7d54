"""Versions in npm's lock files beside a project's file; `npx` takes what these have installed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Unchecked
from mcpinstall.operations.audit_files import ReadFile, shown
from mcpinstall.rules.audit.locked import asks_lock
from mcpinstall.system.files import exists, read_optional
from mcpinstall.system.machine import Machine

_NAMES = ("npm-shrinkwrap.json", "package-lock.json")
"""Where both are, npm reads the first."""
_BYTES = 32 * 1024 * 1024  # bytes; one of 3,000 packages takes 1 MB
_MODULES = "node_modules/"
_ABOVE = 4  # folders above a project's file that its lock file may lie in
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,255}")
_HINT = "repair it with `npm install --package-lock-only`, then audit again"


class NpmLocks:
    """Lock files of projects; each is read once, when a server's version depends on it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._read: dict[Path, Mapping[str, str]] = {}
        self.problems: dict[str, Unchecked] = {}
        """Those that could not be read, by their names."""

    def of(self, server: AuditedServer, file: ReadFile) -> Mapping[str, str]:
        """Return `npm:NAME` → version of the nearest lock file; nothing where none decides."""
        if not file.place.path.name or not asks_lock(server):
            return {}
        for folder in file.place.path.parents[:_ABOVE]:
            path = next((folder / name for name in _NAMES if os.path.lexists(folder / name)), None)
            if path is not None:
                if path not in self._read:
                    self._read[path] = self._versions(path)
                return self._read[path]
            if folder == self._machine.home or exists(folder / ".git"):
                return {}  # (what lies above belongs to somebody else)
        return {}

    def _versions(self, path: Path) -> Mapping[str, str]:
        try:
            data = read_optional(path, _BYTES) or b""
            return dict(_versions(_document(data)))
        except McpInstallError as error:
            name = shown(path, self._machine)
            message = f"what `npx` starts from it is not known: {error.message}"
            self.problems[name] = Unchecked(
                subject=name, code=error.code, message=message, hint=_HINT
            )
            return {}


def _document(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise _damaged() from None


def _damaged() -> McpInstallError:
    return McpInstallError(ErrorCode.FILE_UNREADABLE, "it is no lock file of npm")


def _versions(document: object) -> Iterator[tuple[str, str]]:
    """Yield what stands at the top of `node_modules`, where `npx` looks.

    Raises:
        McpInstallError: `file-unreadable`, if it is none of whatever version.
    """
    # https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json: version 1 has no `packages`
    table = document if isinstance(document, dict) else {"packages": None}
    key = "packages" if "packages" in table else "dependencies"
    entries = table.get(key, {})
    if not isinstance(entries, dict):
        raise _damaged()
    for where, one in entries.items():
        name = where.removeprefix(_MODULES) if key == "packages" else where
        version = one.get("version") if isinstance(one, dict) else None
        is_top = key == "dependencies" or where.startswith(_MODULES)
        if not (is_top and isinstance(version, str) and _VERSION.fullmatch(version)):
            continue
        if one.get("name", name) == name:  # (an alias is another package)
            yield f"npm:{name}", version
