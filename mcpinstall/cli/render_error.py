"""Errors as lines.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.cli import words
from mcpinstall.cli.layout import BLANK, Line, Screen, Segment, Tone, broken, line, wrapped
from mcpinstall.errors import ErrorCode, Exit, McpInstallError

UNCHANGED = "nothing was changed"
"""What every refusal also says."""

CHANGED = "the change was made; `mcpi list` shows how things stand"

QUOTED = "  | "
"""Begins a line of text from outside, so that it can't pass for a line of ours."""

_EVIDENCE_LINES = 200
_MOST_CHARACTERS = 2000
"""Of a fact, a hint or a quoted line, which may repeat what it was given; `--json` has it whole."""

_RAN = "what mcpi wrote was removed; the server's program did run"
_AFTER_START = frozenset({ErrorCode.PROBE_FAILED, ErrorCode.TOOLS_CHANGED})
_CHANGING = frozenset({"install", "reinstall", "configure", "update"})


def error(error: McpInstallError, command: str, width: int, *, changed: bool = False) -> Screen:
    """Return the screen of a failure: fact, what it left, evidence, hint."""
    aftermath = after(error, command, changed=changed)
    rows: list[Line] = [*_titled(f"error[{error.code}]:", error.message, Tone.BAD, width)]
    if aftermath:
        rows += wrapped(f"  {aftermath}", width, "  ")
    if error.evidence:
        rows += [BLANK, *evidence(error.evidence, width)]
    if error.hint:
        rows += [BLANK, *_titled("hint:", error.hint, Tone.NAME, width)]
    return tuple(rows)


def after(error: McpInstallError, command: str, *, changed: bool = False) -> str:
    """Return what a failure left behind, where that goes without asking.

    `changed` when the change had been made before something failed, such as the words about it.
    """
    if changed:
        return CHANGED
    if error.code in _AFTER_START and not error.elsewhere:
        return _RAN if command in _CHANGING else ""
    refused = error.code.exit_status in (Exit.REFUSED, Exit.NO_CONSENT)
    return UNCHANGED if refused or error.elsewhere else ""


def evidence(text: str, width: int) -> Screen:
    """Return longer text from outside behind a bar; of very much, the ends."""
    parts = text.strip("\n").replace("\r\n", "\n").split("\n")
    left_out = len(parts) - _EVIDENCE_LINES
    if left_out <= 0:
        return _quoted(parts, width)
    half = _EVIDENCE_LINES // 2
    note = line(Segment(f"  … {words.count(left_out, 'line')} more …", Tone.FAINT))
    return (*_quoted(parts[:half], width), note, *_quoted(parts[-half:], width))


def _quoted(parts: Sequence[str], width: int) -> Screen:
    return tuple(row for part in parts for row in broken(_cut(part), width, QUOTED))


def bug(traceback: str, width: int) -> Screen:
    """Return the screen of an exception that nobody expected."""
    return (
        *evidence(traceback, width),
        BLANK,
        *_titled("error[bug]:", "this is a bug in mcpinstall", Tone.BAD, width),
        BLANK,
        *_titled(
            "hint:",
            "please report it with the lines above; they hold no values, but read them first",
            Tone.NAME,
            width,
        ),
    )


def interrupted(*, acting: bool) -> Screen:
    """Return the line after Ctrl-C; `acting` when it came in the middle of a change."""
    fact = "`mcpi list` shows how things stand" if acting else UNCHANGED
    return (line(Segment("interrupted", Tone.BAD), f": {fact}"),)


def _titled(title: str, text: str, tone: Tone, width: int) -> Screen:
    first, *rest = wrapped(f"{title} {_cut(text)}", width, "    ")
    whole = first[0].text
    return ((Segment(title, tone), Segment(whole[len(title) :])), *rest)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
