"""Ten commands at once, as processes of their own: each ends well or says why not, all is whole."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from mcpinstall import hosts
from mcpinstall.operations import verify
from tests.builders.processes import Ended, together
from tests.builders.world import HOSTS, World

pytestmark = pytest.mark.e2e

PRODUCTS = ("cursor", "claude-code", "codex", "vscode", "gemini-cli", "qwen-code", "claude-desktop")
WORDS = (
    "install clock --host cursor", "install notes --host cursor", "install notes --host codex",
    "install maps --host claude-code", "install maps --host cursor --host codex",
    "uninstall clock", "uninstall notes", "uninstall maps --host codex", "reinstall clock",
    "configure clock --set zone=Oslo", "configure notes --set zone=Rome", "undo",
    "verify", "list", "show clock", "history", "hosts", "cache prune",
)  # fmt: skip
"""What ten people could do to one user's servers."""

MINE = {"cursor": "/bin/mine", "codex": "/bin/mine"}
"""The user's own entries."""


def require_whole(world: World) -> None:
    """Fail unless every entry starts, `verify` agrees, and what is the user's is there."""
    world.require_clean()
    assert [one.findings for one in verify.verify((), world.context) if not one.is_clean] == []
    for product, command in MINE.items():
        assert world.servers_in(product)["mine"][0] == command
    for product in HOSTS:
        for name in set(world.servers_in(product)) - {"mine"}:
            assert world.starts(product, name), (product, name)


def require_said(ended: Sequence[Ended]) -> None:
    """Fail unless whoever lost the race said what happened and what to do."""
    for one in ended:
        assert one.status == 0 or (one.code and "hint:" in one.words), one
        assert one.status != 70


def test_ten_different_servers_into_one_host(world: World) -> None:
    names = [f"server{number}" for number in range(10)]
    for name in names:
        world.offer(name)

    ended = together(world.command(), *(f"install {name} --host cursor" for name in names))

    require_whole(world)
    require_said(ended)
    won = {name for one, name in zip(ended, names, strict=True) if one.status == 0}
    assert won
    assert set(world.receipts()) == won == set(world.servers_in("cursor")) - {"mine"}
    assert {one.code for one in ended if one.status} <= {"host-config-changed"}

    for name in sorted(set(names) - won):  # as the hint says
        world.install(name, hosts=["cursor"])
    require_whole(world)


def test_three_servers_twice_each(world: World) -> None:
    commands = ["install clock --host cursor", "install notes --host codex",
                "install maps --host vscode"]  # fmt: skip

    ended = together(world.command(), *commands, *commands)

    require_whole(world)
    require_said(ended)
    for first, second in zip(ended[:3], ended[3:], strict=True):
        assert 0 in {first.status, second.status}
        assert {first.code, second.code} <= {"", "host-config-changed"}
    assert set(world.receipts()) == {"clock", "notes", "maps"}


def test_one_server_into_seven_hosts(world: World) -> None:
    ended = together(world.command(), *(f"install clock --host {one}" for one in PRODUCTS))

    assert [(one.command, one.words) for one in ended if one.status] == []
    require_whole(world)
    rows = sorted(hosts.find_rows(product).id for product in PRODUCTS)
    assert sorted(world.receipts()["clock"].hosts) == rows
    assert len(world.homes()) == 1


def test_ten_of_everything(world: World) -> None:
    chance = random.Random(4)  # noqa: S311 (no secret is made of it)
    before = world.host_files()
    world.install("clock", hosts=["cursor", "codex"])

    for _ in range(2):
        ended = together(world.command(), *chance.choices(WORDS, k=10))

        require_whole(world)
        require_said(ended)
        for one in ended:
            assert one.status == 0 or one.command not in {"list", "hosts", "history", "verify"}, one

    if world.receipts():
        world.uninstall(*world.receipts())
    assert world.host_files() == before
    world.require_clean()
