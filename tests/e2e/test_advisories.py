"""Advisories in whole operations: what is refused, what is told, and of what is installed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.model.plan import Request
from mcpinstall.operations import doctor, install, registry_sources, verify
from mcpinstall.operations.findings import Kind
from mcpinstall.registries import sources
from tests.builders.advisories import advise, advisory, file, today
from tests.builders.packages import publish
from tests.builders.registry_folders import RegistryFolder
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

CURSOR = ("cursor",)
ALLOWED = frozenset({"vulnerable"})


def bad(**packages: str) -> bytes:
    """A file of today with an advisory of that id about every version of each package."""
    said = ("introduced", "0"), ("fixed", "2.0")
    return file(today(), **{name: advisory(id_, *said) for name, id_ in packages.items()})


def policy_words(world: World, name: str, **request: Any) -> str:  # noqa: ANN401
    """What check 3 says of a plan."""
    wanted = Request(names=(name,), hosts=CURSOR, **request)
    prepared = install.prepare(wanted, world.context, stage=False)
    install.discard(prepared)
    return next(one.evidence for one in prepared.plan.checks if one.check is Check.POLICY)


def test_a_vulnerable_server_needs_leave_and_nothing_is_fetched_before(world: World) -> None:
    before = world.host_files()
    advise(world.registry, bad(clock_server="PYSEC-2026-1"))
    asked = len(world.index.requests)

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=CURSOR, allow=frozenset({"yanked", "stale", "unreviewed"}))

    assert refusal(refused) == ("version-vulnerable", 3)
    assert "clock-server 1.0 (PYSEC-2026-1; fixed in 2.0)" in refused.value.message
    assert len(world.index.requests) == asked
    world.require_untouched(before)
    words = policy_words(world, "clock", allow=ALLOWED)
    assert "vulnerable but allowed: clock-server 1.0 (PYSEC-2026-1; fixed in 2.0)" in words
    world.install("clock", hosts=CURSOR, allow=ALLOWED)
    assert world.starts("cursor", "clock")
    with pytest.raises(McpInstallError) as refused:  # in place already, in another host
        world.prepare("clock", hosts=("codex",))
    assert refusal(refused) == ("version-vulnerable", 3)


def test_a_malicious_package_is_allowed_by_nothing(world: World) -> None:
    before = world.host_files()
    advise(world.registry, bad(clock_server="MAL-2026-1"))
    every = frozenset({"yanked", "stale", "unreviewed", "vulnerable"})

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=CURSOR, allow=every)

    assert refusal(refused) == ("package-malicious", 3)
    world.require_untouched(before)


def test_others_are_installed_and_the_date_is_told(world: World) -> None:
    advise(world.registry, bad(maps_server="MAL-2026-1"))

    assert f"no known vulnerability, data of {today()}" in policy_words(world, "clock")

    world.install("clock", hosts=CURSOR)
    assert world.starts("cursor", "clock")


def test_old_data_is_told_to_be_old(world: World) -> None:
    issued = today() - timedelta(days=31)
    advise(world.registry, file(issued, other=advisory()))

    assert f"no known vulnerability, OLD data of {issued} (31 days)" in policy_words(world, "clock")


def test_offline_the_file_is_asked_and_the_index_is_not(world: World) -> None:
    advise(world.registry, file(today(), other=advisory()))
    world.install("clock", hosts=CURSOR)
    world.uninstall("clock")

    words = policy_words(world, "clock", offline=True)

    assert "yanked not checked (offline)" in words
    assert f"no known vulnerability, data of {today()}" in words
    advise(world.registry, bad(clock_server="PYSEC-2026-1"))
    with pytest.raises(McpInstallError) as refused:
        policy_words(world, "clock", offline=True)
    assert refusal(refused) == ("version-vulnerable", 3)


def test_a_package_nobody_reviewed_is_compared_with_its_whole_closure(world: World) -> None:
    for name in ("weather-server", "sky-maps"):
        world.index.pages.pop(name, None)
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(world.index, "weather-server", "2.0", requires=("sky-maps>=1",))
    advise(world.registry, bad(sky_maps="PYSEC-2026-9"))

    with pytest.raises(McpInstallError) as refused:
        policy_words(world, "pypi:weather-server")

    assert refusal(refused) == ("version-vulnerable", 3)
    assert "sky-maps 1.0 (PYSEC-2026-9" in refused.value.message
    assert "allowed: sky-maps 1.0" in policy_words(world, "pypi:weather-server", allow=ALLOWED)


def test_what_is_installed_is_reported_by_verify_and_doctor(world: World) -> None:
    world.install("clock", hosts=CURSOR)
    world.install("notes", hosts=CURSOR)
    world.install("maps", hosts=CURSOR)
    assert all(one.is_clean for one in verify.verify((), world.context))
    advise(world.registry, bad(clock_server="PYSEC-2026-1", notes_server="MAL-2026-1"))

    found = {one.entry_name: one for one in verify.verify((), world.context)}
    troubles = {one.kind: one for one in doctor.examine(world.context).troubles}

    assert [one.kind for one in found["clock"].findings] == [Kind.VULNERABLE]
    assert [one.kind for one in found["notes"].findings] == [Kind.MALICIOUS]
    assert found["maps"].findings == ()
    words = [one.evidence for one in found["maps"].checks if one.check is Check.POLICY]
    assert words == [f"no known vulnerability, data of {today()}"]
    assert "`clock-server 1.0` has known vulnerabilities: PYSEC-2026-1; fixed in 2.0" in (
        troubles[Kind.VULNERABLE].message
    )
    assert "mcpi uninstall notes" in troubles[Kind.MALICIOUS].fix


def test_what_builds_again_asks_again(world: World) -> None:
    world.install("clock", hosts=CURSOR)
    advise(world.registry, bad(clock_server="PYSEC-2026-1"))

    with pytest.raises(McpInstallError) as refused:
        world.reinstall("clock")
    assert refusal(refused) == ("version-vulnerable", 3)
    world.reinstall("clock", allow=ALLOWED)

    world.uninstall("clock")
    assert world.homes() == []
    with pytest.raises(McpInstallError) as refused:
        world.undo()
    assert refusal(refused) == ("version-vulnerable", 3)
    assert world.receipts() == {}


def test_a_file_that_can_not_be_read_is_a_problem_and_no_clean_answer(world: World) -> None:
    world.install("clock", hosts=CURSOR)
    advise(world.registry, bad(clock_server="PYSEC-2026-1"))
    advise(world.registry, b"nothing\n", pinned=False)

    (found,) = verify.verify((), world.context)

    assert not found.is_clean
    assert found.problem is not None
    assert str(found.problem.code) == "digest-mismatch"
    assert any("not the file" in one.error.message for one in doctor.examine(world.context).unseen)


# A TUF registry ------------------------------------------------------------------------------


@pytest.fixture
def tuf(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[TufWorld]:
    """The world's servers come from a TUF registry; the bundled one has only advisories."""
    advise(world.registry, file(today(), other=advisory()))
    made = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    made.begin().publish()
    bundled = RegistryFolder(world.root / "nothing").publish(serial=1)
    advise(bundled, bad(maps_server="PYSEC-2026-5"))
    monkeypatch.setattr(sources, "bundled_folder", lambda: bundled.folder)
    with Site(made.folder) as made.site:
        made.trust()
        yield made


def test_a_tuf_registry_publishes_its_own_and_the_bundled_ones_count_too(
    world: World, tuf: TufWorld
) -> None:
    assert "no known vulnerability" in policy_words(world, "corp:clock")
    with pytest.raises(McpInstallError) as refused:
        policy_words(world, "corp:maps")
    assert refusal(refused) == ("version-vulnerable", 3)

    advise(world.registry, bad(clock_server="PYSEC-2026-1"))
    tuf.publish()

    with pytest.raises(McpInstallError) as refused:
        policy_words(world, "corp:clock")
    assert refusal(refused) == ("version-vulnerable", 3)


def test_it_is_fetched_once_and_only_for_an_installation(world: World, tuf: TufWorld) -> None:
    assert tuf.site is not None
    digest = world.registry.file.advisories

    def fetched() -> int:
        assert tuf.site is not None
        return sum(digest in path for path in tuf.site.requests)

    registry_sources.refresh((), world.context)
    assert fetched() == 0
    policy_words(world, "corp:clock")
    assert fetched() == 1
    policy_words(world, "corp:clock")
    policy_words(world, "corp:notes")
    assert fetched() == 1


def test_one_that_can_not_be_fetched_is_told(world: World, tuf: TufWorld) -> None:
    (tuf.folder / "files" / world.registry.file.advisories).unlink()

    words = policy_words(world, "corp:clock")

    assert "advisories of `corp` not checked (" in words
    assert f"no known vulnerability, data of {today()}" in words


def test_one_that_is_another_is_refused(world: World, tuf: TufWorld) -> None:
    path = tuf.folder / "files" / world.registry.file.advisories
    path.write_bytes(file(today()))

    with pytest.raises(McpInstallError) as refused:
        policy_words(world, "corp:clock")

    assert refusal(refused) == ("digest-mismatch", 3)


def test_an_owner_can_not_publish_a_malformed_file(world: World, tuf: TufWorld) -> None:
    advise(world.registry, file(today(), other=advisory()).replace(b"PYSEC-2026-1", b"PYSEC 2026"))

    with pytest.raises(McpInstallError) as refused:
        tuf.publish()

    assert refusal(refused) == ("advisories-invalid", 3)
