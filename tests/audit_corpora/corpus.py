"""The clean corpus, and the same with its pins taken out."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "clean"
CLEAN = tuple(sorted(FOLDER.iterdir()))

_PIN = re.compile(
    r"@sha256:[0-9a-f]{64}"
    r"|(?<=[a-z0-9])@[0-9]+\.[0-9]+\.[0-9]+(?:[.+-][A-Za-z0-9.]+)?"
    r"|=={1}[0-9][A-Za-z0-9.]*"
)


def host_of(path: Path) -> str:
    """Return the id of the host whose file it is."""
    return path.name.partition("--")[0]


def unpinned(text: str) -> tuple[str, int]:
    """Return a file without versions and digests, and how many servers had one."""
    return _PIN.subn("", text)
