"""Changed words of a text, for a reader who must see every one of them; the work is bounded.

`difflib` takes time that grows with the square of a text and more, and its author chooses the text:
what would take too long is shown whole, as gone and new.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mcpinstall.planning.change import Line, Mark, Part, gone, new, same

TEXT_STEPS = 2_000_000
"""Steps that one text may take: some tenths of a second."""

TOTAL_STEPS = 20_000_000
"""Steps that all texts of one comparison may take: some seconds at worst."""

CONTEXT = 60
"""Characters that stay, shown before and after a change."""

_TOKEN = re.compile(r"\n|\w+[^\S\n]*|[^\w\s][^\S\n]*|[^\S\n]+")
"""A word with the space behind it, so that equal spaces make no pairs of their own."""


class Budget:
    """Steps that are left for one comparison of two servers."""

    def __init__(self, steps: int = TOTAL_STEPS) -> None:
        self._left = steps

    def take(self, steps: int) -> bool:
        """Take `steps` if they are left for one text and for all of them."""
        if steps > min(TEXT_STEPS, self._left):
            return False
        self._left -= steps
        return True


def changed_text(before: str, after: str, budget: Budget) -> tuple[Line, ...]:
    """Return the lines of a text that changed, with a little of what stays around them."""
    return tuple(_lines(_shortened(parts(before, after, budget))))


def parts(before: str, after: str, budget: Budget) -> tuple[Part, ...]:
    """Return all of both texts: `SAME` and `GONE` pieces are `before`, `SAME` and `NEW` `after`."""
    old, new_ = _TOKEN.findall(before), _TOKEN.findall(after)
    start = _common(old, new_)
    end = _common(old[start:][::-1], new_[start:][::-1])
    middle = _middle(old[start : len(old) - end], new_[start : len(new_) - end], budget)
    around = (same("".join(old[:start])), *middle, same("".join(old[len(old) - end :])))
    return tuple(part for part in around if part.text)


def steps(old: Sequence[str], new_: Sequence[str]) -> int:
    """Return more than `difflib` can take: every block found looks at all words and pairs again."""
    often = Counter(new_)
    pairs = sum(often[word] for word in old)
    return (len(old) + len(new_) + pairs) * (1 + min(len(old), len(new_), pairs))


def _middle(old: Sequence[str], new_: Sequence[str], budget: Budget) -> Iterator[Part]:
    if not budget.take(steps(old, new_)):
        yield from (gone("".join(old)), new("".join(new_)))
        return
    matcher = difflib.SequenceMatcher(None, old, new_, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            yield same("".join(old[old_from:old_to]))
        else:
            yield gone("".join(old[old_from:old_to]))
            yield new("".join(new_[new_from:new_to]))


def _common(old: Sequence[str], new_: Sequence[str]) -> int:
    pairs = enumerate(zip(old, new_, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(old), len(new_)))


def _shortened(found: Sequence[Part]) -> Iterator[Part]:
    """Leave out what stays and is far from any change; what changed is never shortened."""
    last = len(found) - 1
    for number, part in enumerate(found):
        head = CONTEXT if number else 0
        tail = CONTEXT if number < last else 0
        left = len(part.text) - head - tail
        if part.mark is not Mark.SAME or left <= CONTEXT:
            yield part
            continue
        yield from (same(part.text[:head]), Part(Mark.SKIPPED, str(left)))
        yield same(part.text[len(part.text) - tail :])


def _lines(found: Iterable[Part]) -> Iterator[Line]:
    """Break pieces into lines; the end of a line that came or went is shown with its text."""
    row: list[Part] = []
    for mark, text in found:
        for piece in re.findall(r"[^\n]*\n|[^\n]+", text):
            shown = piece.removesuffix("\n") if mark is Mark.SAME else piece
            row += [Part(mark, shown)] if shown else []
            if piece.endswith("\n"):
                yield tuple(row)
                row = []
    if row:
        yield tuple(row)
