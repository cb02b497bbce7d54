"""Making a lock from what uv writes: bare names, claimed platforms only, no location."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text, platforms, toml_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.lock import Lock
from mcpinstall.model.platforms import PYTHONS

_MICROS = range(31)
"""Patch releases at which markers are tried; CPython has not gone past 3.x.30."""

Python = tuple[int, int]


def pythons(requires_python: str) -> tuple[Python, ...]:
    """Return the versions that a lock for `requires_python` covers; each as a whole.

    Raises:
        McpInstallError: `lock-invalid` when there is none.
    """
    from packaging.specifiers import SpecifierSet

    wanted = SpecifierSet(requires_python)
    found = tuple(
        (major, minor) for major, minor in PYTHONS if wanted.contains(f"{major}.{minor}.0")
    )
    if not found:
        raise McpInstallError(
            ErrorCode.LOCK_INVALID,
            f"`{requires_python}` allows none of the versions of Python that are locked for",
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWith:
    """What a resolution was told beside the package: stated in the lock, for the next one."""

    constraints: tuple[str, ...] = ()
    exclude_newer: str = ""
    """RFC 3339; empty where there is no limit."""

    @property
    def lines(self) -> list[str]:
        """The table of the lock that says it; nothing where there is nothing to say."""
        if not self.exclude_newer:
            return []
        lines = ["", "[tool.mcpinstall]", f"exclude-newer = {json.dumps(self.exclude_newer)}"]
        if self.constraints:
            held = [f"    {json.dumps(text)}," for text in self.constraints]
            lines += ["constraints = [", *held, "]"]
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A package that a platform needs under one Python, and has no wheel for."""

    package: str
    version: str
    platform: str
    python: Python


def gaps(
    pylock: bytes, claimed: Sequence[str], *, pythons: Sequence[Python] = PYTHONS
) -> tuple[Gap, ...]:
    """Return what `uncovered` would find for want of a wheel, from what uv wrote.

    Raises:
        McpInstallError: `lock-invalid`.
    """
    found: list[Gap] = []
    for item in toml_text.parse(pylock, ErrorCode.LOCK_INVALID, "pylock.toml").each("packages"):
        marker = _marker(item)
        offered = [_tags(wheel.filename) for wheel in map(_wheel, item.each("wheels"))]
        found += [
            Gap(
                package=item.text("name"), version=item.text("version"), platform=name,
                python=python,
            )
            for name in claimed
            for python in pythons
            if _may_hold(marker, name, python)
            and not any(platforms.tags(name, python, oldest=True) & tags for tags in offered)
        ]  # fmt: skip
    return tuple(found)


def covers(filenames: Sequence[str], claimed: Sequence[str], pythons: Sequence[Python]) -> bool:
    """Tell whether wheels of these names are enough for all platforms and versions of Python.

    What is no name of a wheel is no wheel: indexes list what somebody uploaded.
    """
    offered = []
    for name in filenames:
        with contextlib.suppress(McpInstallError):
            offered.append(_tags(name))
    return all(
        any(platforms.tags(name, python, oldest=True) & tags for tags in offered)
        for name in claimed
        for python in pythons
    )


def from_uv(
    pylock: bytes,
    claimed: Sequence[str],
    *,
    pythons: Sequence[Python] = PYTHONS,
    made_with: MadeWith = MadeWith(),
) -> bytes:
    """Return our lock for what `uv pip compile --universal --format pylock.toml` wrote.

    Each wheel's `url` becomes a bare `path` and a hint; source distributions, wheels and
    packages that fit none of the platforms are left out.

    Raises:
        McpInstallError: `lock-invalid`.
    """
    top = toml_text.parse(pylock, ErrorCode.LOCK_INVALID, "pylock.toml")
    low, high = min(pythons), max(pythons)
    lines = [
        "# Every file of the whole closure by its digest; where files come from is the user's",
        "# configuration.  Wheels of platforms that the manifest does not name are left out.",
        'lock-version = "1.0"',
        'created-by = "uv"',
        f'requires-python = ">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"',
        *made_with.lines,
    ]
    for item in top.each("packages"):
        lines += _package(item, claimed, pythons)
    data = ("\n".join(lines) + "\n").encode()
    lock_text.parse(data, "pylock.toml")
    return data


def restated(lock: Lock, made_with: MadeWith) -> bytes:
    """Return a lock that says in its place what it was made with; all else stays.

    Raises:
        McpInstallError: `lock-invalid` for a lock that was not printed by `from_uv`.
    """
    head, packages, rest = lock.text.partition(b"\n\n[[packages]]")
    kept = head.partition(b"\n\n[tool.mcpinstall]")[0].decode()
    data = "\n".join([kept, *made_with.lines]).encode() + packages + rest
    if lock_text.parse(data, "pylock.toml").packages != lock.packages:
        raise McpInstallError(ErrorCode.LOCK_INVALID, "the lock was written by another program")
    return data


def uncovered(
    lock: Lock, claimed: Sequence[str], *, pythons: Sequence[Python] = PYTHONS
) -> tuple[str, ...]:
    """Return a sentence for every package that has no wheel for a claimed platform.

    Looked at with the oldest system that is promised; also when two versions of a package
    would be selected at once.
    """
    return tuple(
        fault for name in claimed for python in pythons for fault in _faults(lock, name, python)
    )


def _faults(lock: Lock, platform: str, python: Python) -> Iterator[str]:
    where = f"on {platform} with Python {python[0]}.{python[1]}"
    fits = platforms.tags(platform, python, oldest=True)
    for micro in (0, _MICROS[-1]):
        chosen: dict[str, str] = {}
        for package in lock.packages:
            environment = platforms.environment(platform, python, micro)
            if not lock_text.marker_holds(package.marker, environment):
                continue
            if package.name in chosen:
                yield f"`{package.name}` is selected twice {where}"
            chosen[package.name] = package.version
            if not any(fits & _tags(wheel.filename) for wheel in package.wheels):
                yield f"`{package.name}` {package.version} has no wheel {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wheel:
    filename: str
    hint: str | None
    uploaded: str
    size: int
    sha256: str

    @property
    def line(self) -> str:
        time = f"upload-time = {self.uploaded}, " if self.uploaded else ""
        return (
            f"    {{ path = {json.dumps(self.filename)}, {time}size = {self.size}, "
            f'hashes = {{ sha256 = "{self.sha256}" }} }},'
        )


def _package(item: Fields, claimed: Sequence[str], pythons: Sequence[Python]) -> list[str]:
    marker = _marker(item)
    fits = {
        tag
        for name in claimed
        for python in pythons
        if _may_hold(marker, name, python)
        for tag in platforms.tags(name, python)
    }
    if not fits:
        return []
    wheels = [wheel for wheel in map(_wheel, item.each("wheels")) if fits & _tags(wheel.filename)]
    if not wheels:
        raise item.error("wheels", f"has none for the claimed platforms (`{item.text('name')}`)")
    wheels.sort(key=lambda wheel: wheel.filename)
    lines = ["", "[[packages]]", f"name = {json.dumps(item.text('name'))}"]
    lines += [f"version = {json.dumps(item.text('version'))}"]
    lines += [f"marker = {json.dumps(marker)}"] if marker else []
    lines += ["wheels = [", *(wheel.line for wheel in wheels), "]"]
    hints = [
        f"{json.dumps(wheel.filename)} = {json.dumps(wheel.hint)}" for wheel in wheels if wheel.hint
    ]
    return [*lines, *(["", "[packages.tool.mcpinstall.hints]", *hints] if hints else [])]


def _marker(item: Fields) -> str | None:
    from packaging.markers import UndefinedEnvironmentName

    marker = item.optional_text("marker", limit=4000)
    try:
        _may_hold(marker, next(iter(platforms.PLATFORMS)), PYTHONS[0])
    except (ValueError, UndefinedEnvironmentName, RecursionError):
        raise item.error("marker", "is not a marker (PEP 508)") from None
    return marker


def _may_hold(marker: str | None, platform: str, python: Python) -> bool:
    return marker is None or any(
        lock_text.marker_holds(marker, platforms.environment(platform, python, micro))
        for micro in _MICROS
    )


def _wheel(item: Fields) -> _Wheel:
    try:
        path = unquote(urlsplit(item.text("url", limit=2000)).path).lstrip("/")
    except ValueError:
        raise item.error("url", "is not a URL") from None
    filename = path.rsplit("/", 1)[-1]
    uploaded = item.table.get("upload-time")
    return _Wheel(
        filename=filename,
        hint=path if lock_text.is_hint(path, filename) else None,
        uploaded=f"{uploaded:%Y-%m-%dT%H:%M:%SZ}" if isinstance(uploaded, datetime) else "",
        size=item.integer("size", low=1),
        sha256=item.fields("hashes").text("sha256"),
    )


def _tags(filename: str) -> frozenset[object]:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        return frozenset(parse_wheel_filename(filename)[3])
    except InvalidWheelFilename as error:
        raise McpInstallError(ErrorCode.LOCK_INVALID, str(error)) from None
