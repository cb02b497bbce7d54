"""What an audit says against a copy of an entry whose server was revoked helps, typed as it is."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import audit
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.world import NAMESPACE, World

pytestmark = pytest.mark.e2e

KIRO = ".kiro/settings/mcp.json"
FACTS = {"reason": "it was stolen", "date": "2026-11-23"}


def revoked(world: World) -> dict[str, tuple[str, str]]:
    """Name of each entry that is revoked → severity and what to do."""
    found = audit.audit(audit.Wanted(), world.context).findings
    return {
        one.server: (str(one.rule.severity), one.fix) for one in found if one.rule.id == "MA804"
    }


def kiro(world: World, **entries: object) -> Path:
    """Write what another hand put into the file of a host that has a switch."""
    file = world.home / KIRO
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text(json.dumps({"mcpServers": entries}, indent=2), encoding="utf-8")
    file.chmod(0o600)
    return file


def entry(file: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_bytes())["mcpServers"][name]
    return found


def commands(fix: str) -> list[list[str]]:
    return [shlex.split(one)[1:] for one in re.findall("`(mcpi [^`]+)`", fix)]


def test_a_copy_is_switched_off_and_what_it_starts_deleted(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"], entry_name="second")
    copied = entry(world.file("cursor"), "clock")
    file = kiro(world, mine=copied)
    world.registry.withdraw(Revocation(name=f"{NAMESPACE}/clock", **FACTS))
    found = revoked(world)
    assert found["clock"] == ("high", "mcpi uninstall clock")
    assert found["second"] == ("high", "mcpi uninstall second")
    severity, fix = found["mine"]
    assert severity == "high"

    switch, uninstall = commands(fix)
    assert sorted(uninstall) == ["clock", "second", "uninstall"]
    world.command().run(*switch, "--yes", status=None)

    assert entry(file, "mine") == {**copied, "disabled": True}
    assert revoked(world)["mine"][0] == "medium"
    world.command().run(*uninstall, "--yes")

    assert revoked(world) == {}
    assert not Path(copied["command"]).exists()
    assert world.homes() == []


def test_a_copy_of_a_remote_server_is_switched_off(world: World) -> None:
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        world.install("cloud", hosts=["cursor"])
    file = kiro(world, sky={"url": server.url})
    world.registry.withdraw(Revocation(name=f"{NAMESPACE}/cloud", **FACTS))

    (switch,) = commands(revoked(world)["sky"][1])
    world.command().run(*switch, "--yes", status=None)

    assert entry(file, "sky") == {"url": server.url, "disabled": True}
    assert revoked(world)["sky"][0] == "medium"


def test_a_host_without_a_switch_is_told(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    copied = entry(world.file("cursor"), "clock")
    document = json.loads(world.file("cursor").read_bytes())
    document["mcpServers"]["again"] = copied
    world.file("cursor").write_text(json.dumps(document), encoding="utf-8")
    before = world.file("cursor").read_bytes()
    world.registry.withdraw(Revocation(name=f"{NAMESPACE}/clock", **FACTS))

    switch, _ = commands(revoked(world)["again"][1])
    done = world.command().run(*switch, "--yes", status=None)

    assert "Cursor has no switch in an entry" in done.stderr
    assert world.file("cursor").read_bytes() == before
