"""MV501 to MV507: the wheels themselves, fetched and inspected."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.finding import Finding, Severity
from mcpinstall.model.names import normalized_package
from mcpinstall.rules.manifests.facts import LOCK, MANIFEST, Version, Wheels, rule

OTHER_BYTES = rule(501, "other-bytes", Severity.CRITICAL, "The index has other bytes than the lock")
ARCHIVE_REFUSED = rule(502, "archive-refused", Severity.CRITICAL, "A wheel would be refused")
HOOK_UNACCEPTED = rule(
    503, "hook-unaccepted", Severity.HIGH, "A hook, script or program is not accepted"
)
HOOK_SUPERFLUOUS = rule(
    504, "hook-superfluous", Severity.MEDIUM, "A hook is accepted that the wheel doesn't have"
)
SCRIPT_MISSING = rule(505, "script-missing", Severity.HIGH, "The package has no such script")
LICENCE_MISSING = rule(506, "licence-missing", Severity.LOW, "A package doesn't say its licence")
YANKED = rule(507, "yanked", Severity.HIGH, "A file was withdrawn from its index")


def bytes_and_archives(version: Version, wheels: Wheels) -> Iterator[Finding]:
    """Yield wheels with other bytes, wheels that an installation refuses, withdrawn ones."""
    lock = version.file(LOCK)
    for filename, how in wheels.wrong:
        yield version.finding(OTHER_BYTES, LOCK, how, location=lock.literal(filename))
    for wheel in wheels.facts:
        if wheel.refusal:
            yield version.finding(
                ARCHIVE_REFUSED, LOCK, wheel.refusal, location=lock.literal(wheel.filename)
            )
    for filename, reason in wheels.yanked:
        yield version.finding(
            YANKED, LOCK, f"`{filename}` was withdrawn: {reason or 'no reason given'}",
            location=lock.literal(filename), fix="lock it again: `mcpi manifest lock`",
        )  # fmt: skip


def hooks(version: Version, wheels: Wheels) -> Iterator[Finding]:
    """Yield hooks that are not accepted, and accepted ones that are in no wheel."""
    if version.manifest is None:
        return
    inspected = {wheel.filename: wheel for wheel in wheels.facts if not wheel.refusal}
    accepted = {(h.wheel, h.member, h.sha256, h.kind) for h in version.manifest.hooks}
    needed = {
        (wheel.filename, hook.member, hook.sha256, hook.kind)
        for wheel in inspected.values()
        for hook in wheel.hooks
    }
    for filename, member, sha256, kind in sorted(needed - accepted):
        yield version.finding(
            HOOK_UNACCEPTED, LOCK,
            f"`{member}` of `{filename}` ({kind}) is not accepted in the manifest",
            location=version.file(LOCK).literal(filename), evidence=f"sha256 {sha256}",
            fix="read it; then accept it in `[[hooks]]` with a reason, or leave the server out",
        )  # fmt: skip
    for number, hook in enumerate(version.manifest.hooks):
        key = (hook.wheel, hook.member, hook.sha256, hook.kind)
        if hook.wheel in inspected and key not in needed:
            yield version.finding(
                HOOK_SUPERFLUOUS, MANIFEST,
                f"`{hook.wheel}` has no `{hook.member}` with that digest and kind",
                at=f"hooks[{number}].member", fix="take it out",
            )  # fmt: skip


def scripts(version: Version, wheels: Wheels) -> Iterator[Finding]:
    """Yield a script of the manifest that its package doesn't have."""
    if version.manifest is None or version.manifest.package is None or version.lock is None:
        return
    choice = version.manifest.package
    ours = {
        wheel.filename
        for package in version.lock.packages
        if package.name == normalized_package(choice.identifier)
        for wheel in package.wheels
    }
    for wheel in wheels.facts:
        if wheel.filename in ours and not wheel.refusal and choice.script not in wheel.scripts:
            yield version.finding(
                SCRIPT_MISSING, MANIFEST,
                f"`{wheel.filename}` has no console script `{choice.script}`",
                at="package.script",
                evidence="\n".join(wheel.scripts),
            )  # fmt: skip
            return


def licences(version: Version, wheels: Wheels) -> Iterator[Finding]:
    """Yield packages with a wheel that does not say under which licence it is."""
    silent = {wheel.filename for wheel in wheels.facts if not wheel.licensed}
    for number, package in enumerate(version.lock.packages if version.lock else ()):
        known = [wheel.filename for wheel in package.wheels if wheel.filename in silent]
        if known:
            yield version.finding(
                LICENCE_MISSING, LOCK, f"`{package.name}` {package.version} names no licence",
                at=f"packages[{number}].name",
                fix="look for it at its source, and say in the notes of the review what you found",
            )  # fmt: skip
