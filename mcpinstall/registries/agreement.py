"""Whether manifest, `server.json`, lock and tools of one server tell the same story."""

from __future__ import annotations

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.manifest import Manifest, Permissions, RemoteChoice
from mcpinstall.model.names import normalized_package
from mcpinstall.model.registry import IndexRow, ReviewedServer
from mcpinstall.model.server_inputs import PLACEHOLDER
from mcpinstall.model.server_json import Package, RemoteServer


def require_row(manifest: Manifest, row: IndexRow) -> None:
    """Refuse a manifest that says something else than its index row and its folder."""
    said = (manifest.name, manifest.version, manifest.title, manifest.summary)
    if said != (row.name, row.version, row.title, row.summary):
        raise _disagree(row.name, "`manifest.toml` and `index.toml`", "name, version or title")


def require_agreement(server: ReviewedServer) -> None:
    """Refuse a server whose files contradict each other.

    Raises:
        McpInstallError: `manifest-invalid`.
    """
    manifest = server.manifest
    if (server.server.name, server.server.version) != (manifest.name, manifest.version):
        raise _disagree(manifest.name, "`server.json` and `manifest.toml`", "name or version")
    remotes = (chosen_remote(server, choice) for choice in manifest.remotes)
    known = {name for remote in remotes for name in remote.input_names()}
    if manifest.package is not None:
        package = chosen_package(server)
        _require_lock(server)
        _require_hooks(server)
        _require_attested(server)
        known |= set(package.input_names())
    _require_inputs(manifest, known)


def _require_lock(server: ReviewedServer) -> None:
    choice = server.manifest.local
    locked = {(item.name, item.version) for item in server.lock.packages}
    wanted = (normalized_package(choice.identifier), choice.version)
    if wanted not in locked:
        raise _disagree(server.manifest.name, "`pylock.toml` and `manifest.toml`", "package")
    if server.lock.requires_python != choice.requires_python:
        raise _disagree(
            server.manifest.name, "`pylock.toml` and `manifest.toml`", "requires-python"
        )


def chosen_package(server: ReviewedServer) -> Package:
    """Return the package of `server.json` that the manifest names: started over STDIO.

    Raises:
        McpInstallError: `manifest-invalid` unless exactly one fits.
    """
    choice = server.manifest.local
    fitting = [
        package
        for package in server.server.packages
        if (package.registry_type, package.identifier, package.version, package.transport)
        == (choice.registry_type, choice.identifier, choice.version, "stdio")
    ]
    if len(fitting) != 1:
        raise _disagree(server.manifest.name, "`server.json` and `manifest.toml`", "package")
    (package,) = fitting
    return package


def chosen_remote(server: ReviewedServer, choice: RemoteChoice) -> RemoteServer:
    """Return the remote of `server.json` that the manifest names.

    Raises:
        McpInstallError: `manifest-invalid` unless exactly one fits.
    """
    fitting = [
        remote
        for remote in server.server.remotes
        if (remote.transport, remote.url) == (choice.transport, choice.url)
    ]
    if len(fitting) != 1:
        raise _disagree(server.manifest.name, "`server.json` and `manifest.toml`", "remotes")
    (remote,) = fitting
    return remote


def _require_hooks(server: ReviewedServer) -> None:
    wheels = {wheel.filename for package in server.lock.packages for wheel in package.wheels}
    for hook in server.manifest.hooks:
        if hook.wheel not in wheels:
            raise _disagree(server.manifest.name, "`pylock.toml` and `hooks`", hook.wheel)


def _require_attested(server: ReviewedServer) -> None:
    wheels = {wheel.filename for package in server.lock.packages for wheel in package.wheels}
    for name, _ in server.attestations:
        if name not in wheels:
            raise _disagree(
                server.manifest.name, "`pylock.toml` and `attestations.json`", name[:200]
            )


def _require_inputs(manifest: Manifest, known: set[str]) -> None:
    for name, _ in manifest.probe.inputs:
        if name not in known:
            raise _disagree(manifest.name, "`server.json` and `probe.inputs`", name)
    for text in _declared(manifest.permissions):
        for name in PLACEHOLDER.findall(text):
            if name not in known:
                raise _disagree(manifest.name, "`server.json` and `permissions`", name)


def _declared(permissions: Permissions) -> tuple[str, ...]:
    return (*permissions.network, *permissions.read, *permissions.write, *permissions.exec)


def _disagree(name: str, files: str, what: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.MANIFEST_INVALID,
        f"{files} of `{name}` do not agree ({what})",
        hint="tell the owner of the registry",
    )
