"""Attack T05: a package that this user had from one publisher comes from another, or from nobody.

Who: the thief of an index account, or of a repository; an index that hides what it knows.
Stopped by: 5; the publisher first seen is remembered by (index, package), also after an
uninstallation; another repository, id, workflow, runner or branch stops, and so does none.
Twin: `test_the_next_release_of_the_same_publisher_is_taken`.
"""

from __future__ import annotations

import json
import stat

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.revocation import PublisherRevocation
from mcpinstall.operations import installed, verify
from mcpinstall.operations.prepared import Prepared
from tests.builders import attested
from tests.builders.attested import release
from tests.builders.index_server import Reply
from tests.builders.packages import publish
from tests.builders.sigstore_instance import Identity, Instance
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

NAME = "pypi:weather-server"
CURSOR = ("cursor",)


@pytest.fixture
def instance(world: World) -> Instance:
    """A private instance that the user believes, and a first release by it, taken and gone."""
    made = Instance()
    attested.trust(world, made)
    for name in ("weather-server", "weather-lib"):
        world.index.pages.pop(name, None)
    first = publish(world.index, "weather-server", "1.0")
    attested.attest(world.index, first, made, release("1.0"))
    world.install(NAME, hosts=CURSOR)
    world.uninstall("weather-server")
    return made


def check(prepared: Prepared) -> CheckResult:
    return next(one for one in prepared.plan.checks if one.check is Check.PUBLISHER)


def next_release(world: World, instance: Instance, *identities: Identity) -> None:
    found = publish(world.index, "weather-server", "2.0")
    if identities:
        attested.attest(world.index, found, instance, *identities)


def require_refused(world: World, code: str) -> McpInstallError:
    before = world.host_files()
    with pytest.raises(McpInstallError) as refused:
        world.prepare(NAME, hosts=CURSOR)

    assert refusal(refused) == (code, 3)
    assert "acme/clock" in refused.value.evidence
    assert world.host_files() == before
    assert world.receipts() == {}
    world.require_clean()
    return refused.value


def test_the_next_release_of_the_same_publisher_is_taken(world: World, instance: Instance) -> None:
    next_release(world, instance, release("2.0"))

    prepared = world.prepare(NAME, hosts=CURSOR)
    done = world.carry_out(prepared)

    assert check(prepared).outcome is Outcome.VERIFIED
    assert check(prepared).evidence == "1 of 1 package: acme/clock by release.yml"
    assert done is not None
    (kept,) = done.receipts[0].publishers
    assert kept.identity.repository == attested.REPOSITORY


@pytest.mark.parametrize(
    ("thief", "part"),
    [
        (release("2.0", repository="https://forge.example/acme-evil/clock"), "repository"),
        (release("2.0", ids=("1002", "77")), "repository id"),
        (release("2.0", ids=("1001", "78")), "owner id"),
        (release("2.0", path=".github/workflows/test.yml"), "workflow"),
        (release("2.0", ref="refs/heads/main"), "git reference"),
        (release("2.0", ref="refs/pull/7/merge"), "git reference"),
        (release("2.0", runner="self-hosted"), "runner"),
    ],
)
def test_another_publisher_is_refused_with_both_shown(
    world: World, instance: Instance, thief: Identity, part: str
) -> None:
    next_release(world, instance, thief)

    error = require_refused(world, "publisher-mismatch")

    assert f"{part} differs" in error.message
    assert thief.claims[12] in error.evidence
    assert str(world.context.paths.publishers) in error.hint


def test_a_publisher_that_a_registry_revoked_is_refused_and_told(
    world: World, instance: Instance
) -> None:
    next_release(world, instance, release("2.0"))
    prepared = world.prepare(NAME, hosts=CURSOR)
    world.install(NAME, hosts=CURSOR)
    assert installed.installed(world.context)[0].withdrawal is None
    revoked = PublisherRevocation(
        issuer=release("2.0").issuer, repository=attested.REPOSITORY,
        reason="its keys were stolen", date="2026-11-23",
    )  # fmt: skip
    world.registry.withdraw(revoked)

    (row,) = installed.installed(world.context)
    assert row.withdrawal is not None
    assert row.withdrawal.code is ErrorCode.PUBLISHER_REVOKED
    world.uninstall("weather-server")
    for act in (
        lambda: world.prepare(NAME, hosts=CURSOR),
        lambda: world.carry_out(prepared),
    ):
        with pytest.raises(McpInstallError) as refused:
            act()
        assert refusal(refused) == ("publisher-revoked", 3)
    assert world.receipts() == {}
    world.require_clean()


def test_one_of_several_attestations_may_be_of_somebody_else(
    world: World, instance: Instance
) -> None:
    next_release(
        world, instance, release("2.0", path=".github/workflows/build.yml"), release("2.0")
    )

    assert check(world.prepare(NAME, hosts=CURSOR)).outcome is Outcome.VERIFIED


def test_a_cache_that_says_another_index_is_no_way_around(world: World, instance: Instance) -> None:
    next_release(world, instance, release("2.0", path=".github/workflows/evil.yml"))
    require_refused(world, "publisher-mismatch")
    poison(world)

    require_refused(world, "publisher-mismatch")


def poison(world: World) -> None:
    """Let the cache say that what it keeps was offered by another index."""
    for kept in world.context.paths.attestations.iterdir():
        document = json.loads(kept.read_bytes())
        document["record"]["origin"]["digest"] = "0" * 64
        kept.write_bytes(json.dumps(document).encode())


def test_a_release_without_attestation_is_refused(world: World, instance: Instance) -> None:
    next_release(world, instance)

    require_refused(world, "publisher-missing")


def test_an_index_that_answers_404_is_refused(world: World, instance: Instance) -> None:
    found = publish(world.index, "weather-server", "2.0")
    path = attested.offer(world.index, found, b"")
    world.index.answer(path, Reply(status=404))

    require_refused(world, "publisher-missing")
    del instance


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"version": 1, "attestation_bundles": []}'])
def test_an_answer_that_is_none_is_refused(world: World, instance: Instance, body: bytes) -> None:
    attested.offer(world.index, publish(world.index, "weather-server", "2.0"), body)

    require_refused(world, "publisher-unverified")
    del instance


def test_an_index_that_does_not_tell_is_no_way_around(world: World, instance: Instance) -> None:
    found = publish(world.index, "weather-server", "2.0")
    path = attested.offer(world.index, found, b"")
    world.index.answer(path, Reply(status=418))

    require_refused(world, "publisher-unverified")
    del instance


def test_the_attestation_of_the_release_before_says_nothing_of_this_one(
    world: World, instance: Instance
) -> None:
    found = publish(world.index, "weather-server", "2.0")
    stolen = publish(world.index, "weather-server", "1.0")
    old = attested.attestation(instance, attested.subject_of(stolen), release("1.0"))
    attested.offer(world.index, found, attested.document([old]))

    require_refused(world, "publisher-unverified")


def test_what_the_document_says_of_the_publisher_is_not_believed(
    world: World, instance: Instance
) -> None:
    found = publish(world.index, "weather-server", "2.0")
    thief = release("2.0", repository="https://forge.example/thief/clock")
    signed = attested.attestation(instance, attested.subject_of(found), thief)
    attested.offer(world.index, found, attested.document([signed]))  # it says acme/clock

    assert "thief/clock" in require_refused(world, "publisher-mismatch").evidence


def test_an_instance_that_the_user_does_not_believe_says_nothing(
    world: World, instance: Instance
) -> None:
    del instance
    next_release(world, Instance(), release("2.0"))

    require_refused(world, "publisher-unverified")


def test_the_record_is_the_users_alone_and_can_be_taken_away(
    world: World, instance: Instance
) -> None:
    (record,) = world.context.paths.publishers.iterdir()
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(record.read_bytes())["record"]["package"] == "weather-server"
    next_release(world, instance, release("2.0", path=".github/workflows/new.yml"))

    record.unlink()

    assert check(world.prepare(NAME, hosts=CURSOR)).outcome is Outcome.VERIFIED
    assert not record.exists()  # nothing is remembered before the yes


def test_a_dependency_that_changes_hands_is_noticed(world: World, instance: Instance) -> None:
    library = publish(world.index, "weather-lib", "1.0", body=None)
    attested.attest(
        world.index, library, instance, release("1.0", repository="https://f.example/l/l")
    )
    server = publish(world.index, "weather-server", "2.0", requires=("weather-lib",))
    attested.attest(world.index, server, instance, release("2.0"))
    prepared = world.prepare(NAME, hosts=CURSOR)
    assert (
        check(prepared).evidence == "2 of 2 packages: acme/clock by release.yml, l/l by release.yml"
    )
    world.carry_out(prepared)
    world.uninstall("weather-server")

    publish(world.index, "weather-lib", "1.1", body=None)

    with pytest.raises(McpInstallError) as refused:
        world.prepare(NAME, hosts=CURSOR)
    assert refusal(refused) == ("publisher-missing", 3)


def test_a_package_has_one_publisher_in_one_plan(world: World, instance: Instance) -> None:
    """Two servers of one plan need it in two versions, by two publishers."""
    lib = release("1.0", repository="https://f.example/l/l")
    thief = release("2.0", repository="https://f.example/thief/l")
    for version, by in (("1.0", lib), ("2.0", thief)):
        found = publish(world.index, "weather-lib", version, body=None)
        attested.attest(world.index, found, instance, by)
    publish(world.index, "sky-server", "1.0", requires=("weather-lib==1.0",))
    publish(world.index, "sea-server", "1.0", requires=("weather-lib==2.0",))

    with pytest.raises(McpInstallError) as refused:
        world.prepare("pypi:sky-server", "pypi:sea-server", hosts=CURSOR)

    assert refusal(refused) == ("publisher-mismatch", 3)
    assert "thief/l" in refused.value.evidence


def test_verify_compares_with_whom_was_seen_first(world: World, instance: Instance) -> None:
    del instance
    world.install(NAME, hosts=CURSOR)
    (record,) = world.context.paths.publishers.iterdir()

    (honest,) = verify.verify((), world.context)
    record.write_bytes(record.read_bytes().replace(b"acme/clock", b"thief/clock"))
    (changed,) = verify.verify((), world.context)
    poison(world)
    (poisoned,) = verify.verify((), world.context)

    assert honest.findings == ()
    assert [one.check for one in changed.findings] == [Check.PUBLISHER]
    assert [one.check for one in poisoned.findings] == [Check.PUBLISHER]


def test_offline_the_very_file_is_verified_again(world: World, instance: Instance) -> None:
    del instance
    world.install(NAME, hosts=CURSOR)
    (lock,) = world.context.paths.unreviewed.glob("*[0-9a-f].json")
    world.uninstall("weather-server")
    asked = len(world.index.requests)

    kept = world.prepare(NAME, hosts=CURSOR, offline=True, lock_file=lock)
    for one in world.context.paths.attestations.iterdir():
        one.unlink()
    unknown = world.prepare(NAME, hosts=CURSOR, offline=True, lock_file=lock)

    assert check(kept).outcome is Outcome.VERIFIED
    assert (check(unknown).outcome, check(unknown).evidence) == (
        Outcome.NOT_CHECKED, "0 of 1 package: offline",
    )  # fmt: skip
    assert len(world.index.requests) == asked
