"""What changed between the reviewed tool list and the one that a server shows now."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json
from mcpinstall.model.manifest import ToolVariation
from mcpinstall.model.text import printable
from mcpinstall.model.tools import ToolList
from mcpinstall.probing.variation import Difference, is_declared

_MOST_LINES = 200  # of one comparison; more help nobody
_VALUE_CHARACTERS = 200  # of a value or a changed text that is shown
_MOST_WORDS = 2000  # that are compared one by one
_MOST_PAIRS = (
    5000  # of equal words in both texts; the time grows with these, for a server to choose
)
_CONTEXT_WORDS = 12  # shown before and after a change, the gaps between words counted
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


def compare(
    reviewed: ToolList,
    seen: ToolList,
    varies: Sequence[ToolVariation] = (),
    markers: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Return the undeclared differences as lines to read; empty means unchanged.

    `+` is new, `-` is gone, `~` is another value.  The lines are escaped.

    Raises:
        McpInstallError: `manifest-invalid` for an entry of `varies` that has no meaning.
    """
    found = [
        difference
        for difference in differences(reviewed, seen)
        if not is_declared(difference, varies, markers or {})
    ]
    lines = [_line(difference) for difference in found[:_MOST_LINES]]
    if len(found) > _MOST_LINES:
        lines.append(f"… and {len(found) - _MOST_LINES} more differences")
    return tuple(lines)


def differences(reviewed: ToolList, seen: ToolList) -> Iterator[Difference]:
    """Yield every place at which two lists differ."""
    return _differences(_by_name(reviewed), _by_name(seen), ("tools",))


def _by_name(tools: ToolList) -> dict[str, Json]:
    """Return tools by name: canonical ones have each a different one."""
    return {str(tool["name"]): tool for tool in tools.tools if isinstance(tool, Mapping)}


def _differences(
    reviewed: Mapping[str, Json], seen: Mapping[str, Json], place: tuple[str, ...]
) -> Iterator[Difference]:
    """Yield the smallest places that differ, sorted."""
    for key in sorted(reviewed.keys() | seen.keys()):
        here = (*place, key)
        if key not in seen:
            yield Difference(place=here, reviewed=(reviewed[key],), seen=None)
        elif key not in reviewed:
            yield Difference(place=here, reviewed=None, seen=(seen[key],))
        else:
            yield from _within(reviewed[key], seen[key], here)


def _within(reviewed: Json, seen: Json, place: tuple[str, ...]) -> Iterator[Difference]:
    if isinstance(reviewed, Mapping) and isinstance(seen, Mapping):
        yield from _differences(reviewed, seen, place)
    elif isinstance(reviewed, list) and isinstance(seen, list) and len(reviewed) == len(seen):
        for number, (before, after) in enumerate(zip(reviewed, seen, strict=True)):
            yield from _within(before, after, (*place, str(number)))
    elif json_text.canonical(reviewed) != json_text.canonical(seen):  # not `!=`: True is no 1
        yield Difference(place=place, reviewed=(reviewed,), seen=(seen,))


def _line(difference: Difference) -> str:
    tool, *inner = difference.place[1:]
    what = f"tool {printable(tool)}" + (f" {_pointer(inner)}" if inner else "")
    before, after = difference.reviewed, difference.seen
    if before is None or after is None:
        (value,) = before or after or (None,)
        return f"{'-' if after is None else '+'} {what}: {_shown(value)}"
    (old,), (new,) = before, after
    if isinstance(old, str) and isinstance(new, str):
        return f"~ {what}: {word_diff(old, new)}"
    return f"~ {what}: {_shown(old)} → {_shown(new)}"


def _pointer(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return printable(*parts)
    return printable("".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts))


def _shown(value: Json) -> str:
    """Return a value as short JSON; of a tool its description is what tells most."""
    if isinstance(value, Mapping) and isinstance(value.get("description"), str):
        value = value["description"]
    text = json_text.canonical(value).decode("ascii")
    return _cut(text)


def word_diff(before: str, after: str) -> str:
    """Return the changed words as `[-old-]{+new+}` with a few words around, on one line."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    head, tail = old[max(0, start - _CONTEXT_WORDS) : start], old[len(old) - end :][:_CONTEXT_WORDS]
    return "".join(
        (
            "…" if start > _CONTEXT_WORDS else "",
            printable("".join(head)),
            _changes(middle_old, middle_new),
            printable("".join(tail)),
            "…" if end > _CONTEXT_WORDS else "",
        )
    )


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many words the two begin with in common."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(old), len(new)))


def _changes(old: Sequence[str], new: Sequence[str]) -> str:
    often = Counter(new)
    if len(old) + len(new) > _MOST_WORDS or sum(often[word] for word in old) > _MOST_PAIRS:
        return _change(old, new)
    parts = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            parts.append(_cut(printable("".join(old[old_from:old_to]))))
        else:
            parts.append(_change(old[old_from:old_to], new[new_from:new_to]))
    return "".join(parts)


def _change(old: Sequence[str], new: Sequence[str]) -> str:
    gone = f"[-{_cut(printable(''.join(old)))}-]" if old else ""
    come = f"{{+{_cut(printable(''.join(new)))}+}}" if new else ""
    return gone + come


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}…"
