"""`mcpi audit --fix` of an entry that mcpinstall wrote and somebody changed (MA111)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from mcpinstall.model.plan import Request
from mcpinstall.operations import adoption, audit, fix_commit, fixing
from tests.builders.canaries import random_text
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.world import World
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.e2e

TOKEN = {"name": "TOKEN", "isRequired": True, "isSecret": True}
EVIL = [
    pytest.param(lambda entry: entry["args"].append("--evil"), id="one argument more"),
    pytest.param(lambda entry: entry["args"].remove("-I"), id="one argument less"),
    pytest.param(lambda entry: entry.update(command="/bin/sh"), id="another program"),
    pytest.param(lambda entry: entry.update(env={"PYTHONPATH": "/evil"}), id="a variable"),
    pytest.param(lambda entry: entry.update(cwd="/evil"), id="a folder"),
    pytest.param(lambda entry: entry.update(url="https://evil.example/mcp"), id="an address"),
    pytest.param(lambda entry: entry.pop("args"), id="no arguments"),
]


def change_entry(world: World, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Change the entry `clock` as a program would that writes the file in its own layout."""
    file = world.file("cursor")
    document = json.loads(file.read_bytes())
    change(document["mcpServers"]["clock"])
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return file.read_bytes()


def found(world: World) -> list[str]:
    report = audit.audit(audit.Wanted(), world.context)
    return [one.message for one in report.findings if one.rule.id == "MA111"]


def entry_of(world: World) -> object:
    return json.loads(world.file("cursor").read_bytes())["mcpServers"]["clock"]


@pytest.mark.parametrize("change", EVIL)
def test_a_changed_entry_is_written_again_and_a_undo_gives_the_change_back(
    world: World, mcpi: Mcpi, change: Callable[[dict[str, Any]], object]
) -> None:
    world.install("clock", hosts=["cursor"])
    before = entry_of(world)
    changed = change_entry(world, change)
    (message,) = found(world)
    assert message.startswith("it has another `")

    ran = mcpi("audit", "--fix", "--yes", terminal=False)

    assert "as when `clock` was installed" in ran.err
    assert (found(world), entry_of(world)) == ([], before)
    world.require_consistent()
    world.undo()
    assert world.file("cursor").read_bytes() == changed


def test_what_the_user_and_the_host_set_beside_it_stays(world: World) -> None:
    """`configure` would write the whole entry anew, and switch it on again."""
    world.install("clock", hosts=["cursor"])
    before = entry_of(world)
    change_entry(world, lambda entry: entry.update(disabled=True, timeout=5, command="/bin/sh"))

    fix(world)

    assert isinstance(before, dict)
    assert entry_of(world) == {**before, "disabled": True, "timeout": 5}
    assert found(world) == []


def test_a_restored_file_that_is_as_it_was_is_uninstalled_byte_for_byte(world: World) -> None:
    original = world.file("cursor").read_bytes()
    world.install("clock", hosts=["cursor"])
    installed = world.file("cursor").read_bytes()
    world.file("cursor").write_bytes(installed.replace(b'"-I"', b'"-i"'))
    assert found(world) != []

    fix(world)

    assert world.file("cursor").read_bytes() == installed
    world.uninstall("clock")
    assert world.file("cursor").read_bytes() == original


@pytest.mark.parametrize("product", ["codex", "goose"])
def test_toml_and_yaml_are_restored_in_place(world: World, product: str) -> None:
    world.more_hosts = {"goose": ".config/goose/config.yaml"}
    world.file("goose").parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    world.install("clock", hosts=[product])
    installed = world.file(product).read_bytes()
    world.file(product).write_bytes(installed.replace(b'"-I"', b'"-i"').replace(b"- -I", b"- -i"))
    assert found(world) != []

    fix(world)

    assert (found(world), world.file(product).read_bytes()) == ([], installed)


def test_an_adopted_entry_gets_command_and_arguments_back(world: World) -> None:
    entry = {"command": "uvx", "args": ["clock-server"], "env": {"LEVEL": "debug"}, "timeout": 5}
    world.file("cursor").write_text(json.dumps({"mcpServers": {"clock": entry}}, indent=2))
    (offer,) = [one for one in adoption.survey((), world.context).offers if one.name == "clock"]
    world.carry_out(adoption.prepare(adoption.request(offer, Request(names=())), world.context))
    before = entry_of(world)
    change_entry(world, lambda entry: entry.update(command="/bin/sh"))
    change_entry(world, lambda entry: entry["args"].append("--evil"))

    fix(world)

    assert (found(world), entry_of(world)) == ([], before)


def test_an_entry_that_would_be_found_as_it_was_written_is_left(world: World) -> None:
    """It lies below the folder of temporary files here, which MA208 tells of."""
    world.install("clock", hosts=["cursor"])
    change_entry(world, lambda entry: entry.update(command="/bin/sh", args=["-c", "evil"]))

    (left,) = fixing.prepare(audit.Wanted(), frozenset(), world.context).left

    assert left.reason == "the entry would have another finding then: MA208"
    assert "`mcpi configure clock`" in left.hint


def test_what_is_its_users_own_in_an_adopted_entry_is_not_taken_out(
    world: World, mcpi: Mcpi
) -> None:
    entry = {"command": "uvx", "args": ["clock-server"], "env": {"LEVEL": "debug"}}
    world.file("cursor").write_text(json.dumps({"mcpServers": {"clock": entry}}, indent=2))
    (offer,) = [one for one in adoption.survey((), world.context).offers if one.name == "clock"]
    world.carry_out(adoption.prepare(adoption.request(offer, Request(names=())), world.context))
    changed = change_entry(world, lambda one: one["env"].update(ZONE="UTC"))

    ran = mcpi("audit", "--fix", "--yes", terminal=False)

    assert world.file("cursor").read_bytes() == changed
    assert "they are its user's own" in " ".join(ran.err.split())
    assert "`mcpi uninstall clock`" in " ".join(ran.err.split())


def test_an_environment_that_is_gone_is_left_to_its_command(world: World, mcpi: Mcpi) -> None:
    world.install("clock", hosts=["cursor"])
    (generation,) = world.generations()
    for folder in (generation, *generation.rglob("*")):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o755)
    shutil.rmtree(generation)

    ran = mcpi("audit", "--fix", "--dry-run")

    assert "the entry itself is as it was written" in " ".join(ran.err.split())
    assert "`mcpi reinstall clock`" in " ".join(ran.err.split())
    assert "by `mcpi audit --fix`" not in mcpi("audit").out


def test_a_copy_in_another_file_is_not_ours_to_write(world: World) -> None:
    world.install("clock", hosts=["codex"])
    command = world.servers_in("codex")["clock"][0]
    copy = {"mcpServers": {"mine": {"command": command, "args": ["-c", "evil"]}}}
    world.file("cursor").write_text(json.dumps(copy))

    prepared = fixing.prepare(audit.Wanted(), frozenset(), world.context)

    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == ["mcpi did not write this entry"]


def test_a_secret_in_clear_text_comes_back_and_is_nowhere_shown(world: World, mcpi: Mcpi) -> None:
    secret = random_text()
    world.offer("vault", environment=[TOKEN])
    world.install("vault", hosts=["cursor"], settings=(("TOKEN", secret),), plaintext_secrets=True)
    installed = world.file("cursor").read_bytes()
    world.file("cursor").write_bytes(
        installed.replace(secret.encode(), random_text().encode()).replace(b'"-I"', b'"-i"')
    )

    ran = mcpi("audit", "--fix", "--yes", terminal=False)
    planned = mcpi("audit", "--fix", "--dry-run", "--json", terminal=False)

    assert world.file("cursor").read_bytes() == installed
    for text in (ran.out, ran.err, planned.out, planned.err):
        assert secret not in text


# An address beside our command ------------------------------------------------------------------

GEMINI, QWEN = "gemini-cli", "qwen-code"
"""Hosts that follow an address, whichever of these fields it stands in, and start no command."""


@pytest.mark.parametrize("key", ["httpUrl", "url"])
@pytest.mark.parametrize("is_adopted", [False, True])
@pytest.mark.parametrize("product", [GEMINI, QWEN])
@pytest.mark.parametrize("way", ["fix", "configure"])
def test_an_address_that_comes_to_an_entry_is_found_and_taken_out(
    world: World, key: str, is_adopted: bool, product: str, way: str
) -> None:
    world.more_hosts = {GEMINI: ".gemini/settings.json", QWEN: ".qwen/settings.json"}
    before = with_entry(world, product, is_adopted=is_adopted)
    document = json.loads(world.file(product).read_bytes())
    document["mcpServers"]["clock"][key] = "https://evil.example/mcp"
    world.file(product).write_text(json.dumps(document, indent=4))

    assert found(world) == [f"it has another `{key}` than mcpinstall wrote"]
    if way == "fix":
        fix(world)
    else:
        world.configure("clock")

    assert found(world) == []
    assert json.loads(world.file(product).read_bytes()) == json.loads(before)
    world.require_consistent()
    world.undo()
    assert json.loads(world.file(product).read_bytes()) == document
    world.uninstall("clock")
    assert b"python" not in world.file(product).read_bytes()


def with_entry(world: World, product: str, *, is_adopted: bool) -> bytes:
    """Give a host a server of ours, adopted or not; return its file."""
    path = world.file(product)
    path.parent.mkdir(mode=0o700)
    path.write_text('{"mcpServers": {}}')
    if is_adopted:
        entry = {"command": "uvx", "args": ["clock-server"], "trust": False}
        path.write_text(json.dumps({"mcpServers": {"clock": entry}}, indent=2))
        (offer,) = [one for one in adoption.survey((), world.context).offers if one.name == "clock"]
        world.carry_out(adoption.prepare(adoption.request(offer, Request(names=())), world.context))
    else:
        world.install("clock", hosts=[product])
    return path.read_bytes()


def test_an_address_of_a_remote_server_is_not_led_elsewhere(world: World) -> None:
    world.more_hosts = {GEMINI: ".gemini/settings.json"}
    path = world.file(GEMINI)
    path.parent.mkdir(mode=0o700)
    path.write_text("{}")
    offer_remote(world, remote("https://cloud.example/mcp"))
    world.install("cloud", hosts=[GEMINI], offline=True)
    document = json.loads(path.read_bytes())
    document["mcpServers"]["cloud"]["httpUrl"] = "https://evil.example/mcp"
    path.write_text(json.dumps(document))

    assert found(world) == ["it has another `httpUrl` than mcpinstall wrote"]


def fix(world: World) -> None:
    prepared = fixing.prepare(audit.Wanted(), frozenset(), world.context)
    assert [one.reason for one in prepared.left] == []
    assert len(list(fix_commit.commit(prepared))) == 1
