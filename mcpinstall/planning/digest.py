"""The plan digest: what `--dry-run` prints and `--expect-digest` compares (design §3)."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.model import json_text
from mcpinstall.model.adoption import KeptFields
from mcpinstall.model.plan import RemotePlan, ServerPlan

_SCHEMA = 1


def plan_digest(servers: Sequence[ServerPlan], rows: Sequence[str]) -> str:
    """Return the sha256 of everything that was decided, 64 lowercase hexadecimal characters.

    Equal on every machine for the same decision: it holds no absolute path, time or platform.
    """
    return json_text.digest(
        {
            "schema": _SCHEMA,
            "servers": sorted((_decided(server) for server in servers), key=json_text.canonical),
            "hosts": sorted(rows),
        }
    )


def _decided(server: ServerPlan) -> dict[str, object]:
    reviewed, manifest = server.reviewed, server.reviewed.manifest
    return {
        **_elsewhere(server.remote),
        **_adopted(server.entry.keeps),
        "name": manifest.name,
        "version": manifest.version,
        "entry": server.entry.name,
        "manifest": reviewed.manifest_sha256,
        "lock": reviewed.lock.sha256,
        "tools": reviewed.tools.sha256,
        "review": reviewed.registry.review.value,
        "argv": list(server.argv_template),
        "environment": sorted(value.name for value in server.entry.env),
        "permissions": {
            "network": list(manifest.permissions.network),
            "read": list(manifest.permissions.read),
            "write": list(manifest.permissions.write),
            "exec": list(manifest.permissions.exec),
        },
    }


def _adopted(keeps: KeptFields | None) -> dict[str, object]:
    """Return the names of what an adopted entry keeps."""
    if keeps is None:
        return {}
    forwarded = {"forwarded": list(keeps.forwarded)} if keeps.forwarded else {}
    return {"keeps": {"variables": list(keeps.variables), "keys": list(keeps.keys), **forwarded}}


def _elsewhere(remote: RemotePlan | None) -> dict[str, object]:
    """Return what was decided of a remote server: no value of this user."""
    if remote is None:
        return {}
    return {
        "remote": {
            "transport": remote.transport,
            "url": remote.url_template,
            "headers": sorted(remote.headers),
        }
    }
