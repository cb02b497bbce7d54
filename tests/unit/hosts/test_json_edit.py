"""Edits in JSON, JSON with comments, and JSONC: what stands there afterwards, byte for byte."""

from __future__ import annotations

import json

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import find_rows, insert, remove, replace
from mcpinstall.model.host import Format, ServerEntry
from tests.builders.hosts import CURSOR, GEMINI, VSCODE, ad_hoc_row, server

X = ServerEntry(name="x", command="p", args=("-I",))


def put(row: str, before: str, entry: ServerEntry = X) -> str:
    return insert(before.encode(), find_rows(row), entry).apply(before.encode()).decode()


def cut(row: str, before: str, name: str = "x") -> str:
    return remove(before.encode(), find_rows(row), name).apply(before.encode()).decode()


ENTRY = '{\n      "command": "p",\n      "args": ["-I"]\n    }'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", f'{{\n  "mcpServers": {{\n    "x": {ENTRY}\n  }}\n}}'),
        ("", f'{{\n  "mcpServers": {{\n    "x": {ENTRY}\n  }}\n}}\n'),
        ("\n \n", f'{{\n  "mcpServers": {{\n    "x": {ENTRY}\n  }}\n}}\n \n'),
        (
            '{\n  "a": 1\n}\n',
            f'{{\n  "a": 1,\n  "mcpServers": {{\n    "x": {ENTRY}\n  }}\n}}\n',
        ),
        (
            '{\n  "mcpServers": {},\n  "a": 1\n}',
            f'{{\n  "mcpServers": {{\n    "x": {ENTRY}\n  }},\n  "a": 1\n}}',
        ),
        (
            '{\n  "mcpServers": {\n    "a": {}\n  }\n}',
            f'{{\n  "mcpServers": {{\n    "a": {{}},\n    "x": {ENTRY}\n  }}\n}}',
        ),
        (
            '{"mcpServers":{"a":{"command":"b"}},"z":[1,2]}',
            '{"mcpServers":{"a":{"command":"b"},"x":{"command":"p","args":["-I"]}},"z":[1,2]}',
        ),
        (
            '{"mcpServers": {}}',
            '{"mcpServers": {"x": {"command": "p", "args": ["-I"]}}}',
        ),
        (
            '{\r\n\t"mcpServers": {\r\n\t}\r\n}\r\n',
            (
                '{\r\n\t"mcpServers": {\r\n\t\t"x": {\r\n\t\t\t"command": "p",\r\n'
                '\t\t\t"args": ["-I"]\r\n\t\t}\r\n\t}\r\n}\r\n'
            ),
        ),
        (
            '{\n   "mcpServers" : {\n      "a" : {}\n   }\n}',
            (
                '{\n   "mcpServers" : {\n      "a" : {},\n      "x": {\n         "command": "p",\n'
                '         "args": ["-I"]\n      }\n   }\n}'
            ),
        ),
        (
            '{\r  "mcpServers": {\r    "a": {}\r  }\r}',
            (
                '{\r  "mcpServers": {\r    "a": {},\r    "x": {\r      "command": "p",\r'
                '      "args": ["-I"]\r    }\r  }\r}'
            ),
        ),
        (
            '{"mcp\\u0053ervers": {\n  "é": {}\n}}',
            (
                '{"mcp\\u0053ervers": {\n  "é": {},\n  "x": {\n    "command": "p",\n'
                '    "args": ["-I"]\n  }\n}}'
            ),
        ),
    ],
)
def test_an_entry_looks_like_its_neighbours(before: str, after: str) -> None:
    assert put(CURSOR, before) == after


def test_a_missing_file_is_made() -> None:
    patch = insert(None, find_rows(CURSOR), X)

    assert (patch.offset, patch.removed) == (0, b"")
    assert patch.inserted.decode() == f'{{\n  "mcpServers": {{\n    "x": {ENTRY}\n  }}\n}}\n'


def test_a_byte_order_mark_stays_and_none_is_written() -> None:
    before = b'\xef\xbb\xbf{"mcpServers": {}}'

    after = insert(before, find_rows(CURSOR), X).apply(before)

    assert after.startswith(b"\xef\xbb\xbf{")
    assert after.count(b"\xef\xbb\xbf") == 1
    assert insert(None, find_rows(CURSOR), X).inserted[:1] == b"{"


def test_a_byte_order_mark_alone_is_an_empty_file() -> None:
    before = b"\xef\xbb\xbf"

    assert insert(before, find_rows(CURSOR), X).apply(before).startswith(b"\xef\xbb\xbf{")


VS_ENTRY = '{\n      "type": "stdio",\n      "command": "p",\n      "args": ["-I"]\n    }'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{\n  "servers": {\n    "a": {}, // first\n  },\n}\n',
            f'{{\n  "servers": {{\n    "a": {{}}, // first\n    "x": {VS_ENTRY},\n  }},\n}}\n',
        ),
        (
            '{\n  "servers": {\n    "a": {} // first\n    // end\n  }\n}\n',
            (
                f'{{\n  "servers": {{\n    "a": {{}}, // first\n    "x": {VS_ENTRY}\n'
                "    // end\n  }\n}\n"
            ),
        ),
        (
            '{\n  "servers": {\n    // none yet\n  }\n}\n',
            f'{{\n  "servers": {{\n    // none yet\n    "x": {VS_ENTRY}\n  }}\n}}\n',
        ),
        (
            "// only this",
            f'// only this\n{{\n  "servers": {{\n    "x": {VS_ENTRY}\n  }}\n}}\n',
        ),
        (
            "// only this\n",
            f'// only this\n{{\n  "servers": {{\n    "x": {VS_ENTRY}\n  }}\n}}\n',
        ),
        (
            '{ /* a */ "servers": {"a": {} /* b } */ } // c\n}',
            (
                '{ /* a */ "servers": {"a": {}, "x": {"type": "stdio", "command": "p", '
                '"args": ["-I"]} /* b } */ } // c\n}'
            ),
        ),
    ],
)
def test_comments_and_trailing_commas_stay(before: str, after: str) -> None:
    assert put(VSCODE, before) == after
    assert cut(VSCODE, after) == before or before.startswith("// only this")


def test_braces_in_strings_and_comments_are_no_braces() -> None:
    before = '{\n  // "mcpServers": {\n  "a": "} /* \\" {",\n  "mcpServers": { /* } */ }\n}\n'

    after = put(GEMINI, before)

    assert after.startswith('{\n  // "mcpServers": {\n  "a": "} /* \\" {",\n  "mcpServers": { /* }')
    assert cut(GEMINI, after).split() == before.split()


def test_no_trailing_comma_is_written_where_the_dialect_has_none() -> None:
    after = put(GEMINI, '{\n  // c\n  "mcpServers": {\n    "a": {} // d\n  }\n}\n')

    assert ",\n  }" not in after
    assert '"a": {}, // d\n' in after


REFUSED = [
    (CURSOR, '{"mcpServers": []}', "`mcpServers` is not an object"),
    (CURSOR, '{"mcpServers": null}', "`mcpServers` is not an object"),
    (CURSOR, "[]", "the document is not an object"),
    (CURSOR, '"text"', "the document is not an object"),
    (CURSOR, '{"mcpServers": {}, "mcpServers": {}}', "appears twice"),
    (CURSOR, '{"mcpServers": {"a": {}, "\\u0061": {}}}', "appears twice"),
    (CURSOR, '{"a": 1', "line 1, column 8"),
    (CURSOR, "x", "line 1, column 1: the document is not an object"),
    (CURSOR, '{"a": 1,}', "comma"),
    (CURSOR, '{\n  "é": "\n', "line 2"),
    (CURSOR, '{"a": 1} x', "behind the end"),
    (CURSOR, '{"a" 1}', "`:`"),
    (CURSOR, '{"a": 1 "b": 2}', "`,`"),
    (CURSOR, '{"a": 1, "b": 2 "c": 3}', "`,`"),
    (CURSOR, '{"a\tb": 1}', "line 1, column 4: invalid control character"),
    (CURSOR, '{"a": [1,\n2 3]}', "line 2, column 3: expecting ',' delimiter"),
    (CURSOR, "{a: 1}", "double quotes"),
    (CURSOR, "{'a': 1}", "double quotes"),
    (CURSOR, '{"a": NaN}', "NaN"),
    (CURSOR, '{"a": }', "value"),
    (CURSOR, '{"a": "\t"}', "control character"),
    (CURSOR, '{"a": 1} // c', "behind the end"),
    (CURSOR, '{"a": ' + "9" * 5000 + "}", "digit"),
    (GEMINI, '{"a": [1,], "b": 2}', "line 1"),
    (GEMINI, '{"a": 1,}', "line 1"),
    (GEMINI, '{"a": 1} /* open', "line 1"),
    (GEMINI, '{\n  // c\n  "a": }', "line 3, column 8: expecting value"),
    (GEMINI, '{"a": [NaN]}', "NaN"),
    (GEMINI, '{"a": [' + "9" * 5000 + "]}", "digit"),
    (VSCODE, '{"a": [,]}', "line 1"),
    (VSCODE, '{"a": 1,,}', "line 1"),
    (VSCODE, '{"a":,}', "line 1"),
    (VSCODE, '{"a": [ \t\r\n, \t\r\n]}', "expecting value"),
    (VSCODE, "{,}", "line 1"),
    (VSCODE, ",}", "line 1"),
    (
        VSCODE,
        '{\n/*\n<<<<<<< ours\n"a": 1\n=======\n"a": 2\n>>>>>>> theirs\n*/\n"b": 1}',
        "merge conflict",
    ),
]


@pytest.mark.parametrize(("row", "before", "said"), REFUSED)
def test_a_file_that_is_not_of_the_dialect_is_refused(row: str, before: str, said: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        put(row, before)

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert said in refused.value.message


def test_half_of_a_conflict_marker_is_text() -> None:
    before = "{\n/*\n<<<<<<< mine\n*/\n}"

    assert cut(VSCODE, put(VSCODE, before)).startswith("{\n/*\n<<<<<<< mine\n*/")


@pytest.mark.parametrize("before", [b"\xff\xfe{\x00}\x00", b'{"a": "\xe9"}', b"\x00"])
def test_a_file_that_is_not_utf8_text_is_refused(before: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        insert(before, find_rows(CURSOR), X)

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID


@pytest.mark.parametrize("row", [CURSOR, GEMINI, VSCODE])
def test_deep_nesting_is_edited_or_refused_but_no_bug(row: str) -> None:
    before = '{"deep": ' + "[" * 100_000 + "]" * 100_000 + "}"

    with pytest.raises(McpInstallError) as refused:
        put(row, before)

    assert "deep" in refused.value.message


def test_a_name_that_exists_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        put(CURSOR, '{"mcpServers": {"x": {}}}')

    assert refused.value.code is ErrorCode.SERVER_EXISTS


@pytest.mark.parametrize(
    ("row", "before", "after"),
    [
        (CURSOR, '{"mcpServers": {"x": {}}}', '{"mcpServers": {}}'),
        (CURSOR, '{"mcpServers": {"x": 1, "a": 2}}', '{"mcpServers": {"a": 2}}'),
        (CURSOR, '{"mcpServers": {"a": 2, "x": 1}}', '{"mcpServers": {"a": 2}}'),
        (
            CURSOR,
            '{\n  "mcpServers": {\n    "x": 1,\n    "a": 2\n  }\n}',
            '{\n  "mcpServers": {\n    "a": 2\n  }\n}',
        ),
        (
            CURSOR,
            '{\n  "mcpServers": {\n    "a": 2,\n    "x": 1\n  }\n}',
            '{\n  "mcpServers": {\n    "a": 2\n  }\n}',
        ),
        (
            VSCODE,
            '{"servers": {\n  "a": 1, // a\n  "x": 2, // x\n  "b": 3 // b\n}}',
            '{"servers": {\n  "a": 1, // a\n  // x\n  "b": 3 // b\n}}',
        ),
        (
            VSCODE,
            '{"servers": {\n  "a": 1,\n  // about x\n  "x": 2 // x\n}}',
            '{"servers": {\n  "a": 1\n  // about x\n // x\n}}',
        ),
        (
            VSCODE,
            '{"servers": {\n  "a": 1, // a\n  "x": 2 }}',
            '{"servers": {\n  "a": 1 // a\n }}',
        ),
        (
            VSCODE,
            '{"servers": {\n  // about x\n  "x": 2 // x\n}}',
            '{"servers": {\n  // about x\n  // x\n}}',
        ),
        (VSCODE, '{"servers": {\n  "x": 2 /* c */, // x\n}}', '{"servers": {\n  /* c */ // x\n}}'),
        (VSCODE, '{"servers": {\n  "x": 2,\n}}', '{"servers": {}}'),
        (
            CURSOR,
            '{\n  "mcpServers": {\n    "a": 1, "x": 2,\n    "b": 3\n  }\n}',
            '{\n  "mcpServers": {\n    "a": 1, \n    "b": 3\n  }\n}',
        ),
        (CURSOR, '{"mcpServers": {"x": 1,\t "b": 2}}', '{"mcpServers": {"b": 2}}'),
        (CURSOR, '{"mcpServers": {"a": 1 , "x": 2}}', '{"mcpServers": {"a": 1 }}'),
        (VSCODE, '{"servers": {"a": 1 /* a */, "x": 2}}', '{"servers": {"a": 1 /* a */}}'),
        (VSCODE, '{"servers": {"a": 1,/* a */ "x": 2}}', '{"servers": {"a": 1/* a */}}'),
        (VSCODE, '{"servers": {"x": 2/* x */}}', '{"servers": {/* x */}}'),
        (VSCODE, '{"servers": {// c\n  "x": 2}}', '{"servers": {// c\n  }}'),
        (
            VSCODE,
            '{"servers": {\n  "a": 1, /* a */ // b\n  "x": 2 }}',
            '{"servers": {\n  "a": 1 /* a */ // b\n }}',
        ),
        (
            VSCODE,
            '{"servers": {\n  "a": 1, // a\n  /* x */ "x": 2 }}',
            '{"servers": {\n  "a": 1 // a\n  /* x */ }}',
        ),
    ],
)
def test_a_server_is_taken_out_and_comments_stay(row: str, before: str, after: str) -> None:
    assert cut(row, before) == after


def test_a_server_that_is_not_there_is_not_taken_out() -> None:
    with pytest.raises(McpInstallError) as refused:
        cut(CURSOR, '{"mcpServers": {}}')

    assert refused.value.code is ErrorCode.NOT_INSTALLED


def test_replacing_changes_the_value_only() -> None:
    before = b'{\n  "mcpServers": {\n    "x": {"command": "old"}, // mine\n    "a": {}\n  }\n}'
    before = before.replace(b" // mine", b"")

    after = replace(before, find_rows(CURSOR), X).apply(before)

    assert after.decode() == (f'{{\n  "mcpServers": {{\n    "x": {ENTRY},\n    "a": {{}}\n  }}\n}}')


@pytest.mark.parametrize(
    ("before", "indent"),
    [
        ('{\n  "mcpServers": {\n      "x": {},\n    "a": 1\n  }\n}', " " * 6),
        ('{\n  "mcpServers": {"x": {},\n    "a": 1\n  }\n}', " " * 4),
    ],
)
def test_replacing_keeps_the_indentation(before: str, indent: str) -> None:
    after = replace(before.encode(), find_rows(CURSOR), X).apply(before.encode()).decode()

    shown = ENTRY.replace("\n    ", "\n" + indent)
    assert after == before.replace('"x": {}', f'"x": {shown}')


def test_replacing_what_is_not_there_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        replace(b"{}", find_rows(CURSOR), X)

    assert refused.value.code is ErrorCode.NOT_INSTALLED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"mcp": {"servers": {"a": 1}}}', None),
        ('{"mcp": {"inputs": []}}', None),
        ('{"mcp": {}}', '{"mcp": {"servers": {}}}'),
        ("{}", '{"mcp": {"servers": {}}}'),
        ('{"servers": {"x": 1}, "x": 2}', '{"servers": {"x": 1}, "x": 2, "mcp": {"servers": {}}}'),
    ],
)
def test_servers_may_stand_two_levels_deep(before: str, after: str | None) -> None:
    row = ad_hoc_row(Format.JSON, ("mcp", "servers"))

    added = insert(before.encode(), row, X).apply(before.encode())
    taken = remove(added, row, "x").apply(added)

    assert json.loads(added)["mcp"]["servers"]["x"] == {"command": "p", "args": ["-I"]}
    assert json.loads(taken) == json.loads(
        before.replace("[]}", '[], "servers": {}}') if after is None else after
    )


def test_any_text_is_written_as_it_is() -> None:
    after = put(CURSOR, "{}", server("x", "a\u202eb", "é👍", 'c"\\', "\n\x7f"))

    assert '["a\u202eb", "é👍", "c\\"\\\\", "\\n\x7f"]' in after
