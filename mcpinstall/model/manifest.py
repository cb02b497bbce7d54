"""Our manifest: the small file that a person reviews and that pins everything else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mcpinstall.errors import ErrorCode, McpInstallError


class Audience(StrEnum):
    """Who a server is for."""

    EVERYONE = "everyone"
    TECHNICAL = "technical"


class Integrates(StrEnum):
    """What a server works on: things on this machine, or a cloud service."""

    LOCAL = "local"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChoice:
    """Which package of `server.json` is installed, and how it starts."""

    registry_type: str
    """`pypi`; other types are known by name and answered with `not-supported-yet`."""
    identifier: str
    version: str
    script: str
    """Name of the console script that starts the server."""
    requires_python: str
    """PEP 440 specifier, such as `>=3.11,<3.15`."""
    platforms: tuple[str, ...]
    """Platforms that the lock covers: `linux-x86_64-glibc`, `macos-arm64`, `windows-x86_64` …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteChoice:
    """Which remote of `server.json` was reviewed: it has this transport and this address."""

    transport: str
    """`streamable-http` or `sse`."""
    url: str
    """As it stands in `server.json`, variables in braces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Identity that must have built and uploaded the package (design §4)."""

    issuer: str
    repository: str
    """Source repository URI."""
    repository_id: str
    """Numeric id of the repository at its forge; survives renames, not resurrection."""
    owner_id: str
    workflow: str
    """Path of the workflow inside the repository."""
    ref: str
    """Rule for the git reference, such as `refs/tags/*`: `*` is one or more characters but `/`."""
    runner: str = ""
    """Such as `github-hosted`; empty for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What the server may do, as declared by its reviewers.  Nothing enforces it yet."""

    network: tuple[str, ...] = ()
    """Host names, or `*` for any; empty is none."""
    read: tuple[str, ...] = ()
    """Paths or inputs in braces, such as `{repository}`."""
    write: tuple[str, ...] = ()
    exec: tuple[str, ...] = ()
    """Programs that it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """What the server is started with when its tools are listed: no user value, no secret."""

    arguments: tuple[str, ...] = ()
    """Extra arguments after those that the inputs give."""
    environment: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    """Values for inputs; the value `{empty}` means a new empty folder, `{git}` one that is
    an empty git repository."""


class HookKind(StrEnum):
    """Why a member of a wheel needs to be accepted by name."""

    STARTUP = "startup"
    SCRIPT = "script"
    DATA = "data"
    EXECUTABLE = "executable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A start-up hook, script or bundled executable that reviewers accept, by digest."""

    wheel: str
    """File name of the wheel; it may be one of another platform."""
    member: str
    """Name of the member in the archive."""
    sha256: str
    kind: HookKind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolVariation:
    """One place of `tools.json` that may differ between machines, and how far."""

    pointer: str
    """JSON pointer (RFC 6901) into the canonical tool list, its array addressed by tool name:
    `/tools/<tool name>/inputSchema/properties/zone/description`."""
    reason: str
    pattern: str | None = None
    r"""Bounded pattern that the text must match whole: literals, `{name}` for up to 200 plain
    characters, `\n` for a line feed."""
    when: str | None = None
    """Marker under which the place differs, such as `python_version < '3.12'`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review; without a signature it is shown as "claimed by"."""

    by: str
    on: str
    """Date, `2026-11-22`."""
    criteria: tuple[str, ...]
    platforms: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that `manifest.toml` says.  Parsed and printed by `manifest_text`."""

    name: str
    version: str
    title: str
    summary: str
    try_sentence: str
    """A sentence to say to the host, to see the server at work (key `try`)."""
    files: tuple[tuple[str, str], ...]
    """Name → sha256 of every other file of the folder, sorted by name."""
    package: PackageChoice | None
    """None for a server that is only used where it runs (`remotes`)."""
    publisher: Publisher | None
    publisher_absent: str
    """Why no publisher is named; empty when one is."""
    permissions: Permissions
    probe: ProbeSettings
    hooks: tuple[Hook, ...]
    varies: tuple[ToolVariation, ...]
    audience: Audience
    integrates: Integrates
    reviews: tuple[Review, ...]
    remotes: tuple[RemoteChoice, ...] = ()
    """Ways to use it where it runs, the recommended first."""

    @property
    def local(self) -> PackageChoice:
        """The package.

        Raises:
            McpInstallError: `manifest-invalid` where there is none, such as for what was installed
                while there was one.
        """
        if self.package is None:
            raise McpInstallError(
                ErrorCode.MANIFEST_INVALID,
                f"`{self.name}` {self.version} has no package: it is used where it runs",
                hint="uninstall what is here, and install it over one of its remotes",
            )
        return self.package

    @property
    def criteria(self) -> tuple[str, ...]:
        """All criteria that some review claims, in documented order."""
        claimed = {criterion for review in self.reviews for criterion in review.criteria}
        return tuple(criterion for criterion in CRITERIA if criterion in claimed)


CRITERIA = ("locked", "inspected", "probed", "source-read")
"""What a review can claim; explained in `docs/manifests.md`."""

REMOTE_CRITERIA = ("probed", "source-read")
"""What of it says anything of a server that is used where it runs: there are no files here."""
