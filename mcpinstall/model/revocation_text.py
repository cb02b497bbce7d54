"""Revocations as tables: in `registry.toml`, and in what is remembered of a registry.

Their keys tell the kinds apart: `name`, `issuer` or `reviewer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from mcpinstall.model import names
from mcpinstall.model.fields import Fields
from mcpinstall.model.revocation import (
    AnyRevocation,
    PublisherRevocation,
    ReviewerRevocation,
    Revocation,
)

MOST = 1000
"""Revocations of one registry; each command reads them all."""
_WHICH = ("repository", "repository-id", "owner-id")
_NUMBER = re.compile(r"[0-9]{1,20}")
_REASON = 300  # characters


def parse(top: Fields) -> tuple[AnyRevocation, ...]:
    """Return the revocations of a document, from its list `revocations`.

    Raises:
        McpInstallError: with the document's code for a table that is none of the kinds, or for
            more of them than are read; `text-hostile`.
    """
    listed = top.table.get("revocations", [])
    if isinstance(listed, list | tuple) and len(listed) > MOST:
        raise top.error("revocations", f"are more than {MOST}")
    return tuple(_revocation(item) for item in top.each("revocations"))


def tables(revocations: Iterable[AnyRevocation]) -> list[dict[str, str]]:
    """Return revocations as `parse` reads them."""
    return [{key: text for key, text in _table(item) if text is not None} for item in revocations]


def _table(item: AnyRevocation) -> tuple[tuple[str, str | None], ...]:
    end = (("reason", item.reason), ("date", item.date))
    if isinstance(item, Revocation):
        return (("name", item.name), ("version", item.version or None), *end)
    if isinstance(item, ReviewerRevocation):
        return (("reviewer", item.reviewer), ("since", item.since or None), *end)
    texts = (item.repository, item.repository_id, item.owner_id)
    which = zip(_WHICH, (text or None for text in texts), strict=True)
    return (("issuer", item.issuer), *which, *end)


def _revocation(fields: Fields) -> AnyRevocation:
    if "issuer" in fields.table:
        return _publisher(fields)
    if "reviewer" in fields.table:
        return _reviewer(fields)
    fields.only("name", "version", "reason", "date")
    return Revocation(
        name=fields.parsed("name", names.server_name),
        version=fields.parsed("version", names.version) if "version" in fields.table else "",
        reason=fields.text("reason", limit=_REASON),
        date=fields.parsed("date", _date),
    )


def _publisher(fields: Fields) -> PublisherRevocation:
    fields.only("issuer", *_WHICH, "reason", "date")
    given = [key for key in _WHICH if key in fields.table]
    if len(given) != 1:
        raise fields.error("issuer", "needs exactly one of " + ", ".join(_WHICH) + " beside it")
    (key,) = given
    text = _filled(fields, key, 1000)
    if key != "repository" and not _NUMBER.fullmatch(text):
        raise fields.error(key, "is not a numeric id")
    return PublisherRevocation(
        issuer=_filled(fields, "issuer", 1000),
        repository=text if key == "repository" else "",
        repository_id=text if key == "repository-id" else "",
        owner_id=text if key == "owner-id" else "",
        reason=fields.text("reason", limit=_REASON),
        date=fields.parsed("date", _date),
    )


def _reviewer(fields: Fields) -> ReviewerRevocation:
    fields.only("reviewer", "since", "reason", "date")
    return ReviewerRevocation(
        reviewer=_filled(fields, "reviewer", 200),
        since=fields.parsed("since", _date) if "since" in fields.table else "",
        reason=fields.text("reason", limit=_REASON),
        date=fields.parsed("date", _date),
    )


def _filled(fields: Fields, key: str, limit: int) -> str:
    text = fields.text(key, limit=limit)
    if not text.strip():
        raise fields.error(key, "is empty")
    return text


def _date(text: str) -> str:
    if date.fromisoformat(text).isoformat() != text:
        message = "is not a date such as `2026-11-22`"
        raise ValueError(message)
    return text
