"""Changes of a small state, and ends of them at a point that the test names."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mcpinstall import environments, hosts
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.receipt import HistoryRecord, Receipt, Switch
from mcpinstall.operations import lookup, recovery, transaction
from mcpinstall.operations.context import Context
from mcpinstall.operations.transaction import Addition, Transaction
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.system import files
from tests.builders import plans
from tests.builders.hosts import server

BASE = b'{"mcpServers": {"other": {"command": "/bin/other"}}}\n'
"""What the user of Cursor had in its file before."""
CURSOR, CODEX = "cursor-user", "codex-user"
OLD, NEW = "20261122T100000000Z-1.0.0-00000a", "20261122T110000000Z-1.0.1-00000b"


class Death(BaseException):
    """The process ends here; nothing cleans up."""


@dataclass
class Scene:
    """A state folder with an entry `clock`, a host file and an environment without a program."""

    context: Context
    monkeypatch: pytest.MonkeyPatch
    old: Receipt = field(init=False)
    new: Receipt = field(init=False)

    def __post_init__(self) -> None:
        self.old = plans.receipt("clock", generation=OLD, hosts=(CURSOR,))
        self.new = dataclasses.replace(self.old, generation=NEW, version="2026.11.1")

    @property
    def store(self) -> ReceiptStore:
        return ReceiptStore(self.context.paths)

    @property
    def slug(self) -> str:
        return lookup.receipt_slug(self.old)

    @property
    def home(self) -> Path:
        return environments.server_home(self.context.paths.servers, self.slug)

    @property
    def current(self) -> str | None:
        return lookup.current_generation(self.slug, self.context)

    @property
    def journal(self) -> Path:
        return self.context.paths.history / "journal.json"

    def file(self, row: str = CURSOR) -> Path:
        return hosts.read(hosts.find_rows(row), self.context.machine).target

    def addition(self, generation: str) -> Addition:
        path = files.private_folder(self.context.paths.cache / f"staged-{generation}")
        (path / "start.py").write_text(generation)
        tree = environments.measure(path)
        staged = StagedEnvironment(path=path, generation=generation, tree=tree)
        return Addition(slug=self.slug, staged=staged)

    def installation(self, *rows: str) -> Transaction:
        """The first version, into these host files."""
        changes = []
        for row in rows or (CURSOR,):
            file = hosts.read(hosts.find_rows(row), self.context.machine)
            changes.append(hosts.add(file, self.store.chain(row), server("clock")))
        return Transaction(
            action="install",
            additions=(self.addition(OLD),),
            switches=(Switch(slug=self.slug, before=None, after=OLD, added=True),),
            changes=tuple(changes),
            receipts_after=(self.old,),
        )

    def update(self) -> Transaction:
        """Another version in the place of the first; no host file changes."""
        return Transaction(
            action="reinstall",
            additions=(self.addition(NEW),),
            switches=(Switch(slug=self.slug, before=OLD, after=NEW, added=True),),
            receipts_before=(self.old,),
            receipts_after=(self.new,),
        )

    def uninstallation(self) -> Transaction:
        """The entry, its environment and its file go, and the folder of the file."""
        file = hosts.read(hosts.find_rows(CURSOR), self.context.machine)
        change = hosts.take_out(file, self.store.chain(CURSOR), "clock")
        return Transaction(
            action="uninstall",
            switches=(Switch(slug=self.slug, before=OLD, after=None),),
            changes=(dataclasses.replace(change, after=None),),
            receipts_before=(self.old,),
            gone_folders=((CURSOR, 1),),
        )

    def do(self, change: Transaction) -> HistoryRecord:
        """Carry a change out, to its end."""
        with transaction.exclusive(self.context):
            return transaction.run(change, self.context)

    def die(self, change: Transaction, *, where: object, name: str) -> None:
        """Begin a change and die when it calls the function `name` of `where`."""

        def death(*_: object, **__: object) -> None:
            raise Death

        with self.monkeypatch.context() as patch:
            patch.setattr(where, name, death)
            patch.setattr(transaction, "_take_back", lambda *_: None)
            with pytest.raises(Death):
                self.do(change)

    def die_before_the_end(self, change: Transaction) -> None:
        """Die when all is done but what makes it count."""
        self.die(change, where=ReceiptStore, name="finish")

    def die_behind_the_end(self, change: Transaction) -> None:
        """Die when the change counts and nothing is cleaned up."""
        self.die(change, where=recovery, name="complete")

    def recover(self) -> tuple[str, ...]:
        """Do what the next change does first."""
        with files.locked(self.context.paths.lock):
            return recovery.recover(self.context)


def failing(
    error: BaseException,
    when: Callable[[Path], bool],
    otherwise: Callable[..., object] = lambda *_: None,
) -> Callable[..., object]:
    """Return a function of a path that fails for some paths and is `otherwise` for the rest."""

    def call(path: Path, *more: object) -> object:
        if when(path):
            raise error
        return otherwise(path, *more)

    return call
