"""What `mcpi audit` knows of entries that mcpinstall wrote: receipts and records, and the bytes.

Nothing is run, fetched or written.  Each environment is hashed once, as a quick look of
`mcpi verify` does: names, kinds, sizes and bytes of all its files make one digest, which is
compared with that of the receipt.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mcpinstall import environments, hosts
from mcpinstall.environments import diagnosis
from mcpinstall.environments.diagnosis import Diagnosis
from mcpinstall.errors import McpInstallError
from mcpinstall.hosts.remote_entry import address_keys
from mcpinstall.hosts.tolerant import at
from mcpinstall.model import names
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.host import Chain, ServerEntry
from mcpinstall.model.json_text import Json
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import audit_provenance
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.audit_provenance import Saved, Standing
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.rules.audit.machine_facts import Managed
from mcpinstall.rules.audit.secrets import told_name
from mcpinstall.system import homes

_VERSION = re.compile(r"\d{1,3}\.\d{1,3}(\.[0-9A-Za-z.+-]{1,20})?")
_WORDS = 16  # words of a command line that may lie in a server's home
_SHOWN = 3  # differences in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What became of an environment."""

    is_missing: bool = False
    tampered: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drift:
    """How an entry is not the one that was written; nothing where it is."""

    message: str = ""
    is_copy: bool = False
    by_hand: tuple[str, ...] = ()
    written: Mapping[str, Json] = field(default_factory=dict, repr=False)


class ManagedServers:
    """Joins entries with what was installed; each environment and registry is looked at once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = ReceiptStore(context.paths)
        self._saved = Saved(context)
        self._chains: dict[str, Chain] = {}
        self._standings: dict[Receipt, Standing] = {}
        self._states: dict[tuple[str, str, str, str], _State] = {}
        self.problems: dict[str, Unchecked] = {}
        """What could not be looked at, by subject."""

    def of(self, server: AuditedServer, file: ReadFile) -> Managed | None:
        """Return what is known of an entry; None for one that is not of mcpinstall."""
        try:
            return self._of(server, file) if self._receipts else None
        except McpInstallError as error:
            self._failed(f"`{told_name(server.name.text)}`", error)
            return None

    def started_by(
        self, server: AuditedServer, file: ReadFile
    ) -> tuple[Receipt | None, ServerEntry | None]:
        """Return the receipt of what an entry starts or connects to, whoever wrote the entry.

        And the entry as mcpinstall wrote it, where it did.
        """
        try:
            written, receipt = self._joined(server, file)
        except McpInstallError as error:
            self._failed(f"`{told_name(server.name.text)}`", error)
            return None, None
        return receipt or self._by_address(server), written

    def names_of(self, receipt: Receipt) -> tuple[str, ...]:
        """Return the entries with the environment or address of a receipt, its own first."""
        same = (one.entry_name for one in self._receipts.values() if _is_same(one, receipt))
        return tuple(dict.fromkeys((receipt.entry_name, *same)))

    def notes(self) -> Iterator[str]:
        """Yield what was not compared, as sentences."""
        for receipt, standing in self._standings.items():
            yield from (f"`{receipt.entry_name}` {note}" for note in standing.notes)

    def _of(self, server: AuditedServer, file: ReadFile) -> Managed | None:
        written, receipt = self._joined(server, file)
        if receipt is None:
            return None
        standing, state = self._standing(receipt), self._state(receipt)
        if state != _State() and self._is_old(receipt):  # another `mcpi` was at work
            self._forget()
            return self._of(server, file)
        drift = self._drift(server, file, written, receipt)
        return Managed(
            entry_name=receipt.entry_name,
            drift=drift.message,
            is_copy=drift.is_copy,
            by_hand=drift.by_hand,
            written=drift.written,
            is_missing=state.is_missing,
            tampered=state.tampered,
            hooks=state.hooks,
            regressed=standing.regressed,
            withdrawn=standing.withdrawn,
            packages=audit_provenance.packages(receipt),
            tools=standing.tools,
        )

    # Whose entry it is ---------------------------------------------------------------------------

    @cached_property
    def _receipts(self) -> Mapping[str, Receipt]:
        try:
            return {one.entry_name: one for one in self._store.receipts()}
        except McpInstallError as error:
            self._failed("receipts", error)
            return {}

    @cached_property
    def _by_home(self) -> Mapping[str, Receipt]:
        servers = self._context.paths.servers
        return {
            str(_home(one, servers)): one for one in self._receipts.values() if not one.is_remote
        }

    def _is_old(self, receipt: Receipt) -> bool:
        return self._store.receipt(receipt.entry_name) != receipt

    def _forget(self) -> None:
        """Read receipts and records again when they are next asked for."""
        self.__dict__.pop("_receipts", None)
        self.__dict__.pop("_by_home", None)
        self._chains.clear()

    def _joined(
        self, server: AuditedServer, file: ReadFile
    ) -> tuple[ServerEntry | None, Receipt | None]:
        """Return what was written for an entry, if it was, and the receipt of what it starts."""
        written, receipt = self._written(server, file)
        return written, receipt or self._by_place(server)

    def _written(
        self, server: AuditedServer, file: ReadFile
    ) -> tuple[ServerEntry | None, Receipt | None]:
        """Return what was written into this very file under that name, and its receipt."""
        receipt = self._receipts.get(server.name.text)
        if receipt is None or server.host not in receipt.hosts or not file.place.path.name:
            return None, None
        real = Path(os.path.realpath(file.place.path))
        entry = self._entry(server.host, receipt.entry_name)
        if entry is None or self._chains[server.host].path_sha256 != hosts.path_digest(real):
            return None, None
        return entry, receipt

    def _entry(self, row_id: str, name: str) -> ServerEntry | None:
        if row_id not in self._chains:
            self._chains[row_id] = self._store.chain(row_id)
        entries = {one.entry.name: one.entry for one in self._chains[row_id].entries}
        return entries.get(name)

    def _by_place(self, server: AuditedServer) -> Receipt | None:
        """Return the receipt of what an entry starts, whoever wrote the entry."""
        root = f"{self._context.paths.servers}{os.sep}"
        for word in server.argv[:_WORDS]:
            if word.text.startswith(root):
                slug = word.text.removeprefix(root).partition(os.sep)[0]
                return self._by_home.get(f"{root}{slug}")
        return None

    def _by_address(self, server: AuditedServer) -> Receipt | None:
        """Return the receipt of the remote server that an entry connects to."""
        if server.url is None:
            return None
        every = (one for one in self._receipts.values() if one.is_remote)
        return next((one for one in every if one.url == server.url.text), None)

    # How the entry differs -----------------------------------------------------------------------

    def _drift(
        self, server: AuditedServer, file: ReadFile, written: ServerEntry | None, receipt: Receipt
    ) -> _Drift:
        row = file.place.row
        value = at(file.document.value, server.pointer)
        if written is None or row is None or not isinstance(value, dict):
            return self._drift_of_copy(server, receipt, is_copy=written is None)
        try:
            keys = hosts.differing_keys(value, row, written)
        except McpInstallError:  # the host can't have it any more, so nobody wrote it so
            return self._drift_of_copy(server, receipt, is_copy=False)
        if not keys:
            return _Drift()
        named = " and ".join((", ".join(f"`{key}`" for key in keys[:-1]), f"`{keys[-1]}`"))
        ours = {row.entry.command_key, row.entry.args_key, *address_keys(row)}
        return _Drift(
            message=f"has another {named.removeprefix(' and ')} than mcpinstall wrote",
            by_hand=tuple(key for key in keys if key not in ours) if written.keeps else (),
            written=hosts.as_written(value, row, written, keys),
        )

    def _drift_of_copy(self, server: AuditedServer, receipt: Receipt, *, is_copy: bool) -> _Drift:
        """Return how an entry that mcpinstall did not write here starts what it installed."""
        if receipt.is_remote:
            return _Drift()
        home = _home(receipt, self._context.paths.servers)
        base, machine = _base(receipt), self._context.machine
        starts = (
            environments.command(home, (), machine, base).argv,
            environments.launcher_command(home, receipt.entry_name, (), machine, base).argv,
        )
        argv = tuple(one.text for one in server.launch)
        if any(argv[: len(start)] == start for start in starts):
            return _Drift()
        name = receipt.entry_name
        return _Drift(message=f"starts `{name}` otherwise than mcpinstall does", is_copy=is_copy)

    # What became of it -----------------------------------------------------------------------

    def _standing(self, receipt: Receipt) -> Standing:
        if receipt not in self._standings:
            found = self._saved.standing(receipt)
            self._standings[receipt] = found
            if found.problem is not None:
                self._failed(f"`{receipt.entry_name}`", found.problem)
        return self._standings[receipt]

    def _state(self, receipt: Receipt) -> _State:
        if receipt.is_remote:
            return _State()
        key = (receipt.registry_root, receipt.name, receipt.generation, receipt.tree_sha256)
        if key not in self._states:
            self._states[key] = self._examined(receipt)
        return self._states[key]

    def _examined(self, receipt: Receipt) -> _State:
        home = _home(receipt, self._context.paths.servers)
        try:
            current = homes.current(home)
        except McpInstallError:  # it leads anywhere but to a generation
            current = None
        if current is None or not (home / current).is_dir():
            return _State(is_missing=True)
        if home.is_symlink() or (home / current).is_symlink():
            return _State(tampered=("its environment is a link to another folder",))
        if current != receipt.generation:
            return _State(
                tampered=(f"`current` leads to `{current}`, not to `{receipt.generation}`",)
            )
        if not _VERSION.fullmatch(receipt.python_version):
            same = environments.measure(home / current).sha256 == receipt.tree_sha256
            return _State() if same else _State(tampered=("its files changed",))
        found = diagnosis.diagnose(
            home / current,
            receipt.tree_sha256,
            _base(receipt),
            self._context.machine.platform,
            lambda: self._saved.accepted_hooks(receipt),
        )
        return _told(found)

    def _failed(self, subject: str, error: McpInstallError) -> None:
        self.problems[subject] = Unchecked(
            subject=subject, code=error.code, message=error.message, hint=error.hint
        )


def _told(found: Diagnosis) -> _State:
    hooks = tuple(f"`{one.path}` {one.what}" for one in found.differences if one.is_hook)
    others = tuple(f"`{one.path}` {one.what}" for one in found.differences if not one.is_hook)
    if not found.is_whole:
        more = "more" if found.differences else "compiled files, `start.py` or RECORDs"
        others = (*_few(others), f"{more} changed than its RECORDs can tell")
    return _State(tampered=_few(others), hooks=_few(hooks))


def _few(sentences: tuple[str, ...]) -> tuple[str, ...]:
    if len(sentences) <= _SHOWN + 1:
        return sentences
    return (*sentences[:_SHOWN], f"and {len(sentences) - _SHOWN} more")


def _home(receipt: Receipt, servers: Path) -> Path:
    """Return the folder of a server that is no remote one."""
    return homes.server_home(servers, names.slug(receipt.registry_root, receipt.name))


def _is_same(one: Receipt, other: Receipt) -> bool:
    """Tell whether two entries start one environment, or connect to one address."""
    if one.is_remote or other.is_remote:
        return one.is_remote and other.is_remote and one.url == other.url
    return (one.registry_root, one.name) == (other.registry_root, other.name)


def _base(receipt: Receipt) -> Interpreter:
    """Return the interpreter that a receipt names; it is compared, not started."""
    return Interpreter(
        path=Path(receipt.python_path),
        version=receipt.python_version,
        sha256=receipt.python_sha256,
        markers=(),
        tags=(),
    )
