"""Attestations as text: the provenance document of an index (PEP 740), and `attestations.json`.

Both only carry attestations.  What a document says of the publisher is no evidence and is not
even read: identity comes from the certificate of an attestation that was verified.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json

Carried = Mapping[str, tuple[bytes, ...]]
"""File name → its attestations, each as canonical JSON."""

BUNDLES = 8
"""Publishers of one file; an index has one."""
ATTESTATIONS = 16
"""Attestations of one file; today one says who uploaded it, another how it was built."""
FILES = 5000
"""Files in one `attestations.json`; a closure of 41 packages has 590 wheels."""
_VERSION = 1


def parse_provenance(data: bytes) -> tuple[bytes, ...]:
    """Return the attestations of a provenance document, in its order; never none.

    Keys that are not known are passed over, for an index may add some.

    Raises:
        McpInstallError: `json-invalid`.
    """
    top = _object(json_text.parse(data, "provenance"), "the document")
    _require_version(top, "the provenance document")
    found: list[bytes] = []
    for bundle in _list(top.get("attestation_bundles"), "attestation_bundles", BUNDLES):
        group = _object(bundle, "attestation_bundles")
        _object(group.get("publisher"), "publisher")
        found += _attestations(group.get("attestations"))
    if not 1 <= len(found) <= ATTESTATIONS:
        raise _invalid(f"it has {len(found)} attestations, not 1 to {ATTESTATIONS}")
    return tuple(found)


def parse_carried(data: bytes, where: str = "attestations.json") -> Carried:
    """Parse attestations that are carried beside a manifest.

    Raises:
        McpInstallError: `json-invalid`.
    """
    top = _object(json_text.parse(data, where), where)
    _require_version(top, f"`{where}`")
    if top.keys() != {"version", "files"}:
        raise _invalid(f"`{where}` has other keys than `version` and `files`")
    files = _object(top["files"], "files")
    if len(files) > FILES:
        raise _invalid(f"`{where}` names more than {FILES} files")
    return {name: tuple(_attestations(value)) for name, value in files.items()}


def dump_carried(carried: Mapping[str, Iterable[bytes]]) -> bytes:
    """Return the text of an `attestations.json`; `parse_carried` gives the same back."""
    files = {
        name: [json_text.parse(one, "attestation") for one in attestations]
        for name, attestations in carried.items()
    }
    return json_text.canonical({"version": _VERSION, "files": files}) + b"\n"


def _attestations(value: Json) -> list[bytes]:
    items = _list(value, "attestations", ATTESTATIONS)
    found = [_object(item, "attestations") for item in items]
    for one in found:
        _require_version(one, "an attestation")
    return [json_text.canonical(one) for one in found]


def _require_version(table: Mapping[str, Json], what: str) -> None:
    if table.get("version") != _VERSION or isinstance(table.get("version"), bool):
        raise _invalid(f"{what} is not of version {_VERSION}")


def _object(value: Json, name: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise _invalid(f"`{name}` is not an object")
    return value


def _list(value: Json, name: str, limit: int) -> Sequence[Json]:
    if not isinstance(value, list) or not 1 <= len(value) <= limit:
        raise _invalid(f"`{name}` is not a list of 1 to {limit} items")
    return value


def _invalid(why: str) -> McpInstallError:
    return McpInstallError(ErrorCode.JSON_INVALID, f"attestations can't be read: {why}")
