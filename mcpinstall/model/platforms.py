"""The platforms that a lock can cover: their markers and wheel tags, with no machine asked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.tags import Tag

PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
"""Versions of Python that servers of our registry are locked for."""

_NEWEST_GLIBC, _NEWEST_MUSL, _NEWEST_MACOS = (2, 43), (1, 2), (27, 0)
"""Newer than any machine: a wheel above these fits no platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One row of `[package] platforms`; `oldest` is the oldest system that is promised."""

    name: str
    sys_platform: str
    os_name: str
    platform_system: str
    machine: str
    oldest: tuple[int, int]
    """Version of glibc, musl or macOS; unused on Windows."""

    @property
    def libc(self) -> str:
        """`glibc`, `musl`, or nothing."""
        return self.name.rsplit("-", 1)[1] if self.sys_platform == "linux" else ""

    def tag_names(self, version: tuple[int, int]) -> tuple[str, ...]:
        """Return the platform part of wheel tags that a system of `version` takes, best first."""
        if self.sys_platform == "win32":
            return ("win_amd64",) if self.machine == "AMD64" else ("win_arm64",)
        if self.sys_platform == "darwin":
            from packaging.tags import mac_platforms

            return tuple(mac_platforms(version, self.machine))
        if self.libc == "musl":
            minors = range(version[1], -1, -1)
            names = [f"musllinux_{version[0]}_{minor}_{self.machine}" for minor in minors]
            return (*names, f"linux_{self.machine}")
        return tuple(_manylinux(version[1], self.machine))


_LINUX = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}
_MACOS = {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"}
_WINDOWS = {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"}

PLATFORMS = {
    row.name: row
    for row in (
        Platform(name="linux-x86_64-glibc", machine="x86_64", oldest=(2, 28), **_LINUX),
        Platform(name="linux-aarch64-glibc", machine="aarch64", oldest=(2, 28), **_LINUX),
        Platform(name="linux-x86_64-musl", machine="x86_64", oldest=(1, 2), **_LINUX),
        Platform(name="linux-aarch64-musl", machine="aarch64", oldest=(1, 2), **_LINUX),
        Platform(name="macos-x86_64", machine="x86_64", oldest=(12, 0), **_MACOS),
        Platform(name="macos-arm64", machine="arm64", oldest=(12, 0), **_MACOS),
        Platform(name="windows-x86_64", machine="AMD64", oldest=(10, 0), **_WINDOWS),
        Platform(name="windows-arm64", machine="ARM64", oldest=(10, 0), **_WINDOWS),
    )
}
"""Every name that a manifest can use."""


def name_of(markers: Mapping[str, str], wheel_tags: Sequence[str]) -> str | None:
    """Return the platform of an interpreter by its markers and tags; None when it has no name."""
    musl = any("musllinux" in tag for tag in wheel_tags)
    for row in PLATFORMS.values():
        same = (row.sys_platform, row.machine.lower()) == (
            markers.get("sys_platform"),
            markers.get("platform_machine", "").lower(),
        )
        if same and (row.libc == "musl") is (musl and bool(row.libc)):
            return row.name
    return None


def _manylinux(minor: int, machine: str) -> Iterator[str]:
    """Yield the tags of glibc 2.`minor` and older, with their old names (PEP 600)."""
    old = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    for version in range(minor, 4 if machine == "x86_64" else 16, -1):
        yield f"manylinux_2_{version}_{machine}"
        if version in old:
            yield f"{old[version]}_{machine}"
    yield f"linux_{machine}"


@functools.cache
def tags(name: str, python: tuple[int, int], *, oldest: bool = False) -> frozenset[Tag]:
    """Return the wheel tags that fit `name` under CPython `python`.

    `oldest=True` is for the oldest system that is promised; otherwise for any.
    """
    from packaging.tags import compatible_tags, cpython_tags

    row = PLATFORMS[name]
    newest = {"glibc": _NEWEST_GLIBC, "musl": _NEWEST_MUSL, "": _NEWEST_MACOS}[row.libc]
    names = row.tag_names(row.oldest if oldest else newest)
    version = f"cp{python[0]}{python[1]}"
    return frozenset(cpython_tags(python, abis=[version], platforms=names)) | frozenset(
        compatible_tags(python, interpreter=version, platforms=names)
    )


def environment(name: str, python: tuple[int, int], micro: int = 0) -> dict[str, str]:
    """Return the PEP 508 environment of CPython `python` on `name`."""
    row = PLATFORMS[name]
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python[0]}.{python[1]}.{micro}",
        "os_name": row.os_name,
        "platform_machine": row.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": row.platform_system,
        "platform_version": "",
        "python_full_version": f"{python[0]}.{python[1]}.{micro}",
        "python_version": f"{python[0]}.{python[1]}",
        "sys_platform": row.sys_platform,
    }
