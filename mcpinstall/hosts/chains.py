"""Our entries in one host file as a chain of patches, so that each can be taken back exactly.

While the file has the digest that it had after our last edit, it is the base with our patches
applied in order: taking out one entry undoes the later ones, and applies them anew.  Once
someone else has changed the file, our entry is taken out where it stands, and nothing is undone
blindly.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import edits, proof
from mcpinstall.hosts.forms import ScanError
from mcpinstall.model.host import (
    AppliedEntry,
    Chain,
    HostChange,
    HostFile,
    HostRow,
    Patch,
    ServerEntry,
)

STALE = "f" * 64
"""Digest of a chain whose patches no longer apply one after the other; matches no file."""


def add(file: HostFile, chain: Chain, entry: ServerEntry, *, replace: bool = False) -> HostChange:
    """Return the change that adds an entry, or with `replace` gives the server this value.

    Raises:
        McpInstallError: As `edits.insert`.
    """
    with _naming(file):
        if replace and entry.name in chain.names:
            applied, after, whole = _exchanged(file, chain, entry)
        else:
            kept = tuple(one for one in chain.entries if one.entry.name != entry.name)
            new, after = _applied(file.content, file.row, entry, replace=replace)
            applied = (*kept, new)
            whole = not kept or _is_current(file, chain)
    return _change(file, chain, applied, after, whole=whole, warnings=_advice(file, entry))


def take_out(file: HostFile, chain: Chain, name: str) -> HostChange:
    """Return the change that takes one of our entries out of a file.

    The entry that is not in the file any more is taken out of the chain only.

    Raises:
        McpInstallError: `not-installed` when the chain has no such entry; as `edits.remove`.
    """
    if name not in chain.names:
        raise McpInstallError(
            ErrorCode.NOT_INSTALLED, f"mcpinstall has no server `{name}` in {file.row.title}"
        )
    number = chain.names.index(name)
    rest = (*chain.entries[:number], *chain.entries[number + 1 :])
    warnings: tuple[str, ...] = ()
    with _naming(file):
        undone = _undone(file, chain, number)
        if undone is None:
            after, warnings = _without(file, chain.entries[number])
            applied = rest
        else:
            later = [one.entry for one in chain.entries[number + 1 :]]
            again, after = _folded(undone.content, file.row, later)
            applied = (*chain.entries[:number], *again)
            _require_same_others(file, after, chain.names)
    return _change(file, chain, applied, after, whole=undone is not None, warnings=warnings)


def _advice(file: HostFile, entry: ServerEntry) -> tuple[str, ...]:
    """Return what a person must hear when this entry is added."""
    row = file.row
    if not (row.session_environment and any(value.reference for value in entry.env)):
        return file.notes
    session = f"{row.title} sees the variables of your desktop session, not of a shell profile"
    return (*file.notes, session)


@dataclass(frozen=True, slots=True)
class _State:
    """A file at one step of undoing."""

    content: bytes | None
    """None is a missing file."""


def _is_current(file: HostFile, chain: Chain) -> bool:
    return file.sha256 == chain.sha256


def _undone(file: HostFile, chain: Chain, number: int) -> _State | None:
    """Undo the patches from the last to `number`; None when they don't fit the file."""
    if not _is_current(file, chain):
        return None
    return _unapplied(file.content, chain.entries[number:])


def _unapplied(content: bytes | None, entries: Sequence[AppliedEntry]) -> _State | None:
    for applied in reversed(entries):
        back = applied.patch.inverse
        if content is None or not _fits(content, back):
            return None
        content = back.apply(content)
        if applied.created:
            if content:
                return None
            content = None
    return _State(content)


def _fits(content: bytes, patch: Patch) -> bool:
    return content.startswith(patch.removed, patch.offset)


def _applied(
    content: bytes | None, row: HostRow, entry: ServerEntry, *, replace: bool
) -> tuple[AppliedEntry, bytes]:
    patch = (edits.put if replace else edits.insert)(content, row, entry)
    applied = AppliedEntry(entry=entry, patch=patch, created=content is None)
    return applied, patch.apply(content or b"")


def _folded(
    content: bytes | None, row: HostRow, entries: Sequence[ServerEntry]
) -> tuple[tuple[AppliedEntry, ...], bytes | None]:
    """Apply entries one after the other; one that stood for the user's own replaces it again."""
    done: list[AppliedEntry] = []
    for entry in entries:
        applied, content = _applied(content, row, entry, replace=True)
        done.append(applied)
    return tuple(done), content


def _exchanged(
    file: HostFile, chain: Chain, entry: ServerEntry
) -> tuple[tuple[AppliedEntry, ...], bytes | None, bool]:
    """Give one of our entries a new value, in its place in the chain."""
    number = chain.names.index(entry.name)
    undone = _undone(file, chain, number)
    if undone is not None:
        later = [entry, *(one.entry for one in chain.entries[number + 1 :])]
        again, after = _folded(undone.content, file.row, later)
        _require_same_others(file, after, chain.names)
        return (*chain.entries[:number], *again), after, True
    new, content = _applied(file.content, file.row, entry, replace=True)
    # Taking it out later must not bring our own old value back: record its removal instead.
    patch = edits.remove(content, file.row, entry.name).inverse
    new = AppliedEntry(entry=entry, patch=patch, created=False)
    entries = (*chain.entries[:number], new, *chain.entries[number + 1 :])
    return entries, content, len(entries) == 1


def _without(file: HostFile, applied: AppliedEntry) -> tuple[bytes | None, tuple[str, ...]]:
    """Take an entry out of a file that others have changed since."""
    content, name = file.content, applied.entry.name
    if content is None or not edits.contains(content, file.row, name):
        return content, (f"`{name}` was not in `{file.path}` any more",)
    warnings: tuple[str, ...] = ()
    if not edits.is_entry(content, file.row, applied.entry):
        warnings = (f"`{name}` was changed since mcpinstall added it, and goes as it is now",)
    exact = _put_back(file, content, applied)
    if exact is not None:
        return exact, warnings
    return edits.remove(content, file.row, name).apply(content), warnings


def _put_back(file: HostFile, content: bytes, applied: AppliedEntry) -> bytes | None:
    """Put back what our text replaced, if that text stands once and nothing else changes."""
    ours = applied.patch.inserted
    if content.count(ours) != 1:
        return None
    after = content.replace(ours, applied.patch.removed)
    if applied.created and not after.strip():
        return None
    row, name = file.row, applied.entry.name
    drop = frozenset({name})
    try:
        same = proof.same_others(
            proof.outline_of(row, content, drop), proof.outline_of(row, after, drop)
        )
        if not same:
            return None
    except ScanError:
        return None
    return after


def _require_same_others(file: HostFile, after: bytes | None, ours: Sequence[str]) -> None:
    drop = frozenset(ours)
    with proof.collection_paused():
        one = proof.outline_of(file.row, file.content, drop)
        two = proof.outline_of(file.row, after, drop)
    if not proof.same_others(one, two):
        raise McpInstallError(
            ErrorCode.HOST_CONFIG_INVALID,
            "the result would change something else in the file",
            hint="take the entry out in an editor",
        )


def _change(
    file: HostFile,
    chain: Chain,
    applied: tuple[AppliedEntry, ...],
    after: bytes | None,
    *,
    whole: bool,
    warnings: tuple[str, ...] = (),
) -> HostChange:
    """Return the change; `whole` says that all patches of the chain apply to its base."""
    digest = hashlib.sha256(after or b"").hexdigest() if whole else STALE
    return HostChange(
        file=file,
        after=after,
        chain_before=chain,
        chain_after=Chain(row_id=file.row.id, entries=applied, sha256=digest),
        warnings=(*file.warnings, *warnings),
    )


@contextlib.contextmanager
def _naming(file: HostFile) -> Iterator[None]:
    """Name the file in an error about its content."""
    try:
        yield
    except McpInstallError as error:
        if error.code is not ErrorCode.HOST_CONFIG_INVALID:
            raise
        raise McpInstallError(
            error.code,
            f"`{file.path}`: {error.message}",
            hint=error.hint,
            evidence=error.evidence,
        ) from None
