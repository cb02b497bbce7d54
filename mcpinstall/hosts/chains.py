"""Our entries in one host file as a chain of patches, so that each can be taken back exactly.

While the file has the digest that it had after our last edit, it is the base with our patches
applied in order: taking out one entry undoes the later ones, and applies them anew.  Once
someone else has changed the file, our entry is taken out where it stands, and nothing is undone
blindly.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import adopting, edits, inputs, proof, secret_text
from mcpinstall.hosts.forms import ScanError
from mcpinstall.hosts.paths import path_digest
from mcpinstall.model.host import (
    BOM,
    WITHOUT_MARK,
    AppliedEntry,
    Chain,
    Format,
    HostChange,
    HostFile,
    HostRow,
    Patch,
    ServerEntry,
)

STALE = "f" * 64
"""Digest of a chain whose patches no longer apply one after the other; matches no file."""


def add(
    file: HostFile,
    chain: Chain,
    entry: ServerEntry,
    *,
    replace: bool = False,
    strip_bom: bool = False,
) -> HostChange:
    """Return the change that adds an entry, or with `replace` gives the server this value.

    With `strip_bom`, a byte-order mark goes with it where the host does not take one.

    Raises:
        McpInstallError: As `edits.insert`.
    """
    strip = strip_bom and file.row.bom != "unknown"
    with _naming(file):
        if replace and entry.name in chain.names:
            applied, after, whole = _exchanged(file, chain, entry, strip=strip)
        else:
            kept = tuple(one for one in chain.entries if one.entry.name != entry.name)
            new, after = _applied(file.content, file.row, entry, replace=replace, strip=strip)
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
            strip = any(one.stripped for one in chain.entries[number:])
            again, after = _folded(undone.content, file.row, later, strip=strip)
            applied = (*chain.entries[:number], *again)
            _require_same_others(file, after, chain.names)
    return _change(file, chain, applied, after, whole=undone is not None, warnings=warnings)


def _advice(file: HostFile, entry: ServerEntry) -> tuple[str, ...]:
    """Return what a person must hear when this entry is added."""
    row = file.row
    notes = (*file.notes, *_mixed(file))
    values = (*entry.env, *(entry.remote.headers if entry.remote else ()))
    if not (row.session_environment and any(value.reference for value in values)):
        return notes
    session = f"{row.title} sees the variables of your desktop session, not of a shell profile"
    return (*notes, session)


def _mixed(file: HostFile) -> tuple[str, ...]:
    """Return which servers have a command and an address: Codex refuses a file with one of them."""
    row = file.row
    if row.format is not Format.TOML or b"url" not in (file.content or b""):
        return ()
    servers = edits.servers(file.content or b"", row).items()
    started = row.entry.command_key
    wrong = [n for n, one in servers if isinstance(one, dict) and started in one and "url" in one]
    return tuple(
        f"`{name}` has both a command and a `url`; {row.title} may refuse the whole file for that"
        for name in wrong
    )


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
        for patch in reversed(applied.patches):
            back = patch.inverse
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
    content: bytes | None,
    row: HostRow,
    entry: ServerEntry,
    *,
    replace: bool,
    strip: bool = False,
    have: Collection[str] = (),
) -> tuple[AppliedEntry, bytes]:
    stripped = strip and content is not None and content.startswith(BOM)
    if stripped:
        content = _patched(content, [WITHOUT_MARK])
    asked = inputs.put(content, row, entry, have)
    before = _patched(content, asked)
    if entry.keeps is not None and before and edits.contains(before, row, entry.name):
        *others, patch = adopting.patches(before, row, entry)
        applied = AppliedEntry(
            entry=entry, patch=patch, created=False, inputs=asked, stripped=stripped,
            fields=tuple(others),
        )  # fmt: skip
        return applied, _patched(before, applied.own) or b""
    patch = (edits.put if replace else edits.insert)(before, row, entry)
    applied = AppliedEntry(entry=entry, patch=patch, created=content is None, inputs=asked)
    applied = dataclasses.replace(applied, stripped=stripped)
    return applied, patch.apply(before or b"")


def _patched(content: bytes | None, patches: Sequence[Patch]) -> bytes | None:
    for patch in patches:
        content = patch.apply(content or b"")
    return content


def _folded(
    content: bytes | None, row: HostRow, entries: Sequence[ServerEntry], *, strip: bool
) -> tuple[tuple[AppliedEntry, ...], bytes | None]:
    """Apply entries one after the other; one that stood for the user's own replaces it again."""
    done: list[AppliedEntry] = []
    for entry in entries:
        applied, content = _applied(content, row, entry, replace=True, strip=strip)
        done.append(applied)
    return tuple(done), content


def _exchanged(
    file: HostFile, chain: Chain, entry: ServerEntry, *, strip: bool
) -> tuple[tuple[AppliedEntry, ...], bytes | None, bool]:
    """Give one of our entries a new value, in its place in the chain."""
    number = chain.names.index(entry.name)
    undone = _undone(file, chain, number)
    if undone is not None:
        later = [entry, *(one.entry for one in chain.entries[number + 1 :])]
        strip = strip or any(one.stripped for one in chain.entries[number:])
        again, after = _folded(undone.content, file.row, later, strip=strip)
        _require_same_others(file, after, chain.names)
        return (*chain.entries[:number], *again), after, True
    row, old = file.row, secret_text.inputs(file.row, chain.entries[number].entry).keys()
    needed = secret_text.inputs(row, entry).keys()
    content = file.content
    if content and entry.keeps is not None and edits.contains(content, row, entry.name):
        content = adopting.without_addresses(content, row, entry)
    new, content = _applied(content, row, entry, replace=True, strip=strip, have=old & needed)
    stale, _ = inputs.remove(content, row, chain.entries[number].entry, keep=needed)
    content = _patched(content, stale) or b""
    if entry.keeps is not None:
        new = adopting.first_value(content, row, chain.entries[number], new)
        entries = (*chain.entries[:number], new, *chain.entries[number + 1 :])
        return entries, content, len(entries) == 1 and _goes_back(content, row, new)
    # Taking it out later must not bring our own old value back: record its removal instead.
    gone = edits.remove(content, file.row, entry.name)
    asked, _ = inputs.remove(gone.apply(content), file.row, entry)
    back = tuple(patch.inverse for patch in reversed(asked))
    new = AppliedEntry(entry=entry, patch=gone.inverse, created=False, inputs=back)
    entries = (*chain.entries[:number], new, *chain.entries[number + 1 :])
    return entries, content, len(entries) == 1


def _goes_back(content: bytes, row: HostRow, applied: AppliedEntry) -> bool:
    """Tell whether an adopted entry's patches, undone, give what its user's entry started at first.

    Those of a file that its host has written anew since are made of texts of two layouts.
    """
    state = _unapplied(content, (applied,))
    if state is None or state.content is None:
        return False
    drop = frozenset({applied.entry.name})
    try:
        one, two = (proof.outline_of(row, each, drop) for each in (content, state.content))
    except ScanError:
        return False
    return proof.same_others(one, two) and adopting.is_given_back(state.content, row, applied)


def _without(file: HostFile, applied: AppliedEntry) -> tuple[bytes | None, tuple[str, ...]]:
    """Take an entry out of a file that others have changed since."""
    content, name = file.content, applied.entry.name
    if content is None or not edits.contains(content, file.row, name):
        left, notes = _without_inputs(content, file.row, applied)
        return left, (f"`{name}` was not in `{file.path}` any more", *notes)
    warnings: tuple[str, ...] = ()
    if adopting.is_users(content, file.row, applied.entry):
        left, notes = _without_inputs(content, file.row, applied)
        return left, (f"`{name}` in `{file.path}` starts another program by now; it stays", *notes)
    if not _is_entry(content, file.row, applied.entry):
        warnings = (f"`{name}` was changed since mcpinstall added it, and goes as it is now",)
    exact: bytes | None = content
    for patch in reversed(applied.own):
        exact = None if exact is None else _put_back(file.row, exact, patch, name)
    if exact is not None and not adopting.is_given_back(exact, file.row, applied):
        exact = None
    if exact is None and (exact := adopting.given_back(content, file.row, applied)) is not None:
        warnings = (f"only command and arguments of `{name}` go back: its file was written anew",)
    if exact is None or (applied.created and not exact.strip()):
        exact = edits.remove(content, file.row, name).apply(content)
    left, notes = _without_inputs(exact, file.row, applied)
    return left, (*warnings, *notes)


def _is_entry(content: bytes, row: HostRow, entry: ServerEntry) -> bool:
    if entry.keeps is not None:
        return adopting.is_same(content, row, entry)
    return edits.is_entry(content, row, entry)


def _without_inputs(
    content: bytes | None, row: HostRow, applied: AppliedEntry
) -> tuple[bytes | None, tuple[str, ...]]:
    """Take the inputs of one of our entries, which is gone itself, out of a file."""
    own = secret_text.inputs_row(row)
    if content is None or own is None or not applied.inputs:
        return content, ()
    for patch in reversed(applied.inputs):
        for identifier in secret_text.inputs(row, applied.entry):
            exact = _put_back(own, content, patch, identifier)
            if exact is not None and f"input:{identifier}}}".encode() not in exact:
                content = exact if identifier.encode() not in exact else content
    patches, notes = inputs.remove(content, row, applied.entry)
    return _patched(content, patches), notes


def _put_back(row: HostRow, content: bytes, patch: Patch, name: str) -> bytes | None:
    """Put back what our text replaced, if that text stands once and nothing else changes."""
    ours = patch.inserted
    if content.count(ours) != 1:
        return None
    after = content.replace(ours, patch.removed)
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
        chain_after=Chain(
            row_id=file.row.id,
            entries=applied,
            sha256=digest,
            path_sha256=path_digest(file.target),
        ),
        warnings=(*file.warnings, *_mark(file, after), *warnings),
    )


def _mark(file: HostFile, after: bytes | None) -> tuple[str, ...]:
    """Return what becomes of a byte-order mark, and what the host makes of one."""
    row, before = file.row, file.content or b""
    if not before.startswith(BOM) or row.bom == "unknown" or after is None:
        return ()
    if not after.startswith(BOM):
        return (f"the byte-order mark at the beginning of `{file.path}` goes",)
    does = "rejects such a file" if row.bom == "reject" else "reports an error for it"
    fact = f"`{file.path}` begins with a byte-order mark, which stays; {row.title} {does}"
    return (f"{fact}; `--strip-bom` takes it off",)


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
