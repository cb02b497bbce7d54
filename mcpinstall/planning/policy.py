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
    yanked_unknown: str = "",
    *,
    unattended: bool = False,
    files: bool = True,
    basis: str = "built-in default",
    advisories: Sequence[str] = (),
) -> CheckResult:
    """Return the outcome of check 3, or refuse.

    `yanked` holds file name and reason, as the index told them, and `yanked_unknown` why it was
    not asked; a remote server has no `files`.  `advisories` is what was found out of them before.
    `basis` is what `policy_rules` says of the policy files, which were asked before.
    A stale registry is refused only when nobody is there to read that sentence.

    Raises:
        McpInstallError: `version-revoked` and its like, `policy-refused`, `version-yanked`,
            `registry-stale`.
    """
    words = [
        _review_words(server, allow, unattended=unattended),
        *((_yanked_words(yanked, allow, unknown=yanked_unknown),) if files else ()),
        *advisories,
        *_stale_words(server, allow, unattended=unattended),
    ]
    return CheckResult(
        check=Check.POLICY,
        outcome=Outcome.VERIFIED,
        evidence=f"{basis}: {'; '.join(words)}",
    )


def _review_words(server: ReviewedServer, allow: frozenset[str], *, unattended: bool) -> str:
    manifest = server.manifest
    revocation.require_none(server.withdrawal)
    if server.registry.review is ReviewState.CERTIFIED:
        return "certified"
    if unattended and "unreviewed" not in allow:
        raise unreviewed(manifest.name, server.registry.name)
    return "NOT REVIEWED"


def unreviewed(name: str, registry: str) -> McpInstallError:
    """Return the refusal of a server that nobody reviewed, where nobody reads the screen."""
    return McpInstallError(
        ErrorCode.POLICY_REFUSED,
        f"nobody reviewed `{name}` from `{registry}`",
        hint="read its source first; `--allow unreviewed` with `--expect-digest` installs it "
        "unattended",
    )


def _yanked_words(yanked: Sequence[tuple[str, str]], allow: frozenset[str], *, unknown: str) -> str:
    if not yanked:
        return f"yanked not checked ({unknown})" if unknown else "none yanked"
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
