"""Attack T44: a registry vouches for names whose reviewers are others.

Who: an owner of the registry, or whoever took an owner's account over.
Stopped by: check 1: for a namespace with reviewers of its own, only their signatures over that
very manifest count; without them its servers are NOT REVIEWED.
Twin: `test_a_review_that_its_namespace_asks_for_is_certified`,
`test_a_namespace_without_a_rule_needs_the_registry_alone`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.manifest import Manifest, Review
from mcpinstall.model.registry import ReviewState
from mcpinstall.planning import policy
from mcpinstall.registries import MANIFEST_SIGNATURES
from tests.builders.registry_folders import NAME, RegistryFolder, manifest
from tests.builders.signed_folders import ADA, BOB, EVE, SignedFolder, named

ALICES = "io.github.alice/clock"
OTHER = "com.example/other"


def reviewed(name: str, *authors: str) -> Manifest:
    reviews = tuple(Review(by=one, on="2026-11-22", criteria=("locked",)) for one in authors)
    return replace(manifest(name), reviews=reviews)


@pytest.fixture
def folder(tmp_path: Path) -> SignedFolder:
    """A registry of Bob's, in which Alice's names need two reviews: Ada's and Eve's."""
    made = SignedFolder(tmp_path)
    made.registry = RegistryFolder(tmp_path / "registry")
    made.registry.add(reviewed(ALICES, "ada", "eve", "bob"))
    made.registry.add(reviewed(OTHER, "ada", "bob"))
    made.registry.add(reviewed(NAME, "bob"))
    made.trust(
        named("bob", BOB), named("ada", ADA), named("eve", EVE),
        reviewers=[
            {"namespaces": ["io.github.alice"], "signers": ["ada", "eve"], "threshold": 2},
            {"namespaces": ["*"], "signers": ["ada"]},
            {"namespaces": [NAME.partition("/")[0]], "signers": ["bob"]},
        ],
    )  # fmt: skip
    made.sign(BOB)
    return made


def state(folder: SignedFolder, name: str) -> ReviewState:
    return folder.found(name).registry.review


def test_a_review_that_its_namespace_asks_for_is_certified(folder: SignedFolder) -> None:
    folder.review(ADA, EVE, name=ALICES)
    folder.review(ADA, name=OTHER)
    folder.review(BOB, name=NAME)

    assert state(folder, ALICES) is ReviewState.CERTIFIED
    assert state(folder, OTHER) is ReviewState.CERTIFIED
    assert state(folder, NAME) is ReviewState.CERTIFIED
    found = folder.found(ALICES).registry
    assert found.reviewers == ("ada", "eve")
    assert "2 of 2 signed reviews that its namespace needs" in found.check.evidence


def test_a_namespace_without_a_rule_needs_the_registry_alone(folder: SignedFolder) -> None:
    folder.trust(named("bob", BOB))

    assert state(folder, ALICES) is ReviewState.CERTIFIED
    assert folder.found(ALICES).registry.reviewers == ()


def test_the_registry_alone_is_not_enough(folder: SignedFolder) -> None:
    for name in (ALICES, OTHER, NAME):
        assert state(folder, name) is ReviewState.UNREVIEWED


def test_another_case_of_letters_is_the_same_namespace(folder: SignedFolder) -> None:
    folder.registry.add(reviewed("io.github.Alice/clock", "ada", "bob"))
    folder.sign(BOB)
    folder.review(ADA, name="io.github.Alice/clock")

    assert state(folder, "io.github.Alice/clock") is ReviewState.UNREVIEWED


def test_a_server_without_its_reviews_is_refused_unattended(folder: SignedFolder) -> None:
    with pytest.raises(McpInstallError) as refused:
        policy.check(folder.found(ALICES), unattended=True)

    assert refused.value.code is ErrorCode.POLICY_REFUSED


def test_the_owner_of_the_registry_does_not_replace_a_reviewer(folder: SignedFolder) -> None:
    folder.review(BOB, ADA, name=ALICES)

    assert state(folder, ALICES) is ReviewState.UNREVIEWED


def test_one_reviewer_twice_is_one(folder: SignedFolder) -> None:
    folder.review(ADA, ADA, name=ALICES)

    assert state(folder, ALICES) is ReviewState.UNREVIEWED


def test_a_review_of_another_server_does_not_count(folder: SignedFolder) -> None:
    folder.review(ADA, name=OTHER)
    signatures = folder.registry.path(MANIFEST_SIGNATURES, OTHER)
    folder.registry.path(MANIFEST_SIGNATURES, ALICES).write_bytes(signatures.read_bytes())
    signatures.unlink()

    assert folder.found(ALICES).registry.reviewers == ()


def test_a_signer_whose_review_is_not_in_the_manifest_does_not_count(folder: SignedFolder) -> None:
    folder.review(EVE, name=OTHER)

    assert folder.found(OTHER).registry.reviewers == ()


def test_a_name_claimed_in_the_manifest_is_not_a_signature(folder: SignedFolder) -> None:
    folder.review(EVE, EVE, name=ALICES)

    assert folder.found(ALICES).registry.reviewers == ("eve",)
