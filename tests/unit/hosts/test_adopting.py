"""Entries of other programs that are taken over in place: only what starts them changes."""

from __future__ import annotations

import dataclasses
import json

import pytest
import yaml

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, diff, kept_fields, starts_as, take_out
from mcpinstall.model.adoption import KeptFields
from mcpinstall.model.host import EnvironmentValue, Format, HostChange, SecretPlace, ServerEntry
from tests.builders.hosts import CODEX, CURSOR, GEMINI, VSCODE, ad_hoc_row, host_file, no_chain

GOOSE = "goose"
OURS = ("-I", "start.py", "--zone", "Oslo")
FILES = {
    CURSOR: """\
{
  "mcpServers": {
    "time": {
      "autoApprove": ["now"],
      "env": {"TOKEN": "hush", "LEVEL": "debug"},
      "command": "uvx", "args": ["clock-server", "--zone=Oslo"],
      "disabled": true
    },
    "other": {"command": "a"}
  }
}
""",
    VSCODE: """{ // mine
\t"servers": {"time": { "args": ["clock-server"], /* why */ "command": "uvx",
    "env": {"TOKEN": "${input:t}", }, }, },\r\n}""",
    GEMINI: '{"mcpServers": {"time": {"command": "uvx", "cwd": "/srv" // here\n, "args": []}}}',
    CODEX: """\
model = "o" # mine
[mcp_servers.time] # clock
command = 'uvx' # runner
args = [
  "clock-server", # server
]
startup_timeout_sec = 20

[mcp_servers.time.env]
TOKEN = "hush"

[mcp_servers.other]
command = "a"
""",
    GOOSE: """\
extensions:
  time:
    cmd: uvx # runner
    args:
    - clock-server
    enabled: false
    envs:
      TOKEN: hush
    timeout: 300 # long
  other:
    cmd: a
""",
}


def adopted(row: str, text: str, **fields: object) -> HostChange:
    """Return the change that lets `time` start our server."""
    file = host_file(row, text)
    keeps = kept_fields(file.content or b"", file.row, "time")
    entry = ServerEntry(name="time", command="/opt/p/python", args=OURS, keeps=keeps)
    entry = dataclasses.replace(entry, **fields)  # type: ignore[arg-type]
    return add(file, no_chain(file.row), entry, replace=True)


def now(change: HostChange, old: str = "", new: str = "") -> HostChange:
    """Return the change with its file as it is afterwards, once somebody edited it."""
    assert change.after is not None
    assert old.encode() in change.after
    content = change.after.replace(old.encode(), new.encode()) if old else change.after
    return dataclasses.replace(
        change, file=dataclasses.replace(change.file, content=content), after=content
    )


def entry_of(change: HostChange) -> ServerEntry:
    return change.chain_after.entries[0].entry


@pytest.mark.parametrize("row", FILES)
def test_only_command_and_arguments_change(row: str) -> None:
    change = adopted(row, FILES[row])

    assert change.after is not None
    assert starts_as(change.after, change.file.row, entry_of(change))
    before, after = FILES[row].splitlines(), change.after.decode().splitlines()
    same = [line for line in before if not any(w in line for w in ("uvx", "clock-server", "args"))]
    kept = [line for line in same if line.strip() not in {"]", "{"}]
    assert [line for line in kept if line not in after] == []


@pytest.mark.parametrize("row", FILES)
def test_taking_it_out_gives_the_bytes_before(row: str) -> None:
    change = now(adopted(row, FILES[row]))

    assert take_out(change.file, change.chain_after, "time").after == FILES[row].encode()


@pytest.mark.parametrize("row", FILES)
@pytest.mark.parametrize("lead", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_stay(row: str, lead: str) -> None:
    text = lead + FILES[row].replace("\r\n", "\n").replace("\n", "\r\n")
    change = now(adopted(row, text))

    content = change.after or b""
    assert starts_as(content, change.file.row, entry_of(change))
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.startswith(lead.encode())
    assert take_out(change.file, change.chain_after, "time").after == text.encode()


@pytest.mark.parametrize(
    ("row", "old"),
    [(CURSOR, "debug"), (VSCODE, "why"), (GEMINI, "here"), (CODEX, "mine"), (GOOSE, "long")],
)
def test_what_others_changed_since_stays_when_it_is_taken_out(row: str, old: str) -> None:
    change = now(adopted(row, FILES[row]), old, "changed")

    back = take_out(change.file, change.chain_after, "time")

    assert back.after == FILES[row].replace(old, "changed").encode()


@pytest.mark.parametrize("row", FILES)
@pytest.mark.parametrize("touched", [False, True])
def test_a_new_command_leaves_the_way_back(row: str, touched: bool) -> None:
    change = now(adopted(row, FILES[row]))
    file = change.file
    if touched:
        file = dataclasses.replace(file, content=(file.content or b"") + b"\n")
    other = dataclasses.replace(entry_of(change), args=("-I", "start.py"))

    again = now(add(file, change.chain_after, other, replace=True))

    assert starts_as(again.after or b"", file.row, other)
    end = b"\n" if touched else b""
    assert take_out(again.file, again.chain_after, "time").after == FILES[row].encode() + end


@pytest.mark.parametrize("row", [CURSOR, CODEX, GOOSE])
def test_a_variable_of_ours_joins_those_that_stay(row: str) -> None:
    change = now(adopted(row, FILES[row], env=(EnvironmentValue(name="MODE", value="safe"),)))

    kept = kept_fields(change.after or b"", change.file.row, "time")

    assert {"MODE", "TOKEN"} <= set(kept.variables)
    assert starts_as(change.after or b"", change.file.row, entry_of(change))
    assert take_out(change.file, change.chain_after, "time").after == FILES[row].encode()


INLINE = """\
[mcp_servers.time]
command = "uvx"
env = { TOKEN = "hush" } # mine
[mcp_servers.other]
command = "a"
"""


@pytest.mark.parametrize("env", ['{ TOKEN = "}#hush" }', '{TOKEN="hush"}', "{}", "{ }"])
@pytest.mark.parametrize("touched", [False, True])
def test_a_variable_of_ours_joins_a_table_that_is_written_in_one_line(
    env: str, *, touched: bool
) -> None:
    text = INLINE.replace('{ TOKEN = "hush" }', env)
    change = now(adopted(CODEX, text, env=(EnvironmentValue(name="MODE", value="safe"),)))
    if touched:
        change = now(change, 'command = "a"', 'command = "b"')
        text = text.replace('command = "a"', 'command = "b"')

    assert starts_as(change.after or b"", change.file.row, entry_of(change))
    assert b"} # mine" in (change.after or b"")
    assert take_out(change.file, change.chain_after, "time").after == text.encode()


def test_an_entry_without_arguments_or_variables_gets_them() -> None:
    text = '{"mcpServers": {"time": {"command": "clock"}}}'
    change = now(adopted(CURSOR, text, env=(EnvironmentValue(name="MODE", value="safe"),)))

    assert starts_as(change.after or b"", change.file.row, entry_of(change))
    assert take_out(change.file, change.chain_after, "time").after == text.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"LEVEL"', '"LD_PRELOAD"'),
        ('"LEVEL": "debug"', '"LEVEL": "debug", "PYTHONPATH": "/x"'),
        ('"disabled": true', '"cwd": "/elsewhere"'),
        ('"disabled": true', '"envFile": ".env"'),
        ('"--zone"', '"--other"'),
        ("/opt/p/python", "/opt/q/python"),
    ],
)
def test_what_is_put_beside_our_command_later_is_noticed(old: str, new: str) -> None:
    change = adopted(CURSOR, FILES[CURSOR])

    tampered = now(change, old, new).after or b""

    assert not starts_as(tampered, change.file.row, entry_of(change))


def test_another_value_of_a_variable_that_stays_is_the_users_own_matter() -> None:
    change = adopted(CURSOR, FILES[CURSOR])

    assert starts_as(now(change, "debug", "info").after or b"", change.file.row, entry_of(change))


@pytest.mark.parametrize("row", FILES)
def test_no_value_of_the_entry_is_shown_or_kept(row: str) -> None:
    change = adopted(row, FILES[row])

    assert "hush" not in "\n".join(diff(change))
    assert "hush" not in repr(change.chain_after)


def test_what_is_kept_is_named_not_told() -> None:
    file = host_file(CURSOR, FILES[CURSOR].replace('"disabled": true', '"cwd": "/srv"'))

    kept = kept_fields(file.content or b"", file.row, "time")

    assert kept == KeptFields(variables=("LEVEL", "TOKEN"), keys=("cwd",))


@pytest.mark.parametrize(
    "text",
    [
        'mcp_servers.time = { command = "uvx", args = [] }\n',
        '[mcp_servers]\ntime = { command = "uvx" }\n',
        '[mcp_servers]\ntime.command = "uvx"\n',
    ],
)
def test_a_form_without_single_lines_is_refused(text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        adopted(CODEX, text)

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert "in place" in refused.value.message


@pytest.mark.parametrize("place", [SecretPlace.KEYRING, SecretPlace.VARIABLE])
def test_a_secret_stands_in_one_place_only(place: SecretPlace) -> None:
    reference = "TOKEN" if place is SecretPlace.VARIABLE else None
    kept = EnvironmentValue(name="TOKEN", secret=True, place=place, reference=reference)

    with pytest.raises(McpInstallError) as refused:
        adopted(CURSOR, FILES[CURSOR], env=(kept,))

    assert refused.value.code is ErrorCode.INPUT_INVALID
    assert "`--secret TOKEN`" in refused.value.hint


def test_a_secret_that_the_entry_lacks_comes_from_the_keyring() -> None:
    other = EnvironmentValue(name="OTHER", secret=True, place=SecretPlace.KEYRING)

    change = adopted(CURSOR, FILES[CURSOR], env=(other,))

    assert starts_as(change.after or b"", change.file.row, entry_of(change))
    assert b"OTHER" not in (change.after or b"")


def test_a_list_of_servers_is_refused() -> None:
    row = ad_hoc_row(Format.JSON, ("servers",), is_list=True)
    file = host_file(row, '{"servers": [{"name": "time", "command": "uvx"}]}')
    entry = ServerEntry(name="time", command="p", keeps=KeptFields())

    with pytest.raises(McpInstallError) as refused:
        add(file, no_chain(row), entry, replace=True)

    assert "a list" in refused.value.message


# In files that others changed ---------------------------------------------------------------------


def rewritten(change: HostChange, text: str) -> HostChange:
    """Return the change with a file that somebody has written anew."""
    return dataclasses.replace(change, file=dataclasses.replace(change.file, content=text.encode()))


@pytest.mark.parametrize("word", ["\\u00e9", "\\u20ac", "\\ud83d\\ude00"])
def test_a_file_whose_host_escapes_letters_is_read_as_any_other(word: str) -> None:
    change = adopted(CURSOR, FILES[CURSOR].replace('"now"', f'"{word}"'))

    assert starts_as(change.after or b"", change.file.row, entry_of(change))


def test_an_entry_of_ours_is_the_same_where_its_host_escapes_letters() -> None:
    file = host_file(CURSOR, None)
    entry = ServerEntry(name="time", command="/opt/p/python", args=("--zone", "Genève"))
    content = add(file, no_chain(file.row), entry).after or b""
    escaped = content.decode().replace("è", "\\u00e8").encode()

    assert escaped != content
    assert starts_as(escaped, file.row, entry)


def test_an_entry_that_had_no_arguments_has_none_again_in_a_file_edited_elsewhere() -> None:
    text = '{"mcpServers": {"time": {"command": "uvx clock"}}}'
    change = adopted(CURSOR, text)

    back = take_out(rewritten(change, f"{(change.after or b'').decode()}\n").file,
                    change.chain_after, "time")  # fmt: skip

    assert back.after == f"{text}\n".encode()


@pytest.mark.parametrize("row", FILES)
def test_an_entry_that_its_user_changed_back_stays_whole(row: str) -> None:
    change = rewritten(adopted(row, FILES[row]), FILES[row] + "\n")

    back = take_out(change.file, change.chain_after, "time")

    assert back.after == FILES[row].encode() + b"\n"
    assert any("starts another program by now; it stays" in one for one in back.warnings)


def test_of_an_entry_with_one_argument_more_all_but_the_start_stays() -> None:
    change = now(adopted(CURSOR, FILES[CURSOR]), '"Oslo"]', '"Oslo", "--more"]')

    back = take_out(change.file, change.chain_after, "time")

    assert (back.after or b"").decode() == FILES[CURSOR]


def test_a_variable_that_came_with_us_goes_from_a_file_written_anew() -> None:
    change = adopted(CURSOR, FILES[CURSOR], env=(EnvironmentValue(name="MODE", value="safe"),))
    anew = json.dumps(json.loads(change.after or b""), indent=5)

    back = take_out(rewritten(change, anew).file, change.chain_after, "time")

    assert json.loads(back.after or b"") == json.loads(FILES[CURSOR])


def test_an_address_that_came_to_an_adopted_entry_goes_with_a_new_command() -> None:
    change = now(adopted(GEMINI, FILES[GEMINI]), '"cwd"', '"httpUrl": "https://e.example/", "cwd"')
    other = dataclasses.replace(entry_of(change), args=("-I", "start.py"))
    assert not starts_as(change.after or b"", change.file.row, entry_of(change))

    again = now(add(change.file, change.chain_after, other, replace=True))

    assert starts_as(again.after or b"", change.file.row, other)
    assert take_out(again.file, again.chain_after, "time").after == FILES[GEMINI].encode()


def test_a_start_that_was_given_twice_in_two_layouts_goes_back_to_the_first() -> None:
    text = 'extensions:\n  time: {"args": ["a"], "cmd": "uvx", "envs": {"A": "1"}}\n'
    change = now(adopted(GOOSE, text))
    anew = yaml.safe_dump(yaml.safe_load(change.after or b""))
    other = dataclasses.replace(entry_of(change), args=("-I", "start.py"))

    again = now(add(rewritten(change, anew).file, change.chain_after, other, replace=True))
    back = take_out(again.file, again.chain_after, "time")

    assert yaml.safe_load(back.after or b"") == yaml.safe_load(text)
