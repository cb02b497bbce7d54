"""What adoptions and fixes change comes back, whatever became of the file since (Hypothesis).

A user's file of any format × (adoption | fix) × (its host writes it anew | its user edits it
elsewhere | nothing) × (the entry is taken out | the values go back).
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
import tomli_w
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, kept_fields, take_out, value_changes
from mcpinstall.hosts.forms import FormError, ScanError
from mcpinstall.hosts.value_edits import edited
from mcpinstall.model.host import EnvironmentValue, Format, HostChange, HostRow, ServerEntry
from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import ValueEdit, added, removed, set_to, turned
from tests.builders import json_documents
from tests.builders.documents import EACH
from tests.builders.host_formats import parse
from tests.builders.hosts import CODEX, CURSOR, GEMINI, VSCODE, host_file, no_chain

GOOSE = "goose"
ROWS = (CURSOR, GEMINI, VSCODE, CODEX, GOOSE)
TRIED = max(20, EACH // 5)
"""Of one format; each is parsed, edited and compared many times."""
OURS = ("-I", "start.py", "--zone", "Oslo")
MODE = EnvironmentValue(name="MODE", value="safe")

words = st.sampled_from(["clock-server", "--zone=Oslo", "-x", "a b", "é", 'q"', "#no", "/srv/a"])
texts = st.sampled_from(["debug", "", "é # no", 'a "b"', "it's", "/x", "yes", "1"])
commands = st.sampled_from(["uvx", "uvx clock-server", "/usr/bin/uvx"])
variables = st.dictionaries(st.sampled_from(["LEVEL", "TOKEN", "A_B"]), texts, max_size=3)
more = st.dictionaries(
    st.sampled_from(["autoApprove", "timeout", "note", "trust"]),
    st.one_of(st.booleans(), st.integers(0, 99), texts, st.lists(texts, max_size=2)),
    max_size=2,
)


@st.composite
def entries(draw: st.DrawFn, row: HostRow) -> dict[str, Any]:
    """A server as its user has it, its fields in any order."""
    shape = row.entry
    found: dict[str, Any] = {shape.command_key: draw(commands)}
    if draw(st.integers(0, 3)):
        found[shape.args_key] = draw(st.lists(words, max_size=3))
    if draw(st.booleans()):
        found[shape.env_key] = draw(variables)
    found |= draw(more)
    return {key: found[key] for key in draw(st.permutations(list(found)))}


@st.composite
def documents(draw: st.DrawFn, row: HostRow) -> bytes:
    """A user's file with the server `time` and others."""
    (key,) = row.servers_key
    names = draw(st.permutations(["time", *draw(st.sampled_from([(), ("other",), ("a", "z")]))]))
    servers = {name: draw(entries(row)) for name in names}
    around = draw(st.dictionaries(st.sampled_from(["model", "ui"]), texts, max_size=2))
    if row.format is Format.TOML:
        text = draw(toml(key, servers, around))
    elif row.format is Format.YAML:
        text = draw(in_yaml(key, servers, around))
    else:
        whole = {**around, key: servers} if draw(st.booleans()) else {key: servers, **around}
        text = draw(laid_out(whole, row.format))
    text = text.replace("\n", "\r\n") if draw(st.integers(0, 4)) == 0 else text
    return text.encode()


@st.composite
def laid_out(draw: st.DrawFn, whole: object, dialect: Format) -> str:
    """A document in JSON, odd, indented or in one line."""
    if draw(st.booleans()):
        return draw(json_documents.written(whole, dialect))
    indent: int | str | None = draw(st.sampled_from([None, 2, 4, "\t"]))
    return json.dumps(whole, indent=indent, ensure_ascii=draw(st.booleans())) + "\n"


tails = st.sampled_from(["", "", " # mine", "\t#"])


@st.composite
def toml(draw: st.DrawFn, key: str, servers: dict[str, Any], around: dict[str, Any]) -> str:
    """A document in TOML: variables in a line or a table, lists in a line or several."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in around.items()]
    for name, server in servers.items():
        lines.append(f"[{key}.{name}]{draw(tails)}")
        below: list[str] = []
        for field, value in server.items():
            if isinstance(value, dict) and draw(st.booleans()):
                below = [f"[{key}.{name}.{field}]{draw(tails)}"]
                below += [f"{k} = {draw(toml_value(v))}{draw(tails)}" for k, v in value.items()]
            else:
                lines.append(f"{field} = {draw(toml_value(value))}{draw(tails)}")
        lines += [*below, *draw(st.lists(st.sampled_from(["", "# more"]), max_size=1))]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n\n# end"]))


@st.composite
def toml_value(draw: st.DrawFn, value: object) -> str:
    """A value in TOML, in one of its spellings."""
    if isinstance(value, dict):
        pairs = [f"{key} = {draw(toml_value(one))}" for key, one in value.items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(value, list):
        items = [draw(toml_value(one)) for one in value]
        if bool(items) and draw(st.booleans()):
            return "[\n" + "".join(f"  {item}, # {n}\n" for n, item in enumerate(items)) + "]"
        return f"[{', '.join(items)}]"
    if isinstance(value, str) and "'" not in value and draw(st.booleans()):
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


@st.composite
def in_yaml(draw: st.DrawFn, key: str, servers: dict[str, Any], around: dict[str, Any]) -> str:
    """A document in YAML: blocks of two layouts, or servers in braces."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in around.items()]
    lines.append(f"{key}:{draw(tails)}")
    unit = draw(st.sampled_from(["  ", "    "]))
    for name, server in servers.items():
        if draw(st.integers(0, 4)) == 0:
            lines.append(f"{unit}{name}: {json.dumps(server, ensure_ascii=False)}")
            continue
        lines.append(f"{unit}{name}:{draw(tails)}")
        for field, value in server.items():
            lines += draw(yaml_lines(field, value, unit * 2, unit))
    return "\n".join(lines) + draw(st.sampled_from(["", "\n", "\n# end\n"]))


@st.composite
def yaml_lines(draw: st.DrawFn, field: str, value: object, pad: str, unit: str) -> list[str]:
    """The lines of a member."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        inner = [
            f"{pad}{unit}{key}: {json.dumps(v, ensure_ascii=False)}" for key, v in value.items()
        ]
        return [f"{pad}{field}:", *(f"{line}{draw(tails)}" for line in inner)]
    if isinstance(value, list) and value and draw(st.booleans()):
        dash = draw(st.sampled_from([pad, pad + unit]))
        items = [f"{dash}- {json.dumps(one, ensure_ascii=False)}{draw(tails)}" for one in value]
        return [f"{pad}{field}:", *items]
    plain = isinstance(value, str) and value.isalpha() and value.isascii() and value != "yes"
    shown = value if plain and draw(st.booleans()) else json.dumps(value, ensure_ascii=False)
    return [f"{pad}{field}: {shown}{draw(tails)}"]


# What happens to the file in between --------------------------------------------------------------

Edit = Callable[[bytes], bytes]


def anew(row: HostRow, content: bytes, *, is_sorted: bool) -> bytes:
    """Return a file as its host writes it, from what it has read."""
    whole = parse(row.format, content)
    if row.format is Format.TOML:
        return tomli_w.dumps(whole).encode()
    if row.format is Format.YAML:
        text: str = yaml.safe_dump(whole, sort_keys=is_sorted, allow_unicode=True)
        return text.encode()
    return json.dumps(whole, indent=3, sort_keys=is_sorted).encode()


def elsewhere(row: HostRow, content: bytes) -> bytes:
    """Return a file with what its user typed at its end."""
    end = b"" if content.endswith(b"\n") else b"\n"
    if row.format in (Format.TOML, Format.YAML):
        return content + end + b"# new"
    return content + b"\n"


def of_another(row: HostRow, content: bytes) -> bytes:
    """Return a file in which another server has another field by now."""
    (key,) = row.servers_key
    servers = parse(row.format, content)[key]
    others = [name for name in servers if name != "time"]
    assume(others)
    fields = servers[others[0]]
    edit = set_to(f"/{key}/{others[0]}/{row.entry.command_key}", "/bin/other")
    assume(fields[row.entry.command_key])
    return edited(content, row.format, [edit])


def same(row: HostRow, one: bytes, other: bytes) -> bool:
    """Tell whether two files say the same; empty arguments and variables are none."""
    return said(row, one) == said(row, other)


def said(row: HostRow, content: bytes) -> object:
    whole = copy.deepcopy(parse(row.format, content))
    for server in whole[row.servers_key[0]].values():
        if row.format is Format.TOML:  # a variable that came with us may stay in its own table
            server.get(row.entry.env_key, {}).pop(MODE.name, None)
        for field in (row.entry.args_key, row.entry.env_key):
            if not server.get(field, True):
                del server[field]
    return whole


# Adoptions ----------------------------------------------------------------------------------------


def adoption(row: HostRow, content: bytes, *, variable: bool) -> HostChange:
    """Adopt `time`; a form that is refused is not looked at any further."""
    entry = ServerEntry(
        name="time", command="/opt/p/python", args=OURS, env=(MODE,) if variable else (),
        keeps=kept_fields(content, row, "time"),
    )  # fmt: skip
    try:
        return add(host_file(row, content), no_chain(row), entry, replace=True)
    except McpInstallError as error:
        assert error.code is ErrorCode.HOST_CONFIG_INVALID  # noqa: PT017
        assume(False)
        raise


def now(change: HostChange, content: bytes) -> HostChange:
    """Return a change with its file as it is by now."""
    return dataclasses.replace(
        change, file=dataclasses.replace(change.file, content=content), after=content
    )


def configured(change: HostChange) -> HostChange:
    """Give our server another input."""
    (applied,) = change.chain_after.entries
    other = dataclasses.replace(applied.entry, args=("-I", "start.py", "--zone", "Lima"))
    try:
        after = add(change.file, change.chain_after, other, replace=True)
    except McpInstallError as error:  # a variable of ours in one line of TOML
        assert error.code is ErrorCode.HOST_CONFIG_INVALID  # noqa: PT017
        return change
    return now(after, after.after or b"")


@pytest.mark.parametrize("row_id", ROWS)
def test_what_was_adopted_comes_back(row_id: str) -> None:
    row = host_file(row_id, None).row

    @settings(max_examples=TRIED, suppress_health_check=list(HealthCheck))
    @given(documents(row), st.booleans(), st.booleans(), st.data())
    def tried(content: bytes, variable: bool, again: bool, data: st.DataObject) -> None:
        change = adoption(row, content, variable=variable)
        change = now(change, change.after or b"")
        if again:
            change = configured(change)
        what = data.draw(st.sampled_from(["nothing", "end", "another", "anew", "anew, sorted"]))
        here = change.file.content or b""
        if what == "end":
            here, content = elsewhere(row, here), elsewhere(row, content)
        elif what == "another":
            here, content = of_another(row, here), of_another(row, content)
        elif what != "nothing":
            here = anew(row, here, is_sorted=what != "anew")
        change = now(change, here)
        if data.draw(st.booleans()):
            change = configured(change)

        back = take_out(change.file, change.chain_after, "time").after or b""

        assert same(row, back, content), back.decode()
        assert back == content or what.startswith("anew"), (back.decode(), content.decode())

    tried()


# Fixes --------------------------------------------------------------------------------------------


@st.composite
def edits(draw: st.DrawFn, row: HostRow, content: bytes) -> tuple[ValueEdit, ...]:
    """Edits as fixes make them: of a member, an item, a new member."""
    (key,) = row.servers_key
    whole = parse(row.format, content)
    found: list[ValueEdit] = []
    for name, server in whole[key].items():
        here = f"/{key}/{name}"
        for field, value in server.items():
            kind = draw(st.sampled_from(["keep", "keep", "set", "remove", "inner"]))
            if kind == "set" and not isinstance(value, dict | list):
                found.append(set_to(f"{here}/{field}", draw(texts)))
            elif kind == "remove" and field != row.entry.command_key:
                found.append(removed(f"{here}/{field}"))
            elif kind == "inner" and isinstance(value, list) and value:
                found.append(draw(of_item(f"{here}/{field}", len(value))))
            elif kind == "inner" and isinstance(value, dict) and value:
                gone = draw(st.sampled_from(list(value)))
                way = f"{here}/{field}/{gone}"
                found.append(draw(st.sampled_from([removed(way), set_to(way, "${X}")])))
        if draw(st.integers(0, 3)) == 0 and "off" not in server:
            found.append(added(f"{here}/off", draw(st.booleans()), behind=row.entry.command_key))
    return tuple(found)


@st.composite
def of_item(draw: st.DrawFn, pointer: str, count: int) -> ValueEdit:
    number = draw(st.integers(0, count - 1))
    one = f"{pointer}/{number}"
    return draw(st.sampled_from([removed(one), set_to(one, "x"), added(one, "y")]))


@pytest.mark.parametrize("row_id", ROWS)
def test_what_was_fixed_comes_back(row_id: str) -> None:
    row = host_file(row_id, None).row
    refused = []

    @settings(max_examples=TRIED, suppress_health_check=list(HealthCheck))
    @given(documents(row), st.data())
    def tried(content: bytes, data: st.DataObject) -> None:
        try:
            fixed = edited(content, row.format, data.draw(edits(row, content)))
        except (FormError, ScanError):
            assume(False)
        changes = value_changes.between(content, fixed, row.format)
        what = data.draw(st.sampled_from(["end", "anew", "anew, sorted"]))
        here = elsewhere(row, fixed)
        if what != "end":
            here = anew(row, fixed, is_sorted=what != "anew")

        try:
            back = value_changes.put_back(here, row.format, changes)
        except (FormError, ScanError) as error:
            refused.append(str(error))
            return

        assert parse(row.format, back) == parse(row.format, content)

    tried()
    assert len(refused) < TRIED / 5, refused


@pytest.mark.parametrize("number", ["51", "-7", "0", "1.5"])
def test_a_number_of_yaml_comes_back_as_it_was(number: str) -> None:
    before = f"extensions:\n  time:\n    cmd: x\n    timeout: {number}\n    args: [a]\n".encode()
    fixed = edited(before, Format.YAML, [removed("/extensions/time/timeout")])
    changes = value_changes.between(before, fixed, Format.YAML)

    back = value_changes.put_back(fixed + b"# new\n", Format.YAML, changes)

    assert back == before + b"# new\n"


@pytest.mark.parametrize("odd", ["0x1f", "1e3", "2026-11-22", "[1, 0o17]", "!own x"])
def test_what_would_come_back_as_text_does_not(odd: str) -> None:
    before = f"extensions:\n  time:\n    cmd: x\n    timeout: {odd}\n    f: 0x1f\n".encode()
    fixed = edited(before, Format.YAML, [removed("/extensions/time/timeout")])
    other = edited(before, Format.YAML, [set_to("/extensions/time/cmd", "y")])

    assert value_changes.between(before, fixed, Format.YAML) == ()
    assert len(value_changes.between(before, other, Format.YAML)) == 1


def test_what_a_table_of_toml_lacks_comes_before_the_tables_in_it() -> None:
    text = '[mcp_servers.a]\ncommand = "x"\n[mcp_servers.a.env]\nA = "1"\n'
    old: dict[str, Json] = {"command": "x", "env": {"A": "1"}}
    wanted = turned("/mcp_servers/a", old, {**old, "args": ["y"]})

    back = edited(text.encode(), Format.TOML, tuple(wanted))

    assert back.decode() == text.replace('"x"\n', '"x"\nargs = ["y"]\n')
