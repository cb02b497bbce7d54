"""A manifest that is being made: what is owed, what is accepted, and where it may stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text, server_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.lock_authoring import MadeWith
from mcpinstall.model.manifest import Hook, HookKind, RemoteChoice
from mcpinstall.model.tool_text import parse_tools
from mcpinstall.model.tools import UNKNOWN_TOOLS
from mcpinstall.operations import authoring, manifest_proposal
from mcpinstall.operations.authoring_inspection import Examined
from mcpinstall.operations.authoring_locking import Closure, Wanted
from mcpinstall.operations.manifest_proposal import Proposal, ToAccept
from tests.builders.registry_folders import (
    NAME,
    PACKAGE,
    TOOLS,
    RegistryFolder,
    lock,
    manifest,
    server_json,
)

HERE, THERE, OTHER = "a" * 64, "b" * 64, "c" * 64


def hook(sha256: str, wheel: str = "sky_maps-1.0-py3-none-any.whl", member: str = "x.pth") -> Hook:
    return Hook(wheel=wheel, member=member, sha256=sha256, kind=HookKind.STARTUP, reason="")


def examined(package: str, *hooks: Hook) -> Examined:
    artifact = Artifact(
        filename=f"{package}-1.0-py3-none-any.whl", package=package, version="1.0", size=1,
        sha256=OTHER,
    )  # fmt: skip
    starts = tuple(f"{one.sha256[0]} of {one.wheel}".encode() for one in hooks)
    return Examined(artifact=artifact, scripts=(), hooks=hooks, starts=starts, metadata="")


def proposal(*to_accept: ToAccept, **changes: Any) -> Proposal:  # noqa: ANN401
    wanted = Wanted(
        identifier=PACKAGE, version="1.2.0", platforms=("linux-x86_64-glibc",),
        requires_python=">=3.11", made_with=MadeWith(constraints=(), exclude_newer=""),
    )  # fmt: skip
    values: dict[str, Any] = {
        "target": Path("x"), "registry": None, "server": server_text.parse(server_json(), "x"),
        "draft": authoring.Draft(manifest=manifest(), server=server_json()),
        "closure": Closure(wanted=wanted, lock=lock_text.parse(lock(), "x")),
        "to_accept": to_accept, "pythons": (), "attestations": b"", "facts": (),
        "tools": parse_tools(TOOLS),
    }  # fmt: skip
    return Proposal(**(values | changes))


MAPS = ToAccept(package="sky-maps", hooks=(hook(HERE), hook(HERE, "other.whl")), start=b"import")
STARS = ToAccept(package="stars", hooks=(hook(THERE, "a.whl", "y.pth"),), start=b"import")


# What has to be accepted -----------------------------------------------------------------------


def test_the_same_bytes_under_the_same_name_are_accepted_once() -> None:
    found = manifest_proposal.to_accept([
        examined("stars", hook(HERE, "s.whl")),
        examined("sky-maps", hook(HERE, "one.whl"), hook(THERE, "one.whl")),
        examined("sky-maps", hook(HERE, "two.whl"), hook(HERE, "two.whl", "z.pth")),
    ])  # fmt: skip

    assert [(one.package, [of.wheel for of in one.hooks], one.key[2]) for one in found] == [
        ("sky-maps", ["one.whl", "two.whl"], HERE),
        ("sky-maps", ["one.whl"], THERE),
        ("sky-maps", ["two.whl"], HERE),
        ("stars", ["s.whl"], HERE),
    ]
    assert found[1].start == b"b of one.whl"
    assert found[0].key == ("sky-maps", "x.pth", HERE)


def test_reasons_count_for_these_very_bytes() -> None:
    given = manifest_proposal.given((MAPS, STARS), {HERE: "finds its maps", OTHER: "none"})

    assert given == {MAPS.key: "finds its maps"}
    one = proposal(MAPS, STARS, reasons=given)
    assert [(of.wheel, of.reason) for of in one.hooks] == [
        ("a.whl", ""), ("other.whl", "finds its maps"),
        ("sky_maps-1.0-py3-none-any.whl", "finds its maps"),
    ]  # fmt: skip
    assert one.owed == ("a reason to accept `y.pth` of `stars`",)
    assert proposal(STARS, reasons={STARS.key: ""}).owed
    assert not proposal(STARS, reasons={STARS.key: "draws"}).owed


def test_reasons_for_other_bytes_are_refused() -> None:
    manifest_proposal.require_used({HERE: "x", THERE: "y"}, [proposal(MAPS), proposal(STARS)])
    manifest_proposal.require_used({}, [])

    with pytest.raises(McpInstallError) as error:
        manifest_proposal.require_used({HERE: "x", OTHER: "y"}, [proposal(MAPS)])

    assert error.value.code is ErrorCode.USAGE
    assert OTHER in str(error.value)


# What is owed, and decided ---------------------------------------------------------------------


def test_tools_are_owed_of_what_runs_here() -> None:
    assert proposal().owed == ()
    assert len(proposal(tools=UNKNOWN_TOOLS).owed) == 1
    elsewhere = proposal(tools=UNKNOWN_TOOLS, closure=None)
    assert (elsewhere.owed, elsewhere.lock) == ((), NO_LOCK)
    assert proposal().lock.packages


def test_decisions_know_the_names_that_are_taken(tmp_path: Path) -> None:
    taken = RegistryFolder(tmp_path).add(manifest("com.example/other"), alias="clock").file

    def decided(**changes: object) -> dict[str, str]:
        return {one.subject: one.proposal for one in proposal(**changes).decisions}

    assert decided()["alias"] == "clock"
    assert decided(registry=taken)["alias"] == "none"
    assert "probed" in decided()["reviews.criteria"]
    assert "probed" not in decided(tools=UNKNOWN_TOOLS)["reviews.criteria"]
    assert "name" not in decided()
    named = proposal(named="the package says so").decisions[0]
    assert named == ("name", NAME, "the package says so")


def test_hostile_text_is_refused_before_anything_is_written() -> None:
    assert manifest_proposal.checked(proposal()) == proposal()
    bad = replace(manifest(), title="Clock \u202e")

    with pytest.raises(McpInstallError) as error:
        manifest_proposal.checked(
            proposal(draft=authoring.Draft(manifest=bad, server=server_json()))
        )

    assert error.value.code is ErrorCode.TEXT_HOSTILE


def test_the_files_are_those_of_a_manifest() -> None:
    found = manifest_proposal.texts_of(proposal())

    assert sorted(found) == ["manifest.toml", "pylock.toml", "server.json", "tools.json"]
    assert (found["server.json"], found["tools.json"]) == (server_json(), TOOLS)


# Where it may stand ----------------------------------------------------------------------------


def test_a_version_stands_below_its_name_and_only_once(tmp_path: Path) -> None:
    folder = RegistryFolder(tmp_path).add().folder

    assert manifest_proposal.require_new(folder, NAME, "2.0") == folder / NAME / "2.0"
    with pytest.raises(McpInstallError) as error:
        manifest_proposal.require_new(folder, NAME, "1.2.0")
    assert error.value.code is ErrorCode.SERVER_EXISTS


def test_another_package_does_not_get_the_name_of_a_server(tmp_path: Path) -> None:
    folder = RegistryFolder(tmp_path).add().folder

    manifest_proposal.require_same_package(folder, NAME, "Clock_Server")
    manifest_proposal.require_same_package(folder, "io.github.user/maps", "maps")
    with pytest.raises(McpInstallError) as error:
        manifest_proposal.require_same_package(folder, NAME, "clock-servers")
    assert error.value.code is ErrorCode.POLICY_REFUSED
    assert f"--name {NAME}" in error.value.hint


def test_a_server_that_had_no_package_may_get_one(tmp_path: Path) -> None:
    elsewhere = RemoteChoice(transport="sse", url="https://mcp.example.com/sse")
    described = replace(manifest(), package=None, remotes=(elsewhere,), reviews=())
    RegistryFolder(tmp_path).add_remote(described, server_json(), None)

    manifest_proposal.require_same_package(tmp_path, NAME, "anything")


def test_a_draft_that_stands_there_is_a_server_too(tmp_path: Path) -> None:
    wheel = "clock_server-1.2.0-py3-none-any.whl"
    RegistryFolder(tmp_path).add(replace(manifest(), hooks=(hook(HERE, wheel),)))

    manifest_proposal.require_same_package(tmp_path, NAME, PACKAGE)
    with pytest.raises(McpInstallError) as error:
        manifest_proposal.require_same_package(tmp_path, NAME, "other")
    assert error.value.code is ErrorCode.POLICY_REFUSED


def test_everybody_who_locks_on_one_day_gives_the_same_time() -> None:
    morning, evening = (datetime(2026, 11, 22, hour, 5, 6, tzinfo=UTC) for hour in (1, 23))

    assert manifest_proposal.newest_time(morning, timedelta(days=7)) == "2026-11-15T00:00:00Z"
    assert manifest_proposal.newest_time(evening, timedelta(days=7)) == "2026-11-15T00:00:00Z"
