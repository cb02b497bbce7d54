"""Edits in TOML: a table at the end of the file, and exactly that table out again."""

from __future__ import annotations

import tomllib

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import find_rows, insert, remove, replace
from mcpinstall.model.host import EnvironmentValue, ServerEntry
from tests.builders.hosts import CODEX, server

X = ServerEntry(name="x", command="p", args=("-I",))
TABLE = '[mcp_servers.x]\ncommand = "p"\nargs = ["-I"]\n'


def put(before: str, entry: ServerEntry = X) -> str:
    return insert(before.encode(), find_rows(CODEX), entry).apply(before.encode()).decode()


def cut(before: str, name: str = "x") -> str:
    return remove(before.encode(), find_rows(CODEX), name).apply(before.encode()).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", TABLE),
        ("\n", "\n" + TABLE),
        ("  ", "  \n" + TABLE),
        ("a = 1\n", "a = 1\n\n" + TABLE),
        ("a = 1", "a = 1\n\n" + TABLE.rstrip("\n")),
        ("a = 1 # c\n\n", "a = 1 # c\n\n\n" + TABLE),
        ("a = 1\r\n", "a = 1\r\n\r\n" + TABLE.replace("\n", "\r\n")),
        ("a = '''\n[mcp_servers]\n'''\n", "a = '''\n[mcp_servers]\n'''\n\n" + TABLE),
        ("[mcp_servers.a]\ncommand = 'b'\n", "[mcp_servers.a]\ncommand = 'b'\n\n" + TABLE),
        ("[mcp_servers]\n[z]\n", "[mcp_servers]\n[z]\n\n" + TABLE),
        ("[mcp_servers]\na = {command = 'b'}\n", "[mcp_servers]\na = {command = 'b'}\n\n" + TABLE),
        ("# only a comment", "# only a comment\n\n" + TABLE.rstrip("\n")),
        ("a.b = 1\nc = { d = 2 }\n", "a.b = 1\nc = { d = 2 }\n\n" + TABLE),
    ],
)
def test_a_table_is_appended(before: str, after: str) -> None:
    assert put(before) == after
    if before.strip():
        assert cut(after) == before


def test_a_missing_file_is_made() -> None:
    assert insert(None, find_rows(CODEX), X).inserted.decode() == TABLE


def test_environment_and_forwarded_names_have_their_places() -> None:
    entry = ServerEntry(
        name="x",
        command='C:\\p "q"',
        args=("é\n\x7f",),
        env=(
            EnvironmentValue(name="LEVEL", value="info"),
            EnvironmentValue(name="TOKEN", reference="TOKEN"),
        ),
    )

    after = put("", entry)

    assert after == (
        '[mcp_servers.x]\ncommand = "C:\\\\p \\"q\\""\nargs = ["é\\u000a\\u007f"]\n'
        'env_vars = ["TOKEN"]\n\n[mcp_servers.x.env]\nLEVEL = "info"\n'
    )
    assert tomllib.loads(after)["mcp_servers"]["x"]["args"] == ["é\n\x7f"]
    assert cut("a = 1\n\n" + after + "\n[z]\n") == "a = 1\n\n[z]\n"


def test_a_byte_order_mark_stays() -> None:
    before = b"\xef\xbb\xbfa = 1\n"

    after = insert(before, find_rows(CODEX), X).apply(before)

    assert after == before + b"\n" + TABLE.encode()
    assert remove(after, find_rows(CODEX), "x").apply(after) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TABLE, ""),
        ("\n" + TABLE, ""),
        (TABLE + "\n[z]\nb = 1\n", "\n[z]\nb = 1\n"),
        ("a = 1\n\n" + TABLE + "[z]\nb = 1", "a = 1\n[z]\nb = 1"),
        (
            "a = 1\n[mcp_servers.x]\n[z]\nb = 1\n[mcp_servers.x.env]\nK = 'v'",
            "a = 1\n[z]\nb = 1\n",
        ),
        ("[mcp_servers.x]\nargs=[\n']',\n]\n[z]\n", "[z]\n"),
        ("a = 1\n\n" + TABLE + "\n# about z\n[z]\n", "a = 1\n\n# about z\n[z]\n"),
        (
            "a = 1\n\n" + TABLE + "\n[mcp_servers.x.tools.t]\napproval_mode = 'ask'\n[z]\n",
            "a = 1\n[z]\n",
        ),
        (
            TABLE + '[z]\nb = """\n[mcp_servers.x]\n"""\n[mcp_servers."x".env]\nK = 1\n# end\n',
            '[z]\nb = """\n[mcp_servers.x]\n"""\n# end\n',
        ),
        (
            "[mcp_servers.'x'] # ours\nargs = [ # a\n  ']', # ]\n  \"]\",\n]\n[mcp_servers.y]\n",
            "[mcp_servers.y]\n",
        ),
        ("[[mcp_servers.x.list]]\na = 1\n[[mcp_servers.x.list]]\na = 2\n[b]\n", "[b]\n"),
    ],
)
def test_exactly_our_tables_go(before: str, after: str) -> None:
    assert cut(before) == after


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("mcp_servers = {}\n", "is an inline table"),
        ("mcp_servers={}\n", "is an inline table"),
        ("mcp_servers =\t{}\n", "is an inline table"),
        ("mcp_servers = { a = { command = 'b' } }\n", "is an inline table"),
        ("mcp_servers.a.command = 'b'\n", "dotted keys"),
        ('"mcp_servers".a = { command = "b" }\n', "dotted keys"),
    ],
)
def test_a_form_beside_which_a_table_is_wrong_is_refused_with_the_text(
    before: str, said: str
) -> None:
    with pytest.raises(McpInstallError) as refused:
        put(before)

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert said in refused.value.message
    assert TABLE in refused.value.evidence


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("a = \n", "line 1"),
        ("[a]\n[a]\n", "line 2"),
        ("mcp_servers = 1\n", "is not a table"),
        ("[[mcp_servers]]\nname = 'a'\n", "is not a table"),
        ("a = 1\n<<<<<<< ours\nb = 1\n=======\nb = 2\n>>>>>>> theirs\n", "merge conflict"),
        ("a = " + "[" * 5000 + "]" * 5000, "deep"),
    ],
)
def test_a_file_that_is_not_usable_toml_is_refused(before: str, said: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        put(before)

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert said in refused.value.message
    assert refused.value.message.count("line") <= 1


def test_a_secret_is_not_in_the_text_to_paste() -> None:
    entry = ServerEntry(
        name="x",
        command="p",
        args=(),
        env=(
            EnvironmentValue(name="TOKEN", value="s3cret", secret=True),
            EnvironmentValue(name="UNSET", value="", secret=True),
            EnvironmentValue(name="LEVEL", value="info"),
        ),
    )

    with pytest.raises(McpInstallError) as refused:
        put("mcp_servers = {}\n", entry)

    assert 'TOKEN = "…"\nUNSET = ""\nLEVEL = "info"' in str(refused.value.evidence)
    assert "s3cret" not in str(refused.value.evidence)


def test_a_name_that_exists_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        put("[mcp_servers]\nx = {}\n")

    assert refused.value.code is ErrorCode.SERVER_EXISTS


@pytest.mark.parametrize("before", ["mcp_servers.x.command = 'p'\n", "[mcp_servers]\nx = {}\n"])
def test_a_server_in_another_form_is_left_to_the_user(before: str) -> None:
    for edit in (lambda: cut(before), lambda: replace(before.encode(), find_rows(CODEX), X)):
        with pytest.raises(McpInstallError) as refused:
            edit()

        assert "not written as a table of its own" in refused.value.message


def test_a_table_is_replaced_in_its_place() -> None:
    before = "[mcp_servers.x]\nurl = 'u'\n[mcp_servers.x.env]\nA = 'b'\n# about z\n[z]\n"

    after = replace(before.encode(), find_rows(CODEX), X).apply(before.encode()).decode()

    assert after == TABLE + "# about z\n[z]\n"


def test_a_table_torn_apart_is_not_replaced() -> None:
    before = "[mcp_servers.x]\nurl = 'u'\n[z]\n[mcp_servers.x.env]\nA = 'b'\n"

    with pytest.raises(McpInstallError) as refused:
        replace(before.encode(), find_rows(CODEX), X)

    assert "another table stands between" in refused.value.message


def test_what_is_no_bare_key_is_quoted() -> None:
    entry = ServerEntry(
        name="x", command="p", args=(), env=(EnvironmentValue(name="A B", value="v"),)
    )

    assert put("", entry).endswith('[mcp_servers.x.env]\n"A B" = "v"\n')


def test_an_escape_has_four_digits_where_they_are_enough() -> None:
    after = put("", server("x", "\uffff\U000e0001"))

    assert 'args = ["\\uffff\\U000e0001"]' in after


def test_names_are_bare_keys() -> None:
    assert put("", server("a-b_1")).startswith("[mcp_servers.a-b_1]\n")
