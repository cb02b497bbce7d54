"""Versions of servers that were installed and updated, with environments without a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpinstall import environments
from mcpinstall.model.environment import StagedEnvironment
from mcpinstall.model.receipt import HistoryRecord, Receipt, Switch
from mcpinstall.operations import lookup, rollback
from mcpinstall.operations.transaction import Addition, Transaction
from mcpinstall.system import files
from tests.builders import plans
from tests.builders.unfinished import NEW, OLD, Scene

MANIFESTS = {OLD: "01" * 32, NEW: "02" * 32}


class State:
    """Servers whose environments have no program."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.context, self.store = scene, scene.context, scene.store
        self.old: dict[str, Receipt] = {}
        self.new: dict[str, Receipt] = {}

    def install(self, *entries: str, name: str = plans.GIT, **changes: object) -> HistoryRecord:
        """Install one server with these entries."""
        return self.scene.do(self.built(OLD, entries, name, changes))

    def update(self, *entries: str, name: str = plans.GIT, **changes: object) -> HistoryRecord:
        """Update one server; `changes` are of its new receipts."""
        return self.scene.do(self.built(NEW, entries, name, changes))

    def update_together(self, *names: str, **last: object) -> HistoryRecord:
        """Update servers with an entry each in one change; `last` is of the last receipt."""
        changes = {**{name: {} for name in names}, names[-1]: last}
        parts = [self.built(NEW, (one,), f"com.example/{one}", changes[one]) for one in names]
        return self.scene.do(
            Transaction(
                action="update",
                additions=tuple(one for part in parts for one in part.additions),
                switches=tuple(one for part in parts for one in part.switches),
                receipts_before=tuple(one for part in parts for one in part.receipts_before),
                receipts_after=tuple(one for part in parts for one in part.receipts_after),
            )
        )

    def built(
        self, generation: str, entries: tuple[str, ...], name: str, changes: Mapping[str, object]
    ) -> Transaction:
        before = None if generation == OLD else OLD
        path = files.private_folder(self.context.paths.cache / f"{entries[0]}-{generation}")
        (path / "start.py").write_text(generation)
        tree = environments.measure(path)
        values: dict[str, Any] = {
            "name": name, "hosts": (), "generation": generation, "tree_sha256": tree.sha256,
            "manifest_sha256": MANIFESTS[generation], "version": generation.split("-")[1],
        }  # fmt: skip
        found = [plans.receipt(one, **(values | {**changes})) for one in entries]
        slug = lookup.receipt_slug(found[0])
        made, there = self.new if before else self.old, self.receipts()
        made.update({one.entry_name: one for one in found})
        staged = StagedEnvironment(path=path, generation=generation, tree=tree)
        return Transaction(
            action="update" if before else "install",
            additions=(Addition(slug=slug, staged=staged),),
            switches=(Switch(slug=slug, before=before, after=generation, added=True),),
            receipts_before=tuple(there[one] for one in entries if one in there),
            receipts_after=tuple(found),
        )  # fmt: skip

    def write(self, *receipts: Receipt, action: str = "configure") -> HistoryRecord:
        """Change nothing but receipts."""
        there = {one.entry_name: one for one in self.store.receipts()}
        before = tuple(there[one.entry_name] for one in receipts if one.entry_name in there)
        return self.scene.do(
            Transaction(action=action, receipts_before=before, receipts_after=receipts)
        )

    def receipts(self) -> dict[str, Receipt]:
        return {one.entry_name: one for one in self.store.receipts()}

    def prepare(self, name: str | None = "clock") -> rollback.PreparedRollback:
        return rollback.prepare(name, self.context)

    def back(self, name: str | None = "clock") -> HistoryRecord:
        return rollback.commit(self.prepare(name), self.context).record
