"""Which server of the user's registries is made of a package of the Python index."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from mcpinstall import registries
from mcpinstall.errors import McpInstallError
from mcpinstall.model.manifest import PackageChoice
from mcpinstall.model.names import normalized_package
from mcpinstall.model.registry import IndexRow, ReviewedServer, ReviewState
from mcpinstall.operations import bundled_packages, configuration, lookup
from mcpinstall.operations.context import Context

_MOST_ROWS = 200
"""Rows of one of the user's registries whose manifests are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A server that a registry describes."""

    spec: str
    """What `mcpi install` takes for it."""
    server: ReviewedServer

    @property
    def is_certified(self) -> bool:
        """Its registry vouches for it."""
        return self.server.registry.review is ReviewState.CERTIFIED

    @property
    def package_version(self) -> str:
        """Version of the package."""
        return self.server.manifest.local.version


class ReviewedPackages:
    """The registries of the user; each is read when the first package is looked for.

    No other machine is asked: of a TUF registry, what was fetched before is read.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[tuple[str, str], Found | None] = {}

    def find(self, package: str, version: str = "") -> Found | None:
        """Return the server of a package: in that version of it if there is one, else the newest.

        The bundled registry comes first, then those of the configuration in their order.
        """
        key = (package, version)
        if key not in self._known:
            self._known[key] = next(self._of(package, version), None)
        return self._known[key]

    def _of(self, package: str, version: str) -> Iterator[Found]:
        bundled = registries.open_bundled(self._context.paths, self._context.now)
        rows = [row for row in bundled.index() if bundled_packages.package_of(row) == package]
        yield from _newest(bundled, "", rows, version)
        for one in configuration.configured(self._context):
            with contextlib.suppress(McpInstallError):  # (one that is not there hides no other)
                registry = lookup.opened(one, self._context, offline=True)
                yield from _of_users(registry, package, version)


def _of_users(registry: registries.Registry, package: str, version: str) -> Iterator[Found]:
    with contextlib.suppress(McpInstallError):
        rows = (registry.index() or registry.search(package))[:_MOST_ROWS]
        fitting = [row for row in rows if _package(registry, row, package) is not None]
        yield from _newest(registry, f"{registry.state.name}:", fitting, version)


def _newest(
    registry: registries.Registry, prefix: str, rows: list[IndexRow], version: str
) -> Iterator[Found]:
    """Yield the server in the version of the package that is wanted, then in its newest."""
    for name in dict.fromkeys(row.name for row in rows):
        every = sorted(registry.rows_of(name), key=lambda row: registries.order(row.version))
        found: list[Found] = []
        for row in reversed(every):
            with contextlib.suppress(McpInstallError, ValueError):
                server = registry.find(row.name, row.version)
                spec = f"{prefix}{registry.alias_of(name) or name}"
                found.append(Found(spec=spec, server=server))
        for one in found[1:]:
            if version and one.package_version == version != found[0].package_version:
                yield Found(spec=f"{one.spec}@{one.server.manifest.version}", server=one.server)
        yield from found[:1]


def _package(registry: registries.Registry, row: IndexRow, package: str) -> PackageChoice | None:
    with contextlib.suppress(McpInstallError):
        choice = registry.find(row.name, row.version).manifest.package
        if choice is not None and normalized_package(choice.identifier) == package:
            return choice
    return None
