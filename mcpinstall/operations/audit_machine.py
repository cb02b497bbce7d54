"""What launch rules may ask of the machine: paths, lock files, advisories, reviewed servers."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import audit_hooks, bundled_packages, clock, revoked
from mcpinstall.operations.audit_files import ReadFile, shown
from mcpinstall.operations.audit_indexes import Indexes
from mcpinstall.operations.audit_locks import NpmLocks
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.approval import is_approved
from mcpinstall.rules.audit.asked import asked_name, asked_paths
from mcpinstall.rules.audit.known_bad import exact_packages
from mcpinstall.rules.audit.machine_facts import (
    IndexSetting,
    MachineFacts,
    Managed,
    PathState,
    Revoked,
)
from mcpinstall.rules.audit.tool_texts import tool_names
from mcpinstall.system import limits
from mcpinstall.system.permissions import others_write

if TYPE_CHECKING:
    from mcpinstall.operations.audit_managed import ManagedServers
    from mcpinstall.operations.audit_online import Online


class Surroundings:
    """The machine around hosts' files; each thing is looked at once, when it is asked for."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._aliases = _Aliases(context)
        self._locks = NpmLocks(context.machine)
        self._named: tuple[ReadFile, Mapping[str, frozenset[str]]] | None = None
        self._hooks: dict[Path, tuple[str, ...]] = {}
        self._withdrawn: dict[Receipt, str] = {}
        self._online: Online | None = None
        self._indexes = Indexes(context.machine)
        self._programs: dict[str, PathState] = {}
        self._failed: dict[str, Unchecked] = {}

    def of(self, server: AuditedServer, file: ReadFile) -> MachineFacts:
        """Return what is known around one server."""
        managed = self._joined(server, file)
        return MachineFacts(
            managed=managed,
            hooks=() if managed else self._of_others(server),
            neighbours=self._neighbours(file) if managed else {},
            online=self._online.found if self._online else {},
            aliases=self._aliases,
            advisories=self.advisories,
            locked=self._locks.of(server, file),
            indexes=self._indexes.known,
            index_settings=self._index_settings(server, file),
            revoked=self._revoked(server, file, managed),
            is_approved=_is_approved(server, file),
            found=self._found(server, file),
            paths={text: _state(Path(text)) for text in asked_paths(server) if _is_local(text)},
        )

    def problems(self) -> Iterator[Unchecked]:
        """Yield what of the machine could not be looked at."""
        yield from self._failed.values()
        yield from self._indexes.problems.values()
        yield from self._locks.problems.values()
        yield from self._installed.problems.values() if self._installed else ()
        if self._online is not None and self._online.problem is not None:
            yield self._online.problem

    def ask_online(self, files: Iterable[ReadFile]) -> None:
        """Ask OSV about every package that the servers of these files start, each once."""
        from mcpinstall.operations import audit_online

        every = ((server, file) for file in files for server in file.servers)
        wanted = {key for server, file in every for key in self._packages(server, file)}
        known = self._online or audit_online.Online()
        new = audit_online.ask(wanted - known.found.keys(), self.advisories, self._context)
        self._online = known.joined(new)

    @property
    def is_answered(self) -> bool:
        """Whether OSV answered for every package that it was asked about."""
        return self._online is None or self._online.problem is None

    def anew(self) -> Surroundings:
        """Return the same machine, looked at again, with what OSV said."""
        found = Surroundings(self._context)
        found._online = self._online
        return found

    def _packages(self, server: AuditedServer, file: ReadFile) -> Iterator[tuple[str, str, str]]:
        locked = self._locks.of(server, file)
        facts = MachineFacts(managed=self._joined(server, file), locked=locked)
        yield from exact_packages(server, facts)

    @cached_property
    def _installed(self) -> ManagedServers | None:
        """What joins entries with what mcpinstall installed; None where it installed nothing."""
        if not any(self._context.paths.receipts.glob("*.json")):
            return None
        from mcpinstall.operations.audit_managed import ManagedServers

        return ManagedServers(self._context)

    def _joined(self, server: AuditedServer, file: ReadFile) -> Managed | None:
        return self._installed.of(server, file) if self._installed else None

    def _of_others(self, server: AuditedServer) -> tuple[str, ...]:
        """Return what runs by itself in a virtual environment that mcpinstall did not make."""
        program = server.launch[0].text if server.launch else ""
        if not _is_local(program) or "\0" in program:
            return ()
        try:
            folder = audit_hooks.environment_of(Path(program))
        except OSError as error:
            self._not_looked_at(Path(program), error.strerror or str(error))
            return ()
        if folder is None:
            return ()
        if folder not in self._hooks:
            found = audit_hooks.look(folder)
            self._hooks[folder] = found.hooks
            if found.problem:
                self._not_looked_at(folder, found.problem)
        return self._hooks[folder]

    def _not_looked_at(self, path: Path, why: str) -> None:
        """Remember that nobody knows what Python runs by itself."""
        error = McpInstallError(
            ErrorCode.FILE_UNREADABLE, f"what Python runs there by itself is not known: {why}"
        )
        self._fail(shown(path, self._context.machine), error)

    def _neighbours(self, file: ReadFile) -> Mapping[str, frozenset[str]]:
        """Return the servers of a file, and the tools of those that mcpinstall knows."""
        if self._named is None or self._named[0] is not file:  # as it is, or at a commit
            found = {one.name.text: self._joined(one, file) for one in file.servers}
            named = {
                name: frozenset(tool_names(one.tools.tools if one else ()))
                for name, one in found.items()
            }
            self._named = (file, named)
        return self._named[1]

    def _revoked(
        self, server: AuditedServer, file: ReadFile, managed: Managed | None
    ) -> Revoked | None:
        """Return that a registry revoked what an entry of mcpinstall, or a copy of one, starts.

        What was read before counts, and what the registry says on this disk.
        """
        if self._installed is None:
            return None
        receipt, written = self._installed.started_by(server, file)
        if receipt is None:
            return None
        if receipt not in self._withdrawn:
            self._withdrawn[receipt] = self._withdrawal(receipt)
        why = self._withdrawn[receipt] or (managed.withdrawn if managed else "")
        if not why:
            return None
        return Revoked(
            entry_names=self._installed.names_of(receipt),
            sentence=why,
            is_copy=written is None,
            is_remote=receipt.is_remote,
        )

    def _withdrawal(self, receipt: Receipt) -> str:
        """Return why its registry revoked an installed server; empty where it did not."""
        try:
            found = revoked.one(receipt, self._context)
        except McpInstallError as error:
            self._fail("revocations", error)
            return ""
        return found.sentence if found else ""

    @cached_property
    def advisories(self) -> AdvisoryFile | None:
        """The advisories that are shipped with the program."""
        try:
            return registries.open_bundled(self._context.paths, self._context.now).advisories()
        except McpInstallError as error:
            self._fail("advisories", error)
            return None

    def _fail(self, subject: str, error: McpInstallError) -> None:
        self._failed[subject] = Unchecked(
            subject=subject, code=error.code, message=error.message, hint=error.hint
        )

    def _found(self, server: AuditedServer, file: ReadFile) -> Mapping[str, PathState]:
        """Return what PATH has of a program, for files of this machine."""
        name = asked_name(server) if file.place.path.name else ""
        if name and name not in self._programs:
            path = self._context.machine.program(name)
            self._programs[name] = (
                replace(_state(path), resolved=str(path)) if path else PathState(exists=False)
            )
        return {name: self._programs[name]} if name else {}

    def _index_settings(self, server: AuditedServer, file: ReadFile) -> tuple[IndexSetting, ...]:
        if server.scope is not FileScope.PROJECT or not file.place.path.name:
            return self._indexes.own
        return (*self._indexes.own, *self._indexes.of_project(file.place.path.parent))

    def sentences(self) -> Iterator[str]:
        """Yield how old the advisories are, what was not compared, and what can't be read."""
        yield from self._installed.notes() if self._installed else ()
        yield from [self._online.sentence] if self._online else []
        for name, why in self._indexes.unread.items():
            yield f"what `{name}` says of package indexes is not known: {why}"
        if self.advisories is None:
            return
        age = (clock.latest(self._context).date() - self.advisories.issued).days
        old = f", {age} days old: update mcpinstall" if age > limits.ADVISORIES_OLD_DAYS else ""
        yield f"advisories are of {self.advisories.issued}{old}"


class _Aliases(Mapping[str, str]):
    """`pypi:PACKAGE` → server that was reviewed; read when the first is asked for."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @cached_property
    def _known(self) -> dict[str, str]:
        try:
            return dict(self._read())
        except (McpInstallError, ValueError):
            return {}

    def _read(self) -> Iterator[tuple[str, str]]:
        """Yield what manifests say; no digest is compared, for an installation does that."""
        bundled = registries.open_bundled(self._context.paths, self._context.now)
        for row in bundled.index():
            kind, name = bundled_packages.choice_of(row)
            yield f"{kind}:{name}", bundled.alias_of(row.name) or row.name

    def __getitem__(self, key: str) -> str:
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _is_approved(server: AuditedServer, file: ReadFile) -> bool:
    approved = file.facts.approved
    return approved is not None and is_approved(server, approved)


def _is_local(text: str) -> bool:
    """Tell whether a path is one of this system, and looking at it asks no other machine."""
    return Path(text).is_absolute() and not text.startswith(("//", "\\\\"))


def _state(path: Path) -> PathState:
    real = _real(path)
    return PathState(
        exists=os.path.lexists(path),
        resolved=str(real) if real != path else "",
        writable=_writable(path, real),
    )


def _real(path: Path) -> Path:
    """Return where links lead; the path itself where nobody can say, or no file has such a name."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return path


def _writable(path: Path, real: Path) -> str:
    """Return the first thing on the way to a path that other users may change."""
    if os.name != "posix":
        return ""
    for end in dict.fromkeys((path, real)):
        inner: os.stat_result | None = None
        for one in (end, *end.parents):
            try:
                found = one.stat()
            except (OSError, ValueError):
                continue
            if _others_change(found, inner):
                return str(one)
            inner = found
    return ""


def _others_change(found: os.stat_result, inner: os.stat_result | None) -> bool:
    if _is_others(found):
        return True
    if not others_write(found):
        return False
    sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    return not sticky or (inner is not None and _is_others(inner))


def _is_others(found: os.stat_result) -> bool:
    return found.st_uid not in (0, os.geteuid())
