"""Advisories that count here: those shipped with the program, and those of a server's registry."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, ReviewedServer
from mcpinstall.operations import clock
from mcpinstall.operations.context import Context
from mcpinstall.planning import advisories
from mcpinstall.planning.advisories import Known

_NOT_THERE = (ErrorCode.REGISTRY_UNAVAILABLE, ErrorCode.OFFLINE_MISSING)


class Advisories:
    """All that count; the file shipped with the program is read once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._shipped: list[AdvisoryFile | None] = []

    @property
    def time(self) -> datetime:
        """The time by which the age of data is told: the later of clock and what was seen."""
        return clock.latest(self._context)

    def of_plan(self, server: ServerPlan, allow: Collection[str]) -> tuple[str, ...]:
        """Return what check 3 says of a server that is to be installed, or refuse it.

        Raises:
            McpInstallError: `package-malicious`, `version-vulnerable`; `advisories-invalid` …
                for a file that is not what it should be.
        """
        if server.remote is not None:  # nothing of it comes to this machine
            return ()
        known = self.known(server.reviewed, server.artifacts)
        advisories.require(server.name, known, allow)
        return advisories.words(known, self.time)

    def of_receipt(self, receipt: Receipt, server: ReviewedServer) -> Known:
        """Return what is known today of the packages of what is installed.

        Raises:
            McpInstallError: as `of_plan`, but for what is found.
        """
        digests = {sha256 for _, sha256 in receipt.artifacts}
        wheels = [wheel for package in server.lock.packages for wheel in package.wheels]
        return self.known(server, [wheel for wheel in wheels if wheel.sha256 in digests])

    def known(self, server: ReviewedServer, artifacts: Iterable[Artifact]) -> Known:
        """Compare the packages of a server's files with every file of advisories that counts."""
        files, unread = [], []
        if server.registry.kind is RegistryKind.BUNDLED and server.advisories is not None:
            if not self._shipped:
                self._shipped.append(server.advisories())
        elif server.advisories is not None:
            try:
                files.append(server.advisories())
            except McpInstallError as error:
                if error.code not in _NOT_THERE:
                    raise
                unread.append(f"`{server.registry.name}` not checked ({_why(error)})")
        files.append(self._bundled())
        present = [one for one in files if one is not None]
        return advisories.compare(advisories.packages_of(artifacts), present, unread)

    def _bundled(self) -> AdvisoryFile | None:
        if not self._shipped:
            found = registries.open_bundled(self._context.paths, self._context.now)
            self._shipped.append(found.advisories())
        return self._shipped[0]


def of_plans(
    servers: Iterable[ServerPlan], allow: Collection[str], context: Context
) -> dict[str, tuple[str, ...]]:
    """Return what check 3 says of each server, by slug, or refuse.

    Raises:
        McpInstallError: as `Advisories.of_plan`.
    """
    every = Advisories(context)
    return {one.slug: every.of_plan(one, allow) for one in servers}


def _why(error: McpInstallError) -> str:
    return "offline" if error.code is ErrorCode.OFFLINE_MISSING else error.message
