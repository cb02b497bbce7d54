"""Changes of the closure: packages and their wheels, and what was found in these."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from mcpinstall.model.artifact import Artifact
from mcpinstall.model.lock import Lock, LockedPackage
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.planning.change import Change, ChangeKind, Line, counted, gone, new, note, same
from mcpinstall.planning.described import Described, WheelFacts, changed_packages

if TYPE_CHECKING:
    from packaging.version import Version

_BUNDLED = re.compile(r"-[0-9a-f]{8,}$")
"""What repair tools append to the name of a library that they put beside a wheel's modules."""

Packages = Mapping[str, tuple[LockedPackage, ...]]


def compare_files(before: Described, after: Described) -> Iterator[Change]:
    """Yield what changed in the lock, and in every wheel that is not the very same."""
    old, new_ = _by_name(before.lock), _by_name(after.lock)
    for name in sorted(old.keys() | new_.keys()):
        yield from _package(name, old.get(name, ()), new_.get(name, ()), _everywhere(after.lock))
    changed = changed_packages(before.lock, after.lock)
    left, right = _Side(before, changed), _Side(after, changed)
    for name in sorted(changed):
        if left.is_unknown(name) or right.is_unknown(name):
            continue  # `_not_compared` tells
        yield from _scripts(name, left, right)
        yield from _native(name, left, right)
    yield from _hooks(before, after, left, right)
    yield from _not_compared(left, right)
    yield from _sizes(left, right)


# The lock --------------------------------------------------------------------------------------


def _by_name(lock: Lock) -> Packages:
    """Return the packages by name; several versions of one have different markers."""
    found: dict[str, tuple[LockedPackage, ...]] = {}
    for package in sorted(lock.packages, key=lambda one: (one.name, one.version)):
        found[package.name] = (*found.get(package.name, ()), package)
    return found


def _package(
    name: str,
    old: tuple[LockedPackage, ...],
    new_: tuple[LockedPackage, ...],
    everywhere: str,
) -> Iterator[Change]:
    before, after = ", ".join(_versions(old)), ", ".join(_versions(new_))
    if before != after:
        lines = (_summary(new_, everywhere),) if not old else ()
        yield Change(
            kind=_version_kind(old, new_), subject=name, before=before, after=after, lines=lines
        )
    markers = [{one.version: one.marker or "always" for one in side} for side in (old, new_)]
    if old and new_ and sorted(markers[0].values()) != sorted(markers[1].values()):
        yield Change(
            kind=ChangeKind.DEPENDENCY_MARKER,
            subject=name,
            before="; ".join(f"{version}: {text}" for version, text in markers[0].items()),
            after="; ".join(f"{version}: {text}" for version, text in markers[1].items()),
        )
    yield from _wheels(name, old, new_)


def _versions(packages: tuple[LockedPackage, ...]) -> list[str]:
    return sorted((one.version for one in packages), key=_version)


def _version(text: str) -> Version:
    from packaging.version import Version

    return Version(text)


def _version_kind(old: tuple[LockedPackage, ...], new_: tuple[LockedPackage, ...]) -> ChangeKind:
    if not old:
        return ChangeKind.DEPENDENCY_ADDED
    if not new_:
        return ChangeKind.DEPENDENCY_REMOVED
    if max(map(_version, _versions(new_))) < max(map(_version, _versions(old))):
        return ChangeKind.DEPENDENCY_DOWNGRADED
    return ChangeKind.DEPENDENCY_VERSION


def _everywhere(lock: Lock) -> str:
    """Return the marker that says no more than the lock's own `requires-python`."""
    lowest = lock.requires_python.removeprefix(">=").partition(",")[0]
    return f"python_full_version >= '{lowest}'"


def _summary(packages: tuple[LockedPackage, ...], everywhere: str) -> Line:
    wheels = [wheel for package in packages for wheel in package.wheels]
    latest = max((wheel.uploaded for wheel in wheels if wheel.uploaded), default=None)
    since = f", uploaded {latest:%Y-%m-%d}" if latest else ""
    markers = sorted({one.marker for one in packages if one.marker} - {everywhere})
    size = sum(one.size for one in wheels)
    only = note(", where ", same(" | ".join(markers))) if markers else ()
    return (*note(f"{counted(len(wheels), 'file')} of {size:,} bytes{since}"), *only)


def _wheels(
    name: str, old: tuple[LockedPackage, ...], new_: tuple[LockedPackage, ...]
) -> Iterator[Change]:
    """Yield what changed among the files of versions that stay."""
    kept = {one.version for one in old} & {one.version for one in new_}
    before, after = (
        {wheel.filename: wheel for one in side if one.version in kept for wheel in one.wheels}
        for side in (old, new_)
    )
    for filename in sorted(before.keys() | after.keys()):
        gone_, come = before.get(filename), after.get(filename)
        if gone_ is None or come is None or gone_.sha256 != come.sha256:
            yield Change(
                kind=ChangeKind.FILE_ADDED
                if gone_ is None
                else (ChangeKind.FILE_REMOVED if come is None else ChangeKind.FILE_REPLACED),
                subject=f"{name}: {filename}",
                before=_digest(gone_),
                after=_digest(come),
            )


def _digest(wheel: Artifact | None) -> str:
    return "" if wheel is None else f"sha256:{wheel.sha256}"


# What is in the wheels -------------------------------------------------------------------------


class _Side:
    """The wheels of one side's changed packages, and what is known of each."""

    def __init__(self, described: Described, changed: Collection[str]) -> None:
        known = {facts.sha256: facts for facts in described.wheels}
        self.wheels: dict[str, list[Artifact]] = {name: [] for name in sorted(changed)}
        for package in described.lock.packages:
            if package.name in self.wheels:
                self.wheels[package.name] += package.wheels
        self.facts: dict[str, list[WheelFacts]] = {
            name: [known[wheel.sha256] for wheel in wheels if wheel.sha256 in known]
            for name, wheels in self.wheels.items()
        }

    def is_unknown(self, name: str) -> bool:
        """Tell whether a package has wheels, and nobody inspected any."""
        return bool(self.wheels[name]) and not self.facts[name]

    def missing(self, name: str) -> int:
        """Return how many wheels of a package nobody inspected."""
        return len(self.wheels[name]) - len(self.facts[name])


def _scripts(name: str, left: _Side, right: _Side) -> Iterator[Change]:
    was, now = _targets(left.facts[name]), _targets(right.facts[name])
    for script in sorted(was.keys() | now.keys()):
        before, after = was.get(script, ""), now.get(script, "")
        if before != after:
            kind = ChangeKind.SCRIPT_CHANGED if before else ChangeKind.SCRIPT_ADDED
            kind = kind if after else ChangeKind.SCRIPT_REMOVED
            yield Change(kind=kind, subject=f"{name}: {script}", before=before, after=after)


def _targets(wheels: list[WheelFacts]) -> dict[str, str]:
    """Return what each script calls; wheels of different platforms may differ."""
    found: dict[str, set[str]] = {}
    for facts in wheels:
        for script, target in facts.scripts:
            found.setdefault(script, set()).add(target)
    return {script: ", ".join(sorted(targets)) for script, targets in found.items()}


def _native(name: str, left: _Side, right: _Side) -> Iterator[Change]:
    programs = _members(name, left, right, lambda facts: facts.programs)
    yield from (
        Change(kind=ChangeKind.PROGRAM_ADDED, subject=f"{name}: {member}", after=member)
        for member in sorted(programs[1] - programs[0])
    )
    old, new_ = _members(name, left, right, lambda facts: facts.native)
    if old == new_:
        return
    kind = ChangeKind.NATIVE_CHANGED if old else ChangeKind.NATIVE_ADDED
    before, after = (counted(len(side), "native file") if side else "" for side in (old, new_))
    yield Change(
        kind=kind if new_ else ChangeKind.NATIVE_REMOVED,
        subject=name,
        before=before if before != after else "",
        after=after if before != after else "",
        lines=(
            *(note(new(member)) for member in sorted(new_ - old)),
            *(note(gone(member)) for member in sorted(old - new_)),
        ),
    )


def _members(
    name: str, left: _Side, right: _Side, of: Callable[[WheelFacts], tuple[str, ...]]
) -> tuple[set[str], set[str]]:
    """Return the members on both sides, as they are called on every platform."""
    old, new_ = (
        {_module(member) for facts in side.facts[name] for member in of(facts)}
        for side in (left, right)
    )
    return old, new_


def _module(member: str) -> str:
    """Return a member's name without what differs between platforms and Pythons."""
    folder, slash, file = _place(member).rpartition("/")
    stem = file.removesuffix(".exe").partition(".")[0]
    if folder.endswith(".libs"):
        stem = _BUNDLED.sub("", stem)
    return f"{folder}{slash}{stem or file}"


def _place(member: str) -> str:
    """Return a member's name without the version: `NAME-1.0.data/scripts/run` is `*.data/…`."""
    top, slash, rest = member.partition("/")
    for suffix in (".data", ".dist-info"):
        if slash and top.endswith(suffix):
            return f"*{suffix}/{rest}"
    return member


# What runs by itself ---------------------------------------------------------------------------


def _hooks(before: Described, after: Described, left: _Side, right: _Side) -> Iterator[Change]:
    """Yield what came, changed or went of what reviewers accept; also what nobody accepts."""
    old, new_ = _needed(before, left), _needed(after, right)
    accepted = {(hook.wheel, hook.member, hook.sha256) for hook in after.manifest.hooks}
    for key in sorted(old.keys() | new_.keys()):
        kind, package, place = key
        was, now = old.get(key, {}), new_.get(key, {})
        if was.keys() != now.keys():
            refused = [
                hook
                for hook in now.values()
                if (hook.wheel, hook.member, hook.sha256) not in accepted
            ]
            yield Change(
                kind=_hook_kind(kind, was, now),
                subject=f"{package}: {place}",
                before=_digests(was),
                after=_digests(now),
                lines=tuple(_reasons(now, refused)),
            )


_Hooks = dict[str, Hook]


def _needed(described: Described, side: _Side) -> dict[tuple[HookKind, str, str], _Hooks]:
    """Return what needs to be accepted, by kind, package and place; each by its digests."""
    packages = {
        wheel.filename: package.name
        for package in described.lock.packages
        for wheel in package.wheels
    }
    found: dict[tuple[HookKind, str, str], _Hooks] = {}
    seen = (hook for facts in side.facts.values() for one in facts for hook in one.hooks)
    for hook in (*seen, *described.manifest.hooks):
        key = (hook.kind, packages.get(hook.wheel, hook.wheel), _place(hook.member))
        found.setdefault(key, {})[hook.sha256] = hook
    return found


def _hook_kind(kind: HookKind, was: _Hooks, now: _Hooks) -> ChangeKind:
    if kind is not HookKind.STARTUP:
        return ChangeKind.ACCEPTED_FILE
    if not was:
        return ChangeKind.HOOK_ADDED
    return ChangeKind.HOOK_CHANGED if now else ChangeKind.HOOK_REMOVED


def _digests(hooks: _Hooks) -> str:
    return ", ".join(f"sha256:{digest}" for digest in sorted(hooks))


def _reasons(now: _Hooks, refused: list[Hook]) -> Iterator[Line]:
    if refused:
        yield note("the manifest does not accept it")
    for reason in sorted({hook.reason for hook in now.values() if hook.reason}):
        yield note("reviewers: ", same(reason))


# What is not known, and how much there is ------------------------------------------------------


def _not_compared(left: _Side, right: _Side) -> Iterator[Change]:
    lines = tuple(
        note(
            same(name),
            f": {left.missing(name)} of {len(left.wheels[name])} files before and "
            f"{right.missing(name)} of {len(right.wheels[name])} after were not inspected",
        )
        for name in left.wheels
        if left.missing(name) or right.missing(name)
    )
    count = sum(side.missing(name) for side in (left, right) for name in side.wheels)
    if lines:
        yield Change(
            kind=ChangeKind.NOT_COMPARED,
            subject=f"what is in {counted(count, 'file')}",
            lines=lines,
        )


def _sizes(left: _Side, right: _Side) -> Iterator[Change]:
    """Yield how much more or less there is of what changed, all platforms together."""
    old, new_ = (
        sum(wheel.size for wheels in side.wheels.values() for wheel in wheels)
        for side in (left, right)
    )
    yield from _size("download of the changed packages", old, new_)
    if any(side.missing(name) for side in (left, right) for name in side.wheels):
        return
    for subject, of in _MEASURES.items():
        old, new_ = (
            sum(of(facts) for found in side.facts.values() for facts in found)
            for side in (left, right)
        )
        yield from _size(subject, old, new_)


def _size(subject: str, old: int, new_: int) -> Iterator[Change]:
    if old != new_:
        yield Change(kind=ChangeKind.SIZE, subject=subject, before=str(old), after=str(new_))


_MEASURES: dict[str, Callable[[WheelFacts], int]] = {
    "unpacked size of the changed packages": lambda facts: facts.unpacked,
    "files of the changed packages": lambda facts: facts.files,
}
