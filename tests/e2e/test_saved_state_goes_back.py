"""A saved state of a TUF registry is put back in an older one: what each command does then."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import registry_sources, rollback
from tests.attacks.test_saved_registry_changed import installed, saved, saved_again, tuf
from tests.builders.tuf_world import TufWorld
from tests.builders.world import World

__all__ = ["installed", "tuf"]

pytestmark = pytest.mark.e2e


@pytest.fixture
def copied_back(installed: World, tuf: TufWorld) -> World:
    """The server was updated since, and then the state before that was copied back."""
    shutil.copytree(saved(installed), installed.root / "old", symlinks=True)
    installed.offer("clock", "2.0")
    tuf.publish()
    installed.update("clock")
    back(installed)
    return installed


def back(world: World) -> None:
    shutil.rmtree(saved(world))
    shutil.copytree(world.root / "old", saved_again(world), symlinks=True)


BUILDS: dict[str, Callable[[World], object]] = {
    "install": lambda world: world.install("corp:clock", hosts=["codex"], offline=True),
    "update": lambda world: world.update(offline=True),
    "update --to": lambda world: world.update("clock", to="1.0", offline=True),
    "reinstall": lambda world: world.reinstall("clock"),
}


@pytest.mark.parametrize("command", BUILDS)
def test_nothing_is_built_on_an_older_state(copied_back: World, command: str) -> None:
    before = copied_back.receipts(), copied_back.host_files()

    with pytest.raises(McpInstallError) as refused:
        BUILDS[command](copied_back)

    assert refused.value.code is ErrorCode.REGISTRY_ROLLED_BACK
    assert (copied_back.receipts(), copied_back.host_files()) == before


def test_an_older_state_keeps_nobody_from_taking_a_server_out(copied_back: World) -> None:
    copied_back.uninstall("clock")

    assert copied_back.receipts() == {}
    with pytest.raises(McpInstallError) as refused:
        copied_back.undo()
    assert refused.value.code is ErrorCode.REGISTRY_ROLLED_BACK


def test_a_rollback_tells_that_nobody_could_ask_and_brings_no_revoked_version(
    copied_back: World, tuf: TufWorld
) -> None:
    """What was revoked in a state that was seen is remembered beside it."""
    (note,) = rollback.prepare("clock", copied_back.context).notes
    assert "advisories were not checked (the registry `corp` is at state 1" in note
    copied_back.registry.revoke("1.0", "it leaks")
    tuf.publish()
    registry_sources.refresh((), copied_back.context)
    back(copied_back)

    with pytest.raises(McpInstallError) as refused:
        rollback.prepare("clock", copied_back.context)

    assert refused.value.code is ErrorCode.VERSION_REVOKED
