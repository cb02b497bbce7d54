"""A manifest that is being made: what is known, what is owed, and where it will stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.lock import NO_LOCK, Lock
from mcpinstall.model.manifest import Hook
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.server_json import ServerJson
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import authoring
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.authoring_inspection import Examined
from mcpinstall.operations.authoring_locking import Closure
from mcpinstall.planning import proposals
from mcpinstall.planning.proposals import Decision
from mcpinstall.system import files, limits

VALID = timedelta(days=180)
"""How long a registry's state is fresh after its last change (design §5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAccept:
    """A member of wheels that nobody has accepted yet: the same bytes under the same name."""

    package: str
    hooks: tuple[Hook, ...]
    """One for each wheel that has it."""
    start: bytes

    @property
    def key(self) -> tuple[str, str, str]:
        """Package, member and digest."""
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
    tools: ToolList = UNKNOWN_TOOLS
    reasons: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
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
        return proposals.decisions(
            self.draft.manifest, self.server, self.lock, short, probed=self.tools.known
        )


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


def registry_of(folder: Path, *, but: Path | None = None) -> RegistryFile | None:
    """Return the registry in a folder, whose manifests can all be read; None for no registry.

    `but` is the folder of a draft that can't be read yet.

    Raises:
        McpInstallError: `registry-invalid`, or `manifest-invalid` naming the file.
    """
    path = folder / "registry.toml"
    data = files.read_optional(path, limits.REGISTRY_BYTES)
    if data is None:
        return None
    authoring.index_rows(folder, but=but)
    return registry_text.parse(data, str(path))


def require_new(folder: Path, name: str, version: str) -> Path:
    """Return the folder of a version that is not there yet.

    Raises:
        McpInstallError: `server-exists`.
    """
    target = folder.joinpath(*name.split("/"), version)
    if target.exists():
        raise McpInstallError(
            ErrorCode.SERVER_EXISTS,
            f"there is `{target}` already",
            hint="a published version keeps its content; `mcpi manifest lock` makes a newer one",
        )
    return target


def newest_time(now: datetime, age: timedelta) -> str:
    """Return the beginning of the day `age` ago: the same for everybody who locks on one day."""
    return f"{now - age:%Y-%m-%dT00:00:00Z}"


def renew_registry(folder: Path, before: RegistryFile, now: datetime) -> None:
    """Write the next state of a registry, for the manifests that are there now."""
    issued = now.replace(microsecond=0)
    authoring.write_registry(
        folder, replace(before, serial=before.serial + 1, issued=issued, expires=issued + VALID)
    )
