"""Attack L07: a signature file is made to break whoever reads it, or to be read two ways.

Who: whoever can write a signature file.
Stopped by: 1: `verified` is said in one place, behind every check; any exception, a bug of the
library included, is less than that.
Twin: `test_the_bundle_that_all_this_is_made_from_verifies`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import signatures
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Outcome
from mcpinstall.model.signing import PersonSigner, Subject, Verdict
from mcpinstall.signatures import REGISTRY_TYPE, TrustRoot, statements, verifying
from mcpinstall.system import limits
from tests.builders.signed_folders import ADA, SignedFolder, named
from tests.builders.sigstore_instance import Instance

INSTANCE = Instance()
ROOT = TrustRoot(INSTANCE.trusted_root)
SIGNER = PersonSigner(issuer=ADA.issuer, identity=ADA.name)
SUBJECT = Subject(name="registry.toml", sha256="ab" * 32)
BUNDLE = INSTANCE.sign_statement(SUBJECT, REGISTRY_TYPE, ADA)
Change = Callable[[dict[str, Any]], object]


def verdict(bundle: bytes | None) -> Verdict:
    return signatures.verify_statement(SUBJECT, bundle, SIGNER, ROOT, (REGISTRY_TYPE,))


def test_the_bundle_that_all_this_is_made_from_verifies() -> None:
    found = verdict(BUNDLE)

    assert found.outcome is Outcome.VERIFIED
    assert found.signed_by is not None
    assert (found.signed_by.issuer, found.signed_by.identity) == (ADA.issuer, ADA.name)


def test_no_signature_is_absent() -> None:
    assert verdict(None).outcome is Outcome.ABSENT


def test_a_log_entry_as_it_was_proposed_is_refused() -> None:
    """The library's own reader ends with an `AttributeError` here."""
    bundle = INSTANCE.sign_statement(SUBJECT, REGISTRY_TYPE, ADA, proposed=True)

    assert verdict(bundle).outcome is Outcome.FAILED


@pytest.mark.parametrize("error", [RuntimeError, RecursionError, MemoryError, BaseException])
def test_a_bug_of_the_library_verifies_nothing(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    from sigstore.verify import Verifier

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(Verifier, "verify_dsse", broken)

    assert verdict(BUNDLE).outcome is Outcome.FAILED


def test_an_interruption_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from sigstore.verify import Verifier

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Verifier, "verify_dsse", interrupted)

    with pytest.raises(KeyboardInterrupt):
        verdict(BUNDLE)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path] * bool(path) + [
        one for key, inner in items for one in places(inner, (*path, key))
    ]


UNSIGNED = {("dsseEnvelope", "signatures", 0, "keyid")}
"""What no signature covers and nothing reads."""


@pytest.mark.parametrize("value", [None, "", 7, [], {}, "AAAA", "-1", 1e400, "\u202e"], ids=repr)
def test_no_field_can_be_exchanged(value: object) -> None:
    for path in places(json.loads(BUNDLE)):
        document = json.loads(BUNDLE)
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        before, place[path[-1]] = place[path[-1]], value
        if before == value or path in UNSIGNED:
            continue
        found = verdict(json.dumps(document).encode())

        assert found.outcome in {Outcome.FAILED, Outcome.UNSUPPORTED}, (path, value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        BUNDLE[:-1],
        BUNDLE + BUNDLE,
        b"\xef\xbb\xbf" + BUNDLE,
        b" " * (limits.SIGNATURE_BYTES + 1) + BUNDLE,
        BUNDLE.replace(b'{"mediaType"', b'{"mediaType": "x", "mediaType"', 1),
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    assert verdict(data).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "payload",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicateType": "https://slsa.dev/provenance/v1"},
        {"predicateType": None},
        {"subject": []},
        {"subject": None},
        {"subject": [{"name": "registry.toml"}]},
        {"subject": [{"name": "registry.toml", "digest": {"sha512": "ab" * 32}}]},
        {"subject": [{"name": "registry.toml", "digest": {"sha256": "AB" * 32}}]},
        {"subject": [{"name": "Registry.toml", "digest": {"sha256": "ab" * 32}}]},
        {"subject": [{"name": "registry.toml", "digest": {"sha256": "ab" * 32}}] * 2},
    ],
)
def test_a_signed_statement_about_anything_else_is_refused(payload: dict[str, object]) -> None:
    text = statements.text(SUBJECT, REGISTRY_TYPE, {})
    other = json.dumps({**json.loads(text), **payload}).encode()

    assert verdict(INSTANCE.sign_payload(text, ADA)).outcome is Outcome.VERIFIED
    assert verdict(INSTANCE.sign_payload(other, ADA)).outcome is Outcome.FAILED


def test_a_signed_payload_of_another_type_is_refused() -> None:
    text = statements.text(SUBJECT, REGISTRY_TYPE, {})

    found = verdict(INSTANCE.sign_payload(text, ADA, payload_type="text/plain"))

    assert found.outcome is Outcome.FAILED


def test_a_statement_with_one_key_twice_is_refused() -> None:
    text = statements.text(SUBJECT, REGISTRY_TYPE, {})
    twice = text.replace(b'{"_type"', b'{"subject":[],"_type"', 1)

    assert verdict(INSTANCE.sign_payload(twice, ADA)).outcome is Outcome.FAILED


def test_old_kinds_are_told_apart_and_count_for_nothing() -> None:
    document = json.loads(BUNDLE)
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    entry["kindVersion"] = {"kind": "intoto", "version": "0.0.2"}

    assert verdict(json.dumps(document).encode()).outcome is Outcome.UNSUPPORTED


def test_a_flood_of_signatures_is_refused(tmp_path: Path) -> None:
    folder = SignedFolder(tmp_path)
    folder.trust(named("ada", ADA))
    folder.write_signatures([b'{"a": 1}'] * (limits.SIGNATURES + 1))

    with pytest.raises(McpInstallError) as refused:
        folder.found()

    assert refused.value.code is ErrorCode.SIGNATURE_INVALID


def test_evidence_is_short_and_one_line() -> None:
    document = json.loads(BUNDLE)
    body = base64.b64encode(b"x\n" * 5000).decode()
    document["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"] = body

    found = verdict(json.dumps(document).encode())

    assert found.outcome is Outcome.FAILED
    assert len(found.evidence) <= verifying._EVIDENCE
    assert "\n" not in found.evidence
