"""What was adopted, as later audits judge it: what it kept is its own, what comes later is not."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.plan import Request
from mcpinstall.operations import adoption, audit, fixing, undo, uninstall
from tests.builders.canaries import token
from tests.builders.world import World
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.e2e

TICK = {
    "command": "uvx", "args": ["clock-server", "--zone=Oslo"], "env": {"LEVEL": "debug"},
    "cwd": "/srv", "disabled": True, "autoApprove": ["now"], "timeout": 60,
}  # fmt: skip


def put(world: World, **servers: object) -> bytes:
    data = json.dumps({"mcpServers": servers}, indent=2).encode()
    world.file("cursor").write_bytes(data)
    return data


def adopt(world: World, name: str) -> None:
    (one,) = [each for each in adoption.survey((), world.context).offers if each.name == name]
    request = adoption.request(one, Request(names=()))
    assert world.carry_out(adoption.prepare(request, world.context)) is not None


def of_rule(world: World) -> list[AuditFinding]:
    report = audit.audit(audit.Wanted(), world.context)
    assert report.unchecked == ()
    return [one for one in report.findings if one.rule.id == "MA111"]


def drift(world: World) -> list[str]:
    return [one.message for one in of_rule(world)]


def fixes(world: World) -> list[str]:
    return [one.fix for one in of_rule(world)]


def edited(world: World, change: Callable[[dict[str, Any]], object]) -> None:
    file = world.file("cursor")
    document = json.loads(file.read_bytes())
    change(document["mcpServers"]["tick"])
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")


def test_what_an_adopted_entry_kept_is_no_drift(world: World) -> None:
    put(world, tick=TICK)

    adopt(world, "tick")

    assert drift(world) == []
    entry = json.loads(world.file("cursor").read_bytes())["mcpServers"]["tick"]
    assert {key: entry[key] for key in TICK if key not in ("command", "args")} == {
        key: value for key, value in TICK.items() if key not in ("command", "args")
    }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda entry: entry.update(command="/bin/sh"), "command"),
        (lambda entry: entry["args"].append("--evil"), "args"),
        (lambda entry: entry["args"].remove("-I"), "args"),
        (lambda entry: entry["env"].update(PYTHONPATH="/opt/evil"), "env"),
        (lambda entry: entry.pop("env"), "env"),
        (lambda entry: entry.pop("cwd"), "cwd"),
        (lambda entry: entry.update(envFile="/opt/evil"), "envFile"),
        (lambda entry: entry.update(url="https://evil.example/mcp"), "url"),
    ],
)
def test_what_changes_an_adopted_entry_later_is_drift(
    world: World, change: Callable[[dict[str, Any]], object], field: str
) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")

    edited(world, change)

    assert drift(world) == [f"it has another `{field}` than mcpinstall wrote"]


def test_what_a_host_adds_to_an_adopted_entry_is_no_drift(world: World) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")

    edited(world, lambda entry: entry.update(disabled=False, alwaysAllow=[], timeout=5))

    assert drift(world) == []


def test_the_command_that_a_drift_names_writes_the_entry_again(world: World, mcpi: Mcpi) -> None:
    world.install("clock", hosts=["cursor"])
    file = world.file("cursor")
    before = file.read_bytes()
    document = json.loads(before)
    document["mcpServers"]["clock"]["args"].append("--evil")
    file.write_text(json.dumps(document), encoding="utf-8")
    assert drift(world) != []

    ran = mcpi("configure", "clock", "--yes", terminal=False)

    assert (ran.status, drift(world)) == (0, [])
    assert json.loads(file.read_bytes()) == json.loads(before)


def test_so_it_does_with_an_adopted_entry(world: World, mcpi: Mcpi) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")
    before = json.loads(world.file("cursor").read_bytes())
    edited(world, lambda entry: entry.update(command="/bin/sh", args=["-c", "evil"]))
    assert drift(world) != []

    ran = mcpi("configure", "tick", "--yes", terminal=False)

    assert (ran.status, ran.err[-300:], drift(world)) == (0, ran.err[-300:], [])
    assert json.loads(world.file("cursor").read_bytes()) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["--password", "hunter2"],
        ["--password=hunter2"],
        ["--api-key", "short-one"],
        ["--zone=Oslo", "--token", "abcd"],
        ["https://me:hunter2@example.org/"],
        ["--header", "Authorization: Bearer hunter2x"],
    ],
)
def test_an_argument_that_is_named_like_a_secret_is_not_taken_over(
    world: World, mcpi: Mcpi, arguments: list[str]
) -> None:
    before = put(world, tick={"command": "uvx", "args": ["clock-server", *arguments]})

    ran = mcpi("adopt", "tick", "--yes", terminal=False)
    listed = mcpi("adopt", "--json")

    assert ran.status == 5
    assert "one of its arguments holds a secret" in ran.err
    for secret in ("hunter2", "short-one", "abcd"):
        assert secret not in ran.out + ran.err + listed.out + listed.err
    assert world.file("cursor").read_bytes() == before
    assert world.receipts() == {}


def test_the_command_for_an_environment_that_is_gone_builds_it(world: World, mcpi: Mcpi) -> None:
    world.install("clock", hosts=["cursor"])
    (generation,) = world.generations()
    for folder in (generation, *generation.rglob("*")):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o755)
    shutil.rmtree(generation)
    assert drift(world) == ["the environment of `clock` is gone"]

    ran = mcpi("reinstall", "clock", "--yes", terminal=False)

    assert (ran.status, drift(world)) == (0, [])
    assert world.starts("cursor", "clock")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda entry: entry["env"].update(HTTPS_PROXY="http://evil.example"), "env"),
        (lambda entry: entry.update(envFile="/opt/evil"), "envFile"),
        (lambda entry: entry.pop("cwd"), "cwd"),
    ],
)
def test_what_no_command_takes_out_of_an_adopted_entry_is_said(
    world: World, mcpi: Mcpi, change: Callable[[dict[str, Any]], object], field: str
) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")
    edited(world, change)

    (fix,) = fixes(world)

    assert fix.startswith(f"change `{field}` back in an editor")
    assert "`mcpi uninstall tick`, then `mcpi adopt tick`" in fix


def test_the_way_to_keep_what_somebody_added_to_an_adopted_entry_works(
    world: World, mcpi: Mcpi
) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")
    edited(world, lambda entry: entry["env"].update(ZONE="UTC"))
    assert drift(world) != []

    statuses = [
        mcpi("uninstall", "tick", "--yes", terminal=False).status,
        mcpi("adopt", "tick", "--yes", terminal=False).status,
    ]

    assert (statuses, drift(world)) == ([0, 0], [])
    entry = json.loads(world.file("cursor").read_bytes())["mcpServers"]["tick"]
    assert entry["env"] == {"LEVEL": "debug", "ZONE": "UTC"}


def test_an_entry_that_somebody_else_wrote_is_not_written_again(world: World) -> None:
    world.install("clock", hosts=["codex"])
    command = world.servers_in("codex")["clock"][0]
    put(world, mine={"command": command, "args": ["-c", "evil"]})

    assert drift(world) == ["it starts `clock` otherwise than mcpinstall does"]
    (fix,) = fixes(world)
    assert fix.startswith("take the entry out if you did not write it")


def test_an_adopted_entry_outlives_its_file_that_a_host_wrote_anew(world: World) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")
    edited(world, lambda entry: entry.update(timeout=5))

    world.uninstall("tick")

    assert json.loads(world.file("cursor").read_bytes()) == {
        "mcpServers": {"tick": TICK | {"timeout": 5}}
    }
    assert world.receipts() == {}


def test_an_adopted_entry_outlives_a_toml_file_written_anew(world: World) -> None:
    text = '[mcp_servers.tick]\ncommand = "uvx"\nargs = ["clock-server"]\n'
    world.file("codex").write_text(f'{text}env = {{ LEVEL = "debug" }}\n')
    adopt(world, "tick")
    now = tomllib.loads(world.file("codex").read_text())["mcp_servers"]["tick"]
    words = "".join(f"  {json.dumps(word)},\n" for word in now["args"])
    world.file("codex").write_text(
        f"[mcp_servers]\n[mcp_servers.tick]\ncommand = {json.dumps(now['command'])}\n"
        f'args = [\n{words}]\n[mcp_servers.tick.env]\nLEVEL = "debug"\n'
    )

    world.uninstall("tick")

    assert tomllib.loads(world.file("codex").read_text())["mcp_servers"] == {
        "tick": {"command": "uvx", "args": ["clock-server"], "env": {"LEVEL": "debug"}}
    }


def test_an_adopted_entry_that_starts_something_else_by_now_starts_nothing_old(
    world: World,
) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")
    edited(world, lambda entry: entry.update(command="/bin/sh", args=["-c", "other"]))

    before = world.file("cursor").read_bytes()
    prepared = uninstall.prepare(["tick"], [], world.context)
    uninstall.commit(prepared, world.context)

    assert world.file("cursor").read_bytes() == before
    assert [one for one in prepared.notes if "starts another program by now; it stays" in one]
    assert not any("starts `uvx clock-server` again" in one for one in prepared.notes)
    assert (world.receipts(), world.homes()) == ({}, [])


@pytest.mark.parametrize("changed", [{"command": "/bin/sh"}, {"timeout": 5, "cwd": "/x"}])
def test_what_an_undo_does_not_give_back_is_said_before_the_yes(
    world: World, changed: dict[str, Any]
) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")
    edited(world, lambda entry: entry.update(changed))

    prepared = undo.prepare(None, world.context)
    undo.commit(prepared, world.context)

    said = (*prepared.notes, *(one for each in prepared.changes for one in each.warnings))
    wanted = "starts another program" if "command" in changed else "only command and arguments"
    assert [one for one in said if wanted in one]
    entry = json.loads(world.file("cursor").read_bytes())["mcpServers"]["tick"]
    assert entry["env"] == TICK["env"]
    assert entry["command"] == changed.get("command", TICK["command"])
    assert world.receipts() == {}


def test_what_an_uninstallation_does_not_give_back_is_said_before_the_yes(world: World) -> None:
    put(world, tick=TICK)
    adopt(world, "tick")
    edited(world, lambda entry: entry["args"].append("--more"))

    prepared = uninstall.prepare(["tick"], [], world.context)
    uninstall.commit(prepared, world.context)

    (change,) = prepared.changes
    assert any("only command and arguments of `tick` go back" in one for one in change.warnings)
    assert "`tick` was adopted: its entry stays, and starts `uvx clock-server` again" in (
        prepared.notes
    )
    assert json.loads(world.file("cursor").read_bytes()) == {"mcpServers": {"tick": TICK}}


def test_a_finding_in_what_an_adopted_entry_kept_names_a_way_that_works(
    world: World, mcpi: Mcpi
) -> None:
    secret = token("github")
    put(world, tick=TICK | {"env": {"GITHUB_TOKEN": secret}})
    adopt(world, "tick")
    wanted = audit.Wanted(host="cursor")

    prepared = fixing.prepare(wanted, frozenset({"move-secret"}), world.context)

    (left,) = [one for one in prepared.left if one.finding.rule.id == "MA301"]
    assert left.hint == "`mcpi uninstall tick`, fix it, then `mcpi adopt tick`"
    ran = [
        mcpi("uninstall", "tick", "--yes", terminal=False),
        mcpi("audit", "--unsafe-fix", "move-secret", "--yes", "--host", "cursor", terminal=False),
        mcpi("adopt", "tick", "--yes", terminal=False),
    ]
    assert [one.status for one in ran][0::2] == [0, 0]
    found = audit.audit(wanted, world.context).findings
    assert {"MA301", "MA111"} & {one.rule.id for one in found} == set()
    assert secret not in world.file("cursor").read_text() + "".join(o.out + o.err for o in ran)


def test_an_adoption_that_brings_a_finding_is_taken_back(world: World, mcpi: Mcpi) -> None:
    open_to_all = {"type": "named", "name": "--host", "value": "0.0.0.0"}  # noqa: S104
    world.offer("clock", "2.0", arguments=[open_to_all])
    before = put(world, tick={"command": "uvx", "args": ["clock-server"]})

    ran = mcpi("adopt", "tick", "--yes", terminal=False)

    assert "was audited again and taken back: the entry would have another finding" in ran.err
    assert "MA404" in ran.err
    assert ran.status != 0
    assert world.file("cursor").read_bytes() == before
    assert (world.receipts(), world.generations()) == ({}, [])
    world.require_clean()


def test_a_finding_that_was_there_before_takes_nothing_back(world: World, mcpi: Mcpi) -> None:
    open_to_all = {"HOST": "0.0.0.0"}  # noqa: S104
    put(world, tick={"command": "uvx", "args": ["clock-server"], "env": open_to_all})

    assert mcpi("adopt", "tick", "--yes", terminal=False).status == 0
    assert set(world.receipts()) == {"tick"}
