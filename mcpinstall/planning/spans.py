"""A change of bytes as one span."""

from __future__ import annotations

from mcpinstall.model.host import BOM, Patch


def without_mark(content: bytes, *, other: bytes) -> tuple[bytes, bool]:
    """Return `content` without a byte-order mark that `other` does not have, and if it had one."""
    marked = content.startswith(BOM) and not other.startswith(BOM)
    return (content[len(BOM) :] if marked else content), marked


def between(before: bytes, after: bytes) -> Patch:
    """Return the shortest single replacement that turns `before` into `after`."""
    start = _common_prefix(before, after)
    end = _common_prefix(before[start:][::-1], after[start:][::-1])
    return Patch(
        offset=start,
        removed=before[start : len(before) - end],
        inserted=after[start : len(after) - end],
    )


def _common_prefix(left: bytes, right: bytes) -> int:
    """Return how many first bytes are equal, by halving: comparisons run at C speed.

    Behind the end of `right` its slices are shorter, and so never equal.
    """
    low, high = 0, len(left)
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
