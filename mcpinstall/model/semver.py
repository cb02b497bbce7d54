"""Versions of Semantic Versioning 2.0.0, as npm compares them."""

from __future__ import annotations

import re
from typing import TypeAlias

Key: TypeAlias = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]
"""Sorts as the version does: numbers, whether it is a release, what a pre-release says."""

_LONGEST = 256
_NUMBER = "(0|[1-9][0-9]{0,15})"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def key(version: str) -> Key:
    """Return what a version is sorted by; what stands behind `+` does not count.

    Raises:
        ValueError: for anything but three numbers and what may follow them.
    """
    found = _VERSION.fullmatch(version) if len(version) <= _LONGEST else None
    if found is None:
        raise ValueError("is not a version of Semantic Versioning")
    major, minor, patch, before = found.groups()
    parts = before.split(".") if before else []
    return int(major), int(minor), int(patch), not parts, tuple(map(_part, parts))


def _part(text: str) -> tuple[bool, int, str]:
    """Return a part of a pre-release: numbers come before words."""
    return (False, int(text), "") if text.isdigit() else (True, 0, text)
