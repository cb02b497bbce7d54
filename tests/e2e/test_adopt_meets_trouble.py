"""`mcpi adopt` and `audit --fix` beside hosts, people and commands that change the same files."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.operations import (
    adoption,
    adoption_judge,
    audit,
    audit_files,
    fix_commit,
    fixing,
    host_choice,
    verify,
)
from mcpinstall.operations.adoption import Standing
from mcpinstall.operations.fixing import PreparedFixes
from tests.builders import access_lists
from tests.builders.adopted_changes import TICK, adopt, fix, foreign, prepared_adoption
from tests.builders.canaries import token
from tests.builders.processes import Ended, together
from tests.builders.saving_host import STYLES, saving
from tests.builders.world import HOSTS, World
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.e2e

FIX = "audit --fix --unsafe-fix remove-variable --yes --host cursor"


def entry(world: World, name: str = "tick") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.file("cursor").read_bytes())["mcpServers"][name]
    return found


def edited(world: World, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Let a host write Cursor's file anew with a change; return its bytes."""
    document = json.loads(world.file("cursor").read_bytes())
    change(document["mcpServers"])
    world.file("cursor").write_text(json.dumps(document), encoding="utf-8")
    return world.file("cursor").read_bytes()


def faulty(world: World) -> bytes:
    """Put an entry of the user's with a variable that loads code beside the one to adopt."""
    foreign(world, "cursor")
    loading = {"command": "/bin/mine", "env": {"LD_PRELOAD": "/x.so", "A": "1"}}
    return edited(world, lambda servers: servers.update(mine=loading))


def differences(world: World) -> list[str]:
    return [one.message for found in verify.verify((), world.context) for one in found.findings]


def fixes(world: World) -> PreparedFixes:
    named = frozenset({"remove-variable", "move-secret"})
    return fixing.prepare(audit.Wanted(host="cursor"), named, world.context)


# Between the steps -----------------------------------------------------------------------------


def saves(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, save: Callable[[], object]
) -> None:
    """Let a host save right before a function is called."""
    original = getattr(module, name)

    def called(*given: object) -> object:
        save()
        return original(*given)

    monkeypatch.setattr(module, name, called)


def judged(monkeypatch: pytest.MonkeyPatch, save: Callable[[], object]) -> None:
    """Let a host save when an adoption is written and is not audited again yet."""
    original = adoption_judge.judge

    def judge(*given: Any) -> Callable[[], None]:  # noqa: ANN401 (what `judge` takes)
        compare = original(*given)
        return lambda: (save(), compare())[1]

    monkeypatch.setattr(adoption_judge, "judge", judge)


def test_a_host_that_saves_its_own_right_after_the_write_keeps_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign(world, "cursor")
    before = entry(world)
    ready = prepared_adoption(world)
    new = {"command": "/bin/new"}
    judged(monkeypatch, lambda: edited(world, lambda servers: servers.update(new=new)))

    world.carry_out(ready)

    assert differences(world) == []
    assert entry(world, "new") == new
    world.undo()
    assert (entry(world), entry(world, "new")) == (before, new)
    assert world.receipts() == {}
    world.require_clean()


def test_an_adoption_that_its_host_overwrites_at_once_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign(world, "claude-code")
    path = world.file("claude-code")
    before = path.read_bytes()
    ready = prepared_adoption(world)
    judged(monkeypatch, lambda: path.write_bytes(before))

    with pytest.raises(McpInstallError) as refused:
        world.carry_out(ready)

    assert refused.value.code is ErrorCode.FIX_REFUSED
    assert path.read_bytes() == before
    assert (world.receipts(), world.homes(), world.history()) == ({}, [], ())
    world.require_clean()


def test_a_host_that_saves_the_old_entry_when_all_is_done_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign(world, "claude-code")  # this host writes its file from memory
    path = world.file("claude-code")
    before = path.read_bytes()
    ready = prepared_adoption(world)

    with monkeypatch.context() as patch:
        saves(patch, host_choice, "remember", lambda: path.write_bytes(before))
        done = world.carry_out(ready)

    assert done is not None
    assert [note for note in done.notes if "without `tick`: quit it, then" in note]
    assert differences(world) != []
    world.configure("tick")
    assert differences(world) == []
    assert world.starts("claude-code", "tick")


def test_a_fix_that_its_host_overwrites_at_once_is_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = faulty(world)
    ready = fixes(world)
    saves(monkeypatch, audit_files, "read", lambda: world.file("cursor").write_bytes(before))

    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(ready))

    assert refused.value.code is ErrorCode.FIX_REFUSED
    assert world.file("cursor").read_bytes() == before
    assert world.history() == ()


def test_a_refused_fix_does_not_say_that_it_took_back_what_its_host_has_saved(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(world)
    ready = fixes(world)
    worse = {"LD_AUDIT": "/y.so", "LD_LIBRARY_PATH": "/y"}
    now: list[bytes] = []

    def save() -> None:
        now.append(edited(world, lambda servers: servers["mine"]["env"].update(worse)))

    saves(monkeypatch, audit_files, "read", save)
    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(ready))

    assert refused.value.code is ErrorCode.FIX_REFUSED
    assert "and not all was taken back" in refused.value.message
    assert "another program was faster" in refused.value.hint
    assert "changed meanwhile; left as it is" in refused.value.evidence
    assert world.file("cursor").read_bytes() == now[-1]
    assert not (world.data / "history" / "journal.json").exists()


def test_a_fix_of_a_file_that_changed_since_its_diff_is_refused(world: World) -> None:
    faulty(world)
    ready = fixes(world)
    now = edited(world, lambda servers: servers.update(new={"command": "/bin/new"}))
    world.file("cursor").chmod(0o640)

    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(ready))

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert world.file("cursor").read_bytes() == now
    assert stat.S_IMODE(world.file("cursor").stat().st_mode) == 0o640
    assert world.history() == ()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("style", STYLES)
def test_of_a_host_that_saves_all_the_time_no_save_is_lost(world: World, style: str) -> None:
    """A host that empties its file saves seldom enough to be heard before its next save.

    Where it saves twice between two system calls, what it reads in between is neither file.
    """
    faulty(world)
    ends = set()

    with saving(world.file("cursor"), style, 0.4 if style == STYLES[0] else 0.05) as report:
        for _ in range(8):
            for change in (adopt, fix):
                try:
                    change(world) if change is adopt else fix(world, {"remove-variable"})
                    ends.add("done")
                except McpInstallError as error:
                    ends.add(str(error.code))
                except (ValueError, AssertionError):  # adopted by now, or half saved
                    ends.add("no offer")

    assert report.lost == 0, (report, ends)
    assert ends <= {
        "done", "no offer", "host-config-changed", "host-config-invalid", "fix-refused",
        "disk-failed",
    }  # fmt: skip
    assert json.loads(world.file("cursor").read_bytes())["counter"] > 0
    assert not (world.data / "history" / "journal.json").exists()
    if "tick" in world.receipts():
        assert differences(world) == []
    else:
        assert entry(world)["command"] == "uvx"
        assert world.homes() == []


# The file itself ---------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_link_and_a_read_only_file_stay_what_they_are(world: World) -> None:
    faulty(world)
    link, target = world.file("cursor"), world.home / "dotfiles" / "mcp.json"
    target.parent.mkdir(mode=0o700)
    link.rename(target)
    link.symlink_to(target)
    target.chmod(0o400)
    before = target.read_bytes()

    adopt(world)
    fix(world, {"remove-variable"})

    assert link.readlink() == target
    assert stat.S_IMODE(target.stat().st_mode) == 0o400
    assert b"LD_PRELOAD" not in target.read_bytes()
    assert world.starts("cursor", "tick")
    world.undo()
    world.undo()
    assert target.read_bytes() == before
    assert (link.readlink(), stat.S_IMODE(target.stat().st_mode)) == (target, 0o400)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_an_access_list_stays(world: World) -> None:
    before = faulty(world)
    given = access_lists.give(world.file("cursor"))

    adopt(world)
    fix(world, {"remove-variable"})

    assert access_lists.of(world.file("cursor")) == given
    world.undo()
    world.undo()
    assert world.file("cursor").read_bytes() == before
    assert access_lists.of(world.file("cursor")) == given


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user other than root")
def test_a_folder_that_may_not_be_written_to_changes_nothing(world: World) -> None:
    before = faulty(world)
    ready, changes = prepared_adoption(world), fixes(world)
    world.file("cursor").parent.chmod(0o500)
    try:
        for carry_out in (
            lambda: world.carry_out(ready),
            lambda: list(fix_commit.commit(changes)),
        ):
            with pytest.raises(McpInstallError) as refused:
                carry_out()
            assert refused.value.code is ErrorCode.DISK_FAILED
    finally:
        world.file("cursor").parent.chmod(0o700)
    assert world.file("cursor").read_bytes() == before
    assert (world.receipts(), world.homes(), world.history()) == ({}, [], ())
    world.require_clean()


def test_a_change_that_no_record_could_hold_is_not_made(world: World) -> None:
    bad = {"command": "/bin/mine", "env": {"LD_PRELOAD": "/x.so"}}
    servers = {"first": bad, "wide": {"command": "/bin/wide", "note": "x" * 7_000_000}, "last": bad}
    world.file("cursor").write_text(json.dumps({"mcpServers": servers}))
    before = world.file("cursor").read_bytes()

    with pytest.raises(McpInstallError) as refused:
        fix(world, {"remove-variable"})

    assert refused.value.code is ErrorCode.NOT_SUPPORTED_YET
    assert world.file("cursor").read_bytes() == before
    assert world.history() == ()
    world.install("clock", hosts=["codex"])  # nothing stands in the way of the next command
    world.undo()


# Other commands ----------------------------------------------------------------------------------


def test_commands_at_once_each_end_well_or_say_why(world: World) -> None:
    faulty(world)
    commands = ["adopt tick --yes", "adopt tick --yes", FIX, FIX, "install notes --host cursor"]

    ended = together(world.command(), *commands, statuses=frozenset({0, 1, 3, 5}))

    require_said(ended)
    codes = {one.code for one in ended}
    assert codes <= {"", "host-config-changed", "not-adoptable", "plan-changed"}
    assert differences(world) == []
    world.require_clean()
    text = world.file("cursor").read_text()
    assert ("LD_PRELOAD" in text) is all(one.code for one in ended[2:4])
    assert ("tick" in world.receipts()) is any(one.status == 0 for one in ended[:2])
    assert ("notes" in world.receipts()) is (ended[4].status == 0)
    assert any(not one.code for one in ended)


def test_what_is_adopted_and_taken_back_at_once_is_one_or_the_other(world: World) -> None:
    foreign(world)
    before = world.host_files()
    adopt(world)

    ended = together(
        world.command(), "undo", "uninstall tick", "configure tick --set zone=Rome",
        "reinstall tick",
    )  # fmt: skip

    require_said(ended)
    world.require_clean()
    if world.receipts():
        assert differences(world) == []
        world.uninstall("tick")
    assert world.host_files() == before


def require_said(ended: list[Ended]) -> None:
    for one in ended:
        assert one.status in {0, 1} or (one.code and "hint:" in one.words), one
        assert one.status != 70, one


def test_every_command_of_an_installed_server_works_for_an_adopted_one(
    world: World, mcpi: Mcpi
) -> None:
    foreign(world)
    before = world.host_files()
    adopt(world)
    world.hold("tick")
    fixed = {"type": "named", "name": "--place", "value": "here"}
    world.offer("clock", "2.0", arguments=[fixed])
    assert world.update() is None  # it is held

    world.unhold("tick")
    world.update()
    assert (world.receipts()["tick"].version, differences(world)) == ("2.0", [])
    world.rollback("tick")
    assert (world.receipts()["tick"].version, differences(world)) == ("1.0", [])
    world.reinstall("tick")

    assert mcpi("doctor").status == 0
    assert all(world.starts(product, "tick") for product in HOSTS)
    while world.receipts():
        world.undo()
    assert world.host_files() == before
    world.require_clean()


@pytest.mark.parametrize("between", ["reinstall", "update", "rollback", "a second entry"])
def test_an_adopted_entry_is_still_its_users_after_a_new_environment(
    world: World, between: str
) -> None:
    foreign(world)
    before = world.host_files()
    adopt(world)
    if between == "reinstall":
        world.reinstall("tick")
    elif between == "a second entry":
        world.install("clock", hosts=["cursor"], entry_name="second")
        world.configure("second", ("zone", "Rome"))
        world.uninstall("second")
    else:
        world.offer("clock", "2.0")
        world.update()
    if between == "rollback":
        world.rollback("tick")
    world.file("codex").write_bytes(world.file("codex").read_bytes() + b"# new")

    world.configure("tick", ("zone", "Lima"))

    receipt = world.receipts()["tick"]
    assert (receipt.adopted, receipt.keeps and receipt.keeps.variables) == (
        "uvx clock-server", ("LEVEL",),
    )  # fmt: skip
    assert entry(world) | {"command": "", "args": []} == {
        "autoApprove": ["now"], "env": {"LEVEL": "debug"}, "command": "", "args": [],
    }  # fmt: skip
    assert differences(world) == []
    world.uninstall("tick")
    assert world.host_files() == before | {"codex": TICK["codex"] + b"# new"}


@pytest.mark.parametrize(
    "start",
    [
        {"command": "uvx", "args": ["clock-server", "--zone=Oslo"]},
        {"args": ["clock-server"], "env": {"A": "1"}, "command": "uvx"},
        {"command": "uvx clock-server --zone=Oslo"},
        {"command": "uvx clock-server", "args": []},
    ],
)
@pytest.mark.parametrize("often", [1, 2])
def test_no_half_entry_is_left_where_its_host_writes_the_file_anew(
    world: World, start: dict[str, Any], often: int
) -> None:
    """Whatever mcpi writes, its host writes in its own layout, before and after."""
    world.file("cursor").write_text(json.dumps({"mcpServers": {"tick": start}}))
    adopt(world)

    for number in range(often):
        anew(world, indent=number + 1)
        world.configure("tick", ("zone", f"zone{number}"))
        assert differences(world) == []
    anew(world, indent=4)
    world.uninstall("tick")

    now = entry(world)
    assert now.pop("args", []) == start.get("args", [])
    assert now == {key: value for key, value in start.items() if key != "args"}
    assert world.receipts() == {}


def anew(world: World, indent: int) -> None:
    """Let a host write its file in another layout."""
    document = json.loads(world.file("cursor").read_bytes())
    world.file("cursor").write_text(json.dumps(document, indent=indent, sort_keys=True))


def test_one_adoption_is_taken_back_in_a_file_that_was_edited_since(world: World) -> None:
    foreign(world)
    before = world.host_files()
    adopt(world)
    edited(world, lambda servers: servers["tick"]["env"].update(LEVEL="trace"))
    toml = world.file("codex").read_bytes()
    world.file("codex").write_bytes(toml + b"[mcp_servers.new]\r\ncommand = '/bin/new'\r\n")

    done = world.undo()

    assert any("changed since" in note for note in done.notes)
    assert entry(world) == json.loads(TICK["cursor"])["mcpServers"]["tick"] | {
        "env": {"LEVEL": "trace"}
    }
    assert world.file("claude-code").read_bytes() == before["claude-code"]
    assert world.file("codex").read_bytes() == (
        TICK["codex"] + b"[mcp_servers.new]\r\ncommand = '/bin/new'\r\n"
    )
    assert world.receipts() == {}


def test_a_projects_entry_of_the_same_name_stays(world: World) -> None:
    foreign(world)
    (Path.cwd() / ".git").mkdir()
    project = Path.cwd() / ".mcp.json"
    project.write_bytes(TICK["claude-code"])
    project.chmod(0o600)

    adopt_users(world)

    assert project.read_bytes() == TICK["claude-code"]
    assert set(world.receipts()["tick"].hosts) == {"cursor-user", "claude-code-user", "codex-user"}
    assert differences(world) == []


def adopt_users(world: World) -> None:
    """Adopt what the user's own files have; a project has one of that name, too."""
    found = adoption.survey((), world.context)
    assert [one.standing for one in found.offers if one.name == "tick"].count(Standing.LEFT) == 1
    (offer,) = [one for one in found.offered if one.name == "tick"]
    world.carry_out(adoption.prepare(adoption.request(offer, Request(names=())), world.context))


@pytest.mark.parametrize("first", ["the fix", "the adoption"])
def test_an_undone_fix_of_a_secret_leaves_it_in_no_record_that_stays(
    world: World, first: str
) -> None:
    secret = token("github")
    foreign(world, "cursor")
    edited(world, lambda servers: servers["tick"]["env"].update(GITHUB_TOKEN=secret))
    before = world.file("cursor").read_bytes()
    list(fix_commit.commit(fixes(world)))
    assert secret.encode() not in world.file("cursor").read_bytes()
    adopt(world)

    if first == "the fix":  # below the adoption: only its own value goes back
        world.undo(world.history()[0].id)
        assert entry(world)["env"]["GITHUB_TOKEN"] == secret
        assert world.starts("cursor", "tick")
    else:
        world.undo()
    world.undo()

    assert world.file("cursor").read_bytes() == before
    told = (one for one in world.home.rglob("*") if one.is_file() and one.parent.name != "history")
    assert [one for one in told if secret.encode() in one.read_bytes()] == [world.file("cursor")]


@pytest.mark.parametrize("seed", range(3))
def test_in_whatever_order_files_end_in_the_users_bytes(world: World, seed: int) -> None:
    foreign(world)
    before, chance = world.host_files(), random.Random(seed)  # noqa: S311

    for _ in range(14):
        known = set(world.receipts())
        steps: list[Callable[[], object]] = [
            lambda: tried(lambda: world.install("notes", hosts=chance.sample(list(HOSTS), 2))),
            lambda: tried(lambda: world.install("clock", hosts=["cursor"])),
        ]
        if "tick" not in known:
            steps += [lambda: adopt(world)] * 3
        for name in known:
            zone = chance.choice(("a", "b"))
            steps += [
                functools.partial(world.uninstall, name),
                functools.partial(world.configure, name, ("zone", zone)),
                functools.partial(world.reinstall, name),
            ]
        if world.history():
            steps.append(lambda: tried(world.undo))
        chance.choice(steps)()
        world.require_consistent()
        assert differences(world) == []

    for name in chance.sample(sorted(world.receipts()), len(world.receipts())):
        world.uninstall(name)
    assert world.host_files() == before
    world.require_clean()


def tried(command: Callable[[], object]) -> None:
    """Do what may be refused: nothing is left to undo, or an entry has other inputs."""
    with contextlib.suppress(McpInstallError):
        command()
