"""Where things stand in a TUF registry (docs/decisions/0011): shared by client and publisher."""

from __future__ import annotations

import hashlib
import re

from mcpinstall.model.registry import IndexRow

METADATA, TARGETS, FILES = "metadata", "targets", "files"
"""Folders of a repository: signed metadata, targets, and what targets pin by digest."""
STAGED = "staged"
"""Folder of metadata that waits for more signatures; no client asks for it."""
FACTS = "registry.toml"
"""Target of the top-level role: aliases and revocations.  Its text stands in `custom` too."""
FACTS_TEXT = "text"
"""Key of the facts' `custom` that holds their text, which saves a request."""
SEARCH_DIGITS, COMMON = "search-digits", "common-words"
"""Keys of the facts' `custom`: how words are divided, and which find nothing by themselves."""
BINS = "bins-"
"""Roles that hold the records of servers, and the search index, by the sha256 of the path."""
NAMESPACE = "ns-"
"""Roles that hold the records of one namespace, signed by its own reviewers."""

_WORD = re.compile(r"[^\W_]{2,40}")
COMMON_ROWS = 500
"""A word in more servers than this finds nothing by itself."""


def record(name: str) -> str:
    """Return the target with the rows of a server, by its full name."""
    return f"servers/{name}.toml"


def namespace_paths(namespace: str) -> list[str]:
    """Return the patterns of all targets of a namespace."""
    return [f"servers/{namespace}/*"]


def bucket(word: str, digits: int) -> str:
    """Return the target with the newest row of every server that has `word`, among others."""
    return f"words/{hashlib.sha256(word.encode()).hexdigest()[:digits] or 'all'}.toml"


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text, each once, as the search index has them."""
    return tuple(dict.fromkeys(_WORD.findall(text.casefold())))


def digits(items: int, each: int, most: int) -> int:
    """Return how many digits of a sha256 divide `items` into parts of about `each`."""
    return next((digits for digits in range(most) if items <= each * 16**digits), most)


def row_words(row: IndexRow) -> tuple[str, ...]:
    """Return the words by which a server is found."""
    return words(f"{row.name} {row.title} {row.summary}")


def path_digits(path: str, digits: int) -> str:
    """Return the first digits of a path's sha256: which bin it is in (TUF §4.5)."""
    return hashlib.sha256(path.encode()).hexdigest()[:digits]
