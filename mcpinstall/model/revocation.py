"""What a registry takes back: a version, a whole server, a publisher, a reviewer.

`withdrawal` is the one place that decides whether a server is revoked: when it is installed, and
later for what is installed.  The meaning of each kind stands in `docs/manifests.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.backing import Backing


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A version that its registry withdrew, or a whole server."""

    name: str
    version: str = ""
    """Empty for every version, also those to come."""
    reason: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherRevocation:
    """An identity that nothing is installed of any more; one of the three says which."""

    issuer: str
    repository: str = ""
    repository_id: str = ""
    owner_id: str = ""
    reason: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerRevocation:
    """A reviewer whose reviews do not count any more."""

    reviewer: str
    since: str = ""
    """Reviews of this day and later; empty for all."""
    reason: str
    date: str


AnyRevocation: TypeAlias = Revocation | PublisherRevocation | ReviewerRevocation


class Identity(Protocol):
    """A publisher, as a manifest names one or as a signature proves one."""

    @property
    def issuer(self) -> str:
        """OIDC issuer."""

    @property
    def repository(self) -> str:
        """Source repository URI."""

    @property
    def repository_id(self) -> str:
        """Numeric id of the repository."""

    @property
    def owner_id(self) -> str:
        """Numeric id of its owner."""


class Named(Protocol):
    """One version of a server."""

    @property
    def name(self) -> str:
        """Full name."""

    @property
    def version(self) -> str:
        """Exact version."""


Row = TypeVar("Row", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Why a server is not installed any more."""

    code: ErrorCode
    what: str
    """Who or what was revoked, such as "`com.example/clock` 1.2.0"."""
    reason: str
    date: str

    @property
    def sentence(self) -> str:
        """The fact."""
        return f"{self.what} was revoked: {self.reason} ({self.date})"

    @property
    def label(self) -> str:
        """The fact behind the word REVOKED."""
        return f"{self.what}: {self.reason} ({self.date})"

    def error(self, hint: str = "") -> McpInstallError:
        """Return the refusal."""
        return McpInstallError(self.code, self.sentence, hint=hint or _HINT)


_DESCRIBED = "mcp:"
"""Before the name of a server that an MCP registry describes: the same name, so the same server."""
_HINT = "nothing new of it is installed; `mcpi list` marks what is installed already"


def withdrawal(
    name: str, version: str, backing: Backing, revocations: Sequence[AnyRevocation]
) -> Withdrawal | None:
    """Return why a version is revoked, or None; the narrowest reason comes first."""
    return (
        _server(name, version, revocations)
        or revoked_publisher(backing, revocations)
        or _reviewers(backing, revocations)
    )


def require_none(found: Withdrawal | None, hint: str = "") -> None:
    """Refuse what is revoked.

    Raises:
        McpInstallError: `version-revoked`, `server-revoked`, `publisher-revoked` or
            `reviewer-revoked`.
    """
    if found is not None:
        raise found.error(hint)


def is_withdrawn(name: str, version: str, revocations: Sequence[AnyRevocation]) -> bool:
    """Tell whether a version is revoked by its name alone; no manifest is needed for that."""
    return _server(name, version, revocations) is not None


def not_withdrawn(rows: Iterable[Row], revocations: Sequence[AnyRevocation]) -> tuple[Row, ...]:
    """Return the rows of an index that `is_withdrawn` is not true of."""
    return tuple(row for row in rows if not is_withdrawn(row.name, row.version, revocations))


def revoked_publisher(
    identity: Identity, revocations: Iterable[AnyRevocation]
) -> Withdrawal | None:
    """Return why an identity is revoked, or None; also for one that a signature proved.

    Addresses are compared without regard to the case of letters, `.git` and a slash at the end.
    """
    for item in revocations:
        if isinstance(item, PublisherRevocation) and _is_meant(identity, item):
            which = item.repository or (
                f"repository {item.repository_id}"
                if item.repository_id
                else f"owner {item.owner_id}"
            )
            return Withdrawal(
                code=ErrorCode.PUBLISHER_REVOKED,
                what=f"the publisher `{which}` ({item.issuer})",
                reason=item.reason,
                date=item.date,
            )
    return None


def revoked_review(
    by: str, on: str, revocations: Iterable[AnyRevocation]
) -> ReviewerRevocation | None:
    """Return why the review of that name and day does not count, or None."""
    for item in revocations:
        if (
            isinstance(item, ReviewerRevocation)
            and _folded(by) == _folded(item.reviewer)
            and on >= item.since
        ):
            return item
    return None


def _server(name: str, version: str, revocations: Sequence[AnyRevocation]) -> Withdrawal | None:
    wanted = name.removeprefix(_DESCRIBED).casefold()
    found = [
        item
        for item in revocations
        if isinstance(item, Revocation)
        and item.name.casefold() == wanted
        and item.version in {"", version}
    ]
    for item in sorted(found, key=lambda one: not one.version):
        return Withdrawal(
            code=ErrorCode.VERSION_REVOKED if item.version else ErrorCode.SERVER_REVOKED,
            what=f"`{name}` {item.version}".rstrip(),
            reason=item.reason,
            date=item.date,
        )
    return None


def _reviewers(backing: Backing, revocations: Sequence[AnyRevocation]) -> Withdrawal | None:
    judged = [(by, revoked_review(by, on, revocations)) for by, on in backing.reviews]
    left = {_folded(by) for by, item in judged if item is None}
    for by, item in judged:
        if item is not None and len(left) < max(backing.needed, 1):
            return Withdrawal(
                code=ErrorCode.REVIEWER_REVOKED,
                what=f"the reviewer `{by}`",
                reason=item.reason,
                date=item.date,
            )
    return None


def _is_meant(identity: Identity, item: PublisherRevocation) -> bool:
    if not identity.issuer or _address(identity.issuer) != _address(item.issuer):
        return False
    if item.repository:
        return _address(identity.repository) == _address(item.repository)
    if item.repository_id:
        return identity.repository_id == item.repository_id
    return bool(item.owner_id) and identity.owner_id == item.owner_id


def _address(text: str) -> str:
    return text.casefold().rstrip("/").removesuffix(".git")


def _folded(text: str) -> str:
    """Return a name without what two spellings of it differ in."""
    return " ".join(text.casefold().split())
