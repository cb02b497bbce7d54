"""What the diff of a fix shows: the values that it touches, as far as they are no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mcpinstall.rules.audit.secrets import certain_in, is_secret_name, shown

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def showable(texts: Sequence[str]) -> Iterator[str]:
    """Yield the texts that a diff may show: those that hold nothing that may be a secret.

    What follows an option that is named like a secret is one, also as the next text.
    """
    before = ""
    for text in texts:
        for word in text.split() or [""]:
            name, equals, _ = word.partition("=")
            named = (equals and is_secret_name(name)) or is_secret_name(before)
            before = word if word.startswith("-") else ""
            if named or not _is_plain(word):
                break
        else:
            yield text


def _is_plain(word: str) -> bool:
    bare = _DIGEST.sub("", word)
    if "?" in bare or ("://" in bare and "@" in bare):
        return False
    return certain_in(word) is None and shown(bare) == bare
