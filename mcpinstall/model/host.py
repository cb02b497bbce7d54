"""MCP hosts as data, entries in their files, and edits of one span."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mcpinstall.model.adoption import KeptFields


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


class SecretPlace(StrEnum):
    """How a secret reaches a server, in the order of preference (design §9)."""

    HOST = "host"
    """The host asks for it, or has it, and keeps it where it keeps secrets."""
    KEYRING = "keyring"
    """In the keyring of the system; `mcpi run` takes it from there."""
    VARIABLE = "variable"
    """In an environment variable of the user, to which the entry refers."""
    CLEAR = "clear"
    """In the host's file, in clear text."""


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
class RemoteShape:
    """How a host spells the entry of a remote server; getting it wrong fails silently."""

    http: tuple[tuple[str, str | bool], ...] | None = None
    """Fields that choose streamable HTTP; None where the host is not known to speak it."""
    sse: tuple[tuple[str, str | bool], ...] | None = None
    """Fields that choose SSE."""
    url_key: str = "url"
    sse_url_key: str = "url"
    older_url_keys: tuple[str, ...] = ()  # held the address before; still followed, and first
    headers_key: tuple[str, ...] = ("headers",)
    """Way to the headers inside the entry; empty where it can have none."""
    name_key: str | None = None
    """Field with the server's name, where it is another one than that of a local server."""
    template: str | None = None
    """How a header's text names a variable, `%s` in its place."""
    names_key: str | None = None
    """Field with the variables that `template` may name."""
    bearer_key: str | None = None
    """Field with the variable that holds the bearer token."""
    variables_key: str | None = None
    """Field with headers whose whole text is in a variable: name → variable."""
    auth_key: str | None = None
    """Field with a table that makes one header of a variable: `auth`."""
    auth: tuple[tuple[str, str], ...] = ()
    """Its fields; `{variable}`, `{header}` and `{text}`, which holds `{token}`, are filled in."""
    why: str = ""
    """Why no remote server can be written, as the end of a sentence."""
    instead: str = ""
    """What a person does instead, as an instruction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretInputs:
    """How a host asks for a secret and keeps it."""

    template: str | None = None
    """How a value names an input, `%s` in its place: `${input:%s}`.  None where the host looks
    a variable of that name up in a store of its own (`SecretStyle.NAMES`)."""
    key: str | None = None
    """Field of the file with the list of inputs."""
    note: str = ""
    """What the person does so that the host has the secret, as the end of a sentence."""


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
    remote: RemoteShape = RemoteShape(http=(), sse=())
    terminal_variables: tuple[str, ...] = ()
    """Environment variables that show that we run in this host's terminal."""
    managed_files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Per system: files whose presence makes a write to this row inert."""
    settings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Per system: files of the host that hold no servers, but decide what may run."""
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
    secret_inputs: SecretInputs | None = None
    """The host's own place for secrets, where it has one."""
    merges: bool = False
    """The host reads all its files at once, not only the first that exists."""
    precedence: tuple[str, ...] = ()
    """Scopes of one product, the winner first, where two have a server of one name."""
    unread: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Per system: files that are taken for this one, and that the host does not read."""
    successor: str = ""
    """Product whose file took the place of this one."""
    lock_folder: bool = False
    """The host locks its file by a folder of the same name with `.lock` behind it."""
    refused_variables: tuple[str, ...] = ()
    """Environment variables that the host refuses in an entry, in any case."""
    capital_variables: bool = False
    """The host looks a variable that an entry refers to up in capital letters."""
    switch_off: tuple[str, bool] | None = None
    """Field of an entry, and its value, by which the host does not start it."""

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
    prefix: str = ""
    """Text before a referenced value, such as `Bearer `."""
    suffix: str = ""
    """Text behind one."""
    input_name: str = ""
    """Input that a secret is asked for by, where that has another name than the variable."""
    place: SecretPlace | None = None
    """How a secret reaches the server; None while that is not decided for a host."""

    @property
    def asked(self) -> str:
        """Name of the input that the user gives."""
        return self.input_name or self.name

    @property
    def is_whole(self) -> bool:
        """Nothing stands before or behind the secret."""
        return not (self.prefix or self.suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A server that runs elsewhere, as a host is told about it."""

    transport: str
    """`streamable-http` or `sse`."""
    url: str
    """Whole address: https, or http to this machine; no credentials in it."""
    headers: tuple[EnvironmentValue, ...] = ()
    """HTTP headers that the host sends with every request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry:
    """One server as a host is told about it: a program that it starts, or a remote one."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: tuple[EnvironmentValue, ...] = ()
    remote: Remote | None = None  # with it, command, arguments and environment are empty
    keeps: KeptFields | None = None
    """Set for one that was adopted: only command, arguments and `env` are written, in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredServer:
    """A server found in a host's file."""

    name: str
    command: str | None
    args: tuple[str, ...]
    url: str | None = None
    """Address of a remote server."""


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
    """What a person must hear before a server is added, not when it is removed."""
    named: bool = False
    """The person chose this file of several, or we wrote to it before: no rule picked it."""

    @property
    def sha256(self) -> str:
        """Digest of the content; of nothing, 64 zeros."""
        import hashlib

        return "0" * 64 if self.content is None else hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Replacement of one span: `before[offset : offset + len(removed)] == removed`."""

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


BOM = b"\xef\xbb\xbf"
"""The byte-order mark of UTF-8."""
WITHOUT_MARK = Patch(offset=0, removed=BOM, inserted=b"")
"""Takes a byte-order mark off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedEntry:
    """One of our entries in a host file: what was done, so that it can be taken back."""

    entry: ServerEntry
    patch: Patch
    created: bool  # the file did not exist before this patch
    inputs: tuple[Patch, ...] = ()
    """Patches of the host's list of inputs, each applied before `patch`."""
    stripped: bool = False
    """Before all of these, a byte-order mark was taken off."""
    fields: tuple[Patch, ...] = ()
    """Of an adopted entry: patches of its other fields, applied before `patch`."""

    @property
    def own(self) -> tuple[Patch, ...]:
        """Patches of the entry."""
        return (*self.fields, self.patch)

    @property
    def patches(self) -> tuple[Patch, ...]:
        """All patches in the order in which they were applied."""
        return (*((WITHOUT_MARK,) if self.stripped else ()), *self.inputs, *self.own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Our entries in one host file, oldest first, and the digest after the last.

    While the file still has it, undoing all patches, the last first, gives the bytes of before.
    """

    row_id: str
    entries: tuple[AppliedEntry, ...] = ()
    sha256: str = "0" * 64
    path_sha256: str = ""
    """Digest of the path written to: of several files of a host, this is ours."""

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
    warnings: tuple[str, ...] = ()
    """Facts for the reader: a BOM that stays, a link, managed settings."""
