"""A host saves its file all the time: none of its saves is lost, and no command says otherwise."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.hosts import machine, no_chain, server
from tests.builders.processes import begin, end
from tests.builders.saving_host import STYLES, saving
from tests.builders.world import World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX"),
]

ROW = hosts.find_rows("claude-code")
EDITS = 150


def edit(home: Path, locks: Path, number: int) -> str:
    """Give one of seven entries a new value; return its name."""
    file = hosts.read(ROW, machine(home))
    name = f"entry{number % 7}"
    entry = dataclasses.replace(server(), name=name, args=(str(number),))
    known = name in {one.name for one in hosts.entries(file)}
    hosts.write(hosts.add(file, no_chain(ROW), entry, replace=known), locks)
    return name


@pytest.mark.parametrize("style", STYLES)
def test_of_a_host_that_saves_all_the_time_no_save_is_lost(
    tmp_path: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    path = home / ".claude.json"
    path.write_text('{"mcpServers": {}, "theirs": [1, 2, 3]}')
    codes: Counter[str] = Counter()
    expected: dict[str, str] = {}

    with saving(path, style, 0.005) as report:
        for number in range(EDITS):
            try:
                expected[edit(home, tmp_path / "locks", number)] = str(number)
                codes["done"] += 1
            except McpInstallError as error:
                codes[error.code] += 1
                if "at once" in error.message:  # its entry may stand or not
                    expected.pop(f"entry{number % 7}", None)

    assert report.lost == 0, (report, codes)
    assert report.saves > EDITS // 10
    assert codes["done"] > 0
    assert set(codes) <= {"done", ErrorCode.HOST_CONFIG_CHANGED, ErrorCode.HOST_CONFIG_INVALID}
    found = json.loads(path.read_bytes())
    assert found["theirs"] == [1, 2, 3]
    if style == "by renaming":  # that host looks what it replaces, so it loses nothing of ours
        entries = {name: one["args"][0] for name, one in found["mcpServers"].items()}
        assert expected.items() <= entries.items()
    assert [one.name for one in home.iterdir()] == [".claude.json"]


@pytest.mark.parametrize("style", STYLES)
def test_commands_beside_a_host_that_never_rests_refuse(world: World, style: str) -> None:
    mcpi, path = world.command(), world.file("claude-code")
    path.write_text('{"mcpServers": {}}')

    with saving(path, style, 0.001) as report:
        installed = end(begin(mcpi, "install clock --host claude-code --yes"))
    assert report.lost == 0
    assert (installed.status, installed.code) in {
        (3, "host-config-changed"), (3, "host-config-invalid"),
    }  # fmt: skip
    assert "hint:" in installed.words
    assert json.loads(path.read_bytes())["mcpServers"] == {}
    assert world.receipts() == {}
    world.require_clean()

    world.install("clock", hosts=["claude-code"])
    with saving(path, style, 0.001) as report:
        gone = end(begin(mcpi, "uninstall clock --yes"))
    assert report.lost == 0
    assert (gone.status, gone.code) in {(0, ""), (3, "host-config-changed"),
                                        (3, "host-config-invalid")}  # fmt: skip
    assert set(json.loads(path.read_bytes())["mcpServers"]) == (
        set() if not gone.code else {"clock"}
    )
    world.require_clean()


def test_a_host_that_is_stopped_in_the_middle_of_a_save_is_not_overwritten(world: World) -> None:
    """Half a file is refused, and so is a file that was emptied while it was looked at."""
    path = world.file("claude-code")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    mcpi = world.command()

    ended = end(begin(mcpi, "install clock --host claude-code --yes"))

    assert (ended.status, ended.code) == (3, "host-config-invalid")
    assert path.read_bytes() == whole[: len(whole) // 2]

    with path.open("rb+") as host:  # emptied before the plan, written after it
        host.truncate()
        prepared = world.prepare("clock", hosts=["claude-code"])
        host.write(whole)
    with pytest.raises(McpInstallError) as refused:
        world.carry_out(prepared)
    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert path.read_bytes() == whole
    world.require_clean()


def test_beside_a_host_that_rests_commands_do_what_they_say(world: World) -> None:
    mcpi, path = world.command(), world.file("claude-code")
    path.write_text('{"mcpServers": {}}')

    with saving(path, STYLES[0], 3600) as report:
        assert end(begin(mcpi, "install clock --host claude-code --yes")).status == 0
        assert world.starts("claude-code", "clock")
        assert end(begin(mcpi, "uninstall clock --yes")).status == 0

    assert report.lost == 0
    assert json.loads(path.read_bytes())["mcpServers"] == {}
    world.require_clean()
