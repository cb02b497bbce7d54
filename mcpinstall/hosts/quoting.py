"""Text in double quotes, as JSON, TOML and YAML alike read it."""

from __future__ import annotations

from mcpinstall.model.text import is_plain


def quoted(text: str) -> str:
    """Return `text` between double quotes; what doesn't show as itself is escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in ('"', "\\"):
        return "\\" + char
    if is_plain(char):
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
