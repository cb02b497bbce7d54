"""What a staged change would change, in words, for whoever is asked to sign it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tuf.api.metadata import DelegatedRole, Role, Root, TargetFile, Targets

from mcpinstall.model import registry_text, tuf_layout
from mcpinstall.registries.tuf_repository import Repository
from mcpinstall.registries.tuf_staging import Staged, StagedRole

_SERVERS = "servers/"
_KEY = 16  # characters of a key's id


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """One role that waits, as its signers see it."""

    role: str
    version: int
    signed: tuple[str, ...]
    """Ids of keys that signed it."""
    threshold: int
    keys: tuple[str, ...]
    """Ids of the keys that may."""
    lines: tuple[str, ...]
    """What changes; it may hold text from outside."""


def changes(repository: Repository, staged: Staged) -> tuple[RoleChange, ...]:
    """Return what each waiting role changes; bins that stay as they are are left out.

    Raises:
        McpInstallError: `file-unreadable` or `digest-mismatch` for a record that is not there.
    """
    found = [_change(repository, one) for one in (*staged.roles, *staged.bins)]
    return tuple(one for one in found if one.lines or not one.role.startswith(tuf_layout.BINS))


def _change(repository: Repository, one: StagedRole) -> RoleChange:
    after, before = one.signed.signed, one.before
    if isinstance(after, Root):
        lines = list(_root(before if isinstance(before, Root) else None, after))
    else:
        lines = list(_targets(repository, before if isinstance(before, Targets) else None, after))
    return RoleChange(
        role=one.name,
        version=after.version,
        signed=tuple(sorted(one.signed.signatures)),
        threshold=max(judge.get_delegated_role(one.name).threshold for judge in one.judges),
        keys=tuple(sorted(one.keys)),
        lines=tuple(lines),
    )


def _root(before: Root | None, after: Root) -> Iterator[str]:
    for name, role in after.roles.items():
        yield from _holders(name, before.roles[name] if before else None, role)


def _holders(name: str, before: Role | None, after: Role | None) -> Iterator[str]:
    old, new = (list(one.keyids) if one else [] for one in (before, after))
    if after is not None and (before is None or before.threshold != after.threshold):
        was = f" (was {before.threshold} of {len(old)})" if before else ""
        yield f"{name}: {after.threshold} of {len(new)} keys must sign{was}"
    for word, keys, others in (("gets", new, old), ("loses", old, new)):
        for key in keys:
            if key not in others:
                yield f"{name} {word} the key {key[:_KEY]}"


def _targets(repository: Repository, before: Targets | None, after: Targets) -> Iterator[str]:
    old = before.targets if before else {}
    yield from _namespaces(before, after)
    facts = [one.get(tuf_layout.FACTS) for one in (old, after.targets)]
    yield from _facts(*facts)
    changed = [
        path for path in sorted({*old, *after.targets}) if old.get(path) != after.targets.get(path)
    ]
    for path in changed:
        if path.startswith(_SERVERS):
            yield _record(repository, path, old.get(path), after.targets.get(path))
    words = sum(path.startswith("words/") for path in changed)
    if words:
        yield f"search index: {words} parts change"


def _namespaces(before: Targets | None, after: Targets) -> Iterator[str]:
    old, new = _spaces(before), _spaces(after)
    for name in sorted({*old, *new}):
        if name not in new:
            yield f"namespace {name.removeprefix(tuf_layout.NAMESPACE)} goes back to the registry"
        else:
            said = f"namespace {name.removeprefix(tuf_layout.NAMESPACE)}"
            yield from _holders(said, old.get(name), new[name])


def _spaces(targets: Targets | None) -> dict[str, DelegatedRole]:
    delegations = targets.delegations if targets else None
    roles = (delegations.roles or {}) if delegations else {}
    return {name: one for name, one in roles.items() if name.startswith(tuf_layout.NAMESPACE)}


def _facts(before: TargetFile | None, after: TargetFile | None) -> Iterator[str]:
    texts = [str((one.custom or {}).get(tuf_layout.FACTS_TEXT, "")) if one else ""
             for one in (before, after)]  # fmt: skip
    old, new = (text.splitlines() for text in texts)
    for line in difflib.ndiff(old, new):
        if line.startswith(("+ ", "- ")) and line[2:].strip():
            yield f"registry.toml {line}"


def _record(
    repository: Repository, path: str, before: TargetFile | None, after: TargetFile | None
) -> str:
    name = path.removeprefix(_SERVERS).removesuffix(".toml")
    old = _versions(repository, before)
    if after is None:
        return f"{name} goes: {_listed(old)}"
    new = _versions(repository, after)
    told = [
        f"{version} {'added' if version not in old else 'CHANGED'} (sha256:{sha256})"
        for version, sha256 in new.items() if old.get(version) != sha256
    ]  # fmt: skip
    told += [f"{version} goes" for version in old if version not in new]
    return f"{name}: {'; '.join(told) or 'title or summary changes'}"


def _versions(repository: Repository, target: TargetFile | None) -> dict[str, str]:
    if target is None:
        return {}
    rows = registry_text.parse_index(repository.target(target), target.path)
    return {row.version: row.sha256 for row in rows}


def _listed(versions: Iterable[str]) -> str:
    return ", ".join(versions)
