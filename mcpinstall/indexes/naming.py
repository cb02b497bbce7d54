"""Which index a package's name belongs to: the first that knows it (threat T08)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime

from mcpinstall.indexes import simple_page
from mcpinstall.indexes.configured import Index, Source
from mcpinstall.indexes.fetching import MakeClient, client_of
from mcpinstall.model.names import normalized_package
from mcpinstall.system import limits
from mcpinstall.system.fetch import Answer
from mcpinstall.system.machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The index that has a name, and its page."""

    source: Source
    page: Answer

    def withdrawn(self, filename: str) -> str | None:
        """Return the reason, possibly empty, why the file was withdrawn; None when it was not."""
        listed = simple_page.parse(self.page, [filename]).get(filename)
        return None if listed is None else listed.yanked


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version of a package, and when its first wheel came."""

    version: str
    uploaded: datetime


def offered_wheels(package: str, page: Answer, until: datetime) -> dict[str, list[str]]:
    """Return the wheels of a page that came by `until`, by the version in their names.

    Raises:
        McpInstallError: `index-unavailable` for what is no page.
    """
    found: dict[str, list[str]] = {}
    for filename, uploaded in simple_page.uploads(page):
        name, _, rest = filename.partition("-")
        if filename.endswith(".whl") and normalized_package(name) == package and uploaded <= until:
            found.setdefault(rest.partition("-")[0], []).append(filename)
    return found


def newest_release(package: str, page: Answer, until: datetime) -> Release | None:
    """Return the newest final version of a page with a wheel that came by `until`.

    None where there is none, or where the index tells no times.

    Raises:
        McpInstallError: `index-unavailable` for what is no page.
    """
    from packaging.version import InvalidVersion, Version

    first: dict[str, datetime] = {}
    for filename, uploaded in simple_page.uploads(page):
        name, _, rest = filename.partition("-")
        if filename.endswith(".whl") and normalized_package(name) == package and uploaded <= until:
            text = rest.partition("-")[0]
            first[text] = min(uploaded, first.get(text, uploaded))
    found: dict[Version, datetime] = {}
    for text, uploaded in first.items():
        with contextlib.suppress(InvalidVersion):
            if not (version := Version(text)).is_prerelease:
                found[version] = uploaded
    if not found:
        return None
    newest = max(found)
    return Release(version=str(newest), uploaded=found[newest])


def home_of(
    package: str, index: Index, machine: Machine, make_client: MakeClient = client_of
) -> Home | None:
    """Return the first index that has a page of `package`; None when none has.

    An index that does not answer ends the search: the next one must not take its names over.

    Raises:
        McpInstallError: `index-unavailable` or `index-forbidden`.
    """
    for source in index.sources:
        with make_client(source, machine) as client:
            page = client.get_bytes(
                source.page(package),
                limit=limits.INDEX_PAGE_BYTES,
                headers={"accept": simple_page.ACCEPT},
            )
        if page is not None:
            return Home(source=source, page=page)
    return None
