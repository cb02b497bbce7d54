"""Files of advisories: a few records, in the one form that is read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from mcpinstall.model import advisory_text
from mcpinstall.model.advisory import Advisory, AdvisorySource, Bound, Event
from tests.builders.registry_folders import RegistryFolder

SOURCE = AdvisorySource(
    name="A database", date=date(2026, 11, 1), licence="CC0-1.0",
    link="https://example.org/advisories/{id}",
)  # fmt: skip


def events(*said: tuple[str, str]) -> tuple[Event, ...]:
    """One range: `("introduced", "0"), ("fixed", "1.0")`."""
    return tuple(Event(bound=Bound(bound), version=version) for bound, version in said)


def advisory(id_: str = "PYSEC-2026-1", *said: tuple[str, str], **keys: Any) -> Advisory:  # noqa: ANN401
    """One advisory about every version below 2, unless something else is said."""
    ranges = (events(*(said or (("introduced", "0"), ("fixed", "2.0")))),)
    values: dict[str, Any] = {"id": id_, "modified": date(2026, 11, 1), "ranges": ranges}
    return Advisory(**(values | keys))


def file(issued: date, **packages: Advisory) -> bytes:
    """A file with one advisory for each package; `_` in a name stands for `-`."""
    lines = {f"pypi:{name.replace('_', '-')}": [one] for name, one in packages.items()}
    return advisory_text.dump(issued, [SOURCE], lines)


def today() -> date:
    """The day of the real clock, as worlds have it."""
    return datetime.now(UTC).date()


def advise(registry: RegistryFolder, data: bytes, *, pinned: bool = True) -> None:
    """Put a file of advisories into a registry; without `pinned`, the old pin stays."""
    (registry.folder / advisory_text.NAME).write_bytes(data)
    if pinned:
        digest = hashlib.sha256(data).hexdigest()
        registry.file = replace(registry.file, advisories=digest)
        registry.publish(serial=registry.file.serial, expires=registry.file.expires)
