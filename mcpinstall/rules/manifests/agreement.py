"""MV201 to MV209: manifest, `server.json`, lock and tools tell the same story."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.finding import Finding, Severity
from mcpinstall.model.manifest import Manifest
from mcpinstall.model.names import normalized_package
from mcpinstall.model.server_inputs import PLACEHOLDER
from mcpinstall.model.server_json import Package, ServerJson
from mcpinstall.rules.manifests.facts import ATTESTATIONS, LOCK, MANIFEST, SERVER, Version, rule

NAME_DIFFERS = rule(
    201, "name-differs", Severity.HIGH, "`server.json` is about another server or version"
)
PACKAGE_UNKNOWN = rule(
    202, "package-unknown", Severity.HIGH, "`server.json` does not offer the chosen package"
)
REMOTE_UNKNOWN = rule(
    203, "remote-unknown", Severity.HIGH, "`server.json` does not offer the reviewed remote"
)
PACKAGE_UNLOCKED = rule(
    204, "package-unlocked", Severity.HIGH, "The lock does not hold the chosen package"
)
PYTHON_DIFFERS = rule(
    205, "python-differs", Severity.MEDIUM, "Manifest and lock are for other Pythons"
)
HOOK_OF_NOTHING = rule(
    206, "hook-of-nothing", Severity.MEDIUM, "A hook of a wheel that isn't locked is accepted"
)
INPUT_UNKNOWN = rule(207, "input-unknown", Severity.MEDIUM, "An input is used that there isn't")
VARIATION_OF_NOTHING = rule(
    208, "variation-of-nothing", Severity.MEDIUM, "A place of no reviewed tool may vary"
)

ATTESTATION_OF_NOTHING = rule(
    209, "attestation-of-nothing", Severity.MEDIUM, "An attested file isn't in the lock"
)


def names(version: Version) -> Iterator[Finding]:
    """Yield a `server.json` of another server, or of another version."""
    manifest, server = version.manifest, version.server
    if manifest is None or server is None:
        return
    for key, ours, theirs in (
        ("name", manifest.name, server.name),
        ("version", manifest.version, server.version),
    ):
        if ours != theirs:
            yield version.finding(
                NAME_DIFFERS, SERVER, f"it is `{theirs}`, and `{ours}` in the manifest", at=key
            )


def packages(version: Version) -> Iterator[Finding]:
    """Yield a chosen package or remote that `server.json` does not have, or has twice."""
    manifest, server = version.manifest, version.server
    if manifest is None or server is None:
        return
    if manifest.package is not None and _chosen(manifest, server) is None:
        choice = manifest.package
        yield version.finding(
            PACKAGE_UNKNOWN,
            MANIFEST,
            f"`server.json` does not offer `{choice.identifier}` {choice.version} over STDIO "
            "exactly once",
            at="package.identifier",
        )
    for number, remote in enumerate(manifest.remotes):
        fitting = [
            r for r in server.remotes if (r.transport, r.url) == (remote.transport, remote.url)
        ]
        if len(fitting) != 1:
            yield version.finding(
                REMOTE_UNKNOWN, MANIFEST,
                f"`server.json` does not offer `{remote.url}` over `{remote.transport}` "
                "exactly once",
                at=f"remotes[{number}].url",
            )  # fmt: skip


def lock(version: Version) -> Iterator[Finding]:
    """Yield a lock of something else than the chosen package and its Pythons."""
    manifest, locked = version.manifest, version.lock
    if manifest is None or manifest.package is None or locked is None:
        return
    choice = manifest.package
    wanted = (normalized_package(choice.identifier), choice.version)
    if wanted not in {(item.name, item.version) for item in locked.packages}:
        near = version.file(LOCK).literal(wanted[0])
        yield version.finding(
            PACKAGE_UNLOCKED, LOCK, f"`{wanted[0]}` {wanted[1]} is not in the lock", location=near,
            fix="lock it again: `mcpi manifest lock`",
        )  # fmt: skip
    if locked.requires_python != choice.requires_python:
        yield version.finding(
            PYTHON_DIFFERS, LOCK,
            f"the lock is for `{locked.requires_python}`, "
            f"the manifest for `{choice.requires_python}`",
            at="requires-python",
        )  # fmt: skip


def hooks(version: Version) -> Iterator[Finding]:
    """Yield accepted hooks of wheels that are not in the lock."""
    if version.manifest is None or version.lock is None:
        return
    wheels = {wheel.filename for item in version.lock.packages for wheel in item.wheels}
    for number, hook in enumerate(version.manifest.hooks):
        if hook.wheel not in wheels:
            yield version.finding(
                HOOK_OF_NOTHING, MANIFEST, f"`{hook.wheel}` is not in the lock",
                at=f"hooks[{number}].wheel", fix="take the hook out",
            )  # fmt: skip


def inputs(version: Version) -> Iterator[Finding]:
    """Yield inputs in `[probe]` and `[permissions]` that `server.json` does not name."""
    manifest, server = version.manifest, version.server
    if manifest is None or server is None:
        return
    if manifest.package is not None and _chosen(manifest, server) is None:
        return  # told already: there is nothing whose inputs could be known
    known = set(_known(manifest, server))
    for name, _ in manifest.probe.inputs:
        if name not in known:
            yield version.finding(
                INPUT_UNKNOWN, MANIFEST, f"`server.json` has no input `{name}`",
                at=f"probe.inputs.{name}",
            )  # fmt: skip
    for key in ("network", "read", "write", "exec"):
        for number, text in enumerate(getattr(manifest.permissions, key)):
            for name in sorted(set(PLACEHOLDER.findall(text)) - known):
                yield version.finding(
                    INPUT_UNKNOWN, MANIFEST, f"`server.json` has no input `{name}`",
                    at=f"permissions.{key}[{number}]",
                )  # fmt: skip


def variations(version: Version) -> Iterator[Finding]:
    """Yield declared differences in tools that nobody reviewed."""
    if version.manifest is None or version.tools is None:
        return
    known = {str(tool["name"]) for tool in version.tools.tools if isinstance(tool, dict)}
    for number, place in enumerate(version.manifest.varies):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in place.pointer.split("/")]
        if len(parts) < 3 or parts[1] != "tools" or parts[2] not in known:
            yield version.finding(
                VARIATION_OF_NOTHING, MANIFEST, f"`{place.pointer}` is in no reviewed tool",
                at=f"tools.varies[{number}].pointer", fix="take it out",
            )  # fmt: skip


def attestations(version: Version) -> Iterator[Finding]:
    """Yield attestations of files that are not in the lock."""
    if version.lock is None:
        return
    wheels = {wheel.filename for item in version.lock.packages for wheel in item.wheels}
    for name in sorted(version.attestations.keys() - wheels):
        yield version.finding(
            ATTESTATION_OF_NOTHING, ATTESTATIONS, f"`{name[:200]}` is not in the lock",
            location=version.file(ATTESTATIONS).literal(name), fix="take it out",
        )  # fmt: skip


def _chosen(manifest: Manifest, server: ServerJson) -> Package | None:
    choice = manifest.local
    wanted = (choice.registry_type, choice.identifier, choice.version, "stdio")
    fitting = [
        package
        for package in server.packages
        if (package.registry_type, package.identifier, package.version, package.transport) == wanted
    ]
    return fitting[0] if len(fitting) == 1 else None


def _known(manifest: Manifest, server: ServerJson) -> Iterator[str]:
    """Yield every name by which an input can be meant."""
    package = _chosen(manifest, server) if manifest.package else None
    if package is not None:
        yield from package.input_names()
    wanted = {(choice.transport, choice.url) for choice in manifest.remotes}
    for remote in server.remotes:
        if (remote.transport, remote.url) in wanted:
            yield from remote.input_names()
