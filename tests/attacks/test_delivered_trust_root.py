"""Attack T44: a trust root that a registry delivers is exchanged, withheld, or used for others.

Who: a mirror, the network, another program of the user; the owner of another registry.
Stopped by: 1, 5: signed facts pin the file by its sha256; it counts for servers that this registry
vouches for, and for nothing else; one that is pinned and can't be had stops.
Twin: `test_a_registry_delivers_the_root_of_a_private_instance`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.plan import Request
from mcpinstall.operations import authoring, install, manifest_new, manifest_relock, verify
from mcpinstall.registries import sources
from tests.builders import attested
from tests.builders.attested import PUBLISHER, release
from tests.builders.packages import publish
from tests.builders.registry_folders import RegistryFolder
from tests.builders.shell import run
from tests.builders.sigstore_instance import Instance
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

CURSOR = ("cursor",)
CORP = "corp:clock"


def deliver(registry: RegistryFolder, root: bytes) -> None:
    """Put a trust root beside a registry's manifests, as its owner does."""
    (registry.folder / registries.TRUSTED_ROOT).write_bytes(root)
    authoring.write_registry(registry.folder, registry.file)


@pytest.fixture
def instance(world: World) -> Instance:
    """A private instance that signs the release of a server; the user's configuration has none."""
    made = Instance()
    world.index.pages.pop("clock-server", None)
    world.registry.forget("io.github.user/clock")
    attested.attest(world.index, world.offer("clock", publisher=PUBLISHER), made, release())
    return made


@pytest.fixture
def tuf(world: World, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[TufWorld]:
    """A TUF registry that delivers the root of that instance."""
    deliver(world.registry, instance.trusted_root)
    made = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    made.begin().publish()
    bundled = RegistryFolder(world.root / "nothing").publish(serial=1)
    monkeypatch.setattr(sources, "bundled_folder", lambda: bundled.folder)
    with Site(made.folder) as made.site:
        made.trust()
        yield made


def check(world: World, name: str = CORP) -> CheckResult:
    prepared = world.prepare(name, hosts=CURSOR)
    install.discard(prepared)
    return next(one for one in prepared.plan.checks if one.check is Check.PUBLISHER)


def refused(world: World, name: str = CORP) -> tuple[str, int]:
    with pytest.raises(McpInstallError) as error:
        world.prepare(name, hosts=CURSOR)
    assert world.receipts() == {}
    return refusal(error)


def delivered(tuf: TufWorld, instance: Instance) -> Path:
    (path,) = (one for one in (tuf.folder / "files").iterdir()
               if one.read_bytes() == instance.trusted_root)  # fmt: skip
    return path


def test_a_registry_delivers_the_root_of_a_private_instance(
    world: World, tuf: TufWorld, instance: Instance
) -> None:
    assert check(world).outcome is Outcome.VERIFIED

    world.install(CORP, hosts=CURSOR)
    (entry,) = verify.verify((), world.context)

    (found,) = (one for one in entry.checks if one.check is Check.PUBLISHER)
    assert found.outcome is Outcome.VERIFIED
    for kept in world.context.paths.cache.rglob(delivered(tuf, instance).name):
        kept.unlink()
    delivered(tuf, instance).unlink()
    (entry,) = verify.verify((), world.context)
    (found,) = (one for one in entry.checks if one.check is Check.PUBLISHER)
    assert found.outcome is Outcome.NOT_CHECKED
    assert entry.findings == ()


def test_without_it_nobody_believes_that_instance(
    world: World, tuf: TufWorld, instance: Instance
) -> None:
    (tuf.manifests / registries.TRUSTED_ROOT).unlink()
    authoring.write_registry(world.registry.folder, world.registry.file)
    tuf.publish()

    assert refused(world) == ("publisher-unverified", 3)
    del instance


def test_a_mirror_exchanges_it(world: World, tuf: TufWorld, instance: Instance) -> None:
    delivered(tuf, instance).write_bytes(Instance().trusted_root)

    assert refused(world) == ("digest-mismatch", 3)


def test_a_mirror_withholds_it(world: World, tuf: TufWorld, instance: Instance) -> None:
    delivered(tuf, instance).unlink()

    assert refused(world) == ("registry-unavailable", 5)


def test_the_saved_copy_is_exchanged(world: World, tuf: TufWorld, instance: Instance) -> None:
    assert check(world).outcome is Outcome.VERIFIED
    (saved,) = world.context.paths.cache.rglob(delivered(tuf, instance).name)
    saved.write_bytes(Instance().trusted_root)

    assert check(world).outcome is Outcome.VERIFIED
    assert saved.read_bytes() == instance.trusted_root


def test_it_says_nothing_of_what_no_registry_vouches_for(
    world: World, tuf: TufWorld, instance: Instance
) -> None:
    del tuf
    world.index.pages.pop("weather-server", None)
    server = publish(world.index, "weather-server", "1.0")
    attested.attest(world.index, server, instance, release())

    assert refused(world, "pypi:weather-server") == ("publisher-unverified", 3)


def test_the_same_file_in_one_plan_is_judged_apart(
    world: World, tuf: TufWorld, instance: Instance
) -> None:
    del tuf, instance
    assert refused(world, "pypi:clock-server") == ("publisher-unverified", 3)
    both = Request(names=(CORP, "pypi:clock-server"), hosts=CURSOR)
    with pytest.raises(McpInstallError) as error:
        install.prepare(both, world.context, stage=False)
    assert error.value.code is ErrorCode.PUBLISHER_UNVERIFIED


def test_a_folder_that_nobody_signed_delivers_nothing(world: World, instance: Instance) -> None:
    deliver(world.registry, instance.trusted_root)
    found = registries.open_folder(world.registry.folder, world.context.paths, world.context.now)

    assert found.find("io.github.user/clock").trusted_root is None


@pytest.mark.parametrize("root", [b"", b"{}", b"[]", b'{"trustedRoot": 1}', b"\xff"])
def test_an_owner_can_not_publish_what_is_no_trust_root(
    world: World, tuf: TufWorld, root: bytes
) -> None:
    before = {path.name for path in tuf.metadata.iterdir()}
    deliver(world.registry, root)

    with pytest.raises(McpInstallError) as error:
        tuf.publish()

    assert error.value.code is ErrorCode.REGISTRY_INVALID
    assert {path.name for path in tuf.metadata.iterdir()} == before


# Where manifests are made and checked ---------------------------------------------------------


def publisher_findings(world: World) -> list[str]:
    ran = run("manifest", "verify", str(world.registry.folder), "--json", person=False)
    answer = json.loads(ran.out)
    found = [one["rule"] for one in answer["findings"] if one["rule"] == "MV608"]
    return found + [str(one["code"]) for one in answer["unchecked"]]


def test_who_checks_manifests_believes_it_too_and_only_as_it_is_pinned(
    world: World, instance: Instance
) -> None:
    assert publisher_findings(world) == ["MV608"]
    deliver(world.registry, instance.trusted_root)

    assert publisher_findings(world) == []
    (world.registry.folder / registries.TRUSTED_ROOT).write_bytes(Instance().trusted_root)
    assert "digest-mismatch" in publisher_findings(world)


def test_who_makes_manifests_believes_it_too(world: World, instance: Instance) -> None:
    named = "mcp-name: io.github.user/weather"
    server = publish(world.index, "weather-server", "1.0", readme=named)
    attested.attest(world.index, server, instance, release())
    wanted = manifest_new.Options(into=world.registry.folder)

    before = manifest_new.prepare("pypi:weather-server", wanted, world.context)
    deliver(world.registry, instance.trusted_root)
    after = manifest_new.prepare("pypi:weather-server", wanted, world.context)

    assert before.draft.manifest.publisher is None
    assert after.draft.manifest.publisher is not None
    manifest_new.commit(manifest_new.probe(after, world.context), world.context)
    newer = publish(world.index, "weather-server", "2.0", readme=named)
    attested.attest(world.index, newer, instance, release("2.0"))
    again = manifest_relock.prepare(
        after.target, manifest_relock.Options(upgrade=True), world.context
    )
    assert again.proposal is not None
    assert again.proposal.attestations
