"""What `mcpi doctor` and `mcpi why` found, as the objects that `--json` prints.  Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcpinstall.cli import json_output
from mcpinstall.model.secret_forms import masked

if TYPE_CHECKING:
    from mcpinstall.operations.doctor import Report
    from mcpinstall.operations.trouble import Trouble, Unseen
    from mcpinstall.operations.why import Origin, Place, Reason

Object = dict[str, object]


def report(found: Report) -> Object:
    """Return what was looked at, what is wrong, and what could not be looked at."""
    return {
        "findings": [_trouble(one) for one in found.troubles],
        "not_looked_at": [_unseen(one) for one in found.unseen],
        "servers": [
            {
                "entry": one.receipt.entry_name,
                "version": one.receipt.version,
                "hosts": list(one.receipt.hosts),
                "anchor": one.anchor,
                "findings": len(one.troubles),
                "not_looked_at": len(one.unseen),
            }
            for one in found.servers
        ],
        "files": [
            {
                "host": seen.row.id,
                "path": str(seen.path),
                "servers": [masked(server.name) for server in seen.servers],
            }
            for seen in found.hosts.files
        ],
        "state": {
            "data": str(found.state.data),
            "cache_files": found.state.cache.files,
            "cache_bytes": found.state.cache.bytes,
            "busy": found.state.busy,
        },
    }


def _trouble(one: Trouble) -> Object:
    return {
        "kind": str(one.kind),
        "subject": one.subject,
        "message": masked(one.message),
        "fix": masked(one.fix),
        "path": None if one.path is None else str(one.path),
    }


def _unseen(one: Unseen) -> Object:
    return {
        "subject": one.subject,
        "code": str(one.error.code),
        "message": one.error.message,
        "hint": one.error.hint,
    }


def reason(found: Reason) -> Object:
    """Return why a name stands in hosts' files; no secret."""
    return {
        "name": found.name,
        "servers": [_origin(one) for one in found.origins],
        "others": [_place(one) for one in found.others],
        "not_read": [
            {"subject": one.subject, "code": one.code, "message": one.message}
            for one in found.unread
        ],
    }


def _origin(one: Origin) -> Object:
    return {
        **json_output.receipt(one.receipt),
        "command": list(one.command),
        "environment": [json_output.variable(value) for value in one.environment],
        "inputs": [
            {
                "name": value.name,
                "source": value.source,
                "secret": value.secret,
                "reference": value.reference,
                "value": None if value.secret else value.value,
            }
            for value in one.receipt.inputs
        ],
        "unreviewed_arguments": list(one.receipt.extra_arguments),
        "generation": one.receipt.generation,
        "current": one.current,
        "changes": [json_output.record(record) for record in one.records],
        "reviews": [
            {"by": review.by, "on": review.on, "signed": review.by in one.reviewers}
            for review in one.reviews
        ],
        "places": [_place(place) for place in one.places],
        "revoked": json_output.revoked(one.withdrawal),
        "discounted_reviews": list(one.discounted),
        "removed_by": one.removed_by,
    }


def _place(one: Place) -> Object:
    # Arguments of entries that are not ours may hold secrets: their number alone.
    return {
        "host": one.row.id,
        "path": None if one.path is None else str(one.path),
        "state": str(one.state),
        "command": one.command,
        "arguments": len(one.args),
        "address": one.address or None,
    }
