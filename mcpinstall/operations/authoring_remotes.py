"""Ask a remote of a drafted server for its tools, as an installation would: without a secret."""

from __future__ import annotations

import dataclasses

from mcpinstall import probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.manifest import Manifest, RemoteChoice
from mcpinstall.model.server_json import RemoteServer
from mcpinstall.model.tools import UNKNOWN_TOOLS, ToolList
from mcpinstall.operations import settings
from mcpinstall.operations.context import Context
from mcpinstall.planning import remotes
from mcpinstall.system.remote_channel import Target


def tools(manifest: Manifest, server: bytes, choice: RemoteChoice, context: Context) -> ToolList:
    """Return the tools of one remote; unknown where it wants authorization.

    Inputs come from `[probe.inputs]`; a header with a secret is left out.

    Raises:
        McpInstallError: `manifest-invalid` for a remote that `server.json` does not have, or an
            input without a value; `probe-failed`, `remote-refused`.
    """
    remote = _without_secrets(_described(server, choice))
    values = {name: [value] for name, value in manifest.probe.inputs}
    found = remotes.resolve(remote, values, settings.around(context))
    if found.missing:
        names = ", ".join(f"`{question.name}`" for question in found.missing)
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"`{choice.url}` can't be asked without {names}",
            hint="give a harmless value in `[probe.inputs]`",
        )
    headers = tuple((item.name, item.value) for item in found.headers if item.value)
    context.progress.step(f"asking {found.url}")
    target = Target(url=found.url, named_by_user=False, headers=headers)
    answer = probing.probe_remote(target, choice.transport, machine=context.machine)
    if isinstance(answer, probing.NeedsAuthorization):
        context.progress.step(f"not seen: {answer.sentence}")
        return UNKNOWN_TOOLS
    return answer.tools


def _described(server: bytes, choice: RemoteChoice) -> RemoteServer:
    for remote in server_text.parse(server, "server.json").remotes:
        if (remote.transport, remote.url) == (choice.transport, choice.url):
            return remote
    raise McpInstallError(
        ErrorCode.MANIFEST_INVALID,
        f"`server.json` has no remote of type `{choice.transport}` at `{choice.url}`",
    )


def _without_secrets(remote: RemoteServer) -> RemoteServer:
    plain = tuple(
        header
        for header in remote.headers
        if not header.input.secret and not any(inner.secret for _, inner in header.input.variables)
    )
    return dataclasses.replace(remote, headers=plain)
