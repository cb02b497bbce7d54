"""The built-in policy: certified servers only, nothing withdrawn (check 3)."""

from __future__ import annotations

from collections.abc import Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import revocation
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.registry import ReviewedServer, ReviewState


def check(
    server: ReviewedServer,
    allow: frozenset[str] = frozenset(),
    yanked: Sequence[tuple[str, str]] = (),
    yanked_checked: bool = True,  # noqa: FBT001, FBT002 (as `Fetched` gives it)
    *,
    unattended: bool = False,
    files: bool = True,
    basis: str = "built-in default",
) -> CheckResult:
    """Return the outcome of check 3, or refuse.

    `yanked` holds file name and reason, as the index told them; a remote server has no `files`.
    `basis` is what `policy_rules` says of the policy files, which were asked before.
    A stale registry is refused only when nobody is there to read that sentence.

    Raises:
        McpInstallError: `version-revoked` and its like, `policy-refused`, `version-yanked`,
            `registry-stale`.
    """
    words = [
        _review_words(server, allow, unattended=unattended),
        *((_yanked_words(yanked, allow, checked=yanked_checked),) if files else ()),
        *_stale_words(server, allow, unattended=unattended),
    ]
    return CheckResult(
        check=Check.POLICY,
        outcome=Outcome.VERIFIED,
        evidence=f"{basis}: {'; '.join(words)}",
    )


def publisher_check(server: ReviewedServer) -> CheckResult:
    """Return the outcome of check 5: this version knows publishers, but not their signatures."""
    publisher = server.manifest.publisher
    if publisher is None:
        return CheckResult(
            check=Check.PUBLISHER,
            outcome=Outcome.ABSENT,
            evidence="the manifest names no publisher identity",
        )
    return CheckResult(
        check=Check.PUBLISHER,
        outcome=Outcome.UNSUPPORTED,
        evidence=f"{publisher.repository} is named, but attestations are not checked yet",
    )


def _review_words(server: ReviewedServer, allow: frozenset[str], *, unattended: bool) -> str:
    manifest = server.manifest
    revocation.require_none(server.withdrawal)
    if server.registry.review is ReviewState.CERTIFIED:
        return "certified"
    if unattended and "unreviewed" not in allow:
        raise McpInstallError(
            ErrorCode.POLICY_REFUSED,
            f"nobody reviewed `{manifest.name}` from `{server.registry.name}`",
            hint="read its source first; `--allow unreviewed` with `--expect-digest` installs it "
            "unattended",
        )
    return "NOT REVIEWED"


def _yanked_words(
    yanked: Sequence[tuple[str, str]], allow: frozenset[str], *, checked: bool
) -> str:
    if not yanked:
        return "none yanked" if checked else "yanked not checked"
    names = ", ".join(f"`{name}`" + (f" ({reason})" if reason else "") for name, reason in yanked)
    if "yanked" not in allow:
        raise McpInstallError(
            ErrorCode.VERSION_YANKED,
            f"the index withdrew {names}",
            hint="wait for a newer manifest, or read the reason and use `--allow yanked`",
        )
    return f"yanked but allowed: {names}"


def _stale_words(
    server: ReviewedServer, allow: frozenset[str], *, unattended: bool
) -> tuple[str, ...]:
    if not server.registry.stale:
        return ()
    since = f"{server.registry.expires:%Y-%m-%d}"
    if unattended and "stale" not in allow:
        raise McpInstallError(
            ErrorCode.REGISTRY_STALE,
            f"the registry `{server.registry.name}` is stale since {since}",
            hint="update mcpinstall, or use `--allow stale`",
        )
    return (f"registry stale since {since}",)
