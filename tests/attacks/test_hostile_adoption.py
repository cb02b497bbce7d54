"""Attack T24: an entry is written so that its adoption breaks, or changes what is not its own.

Who: whoever writes a host's file: a README, another installer, the author of a cloned repository.
Stopped by: what can't be exchanged value by value is left as it is, with its reason; all else of
the file stays byte for byte; what is written is read back.
Twin: `test_an_entry_in_a_usual_form_is_adopted_and_goes_back`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.builders.world import World
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.e2e

MORE = {"zed": ".config/zed/settings.json", "goose": ".config/goose/config.yaml"}
AROUND: Mapping[str, tuple[str, str]] = {
    "cursor": ('{"a": 1,\t"mcpServers": {\r\n "m": {"command": "x"} , ', '},\n "z": [1 , 2]}\n'),
    "zed": ('{ // mine\n "context_servers": {/* a */ ', ',\r\n },  "z": [1,], }'),
    "codex": ('model = "o"  # mine\r\n\n', "\n\n[z]\r\na=1"),
    "goose": ("# m\nextensions:\n  base: &base {cmd: uvx, args: [clock-server]}\n", "z: [1,  2]\n"),
}  # fmt: skip
"""What stands before and behind the entry."""


def arguments(*words: object) -> str:
    return f'"clock": {json.dumps({"command": "uvx", "args": ["clock-server", *words]})}'


USUAL: Mapping[str, tuple[str, str]] = {
    "JSON": ("cursor", '"clock": {"args": ["clock-server"],\n\t"x": {} , "command" : "uvx"}'),
    "comments": ("zed", ('"clock": { // a\n "command": /* b */ "uvx", /* c */ "args": [ // d\n'
                 ' "clock-server", /* e */ ], // f\n }')),
    "table": ("codex", ("[mcp_servers.clock] # a\ncommand = 'uvx' # b\nargs = [ # c\n"
              '  """clock-server""", # d\n] # e\nenv = { A = "1" }')),
    "quoted": ("codex", '["mcp_servers" . "clock"]\n"command" = "uvx"\nargs = ["clock-server"]'),
    "block": ("goose", ("  clock: # a\n    type: stdio\n    cmd: uvx # b\n    args:  # c\n"
              "      - clock-server # d\n    envs: {A: '1'}\n")),
    "flow": ("goose", "  clock: {type: stdio, cmd: uvx, args: [clock-server], envs: {}} # a\n"),
}  # fmt: skip
HOSTILE: Mapping[str, tuple[str, str]] = {
    "long argument": ("cursor", arguments("x" * 3_000_000)),
    "many arguments": ("cursor", arguments(*("-x" for _ in range(20_000)))),
    "NUL": ("cursor", arguments("--zone=a\0b")),
    "lines": ("cursor", arguments("--zone=a\nb\r\nc\u2028d")),
    "half a pair": ("cursor", arguments("--zone=\ud800")),
    "half a pair in bytes": (
        "cursor", '"clock": {"command": "uvx", "args": ["clock-server\udcff"]}'
    ),
    "our options": ("cursor", arguments("-c", "import os", "-m", "x", "-I", "-X", "importtime")),
    "end of options": ("cursor", arguments("--", "--help")),
    "help": ("cursor", arguments("--help", "-V", "--version", "-h")),
    "no text": ("cursor", arguments(None, 5, True, ["x"], {"a": 1})),
    "one text": ("cursor", '"clock": {"command": "uvx clock-server --zone=a"}'),
    "one list": ("cursor", '"clock": {"command": ["uvx", "clock-server"]}'),
    "arguments as a text": ("cursor", '"clock": {"command": "uvx", "args": "clock-server -x"}'),
    "twice": ("cursor", '"clock": {"command": "uvx"}, "clock": {"command": "uvx", "args": []}'),
    "key twice": ("cursor", '"clock": {"command": "uvx", "args": ["clock-server"], "args": ["-"]}'),
    "escaped key twice": (
        "cursor", '"clock": {"command": "uvx", "args": ["clock-server"], "\\u0061rgs": ["-"]}'
    ),
    "escaped keys": (
        "cursor", '"clock": {"\\u0063ommand": "\\u0075vx", "\\u0061rgs": ["clock\\u002dserver"]}'
    ),
    "a list": ("cursor", '"clock": ["uvx", "clock-server"]'),
    "deep": ("cursor", f'"clock": {{"command": "uvx", "args": {"[" * 3000}{"]" * 3000}}}'),
    "a name of ours": ("cursor", '"__proto__": {"command": "uvx", "args": ["clock-server"]}'),
    "comment ends early": ("zed", '"clock": {"command": "uvx" /* */ , "args": ["clock-server"]}'),
    "comment in the value": (
        "zed", '"clock": {"command": "uvx", "args": [/*"*/"clock-server"//]\n]}'
    ),
    "dotted": (
        "codex", ('[mcp_servers]\nclock.command = "uvx" # a\nclock.args = ["clock-server"]\n'
        'clock.env.A = "1"')
    ),
    "variable twice": (
        "cursor", ('"clock": {"command": "uvx", "args": ["clock-server"], '
        '"env": {"LD_PRELOAD": "/x.so", "LD_PRELOAD": ""}}')
    ),
    "no package": ("cursor", '"clock": {"command": "uvx", "args": ["-"]}'),
    "inline table": ("codex", 'mcp_servers.clock = {command="uvx", args=["clock-server"]}'),
    "inline tables": ("codex", 'mcp_servers = {clock = {command="uvx", args=["clock-server"]}}'),
    "scattered": (
        "codex", ('[mcp_servers.clock]\ncommand = "uvx"\n[y]\na=1\n[mcp_servers.clock.env]\nA="1"\n'
        '[mcp_servers.mine]\nargs = ["clock-server"]')
    ),
    "defined twice": (
        "codex", ('[mcp_servers.clock]\ncommand = "uvx"\nargs = ["clock-server"]\n'
        '[mcp_servers.clock]\ncommand = "x"')
    ),
    "tables in a list": (
        "codex", '[[mcp_servers.clock]]\ncommand = "uvx"\nargs = ["clock-server"]'
    ),
    "arguments of a kind": (
        "codex", '[mcp_servers.clock]\ncommand = "uvx"\nargs = [1979-05-27, nan]'
    ),
    "alias": ("goose", "  clock: *base\n"),
    "merged": ("goose", "  clock:\n    <<: *base\n    type: stdio\n"),
    "merged and changed": ("goose", "  clock: {<<: *base, cmd: uvx, type: stdio}\n"),
    "anchored": ("goose", ("  clock: &clock\n    cmd: &u uvx\n    args: &a [clock-server]\n"
                 "  other: *clock\n  third: {cmd: *u, args: *a}\n")),
    "aliased values": ("goose", ("  x: {cmd: &u uvx, args: &a [clock-server]}\n"
                       "  clock: {cmd: *u, args: *a}\n")),
    "tagged": ("goose", "  clock: {cmd: !!str uvx, args: !!seq [!!str clock-server]}\n"),
    "python": ("goose", "  clock: {cmd: !!python/object/apply:os.system [id], args: []}\n"),
    "block scalar": ("goose", ("  clock:\n    cmd: |-\n      uvx\n    args:\n      - >-\n"
                     "        clock-server\n")),
    "names twice": ("goose", "  clock: {cmd: uvx, args: [clock-server]}\n  clock: {cmd: x}\n"),
    "in itself": ("goose", "  clock: &c {cmd: uvx, args: [clock-server], x: *c}\n"),
    "explicit key": ("goose", "  ? clock\n  : cmd: uvx\n    args: [clock-server]\n"),
}  # fmt: skip
TAKEN = frozenset({
    "many arguments", "our options", "help", "one text", "one list", "escaped keys",
    "comment ends early", "comment in the value", "aliased values", "tagged", "block scalar",
    "explicit key",
})  # fmt: skip
"""Odd ones that every program reads alike: these can be exchanged where they stand."""


def written(world: World, product: str, entry: str) -> bytes:
    """Write the entry into its host's file, and return all of it."""
    world.more_hosts = dict(MORE)
    before, behind = AROUND[product]
    data = f"{before}{entry}{behind}".encode("utf-8", "surrogateescape")
    world.file(product).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    world.file(product).write_bytes(data)
    world.file(product).chmod(0o600)
    return data


def adopted(world: World, mcpi: Mcpi, product: str, entry: str) -> bool:
    """Adopt it as a user does, and go back; fail where more than the entry changed."""
    data = written(world, product, entry)
    ran = mcpi("adopt", "clock", "--yes", "--host", product, terminal=False)
    after = world.file(product).read_bytes()
    assert ran.status in {0, 1, 3, 5}, ran.err
    assert "Traceback" not in ran.out + ran.err
    if ran.status:
        assert after == data
        assert world.receipts() == {}
        world.require_clean()
        return False
    before, behind = (part.encode() for part in AROUND[product])
    assert after != data
    assert after.startswith(before)
    assert after.endswith(behind)
    assert world.starts(product, "clock")
    assert mcpi("audit", "--host", product).status in {0, 1}
    assert mcpi("undo", "--yes").status == 0
    assert world.file(product).read_bytes() == data
    world.require_clean()
    return True


def looked_at(world: World, mcpi: Mcpi, product: str, entry: str) -> None:
    """List it, and show what a fix would do; nothing changes."""
    data = written(world, product, entry)
    listed = mcpi("adopt", "--host", product, terminal=False)
    told = mcpi("adopt", "--host", product, "--json", terminal=False)
    fixed = mcpi("audit", "--fix", "--unsafe-fix", "adopt", "--dry-run", "--host", product)
    assert {listed.status, told.status} <= {0, 5}
    assert fixed.status in {0, 1, 5}, fixed.err
    assert "Traceback" not in listed.err + told.err + fixed.err
    json.loads(told.out)
    assert world.file(product).read_bytes() == data


@pytest.mark.parametrize("name", USUAL)
def test_an_entry_in_a_usual_form_is_adopted_and_goes_back(
    world: World, mcpi: Mcpi, name: str
) -> None:
    product, entry = USUAL[name]

    assert adopted(world, mcpi, product, entry)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_entry_changes_nothing_but_itself(world: World, mcpi: Mcpi, name: str) -> None:
    product, entry = HOSTILE[name]
    looked_at(world, mcpi, product, entry)

    done = adopted(world, mcpi, product, entry)

    assert done is (name in TAKEN)
