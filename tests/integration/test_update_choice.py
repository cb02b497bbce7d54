"""Which version `update` chooses of those that a real registry offers; nothing is installed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import configuration, direct, offers, update
from mcpinstall.operations.offers import Offer
from mcpinstall.operations.update import Selection
from tests.builders.advisories import advise, advisory, file, today
from tests.builders.policies import of_user
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World, refusal
from tests.builders.written import put

FULL = "io.github.user/clock"
NOTHING = Request(names=())


def offered(world: World, receipt: Receipt, **request: Any) -> Offer:  # noqa: ANN401
    return offers.offer(receipt, replace(NOTHING, **request), world.context)


def told(offer: Offer) -> tuple[str, str, list[tuple[str, str]]]:
    """Return what is offered, what is newest, and why that is not offered."""
    return offer.version, offer.newest, [(one.version, str(one.code)) for one in offer.refusals]


def select(world: World, *names: str, to: str | None = None, **request: Any) -> Selection:  # noqa: ANN401
    return update.select(names, to, replace(NOTHING, **request), world.context)


def chosen(selection: Selection) -> dict[str, str]:
    return {one.receipts[0].entry_name: one.server.manifest.version for one in selection.targets}


def kept(selection: Selection) -> dict[str, str]:
    return {one.receipt.entry_name: one.why for one in selection.kept}


# What is offered -------------------------------------------------------------------------------


def test_the_newest_version_is_offered_with_what_it_is(world: World) -> None:
    receipt = put(world)
    for version in ("0.9", "1.1", "1.10", "1.2"):
        world.offer("clock", version)

    found = offered(world, receipt)

    assert told(found) == ("1.10", "1.10", [])
    assert (found.receipt, found.notes) == (receipt, ())
    assert found.server is not None
    assert found.server.manifest.version == "1.10"


def test_nothing_newer_is_nothing(world: World) -> None:
    world.offer("clock", "0.9")

    assert told(offered(world, put(world))) == ("", "1.0", [])


def test_the_same_version_with_other_files_is_offered(world: World) -> None:
    """What its registry vouches for has changed."""
    found = offered(world, put(world, manifest_sha256="ab" * 32))

    assert told(found) == ("1.0", "1.0", [])
    assert chosen(select(world)) == {"clock": "1.0"}


@pytest.mark.parametrize("code", sorted(offers.PASSED_OVER))
def test_a_version_that_cannot_be_installed_here_leaves_the_one_before(
    world: World, monkeypatch: pytest.MonkeyPatch, code: ErrorCode
) -> None:
    receipt = put(world)
    world.offer("clock", "1.1")
    world.offer("clock", "2.0")
    accepted = offers._Judge.accepted

    def judged(self: Any, row: Any, *more: Any) -> Any:  # noqa: ANN401
        if row.version == "2.0":
            raise McpInstallError(code, "not here")
        return accepted(self, row, *more)

    monkeypatch.setattr(offers._Judge, "accepted", judged)

    assert told(offered(world, receipt)) == ("1.1", "2.0", [("2.0", str(code))])


def test_what_is_wrong_with_a_registry_leaves_nothing_to_choose(world: World) -> None:
    receipt = put(world)
    world.offer("clock", "2.0")
    (world.registry.path("manifest.toml", FULL, "2.0")).write_bytes(b"schema = 1\n")

    with pytest.raises(McpInstallError) as error:
        offered(world, receipt)

    assert refusal(error)[1] == 3
    assert error.value.code not in offers.PASSED_OVER


def test_versions_that_are_refused_are_told_the_newest_first(world: World) -> None:
    receipt = put(world)
    for version in ("1.1", "2.0", "3.0"):
        world.offer("clock", version)
    said = ("introduced", "1.1"), ("fixed", "3.0")
    advise(world.registry, file(today(), clock_server=advisory("PYSEC-2026-1", *said)))
    world.registry.withdraw(
        Revocation(name=FULL, version="3.0", reason="broken", date="2026-11-23")
    )

    found = offered(world, receipt)

    assert told(found) == (
        "", "3.0",
        [("3.0", "version-revoked"), ("2.0", "version-vulnerable"), ("1.1", "version-vulnerable")],
    )  # fmt: skip
    assert told(offered(world, receipt, allow=frozenset({"vulnerable"})))[0] == "2.0"


def test_a_withdrawn_version_is_offered_only_with_leave_or_when_nobody_can_be_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = put(world)
    wheel = world.offer("clock", "2.0")
    world.index.listing(wheel).yanked = "broken"

    found = offered(world, receipt)
    assert told(found) == ("", "2.0", [("2.0", "version-yanked")])
    assert found.refusals[0].why.endswith("withdrew `clock-server` 2.0: broken")
    assert offered(world, receipt, allow=frozenset({"yanked"})).version == "2.0"
    assert offered(world, receipt, offline=True).version == "2.0"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "nonsense:")
    unasked = offered(world, receipt)

    assert unasked.version == "2.0"
    (note,) = unasked.notes
    assert note.startswith("whether a version was withdrawn is not known: ")


def test_a_package_that_the_index_does_not_know_was_not_withdrawn_from_it(world: World) -> None:
    receipt = put(world)
    world.offer("clock", "2.0")
    world.index.pages.pop("clock-server")

    found = offered(world, receipt)

    assert (told(found), found.notes) == (("2.0", "2.0", []), ())


def test_a_withdrawn_package_is_nothing_to_who_uses_the_server_elsewhere(world: World) -> None:
    there = remote("https://mcp.example.org/one")
    receipt = put(world, transport="streamable-http", python_path="", url=there["url"])
    wheel = world.offer("clock", "2.0", remotes=[there])
    world.index.listing(wheel).yanked = "broken"

    found = offered(world, receipt)

    assert (told(found), found.notes) == (("2.0", "2.0", []), ())


def test_what_is_used_where_it_runs_needs_no_python(world: World) -> None:
    offer_remote(world, remote("https://mcp.example.org/one"))
    receipt = put(
        world, "cloud", transport="streamable-http", python_path="", url="https://mcp.example.org/"
    )
    offer_remote(world, remote("https://mcp.example.org/two"), version="2.0")

    assert told(offered(world, receipt)) == ("2.0", "2.0", [])
    sse = remote("https://mcp.example.org/three", transport="sse")
    offer_remote(world, sse, version="3.0")
    put(world)
    world.offer("clock", "2.0")

    assert told(offered(world, receipt)) == ("2.0", "3.0", [("3.0", "input-invalid")])
    assert chosen(select(world)) == {"clock": "2.0", "cloud": "2.0"}


def test_a_version_that_runs_elsewhere_is_not_put_over_one_that_runs_here(world: World) -> None:
    receipt = put(world)
    world.registry.file = replace(world.registry.file, aliases=())
    offer_remote(world, remote("https://mcp.example.org/one"), name="clock", version="2.0")

    assert told(offered(world, receipt)) == ("", "2.0", [("2.0", "input-invalid")])


def test_what_a_policy_forbids_is_not_offered(world: World) -> None:
    receipt = put(world)
    world.offer("clock", "2.0")
    of_user('deny-names = ["io.github.user/clock"]\n', world.home)

    assert told(offered(world, receipt)) == ("", "2.0", [("2.0", "policy-refused")])
    with pytest.raises(McpInstallError) as error:
        select(world, "clock", to="2.0")
    assert refusal(error) == (ErrorCode.POLICY_REFUSED, 3)


def test_a_registry_that_has_expired_offers_nothing(world: World) -> None:
    tuf = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    tuf.begin().publish()
    with Site(tuf.folder) as tuf.site:
        source = tuf.trust()
        root = configuration.root_of(source)
        receipt = put(world, registry_root=root, registry_name=source.name)

        assert told(offers.offer(receipt, NOTHING, tuf.at(tuf.later(days=1)))) == ("", "1.0", [])
        for act in (
            lambda context: offers.offer(receipt, NOTHING, context),
            lambda context: offers.exactly(receipt, "1.0", NOTHING, context),
        ):
            with pytest.raises(McpInstallError) as error:
                act(tuf.at(tuf.later(days=2.1)))
            assert refusal(error) == (ErrorCode.REGISTRY_STALE, 3)


def test_an_address_has_no_versions(world: World) -> None:
    receipt = put(world, registry_root=direct.ROOT, transport="sse", url="https://a.example/sse")

    found = offered(world, receipt)

    assert told(found) == ("", "1.0", [])
    assert found.server is None
    assert "no versions" in found.notes[0]
    (why,) = select(world, "clock").kept
    assert "no versions" in why.why
    with pytest.raises(McpInstallError) as error:
        select(world, "clock", to="2.0")
    assert refusal(error) == (ErrorCode.USAGE, 2)
    assert world.index.requests == []
