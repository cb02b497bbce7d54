"""Edits of single values: what changes, and that nothing else does, in every syntax."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.hosts import tolerant
from mcpinstall.hosts.forms import FormError
from mcpinstall.hosts.value_edits import edited
from mcpinstall.model.host import BOM, Format
from mcpinstall.model.value_edit import ValueEdit, added, removed, set_to

JSONC = b"""\
{ // mine
  "servers": {
    "a": { "command": "npx -y x", "env": {"A": "1", "B": "2"} }, // why
    "b": { "args": [
      "run", // first
      "--privileged", /* second */
      "img"
    ] },
  },
}
"""
TOML = b"""\
# mine
[servers.a]
command = 'npx -y x'  # why
env = { A = "1", B = "2" }

[servers.b]
args = [
  "run", # first
  "--privileged", # second
  "img",
]
[servers.b.env]
A = "1" # only
"""
YAML = b"""\
servers:  # mine
  a:
    command: npx -y x  # why
    env: {A: "1", B: '2'}
  b:
    args:
      - run # first
      - --privileged # second
      - 'img'
    env:
      A: "1"
"""
FILES = {Format.JSONC: JSONC, Format.TOML: TOML, Format.YAML: YAML}


def changed(dialect: Format, *edits: ValueEdit) -> list[tuple[str, str]]:
    """Return the lines that differ: before and after, one for one where their number is the same.

    Fails if a line that stays has other bytes.
    """
    before = FILES[dialect].decode().splitlines(keepends=True)
    after = edited(FILES[dialect], dialect, edits).decode().splitlines(keepends=True)
    while before and after and before[0] == after[0]:
        before.pop(0)
        after.pop(0)
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    return [("".join(before).strip(), "".join(after).strip())]


@pytest.mark.parametrize(
    ("dialect", "before", "after"),
    [
        (Format.JSONC, '"a": { "command": "npx -y x",', '"a": { "command": "uvx",'),
        (Format.TOML, "command = 'npx -y x'  # why", "command = 'uvx'  # why"),
        (Format.YAML, "command: npx -y x  # why", "command: uvx  # why"),
    ],
)
def test_a_value_is_replaced_in_its_own_quotes(dialect: Format, before: str, after: str) -> None:
    ((was, now),) = changed(dialect, set_to("/servers/a/command", "uvx"))

    assert before in was
    assert now == was.replace(before, after)


@pytest.mark.parametrize(
    ("dialect", "after"),
    [
        (Format.JSONC, '"args": ["-y"]'),
        (Format.TOML, 'args = ["-y"]'),
        (Format.YAML, 'args: ["-y"]'),
    ],
)
def test_a_member_comes_behind_another_one(dialect: Format, after: str) -> None:
    text = edited(FILES[dialect], dialect, [added("/servers/a/args", ["-y"], behind="command")])

    assert after in text.decode()
    assert text.decode().index(after) > text.decode().index("npx -y x")
    assert len(text) > len(FILES[dialect])
    assert b"why" in text


@pytest.mark.parametrize(
    ("dialect", "gone", "kept"),
    [
        (Format.JSONC, '"--privileged", ', "/* second */"),
        (Format.TOML, '"--privileged", ', "# second"),
        (Format.YAML, "- --privileged ", "# second"),
    ],
)
def test_an_item_goes_and_its_comment_stays(dialect: Format, gone: str, kept: str) -> None:
    text = edited(FILES[dialect], dialect, [removed("/servers/b/args/1")]).decode()

    assert gone not in text
    assert text == FILES[dialect].decode().replace(gone, "")
    assert kept in text


@pytest.mark.parametrize("dialect", FILES)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_item_of_a_list_can_go(dialect: Format, number: int) -> None:
    text = edited(FILES[dialect], dialect, [removed(f"/servers/b/args/{number}")])

    words = ["run", "--privileged", "img"]
    del words[number]
    assert said(text, dialect)["servers"]["b"]["args"] == words
    assert all(word in text.decode() for word in ("first", "second"))


@pytest.mark.parametrize("dialect", FILES)
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_an_item_comes_anywhere(dialect: Format, number: int) -> None:
    text = edited(FILES[dialect], dialect, [added(f"/servers/b/args/{number}", "--new")])

    words = ["run", "--privileged", "img"]
    words.insert(number, "--new")
    assert said(text, dialect)["servers"]["b"]["args"] == words


@pytest.mark.parametrize("dialect", FILES)
def test_all_members_can_go_one_after_the_other(dialect: Format) -> None:
    edits = [removed("/servers/a/env/A"), removed("/servers/a/env/B")]

    text = edited(FILES[dialect], dialect, edits)

    assert said(text, dialect)["servers"]["a"] == {"command": "npx -y x", "env": {}}


@pytest.mark.parametrize("dialect", [Format.TOML, Format.YAML])
def test_the_only_member_of_a_table_goes(dialect: Format) -> None:
    text = edited(FILES[dialect], dialect, [removed("/servers/b/env/A")])

    assert said(text, dialect)["servers"]["b"]["env"] == {}


@pytest.mark.parametrize("dialect", FILES)
def test_line_ends_and_a_mark_stay(dialect: Format) -> None:
    data = BOM + FILES[dialect].replace(b"\n", b"\r\n")

    text = edited(data, dialect, [added("/servers/a/args", ["-y"], behind="command"),
                                  removed("/servers/b/args/1")])  # fmt: skip

    assert text.startswith(BOM)
    assert text.count(b"\n") == text.count(b"\r\n")
    assert said(text, dialect)["servers"]["a"]["args"] == ["-y"]


@pytest.mark.parametrize(
    ("data", "dialect", "edit"),
    [
        (b'{"a": {"x": "1", "x": "2"}}', Format.JSON, set_to("/a/x", "3")),
        (b'a.b = "1"\n', Format.TOML, removed("/a/b")),
        (b"a: &x 1\nb: *x\n", Format.YAML, set_to("/a", "2")),
        (b"a: |\n  text\n", Format.YAML, set_to("/a", "2")),
        (b"- name: x\n  b: 1\n", Format.YAML, removed("/0/name")),
        (b'{"a": "1"}', Format.JSON, set_to("/b/c", "2")),
        (b'{"a": ["1"]}', Format.JSON, removed("/a/4")),
    ],
    ids=["duplicate", "dotted", "anchor", "block", "behind a dash", "no such key", "no such item"],
)
def test_a_form_that_can_not_be_edited_is_refused(
    data: bytes, dialect: Format, edit: ValueEdit
) -> None:
    with pytest.raises(FormError):
        edited(data, dialect, [edit])


def test_a_comment_that_would_swallow_what_follows_is_refused() -> None:
    """The last item goes, a line comment before it stays: no bracket may end up inside it."""
    data = b'{"a": ["1", // one\n "2"]}'

    with pytest.raises(FormError, match="could not be read"):
        edited(data, Format.JSONC, [removed("/a/1")])


KEYS = st.sampled_from(["a", "b", "c d", "e/f", "~g", "ü"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-99, 99),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), st.data(), TEXTS)
def test_any_value_of_any_json_can_be_changed_and_nothing_else_does(
    document: dict[str, object], data: st.DataObject, new: str
) -> None:
    pointer = data.draw(st.sampled_from(pointers(document)))
    indent = data.draw(st.sampled_from([None, 2, "\t"]))
    text = json.dumps(document, indent=indent, ensure_ascii=data.draw(st.booleans())).encode()
    edit = data.draw(st.sampled_from([set_to(pointer, new), removed(pointer)]))

    after = edited(text, Format.JSON, [edit])  # (it proves that all else is the same)

    found = tolerant.read(after, Format.JSON)
    *way, last = tolerant.pointer_tokens(pointer)
    inside: object = found.value
    for token in way:
        inside = inside[int(token)] if isinstance(inside, list) else dict(inside)[token]  # type: ignore[call-overload]
    if edit == set_to(pointer, new):
        assert inside[int(last) if isinstance(inside, list) else last] == new  # type: ignore[index]
    if indent is not None and "\n" in text.decode():
        assert after.decode().count("\n") <= text.decode().count("\n")


def pointers(value: object, above: str = "") -> list[str]:
    """Return the pointers of all values below one."""
    items: list[tuple[str, object]] = []
    if isinstance(value, dict):
        items = [(key.replace("~", "~0").replace("/", "~1"), one) for key, one in value.items()]
    elif isinstance(value, list):
        items = [(str(number), one) for number, one in enumerate(value)]
    return [
        found
        for key, one in items
        for found in (f"{above}/{key}", *pointers(one, f"{above}/{key}"))
    ]


def said(data: bytes, dialect: Format) -> dict[str, dict[str, dict[str, object]]]:
    found = tolerant.read(data, dialect).value
    assert isinstance(found, dict)
    return found


def test_a_value_that_is_no_unicode_text_is_refused() -> None:
    """Half of a pair may stand in JSON as an escape; in the bytes of a file it can't."""
    with pytest.raises(FormError, match="no Unicode text"):
        edited(b'{"a": "\xc3\xa9"}', Format.JSON, (set_to("/a", "\u00e9\ud800"),))


def test_where_escapes_stood_escapes_are_written() -> None:
    text = edited(b'{"a": "\\u00e9", "b": "e"}', Format.JSON, (set_to("/a", "\u00e9\ud800"),))
    text = edited(text, Format.JSON, (set_to("/b", "\u00e9"),))

    assert text == b'{"a": "\\u00e9\\ud800", "b": "\xc3\xa9"}'


@pytest.mark.parametrize("value", ["UTC", "--evil", "true", "é", 'a"b'])
def test_yaml_keeps_its_quotes(value: str) -> None:
    for before in (b"a: 'x y'\n", b'a: "x y"\n'):
        after = edited(before, Format.YAML, (set_to("/a", value),))

        assert after[3:4] == before[3:4]
