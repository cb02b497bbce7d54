"""From what the user typed to one server: full name, alias, `NAME@VERSION`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names
from mcpinstall.model.registry import IndexRow, ReviewedServer, ReviewState
from mcpinstall.registries.tree import Registry

if TYPE_CHECKING:
    from packaging.version import Version

_ADDRESSES = ("http", "https")
_LATER = ("mcp", "pypi", "npm", "mcpb", "remote", "oci", "docker", "http", "https", "file")
"""Prefixes of sources that nobody reviewed; they come with later versions."""


def resolve(
    spec: str, registries: Sequence[Registry], *, withdrawn: bool = False
) -> ReviewedServer:
    """Return the one server that `spec` means.

    Registries that vouch for their servers come alone: a name never falls through to one that
    does not (dependency confusion).  In them a full name is looked for first, then an alias,
    then the last part of a full name.  Only with `withdrawn` it may be one that was revoked.

    Raises:
        McpInstallError: `not-found`, `name-ambiguous`, `name-invalid`, `not-supported-yet`,
            and what `Registry.find` raises.
    """
    _refuse_prefix(spec)
    name, _, version = spec.partition("@")
    if not name and "/" in version:
        raise McpInstallError(
            ErrorCode.NOT_SUPPORTED_YET,
            f"`{spec[:200]}` is the name of an npm package, which can't be installed yet",
            hint="`mcpi search` lists all servers that were reviewed",
        )
    if not name:
        raise McpInstallError(
            ErrorCode.NAME_INVALID,
            "the name of a server is missing",
            hint="`mcpi search` lists all of them",
        )
    if "@" in spec:
        names.version(version)
    trusted = [item for item in registries if item.state.review is ReviewState.CERTIFIED]
    searched = trusted or list(registries)
    found = _matches(name, searched)
    if not found:
        raise _not_found(name, searched)
    if len(found) > 1:
        raise McpInstallError(
            ErrorCode.NAME_AMBIGUOUS,
            f"`{name}` can mean {len(found)} servers",
            hint="write the full name: " + ", ".join(f"`{full}`" for _, full in found),
        )
    registry, full = found[0]
    return registry.find(full, version or None, withdrawn=withdrawn)


def newest(rows: Sequence[IndexRow]) -> IndexRow:
    """Return the row with the newest version: releases by PEP 440, others before them."""
    return max(rows, key=lambda row: order(row.version))


def order(version: str) -> tuple[bool, bool, Version, str]:
    """Return what versions are sorted by: releases by PEP 440, pre-releases and others before."""
    from packaging.version import InvalidVersion, Version

    try:
        found = Version(version)
    except InvalidVersion:
        return (False, False, Version("0"), version)
    return (True, not found.is_prerelease, found, version)


def is_newer(version: str, than: str) -> bool:
    """Tell whether one version comes after another; a pre-release only after a pre-release."""
    after, before = order(version), order(than)
    if not (after[0] and before[0]):
        return after > before
    return after[2] > before[2] and (after[1] or not before[1])


def _refuse_prefix(spec: str) -> None:
    prefix, colon, rest = spec.partition(":")
    if colon and prefix.lower() in _LATER:
        if prefix.lower() in _ADDRESSES:
            raise McpInstallError(
                ErrorCode.USAGE,
                "an address alone does not say what is there",
                hint=f"a server that runs there is `remote:{prefix.lower()}:{rest}`",
            )
        word = rest.strip("/").rsplit("/", 1)[-1] or "TEXT"
        raise McpInstallError(
            ErrorCode.NOT_SUPPORTED_YET,
            f"`{prefix}:` names a source without reviews, which is not supported yet",
            hint=f"`mcpi search {word}` shows what was reviewed; a package of your Python index "
            "is `pypi:NAME`",
        )


def _matches(name: str, registries: Sequence[Registry]) -> list[tuple[Registry, str]]:
    """Return the servers that `name` can mean, by the first way of naming that finds any."""
    for way in (_by_full_name, _by_alias, _by_last_part):
        found = [(item, full) for item in registries for full in sorted(way(item, name))]
        if found:
            return found
    return []


def _by_full_name(registry: Registry, name: str) -> set[str]:
    return {row.name for row in registry.rows_of(name)}


def _by_alias(registry: Registry, name: str) -> set[str]:
    return {full for alias, full in registry.state.aliases if alias == name}


def _by_last_part(registry: Registry, name: str) -> set[str]:
    return {row.name for row in registry.index() if row.name.split("/")[1] == name}


def _not_found(name: str, registries: Sequence[Registry]) -> McpInstallError:
    known = {alias for item in registries for alias, _ in item.state.aliases}
    known |= {row.name for item in registries for row in item.index()}
    known |= {row.name.split("/")[1] for item in registries for row in item.index()}
    near = difflib.get_close_matches(name[:100], sorted(known), n=3, cutoff=0.6)
    return McpInstallError(
        ErrorCode.NOT_FOUND,
        f"no reviewed server is named `{name[:200]}`",
        hint=f"did you mean {' or '.join(f'`{item}`' for item in near)}?"
        if near
        else "`mcpi search TEXT` looks through all of them",
    )
