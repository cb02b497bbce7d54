"""What registries revoked, as far as it was ever read: for those who must not ask them now.

`mcpi list` reads this without a network and without a registry's code.  One file for each root;
it holds what the newest state said, and an older or equal state takes nothing out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import bundled, files, limits
from mcpinstall.system.paths import StatePaths

if TYPE_CHECKING:
    from mcpinstall.model.revocation import AnyRevocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a registry revoked when it was last read."""

    serial: int = 0
    revocations: tuple[AnyRevocation, ...] = ()


def recall(root_digest: str, paths: StatePaths) -> Remembered:
    """Return what is remembered of a registry.

    Raises:
        McpInstallError: `state-unsafe` for a record that can't be read.
    """
    path = _path(root_digest, paths)
    data = files.read_optional(path, limits.STATE_BYTES)
    if data is None:
        return Remembered()
    from mcpinstall.model import json_text, revocation_text
    from mcpinstall.model.fields import Fields

    try:
        fields = Fields.of(json_text.parse(data, path.name), ErrorCode.STATE_UNSAFE)
        fields.only("serial", "revocations")
        return Remembered(
            serial=fields.integer("serial"), revocations=revocation_text.parse(fields)
        )
    except McpInstallError as error:
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            f"`{path}` does not say what a registry revoked: {error.message}",
            hint="delete it and run `mcpi registry refresh`: it is written again",
        ) from None


def known(root_digest: str, paths: StatePaths) -> tuple[AnyRevocation, ...]:
    """Return what a registry revoked, without reading it; the bundled one is at hand.

    Raises:
        McpInstallError: `state-unsafe`, or `registry-invalid` for the bundled one.
    """
    remembered = recall(root_digest, paths)
    if root_digest != bundled.ROOT:
        return remembered.revocations
    data = files.read_optional(bundled.folder() / "registry.toml", limits.REGISTRY_BYTES) or b""
    if b"revocations" not in data and not remembered.revocations:
        return ()  # (the file is ours: its keys are never written in another way)
    from mcpinstall.model import registry_text

    shipped = registry_text.parse(data, "registry.toml")
    return _united(remembered, shipped.serial, shipped.revocations)


def note(
    root_digest: str, serial: int, revocations: Sequence[AnyRevocation], paths: StatePaths
) -> None:
    """Keep what an accepted state of a registry revokes; nothing is written where that is known.

    Raises:
        McpInstallError: `state-unsafe` or `disk-failed`.
    """
    if _is_known(recall(root_digest, paths), serial, revocations):
        return
    from mcpinstall.model import json_text, revocation_text

    folder = files.private_folder(paths.registries)
    with files.locked(folder / "lock"):
        before = recall(root_digest, paths)
        record = {
            "serial": max(before.serial, serial),
            "revocations": revocation_text.tables(_united(before, serial, revocations)),
        }
        files.write_atomic(_path(root_digest, paths), json_text.canonical(record) + b"\n")


def forgotten(
    root_digest: str, serial: int, revocations: Sequence[AnyRevocation], paths: StatePaths
) -> AnyRevocation | None:
    """Return a revocation that a state no newer than the one remembered does not have."""
    before = recall(root_digest, paths)
    if serial > before.serial:
        return None
    now = frozenset(revocations)
    return next((item for item in before.revocations if item not in now), None)


def _is_known(before: Remembered, serial: int, revocations: Sequence[AnyRevocation]) -> bool:
    if not before.revocations and not revocations:
        return True
    after = _united(before, serial, revocations)
    return after == before.revocations and serial <= before.serial


def _united(
    before: Remembered, serial: int, revocations: Sequence[AnyRevocation]
) -> tuple[AnyRevocation, ...]:
    """Return what counts after another state was read: a newer one speaks for itself."""
    if serial > before.serial:
        return tuple(revocations)
    from mcpinstall.model import revocation_text

    both = dict.fromkeys([*before.revocations, *revocations])
    return tuple(both)[: revocation_text.MOST]


def _path(root_digest: str, paths: StatePaths) -> Path:
    return paths.registries / f"{root_digest}.revoked"
