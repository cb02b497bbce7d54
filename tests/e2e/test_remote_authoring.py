"""A server without a package: its files are made, checked, and used by every command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.manifest import ProbeSettings, RemoteChoice
from mcpinstall.operations import authoring, authoring_tools, verify
from mcpinstall.registries import Registry
from tests.builders import registry_folders
from tests.builders.remote_offers import PROBED, TOKEN_HEADER, offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.servers import CLOCK, TOOLS
from tests.builders.world import NAMESPACE, World, refusal
from tests.conftest import ROOT

pytestmark = pytest.mark.e2e

FULL = f"{NAMESPACE}/cloud"
DRAFT = """
schema = 1
name = "{name}"
version = "1.0"
title = "Cloud"
summary = "Works on a cloud service"
try = "What is new in the cloud?"
audience = "everyone"
integrates = "cloud"

[[remotes]]
transport = "streamable-http"
url = "{url}"

[publisher]
absent = "nothing is published"

[permissions]
network = ["127.0.0.1"]

[probe.inputs]
tenant = "mcp"

[[reviews]]
by = "somebody"
on = "2026-11-22"
criteria = ["probed"]
"""
REGISTRY = """
schema = 1
name = "test"
serial = 1
issued = 2026-11-20T00:00:00Z
expires = 2027-05-19T00:00:00Z
owner = "somebody"

[aliases]
cloud = "{name}"
"""

CONFIGURATION = """
schema = 1

[[registries]]
name = "team"
kind = "folder"
path = "{path}"
"""


def server_json(*remotes: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            "$schema": registry_folders.SCHEMA,
            "name": FULL,
            "description": "Works on a cloud service",
            "version": "1.0",
            "remotes": list(remotes),
        }
    ).encode()


def draft(*remotes: dict[str, Any], **probe: str) -> authoring.Draft:
    """What a person decides about a server with these remotes."""
    described = replace(
        registry_folders.manifest(FULL, "1.0"),
        package=None,
        remotes=tuple(RemoteChoice(transport=one["type"], url=one["url"]) for one in remotes),
        probe=ProbeSettings(inputs=tuple(probe.items())),
        reviews=(),
    )
    return authoring.Draft(manifest=described, server=server_json(*remotes))


def author(folder: Path, found: authoring.Draft, world: World) -> Registry:
    """Make every file of a draft and a registry around it; open that."""
    locked = authoring.lock(found, world.context)
    accepted = authoring.hooks(found, locked, world.context)
    seen = authoring_tools.tools(found, locked, accepted, world.context, pythons=())
    if seen.known:
        found = replace(found, manifest=replace(found.manifest, reviews=(PROBED,)))
    authoring.write(folder, found, locked, accepted, seen)
    authoring.write_registry(folder, replace(world.registry.file, aliases=()))
    return registries.open_folder(folder, world.context.paths, world.registry.file.issued)


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / FULL / "1.0").iterdir())


def test_the_script_that_makes_the_manifests_makes_one_without_a_package(
    world: World, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout-of-a-maintainer"
    drafts, manifests = checkout / ".ci" / "drafts", checkout / "manifests"
    (manifests / FULL / "1.0").mkdir(parents=True)
    drafts.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "make_manifests.py", checkout / ".ci")
    (drafts / "reasons.toml").write_text("")
    (drafts / "registry.toml").write_text(REGISTRY.format(name=FULL))
    variables = {"tenant": {"description": "Your tenant", "isRequired": True}}
    with RemoteServer() as running:
        url = f"{running.origin}/{{tenant}}"
        (drafts / "cloud.toml").write_text(DRAFT.format(name=FULL, url=url))
        described = server_json(remote(url, variables=variables))
        (manifests / FULL / "1.0" / "server.json").write_bytes(described)
        done = subprocess.run(
            [sys.executable, str(checkout / ".ci" / "make_manifests.py")],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "probed: 2 tools" in done.stdout
    assert files_of(manifests) == ["manifest.toml", "server.json", "tools.json"]
    index = (manifests / "index.toml").read_bytes()
    assert index == registry_text.dump_index(authoring.index_rows(manifests))
    registry = registries.open_folder(manifests, world.context.paths, world.registry.file.issued)
    found = registry.find(FULL)
    assert (len(found.tools.tools), found.lock) == (2, NO_LOCK)


def test_an_authored_server_is_installed_and_leaves_no_byte_behind(
    world: World, tmp_path: Path
) -> None:
    before = world.host_files()
    with RemoteServer() as running:
        author(tmp_path / "team", draft(remote(running.url)), world)
        configuration = world.context.paths.config / "config.toml"
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text(CONFIGURATION.format(path=tmp_path / "team"))
        mcpi = world.command()
        words = (f"team:{FULL}", "--as", "cloud", "--host", "cursor")
        digest = mcpi.run("install", *words, "--dry-run").stdout.strip()
        allowed = ("--yes", "--allow", "unreviewed", "--expect-digest", digest)
        mcpi.run("install", *words, *allowed)
        (listed,) = mcpi.answer("list")["servers"]
        for command in LOOKING:
            mcpi.run(*command)
        sick = mcpi.answer("doctor", status=1)["findings"]
        mcpi.run("configure", "cloud", "--yes", *allowed[1:])
        refused = mcpi.run("reinstall", "cloud", "--yes", status=2)
        mcpi.run("uninstall", "cloud", "--yes")
        assert world.host_files() == before
        mcpi.run("undo", "--yes")
        assert mcpi.answer("list")["servers"][0]["url"] == running.url
        mcpi.run("undo", "--yes")

    assert {finding["kind"] for finding in sick} == {"command-missing"}  # the user's own entries
    assert (listed["transport"], listed["url"]) == ("streamable-http", running.url)
    assert "nothing of it to build here" in refused.stderr
    assert world.host_files() == before
    assert world.receipts() == {}


LOOKING: Sequence[tuple[str, ...]] = (
    ("show", f"team:{FULL}"),
    ("search", "team:cloud"),
    ("hosts",),
    ("why", "cloud"),
    ("history",),
    ("test", "cloud"),
    ("verify", "cloud"),
    ("verify", "cloud", "--strict"),
    ("secret", "list"),
    ("list",),
)


def test_a_server_that_wants_authorization_is_written_without_tools(
    world: World, tmp_path: Path
) -> None:
    with RemoteServer(token="t") as running:
        found = draft(remote(running.url, headers=[TOKEN_HEADER]))
        registry = author(tmp_path / "team", found, world)

        assert all("authorization" not in request.headers for request in running.requests)
    assert files_of(tmp_path / "team") == ["manifest.toml", "server.json"]
    assert not registry.find(FULL).tools.known


def test_what_is_written_again_leaves_no_file_of_before(world: World, tmp_path: Path) -> None:
    with RemoteServer() as running:
        author(tmp_path, draft(remote(running.url)), world)
    with RemoteServer(token="t") as running:
        author(tmp_path, draft(remote(running.url)), world)

    assert files_of(tmp_path) == ["manifest.toml", "server.json"]


def test_remotes_that_show_different_tools_are_not_one_server(world: World, tmp_path: Path) -> None:
    with RemoteServer() as one, RemoteServer(sse=True, tools=[CLOCK]) as other:
        two = draft(remote(one.url), remote(other.url, transport="sse"))
        with pytest.raises(McpInstallError) as refused:
            author(tmp_path, two, world)
    with RemoteServer() as one, RemoteServer(sse=True, tools=TOOLS) as other:
        same = draft(remote(one.url), remote(other.url, transport="sse"))
        registry = author(tmp_path, same, world)

    assert refusal(refused)[0] == ErrorCode.TOOLS_CHANGED
    assert "over `sse`" in refused.value.message
    assert len(registry.find(FULL).tools.tools) == 2


@pytest.mark.parametrize(
    ("given", "code"), [({}, "manifest-invalid"), ({"tenant": "a/b"}, "probe-failed")]
)
def test_a_draft_that_can_t_be_asked_says_why(
    world: World, tmp_path: Path, given: dict[str, str], code: str
) -> None:
    variables = {"tenant": {"isRequired": True}}
    with RemoteServer() as running:
        found = draft(remote(f"{running.origin}/{{tenant}}", variables=variables), **given)
        with pytest.raises(McpInstallError) as refused:
            author(tmp_path, found, world)

    assert refusal(refused)[0] == code
    assert not (tmp_path / FULL).exists()


def test_a_draft_whose_server_json_has_no_such_remote_is_refused(
    world: World, tmp_path: Path
) -> None:
    found = draft(remote("https://mcp.example.com/mcp"))
    other = replace(found, server=server_json(remote("https://mcp.example.com/other")))

    with pytest.raises(McpInstallError) as refused:
        author(tmp_path, other, world)

    assert refusal(refused)[0] == ErrorCode.MANIFEST_INVALID


@pytest.fixture
def without_its_package(world: World) -> Iterator[World]:
    """An installed server whose registry took the package out of the very same version."""
    world.install("clock", hosts=["cursor"])
    rows = world.registry.folder / NAMESPACE / "clock"
    shutil.rmtree(rows)
    world.registry.forget(f"{NAMESPACE}/clock")
    with RemoteServer() as running:
        offer_remote(world, remote(running.url), name="clock")
        yield world


def test_a_package_that_its_registry_took_back_is_a_finding_and_no_crash(
    without_its_package: World,
) -> None:
    world = without_its_package
    (entry,) = verify.verify((), world.context)
    with pytest.raises(McpInstallError) as rebuilt:
        world.reinstall("clock")
    with pytest.raises(McpInstallError) as configured:
        world.configure("clock", ("zone", "UTC"))
    mcpi = world.command()
    for words in (("list",), ("doctor",), ("why", "clock"), ("test", "clock"), ("show", "clock")):
        mcpi.run(*words, status=None)
    world.uninstall("clock")

    assert refusal(rebuilt)[0] == ErrorCode.MANIFEST_INVALID
    assert refusal(configured)[0] == ErrorCode.INPUT_INVALID
    assert not entry.is_clean
    assert "has no package" in " ".join(finding.message for finding in entry.findings)
