"""A difference is one readable line, unless its place was declared to vary."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.manifest import ToolVariation
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.model.tools import ToolList
from mcpinstall.probing import compare
from mcpinstall.probing.comparison import word_diff
from mcpinstall.probing.variation import matches
from tests.builders.servers import CLOCK, CONVERTER, TOOLS
from tests.builders.watchdog import ends

REVIEWED = canonical_tools(TOOLS)
ZONE = "/tools/get_current_time/inputSchema/properties/zone/description"
LINUX = {"sys_platform": "linux"}


def changed(**fields: object) -> ToolList:
    """The reviewed list with other fields in the clock."""
    return canonical_tools([{**CLOCK, **fields}, CONVERTER])


def changed_zone(**fields: object) -> ToolList:
    """The reviewed list with another schema of the clock's input."""
    clock = copy.deepcopy(CLOCK)
    clock["inputSchema"]["properties"]["zone"].update(fields)
    return canonical_tools([clock, CONVERTER])


def varies(pointer: str, **how: str) -> tuple[ToolVariation, ...]:
    return (ToolVariation(pointer=pointer, reason="a test", **how),)


def test_equal_lists_have_no_difference() -> None:
    assert compare(REVIEWED, canonical_tools(reversed_tools := TOOLS[::-1])) == ()
    assert reversed_tools != TOOLS


def test_tools_that_come_and_go_are_named() -> None:
    seen = canonical_tools([CLOCK, {"name": "delete_all", "description": "Delete everything"}])

    assert compare(REVIEWED, seen) == (
        '- tool convert_time: "Convert a time between zones"',
        '+ tool delete_all: "Delete everything"',
    )


def test_one_word_of_a_description_is_shown_with_its_neighbours() -> None:
    seen = changed(description="Get the current date in a zone")

    assert compare(REVIEWED, seen) == (
        "~ tool get_current_time description: Get the current [-time-]{+date+} in a zone",
    )


def test_a_schema_is_compared_place_by_place() -> None:
    clock = copy.deepcopy(CLOCK)
    clock["inputSchema"]["properties"]["zone"]["type"] = "integer"
    clock["inputSchema"]["properties"]["path/~"] = {"type": "string"}
    clock["inputSchema"]["required"] = ["zone", "path/~"]
    clock["inputSchema"]["additionalProperties"] = False

    assert compare(REVIEWED, canonical_tools([clock, CONVERTER])) == (
        "+ tool get_current_time /inputSchema/additionalProperties: false",
        '+ tool get_current_time /inputSchema/properties/path~1~0: {"type":"string"}',
        "~ tool get_current_time /inputSchema/properties/zone/type: [-string-]{+integer+}",
        '~ tool get_current_time /inputSchema/required: ["zone"] → ["zone","path/~"]',
    )


@pytest.mark.parametrize(
    ("before", "after"), [(True, 1), (0, False), (1, "1"), (None, 0), ([], {})]
)
def test_values_that_python_takes_for_equal_are_told_apart(before: object, after: object) -> None:
    assert len(compare(changed(x=before), changed(x=after))) == 1


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (["a", "b"], ["a", "c"], "~ tool get_current_time /x/1: [-b-]{+c+}"),
        (["a", ["b"]], ["a", ["c"]], "~ tool get_current_time /x/1/0: [-b-]{+c+}"),
        ("ab", ["a", "b"], '~ tool get_current_time x: "ab" → ["a","b"]'),
        (["a", "b"], "ab", '~ tool get_current_time x: ["a","b"] → "ab"'),
        ({"a": 1}, "a", '~ tool get_current_time x: {"a":1} → "a"'),
        ("a", {"a": 1}, '~ tool get_current_time x: "a" → {"a":1}'),
        ({"a": 1}, ["a"], '~ tool get_current_time x: {"a":1} → ["a"]'),
    ],
)
def test_a_value_of_any_kind_is_compared(before: object, after: object, shown: str) -> None:
    assert compare(changed(x=before), changed(x=after)) == (shown,)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a b", "a b c", "a b{+ c+}"),
        ("a b c", "a b", "a b[- c-]"),
        ("b c", "a b c", "{+a +}b c"),
        ("a b c d", "a x c d", "a [-b-]{+x+} c d"),
        ("a b c d e", "a x c y e", "a [-b-]{+x+} c [-d-]{+y+} e"),
        ("w " * 6 + "b" + " w" * 6, "w " * 6 + "c" + " w" * 6,
         "w " * 6 + "[-b-]{+c+}" + " w" * 6),
        ("o w " + "w " * 5 + "b" + " w" * 5 + " w o", "o w " + "w " * 5 + "c" + " w" * 5 + " w o",
         "…" + "w " * 6 + "[-b-]{+c+}" + " w" * 6 + "…"),
        ("b" * 200, "c" * 200, "[-" + "b" * 200 + "-]{+" + "c" * 200 + "+}"),
        ("b" * 201, "c" * 201, "[-" + "b" * 200 + "…-]{+" + "c" * 200 + "…+}"),
    ],
)  # fmt: skip
def test_changed_words_stand_between_their_neighbours(before: str, after: str, shown: str) -> None:
    assert word_diff(before, after) == shown


def test_words_that_stay_are_shown_as_such_however_often_the_new_text_has_them() -> None:
    shown = word_diff("first kept last", "one kept two" + " kept more" * 100)

    assert shown.startswith("[-first-]{+one+} kept [-last-]{+two kept more")


def test_a_text_that_differs_in_thousands_of_places_is_shown_as_one_change() -> None:
    before, after = (
        sep.join(f"{'same' if number % 2 else own}{number}" for number in range(3000))
        for own, sep in (("old", "."), ("new", ","))
    )

    shown = word_diff(before, after)

    assert shown.count("[-") == shown.count("{+") == 1
    assert len(shown) < 1000


def test_a_description_that_is_gone_is_a_difference() -> None:
    bare = {key: value for key, value in CLOCK.items() if key != "description"}

    assert compare(REVIEWED, canonical_tools([bare, CONVERTER])) == (
        '- tool get_current_time description: "Get the current time in a zone"',
    )


def test_many_differences_are_cut() -> None:
    seen = canonical_tools([*TOOLS, *({"name": f"t{number}"} for number in range(1000))])

    lines = compare(REVIEWED, seen)

    assert len(lines) == 201
    assert lines[-1] == "… and 800 more differences"
    most = canonical_tools([*TOOLS, *({"name": f"t{number}"} for number in range(200))])
    assert compare(REVIEWED, most)[-1].startswith("+ tool t")


@ends()
def test_long_texts_are_compared_quickly() -> None:
    before, after = changed(description="a b " * 200_000), changed(description="b c " * 200_000)

    (line,) = compare(before, after)

    assert len(line) < 1000


@ends()
def test_texts_chosen_to_be_slow_are_compared_quickly() -> None:
    words = [" ".join("ab"[number % 2] for number in range(450)) for _ in range(2)]
    words[1] = " ".join("ab"[number * number // 7 % 2] for number in range(450))
    before, after = (
        canonical_tools([{"name": f"t{number}", "description": text} for number in range(300)])
        for text in words
    )

    assert len(compare(before, after)) == 201


@given(st.text(), st.text())
def test_a_word_difference_is_plain_text_on_one_line(before: str, after: str) -> None:
    line = word_diff(before, after)

    assert "\n" not in line
    assert ("[-" in line or "{+" in line) or before == after


def test_a_declared_text_may_vary_within_its_pattern() -> None:
    seen = changed_zone(description="IANA name, or 'Europe/Oslo'")

    assert compare(REVIEWED, seen) != ()
    assert compare(REVIEWED, seen, varies(ZONE, pattern="IANA name, or '{zone}'")) == ()


@pytest.mark.parametrize(
    "pointer",
    [
        "/tools/get_current_time",
        "/tools/get_current_time/inputSchema",
        "/tools/get_current_time/description",
        "/tools/convert_time/inputSchema/properties/zone/description",
        "/tools/0/inputSchema/properties/zone/description",
    ],
)
def test_a_pattern_holds_at_its_place_only(pointer: str) -> None:
    seen = changed_zone(description="IANA name, or 'Europe/Oslo'")

    assert compare(REVIEWED, seen, varies(pointer, pattern="IANA name, or '{zone}'")) != ()


def test_a_pattern_allows_no_other_kind_of_value() -> None:
    bare = changed_zone(description=5)

    assert compare(REVIEWED, bare, varies(ZONE, pattern="{anything}")) != ()


def test_a_place_may_vary_where_its_marker_holds() -> None:
    entry = varies("/tools/get_current_time/inputSchema", when="sys_platform == 'linux'")
    seen = changed_zone(type="integer", default=5)

    assert compare(REVIEWED, seen, entry, LINUX) == ()
    assert len(compare(REVIEWED, seen, entry, {"sys_platform": "win32"})) == 2


def test_without_markers_those_of_this_machine_are_taken() -> None:
    seen = changed_zone(type="integer")

    for when, count in (("python_version >= '3'", 0), ("python_version < '3'", 1)):
        entry = varies("/tools/get_current_time/inputSchema", when=when)
        assert len(compare(REVIEWED, seen, entry)) == count


def test_a_tool_may_be_missing_where_a_marker_holds_but_never_differ_or_appear() -> None:
    entry = varies("/tools/get_current_time", when="sys_platform == 'linux'")

    assert compare(REVIEWED, canonical_tools([CONVERTER]), entry, LINUX) == ()
    assert compare(REVIEWED, changed(description="other"), entry, LINUX) != ()
    assert (
        compare(REVIEWED, canonical_tools([CONVERTER, {"name": "get_current_time"}]), entry, LINUX)
        != ()
    )
    assert compare(canonical_tools([CONVERTER]), REVIEWED, entry, LINUX) != ()


def test_pattern_and_marker_must_both_hold() -> None:
    entry = varies(ZONE, pattern="IANA name, or '{zone}'", when="sys_platform == 'linux'")
    seen = changed_zone(description="IANA name, or 'Europe/Oslo'")

    assert compare(REVIEWED, seen, entry, LINUX) == ()
    assert compare(REVIEWED, seen, entry, {"sys_platform": "win32"}) != ()
    assert compare(REVIEWED, changed_zone(description="x"), entry, LINUX) != ()


def test_an_entry_without_a_bound_allows_nothing() -> None:
    assert compare(REVIEWED, changed_zone(description="x"), varies(ZONE)) != ()


@pytest.mark.parametrize(
    ("pointer", "how"),
    [
        ("", {"pattern": "x"}),
        ("/tools", {"pattern": "x"}),
        ("tools/a/b", {"pattern": "x"}),
        ("/other/a/b", {"pattern": "x"}),
        (ZONE, {"when": "nonsense"}),
        (ZONE, {"when": "python_version ~= 'abc'"}),
    ],
)
def test_an_entry_without_a_meaning_is_refused(pointer: str, how: dict[str, str]) -> None:
    with pytest.raises(McpInstallError) as refused:
        compare(REVIEWED, changed_zone(description="x"), varies(pointer, **how), LINUX)

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("", "", True),
        ("a.c", "a.c", True),
        ("a.c", "abc", False),
        ("(a+)+$", "(a+)+$", True),
        ("{x}", "", True),
        ("{x}", "x" * 200, True),
        ("{x}", "x" * 201, False),
        ("{x}", "a\nb", False),
        ("{x}", "a\u202eb", False),
        ("{x}{y}", "x" * 400, True),
        ("a{x}a{y}a", "aaaa", True),
        ("a{x}b", "a b c", False),
        ("a\\n{x}", "a\nb", True),
        ("{X} {", "{X} {", True),
        ("{x", "y", False),
    ],
)
def test_a_pattern_is_literals_and_placeholders(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@ends()
def test_no_pattern_is_slow() -> None:

    assert not matches("{a}x" * 50 + "y", "x" * 20_000)
