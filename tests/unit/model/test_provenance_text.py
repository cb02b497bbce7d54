"""Attestations as text: what an index sends, what a manifest's folder carries."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, provenance_text

ONE = {"version": 1, "envelope": {"statement": "x"}, "verification_material": {}}
TEXT = json_text.canonical(ONE)


def document(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    bundle = {"publisher": {"kind": "any"}, "attestations": [ONE]}
    return {"version": 1, "attestation_bundles": [bundle], **changes}


def bundles(**changes: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    return [{"publisher": {}, "attestations": [ONE], **changes}]


def test_all_attestations_of_all_publishers_are_found_in_order() -> None:
    other = {**ONE, "envelope": {}}
    said = document(attestation_bundles=[*bundles(), *bundles(attestations=[other, ONE])], more=1)

    found = provenance_text.parse_provenance(json.dumps(said).encode())

    assert found == (TEXT, json_text.canonical(other), TEXT)


@pytest.mark.parametrize(
    "said",
    [
        document(version=2),
        document(version=True),
        document(version="1"),
        document(attestation_bundles=[]),
        document(attestation_bundles={}),
        document(attestation_bundles=[1]),
        document(attestation_bundles=bundles(publisher=None)),
        document(attestation_bundles=bundles(attestations=[])),
        document(attestation_bundles=bundles(attestations=["x"])),
        document(attestation_bundles=bundles(attestations=[{**ONE, "version": 2}])),
        document(attestation_bundles=bundles(attestations=[ONE] * 17)),
        document(attestation_bundles=bundles(attestations=[ONE] * 10) * 2),
        document(attestation_bundles=bundles() * 9),
        [],
        None,
    ],
)
def test_what_is_no_provenance_is_refused(said: object) -> None:
    with pytest.raises(McpInstallError) as refused:
        provenance_text.parse_provenance(json.dumps(said).encode())

    assert refused.value.code is ErrorCode.JSON_INVALID


def test_one_key_has_one_value() -> None:
    text = (
        json.dumps(document()).encode().replace(b'"version": 1', b'"version": 1, "version": 1', 1)
    )

    with pytest.raises(McpInstallError, match="twice"):
        provenance_text.parse_provenance(text)


def test_what_is_carried_is_read_as_it_was_written() -> None:
    carried = {"a-1-py3-none-any.whl": (TEXT, TEXT), "b-1-py3-none-any.whl": (TEXT,)}

    assert provenance_text.parse_carried(provenance_text.dump_carried(carried)) == carried


@given(
    st.binary()
    | st.from_regex(r'\{"version": ?1, ?"files": ?\{.*\}\}', fullmatch=True).map(str.encode)
)
def test_nothing_but_a_refusal_comes_of_other_text(data: bytes) -> None:
    for parse in (provenance_text.parse_provenance, provenance_text.parse_carried):
        with contextlib.suppress(McpInstallError):
            parse(data)
