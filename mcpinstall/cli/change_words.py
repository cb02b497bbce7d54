"""Words for changes between two versions, shared by text and Markdown.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcpinstall.cli import words
from mcpinstall.model.text import printable
from mcpinstall.planning.changes import Band, Change, ChangeKind, Line, Mark, Part

TITLES = {
    Band.FIRST: "Look at first: what runs, what it may reach, what a model is told",
    Band.NEXT: "Then at",
    Band.REST: "And the rest",
}

LABELS = {
    ChangeKind.SERVER: "ANOTHER SERVER",
    ChangeKind.HOOK_ADDED: "new start-up hook",
    ChangeKind.HOOK_CHANGED: "changed start-up hook",
    ChangeKind.FILE_REPLACED: "same name, other bytes",
    ChangeKind.PUBLISHER_CHANGED: "another publisher",
    ChangeKind.PUBLISHER_LOST: "no publisher any more",
    ChangeKind.PACKAGE: "package installed",
    ChangeKind.NATIVE_ADDED: "new native code",
    ChangeKind.PROGRAM_ADDED: "new program",
    ChangeKind.PERMISSION_WIDENED: "more permission",
    ChangeKind.SCRIPT_ADDED: "new entry point",
    ChangeKind.SCRIPT_CHANGED: "changed entry point",
    ChangeKind.NOT_COMPARED: "NOT COMPARED",
    ChangeKind.ADVISORY: "new advisory",
    ChangeKind.TOOL_DESCRIPTION: "changed tool text",
    ChangeKind.TOOL_ADDED: "new tool",
    ChangeKind.TOOL_INPUT: "changed tool input",
    ChangeKind.TOOL_ANNOTATIONS: "changed tool hints",
    ChangeKind.REMOTE_ADDRESS: "another address",
    ChangeKind.REMOTE_ADDED: "new remote",
    ChangeKind.DEPENDENCY_DOWNGRADED: "older dependency",
    ChangeKind.DEPENDENCY_ADDED: "new dependency",
    ChangeKind.START: "another start",
    ChangeKind.ARGUMENTS: "changed arguments",
    ChangeKind.ENVIRONMENT: "changed variable",
    ChangeKind.HEADERS: "changed header",
    ChangeKind.REPOSITORY: "another repository",
    ChangeKind.CRITERIA_LOST: "no longer reviewed for",
    ChangeKind.VARIATION: "tools may vary at",
    ChangeKind.TOOL_FIELD: "changed tool",
    ChangeKind.FILE_ADDED: "more files",
    ChangeKind.USE: "another use",
    ChangeKind.ACCEPTED_FILE: "accepted file",
    ChangeKind.TOOL_REMOVED: "tool is gone",
    ChangeKind.NATIVE_CHANGED: "changed native code",
    ChangeKind.DEPENDENCY_VERSION: "version",
    ChangeKind.HELD_BACK: "held back",
    ChangeKind.PUBLISHER_ADDED: "now has a publisher",
    ChangeKind.DEPENDENCY_MARKER: "changed marker",
    ChangeKind.PLATFORM: "platform",
    ChangeKind.PYTHON: "Python",
    ChangeKind.PROBE: "changed probe",
    ChangeKind.WORDS: "changed words",
    ChangeKind.REVIEW: "changed reviews",
    ChangeKind.DEPENDENCY_REMOVED: "dependency is gone",
    ChangeKind.HOOK_REMOVED: "start-up hook is gone",
    ChangeKind.NATIVE_REMOVED: "native code is gone",
    ChangeKind.SCRIPT_REMOVED: "entry point is gone",
    ChangeKind.REMOTE_REMOVED: "remote is gone",
    ChangeKind.PERMISSION_NARROWED: "less permission",
    ChangeKind.FILE_REMOVED: "fewer files",
    ChangeKind.ADVISORY_GONE: "advisory is gone",
    ChangeKind.CRITERIA_GAINED: "now reviewed for",
    ChangeKind.OTHER: "also",
    ChangeKind.SIZE: "size",
    ChangeKind.VERSION: "version of",
}
"""What a change of each kind is called."""

_CAME = {ChangeKind.ENVIRONMENT: "new variable", ChangeKind.HEADERS: "new header"}
_WENT = {ChangeKind.ENVIRONMENT: "variable is gone", ChangeKind.HEADERS: "header is gone"}


def label(change: Change) -> str:
    """Return what a change is called: what came or went is not called changed."""
    names = LABELS if change.before and change.after else _WENT if change.before else _CAME
    return names.get(change.kind, LABELS[change.kind])


_LONGEST = 2000  # characters of a value or name that are shown; real ones have below 300

_SIGNS = {Mark.GONE: ("[-", "-]"), Mark.NEW: ("{+", "+}")}
_FORGED = (("[-", "[\\x2d"), ("-]", "\\x2d]"), ("{+", "{\\x2b"), ("+}", "\\x2b}"))


def values(change: Change) -> tuple[str, str]:
    """Return the short values before and after; sizes as people read them."""
    if change.kind is ChangeKind.SIZE:
        sizes = int(change.before), int(change.after)
        rounded = words.size(sizes[0]), words.size(sizes[1])
        if not change.subject.startswith("files") and rounded[0] != rounded[1]:
            return rounded
        return words.number(sizes[0]), words.number(sizes[1])
    return shortened(change.before), shortened(change.after)


def marked(row: Line) -> tuple[str, str]:
    r"""Return a line's sign and its text, escaped: `+` all new, `-` all gone, else a space.

    In a line that is both, words are marked `[-gone-]` and `{+new+}`; text that holds such marks
    itself has them escaped (`[\x2d`).
    """
    marks = {part.mark for part in row}
    if marks == {Mark.NEW}:
        return "+", printable("".join(part.text for part in row))
    if marks == {Mark.GONE}:
        return "-", printable("".join(part.text for part in row))
    return " ", "".join(_pieces(row))


def _pieces(row: Line) -> Iterator[str]:
    for mark, text in row:
        if mark is Mark.SKIPPED:
            yield f"[… {words.number(int(text))} characters …]"
            continue
        before, after = _SIGNS.get(mark, ("", ""))
        yield f"{before}{_unforged(text)}{after}"


def _unforged(text: str) -> str:
    shown = printable(text)
    for sign, escaped in _FORGED:
        shown = shown.replace(sign, escaped)
    return shown


def bounded(rows: Iterable[Line], lines: int, characters: int) -> tuple[list[tuple[str, str]], int]:
    """Return marked lines up to both limits, and how many lines were left out.

    Nothing past a limit is looked at: its author chooses how much there is.
    """
    found: list[tuple[str, str]] = []
    left, missing = characters, 0
    for row in rows:
        if len(found) == lines or left <= 0:
            missing += 1
            continue
        kept = _clipped(row, left)
        size, whole = (sum(len(part.text) for part in parts) for parts in (kept, row))
        sign, text = marked(kept)
        found.append((sign, f"{text}{_more(whole - size)}"))
        left -= size + 1
    return found, missing


def shortened(text: str, characters: int = _LONGEST) -> str:
    """Return a value or name, cut where it is unreasonably long, with a count of the rest."""
    return f"{text[:characters]}{_more(len(text) - characters)}"


def _clipped(row: Line, characters: int) -> Line:
    kept: list[Part] = []
    for part in row:
        if characters <= 0:
            break
        is_count = part.mark is Mark.SKIPPED
        kept.append(part if is_count else part._replace(text=part.text[:characters]))
        characters -= len(part.text)
    return tuple(kept)


def _more(count: int) -> str:
    return f" [… {words.number(count)} characters more]" if count > 0 else ""
