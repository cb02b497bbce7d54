"""Reports against their published schemas."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

from tests.conftest import ROOT

AUDIT = ROOT / "docs/schemas/audit-v1.json"
SARIF = ROOT / "tests/data/sarif/sarif-schema-2.1.0.json"


@functools.cache
def _validator(path: Path, *, is_closed: bool) -> Any:  # noqa: ANN401 (the package has no types)
    schema = json.loads(path.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(_closed(schema) if is_closed else schema, format_checker=kind.FORMAT_CHECKER)


def faults(document: object, schema: Path, *, is_closed: bool = False) -> list[str]:
    """Return where a document breaks a schema; a closed one has no field that it doesn't name."""
    validator = _validator(schema, is_closed=is_closed)
    return [f"{one.json_path}: {one.message[:300]}" for one in validator.iter_errors(document)]


def _closed(schema: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Return a schema whose objects have no other fields than those that it names."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items()}
    if "$defs" in found:
        for name, one in found["$defs"].items():
            if name != "finding":  # (others say more about one)
                found["$defs"][name] = {**one, "unevaluatedProperties": False}
        found["unevaluatedProperties"] = False
    return found
