"""What was seen of a registry before: its highest serial and the latest time (threat T21)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.json_text import Json
from mcpinstall.model.registry import RegistryState, ReviewState
from mcpinstall.system import files, limits, machine, revocation_memory
from mcpinstall.system.paths import StatePaths

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The highest serial and the latest time seen so far."""

    serial: int = 0
    root: int = 0
    """Version of the TUF root under which that serial was seen; a newer root begins anew."""
    latest: datetime = _BEGINNING


def recall(root_digest: str, paths: StatePaths) -> Seen:
    """Return what was seen of a registry; nothing yet is serial 0.

    Raises:
        McpInstallError: `state-unsafe` for a record that can't be read.
    """
    path = _path(root_digest, paths)
    data = files.read_optional(path, limits.STATE_BYTES)
    if data is None:
        return Seen()
    try:
        fields = Fields.of(json_text.parse(data, path.name), ErrorCode.STATE_UNSAFE)
        fields.only("serial", "latest", "root")
        return Seen(
            serial=fields.integer("serial"),
            root=fields.integer("root") if "root" in fields.table else 0,
            latest=fields.parsed("latest", _time),
        )
    except McpInstallError as error:
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            f"`{path}` does not say what was seen of a registry: {error.message}",
            hint="without it an older registry could be replayed; delete it to begin anew",
        ) from None


def latest(paths: StatePaths) -> datetime:
    """Return the latest time seen of any registry; records that can't be read say nothing."""
    times = [_BEGINNING]
    for path in paths.registries.glob("*.json"):
        with contextlib.suppress(McpInstallError):
            times.append(recall(path.stem, paths).latest)
    return max(times)


def remember(state: RegistryState, paths: StatePaths, *, now: datetime | None = None) -> None:
    """Keep serial and time of a registry that was accepted, which only grow; what it revokes too.

    Raises:
        McpInstallError: `state-unsafe` or `disk-failed`.
    """
    folder = files.private_folder(paths.registries)
    with files.locked(folder / "lock"):
        before = recall(state.root_digest, paths)
        # What nobody vouches for can say that it was issued in any year.
        issued = state.issued if state.review is ReviewState.CERTIFIED else _BEGINNING
        latest = max(before.latest, issued, now or machine.now())
        record: dict[str, Json] = {
            "serial": _serial(before, state),
            "latest": latest.astimezone(UTC).replace(microsecond=0).isoformat(),
        }
        if root := max(before.root, state.root_version):
            record["root"] = root
        files.write_atomic(_path(state.root_digest, paths), json_text.canonical(record) + b"\n")
    note_revocations(state, paths)


def _serial(before: Seen, state: RegistryState) -> int:
    """Return the higher serial, of the newer root where there are two."""
    if before.root and state.root_version != before.root:
        return state.serial if state.root_version > before.root else before.serial
    return max(before.serial, state.serial)


def note_revocations(state: RegistryState, paths: StatePaths) -> None:
    """Keep what a registry revokes that was read, whatever it was read for.

    Raises:
        McpInstallError: `state-unsafe` or `disk-failed`.
    """
    revocation_memory.note(state.root_digest, state.serial, state.revocations, paths)


def _path(root_digest: str, paths: StatePaths) -> Path:
    return paths.registries / f"{root_digest}.json"


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        message = "is not a time with its zone"
        raise ValueError(message)
    return found
