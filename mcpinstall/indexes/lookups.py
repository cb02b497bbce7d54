"""One package's page on the indexes of a user, asked in their order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import simple_page
from mcpinstall.indexes.configured import Source
from mcpinstall.indexes.simple_page import Listed
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits
from mcpinstall.system.fetch import Client
from mcpinstall.system.urls import Url

_one_page = threading.Lock()
"""Pages are read one after the other: a large one takes ten times its size in memory."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An index and the connections to it."""

    source: Source
    client: Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One artifact as the first index that has it lists it."""

    artifact: Artifact
    url: Url
    yanked: str | None
    """The reason, possibly empty, or None when the release was not withdrawn."""
    at: Opened
    listed: Listed


def look_up(
    package: str, artifacts: Sequence[Artifact], opened: Sequence[Opened]
) -> tuple[Found, ...]:
    """Return where every one of a package's artifacts is.

    The first index that lists a file with its digest is taken.  Asking the next one is safe,
    for no other bytes than the pinned ones are ever accepted (threat T08).

    Raises:
        McpInstallError: `index-unavailable`, `index-forbidden`, `digest-mismatch` or
            `download-failed` when a file was found nowhere.
    """
    found: dict[Artifact, Found] = {}
    problem: McpInstallError | None = None
    for at in opened:
        try:
            listings = _page(package, artifacts, at)
        except McpInstallError as error:
            problem = problem or error
            continue
        for artifact in artifacts:
            listed = listings.get(artifact.filename)
            if listed is None or artifact in found:
                continue
            if listed.sha256 not in (None, artifact.sha256):
                problem = problem or _other_bytes(artifact, listed, at)
                continue
            if listed.url is None:
                problem = problem or _unusable(artifact, listed, at)
                continue
            found[artifact] = Found(
                artifact=artifact, url=listed.url, yanked=listed.yanked, at=at, listed=listed
            )
        if len(found) == len(artifacts):
            return tuple(found.values())
    lost = next(artifact for artifact in artifacts if artifact not in found)
    raise problem or _nowhere(lost, opened)


def _page(package: str, artifacts: Sequence[Artifact], at: Opened) -> dict[str, Listed]:
    answer = at.client.get_bytes(
        at.source.page(package),
        limit=limits.INDEX_PAGE_BYTES,
        headers={"accept": simple_page.ACCEPT},
    )
    names = [artifact.filename for artifact in artifacts]
    if answer is None:
        return {}
    with _one_page, at.client.discreet():
        return simple_page.parse(answer, names)


def _other_bytes(artifact: Artifact, listed: Listed, at: Opened) -> McpInstallError:
    return McpInstallError(
        ErrorCode.DIGEST_MISMATCH,
        f"`{at.source.shown}` lists other bytes under the name `{artifact.filename}`",
        hint=f"expected sha256 `{artifact.sha256}`, it lists `{listed.sha256}`; "
        "nothing was downloaded",
    )


def _unusable(artifact: Artifact, listed: Listed, at: Opened) -> McpInstallError:
    return McpInstallError(
        ErrorCode.INDEX_FORBIDDEN,
        f"`{at.source.shown}` lists `{artifact.filename}` at an address that can't be used: "
        f"{at.client.without_secrets(listed.fault)}",
        hint="only https is used, and plain http on this machine itself",
    )


def _nowhere(artifact: Artifact, opened: Sequence[Opened]) -> McpInstallError:
    places = ", ".join(at.source.shown for at in opened)
    return McpInstallError(
        ErrorCode.DOWNLOAD_FAILED,
        f"`{artifact.filename}` is not on the index (`{places}`)",
        hint="it may have been deleted there, or a mirror may lack it; "
        "`UV_DEFAULT_INDEX` chooses another index",
    )
