"""Attack T05: a reviewed server's file is not by the publisher that its manifest names.

Who: the thief of an index account (no attestation, or one of another repository), whoever can
change a workflow, start it from a branch, move a tag, or register a repository's name again.
Stopped by: 5; issuer, repository, numeric ids, workflow, reference and runner of a verified
attestation of this very file; 4 for other bytes of the same tag.
Twin: `test_a_release_of_the_publisher_is_installed`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model import json_text, provenance_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.signing import Subject
from mcpinstall.operations import install, verify
from mcpinstall.operations.prepared import Prepared
from mcpinstall.operations.provenance import Kept
from mcpinstall.receipts import codec
from tests.builders import attested, wheels
from tests.builders.attested import PUBLISHER, release
from tests.builders.sigstore_instance import Identity, Instance
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

CURSOR = ("cursor",)
EVIL = "https://forge.example/acme-evil/clock"


@pytest.fixture
def instance(world: World) -> Instance:
    made = Instance()
    attested.trust(world, made)
    world.registry.forget("io.github.user/clock")
    world.index.pages.pop("clock-server", None)
    return made


@pytest.fixture
def wheel(world: World, instance: Instance) -> Artifact:
    """A server whose manifest names its publisher; nobody has signed its file yet."""
    del instance
    return world.offer("clock", publisher=PUBLISHER, data=unlike_others(world))


def unlike_others(world: World) -> bytes:
    """A wheel with bytes of its own: what other tests signed does not fit it."""
    marked = f"# {hashlib.sha256(str(world.root).encode()).hexdigest()}\n".encode()
    return wheels.wheel(
        {
            "clock_server/__init__.py": marked + b"def main() -> None: ...\n",
            "clock_server-1.0.dist-info/entry_points.txt": (
                b"[console_scripts]\nclock-server = clock_server:main\n"
            ),
        },
        name="clock_server",
        version="1.0",
    )


def check(prepared: Prepared) -> CheckResult:
    return next(one for one in prepared.plan.checks if one.check is Check.PUBLISHER)


def require_refused(world: World, code: str) -> McpInstallError:
    before = world.host_files()
    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=CURSOR)

    assert refusal(refused) == (code, 3)
    assert "acme/clock (id 1001, owner 77)" in refused.value.evidence
    world.require_untouched(before)
    return refused.value


def test_a_release_of_the_publisher_is_installed(world: World, instance: Instance) -> None:
    wheel = world.offer("clock", publisher=PUBLISHER)
    attested.attest(world.index, wheel, instance, release())

    prepared = world.prepare("clock", hosts=CURSOR)
    done = world.carry_out(prepared)

    assert check(prepared).outcome is Outcome.VERIFIED
    assert check(prepared).evidence == (
        "`clock-server` is by acme/clock by release.yml, as its manifest says"
    )
    assert done is not None
    assert [one.package for one in done.receipts[0].publishers] == ["clock-server"]
    asked = len(world.index.asked("/integrity/"))
    world.reinstall("clock")  # what was verified once needs no index
    assert len(world.index.asked("/integrity/")) == asked
    assert not world.context.paths.publishers.exists()


def test_a_file_that_nobody_signed_is_refused(world: World, wheel: Artifact) -> None:
    del wheel
    require_refused(world, "publisher-missing")


def test_html_of_an_index_that_hides_attestations_is_refused(
    world: World, instance: Instance, wheel: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    attested.attest(world.index, wheel, instance, release())
    monkeypatch.setattr(world.index, "content_type", "text/html")
    honest = world.prepare("clock", hosts=CURSOR)
    assert check(honest).outcome is Outcome.VERIFIED
    install.discard(honest)
    for kept in world.context.paths.attestations.iterdir():
        kept.unlink()

    world.index.listing(wheel).provenance = None

    require_refused(world, "publisher-missing")


@pytest.mark.parametrize(
    ("thief", "part"),
    [
        (release(repository=EVIL), "repository"),
        (release(ids=("1002", "77")), "repository id"),
        (release(ids=("1001", "78")), "owner id"),
        (release(path=".github/workflows/test.yml"), "workflow"),
        (release(ref="refs/heads/main"), "git reference"),
        (release(ref="refs/tags/v1/x"), "git reference"),
        (release(ref="refs/tags/w1"), "git reference"),
        (release(runner="self-hosted"), "runner"),
        (replace(release(), issuer="https://other.example"), "issuer"),
    ],
)
def test_another_publisher_is_refused_with_both_shown(
    world: World, instance: Instance, wheel: Artifact, *, thief: Identity, part: str
) -> None:
    attested.attest(world.index, wheel, instance, thief)

    error = require_refused(world, "publisher-mismatch")

    assert f"{part} differs" in error.message
    assert thief.claims[14] in error.evidence


def test_a_workflow_of_another_repository_with_the_same_path_is_refused(
    world: World, instance: Instance, wheel: Artifact
) -> None:
    """A certificate whose build configuration lies outside its own repository."""
    thief = release()
    claims = {**thief.claims, 18: f"{EVIL}/{attested.RELEASE}@refs/tags/v1.0"}
    attested.attest(world.index, wheel, instance, replace(thief, claims=claims))

    assert "workflow differs" in require_refused(world, "publisher-mismatch").message


@pytest.mark.parametrize(
    "about",
    [
        Subject(name="clock_server-1.0-py3-none-any.whl", sha256="0" * 64),
        Subject(name="clock_server-0.9-py3-none-any.whl", sha256="{}"),
    ],
)
def test_the_attestation_of_another_file_is_refused(
    world: World, instance: Instance, wheel: Artifact, about: Subject
) -> None:
    subject = replace(about, sha256=about.sha256.replace("{}", wheel.sha256))
    signed = attested.attestation(instance, subject, release())
    attested.offer(world.index, wheel, attested.document([signed]))

    require_refused(world, "publisher-unverified")


def test_a_statement_of_another_kind_is_refused(
    world: World, instance: Instance, wheel: Artifact
) -> None:
    signed = attested.attestation(
        instance, attested.subject_of(wheel), release(), "https://in-toto.io/attestation/vulns"
    )
    attested.offer(world.index, wheel, attested.document([signed]))

    require_refused(world, "publisher-unverified")


def test_other_bytes_of_a_tag_that_was_moved_are_refused(
    world: World, instance: Instance, wheel: Artifact
) -> None:
    other = unlike_others(world)[:-1] + b"\1"
    moved = Subject(name=wheel.filename, sha256=hashlib.sha256(other).hexdigest())
    signed = attested.attestation(instance, moved, release())
    attested.offer(world.index, wheel, attested.document([signed]))
    world.index.swap(wheel, other)
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=CURSOR)

    assert refusal(refused) == ("digest-mismatch", 3)
    world.require_untouched(before)


def test_offline_nothing_is_taken_on_trust(
    world: World, instance: Instance, wheel: Artifact
) -> None:
    attested.attest(world.index, wheel, instance, release())
    world.prepare("clock", hosts=CURSOR)
    kept = world.prepare("clock", hosts=CURSOR, offline=True)
    assert check(kept).outcome is Outcome.VERIFIED
    (path,) = world.context.paths.attestations.iterdir()

    path.write_bytes(path.read_bytes().replace(b"MEU", b"MEA").replace(b'"schema"', b'"schemo"'))

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=CURSOR, offline=True)
    assert refusal(refused) == ("publisher-unverified", 3)


def test_a_planted_copy_is_taken_away_and_the_index_is_asked(
    world: World, instance: Instance, wheel: Artifact
) -> None:
    """Another program of this user writes an attestation of something else into the cache."""
    attested.attest(world.index, wheel, instance, release())
    install.discard(world.prepare("clock", hosts=CURSOR))
    (path,) = world.context.paths.attestations.iterdir()
    kept = codec.load(path.read_bytes(), Kept, str(path))
    about = Subject(name="other.whl", sha256="0" * 64)
    other = json_text.canonical(attested.attestation(instance, about, release()))
    path.write_bytes(codec.dump(replace(kept, attestations=(other,))))
    asked = len(world.index.asked("/integrity/"))

    again = world.prepare("clock", hosts=CURSOR)

    assert check(again).outcome is Outcome.VERIFIED
    assert len(world.index.asked("/integrity/")) == asked + 1
    assert codec.load(path.read_bytes(), Kept, str(path)) == kept
    install.discard(again)


def test_verify_tells_when_the_registry_names_another_publisher_now(
    world: World, instance: Instance
) -> None:
    wheel = world.offer("clock", publisher=PUBLISHER)
    attested.attest(world.index, wheel, instance, release())
    world.install("clock", hosts=CURSOR)
    (before,) = verify.verify(("clock",), world.context)
    world.registry.forget("io.github.user/clock")
    world.offer("clock", publisher=replace(PUBLISHER, owner_id="78"))

    (after,) = verify.verify(("clock",), world.context)
    for kept in world.context.paths.attestations.iterdir():
        kept.unlink()
    (gone,) = verify.verify(("clock",), world.context)

    results = [
        next(one for one in entry.checks if one.check is Check.PUBLISHER).outcome
        for entry in (before, after, gone)
    ]
    assert results == [Outcome.VERIFIED, Outcome.FAILED, Outcome.NOT_CHECKED]
    assert before.findings == ()
    said = [one.message for one in after.findings if one.check is Check.PUBLISHER]
    assert len(said) == 1
    assert "owner id differs" in said[0]


# Carried beside the manifest -------------------------------------------------------------------


def carried(instance: Instance, wheel: Artifact, identity: Identity) -> bytes:
    signed = attested.attestation(instance, attested.subject_of(wheel), identity)
    (one,) = provenance_text.parse_provenance(attested.document([signed]))
    return provenance_text.dump_carried({wheel.filename: [one]})


def test_what_a_registry_carries_needs_no_index(world: World, instance: Instance) -> None:
    data = unlike_others(world)
    wheel = world.index.publish("clock_server-1.0-py3-none-any.whl", data)
    text = carried(instance, wheel, release())

    world.offer("clock", publisher=PUBLISHER, data=data, attestations=text)

    assert check(world.prepare("clock", hosts=CURSOR)).outcome is Outcome.VERIFIED
    assert world.index.asked("/integrity/" + wheel.sha256[:16]) == []
    offline = world.prepare("clock", hosts=CURSOR, offline=True)
    assert check(offline).outcome is Outcome.VERIFIED


def test_what_a_registry_carries_is_verified_as_well(world: World, instance: Instance) -> None:
    data = unlike_others(world)
    wheel = world.index.publish("clock_server-1.0-py3-none-any.whl", data)
    text = carried(instance, wheel, release(repository=EVIL))

    world.offer("clock", publisher=PUBLISHER, data=data, attestations=text)

    require_refused(world, "publisher-mismatch")
