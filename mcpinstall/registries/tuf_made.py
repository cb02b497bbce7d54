"""Whether a role is as `mcpi registry` makes it: then what its signers are shown is all it does.

TUF lets a role say more than a screen of changes tells: a key under the id of another, a
namespace's role in charge of everything, records that somebody else may sign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, Root, Targets

from mcpinstall.errors import McpInstallError
from mcpinstall.model import json_text, tuf_layout

_MOST_DIGITS = 4  # of bins


def bins(online: Sequence[Key], threshold: int, digits: int) -> dict[str, DelegatedRole]:
    """Return the roles that hold everything outside the namespaces of others."""
    prefixes = [f"{number:0{digits}x}" for number in range(16**digits)] if digits else []
    keyids = [key.keyid for key in online]
    return {
        f"{tuf_layout.BINS}{prefix}": DelegatedRole(
            f"{tuf_layout.BINS}{prefix}", keyids, threshold, True, path_hash_prefixes=[prefix]
        )
        for prefix in prefixes or [""]
    }


def parsed(data: bytes) -> Metadata[Any]:
    """Return a role of an owner's folder, of which every part can be used.

    Raises:
        RepositoryError: for what is no metadata, can't be signed, or names a key that it has not.
    """
    try:
        json_text.parse(data, "role")
    except McpInstallError as error:
        raise RepositoryError(error.message) from None
    found: Metadata[Any] = Metadata.from_bytes(data)
    _ = found.signed_bytes  # numbers and texts that have no canonical form
    role = found.signed
    delegations: Root | Delegations | None = role if isinstance(role, Root) else None
    if isinstance(role, Targets):
        delegations = role.delegations
    for one in (delegations.roles or {}).values() if delegations else ():
        if delegations and not set(one.keyids) <= delegations.keys.keys():
            message = "a role is signed by a key that is not in it"
            raise RepositoryError(message)
    return found


def fault(name: str, role: Root | Targets, root: Root, latest: datetime) -> str:
    """Return what in a role nobody would be shown, or nothing.

    Args:
        name: of the role.
        role: as it waits for signatures.
        root: in force once the change is live.
        latest: by when the role has to expire.
    """
    if role.expires > latest:
        return f"`{name}` would be good until {role.expires:%Y-%m-%d}"
    if isinstance(role, Root):
        return _of_root(role)
    if name == "targets":
        return _of_targets(role, root)
    return f"`{name}` gives names to others" if role.delegations is not None else ""


def _of_root(root: Root) -> str:
    if not root.consistent_snapshot:
        return "its files would have no digest in their names"
    return _of_keys(root.keys.values())


def _of_targets(targets: Targets, root: Root) -> str:
    if set(targets.targets) - {tuf_layout.FACTS}:
        return "`targets` lists more than the facts of the registry"
    delegations = targets.delegations
    if delegations is None:
        return ""
    roles = list((delegations.roles or {}).values())
    spaces = [one for one in roles if one.name.startswith(tuf_layout.NAMESPACE)]
    if any(one.to_dict() != _space(one).to_dict() for one in spaces):
        return "a namespace would be in charge of other names than its own"
    if roles[: len(spaces)] != spaces or not _are_bins(roles[len(spaces) :], root):
        return "other roles are in charge of names than namespaces and the registry's own"
    return _of_keys(delegations.keys.values())


def _space(role: DelegatedRole) -> DelegatedRole:
    paths = tuf_layout.namespace_paths(role.name.removeprefix(tuf_layout.NAMESPACE))
    return DelegatedRole(role.name, role.keyids, role.threshold, True, paths=paths)


def _are_bins(roles: list[DelegatedRole], root: Root) -> bool:
    online = root.roles["snapshot"]
    keys = [root.keys[keyid] for keyid in online.keyids]
    found = [one.to_dict() for one in roles]
    for digits in range(_MOST_DIGITS):
        made = bins(keys, online.threshold, digits)
        if len(made) == len(roles):
            return found == [one.to_dict() for one in made.values()]
    return False


def _of_keys(keys: Iterable[Key]) -> str:
    """Compare each key with its id, which is all that people see of it."""
    for key in keys:
        text = {"keytype": key.keytype, "scheme": key.scheme, "keyval": key.keyval}
        if hashlib.sha256((encode_canonical(text) or "").encode()).hexdigest() != key.keyid:
            return f"the key `{key.keyid[:16]}` is another one than its id says"
    return ""
