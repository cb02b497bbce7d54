"""Authenticity, freshness and rollback, told apart by check 1; what is stale, what still runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.plan import Request
from mcpinstall.operations import install, reinstall, verify
from mcpinstall.operations.context import Context
from mcpinstall.registries import sources
from tests.builders.registry_folders import RegistryFolder
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e


def planned(name: str, context: Context, **request: Any) -> dict[Check, CheckResult]:  # noqa: ANN401
    wanted = Request(names=(name,), hosts=("codex",), **request)
    prepared = install.prepare(wanted, context, stage=False)
    install.discard(prepared)
    return {one.check: one for one in prepared.plan.checks}


def made_stale(world: World) -> str:
    """Let the bundled registry have expired yesterday; return that day."""
    expired = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    registry = world.registry
    registry.file = replace(registry.file, issued=expired - timedelta(days=180))
    registry.publish(serial=registry.file.serial, expires=expired)
    return f"{expired:%Y-%m-%d}"


@pytest.fixture
def tuf(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[TufWorld]:
    made = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    made.begin().publish()
    bundled = RegistryFolder(world.root / "nothing").publish(serial=1)
    monkeypatch.setattr(sources, "bundled_folder", lambda: bundled.folder)
    with Site(made.folder) as made.site:
        made.trust()
        yield made


def test_a_stale_bundled_registry_asks_and_unattended_needs_leave(world: World) -> None:
    day = made_stale(world)

    asked = planned("clock", world.context)
    with pytest.raises(McpInstallError) as refused:
        planned("clock", world.context, unattended=True)
    allowed = planned("clock", world.context, unattended=True, allow=frozenset({"stale"}))

    assert refusal(refused) == ("registry-stale", 3)
    assert "--allow stale" in refused.value.hint
    for found in (asked, allowed):
        assert found[Check.REGISTRY].outcome is Outcome.ABSENT
        evidence = found[Check.REGISTRY].evidence
        assert f"STALE since {day}, not rolled back" in evidence
        assert evidence.startswith("shipped with mcpinstall")
        assert f"registry stale since {day}" in found[Check.POLICY].evidence


def test_the_screen_and_json_say_the_three_apart(world: World) -> None:
    command = world.command()
    dry = ("install", "clock", "-H", "cursor", "--dry-run")
    fresh, shown = command.answer(*dry), command.run(*dry).stderr
    day = made_stale(world)
    command = world.command()
    stale, warned = command.answer(*dry), command.run(*dry).stderr

    def first(answer: dict[str, Any]) -> dict[str, Any]:
        (found,) = [one for one in answer["plan"]["checks"] if one["number"] == 1]
        return found  # type: ignore[no-any-return]

    assert first(fresh)["outcome"] == "verified"
    assert first(fresh)["evidence"].endswith(", fresh, not rolled back")
    assert "fresh, not rolled back" in shown
    assert first(stale)["outcome"] == "absent"
    assert f"STALE since {day}, not rolled back" in first(stale)["evidence"]
    assert stale["plan"]["servers"][0]["registry"]["stale"] is True
    assert f"is stale since {day}" in warned
    command.run("install", "clock", "-H", "cursor", "--yes", status=3)
    command.run("install", "clock", "-H", "cursor", "--yes", "--allow", "stale")
    assert world.starts("cursor", "clock")


def test_an_expired_tuf_registry_refuses_what_is_new_and_the_installed_runs_on(
    world: World, tuf: TufWorld
) -> None:
    evidence = planned("corp:clock", world.context)[Check.REGISTRY].evidence
    assert [evidence.count(word) for word in ("authentic:", "fresh until", "not rolled back:")] == [
        1, 1, 1,
    ]  # fmt: skip
    world.install("corp:clock", hosts=("cursor",))
    later = replace(world.context, now=datetime.now(UTC) + timedelta(days=400))

    for allow in (frozenset[str](), frozenset({"stale"})):
        with pytest.raises(McpInstallError) as refused:
            planned("corp:notes", later, allow=allow)
        assert refusal(refused) == ("registry-stale", 3)

    assert world.starts("cursor", "clock")
    (entry,) = verify.verify(("clock",), later, offline=True)
    assert entry.is_clean
    (check,) = [one for one in entry.checks if one.check is Check.REGISTRY]
    assert check.outcome is Outcome.ABSENT
    assert "authentic:" in check.evidence
    assert "STALE since" in check.evidence
    rebuilt = reinstall.prepare("clock", later, request=Request(names=()))
    world.carry_out(rebuilt)
    assert world.starts("cursor", "clock")
