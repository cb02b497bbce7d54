"""A manifest that is being made: what is known, what is owed, and where it will stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text
from mcpinstall.model.lock import NO_LOCK, Lock
from mcpinstall.model.manifest import Hook
from mcpinstall.model.names import normalized_package
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.server_json import ServerJson
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import authoring, authoring_folders
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.authoring_inspection import Examined
from mcpinstall.operations.authoring_locking import Closure
from mcpinstall.planning import proposals
from mcpinstall.planning.proposals import Decision
from mcpinstall.system import files, limits

Member: TypeAlias = tuple[str, str, str]
"""Package, member and sha256 of what may have to be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAccept:
    """A member of wheels that nobody has accepted yet: the same bytes under the same name."""

    package: str
    hooks: tuple[Hook, ...]
    """One for each wheel that has it."""
    start: bytes

    @property
    def key(self) -> Member:
        """What a reason is given for."""
        return (self.package, self.hooks[0].member, self.hooks[0].sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A manifest that is ready but for what a person says to it."""

    target: Path
    registry: RegistryFile | None
    """None where `--into` is no registry."""
    draft: Draft
    server: ServerJson
    closure: Closure | None
    to_accept: tuple[ToAccept, ...]
    pythons: tuple[str, ...]
    attestations: bytes
    facts: tuple[str, ...]
    named: str = ""
    """Why it has its full name; empty where that was decided before."""
    tools: ToolList = UNKNOWN_TOOLS
    reasons: Mapping[Member, str] = field(default_factory=dict)
    """Package, member and digest → why it is accepted."""

    @property
    def lock(self) -> Lock:
        """Its lock; an empty one for a server that is used where it runs."""
        return NO_LOCK if self.closure is None else self.closure.lock

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """What is accepted, with the reasons that were given: an empty one is still owed."""
        return authoring.accepted(
            [
                replace(hook, reason=self.reasons.get(one.key, ""))
                for one in self.to_accept
                for hook in one.hooks
            ]
        )

    @property
    def owed(self) -> tuple[str, ...]:
        """What keeps this from being a manifest that a registry can list."""
        found = [
            f"a reason to accept `{one.hooks[0].member}` of `{one.package}`"
            for one in self.to_accept
            if not self.reasons.get(one.key)
        ]
        if self.closure is not None and not self.tools.known:
            found.append("its tools: it was not started")
        return tuple(found)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What a person still has to decide."""
        taken = self.registry.aliases if self.registry else ()
        name = self.draft.manifest.name
        short = proposals.alias(name, taken)
        found = proposals.decisions(
            self.draft.manifest, self.server, self.lock, short, probed=self.tools.known
        )
        return (Decision("name", name, self.named), *found) if self.named else found


def to_accept(examined: Sequence[Examined]) -> tuple[ToAccept, ...]:
    """Return what has to be accepted, the same bytes under the same name once."""
    found: dict[tuple[str, str, str], list[Hook]] = {}
    starts: dict[tuple[str, str, str], bytes] = {}
    for one in examined:
        for hook, start in zip(one.hooks, one.starts, strict=True):
            key = (one.artifact.package, hook.member, hook.sha256)
            found.setdefault(key, []).append(hook)
            starts[key] = start
    return tuple(
        ToAccept(package=key[0], hooks=tuple(found[key]), start=starts[key])
        for key in sorted(found)
    )


def given(to_accept: Sequence[ToAccept], accept: Mapping[str, str]) -> dict[Member, str]:
    """Return the reasons that were given beforehand, for these very bytes; `accept` by sha256."""
    digests = {one.key: one.hooks[0].sha256 for one in to_accept}
    return {key: accept[sha256] for key, sha256 in digests.items() if sha256 in accept}


def require_used(accept: Mapping[str, str], proposals_: Sequence[Proposal]) -> None:
    """Refuse reasons for bytes that are in none of these proposals.

    Raises:
        McpInstallError: `usage`.
    """
    known = {one.hooks[0].sha256 for proposal in proposals_ for one in proposal.to_accept}
    for sha256 in accept.keys() - known:
        raise McpInstallError(
            ErrorCode.USAGE,
            f"nothing with `sha256:{sha256}` has to be accepted",
            hint="the screen and `--json` show the sha256 of everything that has to be",
        )


def checked(proposal: Proposal) -> Proposal:
    """Return the proposal if its files could be written: hostile text is refused before.

    Raises:
        McpInstallError: The refusal of a parser.
    """
    texts_of(proposal)
    return proposal


def texts_of(proposal: Proposal) -> dict[str, bytes]:
    """Return the files that would be written."""
    return authoring.texts(
        proposal.draft, proposal.lock, proposal.hooks, proposal.tools, proposal.attestations
    )


def require_new(folder: Path, name: str, version: str) -> Path:
    """Return the folder of a version that is not there yet.

    Raises:
        McpInstallError: `server-exists`.
    """
    target = folder.joinpath(*name.split("/"), version)
    if target.exists():
        raise authoring_folders.exists(target)
    return target


def require_same_package(folder: Path, name: str, identifier: str) -> None:
    """Refuse another package under the name of a server that a registry has.

    A package says itself which server it is, and may say anything.

    Raises:
        McpInstallError: `policy-refused`, or the refusal of a parser.
    """
    for path in sorted(folder.joinpath(*name.split("/")).glob("[!.]*/manifest.toml")):
        data = files.read_bounded(path, limits.MANIFEST_BYTES)
        there = manifest_text.parse(data, str(path), draft=True).package
        if there and normalized_package(there.identifier) != normalized_package(identifier):
            raise McpInstallError(
                ErrorCode.POLICY_REFUSED,
                f"`{name}` is the package `{there.identifier}` here, and `{identifier}` says only "
                "itself that it is that server",
                hint=f"if it is, `--name {name}` says so; else name it as what it is",
            )


def newest_time(now: datetime, age: timedelta) -> str:
    """Return the beginning of the day `age` ago: the same for everybody who locks on one day."""
    return f"{now - age:%Y-%m-%dT00:00:00Z}"
