"""Start a proposed server once, from its checked wheels, and compare the tools that it shows."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall import environments, probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.finding import Finding
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.tools import ToolList
from mcpinstall.operations import authoring_tools, manifest_wheels
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.context import Context
from mcpinstall.planning import selection
from mcpinstall.rules.manifests import start as rules
from mcpinstall.rules.manifests.facts import SERVER, Version


def start(version: Version, context: Context, *, offline: bool) -> Iterator[Finding]:
    """Yield how a server differs from what was reviewed; its code runs here.

    A server that is only used where it runs is asked there, without a secret.

    Raises:
        McpInstallError: what kept it from being built, such as `offline-missing`.
    """
    manifest, lock, tools = version.manifest, version.lock, version.tools
    if manifest is None or version.server is None or tools is None:
        return
    if manifest.package is not None and lock is None:
        return
    context.progress.step(f"starting {version.where}")
    draft = Draft(manifest=manifest, server=version.file(SERVER).data)
    try:
        seen, markers = _seen(version, draft, context, offline=offline)
    except McpInstallError as error:
        if error.code is not ErrorCode.PROBE_FAILED:
            raise
        yield rules.silent(version, error.message, error.evidence)
        return
    if seen.known:
        yield from rules.tools(version, probing.compare(tools, seen, manifest.varies, markers))


def _seen(
    version: Version, draft: Draft, context: Context, *, offline: bool
) -> tuple[ToolList, dict[str, str]]:
    manifest = draft.manifest
    lock = version.lock or NO_LOCK
    markers: dict[str, str] = {}
    pythons: tuple[str, ...] = ()
    if manifest.package is not None:
        interpreter = environments.choose_interpreter(
            manifest.package.requires_python, context.machine, None
        )
        markers = dict(interpreter.markers)
        pythons = (str(interpreter.path),)
        wanted = selection.select(lock, interpreter)
        manifest_wheels.fetch(wanted, context, offline=offline)
    seen = authoring_tools.tools(draft, lock, manifest.hooks, context, pythons=pythons, starts=1)
    return seen, markers
