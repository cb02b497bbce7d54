"""Receipts of versions that a world's registry describes, as if they were installed."""

from __future__ import annotations

import sys
from typing import Any

from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import lookup, replacing
from mcpinstall.operations.replacing import Target
from tests.builders import plans
from tests.builders.world import World


def put(world: World, alias: str = "clock", version: str = "1.0", **changes: Any) -> Receipt:  # noqa: ANN401
    """Write the receipt of a version, and return it; `entry` names it, else its alias does."""
    server = lookup.reviewed(f"{alias}@{version}", world.context)
    wheels = [wheel for one in server.lock.packages for wheel in one.wheels]
    values: dict[str, Any] = {
        "name": server.manifest.name, "version": version, "hosts": (),
        "registry_root": server.registry.root_digest, "manifest_sha256": server.manifest_sha256,
        "python_path": sys.executable, "artifacts": tuple((w.filename, w.sha256) for w in wheels),
    }  # fmt: skip
    receipt = plans.receipt(changes.pop("entry", alias), **(values | changes))
    world.store.write_receipt(receipt)
    return receipt


def target(world: World, *receipts: Receipt, to: str = "2.0", alias: str = "clock") -> Target:
    """Return the update of these entries to a version that the world's registry describes."""
    server = lookup.reviewed(f"{alias}@{to}", world.context)
    return replacing.target(receipts, server, world.context)
