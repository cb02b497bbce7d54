"""Two commands at once, as processes of their own: both end well, or one says why not."""

from __future__ import annotations

import pytest

from tests.builders.processes import together
from tests.builders.world import HOSTS, World

pytestmark = pytest.mark.e2e


def test_different_servers_into_different_hosts_both_end_well(world: World) -> None:
    ended = together(world.command(), "install clock --host cursor", "install notes --host codex")

    assert [one.status for one in ended] == [0, 0]
    world.require_clean()
    assert world.starts("cursor", "clock")
    assert world.starts("codex", "notes")


def test_one_server_into_different_hosts_both_end_well(world: World) -> None:
    ended = together(world.command(), "install clock --host cursor", "install clock --host codex")

    assert [one.status for one in ended] == [0, 0]
    world.require_clean()
    assert world.receipts()["clock"].hosts == ("codex-user", "cursor-user")
    assert world.starts("cursor", "clock")
    assert world.starts("codex", "clock")


@pytest.mark.parametrize("other", ["clock", "notes"])
def test_into_one_host_the_slower_one_says_that_the_file_changed(world: World, other: str) -> None:
    ended = together(
        world.command(), "install clock --host cursor", f"install {other} --host cursor"
    )

    world.require_clean()
    assert 0 in {one.status for one in ended}
    for one in ended:
        assert one.code in {"", "host-config-changed"}
    expected = {name for one, name in zip(ended, ("clock", other), strict=True) if not one.code}
    assert set(world.receipts()) == expected


def test_install_and_uninstall_of_one_server_leave_one_of_both_states(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    ended = together(world.command(), "install clock --host codex", "uninstall clock")

    world.require_clean()
    assert 0 in {one.status for one in ended}
    for product in HOSTS:
        assert all(world.starts(product, name) for name in world.servers_in(product)
                   if name != "mine")  # fmt: skip


def test_four_at_once_into_four_entries(world: World) -> None:
    before = world.host_files()

    ended = together(
        world.command(),
        "install clock --host cursor",
        "install notes --host codex",
        "install maps --host claude-code",
        "install clock --host vscode --as second",
    )

    assert [one.status for one in ended] == [0, 0, 0, 0]
    world.require_clean()

    world.uninstall("second", "maps", "clock", "notes")

    assert world.host_files() == before
    world.require_clean()
