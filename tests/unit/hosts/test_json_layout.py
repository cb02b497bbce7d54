"""An entry takes over the line ends, indentation and separators of the place where it goes."""

from __future__ import annotations

import pytest

from mcpinstall.hosts import find_rows, insert
from mcpinstall.hosts.json_layout import fresh
from mcpinstall.model.host import ServerEntry
from tests.builders.hosts import CURSOR, GEMINI, VSCODE

X = ServerEntry(name="x", command="p", args=("-I", "s"))


def put(row: str, before: str) -> str:
    return insert(before.encode(), find_rows(row), X).apply(before.encode()).decode()


def entry(indent: str, unit: str, eol: str = "\n") -> str:
    """The entry on lines of its own."""
    inner = f"{eol}{indent}{unit}"
    return f'"x": {{{inner}"command": "p",{inner}"args": ["-I", "s"]{eol}{indent}}}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # the step of the place itself, not the one that the file begins with
        (
            '{\n  "a": {\n    "b": 1\n  },\n  "mcpServers": {\n       "c": 1\n  }\n}',
            '{\n  "a": {\n    "b": 1\n  },\n  "mcpServers": {\n       "c": 1,\n       '
            + entry(" " * 7, " " * 5)
            + "\n  }\n}",
        ),
        # no step at all: two blanks
        (
            '{\n"mcpServers": {\n"a": 1\n}\n}',
            '{\n"mcpServers": {\n"a": 1,\n' + entry("", "  ") + "\n}\n}",
        ),
        # blanks outside, tabs inside: the step of the outer object
        (
            '{\n    "mcpServers": {\n\t\t\t\t\t"a": 1\n    }\n}',
            '{\n    "mcpServers": {\n\t\t\t\t\t"a": 1,\n\t\t\t\t\t'
            + entry("\t" * 5, " " * 4)
            + "\n    }\n}",
        ),
        # inside less far than outside
        (
            '{\n   "mcpServers": {\n "a": 1\n   }\n}',
            '{\n   "mcpServers": {\n "a": 1,\n ' + entry(" ", " " * 3) + "\n   }\n}",
        ),
        # members that are not in one column: the last one's
        (
            '{\n  "mcpServers": {\n      "a": 1,\n    "b": 2\n  }\n}',
            '{\n  "mcpServers": {\n      "a": 1,\n    "b": 2,\n    '
            + entry(" " * 4, "  ")
            + "\n  }\n}",
        ),
        # a brace on the line below its key
        (
            '{\n  "mcpServers":\n        {\n        }\n}',
            '{\n  "mcpServers":\n        {\n    ' + entry(" " * 4, "  ") + "\n  }\n}",
        ),
        # the document itself is indented
        (
            "\n  {\n  }\n",
            '\n  {\n    "mcpServers": {\n      ' + entry(" " * 6, "  ") + "\n    }\n  }\n",
        ),
        (
            "\r\t{\r\t}\r",
            '\r\t{\r\t\t"mcpServers": {\r\t\t\t' + entry("\t\t\t", "\t", "\r") + "\r\t\t}\r\t}\r",
        ),
        # the first server beside the brace, the last one on a line of its own
        (
            '{\n  "mcpServers": {"a": 1,\n    "b": 2}\n}',
            '{\n  "mcpServers": {"a": 1,\n    "b": 2,\n    ' + entry(" " * 4, "  ") + "}\n}",
        ),
        # members in one line after a line end: the step of the document
        (
            '{\n   "mcpServers": {\n      "a": 1, "b": 2\n   }\n}',
            '{\n   "mcpServers": {\n      "a": 1, "b": 2,\n      '
            + entry(" " * 6, " " * 3)
            + "\n   }\n}",
        ),
        # the line end before the last member, where a file has several kinds
        (
            '{\r\n  "z": 0,\r\n  "mcpServers": {\n    "a": 1\n  }\n}',
            '{\r\n  "z": 0,\r\n  "mcpServers": {\n    "a": 1,\n    '
            + entry(" " * 4, "  ")
            + "\n  }\n}",
        ),
        (
            '{\n  "z": 0,\n  "mcpServers": {\r\n    "a": 1\r\n  }\n}',
            '{\n  "z": 0,\n  "mcpServers": {\r\n    "a": 1,\r\n    '
            + entry(" " * 4, "  ", "\r\n")
            + "\r\n  }\n}",
        ),
        (
            '{\r\n  "mcpServers": {\r\n    "a": 1,\n    "b": 2\r\n  }\r\n}',
            '{\r\n  "mcpServers": {\r\n    "a": 1,\n    "b": 2,\n    '
            + entry(" " * 4, "  ")
            + "\r\n  }\r\n}",
        ),
        (
            '\n{\r  "mcpServers": {\r    "a": 1\r  }\r}',
            '\n{\r  "mcpServers": {\r    "a": 1,\r    '
            + entry(" " * 4, "  ", "\r")
            + "\r  }\r}",
        ),
        (
            '{"mcpServers":{"a":[]}}',
            '{"mcpServers":{"a":[],"x":{"command":"p","args":["-I","s"]}}}',
        ),
    ],
)  # fmt: skip
def test_strict_json_keeps_its_look(before: str, after: str) -> None:
    assert put(CURSOR, before) == after


@pytest.mark.parametrize(("eol", "written"), [("\n", "\n"), ("\r\n", "\r\n"), ("\r", "\n")])
def test_a_lone_carriage_return_is_not_written_where_it_ends_no_comment(
    eol: str, written: str
) -> None:
    before = f'{{{eol}  "mcpServers": {{{eol}    "a": 1{eol}  }}{eol}}}'

    after = put(GEMINI, before)

    assert after == before.replace(
        '"a": 1', f'"a": 1,{written}    ' + entry(" " * 4, "  ", written)
    )


VS_X = '"x": {"type": "stdio", "command": "p", "args": ["-I", "s"]}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"servers": {"a": 1,}}', f'{{"servers": {{"a": 1, {VS_X},}}}}'),
        ('{"servers": {/* a */ /* b */}}', f'{{"servers": {{/* a */ /* b */{VS_X}}}}}'),
        (
            '{\n  "servers": {\n    "a": 1\t/* a\nb */\n  }\n}',
            '{\n  "servers": {\n    "a": 1,\n    '
            + entry(" " * 4, "  ").replace('"command"', '"type": "stdio",\n      "command"')
            + "\t/* a\nb */\n  }\n}",
        ),
        (
            '{\n  "servers": {\n    "a": 1\t// a\n  }\n}',
            '{\n  "servers": {\n    "a": 1,\t// a\n    '
            + entry(" " * 4, "  ").replace('"command"', '"type": "stdio",\n      "command"')
            + "\n  }\n}",
        ),
        (
            '{\r  "servers": {\r    "a": 1 /* a\rb */\r  }\r}',
            '{\r  "servers": {\r    "a": 1,\r    '
            + entry(" " * 4, "  ", "\r").replace('"command"', '"type": "stdio",\r      "command"')
            + " /* a\rb */\r  }\r}",
        ),
        ("// a\r", '// a\r{\r  "servers": {\r    ' + entry(" " * 4, "  ", "\r").replace(
            '"command"', '"type": "stdio",\r      "command"') + "\r  }\r}\r"),
    ],
)  # fmt: skip
def test_json_with_comments_keeps_its_look(before: str, after: str) -> None:
    assert put(VSCODE, before) == after


def test_a_blank_file_gets_its_own_line_ends() -> None:
    assert put(CURSOR, "\r\n") == (
        '{\r\n  "mcpServers": {\r\n    ' + entry(" " * 4, "  ", "\r\n") + "\r\n  }\r\n}\r\n"
    )


def test_nothing_is_spread_over_lines_for_nothing() -> None:
    assert fresh().value({"a": {}, "b": []}, "") == '{\n  "a": {},\n  "b": []\n}'
