"""Attack T07: a lock file that somebody hands over lies about what it pins.

Who: whoever sends a `--lock` file, or commits one to a repository that is cloned.
Stopped by: the index is asked how old the files are (3), and where it does not tell nobody
vouches for their age; a lock pins what its own registry's entry offers, and nothing else; the
registry is asked whether it still has that entry, and in that form.
Twin: `test_an_honest_lock_is_replayed_under_the_same_policy`,
`test_an_honest_lock_of_an_entry_is_replayed`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.operations import install
from mcpinstall.operations.prepared import Prepared
from tests.builders import mcp_registry, policies
from tests.builders.index_server import IndexServer
from tests.builders.packages import publish
from tests.builders.world import World, refusal

NAME = "pypi:weather-server"
SERVER = "io.github.user/weather"
CURSOR = ("cursor",)
AGE = "min-release-age-days = 100\n"


@pytest.fixture
def lock(world: World, tmp_path: Path) -> Path:
    """A lock of `weather-server` 2.0, which the index got long ago."""
    world.index.pages.pop("weather-server", None)
    publish(world.index, "weather-server", "2.0", readme=f"mcp-name: {SERVER}")
    return kept(world, NAME, tmp_path)


def kept(world: World, name: str, folder: Path) -> Path:
    """Return the file that a dry run leaves for `--lock`."""
    file = folder / "weather.lock"
    file.write_bytes(planned(world, name).locks[0].read_bytes())
    return file


def replayed(world: World, lock: Path, **request: Any) -> Prepared:  # noqa: ANN401
    return planned(world, request.pop("name", NAME), lock_file=lock, **request)


def planned(world: World, name: str, **request: Any) -> Prepared:  # noqa: ANN401
    """Return a plan of which nothing stays behind."""
    asked = Request(names=(name,), hosts=CURSOR, **request)
    found = install.prepare(asked, world.context, stage=False)
    install.discard(found)
    return found


def got(world: World, when: datetime | None) -> None:
    """Let the index say when it got the package."""
    for listing in world.index.pages["weather-server"].values():
        listing.uploaded = f"{when:%Y-%m-%dT%H:%M:%SZ}" if when else None


def code(world: World, lock: Path, **request: Any) -> str:  # noqa: ANN401
    before = world.host_files()
    with pytest.raises(McpInstallError) as refused:
        replayed(world, lock, **request)
    world.require_untouched(before)
    assert refusal(refused)[1] == 3
    return refusal(refused)[0]


def test_a_release_of_yesterday_is_not_taken_for_an_old_one(world: World, lock: Path) -> None:
    got(world, datetime.now(UTC) - timedelta(days=1))

    assert code(world, lock) == "policy-refused"


def test_an_age_that_the_index_contradicts_is_refused(world: World, lock: Path) -> None:
    policies.of_user(AGE, world.home)
    got(world, datetime.now(UTC) - timedelta(days=20))

    assert code(world, lock) == "lock-invalid"


@pytest.mark.parametrize("offline", [False, True])
def test_an_age_that_nobody_tells_satisfies_no_policy(
    world: World, lock: Path, offline: bool
) -> None:
    got(world, None)
    (result, *_) = [one for one in replayed(world, lock).plan.checks if one.check.value == 2]

    policies.of_user(AGE, world.home)

    assert "their age is what that file claims" in result.evidence
    assert code(world, lock, offline=offline) == "policy-refused"


@pytest.mark.parametrize("name", [NAME, f"{NAME}==2.0"])
def test_an_honest_lock_is_replayed_under_the_same_policy(
    world: World, lock: Path, name: str
) -> None:
    policies.of_user(AGE, world.home)

    found = replayed(world, lock, name=name)

    assert found.plan.servers[0].version == "2.0"
    assert "none younger than 7 days" in found.plan.checks[1].evidence


@pytest.mark.parametrize("lie", ["version", "identifier", "gone"])
def test_a_lock_that_pins_what_its_entry_does_not_offer_is_refused(
    world: World, lock: Path, tmp_path: Path, lie: str
) -> None:
    with IndexServer() as registry:
        mcp_registry.configure(world, registry.origin)
        mcp_registry.serve(registry, mcp_registry.document(SERVER))
        name = f"mcp:{SERVER}"
        file = kept(world, name, tmp_path)
        assert replayed(world, file, name=name).plan.servers[0].version == "2.0.0"
        document = json.loads(file.read_bytes())
        if lie == "gone":
            document |= {"package": None, "lock": ""}
        else:
            document["server"]["packages"][0][lie] = {"version": "1.0", "identifier": "other"}[lie]
        file.write_text(json.dumps(document), encoding="utf-8")

        assert code(world, file, name=name) == "lock-invalid"


@pytest.fixture
def registry(world: World, lock: Path) -> Iterator[IndexServer]:
    """The user's MCP registry, which describes that package."""
    del lock
    with IndexServer() as started:
        mcp_registry.configure(world, started.origin)
        mcp_registry.serve(started, mcp_registry.document(SERVER))
        yield started


MCP = f"mcp:{SERVER}"


def test_an_honest_lock_of_an_entry_is_replayed(
    world: World, registry: IndexServer, tmp_path: Path
) -> None:
    file = kept(world, MCP, tmp_path)
    document = mcp_registry.document(SERVER)

    assert replayed(world, file, name=MCP).plan.servers[0].version == "2.0.0"
    mcp_registry.serve(registry, document, status="deprecated", message="use sky")
    said = replayed(world, file, name=MCP).plan.checks[0].evidence
    assert "DEPRECATED: use sky" in said
    asked = len(registry.requests)
    assert replayed(world, file, name=MCP, offline=True).plan.servers[0].version == "2.0.0"
    assert len(registry.requests) == asked


def test_an_entry_that_was_deleted_since_is_refused(
    world: World, registry: IndexServer, tmp_path: Path
) -> None:
    file = kept(world, MCP, tmp_path)
    mcp_registry.serve(registry, mcp_registry.document(SERVER), status="deleted", message="malware")

    assert code(world, file, name=MCP) == "version-revoked"


def test_an_entry_that_its_registry_does_not_have_is_refused(
    world: World, registry: IndexServer, tmp_path: Path
) -> None:
    remotes = [{"type": "streamable-http", "url": "https://weather.example/mcp"}]
    honest = mcp_registry.document(SERVER, packages=None, remotes=remotes)
    mcp_registry.serve(registry, honest)
    file = kept(world, MCP, tmp_path)
    document = json.loads(file.read_bytes())
    document["server"]["remotes"][0]["url"] = "https://thief.example/mcp"
    file.write_text(json.dumps(document), encoding="utf-8")

    assert code(world, file, name=MCP) == "lock-invalid"
