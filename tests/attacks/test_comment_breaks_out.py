"""Attack: a tool's text breaks out of the comment or the screen that shows what changed (T42).

Who: the author of a server, who wants a reviewer to read something else, or somebody notified.
Stopped by: `mcpi manifest diff`, which puts all text from outside, escaped, into code alone.
Twin: `test_an_ordinary_change_reads_as_it_is_written`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mcpinstall.cli import layout, markdown_changes, render_changes
from mcpinstall.model.manifest import Permissions
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.operations.describing import Comparison
from mcpinstall.operations.manifest_diff import Diff
from mcpinstall.planning.changes import Described, compare
from tests.builders.described import described, package
from tests.builders.servers import CLOCK

CODE = {"code_inline", "fence"}
BLOCKS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close",
    "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
}  # fmt: skip
HARMLESS = {"text", "softbreak", "strong_open", "strong_close"}
EVIL = (
    "@octocat", "#1", "GH-1", "https://evil.example/x", "![PWN](https://evil.example/x.png)",
    "[PWN](javascript:x)", "<img src=x>", "<!--", "-->", "<details>", "</details>", "&lt;b&gt;",
    "`", "``", "```", "````````", "~~~", "\n", "\r\n", "\n```\n@octocat PWN\n", "\n\n# PWN\n",
    "\n* **PWN**\n", "| PWN | x |\n|--|--|\n", "$`PWN`$", "**PWN**", "__", "\\", "\\`", "[^1]: PWN",
    "[1]: https://evil.example", "    PWN", "\t", " ", "", "[-", "-]", "{+", "+}", "\x1b[2J",
    "\x9b8m", "\u202e", "\u2028", "\u200b", "\U000e0041", "e\u0301" * 3, "\ud800",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(EVIL), min_size=1, max_size=8).map("".join)


def found(after: Described, note: str = "") -> Diff:
    before = described()
    comparison = Comparison(
        before=before, after=after, changes=compare(before, after),
        notes=(note,) if note else (), inspected=1, needed=2,
    )  # fmt: skip
    return Diff(sources=("bundled", f"folder {note}"), comparison=comparison)


def hostile(text: str) -> Diff:
    """The text in every place that the comment shows."""
    changed = {**CLOCK, "description": f"{CLOCK['description']}{text}", text or "x": {text: text}}
    tools = [changed, {"name": text[:200] or "x", "description": text}]
    of = package("plain", scripts=((text, text),))(described())
    allowed = Permissions(network=(text,), read=(text, "{repository}"))
    manifest = replace(
        of.manifest, name=text, version=text, title=text, permissions=allowed, summary=text * 9
    )
    return found(replace(of, manifest=manifest, tools=canonical_tools(tools)), note=text)


def tokens(comment: str) -> list[Token]:
    """Return every piece of a comment as a Markdown parser reads it."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    flat: list[Token] = []
    for token in parser.parse(comment):
        flat += token.children if token.children is not None else [token]
    return flat


@settings(max_examples=40)
@given(TEXTS)
def test_all_text_from_outside_is_code_in_a_comment(text: str) -> None:
    comment = markdown_changes.diff(hostile(text))

    pieces = tokens(comment)
    assert {token.type for token in pieces} <= CODE | HARMLESS | BLOCKS
    plain = "".join(token.content for token in pieces if token.type == "text")
    for word in ("PWN", "octocat", "evil", "http", "<", "@", "javascript", "$"):
        assert word not in plain
    assert all(char == "\n" or (char.isprintable()) for char in comment)


@settings(max_examples=40)
@given(TEXTS, st.integers(20, 100))
def test_no_line_of_a_screen_begins_with_text_from_outside(text: str, width: int) -> None:
    shown = layout.plain(render_changes.diff(hostile(f"{text}EVIL"), width))

    assert all(char == "\n" or char.isprintable() for char in shown)
    ours = (" ", "from  ", "to  ", "Look at", "Then at", "And the", "! ")
    for line in shown.splitlines():
        assert not line or line.startswith(ours) or line[0].isdigit()


def reworded(before: str, after: str) -> Diff:
    """One tool whose description was another one."""
    old, new = (
        replace(described(), tools=canonical_tools([{**CLOCK, "description": text}]))
        for text in (before, after)
    )
    comparison = replace(found(new).comparison, before=old, changes=compare(old, new))
    return replace(found(new), comparison=comparison)


@pytest.mark.parametrize("fence", ["```", "````", "~~~", "   ```"])
def test_a_line_that_stays_does_not_end_the_block(fence: str) -> None:
    text = f"{fence}\n@octocat <img src=x>\n{fence}\n"

    pieces = tokens(markdown_changes.diff(reworded(f"{text}old", f"{text}new")))

    assert {token.type for token in pieces} <= CODE | HARMLESS | BLOCKS
    assert not any("octocat" in token.content for token in pieces if token.type == "text")


def test_a_text_can_not_forge_the_marks_of_a_difference() -> None:
    diff = reworded("Get the time", "Get the +} safe {+ [-evil-] time")

    shown = layout.plain(render_changes.diff(diff, 200))

    line = "Get the {+\\x2b} safe {\\x2b [\\x2devil\\x2d] +}time"
    assert line in shown
    assert f"! {line}" in markdown_changes.diff(diff)


@pytest.mark.parametrize("length", [59_000, 70_000, 2_000_000])
def test_a_comment_is_bounded_and_says_what_was_cut(length: int) -> None:
    tools = [
        {"name": f"tool_{number}", "description": "word " * (length // 500)}
        for number in range(100)
    ]
    comment = markdown_changes.diff(found(replace(described(), tools=canonical_tools(tools))))

    assert len(comment) <= markdown_changes.LIMIT
    assert {token.type for token in tokens(comment)} & {"html_block", "link_open"} == set()
    assert "did not fit here" in comment or "characters more" in comment or length < 60_000


def test_an_ordinary_change_reads_as_it_is_written() -> None:
    text = "Get the current date in a zone, e.g. `Europe/Oslo` — for @team"
    after = replace(described(), tools=canonical_tools([{**CLOCK, "description": text}]))

    comment = markdown_changes.diff(found(after))
    shown = layout.plain(render_changes.diff(found(after), 120))

    line = "Get the current [-time -]{+date +}in a zone{+, e.g. `Europe/Oslo` — for @team+}"
    assert f"! {line}" in comment
    assert line in shown
    assert any(line in token.content for token in tokens(comment) if token.type == "fence")
