"""`registry.toml` and `index.toml` as text: parsed strictly, printed in one way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mcpinstall.errors import ErrorCode
from mcpinstall.model import names, revocation_text, toml_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.manifest import CRITERIA
from mcpinstall.model.mixed_scripts import require_one_script
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.revocation import AnyRevocation

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """What a registry asks of every manifest's reviews (`[review]`)."""

    reviewers: int = 1
    """People who must have reviewed it."""
    criteria: tuple[str, ...] = ()
    """Criteria of which each must be claimed by some review of a package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFile:
    """Everything that `registry.toml` says."""

    name: str
    serial: int
    """Grows with every change; a lower one than seen before is a rollback."""
    issued: datetime
    expires: datetime
    index: str
    """sha256 of `index.toml`, which so pins every manifest and all that manifests pin."""
    owner: str
    """Who locks the servers again when their dependencies need it."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Short name → full name, sorted."""
    revocations: tuple[AnyRevocation, ...] = ()
    advisories: str = ""
    """sha256 of `advisories.jsonl`, where the registry has one."""
    trusted_root: str = ""
    """sha256 of `trusted_root.json`, where the registry has one."""
    review: ReviewRules | None = None
    """None where it says nothing, which asks for one reviewer."""


def parse(data: bytes, where: str) -> RegistryFile:
    """Parse and check a `registry.toml`.

    Raises:
        McpInstallError: `registry-invalid`, or `text-hostile`.
    """
    top = toml_text.parse(data, ErrorCode.REGISTRY_INVALID, where)
    top.only(
        "schema", "name", "serial", "issued", "expires", "index", "owner", "aliases", "revocations",
        "advisories", "trusted-root", "review",
    )  # fmt: skip
    top.integer("schema", low=1, high=1)
    name = top.text("name", limit=63)
    if not _NAME.fullmatch(name):
        raise top.error("name", "is not made of a-z, 0-9, `.` and `-`")
    aliases = top.fields("aliases")
    for alias in aliases.table:
        if not _NAME.fullmatch(alias):
            raise aliases.error(alias, "is not made of a-z, 0-9, `.` and `-`")
    return RegistryFile(
        name=name,
        serial=top.integer("serial", low=1),
        issued=_time(top, "issued"),
        expires=_time(top, "expires"),
        index=_sha256(top, "index"),
        owner=top.text("owner", limit=200),
        aliases=tuple(
            (key, aliases.parsed(key, names.server_name)) for key in sorted(aliases.table)
        ),
        revocations=revocation_text.parse(top),
        advisories=_sha256(top, "advisories") if "advisories" in top.table else "",
        trusted_root=_sha256(top, "trusted-root") if "trusted-root" in top.table else "",
        review=_review(top.fields("review")) if "review" in top.table else None,
    )


def dump(registry: RegistryFile) -> bytes:
    """Return the bytes of `registry.toml`."""
    import tomli_w

    document: dict[str, object] = {
        "schema": 1,
        "name": registry.name,
        "serial": registry.serial,
        "issued": registry.issued,
        "expires": registry.expires,
        "index": registry.index,
        **({"advisories": registry.advisories} if registry.advisories else {}),
        **({"trusted-root": registry.trusted_root} if registry.trusted_root else {}),
        "owner": registry.owner,
        "aliases": dict(registry.aliases),
    }
    if registry.review is not None:
        document["review"] = {
            "reviewers": registry.review.reviewers,
            "criteria": list(registry.review.criteria),
        }
    if registry.revocations:
        document["revocations"] = revocation_text.tables(registry.revocations)
    return tomli_w.dumps(document).encode()


def parse_index(data: bytes, where: str) -> tuple[IndexRow, ...]:
    """Parse and check an `index.toml`; rows are sorted and unique.

    Raises:
        McpInstallError: `registry-invalid`, or `text-hostile`.
    """
    top = toml_text.parse(data, ErrorCode.REGISTRY_INVALID, where)
    top.only("servers")
    rows = tuple(_row(item) for item in top.each("servers"))
    keys = [(row.name, row.version) for row in rows]
    if keys != sorted(set(keys)):
        raise top.error("servers", "are not sorted by name and version, or one comes twice")
    return rows


def dump_index(rows: Sequence[IndexRow]) -> bytes:
    """Return the bytes of `index.toml` for manifests; generated, never written by hand."""
    import tomli_w

    servers = [
        {
            "name": row.name,
            "version": row.version,
            "title": row.title,
            "summary": row.summary,
            "sha256": row.sha256,
        }
        for row in sorted(rows, key=lambda row: (row.name, row.version))
    ]
    return tomli_w.dumps({"servers": servers}).encode()


def _row(fields: Fields) -> IndexRow:
    fields.only("name", "version", "title", "summary", "sha256")
    return IndexRow(
        name=fields.parsed("name", names.server_name),
        version=fields.parsed("version", names.version),
        title=require_one_script(fields.text("title", limit=100), fields.path("title")),
        summary=require_one_script(fields.text("summary", limit=300), fields.path("summary")),
        sha256=_sha256(fields, "sha256"),
    )


def _sha256(fields: Fields, key: str) -> str:
    text = fields.text(key)
    if not _SHA256.fullmatch(text):
        raise fields.error(key, "is not a sha256 of 64 lowercase hexadecimal characters")
    return text


def _time(fields: Fields, key: str) -> datetime:
    value = fields.table.get(key)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise fields.error(key, "is not a time with its zone, such as `2026-11-22T00:00:00Z`")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise fields.error(key, "is before the first or after the last year") from None


def _review(fields: Fields) -> ReviewRules:
    fields.only("reviewers", "criteria")
    criteria = fields.texts("criteria", limit=40)
    for name in criteria:
        if name not in CRITERIA:
            raise fields.error("criteria", f"names `{name}`, which is not a known criterion")
    return ReviewRules(
        reviewers=fields.integer("reviewers", low=1, high=20),
        criteria=tuple(dict.fromkeys(criteria)),
    )
