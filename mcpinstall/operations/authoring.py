"""Make what a manifest pins: the lock, the accepted hooks, the tool list, the digests.

From a draft, which a person wrote, to the files that a person reviews.  Every step can be
repeated by somebody else and gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import (
    advisory_text,
    lock_text,
    manifest_text,
    provenance_text,
    registry_text,
    server_text,
    tool_text,
)
from mcpinstall.model.lock import NO_LOCK, Lock
from mcpinstall.model.lock_authoring import MadeWith
from mcpinstall.model.manifest import Hook, Manifest
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.tools import ToolList
from mcpinstall.operations import authoring_folders, authoring_inspection, authoring_locking
from mcpinstall.operations.authoring_locking import Wanted
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits

LIMITS = {
    "attestations.json": limits.ATTESTATIONS_BYTES,
    "manifest.toml": limits.MANIFEST_BYTES,
    "pylock.toml": limits.LOCK_BYTES,
    "server.json": limits.SERVER_JSON_BYTES,
    "tools.json": limits.TOOLS_BYTES,
}
"""Bytes of each file of a version that are read."""

_PARSERS: Mapping[str, Callable[[bytes, str], object]] = {
    "attestations.json": provenance_text.parse_carried,
    "manifest.toml": lambda data, name: manifest_text.parse(data, name, draft=True),
    "pylock.toml": lock_text.parse,
    "server.json": server_text.parse,
    "tools.json": tool_text.parse_tools,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person decides about a server; the rest is made from it."""

    manifest: Manifest
    """Without files and hooks."""
    server: bytes
    """`server.json`."""
    constraints: tuple[str, ...] = ()
    """Requirements that hold a package back, such as where it has no wheel for a platform."""
    exclude_newer: str = ""
    """Time, RFC 3339: no file was published after it (at least 7 days before the review).
    Constraints and time are those of the lock: nothing where there is no package."""
    reasons: tuple[tuple[str, str, str], ...] = ()
    """Package, member and reason of every start-up hook or program that is accepted."""


def lock(draft: Draft, context: Context) -> Lock:
    """Resolve the whole closure for all platforms of a draft; every one must be covered.

    A draft of a server that is only used where it runs has no lock.

    Raises:
        McpInstallError: `tool-failed`, or `lock-invalid` naming packages without a wheel.
    """
    package = draft.manifest.package
    if package is None:
        return NO_LOCK
    wanted = Wanted(
        identifier=package.identifier,
        version=package.version,
        platforms=package.platforms,
        requires_python=package.requires_python,
        made_with=MadeWith(constraints=draft.constraints, exclude_newer=draft.exclude_newer),
    )
    return authoring_locking.locked(authoring_locking.resolve(wanted, context), wanted)


def hooks(draft: Draft, locked: Lock, context: Context) -> tuple[Hook, ...]:
    """Fetch and inspect every wheel of every platform; return what has to be accepted.

    Raises:
        McpInstallError: `archive-refused`, or `manifest-invalid` for a hook without a reason.
    """
    reasons = {(package, member): reason for package, member, reason in draft.reasons}
    return accepted(
        tuple(
            with_reason(hook, one.artifact.package, reasons)
            for one in authoring_inspection.examined(locked, context)
            for hook in one.hooks
        )
    )


def accepted(hooks_: Sequence[Hook]) -> tuple[Hook, ...]:
    """Return hooks in the order of a manifest."""
    return tuple(sorted(hooks_, key=lambda hook: (hook.wheel, hook.member)))


def texts(
    draft: Draft, locked: Lock, hooks_: Sequence[Hook], tools: ToolList, attestations: bytes = b""
) -> dict[str, bytes]:
    """Return the files of a server by name, each checked.

    They are at most five: without a package there is no lock, and tools that nobody saw, or
    attestations that nobody made, are in no file.

    Raises:
        McpInstallError: The refusal of a parser.
    """
    found = {"server.json": draft.server}
    found |= {"pylock.toml": locked.text} if draft.manifest.package else {}
    found |= {"tools.json": tools.text} if tools.known else {}
    found |= {"attestations.json": attestations} if attestations else {}
    digests = tuple(
        (name, hashlib.sha256(data).hexdigest()) for name, data in sorted(found.items())
    )
    described = replace(draft.manifest, files=digests, hooks=tuple(hooks_))
    found["manifest.toml"] = manifest_text.dump(described)
    _require_readable(found)
    return found


def _require_readable(found: Mapping[str, bytes]) -> None:
    """Refuse what no user's program would read: too large, or with text that hides."""
    for name, parse in _PARSERS.items():
        if name in found:
            parse(found[name], name)
            limit = LIMITS[name]
            if len(found[name]) > limit:
                raise McpInstallError(
                    ErrorCode.MANIFEST_INVALID,
                    f"`{name}` would have {len(found[name])} bytes, and {limit} are read",
                )


def write(
    folder: Path,
    draft: Draft,
    locked: Lock,
    hooks_: Sequence[Hook],
    tools: ToolList,
    *,
    attestations: bytes = b"",
) -> Path:
    """Write the files of a server below `folder`, and return their folder.

    Raises:
        McpInstallError: The refusal of a parser: nothing is written then; `disk-failed`.
    """
    found = texts(draft, locked, hooks_, tools, attestations)
    manifest_text.parse(found["manifest.toml"])
    target = folder.joinpath(*draft.manifest.name.split("/"), draft.manifest.version)
    authoring_folders.place(target, found, again=True)
    return target


def index_rows(folder: Path) -> tuple[IndexRow, ...]:
    """Return the rows that `index.toml` of a registry's folder must have; drafts have none.

    Raises:
        McpInstallError: `manifest-invalid` naming the file.
    """
    paths = sorted(folder.glob("*/*/*/manifest.toml"))
    rows = (
        _row(path)
        for path in paths
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    return tuple(row for row in rows if row is not None)


def pinned(folder: Path, described: RegistryFile) -> tuple[RegistryFile, bytes]:
    """Return what `registry.toml` has to say, and `index.toml`, for what is in the folder.

    Raises:
        McpInstallError: `manifest-invalid` naming the file.
    """
    index = registry_text.dump_index(index_rows(folder))
    advisories = files.read_optional(folder / advisory_text.NAME, limits.ADVISORIES_BYTES)
    root = files.read_optional(folder / registries.TRUSTED_ROOT, limits.SIGNATURE_BYTES)
    found = replace(
        described,
        trusted_root="" if root is None else hashlib.sha256(root).hexdigest(),
        index=hashlib.sha256(index).hexdigest(),
        advisories="" if advisories is None else hashlib.sha256(advisories).hexdigest(),
    )
    return found, index


def write_registry(folder: Path, described: RegistryFile) -> None:
    """Write `index.toml` for the manifests that are there, and then `registry.toml`, which pins it.

    Raises:
        McpInstallError: `manifest-invalid` naming the file, `disk-failed`.
    """
    found, index = pinned(folder, described)
    files.write_atomic(folder / "index.toml", index, mode=0o644)
    files.write_atomic(folder / "registry.toml", registry_text.dump(found), mode=0o644)


def with_reason(hook: Hook, package: str, reasons: Mapping[tuple[str, str], str]) -> Hook:
    """Return `hook` with the reason that a person gave for that member of that package.

    Raises:
        McpInstallError: `manifest-invalid` when nobody gave one.
    """
    reason = reasons.get((package, hook.member))
    if reason is None:
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"nobody gave a reason to accept `{hook.member}` of `{hook.wheel}` ({hook.kind})",
            hint="read the member, then write the reason into the draft",
        )
    return replace(hook, reason=reason)


def _row(path: Path) -> IndexRow | None:
    data = files.read_bounded(path, limits.MANIFEST_BYTES)
    found = manifest_text.parse(data, str(path), draft=True)
    try:
        manifest_text.parse(data)
    except McpInstallError:
        return None  # a draft, which owes something
    return IndexRow(
        name=found.name,
        version=found.version,
        title=found.title,
        summary=found.summary,
        sha256=hashlib.sha256(data).hexdigest(),
    )
