"""MCP hosts as data, entries in their files, and edits of one span."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Format(StrEnum):
    """Syntax of a host's file."""

    JSON = "json"
    JSON_COMMENTS = "json-comments"
    JSONC = "jsonc"
    TOML = "toml"
    YAML = "yaml"


class SecretStyle(StrEnum):
    """How a host lets an entry refer to an environment variable instead of holding a value."""

    NONE = "none"
    TEMPLATE = "template"
    """In the value, by `HostRow.secret_template`."""
    NAMES = "names"
    """A list of variable names beside the values, by `EntryShape.names_key`."""


class CommandForm(StrEnum):
    """How an entry spells what is started."""

    TEXT = "text"
    """`"command": "x", "args": [...]`."""
    LIST = "list"
    """`"command": ["x"], "args": [...]` (Mistral Vibe splits a text at blanks)."""
    WHOLE = "whole"
    """`"command": ["x", ...]`, arguments and all (opencode)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryShape:
    """How a host spells the entry of a local server."""

    constants: tuple[tuple[str, str | bool], ...] = ()
    """Fields that every entry must carry, such as `type` = `stdio`; they stand first."""
    name_key: str | None = None
    """Field that repeats the server's name; in a list it is what names the server."""
    command_key: str = "command"
    command_form: CommandForm = CommandForm.TEXT
    args_key: str = "args"
    env_key: str = "env"
    names_key: str | None = None
    """Field with the names of variables that the host passes on (Codex `env_vars`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """When a host reads another file instead, so that a server written here would be inert."""

    exists: tuple[str, ...]
    """Path templates, any of which shows it ..."""
    missing: tuple[str, ...] = ()
    """... as long as none of these exists."""
    instead: str = ""
    """Product whose row has the file that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePointer:
    """A small file in which a host keeps the path of its own folder (LM Studio)."""

    file: str
    path: str
    """Path of the configuration file below that folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """One configuration file of one host product, from `hosts.toml`."""

    id: str
    """Row id, such as `codex-user`."""
    product: str
    """Row id without its scope, such as `codex`; what `--host` takes."""
    title: str
    format: Format
    scope: str
    paths: tuple[tuple[str, tuple[str, ...]], ...]
    """`linux`, `darwin`, `win32` → path templates in order of preference."""
    path_pick: str
    """`single`, `first-existing` or `ask-if-ambiguous`."""
    overrides: tuple[tuple[str, str], ...]
    """Environment variable → path template that replaces `paths` when it is set."""
    programs: tuple[str, ...]
    """Executable names whose presence on PATH proves that the host is installed."""
    applications: tuple[tuple[str, tuple[str, ...]], ...]
    """Per system: path templates of the installed application, any of which proves it."""
    servers_key: tuple[str, ...]
    secret_style: SecretStyle
    secret_template: str | None
    """`%s` stands for the variable's name: `${env:%s}`."""
    name_pattern: str
    reserved_names: tuple[str, ...]
    literal_dollar: bool
    """Whether `$` in a value is taken as it is (false: the host would expand it)."""
    rewrites_file: bool
    reload: str
    """What makes the host see a change, as an instruction to the user."""
    bom: str
    """`reject`, `tolerated-with-error` or `unknown`."""
    is_list: bool = False
    """Whether the servers are a list in which each one names itself, not a map by name."""
    entry: EntryShape = EntryShape()
    terminal_variables: tuple[str, ...] = ()
    """Environment variables that show that we run in this host's terminal."""
    managed_files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Per system: files whose presence makes a write to this row inert."""
    status: str = "active"
    """`active`, `maintenance`, `legacy`, `deprecated` or `archived`; shown unless active."""
    writable: bool = True
    """Whether mcpinstall writes the file; if not, it prints the entry."""
    why: str = ""
    """Why it is not written, as the end of a sentence."""
    paste: str = ""
    """Where a person puts the printed entry, as an instruction."""
    notes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Per system: sentences that a person must hear when the file is written."""
    expands: tuple[str, ...] = ()
    """Texts in a value that the host would expand, beside what `literal_dollar` says."""
    session_environment: bool = False
    """A desktop program: it sees the session's variables, not those of a shell profile."""
    flatpak: str | None = None
    """Application id of the Flatpak, whose configuration folder is a private one."""
    home_pointer: HomePointer | None = None
    must_exist: tuple[str, ...] = ()
    """Systems on which the file is only edited, never made: its place or the rest of it varies."""
    superseded: Superseded | None = None

    @property
    def list_field(self) -> str | None:
        """The field that names a server, where the servers are a list."""
        return self.entry.name_key if self.is_list else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentValue:
    """One environment variable of an entry."""

    name: str
    value: str | None = None
    """Literal value, or None when `reference` is set."""
    reference: str | None = None
    """Name of the user's environment variable that holds the value."""
    secret: bool = False
    """Never shown, even when the value is literal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry:
    """One STDIO server as a host is told about it."""

    name: str
    command: str
    args: tuple[str, ...]
    env: tuple[EnvironmentValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredServer:
    """A server found in a host's file."""

    name: str
    command: str | None
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFile:
    """A host's file as it was read."""

    row: HostRow
    path: Path
    """Path that the host opens."""
    target: Path
    """The same with links resolved; this one is written."""
    content: bytes | None
    """None when the file does not exist."""
    warnings: tuple[str, ...] = ()
    """Facts for the reader that are known since the reading; a change repeats them."""
    notes: tuple[str, ...] = ()
    """What a person must hear before a server is added; a removal does not repeat it."""

    @property
    def sha256(self) -> str:
        """Digest of the content; of nothing, 64 zeros."""
        import hashlib

        return "0" * 64 if self.content is None else hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Replacement of one contiguous span of bytes.

    `before[offset : offset + len(removed)] == removed` is replaced by `inserted`.
    """

    offset: int
    removed: bytes
    inserted: bytes

    def apply(self, content: bytes) -> bytes:
        """Return `content` with the span replaced; the caller knows that it matches."""
        return content[: self.offset] + self.inserted + content[self.offset + len(self.removed) :]

    @property
    def inverse(self) -> Patch:
        """The patch that takes this one back."""
        return Patch(offset=self.offset, removed=self.inserted, inserted=self.removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedEntry:
    """One of our entries in a host file: what was done, so that it can be taken back."""

    entry: ServerEntry
    patch: Patch
    created: bool
    """The file did not exist before this patch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Our entries in one host file, oldest first, and the digest after the last.

    While the file still has digest `sha256`, undoing all patches from the last to the first
    gives the bytes that stood there before mcpinstall came.
    """

    row_id: str
    entries: tuple[AppliedEntry, ...] = ()
    sha256: str = "0" * 64

    @property
    def names(self) -> tuple[str, ...]:
        """Names of our entries, oldest first."""
        return tuple(applied.entry.name for applied in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChange:
    """A proposed or applied change of one host file."""

    file: HostFile
    """As read; its digest is compared again before the write."""
    after: bytes | None
    """Content after the change; None removes the file (which we had created)."""
    chain_before: Chain
    chain_after: Chain
    warnings: tuple[str, ...] = field(default=())
    """Facts for the reader: a BOM that stays, a link, managed settings."""
