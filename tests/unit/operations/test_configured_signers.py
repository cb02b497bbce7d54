"""What `config.toml` may say of signers."""

from __future__ import annotations

from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.fields import Fields
from mcpinstall.model.signing import PersonSigner, Signing, WorkflowSigner
from mcpinstall.operations import configured_signers
from tests.builders.signed_folders import ADA, BOB, named, named_workflow
from tests.builders.sigstore_instance import workflow

TWO = [named("ada", ADA), named("bob", BOB)]


def parsed(**table: object) -> Signing | None:
    return configured_signers.parse(Fields.of(table, ErrorCode.CONFIG_INVALID, "registries[0]"))


def test_a_table_without_signers_trusts_nobody() -> None:
    assert parsed(name="mine", kind="folder") is None


def test_people_and_workflows() -> None:
    found = parsed(signers=[*TWO, named_workflow("release", workflow())], threshold=2)

    assert found is not None
    assert [one.name for one in found.signers] == ["ada", "bob", "release"]
    assert isinstance(found.signers[0].signer, PersonSigner)
    assert isinstance(found.signers[2].signer, WorkflowSigner)
    assert (found.threshold, found.trust_config, found.rules) == (2, "", ())


def test_the_rule_that_names_a_namespace_goes_before_the_one_for_all() -> None:
    rules = [{"namespaces": ["*"], "signers": ["ada"]}, {"namespaces": ["a.b"], "signers": ["bob"]}]

    found = parsed(signers=TWO, reviewers=rules)

    assert found is not None
    assert [getattr(found.rule_for(name), "signers", None) for name in ("a.b", "a.c")] == [
        ("bob",), ("ada",)
    ]  # fmt: skip


PERSON: dict[str, Any] = named("ada", ADA)
FLOW: dict[str, Any] = named_workflow("release", workflow())


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"threshold": 1}, "threshold"),
        ({"trust-config": "a.json"}, "trust-config"),
        ({"reviewers": []}, "reviewers"),
        ({"signers": []}, "signers"),
        ({"signers": "ada"}, "signers"),
        ({"signers": [PERSON, PERSON]}, "signers"),
        ({"signers": [PERSON, {**PERSON, "name": "again"}]}, "signers"),
        ({"signers": [{**PERSON, "name": " "}]}, "signers[0].name"),
        ({"signers": [{**PERSON, "identity": ""}]}, "signers[0].identity"),
        ({"signers": [{**PERSON, "issuer": ""}]}, "signers[0].issuer"),
        ({"signers": [{**PERSON, "ref": "refs/tags/*"}]}, "signers[0].ref"),
        ({"signers": [{**FLOW, "owner-id": "acme"}]}, "signers[0].owner-id"),
        ({"signers": [{**FLOW, "ref": ""}]}, "signers[0].ref"),
        ({"signers": [{k: v for k, v in FLOW.items() if k != "ref"}]}, "signers[0].ref"),
        ({"signers": TWO, "threshold": 3}, "threshold"),
        ({"signers": TWO, "threshold": 0}, "threshold"),
        ({"signers": TWO, "threshold": True}, "threshold"),
        ({"signers": TWO, "reviewers": [{"signers": ["ada"]}]}, "namespaces"),
        ({"signers": TWO, "reviewers": [{"namespaces": ["a/b"], "signers": ["ada"]}]},
         "namespaces"),
        ({"signers": TWO, "reviewers": [{"namespaces": ["a.b"], "signers": ["eve"]}]}, "signers"),
        ({"signers": TWO, "reviewers": [{"namespaces": ["a.b"], "signers": []}]}, "signers"),
        ({"signers": TWO, "reviewers": [
            {"namespaces": ["a.b"], "signers": ["ada", "ada"], "threshold": 2}]}, "signers"),
        ({"signers": TWO, "reviewers": [{"namespaces": ["a.b"], "signers": ["ada"]}] * 2},
         "reviewers"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_refused(table: dict[str, object], place: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        parsed(**table)

    assert refused.value.code is ErrorCode.CONFIG_INVALID
    assert place in refused.value.message
