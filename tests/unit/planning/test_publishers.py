"""Check 5: identities compared, and the words for what is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Outcome
from mcpinstall.model.manifest import Publisher
from mcpinstall.model.publisher import (
    Identity,
    Origin,
    PackageFile,
    Provenance,
    identity_of,
    misfit,
    unlike,
)
from mcpinstall.model.signing import SignedBy
from mcpinstall.planning import publishers
from mcpinstall.planning.publishers import Seen

ORIGIN = Origin(digest="0" * 64, address="https://index.example/simple")
HOME = "https://forge.example/acme/clock"
SAID = SignedBy(
    issuer="https://token.forge.example",
    identity=f"{HOME}/.forge/release.yml@refs/tags/v1",
    repository=HOME,
    repository_id="1",
    owner_id="2",
    workflow=f"{HOME}/.forge/release.yml@refs/tags/v1",
    ref="refs/tags/v1",
    runner="hosted",
)
PUBLISHER = Publisher(
    issuer=SAID.issuer, repository=HOME, repository_id="1", owner_id="2",
    workflow=".forge/release.yml", ref="refs/tags/v*", runner="hosted",
)  # fmt: skip


def provenance(package: str, *signers: SignedBy, outcome: Outcome | None = None) -> Provenance:
    file = PackageFile(
        ecosystem="pypi", package=package, version="1", filename=f"{package}-1.whl", sha256="a" * 64
    )
    return Provenance(
        file=file,
        outcome=outcome or (Outcome.VERIFIED if signers else Outcome.ABSENT),
        evidence="said so",
        signers=signers,
        origin=ORIGIN,
    )


def unseen(*files: Provenance) -> dict[str, Seen]:
    return {one.file.package: Seen(identities={}, place="/record.json") for one in files}


def at(ref: str, path: str = ".forge/release.yml", slash: str = "/") -> SignedBy:
    return replace(SAID, workflow=f"{HOME}{slash}{path}@{ref}", ref=ref)


@pytest.mark.parametrize(
    ("said", "workflow", "ref"),
    [
        (SAID, ".forge/release.yml", "refs/tags/*"),
        (at("refs/tags/pkg/v1"), ".forge/release.yml", "refs/tags/*"),
        (at("refs/heads/main"), ".forge/release.yml", "refs/heads/main"),
        (at("refs/heads/main", ".ci.yml", "//"), ".ci.yml", "refs/heads/main"),
        (replace(SAID, workflow="https://elsewhere/x@refs/tags/v1"), "https://elsewhere/x",
         "refs/tags/*"),
        (replace(SAID, workflow=f"{HOME}-evil/x@refs/tags/v1"), f"{HOME}-evil/x", "refs/tags/*"),
        (SignedBy(issuer="https://i.example", identity="a@b.example"), "a@b.example", ""),
    ],
)  # fmt: skip
def test_an_identity_holds_no_version(said: SignedBy, workflow: str, ref: str) -> None:
    found = identity_of(said)

    assert (found.workflow, found.ref) == (workflow, ref)
    assert unlike(found, said) == ""


def test_every_part_of_an_identity_is_compared() -> None:
    seen = identity_of(SAID)
    parts = [one.name for one in fields(Identity)]

    differing = [unlike(replace(seen, **{part: "other"}), SAID) for part in parts]

    assert differing == [
        "issuer", "repository", "repository id", "owner id", "workflow", "git reference", "runner"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "part", ["issuer", "repository", "repository_id", "owner_id", "workflow", "ref", "runner"]
)
def test_every_part_of_a_manifests_publisher_is_compared(part: str) -> None:
    assert misfit(PUBLISHER, SAID) == ""
    assert misfit(replace(PUBLISHER, **{part: "other"}), SAID) != ""
    assert (misfit(replace(PUBLISHER, **{part: ""}), SAID) == "") == (part == "runner")


def test_the_line_is_a_fact_with_its_count() -> None:
    others = [provenance(f"lib{n}") for n in range(39)]
    files = [
        provenance("clock", SAID),
        provenance("lib", replace(SAID, repository="x/a/b")),
        *others,
    ]

    of_main = publishers.unreviewed("s", "clock", files, unseen(*files), offline=False)
    of_others = publishers.unreviewed("s", "clock", files[1:], unseen(*files), offline=False)

    assert of_main.check.outcome is Outcome.VERIFIED
    assert of_main.check.evidence.startswith("2 of 41 packages: acme/clock by release.yml, a/b by")
    assert [one.publisher.package for one in of_main.to_keep] == ["clock", "lib"]
    assert of_others.check.outcome is Outcome.ABSENT
    assert of_others.check.evidence.startswith("1 of 40 packages, not of `clock` itself: a/b by")
    assert of_others.main is None


@pytest.mark.parametrize("outcome", [Outcome.ABSENT, Outcome.UNSUPPORTED, Outcome.NOT_CHECKED])
def test_what_nobody_needs_to_know_stops_nothing(outcome: Outcome) -> None:
    files = [provenance("clock", outcome=outcome)]

    found = publishers.unreviewed("s", "clock", files, unseen(*files), offline=False)

    assert found.check.outcome is outcome
    assert found.check.evidence.startswith("0 of 1 package: ")
    assert found.to_keep == ()


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.ABSENT, "publisher-missing"),
        (Outcome.UNSUPPORTED, "publisher-unverified"),
        (Outcome.NOT_CHECKED, "publisher-unverified"),
        (Outcome.FAILED, "publisher-unverified"),
    ],
)
def test_less_than_what_was_seen_is_refused_for_both_kinds(outcome: Outcome, code: str) -> None:
    one = provenance("clock", outcome=outcome)
    seen = {"clock": Seen(identities={ORIGIN.digest: identity_of(SAID)}, place="/record.json")}

    acts: list[Callable[[], object]] = [
        lambda: publishers.unreviewed("s", "clock", [one], seen, offline=False),
        lambda: publishers.unreviewed(
            "s", "clock", [replace(one, origin=None)], seen, offline=False
        ),
        lambda: publishers.certified("s", "clock", PUBLISHER, [provenance("clock", SAID), one]),
    ]
    for act in acts:
        with pytest.raises(McpInstallError) as refused:
            act()
        assert refused.value.code == code
        assert "acme/clock (id 1, owner 2)" in refused.value.evidence


def test_another_index_has_its_own_memory() -> None:
    one = provenance("clock", replace(SAID, owner_id="9"))
    seen = {"clock": Seen(identities={"1" * 64: identity_of(SAID)}, place="/record.json")}

    found = publishers.unreviewed("s", "clock", [one], seen, offline=False)

    assert [new.origin for new in found.to_keep] == [ORIGIN]
