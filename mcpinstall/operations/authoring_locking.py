"""Resolve a package and its whole closure for all platforms; say and keep what had to be held back.

Where a package has no wheel for a platform, it is held back there at the newest version with one,
by a marker; where there is none, the platform is left out.  Both are told: a person decides.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mcpinstall import environments, indexes
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_authoring, lock_text, platforms, toml_text
from mcpinstall.model.lock import Lock
from mcpinstall.model.lock_authoring import Gap, MadeWith, Python
from mcpinstall.model.names import normalized_package
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits, process
from mcpinstall.system.throwaway import throwaway_folder

_INDEX_VARIABLES = (
    "UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_INDEX_URL",
    "XDG_CONFIG_HOME", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE",
)  # fmt: skip
"""The caller's variables that say where and how uv reaches the index."""

_ROUNDS = 24  # resolutions; each holds at least one package back, or leaves something out


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be resolved."""

    identifier: str
    version: str | None
    """None for the newest that is old enough."""
    platforms: tuple[str, ...]
    requires_python: str
    made_with: MadeWith

    @property
    def pythons(self) -> tuple[Python, ...]:
        """Versions of Python that the lock has to cover."""
        return lock_authoring.pythons(self.requires_python)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A package that one platform gets in an older version, for want of a wheel."""

    package: str
    platform: str
    version: str
    """Newest version with a wheel there."""
    newest: str
    """Version that the other platforms get."""
    below: str
    """Version under which it has to stay there."""

    @property
    def constraint(self) -> str:
        """The requirement that says so (PEP 508)."""
        return f"{self.package}<{self.below}; {_marker(self.platform)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A platform, or a version of Python, that the lock does not cover."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A lock that covers everything it claims, and what that took."""

    wanted: Wanted
    """What was resolved in the end: with the holds, without what is left out."""
    lock: Lock
    held: tuple[Held, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def resolve(wanted: Wanted, context: Context) -> bytes:
    """Return what uv resolves, as it wrote it; nothing is built, so only wheels count.

    Raises:
        McpInstallError: `tool-failed`.
    """
    exactly = f"=={wanted.version}" if wanted.version else ""
    constraints = "\n".join(wanted.made_with.constraints)
    with throwaway_folder() as folder:
        with files.disk_errors("write temporary files"):
            (folder / "uv.toml").touch()  # uv looks for its files in all parents; this ends it
            (folder / "requirements.in").write_text(
                f"{wanted.identifier}{exactly}\n", encoding="utf-8"
            )
            (folder / "constraints.txt").write_text(constraints, encoding="utf-8")
        environ = context.machine.environ
        extra = {name: environ[name] for name in _INDEX_VARIABLES if name in environ}
        oldest = min(wanted.pythons)
        done = process.run(
            [
                environments.uv_program(), "pip", "compile", "requirements.in",
                "--constraint", "constraints.txt", "--universal", "--no-build",
                "--format", "pylock.toml", "--output-file", "pylock.toml",
                "--python-version", f"{oldest[0]}.{oldest[1]}",
                "--exclude-newer", wanted.made_with.exclude_newer,
                "--python", sys.executable, "--no-python-downloads", "--no-header", "--quiet",
                "--system-certs",
                "--cache-dir", files.private_folder(context.paths.cache / "uv"),
            ],
            environment=process.child_environment(context.machine, extra), cwd=folder,
        )  # fmt: skip
        if done.returncode != 0:
            process.require_no_disk_error(done, "resolve the packages")
            raise McpInstallError(
                ErrorCode.TOOL_FAILED,
                f"uv could not resolve `{wanted.identifier}{exactly}` and what it needs",
                hint=f"no file that came after {wanted.made_with.exclude_newer} is taken, and "
                "nothing that has no wheel",
                evidence=done.stderr.decode("utf-8", "replace")[-4000:],
            )
        return files.read_bounded(folder / "pylock.toml", 4 * limits.LOCK_BYTES)


def locked(written: bytes, wanted: Wanted) -> Lock:
    """Return our lock for what uv wrote.

    Raises:
        McpInstallError: `lock-invalid` naming packages that do not cover what is claimed.
    """
    text = lock_authoring.from_uv(
        written, wanted.platforms, pythons=wanted.pythons, made_with=wanted.made_with
    )
    found = lock_text.parse(text, "pylock.toml")
    if faults := lock_authoring.uncovered(found, wanted.platforms, pythons=wanted.pythons):
        raise McpInstallError(
            ErrorCode.LOCK_INVALID,
            f"the lock of `{wanted.identifier}` does not cover its platforms",
            hint="hold the package back where it has no wheel, or leave the platform out",
            evidence="\n".join(faults),
        )
    return found


def closure(wanted: Wanted, context: Context) -> Closure:
    """Resolve, hold back what has no wheel somewhere, and leave out what can't be had at all.

    Raises:
        McpInstallError: `tool-failed`, `lock-invalid`, or `index-unavailable`.
    """
    return _Search(context).closure(wanted)


class _Search:
    """One resolution after the other, until nothing is missing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wheels: dict[str, Mapping[str, Sequence[str]]] = {}
        self._held: tuple[Held, ...] = ()
        self._left: tuple[LeftOut, ...] = ()
        self._stated: tuple[str, ...] = ()
        self._forked = True

    def closure(self, wanted: Wanted) -> Closure:
        self._stated = wanted.made_with.constraints
        for _ in range(_ROUNDS):
            self._context.progress.step(f"resolving `{wanted.identifier}`")
            written, wanted = self._resolved(wanted)
            gaps = lock_authoring.gaps(written, wanted.platforms, pythons=wanted.pythons)
            if newest := _newest_of_several(written, wanted):
                wanted = replace(wanted, version=newest)
                continue
            if not gaps:
                found = locked(written, wanted)
                return Closure(wanted=wanted, lock=found, held=self._held, left_out=self._left)
            wanted = self._without_newest(wanted, gaps) or self._narrowed(wanted, gaps)
        raise _hopeless(wanted, self._left)

    def _resolved(self, wanted: Wanted) -> tuple[bytes, Wanted]:
        """Resolve; holds that nothing satisfies give way, with their platforms."""
        while True:
            try:
                return resolve(wanted, self._context), wanted
            except McpInstallError as error:
                if error.code is not ErrorCode.TOOL_FAILED:
                    raise
                if self._held:
                    wanted = self._given_up(wanted)
                elif not self._left and len(wanted.pythons) > 1:
                    wanted = self._newer_python(wanted, error)
                else:
                    raise

    def _newer_python(self, wanted: Wanted, error: McpInstallError) -> Wanted:
        """Try again without the oldest Python; the first failure is told if that helps nothing."""
        oldest, *rest = wanted.pythons
        narrower = replace(wanted, requires_python=_range(rest))
        try:
            resolve(narrower, self._context)
        except McpInstallError:
            if len(rest) == 1:
                raise error from None
            return self._newer_python_again(narrower, error)
        self._leave(f"Python {oldest[0]}.{oldest[1]}", "no version of the package takes it")
        return narrower

    def _newer_python_again(self, wanted: Wanted, error: McpInstallError) -> Wanted:
        found = self._newer_python(wanted, error)
        oldest = wanted.pythons[0]
        self._leave(f"Python {oldest[0]}.{oldest[1] - 1}", "no version of the package takes it")
        return found

    def _without_newest(self, wanted: Wanted, gaps: Sequence[Gap]) -> Wanted | None:
        """Leave out the newest Python if a package has no wheel for it on any platform."""
        newest, *_ = sorted(wanted.pythons, reverse=True)
        older = [python for python in wanted.pythons if python != newest]
        for package in dict.fromkeys(gap.package for gap in gaps if gap.python == newest):
            where = [gap for gap in gaps if gap.package == package]
            everywhere = {gap.platform for gap in where} == set(wanted.platforms)
            if everywhere and older and {gap.python for gap in where} == {newest}:
                self._leave(f"Python {newest[0]}.{newest[1]}", f"`{package}` has no wheel for it")
                return replace(wanted, requires_python=_range(older))
        return None

    def _narrowed(self, wanted: Wanted, gaps: Sequence[Gap]) -> Wanted:
        """Hold back, or leave out the platform, for every package that has a gap."""
        for package, platform in dict.fromkeys((gap.package, gap.platform) for gap in gaps):
            version = next(gap.version for gap in gaps if gap.package == package)
            if platform not in wanted.platforms or self._is_held(package, platform):
                continue
            bound = self._bound(package, version, platform, wanted)
            if bound is None:
                reason = f"`{package}` {version} has no wheel there, nor an older version"
                wanted = self._without(wanted, platform, reason)
                continue
            below, kept = bound
            self._held += (
                Held(package=package, platform=platform, version=kept, newest=version, below=below),
            )
        return self._constrained(wanted)

    def _constrained(self, wanted: Wanted) -> Wanted:
        """Return what is wanted with what was stated before, and all holds.

        A hold of one platform alone makes uv choose the old version for all: it takes as few
        versions as it can.  So the other platforms are told to take a newer one.
        """
        found = [*self._stated, *(one.constraint for one in self._held)]
        packages = dict.fromkeys(one.package for one in self._held if self._forked)
        found += [
            _elsewhere([one for one in self._held if one.package == package])
            for package in packages
        ]
        constraints = tuple(dict.fromkeys(found))
        return replace(wanted, made_with=replace(wanted.made_with, constraints=constraints))

    def _is_held(self, package: str, platform: str) -> bool:
        return any((one.package, one.platform) == (package, platform) for one in self._held)

    def _bound(
        self, package: str, version: str, platform: str, wanted: Wanted
    ) -> tuple[str, str] | None:
        """Return below which version a package has to stay on a platform, and the best there.

        None where no older one helps.
        """
        from packaging.version import Version

        alike = [name for name in wanted.platforms if _marker(name) == _marker(platform)]
        if len(alike) > 1 and platform.endswith("musl"):
            return None  # a marker can't tell the two C libraries apart
        offered = self._offered(package, wanted)
        final = {text: Version(text) for text in offered if _is_final(text)}
        bound = version
        for text in sorted(final, key=lambda text: final[text], reverse=True):
            if final[text] >= Version(version):
                continue
            if lock_authoring.covers(offered[text], alike, wanted.pythons):
                return bound, text
            bound = text
        return None

    def _offered(self, package: str, wanted: Wanted) -> Mapping[str, Sequence[str]]:
        if package not in self._wheels:
            machine = self._context.machine
            index = indexes.effective_index(machine, environments.uv_program())
            home = indexes.home_of(package, index, machine)
            until = datetime.fromisoformat(wanted.made_with.exclude_newer).astimezone(UTC)
            self._wheels[package] = (
                {} if home is None else indexes.offered_wheels(package, home.page, until)
            )
        return self._wheels[package]

    def _given_up(self, wanted: Wanted) -> Wanted:
        """Hold back everywhere; if that does not help, leave the newest hold's platform out."""
        if self._forked:
            self._forked = False
            return self._constrained(wanted)
        last = self._held[-1]
        self._held = tuple(one for one in self._held if one.platform != last.platform)
        self._forked = True
        wanted = self._constrained(wanted)
        reason = f"`{last.package}` {last.newest} has no wheel there, and older ones don't fit"
        return self._without(wanted, last.platform, reason)

    def _without(self, wanted: Wanted, platform: str, reason: str) -> Wanted:
        kept = tuple(name for name in wanted.platforms if name != platform)
        self._leave(platform, reason)
        if not kept:
            raise _hopeless(wanted, self._left)
        return replace(wanted, platforms=kept)

    def _leave(self, what: str, reason: str) -> None:
        self._left += (LeftOut(what=what, reason=reason),)


def _newest_of_several(written: bytes, wanted: Wanted) -> str | None:
    """Return the newest version of the package itself, where uv took one for each Python.

    A manifest is about one version: the Pythons that it does not take are left out then.
    """
    from packaging.version import Version

    top = toml_text.parse(written, ErrorCode.LOCK_INVALID, "pylock.toml")
    name = normalized_package(wanted.identifier)
    found = {item.text("version") for item in top.each("packages") if item.text("name") == name}
    return max(found, key=Version) if len(found) > 1 else None


def _hopeless(wanted: Wanted, left: Sequence[LeftOut]) -> McpInstallError:
    return McpInstallError(
        ErrorCode.LOCK_INVALID,
        f"no platform is left that a lock of `{wanted.identifier}` could cover",
        hint="only packages with wheels can be locked",
        evidence="\n".join(f"{one.what}: {one.reason}" for one in left),
    )


def _range(pythons: Sequence[Python]) -> str:
    low, high = min(pythons), max(pythons)
    return f">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"


def _elsewhere(held: Sequence[Held]) -> str:
    """Return the requirement that the platforms without a hold take a newer version."""
    from packaging.version import Version

    newest = max((one.below for one in held), key=Version)
    rows = [platforms.PLATFORMS[one.platform] for one in held]
    markers = [
        f"(sys_platform != '{row.sys_platform}' or platform_machine != '{row.machine}')"
        for row in rows
    ]
    return f"{held[0].package}>={newest}; {' and '.join(dict.fromkeys(markers))}"


def _marker(platform: str) -> str:
    row = platforms.PLATFORMS[platform]
    return f"sys_platform == '{row.sys_platform}' and platform_machine == '{row.machine}'"


def _is_final(text: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return not Version(text).is_prerelease
    except InvalidVersion:
        return False
