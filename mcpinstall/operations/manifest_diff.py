"""What changed between two versions of a server: `mcpi manifest diff`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.manifest import Permissions, ProbeSettings
from mcpinstall.model.plan import Request
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.server_json import ServerJson
from mcpinstall.model.tools import ToolList
from mcpinstall.operations import describing, lookup
from mcpinstall.operations.context import Context

NOTHING = "-"
"""Stands for no version at all: everything of the other side is new."""

INSTALLED = "installed"
"""Prefix of a server that is installed: the version of its receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two versions, where each came from, and what changed."""

    sources: tuple[str, str]
    """Where each version was found, for people."""
    comparison: describing.Comparison


def diff(before: str, after: str, context: Context, *, offline: bool = False) -> Diff:
    """Compare two versions, each a manifest's folder, `NAME[@VERSION]` or `installed:NAME`.

    `before` may be `-`, where there was none.

    Raises:
        McpInstallError: `not-found`, `file-unreadable`, `digest-mismatch` for what is not what
            its manifest or lock says, or the refusal of a parser.
    """
    right = _server(after, context, offline=offline)
    left = _nothing(right) if before == NOTHING else _server(before, context, offline=offline)
    return Diff(
        sources=(_source(left), _source(right)),
        comparison=describing.compare_servers(left, right, context, offline=offline),
    )


def _server(spec: str, context: Context, *, offline: bool) -> ReviewedServer:
    folder = Path(spec)
    if _is_file(folder / "manifest.toml"):
        return registries.one_version(folder)
    if spec.startswith((".", "/", "~")) or "\\" in spec:
        raise McpInstallError(
            ErrorCode.FILE_UNREADABLE,
            f"there is no `manifest.toml` in `{spec}`",
            hint="name the folder of one version, such as "
            "`manifests/io.github.user/server/1.0`, or a server: `time@2026.10.19`",
        )
    prefix, colon, name = spec.partition(":")
    if colon and prefix == INSTALLED:
        return lookup.of_receipt(lookup.installed(name, context), context, offline=True)
    return lookup.reviewed(spec, context, Request(names=(spec,), offline=offline))


def _nothing(of: ReviewedServer) -> ReviewedServer:
    """Return a version of the same server that has nothing yet."""
    registry = replace(
        of.registry,
        name="nothing",
        check=CheckResult(
            check=Check.REGISTRY, outcome=Outcome.ABSENT, evidence="the server is new"
        ),
    )
    manifest = replace(
        of.manifest,
        version="", title="", summary="", try_sentence="", files=(), package=None,
        publisher=None, publisher_absent="", permissions=Permissions(), probe=ProbeSettings(),
        hooks=(), varies=(), reviews=(), remotes=(),
    )  # fmt: skip
    return replace(
        of,
        registry=registry,
        manifest=manifest,
        server=ServerJson(name=of.server.name, description="", version=""),
        lock=NO_LOCK,
        tools=ToolList(tools=()),
    )


def _is_file(path: Path) -> bool:
    """Tell whether a file is there; what can't be a path is none."""
    with contextlib.suppress(OSError, ValueError):
        return path.is_file()
    return False


def _source(server: ReviewedServer) -> str:
    return f"{server.registry.name}: {server.registry.check.evidence}"
