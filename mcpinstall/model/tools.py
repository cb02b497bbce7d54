"""A server's tool list in canonical form."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolList:
    """Tools sorted by name, descriptions cleaned; equal lists have equal bytes."""

    tools: tuple[Json, ...]
    """One JSON object each, as `tools/list` gave it, made canonical by `tool_text`."""
    known: bool = True
    """False where nobody could list them: a remote server that wants authorization."""

    @property
    def text(self) -> bytes:
        """The bytes of `tools.json`: canonical JSON and one line feed."""
        return json_text.canonical({"tools": list(self.tools)}) + b"\n"

    @property
    def sha256(self) -> str:
        """Digest of `text`; nothing for tools that are not known."""
        return json_text.digest({"tools": list(self.tools)}) if self.known else ""


UNKNOWN_TOOLS = ToolList(tools=(), known=False)
"""Of a remote server whose tools nobody reviewed."""
