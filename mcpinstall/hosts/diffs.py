"""The diff of a change, as a person may see it: values that are not ours stay hidden.

Made from the changed span and three lines around it, never from the whole file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcpinstall.hosts import redaction
from mcpinstall.hosts.redaction import Span
from mcpinstall.model.host import BOM, Chain, Format, HostChange, Patch

_CONTEXT = 3
_CHUNK = 1 << 16
_MANY = 2000
"""Lines that are compared one by one at most."""
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r)|[^\r\n]++")
_CLOSERS = "]} \t\r\n"
_NO_NEWLINE = "\\ No newline at end of file"

_Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Side:
    """One version of the lines that a diff looks at; texts are Latin-1 (see `json_scan`)."""

    text: str
    lines: tuple[Span, ...]
    hidden: tuple[Span, ...]
    first: int
    """Number of the first line, from 0."""

    def raw(self) -> list[str]:
        return [self.text[start:end] for start, end in self.lines]

    def shown(self, number: int, sign: str) -> Iterator[str]:
        start, end = self.lines[number]
        body = self.text[start:end].rstrip("\r\n")
        yield sign + redaction.shown(self.text, (start, start + len(body)), self.hidden)
        if start + len(body) == len(self.text):
            yield _NO_NEWLINE


def diff(change: HostChange, plain: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Return the lines of a unified diff, without line ends; no lines when nothing changes.

    Every string value and comment outside our entries is `…`, but for the texts in `plain`, and
    so are our secrets.
    """
    before, after = change.file.content, change.after
    if before == after:
        return ()
    marks = _marks(before or b"", after or b"")
    if marks:
        before = (before or b"").removeprefix(BOM)
        after = (after or b"").removeprefix(BOM)
    start, old_end, new_end = _changed(before or b"", after or b"")
    dialect = change.file.row.format
    old = _side(before or b"", (start, old_end), dialect, change.chain_before, plain)
    new = _side(after or b"", (start, new_end), dialect, change.chain_after, plain)
    path = str(change.file.path)
    lines = [
        "--- " + ("/dev/null" if before is None else path),
        "+++ " + ("/dev/null" if after is None else path),
        *marks,
    ]
    if before == after:
        return tuple(lines)
    for group in _groups(old.raw(), new.raw()):
        lines.append(_header(group, old.first, new.first))
        for opcode in group:
            lines += _body(opcode, old, new)
    return tuple(lines)


def _marks(before: bytes, after: bytes) -> list[str]:
    """Return what becomes of a byte-order mark, as lines of a diff of their own."""
    if before.startswith(BOM) == after.startswith(BOM) or not (before and after):
        return []
    sign = "-" if before.startswith(BOM) else "+"
    return ["@@ byte-order mark @@", f"{sign}\ufeff"]


def _groups(old: list[str], new: list[str]) -> Iterator[Sequence[_Opcode]]:
    if len(old) + len(new) <= _MANY:
        yield from difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(
            _CONTEXT
        )
    else:
        yield [("replace", 0, len(old), 0, len(new))]


def _header(group: Sequence[_Opcode], old_first: int, new_first: int) -> str:
    first, last = group[0], group[-1]
    old = _range(old_first + first[1], last[2] - first[1])
    new = _range(new_first + first[3], last[4] - first[3])
    return f"@@ -{old} +{new} @@"


def _range(start: int, length: int) -> str:
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _body(opcode: _Opcode, old: _Side, new: _Side) -> Iterator[str]:
    tag, old_start, old_end, new_start, new_end = opcode
    if tag == "equal":
        for number in range(new_start, new_end):
            yield from new.shown(number, " ")
        return
    for number in range(old_start, old_end):
        yield from old.shown(number, "-")
    for number in range(new_start, new_end):
        yield from new.shown(number, "+")


def _side(
    content: bytes, changed: Span, dialect: Format, chain: Chain, plain: frozenset[str]
) -> _Side:
    text = content.decode("latin-1")
    start, end = _with_context(text, changed)
    lines = tuple(match.span() for match in _LINE.finditer(text, start, end))
    ours = tuple(_ours(text, chain))
    hidden = redaction.hidden(text, (start, end), dialect, ours)
    if plain:
        hidden = tuple(span for span in hidden if _word(text, span) not in plain)
    hidden += redaction.secrets(text, (applied.entry for applied in chain.entries), ours)
    first = text.count("\n", 0, start) or text.count("\r", 0, start)
    return _Side(text, lines, hidden, first)


def _word(text: str, span: Span) -> str:
    """Return what a span says, without quotes; escapes stay as they are."""
    return text[slice(*span)].encode("latin-1").decode("utf-8", "replace").strip("\"'")


def _with_context(text: str, changed: Span) -> Span:
    """Widen a span to whole lines, and by three lines on either side."""
    eol = "\n" if "\n" in text else "\r"
    start = text.rfind(eol, 0, changed[0]) + 1
    for _ in range(_CONTEXT):
        start = text.rfind(eol, 0, start - 1) + 1 if start else 0
    end = changed[1]
    for _ in range(_CONTEXT + 1):
        found = text.find(eol, end)
        end = found + 1 if found >= 0 else len(text)
    return start, end


def _ours(text: str, chain: Chain) -> Iterator[Span]:
    """Yield where the texts of our entries stand."""
    for patch in (patch for applied in chain.entries for patch in applied.patches):
        own = _own_part(patch)
        for part in (own, own.rstrip(_CLOSERS)):  # a later entry of ours stands before the end
            offset = text.find(part) if part else -1
            if offset >= 0:
                yield offset, offset + len(part)
                break


def _own_part(patch: Patch) -> str:
    """Return what a patch adds, without the user's comments that it carries along."""
    inserted = patch.inserted.decode("latin-1")
    removed = patch.removed.decode("latin-1")
    if removed.strip() and inserted.startswith(f",{removed}"):
        return inserted[len(removed) + 1 :]
    return inserted.removeprefix(",").removesuffix(",")


def _changed(before: bytes, after: bytes) -> tuple[int, int, int]:
    """Return begin of the difference, and its end in each version."""
    start = _common(before, after, 1)
    rest_before, rest_after = before[start:], after[start:]
    tail = _common(rest_before, rest_after, -1)
    return start, len(before) - tail, len(after) - tail


def _common(one: bytes, two: bytes, step: int) -> int:
    """Return how many bytes are the same at the beginning (`step=1`) or at the end (`-1`)."""

    def same(low: int, high: int) -> bool:
        if step > 0:
            return one[low:high] == two[low:high]
        return one[len(one) - high : len(one) - low] == two[len(two) - high : len(two) - low]

    limit = min(len(one), len(two))
    at = 0
    while at < limit and same(at, min(at + _CHUNK, limit)):
        at = min(at + _CHUNK, limit)
    high = min(at + _CHUNK, limit)
    low = at
    while low < high:
        middle = (low + high + 1) // 2
        if same(at, middle):
            low = middle
        else:
            high = middle - 1
    return low
