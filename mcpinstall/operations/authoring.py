"""Make what a manifest pins: the lock, the accepted hooks, the tool list, the digests.

From a draft, which a person wrote, to the files that a person reviews.  Every step can be
repeated by somebody else and gives the same bytes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcpinstall import environments, indexes, verification
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import (
    advisory_text,
    lock_authoring,
    lock_text,
    manifest_text,
    registry_text,
    server_text,
)
from mcpinstall.model.lock import NO_LOCK, Lock
from mcpinstall.model.manifest import Hook, Manifest
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.tools import ToolList
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits, process
from mcpinstall.system.throwaway import throwaway_folder

_INDEX_VARIABLES = (
    "UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_INDEX_URL",
    "XDG_CONFIG_HOME", "ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE",
)  # fmt: skip
"""The caller's variables that say where and how uv reaches the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person decides about a server; the rest is made from it."""

    manifest: Manifest
    """Without files and hooks."""
    server: bytes
    """`server.json`."""
    constraints: tuple[str, ...] = ()
    """Requirements that hold a package back, such as where it has no wheel for a platform."""
    exclude_newer: str = ""
    """Time, RFC 3339: no file was published after it (at least 7 days before the review).
    Constraints and time are those of the lock: nothing where there is no package."""
    reasons: tuple[tuple[str, str, str], ...] = ()
    """Package, member and reason of every start-up hook or program that is accepted."""


def lock(draft: Draft, context: Context) -> Lock:
    """Resolve the whole closure for all platforms of a draft; every one must be covered.

    A draft of a server that is only used where it runs has no lock.

    Raises:
        McpInstallError: `tool-failed`, or `lock-invalid` naming packages without a wheel.
    """
    if draft.manifest.package is None:
        return NO_LOCK
    package = draft.manifest.package
    with throwaway_folder() as folder:
        wanted = f"{package.identifier}=={package.version}\n"
        with files.disk_errors("write temporary files"):
            (folder / "uv.toml").touch()  # uv looks for its files in all parents; this ends it
            (folder / "requirements.in").write_text(wanted, encoding="utf-8")
            (folder / "constraints.txt").write_text("\n".join(draft.constraints), encoding="utf-8")
        pythons = lock_authoring.pythons(package.requires_python)
        _run_uv(folder, draft.exclude_newer, min(pythons), context)
        written = files.read_bounded(folder / "pylock.toml", 4 * limits.LOCK_BYTES)
    text = lock_authoring.from_uv(written, package.platforms, pythons=pythons)
    found = lock_text.parse(text, "pylock.toml")
    if faults := lock_authoring.uncovered(found, package.platforms, pythons=pythons):
        raise McpInstallError(
            ErrorCode.LOCK_INVALID,
            f"the lock of `{draft.manifest.name}` does not cover its platforms",
            hint="hold the package back where it has no wheel, or leave the platform out",
            evidence="\n".join(faults),
        )
    return found


def hooks(draft: Draft, locked: Lock, context: Context) -> tuple[Hook, ...]:
    """Fetch and inspect every wheel of every platform; return what has to be accepted.

    Raises:
        McpInstallError: `archive-refused`, or `manifest-invalid` for a hook without a reason.
    """
    artifacts = tuple(wheel for package in locked.packages for wheel in package.wheels)
    if not artifacts:
        return ()
    fetched = indexes.fetch_artifacts(
        artifacts,
        index=lambda: indexes.effective_index(context.machine, environments.uv_program()),
        store=indexes.Store(context.paths.artifacts),
        machine=context.machine,
        progress=context.progress,
    )
    reasons = {(package, member): reason for package, member, reason in draft.reasons}
    found: list[Hook] = []
    for artifact, path in fetched.paths:
        context.progress.step(f"inspecting {artifact.filename}")
        with path.open("rb") as file:
            needed = verification.unaccepted_hooks(file, artifact)
            accepted = [with_reason(hook, artifact.package, reasons) for hook in needed]
            file.seek(0)
            verification.inspect_wheel(file, artifact, accepted)
        found += accepted
    return tuple(sorted(found, key=lambda hook: (hook.wheel, hook.member)))


def write(
    folder: Path,
    draft: Draft,
    locked: Lock,
    accepted: Sequence[Hook],
    tools: ToolList,
    *,
    attestations: bytes = b"",
) -> Path:
    """Write the files of a server below `folder`, and return their folder.

    They are at most five: without a package there is no lock, and tools that nobody saw, or
    attestations that nobody made, are in no file.
    """
    server_text.parse(draft.server, "server.json")
    texts = {"server.json": draft.server}
    texts |= {"pylock.toml": locked.text} if draft.manifest.package else {}
    texts |= {"tools.json": tools.text} if tools.known else {}
    texts |= {"attestations.json": attestations} if attestations else {}
    digests = tuple(
        (name, hashlib.sha256(data).hexdigest()) for name, data in sorted(texts.items())
    )
    described = replace(draft.manifest, files=digests, hooks=tuple(accepted))
    texts["manifest.toml"] = manifest_text.dump(described)
    manifest_text.parse(texts["manifest.toml"])
    target = folder.joinpath(*described.name.split("/"), described.version)
    with files.disk_errors(f"remove what is not of it from `{target}`"):
        for name in set(manifest_text.FILES) - texts.keys():
            (target / name).unlink(missing_ok=True)
    with files.disk_errors(f"write below `{target}`"):
        target.mkdir(parents=True, exist_ok=True)
    for name, data in texts.items():
        files.write_atomic(target / name, data, mode=0o644)
    return target


def index_rows(folder: Path) -> tuple[IndexRow, ...]:
    """Return the rows that `index.toml` of a registry's folder must have."""
    return tuple(_row(path) for path in sorted(folder.glob("*/*/*/manifest.toml")))


def write_registry(folder: Path, described: RegistryFile) -> None:
    """Write `index.toml` for the manifests that are there, and `registry.toml` that pins it."""
    index = registry_text.dump_index(index_rows(folder))
    advisories = files.read_optional(folder / advisory_text.NAME, limits.ADVISORIES_BYTES)
    pinned = replace(
        described,
        index=hashlib.sha256(index).hexdigest(),
        advisories="" if advisories is None else hashlib.sha256(advisories).hexdigest(),
    )
    files.write_atomic(folder / "index.toml", index, mode=0o644)
    files.write_atomic(folder / "registry.toml", registry_text.dump(pinned), mode=0o644)


def _run_uv(folder: Path, exclude_newer: str, oldest: tuple[int, int], context: Context) -> None:
    environ = context.machine.environ
    extra = {name: environ[name] for name in _INDEX_VARIABLES if name in environ}
    done = process.run(
        [
            environments.uv_program(), "pip", "compile", "requirements.in",
            "--constraint", "constraints.txt", "--universal", "--no-build",
            "--format", "pylock.toml", "--output-file", "pylock.toml",
            "--python-version", f"{oldest[0]}.{oldest[1]}", "--exclude-newer", exclude_newer,
            "--python", sys.executable, "--no-python-downloads", "--no-header", "--quiet",
            "--system-certs",
        ],
        environment=process.child_environment(context.machine, extra), cwd=folder,
    )  # fmt: skip
    if done.returncode != 0:
        raise McpInstallError(
            ErrorCode.TOOL_FAILED,
            "uv could not resolve the packages",
            evidence=done.stderr.decode("utf-8", "replace")[-4000:],
        )


def with_reason(hook: Hook, package: str, reasons: Mapping[tuple[str, str], str]) -> Hook:
    """Return `hook` with the reason that a person gave for that member of that package.

    Raises:
        McpInstallError: `manifest-invalid` when nobody gave one.
    """
    reason = reasons.get((package, hook.member))
    if reason is None:
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"nobody gave a reason to accept `{hook.member}` of `{hook.wheel}` ({hook.kind})",
            hint="read the member, then write the reason into the draft",
        )
    return replace(hook, reason=reason)


def _row(path: Path) -> IndexRow:
    data = files.read_bounded(path, limits.MANIFEST_BYTES)
    found = manifest_text.parse(data, str(path))
    return IndexRow(
        name=found.name,
        version=found.version,
        title=found.title,
        summary=found.summary,
        sha256=hashlib.sha256(data).hexdigest(),
    )
