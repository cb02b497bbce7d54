"""Check 5: whether the files of a plan were made by whom they have to be.  Pure.

Two rules.  A manifest that names a publisher is kept to the letter, for every file of that
package.  What nobody reviewed is compared with what this user saw first: another identity, or
none where there was one, stops.  Anything else that is known is a fact, and no level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.manifest import Publisher
from mcpinstall.model.publisher import (
    FirstSeen,
    Identity,
    PackagePublisher,
    Provenance,
    ServerPublishers,
    identity_of,
    misfit,
    named,
    unlike,
)
from mcpinstall.model.registry import ReviewedServer

_SHOWN = 3  # publishers in the line of check 5; `--json` and the receipt have them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What this user saw first of one package."""

    identities: Mapping[str, Identity]
    """Digest of an index's address → identity of the publisher there."""
    place: str
    """Where that is remembered, for whoever has to correct it."""

    def after(self, package: str, fresh: Sequence[FirstSeen]) -> Seen:
        """Return what is known of a package once `fresh` is remembered too."""
        more = {
            one.origin.digest: one.publisher.identity
            for one in fresh
            if one.publisher.package == package
        }
        return replace(self, identities={**more, **self.identities})

    def at(self, found: Provenance) -> Identity | None:
        """Return the identity to compare a file with.

        Where no index told anything, that of any index counts: silence is no way around it.
        """
        if found.origin is not None:
            return self.identities.get(found.origin.digest)
        return next(iter(self.identities.values()), None)


def unnamed(server: ReviewedServer) -> CheckResult:
    """Return check 5 of a server that a registry vouches for without naming a publisher."""
    return CheckResult(
        check=Check.PUBLISHER,
        outcome=Outcome.ABSENT,
        evidence=f"none named: {server.manifest.publisher_absent}",
    )


def in_place(slug: str, main: str, known: tuple[PackagePublisher, ...]) -> ServerPublishers:
    """Return check 5 of a server that is there already: its receipt says what was verified."""
    evidence = "in place already; " + (
        f"when it was installed, {len(known)} had a verified publisher"
        if known
        else "when it was installed, no publisher was verified"
    )
    result = CheckResult(check=Check.PUBLISHER, outcome=Outcome.NOT_CHECKED, evidence=evidence)
    own = next((one.identity for one in known if one.package == main), None)
    return ServerPublishers(slug=slug, check=result, verified=known, main=own)


# Certified -------------------------------------------------------------------------------------


def certified(
    slug: str, package: str, publisher: Publisher, files: Sequence[Provenance]
) -> ServerPublishers:
    """Return check 5 of a server whose manifest names a publisher.

    `files` are all files of `package` that would be installed.

    Raises:
        McpInstallError: `publisher-missing`, `publisher-unverified` or `publisher-mismatch`.
    """
    for one in files:
        _require_named(publisher, one)
    wanted = named(publisher)
    return ServerPublishers(
        slug=slug,
        check=CheckResult(
            check=Check.PUBLISHER,
            outcome=Outcome.VERIFIED,
            evidence=f"`{package}` is by {wanted.words}, as its manifest says",
        ),
        verified=(PackagePublisher(package=package, identity=wanted),),
        main=wanted,
    )


def _require_named(publisher: Publisher, found: Provenance) -> None:
    if found.outcome is not Outcome.VERIFIED:
        raise _unverified(found, f"the manifest names {named(publisher).whole}")
    parts = [misfit(publisher, said) for said in found.signers]
    if all(parts):
        raise _mismatch(
            found,
            parts[0],
            f"the manifest names  {named(publisher).whole}",
            "the index may have taken it from somebody else: tell the owner of the registry; "
            "nothing was installed",
        )


def _unverified(found: Provenance, wanted: str) -> McpInstallError:
    """Return the refusal of a file whose publisher has to be known, and isn't."""
    name = found.file.filename
    if found.outcome is Outcome.ABSENT:
        return McpInstallError(
            ErrorCode.PUBLISHER_MISSING,
            f"nothing says who made `{name}`: {found.evidence}",
            hint="a mirror may leave attestations out: use another index; if the index itself "
            "has none, tell the owner of the registry",
            evidence=f"{wanted}\nthe index offers no attestation of this file",
        )
    return McpInstallError(
        ErrorCode.PUBLISHER_UNVERIFIED,
        f"who made `{name}` could not be verified: {found.evidence}",
        hint="run it once without `--offline`"
        if found.outcome is Outcome.NOT_CHECKED
        else "try again later; if it stays, tell the publisher of the package",
        evidence=f"{wanted}\nthis file: {found.outcome}, {found.evidence}",
    )


def _mismatch(found: Provenance, part: str, wanted: str, hint: str) -> McpInstallError:
    signers = "\n".join(
        f"this file is by     {identity_of(said).whole}, from {said.ref or 'no reference'}"
        for said in found.signers
    )
    return McpInstallError(
        ErrorCode.PUBLISHER_MISMATCH,
        f"`{found.file.filename}` was made by another publisher: {part} differs",
        hint=hint,
        evidence=f"{wanted}\n{signers}",
    )


# Not reviewed ----------------------------------------------------------------------------------


def unreviewed(
    slug: str,
    main: str,
    files: Sequence[Provenance],
    seen: Mapping[str, Seen],
    *,
    offline: bool,
) -> ServerPublishers:
    """Return check 5 of a server that nobody reviewed.

    Args:
        slug: of the server.
        main: its own package.
        files: all files of the closure that would be installed.
        seen: what this user saw before, by package.
        offline: nobody could be asked, so that what is not known stops nothing.

    Raises:
        McpInstallError: `publisher-mismatch`, `publisher-missing` or `publisher-unverified`.
    """
    verified: dict[str, Identity] = {}
    fresh: list[FirstSeen] = []
    for one in files:
        known = seen[one.file.package]
        before = known.at(one)
        identity = _accepted(one, before, known.place, offline=offline)
        if identity is None:
            continue
        publisher = PackagePublisher(package=one.file.package, identity=identity)
        verified[one.file.package] = identity
        if before is None and one.origin is not None:
            fresh.append(FirstSeen(origin=one.origin, publisher=publisher))
    return ServerPublishers(
        slug=slug,
        check=_fact(files, verified, main),
        verified=tuple(PackagePublisher(package=p, identity=i) for p, i in verified.items()),
        main=verified.get(main),
        to_keep=tuple(fresh),
    )


def _accepted(
    found: Provenance, before: Identity | None, place: str, *, offline: bool
) -> Identity | None:
    """Return the publisher of a file; None where it is not known, and does not have to be."""
    way_out = f"; if the change is right, delete `{place}`"
    if found.outcome is Outcome.VERIFIED:
        said = found.signers[0]
        if before is None:
            return identity_of(said)
        parts = [unlike(before, one) for one in found.signers]
        if not all(parts):
            return before
        hint = "ask the publisher where releases come from now" + way_out
        raise _mismatch(found, parts[0], f"it was first seen by {before.whole}", hint)
    if before is not None and not (offline and found.outcome is Outcome.NOT_CHECKED):
        error = _unverified(found, f"it was first seen by {before.whole}")
        hint = "a release without the attestation that earlier ones had may be a thief's" + way_out
        raise McpInstallError(error.code, error.message, hint=hint, evidence=error.evidence)
    if found.outcome is Outcome.FAILED:
        raise _unverified(found, "it was not seen before")
    return None


def _fact(files: Sequence[Provenance], verified: Mapping[str, Identity], main: str) -> CheckResult:
    count = len({one.file.package for one in files})
    total = f"{count} package{'' if count == 1 else 's'}"
    if not verified:
        unchecked = [one for one in files if one.outcome is not Outcome.ABSENT]
        outcome = unchecked[0].outcome if unchecked else Outcome.ABSENT
        reason = unchecked[0].evidence if unchecked else "your index offers no attestation"
        return CheckResult(
            check=Check.PUBLISHER, outcome=outcome, evidence=f"0 of {total}: {reason}"
        )
    order = sorted(verified, key=lambda package: package != main)
    names = list(dict.fromkeys(verified[package].words for package in order))
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    whose = "" if main in verified else f", not of `{main}` itself"
    return CheckResult(
        check=Check.PUBLISHER,
        outcome=Outcome.VERIFIED if main in verified else Outcome.ABSENT,
        evidence=f"{len(verified)} of {total}{whose}: {', '.join(names[:_SHOWN])}{more}",
    )
