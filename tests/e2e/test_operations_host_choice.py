"""Which hosts, and which of their files: `all`, `HOST=PATH`, several files, a byte-order mark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import BOM
from mcpinstall.operations import verify
from tests.builders.hosts import program
from tests.builders.world import USERS_FILES, World

pytestmark = pytest.mark.e2e

ROO = "globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"


@pytest.fixture
def found(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which the programs of three hosts are found, and of one that is not written."""
    for name in ("cursor", "claude", "codex", "codebuddy"):
        program(world.root / "bin", name)
    monkeypatch.setenv("PATH", f"{world.root / 'bin'}:/usr/bin:/bin")
    return world


def roo(world: World, editor: str) -> Path:
    path = world.home / ".config" / editor / "User" / ROO
    path.parent.mkdir(parents=True)
    path.write_text('{"mcpServers": {}}')
    return path


def opencode(world: World, name: str, document: object) -> Path:
    path = world.home / ".config/opencode" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


# All ---------------------------------------------------------------------------------------------


def test_all_is_every_host_that_is_found_and_names_the_one_that_is_not_written(
    found: World,
) -> None:
    prepared = found.prepare("clock", hosts=["all"])

    rows = {change.file.row.product for change in prepared.plan.changes}
    assert rows == {"cursor", "claude-code", "codex"}
    assert [skip.row.product for skip in prepared.skipped] == ["codebuddy"]
    assert "differs by version" in prepared.skipped[0].error.message
    found.carry_out(prepared)
    assert all("clock" in found.servers_in(host) for host in rows)
    found.require_clean()


def test_a_host_that_can_not_take_it_does_not_stop_the_others(found: World) -> None:
    found.file("cursor").write_text('{"mcpServers": ')

    prepared = found.prepare("clock", hosts=["all"])

    reasons = {skip.row.product: skip.error.code for skip in prepared.skipped}
    assert reasons["cursor"] is ErrorCode.HOST_CONFIG_INVALID
    found.carry_out(prepared)
    assert found.file("cursor").read_text() == '{"mcpServers": '
    (receipt,) = found.receipts().values()
    assert set(receipt.hosts) == {"claude-code-user", "codex-user"}


def test_a_host_that_is_named_beside_all_is_no_option(found: World) -> None:
    before = found.host_files()
    found.file("cursor").write_text("{")

    with pytest.raises(McpInstallError) as refused:
        found.prepare("clock", hosts=["all", "cursor"])

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert found.host_files() == {**before, "cursor": b"{"}


def test_the_reason_of_the_only_host_is_the_error(
    found: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("claude", "codex", "codebuddy"):
        (found.root / "bin" / name).unlink()
    found.file("cursor").write_text("{")

    with pytest.raises(McpInstallError) as refused:
        found.prepare("clock", hosts=["all"])

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID


def test_all_of_nothing_is_an_error(world: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=["all"])

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert "`--print`" in refused.value.hint


def test_all_is_never_a_default(found: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        found.prepare("clock")

    assert refused.value.code is ErrorCode.HOST_AMBIGUOUS


def test_uninstalling_from_all_takes_it_out_everywhere(found: World) -> None:
    found.install("clock", hosts=["all"])

    found.uninstall("clock", hosts=["all"])

    assert found.host_files() == USERS_FILES
    assert found.receipts() == {}


def test_the_plan_shows_each_host_and_each_reason(found: World) -> None:
    command = found.command(PATH=f"{found.root / 'bin'}:/usr/bin:/bin")

    ran = command.run("install", "clock", "--host", "all", "--dry-run")
    answer = command.answer("install", "clock", "--host", "all", "--yes")

    assert "not CodeBuddy CLI: mcpi does not write to CodeBuddy CLI" in ran.stderr
    for title in ("(Cursor)", "(Claude Code)", "(Codex)"):
        assert title in ran.stderr
    assert answer["outcome"] == "done"


# One of several files ----------------------------------------------------------------------------


def test_the_file_that_is_named_is_written_and_known_afterwards(world: World) -> None:
    code, cursor = roo(world, "Code"), roo(world, "Cursor")

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=["roo-code"])
    world.install("clock", hosts=[f"roo-code={cursor}"])

    assert refused.value.code is ErrorCode.HOST_AMBIGUOUS
    assert f"--host roo-code=PATH`: `{code}`, `{cursor}`" in refused.value.hint
    assert code.read_text() == '{"mcpServers": {}}'
    assert "clock" in json.loads(cursor.read_text())["mcpServers"]
    (entry,) = verify.verify((), world.context)
    assert entry.is_clean
    world.install("notes", hosts=["roo-code"])  # where the first one stands
    assert "notes" in json.loads(cursor.read_text())["mcpServers"]
    world.undo()
    world.uninstall("clock")
    assert cursor.read_text() == code.read_text() == '{"mcpServers": {}}'
    world.require_clean()


@pytest.mark.parametrize("named", ["{home}/elsewhere.json", "{home}/.claude.json", "", "../x"])
def test_only_files_of_the_table_can_be_named(world: World, named: str) -> None:
    roo(world, "Code")

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=[f"roo-code={named.format(home=world.home)}"])

    assert refused.value.code is ErrorCode.HOST_PATH_REFUSED
    assert world.receipts() == {}


def test_a_tilde_behind_the_host_is_the_home(world: World) -> None:
    roo(world, "Code")
    path = roo(world, "Cursor")

    world.install("clock", hosts=[f"roo-code=~/{path.relative_to(world.home)}"])

    assert "clock" in path.read_text()


def test_ambiguous_files_of_one_host_do_not_stop_another_one(found: World) -> None:
    roo(found, "Code")
    roo(found, "Cursor")
    extension = found.home / ".vscode/extensions/rooveterinaryinc.roo-cline-3.0.0"
    extension.mkdir(parents=True)

    prepared = found.prepare("clock", hosts=["all"])

    assert "roo-code" in {skip.row.product for skip in prepared.skipped}
    assert len(prepared.plan.changes) == 3


def test_our_entry_is_found_where_it_was_written_when_another_file_comes_first(
    world: World,
) -> None:
    second = opencode(world, "opencode.json", {"theme": "x"})
    before = second.read_bytes()
    world.install("clock", hosts=["opencode"])
    opencode(world, "opencode.jsonc", {})

    (entry,) = verify.verify((), world.context)
    world.uninstall("clock")

    assert entry.is_clean
    assert second.read_bytes() == before


# Files that are merged ---------------------------------------------------------------------------


def test_the_merged_file_that_holds_the_server_is_the_one_that_is_edited(world: World) -> None:
    first = opencode(world, "opencode.jsonc", {})
    theirs = opencode(
        world, "opencode.json", {"mcp": {"clock": {"type": "local", "command": ["/bin/sh"]}}}
    )
    before = theirs.read_bytes()

    with pytest.raises(McpInstallError) as refused:
        world.prepare("clock", hosts=["opencode"])
    world.install("clock", hosts=["opencode"], replace=True)

    assert refused.value.code is ErrorCode.SERVER_EXISTS
    assert first.read_text() == "{}"
    assert json.loads(theirs.read_text())["mcp"]["clock"]["command"] != ["/bin/sh"]
    world.uninstall("clock")
    assert theirs.read_bytes() == before


def test_a_name_in_a_second_merged_file_is_refused(world: World) -> None:
    opencode(world, "opencode.jsonc", {})
    world.install("clock", hosts=["opencode"])
    entry = {"type": "local", "command": ["/bin/sh"]}
    theirs = opencode(world, "config.json", {"mcp": {"notes": entry, "clock": entry}})

    for name in ("notes", "clock"):
        with pytest.raises(McpInstallError) as refused:
            world.prepare(name, hosts=["opencode"], replace=True)

        assert refused.value.code is ErrorCode.SERVER_EXISTS
        assert f"`{theirs}` has one named `{name}`" in refused.value.message
    world.install("notes", hosts=["opencode"], entry_name="notes-two")


# A byte-order mark -------------------------------------------------------------------------------


def test_a_mark_goes_when_the_person_says_so_and_undo_brings_it_back(world: World) -> None:
    path = world.home / ".gemini/settings.json"
    path.parent.mkdir()
    path.write_bytes(BOM + b'{\n  "theme": "dark"\n}\n')
    before = path.read_bytes()
    command = world.command()

    kept = command.run("install", "clock", "--host", "gemini-cli", "--dry-run")
    gone = command.run("install", "clock", "--host", "gemini-cli", "--strip-bom", "--yes")

    assert "`--strip-bom` takes it off" in kept.stderr
    assert "@@ byte-order mark @@" in gone.stderr
    assert "\\ufeff" in gone.stderr
    assert not path.read_bytes().startswith(BOM)
    assert "clock" in json.loads(path.read_bytes())["mcpServers"]
    (record,) = world.history()
    assert record.files[0].patch.offset > 0
    world.undo()
    assert path.read_bytes() == before
    world.require_clean()


def test_the_mark_comes_back_with_the_last_entry(world: World) -> None:
    path = world.home / ".gemini/settings.json"
    path.parent.mkdir()
    path.write_bytes(BOM + b"{}")
    world.install("clock", "notes", hosts=["gemini-cli"], strip_bom=True)

    world.uninstall("clock")
    between = path.read_bytes()
    world.uninstall("notes")

    assert not between.startswith(BOM)
    assert path.read_bytes() == BOM + b"{}"
