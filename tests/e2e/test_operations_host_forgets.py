"""A host that saves what it remembers, after our write was read back: its user is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mcpinstall import hosts
from mcpinstall.model.host import HostChange
from mcpinstall.operations import doctor
from mcpinstall.operations.findings import Kind
from tests.builders.world import USERS_FILES, World

pytestmark = pytest.mark.e2e


@pytest.fixture
def after_each_write(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[HostChange], object]]:
    """What another program does as soon as a file is written and read back."""
    others: list[Callable[[HostChange], object]] = []
    write = hosts.write

    def written(change: HostChange, locks: Path) -> None:
        write(change, locks)
        for other in others:
            other(change)

    monkeypatch.setattr(hosts, "write", written)
    return others


def test_an_entry_that_its_host_forgets_at_once_is_told(
    world: World, after_each_write: list[Callable[[HostChange], object]]
) -> None:
    claude = world.file("claude-code")

    def saves_what_it_remembers(change: HostChange) -> None:
        if change.file.row.product == "codex":  # the last one; Claude Code's file stands by then
            claude.write_bytes(USERS_FILES["claude-code"])

    after_each_write.append(saves_what_it_remembers)

    done = world.install("clock", hosts=["claude-code", "codex"])

    assert done is not None
    (note,) = done.notes
    assert f"Claude Code has just saved `{claude}` without `clock`" in note
    assert "`mcpi configure clock`" in note
    kinds = [one.kind for one in doctor.examine(world.context).troubles]
    assert Kind.ENTRY_GONE in kinds
    after_each_write.clear()
    world.configure("clock")
    assert "clock" in world.servers_in("claude-code")


def test_a_host_that_keeps_what_we_wrote_is_no_news(
    world: World, after_each_write: list[Callable[[HostChange], object]]
) -> None:
    claude = world.file("claude-code")

    def saves_all_of_it(change: HostChange) -> None:
        if change.file.row.product == "claude-code":
            claude.write_bytes(claude.read_bytes() + b"\n")

    after_each_write.append(saves_all_of_it)

    done = world.install("clock", hosts=["claude-code", "codex"])

    assert done is not None
    assert done.notes == ()


def test_half_a_file_is_not_called_a_loss(
    world: World, after_each_write: list[Callable[[HostChange], object]]
) -> None:
    claude = world.file("claude-code")
    after_each_write.append(lambda _: claude.write_bytes(b'{"numStartups": '))

    done = world.install("clock", hosts=["claude-code"])

    assert done is not None
    assert done.notes == ()
