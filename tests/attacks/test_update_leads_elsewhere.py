"""Attack T05, T12, T21: an update brings the software of somebody else, or an older one.

Who: whoever takes a project or its account over; whoever puts another registry under the name of
a known one; a registry that lost, hides or replays versions.
Stopped by: 1: only the registry with the root in the receipt is asked, and its serial only grows;
5: repository and owner stay those of what is installed; a plain update never goes backwards.
Twin: `test_the_next_release_of_the_same_publisher_is_taken`,
`test_keys_that_the_old_root_hands_over_to_are_followed`,
`test_a_newest_that_is_revoked_gives_way_to_the_one_before_it`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import outdated, registry_sources
from mcpinstall.operations.registry_owner import Rotation
from mcpinstall.registries import sources
from tests.builders import attested
from tests.builders.attested import PUBLISHER, release
from tests.builders.packages import publish
from tests.builders.registry_folders import RegistryFolder
from tests.builders.sigstore_instance import Instance
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

NAME = "io.github.user/clock"
THIEF = "https://forge.example/thief/clock"


def versions(world: World) -> set[str]:
    return {one.version for one in world.receipts().values()}


def looked_at(world: World) -> outdated.Outdated:
    (found,) = outdated.outdated((), Request(names=()), world.context)
    return found


# Publishers ------------------------------------------------------------------------------------


@pytest.fixture
def instance(world: World) -> Instance:
    made = Instance()
    attested.trust(world, made)
    world.index.pages.pop("clock-server", None)
    world.index.pages.pop("weather-server", None)
    world.registry.forget(NAME)
    return made


def offer(world: World, instance: Instance, version: str, **other: str) -> None:
    """Offer a version of `clock` by a publisher, whose attestation is in order."""
    named = replace(PUBLISHER, **other)
    wheel = world.offer("clock", version, publisher=named)
    ids = (named.repository_id, named.owner_id)
    who = release(version, repository=named.repository, ids=ids)
    attested.attest(world.index, wheel, instance, who)


@pytest.mark.parametrize("word", ["update", "install"])
def test_a_version_by_another_repository_is_refused(
    world: World, instance: Instance, word: str
) -> None:
    """Its manifest names the new one, its attestation verifies: still it is somebody else's."""
    offer(world, instance, "1.0")
    world.install("clock", hosts=["cursor"])
    offer(world, instance, "2.0", repository=THIEF, repository_id="6666")
    before = world.receipts()

    with pytest.raises(McpInstallError) as error:
        world.update() if word == "update" else world.install("clock", hosts=["cursor"])

    assert refusal(error) == ("publisher-mismatch", 3)
    assert THIEF in error.value.message
    assert PUBLISHER.repository in error.value.message
    assert world.receipts() == before
    world.require_clean()


def test_a_version_that_names_no_publisher_any_more_is_refused(
    world: World, instance: Instance
) -> None:
    offer(world, instance, "1.0")
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")

    with pytest.raises(McpInstallError) as error:
        world.update("clock")

    assert refusal(error) == ("publisher-missing", 3)
    assert versions(world) == {"1.0"}


def test_a_package_that_changed_hands_is_refused(world: World, instance: Instance) -> None:
    wheel = publish(world.index, "weather-server", "1.0")
    attested.attest(world.index, wheel, instance, release())
    world.install("pypi:weather-server", hosts=["cursor"])
    thief = release("2.0", repository=THIEF, ids=("6666", "77"))
    wheel = publish(world.index, "weather-server", "2.0")
    attested.attest(world.index, wheel, instance, thief)

    with pytest.raises(McpInstallError) as error:
        world.update()

    assert refusal(error) == ("publisher-mismatch", 3)
    assert versions(world) == {"1.0"}


def test_the_next_release_of_the_same_publisher_is_taken(world: World, instance: Instance) -> None:
    """Also under another name of the repository, which keeps its number."""
    offer(world, instance, "1.0")
    wheel = publish(world.index, "weather-server", "1.0")
    attested.attest(world.index, wheel, instance, release())
    world.install("clock", "pypi:weather-server", hosts=["cursor"])
    offer(world, instance, "2.0", repository="https://forge.example/acme/renamed")
    wheel = publish(world.index, "weather-server", "2.0")
    attested.attest(world.index, wheel, instance, release("2.0"))

    world.update()

    assert versions(world) == {"2.0"}


# Roots -----------------------------------------------------------------------------------------


@pytest.fixture
def corp(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[TufWorld]:
    """A registry that the user trusts, and `clock` 1.0 installed from it; 2.0 is not out yet."""
    made = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    made.begin().publish()
    bundled = RegistryFolder(world.root / "nothing").publish(serial=1)
    monkeypatch.setattr(sources, "bundled_folder", lambda: bundled.folder)
    with Site(made.folder) as made.site:
        made.trust()
        world.install("corp:clock", hosts=["cursor"])
        yield made


def test_another_registry_under_the_same_name_is_not_asked(
    world: World, corp: TufWorld, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    world.offer("clock", "2.0")
    other = TufWorld(
        root=tmp_path / "other", manifests=world.registry.folder, context=world.context
    )
    other.begin().publish()
    registry_sources.remove("corp", world.context)
    with Site(other.folder) as other.site:
        other.trust()

        with pytest.raises(McpInstallError) as error:
            world.update()

        assert refusal(error) == ("registry-invalid", 3)
        assert "has another root than the one" in error.value.message
        assert looked_at(world).problem is not None
    assert versions(world) == {"1.0"}


def test_keys_that_the_old_root_hands_over_to_are_followed(world: World, corp: TufWorld) -> None:
    change = Rotation(role="root", add=(corp.new_key("new"),))
    corp.rotate(change, "root-1", "root-2", "new")
    world.offer("clock", "2.0")
    corp.publish()

    world.update()

    assert versions(world) == {"2.0"}


# Older ones ------------------------------------------------------------------------------------


def test_a_replayed_registry_stops_an_update(world: World) -> None:
    world.offer("clock", "2.0")
    world.registry.publish(serial=7, expires=world.registry.file.expires)
    world.install("clock", hosts=["cursor"])
    world.registry.publish(serial=6, expires=world.registry.file.expires)

    with pytest.raises(McpInstallError) as error:
        world.update()

    assert refusal(error) == ("registry-rolled-back", 3)


def test_a_newest_that_is_gone_moves_nothing_backwards(world: World) -> None:
    world.offer("clock", "2.0")
    world.install("clock", hosts=["cursor"])
    world.registry.forget(NAME)
    world.offer("clock", "1.0")

    assert world.update() is None
    assert looked_at(world).offer is not None
    assert not looked_at(world).is_finding
    assert versions(world) == {"2.0"}


def test_a_newest_that_is_revoked_gives_way_to_the_one_before_it(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    world.offer("clock", "3.0")
    world.registry.withdraw(
        Revocation(name=NAME, version="3.0", reason="it sends files away", date="2026-11-20")
    )

    found = looked_at(world).offer
    world.update()

    assert found is not None
    assert (found.version, found.newest) == ("2.0", "3.0")
    assert [(one.version, one.code) for one in found.refusals] == [("3.0", "version-revoked")]
    assert versions(world) == {"2.0"}


def test_what_was_revoked_meanwhile_is_not_gone_back_to(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "2.0")
    world.update()
    world.registry.withdraw(
        Revocation(name=NAME, version="1.0", reason="it sends files away", date="2026-11-20")
    )

    with pytest.raises(McpInstallError) as error:
        world.rollback("clock")

    assert refusal(error) == ("version-revoked", 3)
    assert versions(world) == {"2.0"}


def test_a_revoked_version_that_is_installed_gives_way_to_the_fixed_one(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.offer("clock", "1.1")
    world.registry.withdraw(
        Revocation(name=NAME, version="1.0", reason="it sends files away", date="2026-11-20")
    )
    assert looked_at(world).withdrawal is not None

    prepared = world.prepare_update()
    assert prepared is not None
    assert "is REVOKED: it sends files away" in prepared.replacements[0].notes[0]
    assert prepared.replacements[0].comparison is not None
    world.carry_out(prepared)

    assert versions(world) == {"1.1"}
    assert looked_at(world).withdrawal is None
