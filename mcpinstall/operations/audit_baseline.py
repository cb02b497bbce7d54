"""A baseline: fingerprints of findings that are known, so that only new ones fail."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.finding import Finding
from mcpinstall.system import limits
from mcpinstall.system.files import read_bounded, write_atomic

_SCHEMA = "mcpi.audit-baseline/v1"


def read_baseline(path: Path) -> frozenset[str]:
    """Return the fingerprints of a file that `write_baseline` wrote.

    Raises:
        McpInstallError: `file-unreadable`; `config-invalid` for anything else.
    """
    data = read_bounded(path, limits.STATE_BYTES)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    found = document.get("fingerprints") if isinstance(document, dict) else None
    known = isinstance(document, dict) and document.get("schema") == _SCHEMA
    if not known or not isinstance(found, list) or not all(isinstance(f, str) for f in found):
        raise McpInstallError(
            ErrorCode.CONFIG_INVALID,
            f"`{path}` is no baseline of `mcpi audit`",
            hint="`mcpi audit --save-baseline FILE` writes one",
        )
    return frozenset(found)


def write_baseline(path: Path, findings: Iterable[Finding]) -> None:
    """Write the fingerprints of findings, which hold nothing secret.

    Raises:
        McpInstallError: `disk-failed`.
    """
    fingerprints = sorted({one.fingerprint for one in findings})
    text = json.dumps({"schema": _SCHEMA, "fingerprints": fingerprints}, indent=2)
    write_atomic(path, f"{text}\n".encode(), mode=0o644)
