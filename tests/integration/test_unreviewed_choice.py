"""Which release an index offers in the place of a package that nobody reviewed; none is locked."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import offers, offers_unreviewed, unreviewed, unreviewed_records
from mcpinstall.operations.offers_unreviewed import Newest
from tests.builders import mcp_registry, plans
from tests.builders.index_server import IndexServer
from tests.builders.packages import publish
from tests.builders.policies import of_user
from tests.builders.world import World, refusal

SERVER = "weather-server"


@pytest.fixture
def weather(world: World) -> World:
    """An index with `weather-server` 1.0, a month old."""
    world.index.pages.pop(SERVER, None)
    release(world, "1.0", days=30)
    return world


def release(world: World, version: str, *, days: float | None) -> None:
    at = None if days is None else datetime.now(UTC) - timedelta(days=days, minutes=1)
    publish(world.index, SERVER, version, uploaded=at)


def installed(version: str = "1.0", name: str = f"pypi:{SERVER}", **changes: Any) -> Receipt:  # noqa: ANN401
    return plans.receipt(SERVER, name=name, version=version, **changes)


def newest(world: World, receipt: Receipt | None = None, *, offline: bool = False) -> Newest:
    wanted = Request(names=(), offline=offline)
    return offers_unreviewed.newest(receipt or installed(), wanted, world.context)


def told(found: Newest) -> tuple[str, str, list[tuple[str, str]]]:
    return found.version, found.newest, [(one.version, str(one.code)) for one in found.refusals]


def refused(world: World, receipt: Receipt | None = None, *, offline: bool = False) -> ErrorCode:
    with pytest.raises(McpInstallError) as error:
        newest(world, receipt, offline=offline)
    return error.value.code


def test_the_newest_release_is_offered(weather: World) -> None:
    release(weather, "1.1", days=20)
    release(weather, "1.2", days=8)

    found = newest(weather)

    assert told(found) == ("1.2", "1.2", [])
    assert found.notes == ()
    offer = offers.offer(installed(), Request(names=()), weather.context)
    assert (offer.version, offer.newest, offer.server) == ("1.2", "1.2", None)


@pytest.mark.parametrize("version", ["1.0", "1.5"])
def test_what_is_not_newer_is_not_offered(weather: World, version: str) -> None:
    assert told(newest(weather, installed(version))) == ("", version, [])


def test_a_release_of_this_week_waits_and_the_one_before_is_offered(weather: World) -> None:
    release(weather, "1.1", days=8)
    release(weather, "1.2", days=2)

    found = newest(weather)

    assert told(found) == ("1.1", "1.2", [("1.2", "policy-refused")])
    assert found.refusals[0].why == (
        "it is 2 days old, and nothing younger than 7 days is taken"
    )  # fmt: skip


def test_where_every_release_is_of_this_week_all_wait(weather: World) -> None:
    weather.index.pages.pop(SERVER, None)
    release(weather, "1.2", days=2)

    assert told(newest(weather)) == ("", "1.2", [("1.2", "policy-refused")])


def test_a_policy_says_nothing_of_what_is_not_newer(weather: World) -> None:
    of_user("min-release-age-days = 40\n", weather.home)

    assert told(newest(weather)) == ("", "1.0", [])


@pytest.mark.parametrize(
    ("version", "status", "expected"),
    [
        ("2.0.0", "active", ("2.0.0", "2.0.0", [])),
        ("1.0.0", "active", ("", "1.5", [])),
        ("2.0.0", "deprecated", ("2.0.0", "2.0.0", [])),
        ("2.0.0", "deleted", ("", "2.0.0", [("2.0.0", "version-revoked")])),
        ("1.0.0", "deleted", ("", "1.5", [])),
    ],
)
def test_an_mcp_registry_says_which_version_is_the_latest(
    world: World, version: str, status: str, expected: object
) -> None:
    name = "io.github.user/weather"
    with IndexServer() as registry:
        mcp_registry.configure(world, registry.origin)
        document = mcp_registry.document(name, version=version)
        mcp_registry.serve(registry, document, status=status)

        assert told(newest(world, installed("1.5", f"mcp:{name}"))) == expected


def test_the_release_of_this_week_that_is_installed_is_not_told(weather: World) -> None:
    release(weather, "1.2", days=2)

    assert told(newest(weather, installed("1.2"))) == ("", "1.2", [])


@pytest.mark.parametrize(("days", "expected"), [(9, "1.1"), (12, "")])
def test_a_policy_may_want_more_days(weather: World, days: int, expected: str) -> None:
    release(weather, "1.1", days=10)
    release(weather, "1.2", days=2)
    of_user(f"min-release-age-days = {days}\n", weather.home)

    found = newest(weather)

    assert (found.version, found.newest) == (expected, "1.2")
    refused_one = "1.2" if expected else "1.1"
    assert [(one.version, one.code) for one in found.refusals] == [
        (refused_one, ErrorCode.POLICY_REFUSED)
    ]


def test_an_index_without_times_tells_nothing(weather: World) -> None:
    weather.index.pages.pop(SERVER, None)
    release(weather, "1.0", days=None)
    release(weather, "2.0", days=None)

    found = newest(weather)

    assert told(found) == ("", "1.0", [])
    assert "tells no times" in found.notes[0]


def test_without_its_source_nothing_is_told(weather: World) -> None:
    assert refused(weather, offline=True) is ErrorCode.OFFLINE_MISSING
    assert refused(weather, installed(name="pypi:no-such-package")) is ErrorCode.NOT_FOUND
    with pytest.raises(McpInstallError, match="MCP registry") as error:
        newest(weather, installed(name="mcp:io.github.user/x"))
    assert error.value.code is ErrorCode.NOT_FOUND


def test_a_name_that_a_policy_forbids_is_not_even_looked_up(weather: World) -> None:
    of_user('deny-names = ["pypi:weather-*"]\n', weather.home)
    weather.index.requests.clear()

    assert refused(weather) is ErrorCode.POLICY_REFUSED
    assert weather.index.requests == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pypi:weather-server", True), ("mcp:io.github.user/x", True),
        ("io.github.user/pypi", False), ("remote:https://x", False),
    ],
)  # fmt: skip
def test_a_source_without_reviews_is_known_by_the_name(name: str, *, expected: bool) -> None:
    assert offers_unreviewed.is_one(installed(name=name)) is expected


def test_an_exact_version_without_a_source_that_has_it_is_refused(weather: World) -> None:
    with pytest.raises(McpInstallError) as error:
        offers.exactly(installed(), "9.9", Request(names=()), weather.context)

    assert refusal(error)[1] == 5


# What was locked -------------------------------------------------------------------------------


def locked(world: World, version: str = "1.0") -> Receipt:
    """Lock a release, keep what was pinned, and return the receipt of it; nothing is installed."""
    asked = Request(names=(f"pypi:{SERVER}=={version}",))
    found = unreviewed.resolve(asked.names[0], asked, world.context)
    assert found.unreviewed is not None
    unreviewed_records.keep(found.unreviewed, world.context)
    receipt = installed(
        version,
        manifest_sha256=found.manifest_sha256,
        registry_root=found.registry.root_digest,
        python_path=sys.executable,
    )
    world.store.write_receipt(receipt)
    return receipt


def resolved(world: World, receipt: Receipt, version: str = "", **request: Any) -> ReviewedServer:  # noqa: ANN401
    wanted = replace(Request(names=()), **request)
    return offers_unreviewed.resolved(receipt, version, wanted, world.context)


def taken(world: World, receipt: Receipt) -> str | None:
    """Return the version that an update would put in its place."""
    offer = offers.Offer(receipt=receipt)
    found = offers.with_server(offer, Request(names=()), world.context)
    return None if found is None else found.manifest.version


def test_a_release_is_locked_anew_from_the_same_source(weather: World) -> None:
    receipt = locked(weather)
    release(weather, "1.1", days=20)

    assert resolved(weather, receipt).manifest.version == "1.1"
    assert resolved(weather, receipt, "1.0").manifest.version == "1.0"
    assert taken(weather, receipt) == "1.1"
    assert told(newest(weather, receipt)) == ("1.1", "1.1", [])
    assert offers.exactly(
        receipt, "1.1", Request(names=()), weather.context
    ).manifest.version == "1.1"  # fmt: skip


def test_the_same_files_are_nothing_new_and_other_dependencies_are(weather: World) -> None:
    weather.index.pages.pop(SERVER, None)
    weather.index.pages.pop("tides", None)
    publish(weather.index, "tides", "1.0")
    publish(weather.index, SERVER, "1.0", requires=("tides",))
    receipt = locked(weather)
    same = resolved(weather, receipt)
    assert offers_unreviewed.same_files(same, receipt, weather.context)
    assert taken(weather, receipt) is None
    assert not offers_unreviewed.same_files(same, installed(), weather.context)

    publish(weather.index, "tides", "1.1")

    assert not offers_unreviewed.same_files(resolved(weather, receipt), receipt, weather.context)
    assert taken(weather, receipt) == "1.0"


def test_an_index_that_went_back_puts_no_older_release_in_its_place(weather: World) -> None:
    release(weather, "1.1", days=20)
    receipt = locked(weather, "1.1")
    weather.index.pages.pop(SERVER, None)
    release(weather, "1.0", days=30)

    assert taken(weather, receipt) is None


def test_what_a_policy_forbids_by_now_is_not_locked_into_its_place(weather: World) -> None:
    receipt = locked(weather)
    release(weather, "1.1", days=20)
    of_user("reviewed-only = true\n", weather.home)

    with pytest.raises(McpInstallError) as error:
        taken(weather, receipt)

    assert refusal(error) == (ErrorCode.POLICY_REFUSED, 3)


def test_another_index_is_not_even_asked(weather: World, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = locked(weather)
    with IndexServer() as other:
        publish(other, SERVER, "2.0")
        monkeypatch.setenv("UV_DEFAULT_INDEX", other.url)

        for act in (newest, resolved):  # the package's page would be looked at
            with pytest.raises(McpInstallError) as error:
                act(weather, receipt)
            assert refusal(error) == (ErrorCode.INDEX_FORBIDDEN, 3)
            assert other.url.split("/")[2] in str(error.value)
        assert other.requests == []


def test_a_name_that_moved_to_a_second_index_is_not_followed(
    weather: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old index is still asked first for others, and the new one has the name."""
    receipt = locked(weather)
    with IndexServer() as other:
        publish(other, SERVER, "2.0")
        weather.index.pages.pop(SERVER, None)
        monkeypatch.setenv("UV_INDEX", other.url)

        assert refused(weather, receipt) is ErrorCode.INDEX_FORBIDDEN


def test_another_source_is_refused_where_nothing_was_kept(weather: World) -> None:
    receipt = installed(registry_root="ef" * 32)

    with pytest.raises(McpInstallError) as error:
        resolved(weather, receipt)

    assert refusal(error) == (ErrorCode.INDEX_FORBIDDEN, 3)


def test_a_release_is_locked_for_the_python_that_the_server_has(weather: World) -> None:
    receipt = locked(weather)
    for kept, asked in (("/nowhere/python", None), ("/nowhere/python", sys.executable)):
        found = resolved(weather, replace(receipt, python_path=kept), python=asked)
        assert found.manifest.version == "1.0"
    with pytest.raises(McpInstallError) as error:
        resolved(weather, receipt, python="/nowhere/python")
    assert refusal(error) == (ErrorCode.INTERPRETER_REFUSED, 3)
