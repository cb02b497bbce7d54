"""Attack: text from outside moves the cursor, restyles, reorders or hides a part of the screen.

Who: a publisher, or whoever writes a registry, a host's file or a server's output.
Stopped by: parsers refuse such text (check 2); the screen, tested here, escapes it once more.
"""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from mcpinstall.cli import layout, render_error, render_plan
from mcpinstall.cli.render_plan import View
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.text import is_plain, printable
from tests.builders import plans, screens

EVIL = "[bold]a[/bold] :smile: \x1b[2Ab \u202ec \x9b31m \r\n \u200b \U000e0041"
VIEW = View(width=80, home=plans.HOME)


def evil_screen() -> layout.Screen:
    """Return a plan in which every text is hostile."""
    manifest = plans.manifest(summary=EVIL, try_sentence=EVIL)
    server = plans.server(plans.reviewed(manifest), arguments=(EVIL,), extra=(EVIL,))
    change = plans.change(plans.row(title=EVIL), warnings=(EVIL,))
    prepared = plans.prepared(server, changes=(change,))
    return render_plan.plan(prepared, (plans.diff(change, (f"+{EVIL}",)),), VIEW)


def test_a_hostile_plan_shows_every_character_and_obeys_none() -> None:
    assert layout.plain(evil_screen()) == snapshot("""\
git 2026.10.19 — [bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b
  ↳ \\U000e0041
  io.github.modelcontextprotocol/server-git
CERTIFIED   registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed   not done: source-read
  review claimed by Grace, 2026-11-20

~/.cursor/mcp.json  ([bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b
  ↳  \\U000e0041)
  1 line added
  ! [bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b \\U000e0041
    +[bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b \\U000e0041

Checks                                        5 done, 1 absent, 3 after your yes
  1 registry   verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  2 manifest   verified  4 files match their sha256
  3 policy     verified  built-in default: certified; none yanked
  4 downloads  verified  32 files, 10.1 MB, sha256
  5 publisher  absent    the manifest names no publisher identity
  6 archives   verified  1,612 members, no start-up hooks
  7 environment   8 answers   9 host file   not yet run
May (declared by reviewers, NOT enforced)   network no · read, write ~/code/app
    · run git
Uses  Python 3.12.4 at /usr/bin/python3.12 (yours; not verified by mcpi)

[bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b \\U000e0041 will
  start this program, with all your rights, at every launch:
  /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py
    '[bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b \\U000e0041'
  and, given by you and not reviewed (1 argument):
    '[bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b \\U000e0041'
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.
""")


def test_the_only_codes_of_a_coloured_screen_are_our_own() -> None:
    codes = re.findall(r"\x1b[^m]*m?", layout.styled(evil_screen()))

    assert set(codes) <= {"\x1b[0m", *(f"\x1b[{tone}m" for tone in layout.Tone if tone)}


def test_an_error_can_neither_style_nor_move_the_cursor() -> None:
    error = McpInstallError(ErrorCode.DECLINED, EVIL, hint=EVIL, evidence=EVIL)

    assert layout.plain(render_error.error(error, "install", 80)) == snapshot("""\
error[declined]: [bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b
    \\U000e0041
  nothing was changed

  | [bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \n\
  |  \\u200b \\U000e0041

hint: [bold]a[/bold] :smile: \\x1b[2Ab \\u202ec \\x9b31m \\r\\n \\u200b \\U000e0041
""")


def test_a_server_name_cannot_pass_for_a_line_of_ours() -> None:
    title = "x" * 76 + "  CERTIFIED   registry: bundled"
    manifest = plans.manifest(summary=title)

    shown = layout.plain(
        render_plan.plan(plans.prepared(plans.server(plans.reviewed(manifest))), (), VIEW)
    )

    assert [row for row in shown.splitlines() if row.lstrip().startswith("CERTIFIED")] == [
        "CERTIFIED   registry: bundled (issued 2026-11-22)"
    ]


@given(st.text(max_size=300), st.integers(20, 130))
def test_no_character_of_a_broken_text_is_lost(text: str, width: int) -> None:
    rows = layout.broken(text, width, "    ")

    assert "".join(row[1].text for row in rows) == printable(text)
    assert all(sum(layout.cells(part.text) for part in row) <= width for row in rows)


@given(st.text(max_size=300), st.integers(20, 130))
def test_no_word_of_a_wrapped_text_is_lost(text: str, width: int) -> None:
    shown = "".join(part.text for row in layout.wrapped(text, width, "  ") for part in row)

    assert re.sub(r" ", "", shown) == re.sub(r" ", "", printable(text))


@given(st.text(max_size=100))
def test_nothing_but_plain_characters_reaches_the_screen(text: str) -> None:
    written = layout.plain(layout.table(("a", "b"), [(text, text)], 60))

    assert all(is_plain(char) or char == "\n" for char in written)


@given(st.text(max_size=100), st.sampled_from(list(layout.Tone)))
def test_a_line_is_escaped_whoever_made_it(text: str, tone: layout.Tone) -> None:
    made = layout.line(text, layout.Segment(text, tone))

    assert screens.hidden(layout.plain([made])) == []
    assert screens.hidden(layout.styled([made]), colour=True) == []
