"""From a folder of manifests to a signed TUF repository, and what its owner changes later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from securesystemslib.signer import Key
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, TargetFile, Targets

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names, registry_text, revocation, tuf_layout
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.revocation import AnyRevocation
from mcpinstall.registries import tuf_made
from mcpinstall.registries.names import newest
from mcpinstall.registries.tree import TreeRegistry
from mcpinstall.registries.tuf_repository import Repository

_ONLINE = ("snapshot", "timestamp")
_IN_BIN, _IN_BUCKET = 400, 20
"""Servers in one bin, and in one part of the search index, about."""
_MOST_BIN_DIGITS, _MOST_BUCKET_DIGITS = 2, 3
"""256 bins: every client reads their names and versions, 40 kB of `targets` and 8 of `snapshot`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Who signs for one namespace."""

    keys: tuple[Key, ...]
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a publication did."""

    state: int
    """Version of the timestamp."""
    servers: int
    signed: tuple[str, ...]
    """Roles that were signed anew."""


def publish(repository: Repository, source: TreeRegistry, facts: bytes) -> Published:
    """Publish what a folder holds; `facts` is its `registry.toml`.

    Raises:
        McpInstallError: what the checks of the folder refuse, or `input-missing` for a role whose
            keys are not at hand.
    """
    servers: dict[str, list[IndexRow]] = defaultdict(list)
    revoked = source.state.revocations
    for row in source.index():
        if not revocation.is_withdrawn(row.name, row.version, revoked):
            source.find(row.name, row.version, withdrawn=True)
        for data in source.files_of(row):
            repository.put_file(data)
        servers[row.name].append(row)
    advisories = source.advisory_bytes()
    if advisories is not None:
        repository.put_file(advisories)
    root = source.trusted_root()
    if root is not None:
        repository.put_file(root)
    return write_servers(repository, servers, facts, revoked)


def write_servers(
    repository: Repository,
    servers: Mapping[str, Sequence[IndexRow]],
    facts: bytes,
    revoked: Sequence[AnyRevocation] = (),
) -> Published:
    """Write and sign records and search index of servers whose files are in place."""
    wanted: dict[str, TargetFile] = {}
    for name, rows in servers.items():
        path = tuf_layout.record(name)
        wanted[path] = repository.put_target(path, registry_text.dump_index(rows))
    left = (revocation.not_withdrawn(rows, revoked) for rows in servers.values())
    common, buckets = _search_index([newest(rows) for rows in left if rows])
    digits = tuf_layout.digits(len(servers), _IN_BUCKET, _MOST_BUCKET_DIGITS)
    for path, found in buckets.items():
        wanted[path] = repository.put_target(path, registry_text.dump_index(found))
    target = repository.put_target(tuf_layout.FACTS, facts)
    target.unrecognized_fields["custom"] = {
        tuf_layout.FACTS_TEXT: facts.decode(),
        tuf_layout.SEARCH_DIGITS: digits,
        tuf_layout.COMMON: common,
    }
    wanted[tuf_layout.FACTS] = target
    return _write(repository, wanted, _namespaces(repository.targets()))


def renew(repository: Repository) -> Published:
    """Sign again what expires soon; snapshot and timestamp need only the keys that are online."""
    return _write(repository, _everything(repository), _namespaces(repository.targets()))


def delegate(repository: Repository, namespace: str, who: Namespace | None) -> Published:
    """Give a namespace to reviewers of its own, other keys or, with None, back to the registry."""
    names.server_name(f"{namespace}/x")
    everyone = _namespaces(repository.targets())
    everyone.pop(namespace, None)
    if who is not None:
        if not 1 <= who.threshold <= len({key.keyid for key in who.keys}):
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"`{namespace}` would need {who.threshold} signatures of {len(who.keys)} keys",
            )
        everyone[namespace] = who
    return _write(repository, _everything(repository), everyone)


def rotate(
    repository: Repository,
    role: str,
    *,
    add: Sequence[Key] = (),
    revoke: Sequence[str] = (),
    threshold: int | None = None,
) -> bytes:
    """Change the keys of `root`, `targets` or `online`; return the new root.

    Raises:
        McpInstallError: `input-invalid`, or `input-missing` for signatures of the old root or
            the new one.
    """
    root = repository.root()
    for one in _ONLINE if role == "online" else (role,):
        for key in add:
            root.signed.add_key(key, one)
        for text in revoke:
            root.signed.revoke_key(_full(text, root.signed.roles[one].keyids, role), one)
        if threshold is not None:
            root.signed.roles[one].threshold = threshold
    published = repository.targets() is not None
    if published and role != "root":  # else a root would be written that nothing else fits
        again = role == "online" or not repository.fits(root.signed)
        wanted = ("root", *_ONLINE, *(("targets",) if again else ()))
        repository.require_keys(root.signed, wanted)
    data = repository.sign_root(root)
    if published and role != "root":
        renew(repository)
    return data


def _full(text: str, keyids: Iterable[str], role: str) -> str:
    found = [keyid for keyid in keyids if len(text) >= 8 and keyid.startswith(text)]
    if len(found) != 1:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{role}` has no key `{text[:64]}`",
            hint="at least 8 characters of: " + ", ".join(sorted(key[:16] for key in keyids)),
        )
    return found[0]


def _search_index(
    rows: Sequence[IndexRow],
) -> tuple[list[str], dict[str, list[IndexRow]]]:
    """Return words that are too common, and the rows of each part of the index."""
    having: dict[str, list[IndexRow]] = defaultdict(list)
    for row in rows:
        for word in tuf_layout.row_words(row):
            having[word].append(row)
    digits = tuf_layout.digits(len(rows), _IN_BUCKET, _MOST_BUCKET_DIGITS)
    parts: dict[str, dict[str, IndexRow]] = defaultdict(dict)
    for word, found in having.items():
        if len(found) <= tuf_layout.COMMON_ROWS:
            parts[tuf_layout.bucket(word, digits)].update((row.name, row) for row in found)
    common = sorted(w for w, found in having.items() if len(found) > tuf_layout.COMMON_ROWS)
    return common, {path: list(found.values()) for path, found in parts.items()}


def _write(
    repository: Repository, wanted: Mapping[str, TargetFile], namespaces: Mapping[str, Namespace]
) -> Published:
    root = repository.root().signed
    online = root.roles["snapshot"]
    keys = [root.keys[keyid] for keyid in online.keyids]
    digits = tuf_layout.digits(len(wanted), _IN_BIN, _MOST_BIN_DIGITS)
    roles = {f"{tuf_layout.NAMESPACE}{name}": _role(name, who) for name, who in namespaces.items()}
    roles |= tuf_made.bins(keys, online.threshold, digits)
    every = {key.keyid: key for who in namespaces.values() for key in who.keys}
    delegations = Delegations(every | {key.keyid: key for key in keys}, roles)
    held = _divided(wanted, roles.values())
    top = Targets(delegations=delegations)
    versions = {"targets": repository.put_targets(
        "targets", {tuf_layout.FACTS: wanted[tuf_layout.FACTS]}, root, delegations
    )}  # fmt: skip
    for name in roles:
        versions[name] = repository.put_targets(name, held[name], top)
    return Published(
        state=repository.finish(versions),
        servers=sum(path.startswith("servers/") for path in wanted),
        signed=tuple(repository.changed),
    )


def _role(namespace: str, who: Namespace) -> DelegatedRole:
    """Return the role of a namespace; no other role is asked about its names."""
    return DelegatedRole(
        f"{tuf_layout.NAMESPACE}{namespace}",
        [key.keyid for key in who.keys],
        who.threshold,
        True,
        paths=tuf_layout.namespace_paths(namespace),
    )


def _divided(
    wanted: Mapping[str, TargetFile], roles: Iterable[DelegatedRole]
) -> dict[str, dict[str, TargetFile]]:
    """Return the targets of each delegated role: the first that is in charge of a path has it."""
    held: dict[str, dict[str, TargetFile]] = {role.name: {} for role in roles}
    spaces = [role for role in roles if role.paths is not None]
    others = {(role.path_hash_prefixes or [""])[0]: role for role in roles if role.paths is None}
    digits = len(next(iter(others)))
    for path, target in wanted.items():
        if path != tuf_layout.FACTS:
            found = next((role for role in spaces if role.is_delegated_path(path)), None)
            name = (found or others[tuf_layout.path_digits(path, digits)]).name
            held[name][path] = target
    return held


def _namespaces(targets: Metadata[Targets] | None) -> dict[str, Namespace]:
    """Return who signs for which namespace now."""
    found: dict[str, Namespace] = {}
    delegations = targets.signed.delegations if targets is not None else None
    if delegations is None or delegations.roles is None:
        return found
    for role in delegations.roles.values():
        if role.name.startswith(tuf_layout.NAMESPACE):
            keys = tuple(delegations.keys[keyid] for keyid in role.keyids)
            name = role.name.removeprefix(tuf_layout.NAMESPACE)
            found[name] = Namespace(keys=keys, threshold=role.threshold)
    return found


def _everything(repository: Repository) -> dict[str, TargetFile]:
    """Return every target of every role as it is signed now.

    Raises:
        McpInstallError: `registry-invalid` before the first publication.
    """
    top = repository.targets()
    if top is None or top.signed.delegations is None:
        raise McpInstallError(
            ErrorCode.REGISTRY_INVALID,
            f"nothing was published in `{repository.folder}` yet",
            hint="`mcpi registry publish FOLDER --from MANIFESTS --key FILE`",
        )
    wanted = dict(top.signed.targets)
    for name in top.signed.delegations.roles or {}:
        found = repository.delegated(name)
        wanted |= found.signed.targets if found else {}
    return wanted
