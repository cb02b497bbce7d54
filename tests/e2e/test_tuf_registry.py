"""From a TUF registry on loopback to a server that a host starts, and back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.operations import catalog, lookup, registry_sources, verify
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.registry_owner import Rotation
from mcpinstall.registries import sources
from tests.builders.registry_folders import RegistryFolder
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def tuf(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[TufWorld]:
    """The world's servers come from a TUF registry; the bundled one has none."""
    made = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    made.begin().publish()
    bundled = RegistryFolder(world.root / "nothing").publish(serial=1)
    monkeypatch.setattr(sources, "bundled_folder", lambda: bundled.folder)
    with Site(made.folder) as made.site:
        made.trust()
        yield made


def test_a_server_is_installed_and_goes_again(world: World, tuf: TufWorld) -> None:
    before = world.host_files()

    prepared = world.prepare("corp:clock", hosts=("cursor",))
    check = next(one for one in prepared.plan.checks if one.check is Check.REGISTRY)
    assert check.outcome is Outcome.VERIFIED
    assert "signed by 2 of 3 keys" in check.evidence
    assert world.carry_out(prepared) is not None

    assert world.starts("cursor", "clock")
    (receipt,) = world.receipts().values()
    (_, listed) = registry_sources.listed(world.context)
    assert (receipt.name, receipt.registry_root) == ("io.github.user/clock", listed.root)
    assert verify.verify(("clock",), world.context)[0].findings == ()
    world.uninstall("clock")
    assert world.host_files() == before
    world.require_clean()


def test_what_is_installed_lives_on_without_its_registry(world: World, tuf: TufWorld) -> None:
    world.install("corp:clock", hosts=("cursor",))
    shutil.rmtree(tuf.folder)

    world.reinstall("clock")

    assert world.starts("cursor", "clock")
    assert catalog.show("clock", world.context).reviewed.manifest.name == "io.github.user/clock"


def test_another_root_under_the_same_name_is_another_registry(world: World, tuf: TufWorld) -> None:
    world.install("corp:clock", hosts=("cursor",))
    other = TufWorld(root=world.root / "other", manifests=tuf.manifests, context=world.context)
    other.root.mkdir()
    other.begin().publish()
    registry_sources.remove("corp", world.context)
    other.trust()

    with pytest.raises(McpInstallError) as refused:
        world.reinstall("clock")

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


def test_a_withdrawn_version_is_not_installed_and_is_reported(world: World, tuf: TufWorld) -> None:
    world.install("corp:clock", hosts=("cursor",))
    world.registry.revoke("1.0", "it leaks")
    tuf.publish()

    with pytest.raises(McpInstallError) as refused:
        world.prepare("corp:clock", hosts=("codex",))
    assert refused.value.code is ErrorCode.VERSION_REVOKED

    (entry,) = verify.verify(("clock",), world.context)
    assert "it leaks" in entry.findings[0].message
    assert entry.findings[0].kind is Kind.REVOKED


def test_a_registry_is_searched_by_words(world: World, tuf: TufWorld) -> None:
    found = catalog.search("notes", world.context)

    assert [row.name for row in found] == ["corp:io.github.user/notes"]
    assert catalog.search("nothing-like-this", world.context) == ()


def test_one_registry_that_fails_stops_no_search(world: World, tuf: TufWorld) -> None:
    config = world.context.paths.config / "config.toml"
    gone = f'[[registries]]\nname = "gone"\nkind = "folder"\npath = "{world.root}/gone"\n'
    config.write_text(f"{config.read_text()}\n{gone}")

    ran = world.command().run("search", "notes")

    assert "corp:io.github.user/notes" in ran.stdout
    assert "not searched: the registry `gone` (registry-unavailable)" in ran.stderr
    answer = world.command().answer("search", "notes")
    assert {one["name"] for one in answer["servers"]} >= {"corp:io.github.user/notes"}
    assert [one["registry"] for one in answer["not_searched"]] == ["gone"]


def test_where_no_registry_answers_the_search_says_so(
    world: World, tuf: TufWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(tuf.folder)
    shutil.rmtree(world.context.paths.registries)
    monkeypatch.setattr(sources, "bundled_folder", lambda: world.root / "none")
    told: list[tuple[str, ErrorCode]] = []

    with pytest.raises(McpInstallError) as refused:
        catalog.search(
            "notes", world.context, failed=lambda name, error: told.append((name, error.code))
        )

    assert refused.value.code is ErrorCode.REGISTRY_UNAVAILABLE
    assert refused.value.code.exit_status == 5
    assert told == [
        ("bundled", ErrorCode.REGISTRY_UNAVAILABLE), ("corp", ErrorCode.REGISTRY_UNAVAILABLE)
    ]  # fmt: skip
    with pytest.raises(McpInstallError):
        catalog.search("notes", world.context)


def test_a_folder_serves_as_well_as_the_web(world: World, tuf: TufWorld) -> None:
    tuf.name = "disk"
    tuf.trust(where=str(tuf.folder))

    assert world.install("disk:clock", hosts=("cursor",)) is not None
    assert world.starts("cursor", "clock")


def test_everything_is_there_offline_once_it_was_looked_at(world: World, tuf: TufWorld) -> None:
    world.install("corp:clock", hosts=("cursor",))
    assert tuf.site is not None
    tuf.site.requests.clear()

    world.install("corp:clock", hosts=("codex",), offline=True)

    assert tuf.site.requests == []
    assert set(world.receipts()["clock"].hosts) >= {"cursor-user", "codex-user"}


def test_the_configuration_is_changed_by_blocks(world: World, tuf: TufWorld) -> None:
    path: Path = world.context.paths.config / "config.toml"
    with_one = path.read_bytes()
    tuf.name = "second"
    tuf.trust()
    assert [one.name for one in registry_sources.listed(world.context)][1:] == ["corp", "second"]

    registry_sources.remove("second", world.context)

    assert path.read_bytes().rstrip() == with_one.rstrip()
    with pytest.raises(McpInstallError) as refused:
        tuf.name = "corp"
        tuf.trust()
    assert refused.value.code is ErrorCode.INPUT_INVALID


@pytest.mark.parametrize("role", ["targets", "online"])
def test_a_rotation_whose_keys_are_not_at_hand_changes_nothing(
    world: World, tuf: TufWorld, role: str
) -> None:
    new = tuf.new_key("new")
    before = sorted(path.name for path in tuf.metadata.iterdir())
    roots = ("root-1", "root-2")
    change = Rotation(role=role, add=(new,), threshold={"targets": 3, "online": 2}[role])

    with pytest.raises(McpInstallError) as refused:
        tuf.rotate(change, *roots, "targets-1", "targets-2", "online")

    assert refused.value.code is ErrorCode.INPUT_MISSING
    assert sorted(path.name for path in tuf.metadata.iterdir()) == before
    assert lookup.reviewed("corp:clock", world.context).manifest.version == "1.0"
    tuf.rotate(change, *roots, "targets-1", "targets-2", "online", "new")
    assert lookup.reviewed("corp:clock", world.context).manifest.version == "1.0"


def test_the_root_changes_with_the_keys_of_the_root_alone(world: World, tuf: TufWorld) -> None:
    change = Rotation(role="root", add=(tuf.new_key("new"),))

    tuf.rotate(change, "root-1", "root-2", "new")

    assert lookup.reviewed("corp:clock", world.context).manifest.version == "1.0"
