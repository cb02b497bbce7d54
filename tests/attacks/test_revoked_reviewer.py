"""Attack T44: somebody whose word was taken back vouches on, with a key that still signs.

Who: a thief of a reviewer's or publisher's key, a reviewer who was bought.
Stopped by: check 3: reviews of a revoked reviewer don't count, however well they are signed;
check 1: a key that was taken out of a delegation signs nothing.
Twin: `test_a_server_that_keeps_enough_reviewers_stays_certified`,
`test_the_new_reviewers_of_a_namespace_vouch_for_it`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text, tuf_layout
from mcpinstall.model.manifest import Manifest, Review
from mcpinstall.model.registry import IndexRow, ReviewState
from mcpinstall.model.revocation import ReviewerRevocation
from mcpinstall.operations import registry_owner
from mcpinstall.operations.registry_owner import Delegation
from mcpinstall.registries import Registry, tuf_keys
from mcpinstall.registries.tuf_repository import Repository
from tests.builders.registry_folders import NAME, RegistryFolder, manifest, server_json
from tests.builders.signed_folders import ADA, BOB, EVE, SignedFolder, named
from tests.builders.tuf_world import PASSPHRASE, Site, TufWorld, ask, lonely_context

ALICES = "io.github.alice/clock"
NAMESPACE = "io.github.alice"
FACTS = {"reason": "the key was stolen", "date": "2026-11-23"}


def reviewed(name: str, **authors: str) -> Manifest:
    """A manifest that each of `authors` reviewed on a day."""
    reviews = tuple(Review(by=who, on=on, criteria=("locked",)) for who, on in authors.items())
    return replace(manifest(name), reviews=reviews)


def signed_folder(tmp_path: Path, threshold: int) -> SignedFolder:
    """A registry of Bob's; Alice's names need reviews of `threshold` of Ada and Eve."""
    made = SignedFolder(tmp_path)
    made.registry = RegistryFolder(tmp_path / "registry")
    made.registry.add(reviewed(ALICES, ada="2026-11-20", eve="2026-11-22"))
    made.trust(
        named("bob", BOB), named("ada", ADA), named("eve", EVE),
        reviewers=[
            {"namespaces": [NAMESPACE], "signers": ["ada", "eve"], "threshold": threshold},
        ],
    )  # fmt: skip
    made.sign(BOB)
    made.review(ADA, EVE, name=ALICES)
    return made


def revoke(folder: SignedFolder, who: str, since: str = "") -> None:
    folder.registry.withdraw(ReviewerRevocation(reviewer=who, since=since, **FACTS))
    folder.sign(BOB)


def refusal(folder: SignedFolder) -> ErrorCode:
    with pytest.raises(McpInstallError) as refused:
        folder.found(ALICES)
    assert "the key was stolen" in refused.value.message
    return refused.value.code


def test_a_server_that_keeps_enough_reviewers_stays_certified(tmp_path: Path) -> None:
    folder = signed_folder(tmp_path, threshold=1)
    revoke(folder, "eve")

    found = folder.found(ALICES)

    assert found.registry.review is ReviewState.CERTIFIED
    assert found.registry.reviewers == ("ada",)
    assert [review.by for review in found.manifest.reviews] == ["ada"]
    evidence = found.registry.check.evidence
    assert "1 of 1 signed reviews that its namespace needs" in evidence
    assert "the review of `eve` does not count: revoked, the key was stolen" in evidence


def test_a_signature_of_a_revoked_reviewer_does_not_count(tmp_path: Path) -> None:
    folder = signed_folder(tmp_path, threshold=2)
    assert folder.found(ALICES).registry.review is ReviewState.CERTIFIED
    revoke(folder, "eve")

    assert refusal(folder) is ErrorCode.REVIEWER_REVOKED


def test_another_spelling_does_not_bring_a_reviewer_back(tmp_path: Path) -> None:
    folder = signed_folder(tmp_path, threshold=2)
    revoke(folder, " EVE")

    assert refusal(folder) is ErrorCode.REVIEWER_REVOKED


def test_reviews_of_the_day_and_later_do_not_count_and_older_ones_do(tmp_path: Path) -> None:
    folder = signed_folder(tmp_path, threshold=2)
    revoke(folder, "ada", since="2026-11-21")
    assert folder.found(ALICES).registry.review is ReviewState.CERTIFIED
    revoke(folder, "eve", since="2026-11-21")

    assert refusal(folder) is ErrorCode.REVIEWER_REVOKED


def test_a_server_without_enough_reviews_does_not_become_an_unreviewed_one(tmp_path: Path) -> None:
    """Else the revocation would lead to a question that a person may answer with yes."""
    folder = signed_folder(tmp_path, threshold=2)
    folder.review(ADA, name=ALICES)
    assert folder.found(ALICES).registry.review is ReviewState.UNREVIEWED
    revoke(folder, "eve")

    assert refusal(folder) is ErrorCode.REVIEWER_REVOKED


# Keys of a namespace's reviewers -----------------------------------------------------------------


@pytest.fixture
def tuf(tmp_path: Path) -> Iterator[TufWorld]:
    """Mallory reviewed `io.github.alice`, until the registry gave that to Ana."""
    folder = RegistryFolder(tmp_path / "manifests").add(alias="clock")
    folder.add(manifest(ALICES), server=server_json(ALICES))
    (tmp_path / "user").mkdir()
    made = TufWorld(
        root=tmp_path, manifests=folder.folder, context=lonely_context(tmp_path / "user")
    )
    made.begin().publish()
    for name in ("mallory", "ana"):
        made.new_key(name)
        delegate(made, name)
    with Site(made.folder) as made.site:
        yield made


def delegate(tuf: TufWorld, name: str) -> None:
    registry_owner.delegate(
        tuf.folder,
        Delegation(namespace=NAMESPACE, held=tuf.held(name)),
        [tuf.key(key) for key in ("targets-1", "targets-2", "online", name)],
        ask,
        tuf.at(tuf.now),
    )


def opened(tuf: TufWorld) -> Registry:
    source = tuf.trust()
    return registries.open_tuf(
        source, tuf.context.paths, tuf.now, machine=tuf.context.machine, strict=True
    )


def sign_new_version(tuf: TufWorld, name: str) -> None:
    """Sign another record of the namespace with a key, and have the online key include it."""
    signer, online = (tuf_keys.signer(tuf.key(one), PASSPHRASE) for one in (name, "online"))
    repository = Repository(tuf.folder, [online], tuf.now)
    role, path = f"{tuf_layout.NAMESPACE}{NAMESPACE}", tuf_layout.record(ALICES)
    row = IndexRow(name=ALICES, version="9.9", title="T", summary="S", sha256="0" * 64)
    versions = {}
    top = repository.targets()
    assert top is not None
    assert top.signed.delegations is not None
    for one in ("targets", *(top.signed.delegations.roles or {})):
        found = repository.delegated(one)
        assert found is not None
        versions[one] = found.signed.version
    changed = repository.delegated(role)
    assert changed is not None
    changed.signed.targets[path] = repository.put_target(path, registry_text.dump_index([row]))
    changed.signed.version += 1
    changed.signatures.clear()
    changed.sign(signer)
    versions[role] = changed.signed.version
    changed.to_file(str(tuf.metadata / f"{changed.signed.version}.{role}.json"))
    repository.finish(versions)


def test_the_new_reviewers_of_a_namespace_vouch_for_it(tuf: TufWorld) -> None:
    assert opened(tuf).find(ALICES).registry.review is ReviewState.CERTIFIED
    sign_new_version(tuf, "ana")
    tuf.name = "again"

    assert [row.version for row in opened(tuf).rows_of(ALICES)] == ["9.9"]


def test_a_key_that_was_taken_out_signs_nothing(tuf: TufWorld) -> None:
    sign_new_version(tuf, "mallory")
    registry = opened(tuf)

    with pytest.raises(McpInstallError) as refused:
        registry.rows_of(ALICES)

    assert refused.value.code is ErrorCode.REGISTRY_INVALID
    assert registry.find(NAME).manifest.name == NAME  # the rest is not touched by it
