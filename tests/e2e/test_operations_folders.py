"""A folder registry that is not there stops only those who name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def unplugged(world: World) -> World:
    folder: Path = world.context.paths.config
    folder.mkdir(parents=True, mode=0o700)
    (folder / "config.toml").write_text(
        'schema = 1\n[[registries]]\nname = "mine"\nkind = "folder"\npath = "/nonexistent/drive"\n'
    )
    return world


def test_reviewed_servers_are_installed_without_it(unplugged: World) -> None:
    unplugged.install("clock", hosts=["cursor"])

    assert unplugged.starts("cursor", "clock")


def test_a_name_in_it_is_refused(unplugged: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        unplugged.install("mine:clock", hosts=["cursor"])

    assert refused.value.code is ErrorCode.REGISTRY_UNAVAILABLE
