"""`mcpi-audit.toml`: findings that somebody accepted, each with a reason, for one entry."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts.audit_places import folders
from mcpinstall.model.audit_report import AuditFinding, Suppressed
from mcpinstall.operations.audit_files import absolute, shown
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.secrets import told_name
from mcpinstall.system import limits
from mcpinstall.system.files import exists, read_optional

FILE = "mcpi-audit.toml"
_NEEDED = ("rule", "reason")
_ENTRY = ("server", "entry")
_WHOLE = "fingerprint"
_KNOWN = {*_NEEDED, *_ENTRY, _WHOLE, "host", "expires"}


@dataclass(kw_only=True)
class Ignore:
    """One accepted finding."""

    rule: str
    server: str
    entry: str
    """Digest of the entry that was looked at; another one is another entry."""
    fingerprint: str
    """Of a finding that is about no entry but the whole file; then there is no server."""
    reason: str
    host: str
    expires: date | None
    source: str
    folder: Path | None
    """Folder whose files it may speak of; None for the user's own, which may of all."""
    used: bool = False
    lapsed: bool = False
    """It names a finding whose entry is another one now."""

    def fits(self, found: AuditFinding, context: Context) -> bool:
        """Tell whether it accepts a finding, and remember that."""
        same = self.rule in (found.rule.id, found.rule.slug)
        if not same or told_name(self.server) != found.server:
            return False
        if self.fingerprint != ("" if found.server else found.fingerprint):
            return False
        if self.host and self.host != found.host:
            return False
        file = absolute(found.location.file, context.machine)
        if self.folder is not None and not file.is_relative_to(self.folder):
            return False
        self.used = True
        self.lapsed = self.lapsed or self.entry != found.entry
        return self.entry == found.entry and not self.is_over(context)

    def is_over(self, context: Context) -> bool:
        """Tell whether its last day is past."""
        return self.expires is not None and self.expires < context.now.date()


@dataclass(slots=True)
class Ignores:
    """All of them."""

    entries: list[Ignore] = field(default_factory=list)
    _by_server: dict[str, list[Ignore]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for one in self.entries:
            self._by_server.setdefault(told_name(one.server), []).append(one)

    def of(self, found: AuditFinding, context: Context) -> Suppressed | None:
        """Return the finding with the reason for which somebody accepted it."""
        for one in self._by_server.get(found.server, ()):
            if one.fits(found, context):
                return Suppressed(finding=found, reason=one.reason, source=one.source)
        return None

    def notes(self, context: Context) -> Iterator[str]:
        """Yield sentences about those that accept nothing."""
        for one in self.entries:
            about = f"`{told_name(one.server)}`" if one.server else "a whole file"
            what = f"`{one.source}`: the suppression of {one.rule} for {about}"
            if one.is_over(context):
                yield f"{what} ended on {one.expires}"
            elif one.lapsed:
                yield f"{what} was for another entry than the one there now"
            elif not one.used:
                yield f"{what} is not needed"


def read_ignores(context: Context, ref: str | None = None) -> Ignores:
    """Return what the folders up to the repository's root, and the user, accept.

    With `ref`, what the repository accepted at that commit: whoever proposes a change to a
    repository does not accept its faults.

    Raises:
        McpInstallError: `config-invalid`, naming the file and what is wrong with it; with `ref`,
            `not-found` outside a repository, `tool-failed` without that commit.
    """
    machine = context.machine
    found: list[Ignore] = []
    if ref is None:
        for folder in folders(machine):
            found += _of_file(folder / FILE, folder, shown(folder / FILE, machine))
    else:
        found += _of_commit(ref, context)
    own = context.paths.config / FILE
    found += _of_file(own, None, shown(own, machine))
    return Ignores(found)


def _of_commit(ref: str, context: Context) -> Iterator[Ignore]:
    from mcpinstall.operations.manifest_base import Repository

    every = folders(context.machine)
    root = every[-1]
    if not exists(root / ".git"):
        raise McpInstallError(ErrorCode.NOT_FOUND, "`--ignores-from` needs a git repository here")
    repository = Repository(root, context, "`--ignores-from`")
    paths = {(folder / FILE).relative_to(root).as_posix(): folder for folder in every}
    for path, entry in repository.entries(ref, paths).items():
        name = f"{shown(paths[path] / FILE, context.machine)} at {ref}"
        if not entry.is_file or entry.size > limits.POLICY_BYTES:
            raise _invalid(name, "it is no file, or too large")
        yield from _of_bytes(repository.contents([entry.id])[entry.id], paths[path], name)


def _of_file(path: Path, folder: Path | None, name: str) -> list[Ignore]:
    data = read_optional(path, limits.POLICY_BYTES)
    return [] if data is None else _of_bytes(data, folder, name)


def _of_bytes(data: bytes, folder: Path | None, name: str) -> list[Ignore]:
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except ValueError as error:
        raise _invalid(name, str(error)) from None
    if strange := sorted(set(document) - {"ignore"}):
        raise _invalid(name, f"the key `{strange[0]}` is not known")
    entries = document.get("ignore", [])
    if not isinstance(entries, list):
        raise _invalid(name, "`ignore` is not an array of tables")
    return [_of_table(table, number, folder, name) for number, table in enumerate(entries)]


def _of_table(table: object, number: int, folder: Path | None, name: str) -> Ignore:
    where = f"`ignore[{number}]`"
    if not isinstance(table, dict):
        raise _invalid(name, f"{where} is not a table")
    if strange := sorted(set(table) - _KNOWN):
        raise _invalid(name, f"{where} has the key `{strange[0]}`, which is not known")
    texts = {key: table.get(key, "") for key in (*_NEEDED, *_ENTRY, _WHOLE, "host")}
    needed = (*_NEEDED, *((_WHOLE,) if _WHOLE in table else _ENTRY))
    for key, text in texts.items():
        if not isinstance(text, str) or (key in needed and not text.strip()):
            raise _invalid(name, f"{where} needs the text `{key}`")
    if _WHOLE in table and (texts["server"] or texts["entry"]):
        raise _invalid(name, f"{where} names a server and a whole file")
    expires = table.get("expires")
    if expires is not None and type(expires) is not date:
        raise _invalid(name, f"`expires` of {where} is not a date such as 2027-01-31")
    return Ignore(**texts, expires=expires, source=name, folder=folder)


def _invalid(name: str, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.CONFIG_INVALID,
        f"`{name}`: {why}",
        hint="it needs `rule`, `reason`, and `server` with `entry`, or `fingerprint` where the "
        "finding is about a whole file; `mcpi audit --no-ignores --verbose` says them of each",
    )
