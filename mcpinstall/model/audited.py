"""What `mcpi audit` judges: one server as a host's file starts it, each value with its place.

Nothing of it was run, resolved or looked up.  Texts are as the file has them, from outside and
not escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mcpinstall.model.json_text import Json

_LONGEST_NAME = 256  # characters of a variable's name; real ones have below 80


class FileScope(StrEnum):
    """Whose file it is."""

    USER = "user"
    PROJECT = "project"
    MANAGED = "managed"
    PLUGIN = "plugin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A text of a file, and where it stands."""

    text: str
    pointer: str
    """JSON pointer (RFC 6901) in the file, of YAML and TOML too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A name and its value: of the environment, or an HTTP header."""

    name: str
    value: Value

    @property
    def capitals(self) -> str:
        """Its name, or the beginning of one that is longer than any, in capital letters."""
        return self.name[:_LONGEST_NAME].upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedServer:
    """One server of one file."""

    host: str
    """Id of the host's row in the table, such as `cursor-user`; empty where it can't be told."""
    scope: FileScope
    name: Value
    pointer: str
    """JSON pointer of the whole entry."""
    is_disabled: bool = False
    argv: tuple[Value, ...] = ()
    """Command and arguments as the file has them; empty for a remote server.  A command that is
    one string with spaces stays one element here."""
    launch: tuple[Value, ...] = ()
    """`argv` without what only wraps the program: `env`, `cmd /c`, `nice`, `op run --` …  A command
    that is one string was split.  The first element is the program."""
    wrappers: tuple[str, ...] = ()
    """Names of the wrappers that were taken off, the outermost first."""
    variables: tuple[Variable, ...] = ()
    """Environment: of the entry, and what wrappers such as `env A=b` set."""
    directory: Value | None = None
    """Working directory."""
    url: Value | None = None
    """Address of a remote server, also behind a bridge such as `mcp-remote`."""
    headers: tuple[Variable, ...] = ()
    others: Mapping[str, Json] = field(default_factory=dict)
    """Keys of the entry that none of the fields above was made of: approvals, time-outs …"""
