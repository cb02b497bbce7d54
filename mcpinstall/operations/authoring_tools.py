"""Make `tools.json`: start a drafted server under several interpreters, ask its remotes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall import environments, indexes, probing, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.artifact import EntryPoint, VerifiedArtifact
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import Hook, PackageChoice, ToolVariation
from mcpinstall.model.names import normalized_package
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import authoring_remotes
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.context import Context
from mcpinstall.planning import inputs, proposals, selection
from mcpinstall.system import files
from mcpinstall.system.throwaway import throwaway_folder

STARTS = 2
"""Under each interpreter: a list that differs from start to start is found by the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one start of the server, or one of its remotes, showed."""

    tools: ToolList
    where: str
    """`under Python 3.12.4`, for people."""
    python: str = ""
    """Such as `3.12`; empty for a remote."""
    number: int = 0
    """Of the start under that Python."""
    markers: tuple[tuple[str, str], ...] = ()


def tools(
    draft: Draft,
    locked: Lock,
    accepted: Sequence[Hook],
    context: Context,
    *,
    pythons: Sequence[str],
    starts: int = STARTS,
) -> ToolList:
    """Return the tools that the server shows, the same everywhere but where the draft says so.

    A package is started twice under each interpreter; each remote is asked once,
    without any secret.  They are unknown where there is no package, and no remote answers so.

    Raises:
        McpInstallError: `probe-failed`, or `tools-changed` for an undeclared difference.
    """
    seen = observed(draft, locked, accepted, context, pythons=pythons, starts=starts)
    for one in seen[1:]:
        require_same(draft.manifest.varies, seen[0], one)
    return seen[0].tools if seen else UNKNOWN_TOOLS


def observed(
    draft: Draft,
    locked: Lock,
    accepted: Sequence[Hook],
    context: Context,
    *,
    pythons: Sequence[str],
    starts: int = STARTS,
) -> tuple[Seen, ...]:
    """Start the server, and ask its remotes; return what each showed, compared with nothing.

    Raises:
        McpInstallError: `probe-failed`.
    """
    found: list[Seen] = []
    if draft.manifest.package is not None:
        for python in pythons:
            interpreter = environments.choose_interpreter(
                draft.manifest.local.requires_python, context.machine, python
            )
            context.progress.step(f"starting it under Python {interpreter.version}")
            found += _under(
                draft, locked, accepted, context, interpreter=interpreter, starts=starts
            )
        if not found:
            raise McpInstallError(ErrorCode.USAGE, "no interpreter was named")
    for choice in draft.manifest.remotes:
        seen = authoring_remotes.tools(draft.manifest, draft.server, choice, context)
        if seen.known:
            where = f"over `{choice.transport}` at {choice.url}"
            found.append(Seen(tools=seen, where=where))
    return tuple(found)


def require_same(varies: Sequence[ToolVariation], first: Seen, seen: Seen) -> None:
    """Refuse tools that differ where nothing says that they may.

    Raises:
        McpInstallError: `tools-changed`.
    """
    if lines := probing.compare(first.tools, seen.tools, varies, dict(seen.markers)):
        raise McpInstallError(
            ErrorCode.TOOLS_CHANGED,
            f"the tools differ {seen.where}",
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
    starts: int = STARTS,
) -> list[Seen]:
    """Build the environment for one interpreter, and probe it so many times."""
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
        return [
            Seen(
                tools=_probe(draft, generation, context),
                where=f"under Python {interpreter.version}",
                python=".".join(interpreter.version.split(".")[:2]),
                number=number,
                markers=interpreter.markers,
            )
            for number in range(starts)
        ]


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


def _probe(draft: Draft, generation: Path, context: Context) -> ToolList:
    settings = draft.manifest.probe
    package = proposals.package_of(
        server_text.parse(draft.server, "server.json"), draft.manifest.local
    )
    if package is None:
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"`server.json` has no package `{draft.manifest.local.identifier}` "
            f"{draft.manifest.local.version} over stdio",
        )
    with probing.probe_inputs(settings) as values:
        around = inputs.Around(
            cwd=generation, home=generation, exists=Path.exists, plaintext_secrets=True
        )
        found = inputs.resolve(package, values, around)
        command = environments.generation_command(generation, found.arguments, context.machine)
        environment = tuple((item.name, item.value) for item in found.environment if item.value)
        return probing.probe(
            command, settings=settings, environment=environment, machine=context.machine
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
