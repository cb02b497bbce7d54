"""Every command that `mcpi doctor` prints as a fix, typed as it is printed: then all is well."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import doctor
from mcpinstall.operations.trouble import Trouble
from tests.builders.remote_offers import offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World

pytestmark = pytest.mark.e2e

_ASKING = {"configure", "reinstall", "uninstall", "install"}


@pytest.fixture
def installed(world: World) -> World:
    for product in ("cursor", "codex", "claude-code"):  # what its user had starts nothing
        world.file(product).write_text("")
    world.install("clock", hosts=["cursor", "codex"], settings=(("zone", "UTC"),))
    return world


def troubles(world: World) -> tuple[Trouble, ...]:
    report = doctor.examine(world.context)
    assert report.unseen == ()
    return report.troubles


def kinds(world: World) -> list[str]:
    return [str(one.kind) for one in troubles(world)]


def do(world: World, fix: str, number: int = 0) -> None:
    """Type one of the commands between back-ticks into a shell, and say yes."""
    command = re.findall("`([^`]+)`", fix)[number]
    program, *words = shlex.split(command)
    if program == "mcpi":
        yes = ["--yes"] if words[0] in _ASKING else []
        world.command().run(*words, *yes)
    else:
        subprocess.run(["/bin/sh", "-c", command], check=True)


def remove_home(world: World) -> None:
    (home,) = world.homes()
    subprocess.run(["rm", "-rf", str(home)], check=True)


def change_module(world: World) -> None:
    (home,) = world.homes()
    changed = next(home.glob("*/**/clock*/__init__.py"))
    changed.chmod(0o600)
    changed.write_text("print()\n")


def claim(**values: Any) -> Callable[[World], None]:  # noqa: ANN401
    def write(world: World) -> None:
        (receipt,) = world.receipts().values()
        world.store.write_receipt(replace(receipt, **values))

    return write


def empty_cursor(world: World) -> None:
    world.file("cursor").write_text("{}")


def change_codex(world: World) -> None:
    text = world.file("codex").read_text()
    world.file("codex").write_text(text.replace("UTC", "CET"))


def die_while_installing(world: World) -> None:
    (record,) = world.history()
    world.store.begin(replace(record, id="20990101T000000Z-000aaaaaa"))


def leave_files(world: World) -> None:
    for digits in ("0123456789ab", "ba9876543210"):
        (world.file("cursor").parent / f".mcp.json.{digits}.mcpi").write_text("{")


def open_file(world: World) -> None:
    world.file("cursor").chmod(0o666)


@pytest.mark.parametrize(
    ("harm", "kind", "number"),
    [
        (remove_home, "environment-missing", 0),
        (change_module, "not-as-verified", 1),
        (claim(python_path="/gone/python3"), "interpreter-missing", 0),
        (claim(python_sha256="0" * 64), "interpreter-changed", 0),
        (claim(machine="0" * 64), "other-machine", 0),
        (empty_cursor, "entry-gone", 0),
        (empty_cursor, "entry-gone", 1),
        (change_codex, "entry-changed", 0),
        (change_codex, "entry-changed", 1),
        (die_while_installing, "change-unfinished", 0),
        (leave_files, "leftovers", 0),
        (open_file, "file-open", 0),
    ],
)
def test_the_printed_command_mends_what_it_stands_beside(
    installed: World, harm: Callable[[World], None], kind: str, number: int
) -> None:
    harm(installed)
    (trouble,) = troubles(installed)
    assert str(trouble.kind) == kind

    do(installed, trouble.fix, number)

    assert kinds(installed) == []


def test_a_server_that_its_registry_withdrew_is_not_to_be_built_again(installed: World) -> None:
    item = Revocation(
        name="io.github.user/clock", version="1.0", reason="stolen", date="2026-11-23"
    )
    file = replace(installed.registry.file, revocations=(item,))
    installed.registry.file = file
    installed.registry.publish(serial=2, expires=file.expires)
    (trouble,) = troubles(installed)

    assert "reinstall" not in trouble.fix
    assert str(trouble.kind) == "revoked"
    assert "stolen" in trouble.message
    assert "still runs" in trouble.message
    do(installed, trouble.fix)

    assert kinds(installed) == []


def test_a_secret_in_clear_text_is_asked_for_by_the_command_that_is_printed(world: World) -> None:
    world.offer("vault", environment=[{"name": "TOKEN", "isSecret": True, "isRequired": True}])
    for product in ("cursor", "codex", "claude-code"):
        world.file(product).write_text("")
    world.install("vault", hosts=["cursor"], settings=(("TOKEN", "x1"),), plaintext_secrets=True)
    empty_cursor(world)

    (trouble,) = troubles(world)

    assert trouble.fix.startswith("`mcpi configure vault --secret TOKEN` writes it again")
    do(world, trouble.fix, 1)
    assert kinds(world) == []


def test_a_reference_to_a_variable_needs_nothing_more(world: World) -> None:
    world.offer("vault", environment=[{"name": "TOKEN", "isSecret": True, "isRequired": True}])
    for product in ("cursor", "codex", "claude-code"):
        world.file(product).write_text("")
    world.install("vault", hosts=["cursor"], settings=(("TOKEN", "env:MY_TOKEN"),))
    empty_cursor(world)
    (trouble,) = troubles(world)

    do(world, trouble.fix)

    assert kinds(world) == []


def test_a_remote_server_with_another_manifest_is_not_to_be_built(world: World) -> None:
    for product in ("cursor", "codex", "claude-code"):
        world.file(product).write_text("")
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        world.install("cloud", hosts=["cursor"])
    claim(manifest_sha256="0" * 64)(world)
    (trouble,) = troubles(world)

    assert "reinstall" not in trouble.fix
    do(world, trouble.fix, 1)

    assert kinds(world) == []


def test_a_mark_that_its_host_rejects_goes_with_the_next_installation(installed: World) -> None:
    path = installed.home / ".config/Claude/claude_desktop_config.json"
    path.parent.mkdir(parents=True)
    path.write_text('\ufeff{"theme": "dark"}')
    (trouble,) = troubles(installed)
    assert "--strip-bom" in trouble.fix

    installed.command().run("install", "clock", "--host", "claude-desktop", "--strip-bom", "--yes",
                            "--set", "zone=UTC")  # fmt: skip

    assert kinds(installed) == []


def test_one_cause_is_one_finding_on_a_machine_with_many_hosts(installed: World) -> None:
    installed.install("notes", "maps", hosts=["cursor", "codex", "claude-code"])
    assert kinds(installed) == []
    for home in installed.homes():
        subprocess.run(["rm", "-rf", str(home)], check=True)

    found = troubles(installed)

    assert [str(one.kind) for one in found] == ["environment-missing"] * 3
    for one in found:
        do(installed, one.fix)
    assert kinds(installed) == []


@pytest.mark.parametrize("folder", ["receipts", "history", "hosts"])
def test_a_damaged_record_is_found_and_all_is_well_when_it_was_moved_away(
    installed: World, folder: str
) -> None:
    path = min((installed.data / folder).glob("*.json"))
    path.write_text("{")
    damaged = [
        one for one in doctor.examine(installed.context).troubles if one.kind == "record-damaged"
    ]

    assert [str(path) in one.message for one in damaged] == [True]
    path.unlink()
    for one in troubles(installed):
        if one.fix.startswith("delete the entry"):
            installed.file("codex").write_text("")
        again = one.fix.replace("NAME --as clock", "clock --set zone=UTC --host cursor")
        do(installed, again)
    assert kinds(installed) == []


def test_a_configuration_that_can_not_be_read_is_found(installed: World) -> None:
    folder = installed.context.paths.config
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    (folder / "config.toml").write_text("x = [")

    (trouble,) = troubles(installed)

    assert trouble.kind == "record-damaged"
    assert trouble.fix == f"correct it in `{folder / 'config.toml'}`"


def test_an_entry_without_its_receipt_gets_one_by_a_new_installation(installed: World) -> None:
    installed.store.remove_receipt("clock")
    (trouble,) = troubles(installed)
    assert (str(trouble.kind), trouble.subject) == ("record-gone", "clock")
    before = installed.host_files()

    installed.command().run("install", "clock", "--as", "clock", "--host", "cursor", "--host",
                            "codex", "--set", "zone=UTC", "--yes")  # fmt: skip

    assert kinds(installed) == []
    assert installed.host_files() == before


def test_an_entry_whose_server_is_gone_with_its_receipt_is_found(installed: World) -> None:
    remove_home(installed)
    for receipt in installed.receipts():
        installed.store.remove_receipt(receipt)

    assert kinds(installed) == ["command-missing", "command-missing", "record-gone"]


def test_five_hosts_and_three_servers_in_order_are_no_finding(installed: World) -> None:
    """Twin of all the above: nothing is told of a machine on which nothing is wrong."""
    hosts = ["cursor", "codex", "claude-code", "gemini-cli", "opencode"]
    installed.install("clock", hosts=hosts, settings=(("zone", "UTC"),))
    installed.install("notes", "maps", hosts=hosts)
    project = Path.cwd() / ".mcp.json"
    project.write_text(json.dumps({"mcpServers": {"own": {"command": "sh"}}}))

    report = doctor.examine(installed.context)

    assert (report.troubles, report.unseen) == ((), ())
    assert [one.receipt.entry_name for one in report.servers] == ["clock", "maps", "notes"]
