"""Publishers of packages for people and for programs: facts, never a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from mcpinstall.cli import words

if TYPE_CHECKING:
    from mcpinstall.model.manifest import Manifest
    from mcpinstall.model.publisher import PackagePublisher
    from mcpinstall.model.receipt import Receipt

_SHOWN = 5  # publishers on one line; `--json` has them all


def as_objects(verified: Sequence[PackagePublisher]) -> list[dict[str, str]]:
    """Return whose attestations were verified, for programs."""
    return [{"package": one.package, **asdict(one.identity)} for one in verified]


def named(manifest: Manifest) -> str:
    """Return whom a manifest names, or why it names nobody."""
    publisher = manifest.publisher
    if publisher is None:
        return manifest.publisher_absent
    return f"{publisher.repository} by {publisher.workflow} at {publisher.ref}"


def facts(receipts: Sequence[Receipt]) -> tuple[tuple[str, str], ...]:
    """Return what was verified when a server was installed; nothing where nothing was."""
    found = {one.package: one.identity.words for r in receipts for one in r.publishers}
    if not found:
        return ()
    whose = list(dict.fromkeys(found.values()))
    more = f", and {len(whose) - _SHOWN} more" if len(whose) > _SHOWN else ""
    return (
        ("verified", f"{words.count(len(found), 'package')}: {', '.join(whose[:_SHOWN])}{more}"),
    )
