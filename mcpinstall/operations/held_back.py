"""Packages of a lock that a constraint, or a missing wheel, keeps from their newest release."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from mcpinstall import environments, indexes
from mcpinstall.errors import McpInstallError
from mcpinstall.model.lock import Lock
from mcpinstall.operations.context import Context
from mcpinstall.planning.changes import HeldBack
from mcpinstall.system import limits


def held_back(lock: Lock, context: Context) -> tuple[tuple[HeldBack, ...], tuple[str, ...]]:
    """Return what is held back, and notes of what could not be looked up.

    The lock is taken for as old as its youngest file: a release that came later was not passed
    over by anybody.
    """
    uploaded = [wheel.uploaded for one in lock.packages for wheel in one.wheels if wheel.uploaded]
    if not uploaded:
        return (), ()
    versions = _versions(lock)
    names = sorted(versions)[: limits.COMPARED_PAGES]
    context.progress.step(f"looking up {len(names)} packages")
    try:
        index = indexes.effective_index(context.machine, environments.uv_program())
    except McpInstallError as error:
        return (), (f"held-back versions were not looked up: {error.message}",)
    look_up = functools.partial(_newest, index=index, until=max(uploaded), context=context)
    with ThreadPoolExecutor(max_workers=limits.DOWNLOADS_AT_ONCE) as pool:
        found = dict(zip(names, pool.map(look_up, names), strict=True))
    held = tuple(
        HeldBack(
            package=name,
            version=versions[name],
            newest=release.version,
            days=(context.now - release.uploaded).days,
        )
        for name, release in found.items()
        if isinstance(release, indexes.Release) and _is_newer(release.version, versions[name])
    )
    return held, tuple(_notes(found, len(versions)))


def _notes(found: dict[str, indexes.Release | str | None], all_of_them: int) -> Iterable[str]:
    failed = [(name, why) for name, why in found.items() if isinstance(why, str)]
    if failed:
        name, why = failed[0]
        yield f"held-back versions of {len(failed)} packages were not looked up ({name}: {why})"
    if len(found) < all_of_them:
        yield f"held-back versions of {all_of_them - len(found)} packages were not looked up"


def _versions(lock: Lock) -> dict[str, str]:
    """Return the newest version that is locked of each package."""
    from packaging.version import Version

    found: dict[str, str] = {}
    for package in lock.packages:
        kept = found.get(package.name)
        if kept is None or Version(package.version) > Version(kept):
            found[package.name] = package.version
    return found


def _newest(
    name: str, *, index: indexes.Index, until: datetime, context: Context
) -> indexes.Release | str | None:
    """Return a package's newest release at that time, or why that can't be told."""
    try:
        home = indexes.home_of(name, index, context.machine)
        return None if home is None else indexes.newest_release(name, home.page, until)
    except McpInstallError as error:
        return error.message


def _is_newer(newest: str, locked: str) -> bool:
    from packaging.version import Version

    return Version(newest) > Version(locked)
