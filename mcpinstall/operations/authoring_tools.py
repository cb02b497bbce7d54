"""Make `tools.json`: start a drafted server under several interpreters, ask its remotes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mcpinstall import environments, indexes, probing, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.artifact import EntryPoint, VerifiedArtifact
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import Hook, PackageChoice
from mcpinstall.model.names import normalized_package
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import authoring_remotes
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.context import Context
from mcpinstall.planning import inputs, selection
from mcpinstall.system import files
from mcpinstall.system.throwaway import throwaway_folder


def tools(
    draft: Draft,
    locked: Lock,
    accepted: Sequence[Hook],
    context: Context,
    *,
    pythons: Sequence[str],
    zones: Sequence[str],
) -> ToolList:
    """Return the tools that the server shows, the same everywhere but where the draft says so.

    A package is started once for each interpreter and time zone; each remote is asked once,
    without any secret.  They are unknown where there is no package, and no remote answers so.

    Raises:
        McpInstallError: `probe-failed`, or `tools-changed` for an undeclared difference.
    """
    local = draft.manifest.package is not None
    first = _local(draft, locked, accepted, context, pythons, zones) if local else UNKNOWN_TOOLS
    for choice in draft.manifest.remotes:
        seen = authoring_remotes.tools(draft.manifest, draft.server, choice, context)
        if not first.known:
            first = seen
        elif seen.known:
            _require_same(draft, first, seen, {}, f"over `{choice.transport}` at {choice.url}")
    return first


def _local(  # noqa: PLR0917 (one step of `tools`)
    draft: Draft,
    locked: Lock,
    accepted: Sequence[Hook],
    context: Context,
    pythons: Sequence[str],
    zones: Sequence[str],
) -> ToolList:
    first: ToolList | None = None
    for python in pythons:
        interpreter = environments.choose_interpreter(
            draft.manifest.local.requires_python, context.machine, python
        )
        for seen in _under(draft, locked, accepted, context, interpreter=interpreter, zones=zones):
            first = first or seen
            where = f"under Python {interpreter.version}"
            _require_same(draft, first, seen, dict(interpreter.markers), where)
    if first is None:
        raise McpInstallError(ErrorCode.USAGE, "no interpreter was named")
    return first


def _require_same(
    draft: Draft, first: ToolList, seen: ToolList, markers: Mapping[str, str], where: str
) -> None:
    if lines := probing.compare(first, seen, draft.manifest.varies, markers):
        raise McpInstallError(
            ErrorCode.TOOLS_CHANGED,
            f"the tools differ {where}",
            hint="declare the place in `[[tools.varies]]`",
            evidence="\n".join(lines),
        )


def _under(
    draft: Draft,
    locked: Lock,
    accepted: Sequence[Hook],
    context: Context,
    *,
    interpreter: Interpreter,
    zones: Sequence[str],
) -> list[ToolList]:
    """Build the environment for one interpreter, and probe it in each time zone."""
    with throwaway_folder() as folder:
        verified = _verified(locked, accepted, interpreter, folder, context)
        home = files.private_folder(folder / "home")
        staged = environments.stage(
            lock=locked,
            verified=verified,
            interpreter=interpreter,
            entry_point=_entry_point(verified, draft.manifest.local),
            final=home / secrets.token_hex(4),
            staging=folder / "staging",
            machine=context.machine,
            uv=environments.uv_program(),
        )
        generation = environments.place(staged, home)
        return [_probe(draft, generation, zone, context) for zone in zones]


def _verified(
    locked: Lock,
    accepted: Sequence[Hook],
    interpreter: Interpreter,
    folder: Path,
    context: Context,
) -> tuple[VerifiedArtifact, ...]:
    store = indexes.Store(context.paths.artifacts)
    chosen = selection.select(locked, interpreter)
    return verification.stage_artifacts(
        [(artifact, store.path(artifact.sha256)) for artifact in chosen],
        files.private_folder(folder / "wheels"),
        accepted,
        progress=context.progress,
    )


def _probe(draft: Draft, generation: Path, zone: str, context: Context) -> ToolList:
    settings = draft.manifest.probe
    machine = replace(context.machine, environ={**context.machine.environ, "TZ": zone})
    package = server_text.parse(draft.server, "server.json").packages[0]
    with probing.probe_inputs(settings) as values:
        around = inputs.Around(
            cwd=generation, home=generation, exists=Path.exists, plaintext_secrets=True
        )
        found = inputs.resolve(package, values, around)
        command = environments.generation_command(generation, found.arguments, machine)
        environment = tuple((item.name, item.value) for item in found.environment if item.value)
        return probing.probe(
            command, settings=settings, environment=environment, machine=machine
        ).tools


def _entry_point(verified: Sequence[VerifiedArtifact], choice: PackageChoice) -> EntryPoint:
    for one in verified:
        if one.artifact.package == normalized_package(choice.identifier):
            for script in one.inspection.scripts:
                if script.name == choice.script:
                    return script
    raise McpInstallError(
        ErrorCode.MANIFEST_INVALID, f"`{choice.identifier}` has no script `{choice.script}`"
    )
