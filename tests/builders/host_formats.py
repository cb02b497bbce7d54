"""Parsers of hosts' files that share no code with the package."""

from __future__ import annotations

import io
import json
import re
import tomllib
from typing import Any

from ruamel.yaml import YAML

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=\s*[\]}])', re.DOTALL)


def parse(dialect: str, text: str | bytes) -> Any:  # noqa: ANN401 (any document)
    """The document, by `json`, `tomllib` or ruamel's safe loader; an empty one is None."""
    data = text if isinstance(text, str) else text.decode()
    if dialect == "toml":
        return tomllib.loads(data)
    if dialect == "yaml":
        return YAML(typ="safe", pure=True).load(io.StringIO(data))
    return json.loads(data if dialect == "json" else without_comments(data)) if data else None


def without_comments(text: str) -> str:
    """JSON, from JSON with comments and trailing commas."""

    def plain(word: re.Match[str]) -> str:
        return word[0] if word[0].startswith('"') else " "

    # Twice: a comment between a comma and the bracket hides that the comma is a trailing one.
    return _WORD.sub(plain, _WORD.sub(plain, text))
