"""What `mcpi doctor` finds in hosts' files, whoever wrote them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.operations import doctor, doctor_hosts, doctor_state
from mcpinstall.operations.context import Context
from mcpinstall.operations.doctor_hosts import Looked
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.trouble import Trouble
from tests.builders.hosts import program, put

SERVER = {"command": "/bin/sh", "args": []}
GONE = {"command": "/nowhere/server"}


@pytest.fixture
def context(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A machine with nothing on it but a project, in which we are."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return Context.current()


def servers(**entries: object) -> dict[str, object]:
    return {"mcpServers": entries}


def look(context: Context) -> Looked:
    return doctor_hosts.look(context)


def only(context: Context) -> Trouble:
    (trouble,) = look(context).troubles
    return trouble


def test_a_good_file_is_no_finding(home: Path, context: Context) -> None:
    put(home / ".cursor/mcp.json", servers(a=SERVER, b={"url": "https://example.com/mcp"}))

    assert look(context).troubles == ()
    assert [server.name for server in look(context).files[0].servers] == ["a", "b"]


@pytest.mark.parametrize(
    ("file", "document", "kind", "subject", "words"),
    [
        (".cursor/mcp.json", "{", Kind.FILE_INVALID, "Cursor", "line 1, column 2"),
        (".codex/config.toml", "a = 1\na = 2\n", Kind.FILE_INVALID, "Codex", "line 2, column"),
        (".config/goose/config.yaml", "a: [", Kind.FILE_INVALID, "Goose", "line 1, column"),
        (".cursor/mcp.json", "\ufeff{}", None, "", ""),
        (
            ".config/Claude/claude_desktop_config.json", "\ufeff{}", Kind.BYTE_ORDER_MARK,
            "Claude Desktop", "byte-order mark",
        ),
        (
            ".config/Code/User/mcp.json", servers(a=SERVER), Kind.WRONG_KEY, "VS Code",
            "below `mcpServers`, where VS Code does not look",
        ),
        (
            ".config/zed/settings.json", servers(a=SERVER), Kind.WRONG_KEY, "Zed",
            "below `mcpServers`",
        ),
        (
            ".codex/config.toml", '[mcpServers.a]\ncommand = "/bin/sh"\n', Kind.WRONG_KEY,
            "Codex", "below `mcpServers`",
        ),
        (
            ".config/goose/config.yaml", "mcpServers:\n  a: {command: /bin/sh}\n",
            Kind.WRONG_KEY, "Goose", "below `mcpServers`",
        ),
        (
            ".claude/settings.json", servers(a=SERVER), Kind.WRONG_FILE, "Claude Code",
            "in a file that it does not read",
        ),
        (
            ".config/Cursor/User/mcp.json", servers(a=SERVER), Kind.WRONG_FILE, "Cursor",
            "does not read",
        ),
        (
            ".config/Code/User/settings.json", {"mcp": {"servers": {"a": SERVER}}},
            Kind.OLD_LOCATION, "VS Code (settings.json)", "VS Code does not read this file",
        ),
        (
            ".config/Code/User/globalStorage/kilocode.kilo-code/settings/mcp_settings.json",
            servers(a=SERVER), Kind.OLD_LOCATION, "Kilo Code before 2026", "`a`",
        ),
        (".cursor/mcp.json", servers(a=GONE), Kind.COMMAND_MISSING, "Cursor", "is not there"),
        (
            ".cursor/mcp.json", servers(a={"command": "/etc/passwd"}), Kind.COMMAND_MISSING,
            "Cursor", "can't be executed",
        ),
        (
            ".cursor/mcp.json", servers(a={"command": "no-such-program"}), Kind.COMMAND_MISSING,
            "Cursor", "in no folder of `PATH`",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_one_finding_with_a_fix(  # noqa: PLR0917 (a table)
    home: Path,
    context: Context,
    file: str,
    document: object,
    kind: Kind | None,
    subject: str,
    words: str,
) -> None:
    path = put(home / file, document)

    found = look(context).troubles

    assert [one.kind for one in found] == ([] if kind is None else [kind])
    for one in found:
        assert (one.subject, one.path) == (subject, path)
        assert words in one.message
        assert one.fix


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "${userHome}/server"},
        {"command": "~/server"},
        {"command": "./server"},
        {"command": "/nowhere/server", "disabled": True},
        {"command": "only-there", "env": {"Path": "/opt/there"}},
        "no entry",
        None,
    ],
)
def test_a_command_that_only_its_host_understands_is_not_looked_for(
    home: Path, context: Context, entry: object
) -> None:
    put(home / ".gemini/settings.json", servers(a=entry))

    assert look(context).troubles == ()


@pytest.mark.parametrize("command", ["/a\0b", "a\0b", "/\ud800", "\ud800", "/" + "a" * 5000])
@pytest.mark.parametrize("name", ["a\u202e", "\ud800", "é\u4e00"])
def test_no_text_of_a_file_is_too_odd_to_be_looked_at(
    home: Path, context: Context, name: str, command: str
) -> None:
    put(home / ".cursor/mcp.json", servers(**{name: {"command": command}}))

    assert only(context).kind is Kind.COMMAND_MISSING


@pytest.mark.parametrize(
    "text",
    [
        'mcp_servers: {"\\ud800": {command: "\\udc80x"}}\n',
        'mcp_servers:\n  "\\u202e": {command: "\\u202e é"}\n',
        "mcp_servers: {é: {command: x}}",
    ],
)
def test_escapes_of_yaml_are_read(home: Path, context: Context, text: str) -> None:
    put(home / ".hermes/config.yaml", text)

    assert only(context).kind is Kind.COMMAND_MISSING


def test_a_desktop_program_does_not_see_what_only_a_shell_sees(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, context: Context
) -> None:
    found = program(tmp_path / "nvm/bin", "npx")
    monkeypatch.setenv("PATH", f"{found.parent}:/usr/bin")
    put(home / ".cursor/mcp.json", servers(a={"command": "npx"}))
    put(home / ".gemini/settings.json", servers(a={"command": "npx"}))  # runs in the shell

    trouble = only(Context.current())

    assert (trouble.kind, trouble.subject) == (Kind.COMMAND_NOT_IN_SESSION, "Cursor")
    assert trouble.fix == f"write `{found}` in its place"


def script(path: Path, first_line: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{first_line}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("first_line", ["#!/usr/bin/env node", "#! /usr/bin/env -S node --x"])
def test_a_script_needs_its_interpreter_where_a_desktop_program_looks(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first_line: str
) -> None:
    npx = script(tmp_path / "nvm/bin/npx", first_line)
    program(npx.parent, "node")
    monkeypatch.setenv("PATH", f"{npx.parent}:/usr/bin:/bin")
    put(home / ".cursor/mcp.json", servers(a={"command": "npx"}))

    by_name = only(Context.current())
    put(home / ".cursor/mcp.json", servers(a={"command": str(npx)}))
    by_path = only(Context.current())

    given = f"give the entry the variable `PATH` in `env`: `{npx.parent}:/usr/bin:/bin`"
    assert by_name.fix == f"write `{npx}` in its place, and {given}"
    assert (by_path.kind, by_path.fix) == (Kind.COMMAND_NOT_IN_SESSION, given)
    variables = {"PATH": f"{npx.parent}:/usr/bin:/bin"}
    put(home / ".cursor/mcp.json", servers(a={"command": str(npx), "env": variables}))
    assert look(Context.current()).troubles == ()


def test_a_script_of_the_system_needs_nothing(home: Path, tmp_path: Path, context: Context) -> None:
    path = script(tmp_path / "tool", "#!/usr/bin/env sh")
    put(home / ".cursor/mcp.json", servers(a={"command": str(path)}))

    assert look(context).troubles == ()


def test_a_pipe_in_the_place_of_a_program_is_not_waited_for(
    home: Path, tmp_path: Path, context: Context
) -> None:
    os.mkfifo(tmp_path / "pipe", 0o777)
    (tmp_path / "pipe").chmod(0o777)
    put(home / ".cursor/mcp.json", servers(a={"command": str(tmp_path / "pipe")}))

    assert look(context).troubles == ()


def test_a_whole_command_line_is_no_program(home: Path, context: Context) -> None:
    put(home / ".cursor/mcp.json", servers(a={"command": "npx -y @scope/server"}))

    trouble = only(context)

    assert trouble.message == "`a` starts `npx …`, which is in no folder of `PATH`"
    assert trouble.fix == "write the program alone in `command`, its arguments one by one in `args`"


def test_a_program_in_a_folder_with_a_space_is_told_whole(home: Path, context: Context) -> None:
    (home / "My Programs").mkdir()
    gone = str(home / "My Programs/gone")
    put(home / ".cursor/mcp.json", servers(a={"command": gone}))

    assert f"`{gone}`, which is not there" in only(context).message


def test_what_two_products_read_in_one_file_is_one_finding(context: Context) -> None:
    put(context.machine.cwd / ".mcp.json", servers(a=GONE))

    (trouble,) = doctor.examine(context).troubles

    assert trouble.subject == "Claude Code (project), GitHub Copilot CLI (project)"


def test_a_program_of_the_system_is_seen_by_a_desktop_program(home: Path, context: Context) -> None:
    put(home / ".cursor/mcp.json", servers(a={"command": "sh"}))

    assert look(context).troubles == ()


@pytest.mark.parametrize(
    ("user", "project", "loser"),
    [
        (".cursor/mcp.json", ".cursor/mcp.json", "Cursor"),
        (".claude.json", ".mcp.json", "Claude Code"),
        (".factory/mcp.json", ".factory/mcp.json", "Factory Droid (project)"),
    ],
)
def test_the_scope_that_loses_is_named(
    home: Path, context: Context, user: str, project: str, loser: str
) -> None:
    put(home / user, servers(a=SERVER, mine=SERVER))
    put(context.machine.cwd / project, servers(a=SERVER, theirs=SERVER))

    trouble = only(context)

    assert (trouble.kind, trouble.subject, trouble.entry) == (Kind.ENTRY_SHADOWED, loser, "a")


def test_a_servers_place_below_its_project_wins_over_both_others(
    home: Path, context: Context
) -> None:
    local = {"projects": {str(context.machine.cwd): servers(a=SERVER)}}
    put(home / ".claude.json", {**servers(a=SERVER), **local})

    trouble = only(context)

    assert (trouble.kind, trouble.subject) == (Kind.ENTRY_SHADOWED, "Claude Code")
    assert "your own file for this project" in trouble.message


def test_what_wins_is_not_claimed_where_nobody_wrote_it_down(home: Path, context: Context) -> None:
    put(home / ".warp/.mcp.json", servers(a=SERVER))
    put(context.machine.cwd / ".warp/.mcp.json", servers(a=SERVER))

    assert "is not documented" in only(context).message


def test_in_the_home_folder_a_projects_file_is_the_users_own(
    home: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    put(home / ".cursor/mcp.json", servers(a=GONE))

    assert [one.kind for one in look(Context.current()).troubles] == [Kind.COMMAND_MISSING]


def test_one_projects_file_may_hold_the_servers_of_two_products(context: Context) -> None:
    put(context.machine.cwd / ".mcp.json", {**servers(a=SERVER), "servers": {"b": SERVER}})

    found = look(context).troubles

    assert {one.kind for one in found} == {Kind.WRONG_KEY}  # Visual Studio is not on this system
    assert all("`servers`" in one.message for one in found)


def test_the_second_of_several_files_is_inert(home: Path, context: Context) -> None:
    put(home / ".lmstudio/mcp.json", servers(a=SERVER))
    old = put(home / ".cache/lm-studio/mcp.json", servers(b=SERVER))

    assert (only(context).kind, only(context).path) == (Kind.ENTRY_INERT, old)


def test_files_that_are_merged_are_all_read(home: Path, context: Context) -> None:
    for name in ("opencode.jsonc", "opencode.json"):
        put(home / ".config/opencode" / name, {"mcp": {name: {"command": ["/bin/sh"]}}})

    assert look(context).troubles == ()


def test_a_file_whose_place_was_taken_is_inert(home: Path, context: Context) -> None:
    put(home / ".gemini/config/mcp_config.json", servers(a=SERVER))
    put(home / ".gemini/antigravity/mcp_config.json", {})

    trouble = only(context)

    assert (trouble.kind, trouble.subject) == (Kind.ENTRY_INERT, "Google Antigravity")
    assert "`--host antigravity-legacy`" in trouble.fix


def test_two_files_of_which_one_is_read_are_a_finding(home: Path, context: Context) -> None:
    for folder in (".config", ".var/app/com.visualstudio.code/config"):
        put(home / folder / "Code/User/mcp.json", {"servers": {"a": SERVER}})

    assert {one.kind for one in look(context).troubles} == {Kind.FILE_AMBIGUOUS}


def test_an_extension_of_two_editors_reads_both_its_files(home: Path, context: Context) -> None:
    for editor in ("Code", "Cursor"):
        settings = f".config/{editor}/User/globalStorage/rooveterinaryinc.roo-cline/settings"
        put(home / settings / "mcp_settings.json", servers(a=SERVER))

    assert look(context).troubles == ()


def test_a_relative_override_is_a_finding(
    home: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", "here")

    assert {one.kind for one in look(Context.current()).troubles} == {Kind.FILE_REFUSED}


def test_a_file_that_others_can_write_to_is_a_finding(home: Path, context: Context) -> None:
    path = put(home / ".cursor/mcp.json", servers(a=SERVER))
    path.chmod(0o666)

    assert only(context).kind is Kind.FILE_OPEN
    assert only(context).fix == f"`chmod go-w {path}`"
    path.chmod(0o644)
    assert look(context).troubles == ()


def test_a_file_that_can_not_be_read_is_told_apart_from_one_that_is_wrong(
    home: Path, context: Context
) -> None:
    path = home / ".cursor/mcp.json"
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)

    looked = look(context)

    assert looked.troubles == ()
    assert [one.subject for one in looked.unseen] == [f"Cursor: `{path}`"]


def test_what_a_write_that_died_left_beside_a_file_is_found(home: Path, context: Context) -> None:
    left = put(home / ".cursor/.mcp.json.0123456789ab.mcpi", "{")

    (trouble,) = doctor_state.look(context).troubles

    assert trouble.kind is Kind.LEFTOVERS
    assert trouble.fix == f"`rm {left}` deletes what is left"


def test_every_kind_of_finding_is_explained() -> None:
    page = Path(__file__).parents[3] / "docs/doctor.md"
    headings = [line[4:-1] for line in page.read_text().splitlines() if line.startswith("## `")]

    assert headings == [str(kind) for kind in Kind]
