"""When files were published, as the indexes of the user say it now."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from mcpinstall.indexes.configured import Index
from mcpinstall.indexes.fetching import MakeClient, client_of
from mcpinstall.indexes.lookups import Opened, look_up
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits
from mcpinstall.system.machine import Machine


def published(
    artifacts: Sequence[Artifact],
    index: Index,
    machine: Machine,
    make_client: MakeClient = client_of,
) -> dict[Artifact, datetime | None]:
    """Return for each file when the first index that lists it got it; None where it's not told.

    Raises:
        McpInstallError: `index-unavailable`, `index-forbidden`, `digest-mismatch`, or
            `download-failed` for a file that no index lists.
    """
    packages: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        packages.setdefault(artifact.package, []).append(artifact)
    with contextlib.ExitStack() as stack:
        opened = [
            Opened(source, stack.enter_context(make_client(source, machine)))
            for source in index.sources
        ]
        pool = stack.enter_context(ThreadPoolExecutor(limits.DOWNLOADS_AT_ONCE))
        pages = pool.map(lambda one: look_up(one, packages[one], opened), packages)
        return {found.artifact: found.listed.uploaded for page in pages for found in page}
