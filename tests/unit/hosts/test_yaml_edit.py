"""Edits in YAML, by example."""

from __future__ import annotations

import warnings

import pytest
from inline_snapshot import snapshot

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, diff, insert, remove, yaml_read
from mcpinstall.hosts.edits import servers
from mcpinstall.model.host import Format
from mcpinstall.system import limits
from tests.builders.hosts import ad_hoc_row, host_file, no_chain, server

MAP = ad_hoc_row(Format.YAML, ("extensions",))
LIST = ad_hoc_row(Format.YAML, ("extensions",), is_list=True)


def added(text: str, *, is_list: bool = False) -> str:
    row = LIST if is_list else MAP
    return insert(text.encode(), row, server()).apply(text.encode()).decode()


def test_a_file_without_servers_gets_them_at_its_end() -> None:
    assert added("mode: auto  # mine\n") == snapshot("""\
mode: auto  # mine
extensions:
  time:
    command: "/opt/mcpi/bin/python"
    args:
      - "-I"
      - "start.py"
""")


def test_neighbours_give_the_indentation() -> None:
    text = "extensions:\n    a:\n        command: x\n    # about b\n    b: {command: y}\nz: 1\n"

    assert added(text) == snapshot("""\
extensions:
    a:
        command: x
    # about b
    b: {command: y}
    time:
        command: "/opt/mcpi/bin/python"
        args:
          - "-I"
          - "start.py"
z: 1
""")


def test_a_list_gets_one_more_item() -> None:
    text = "extensions:\n- name: a\n  command: x # c\n\nz: 1\n"

    assert added(text, is_list=True) == snapshot("""\
extensions:
- name: a
  command: x # c
- name: "time"
  command: "/opt/mcpi/bin/python"
  args:
    - "-I"
    - "start.py"

z: 1
""")


@pytest.mark.parametrize("empty", ["", " # none", " {}", " ~", " null # none", " &anchor {}"])
def test_an_empty_map_is_filled(empty: str) -> None:
    text = f"a: 1\nextensions:{empty}\nz: 1\n"

    after = added(text)

    assert after.startswith("a: 1\nextensions:")
    assert after.endswith('      - "start.py"\nz: 1\n')
    assert ("# none" in after) == ("# none" in text)
    assert remove(after.encode(), MAP, "time").apply(after.encode()).decode().count("\n") == 3


def test_in_braces_it_is_written_in_braces() -> None:
    assert added("{extensions: {a: {command: x}}, z: 1}") == (
        '{extensions: {a: {command: x}, "time": {"command": "/opt/mcpi/bin/python", '
        '"args": ["-I", "start.py"]}}, z: 1}'
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("extensions:\n\ta: 1\n", "line 2, column 1"),
        ("a: 1\nextensions: [a]\n", "line 2, column 13: `extensions` is not a map"),
        ("extensions: x\n", "`extensions` is not a map"),
        ("- a\n", "the document is not a map"),
        ("a: 1\na: 2\n", "the key `a` appears twice"),
        ("a: 1\n---\nb: 2\n", "more than one document"),
        ("d: &d {a: {}}\nextensions: *d\n", "`extensions` is an alias"),
        ("extensions: &d {a: {}}\nother: *d\n", "something else in the file would change"),
        ("a: &a [*a]\n", "an alias holds itself"),
        ("é: [\n", "line 2, column 1"),
        ("a: \x01\n", "special characters are not allowed"),
        ("a: *nowhere\n", "undefined alias"),
        ("[" * 70 + "]" * 70, "nests too deeply"),
        ("a: '" + "x" * limits.YAML_BYTES + "'", "larger than 384 KiB"),
        ('a: "\\UFFFFFFFF"', "can't be edited as YAML"),
        ('a: "\\U00110000"', "can't be edited as YAML"),
        ("%YAML 1.9\n---\na: yes\n", "can't be edited as YAML"),
        ("a: x\u2028b\n", "line 1, column 5: it has a line separator (U+2028)"),
        ("a: 1 # x\u2029\n", "line separator (U+2029)"),
        ("extensions:\x85 !!null\n", "line separator (U+0085)"),
        ('"a" : "\u2028"\nb: |\n  \u2028\n', "line 3, column 3: it has a line separator"),
        ("a: 1\nextensions: !!null\n", "the tag `!!null` does not go with a collection"),
        ("extensions: !!null ~\n", "the tag `!!null` does not go with a collection"),
        ("a: !!int {b: 1}\n", "line 1, column 4: the tag `!!int` does not go"),
    ],
)
def test_what_can_not_be_edited_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        added(text)

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert why in refused.value.message


def test_half_a_surrogate_pair_beside_the_servers_is_no_obstacle() -> None:
    text = 'title: "\\ud800"\nextensions:\n  a: {command: "\\udfff"}\n'

    after = added(text)

    assert after.startswith(text)
    assert list(servers(after.encode(), MAP)) == ["a", "time"]


def test_a_line_separator_in_quotes_stays() -> None:
    text = "a: \"x\u2028y\"\n'k\u2029': [1]\n"

    assert added(text).startswith(text)


def test_each_version_of_a_file_is_parsed_once() -> None:
    yaml_read.read.cache_clear()

    change = add(host_file(MAP, b"extensions:\n  a: {}\n"), no_chain(MAP), server())
    assert diff(change)

    assert yaml_read.read.cache_info().misses == 2


def test_aliases_of_aliases_do_not_take_all_memory() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
    )

    with pytest.raises(McpInstallError) as refused:
        added(bomb)

    assert "its aliases stand for too much" in refused.value.message


def test_nothing_of_the_document_is_said_in_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        added("a: &x secret\nb: &x secret\n")

    assert "secret" not in capsys.readouterr().err


def test_an_item_that_an_anchor_names_can_go() -> None:
    text = "extensions:\n- &one\n  name: time\n- name: b\n"

    assert remove(text.encode(), LIST, "time").apply(text.encode()) == b"extensions:\n- name: b\n"


@pytest.mark.parametrize("tab", ["\t# tail", " \t", "\t", " \t # tail"])
def test_tabs_behind_values_and_before_comments_stay(tab: str) -> None:
    text = f"mode: auto{tab}\nextensions:{tab}\n  a: [x]{tab}\n  b: |{tab}\n    lines\n"

    after = added(text)

    assert after.startswith(text)
    assert remove(after.encode(), MAP, "time").apply(after.encode()).decode() == text


def test_a_document_of_nothing_but_marks_gets_its_servers_between_them() -> None:
    assert added("%YAML 1.2\n---\n# mine\n...\n") == snapshot("""\
%YAML 1.2
---
# mine
extensions:
  time:
    command: "/opt/mcpi/bin/python"
    args:
      - "-I"
      - "start.py"
...
""")
