"""Check 8 of a remote server: ask it once, after the yes, and never with a secret unasked."""

from __future__ import annotations

from collections.abc import Mapping

from mcpinstall import probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import CheckResult
from mcpinstall.model.host import Remote
from mcpinstall.model.plan import ServerPlan
from mcpinstall.model.registry import RegistryKind, ReviewedServer
from mcpinstall.operations import probing_server, unreviewed
from mcpinstall.operations.context import Context
from mcpinstall.system.remote_channel import Target


def ask(
    server: ReviewedServer,
    remote: Remote,
    context: Context,
    secrets: Mapping[str, str] | None = None,
) -> probing.ProbeResult | probing.NeedsAuthorization:
    """Ask a remote server for its tools; of its headers it gets those that are no secret.

    `secrets` are headers with a secret that the user gave for this very question.

    Raises:
        McpInstallError: `probe-failed`, `remote-refused`.
    """
    plain = {
        header.name: header.value
        for header in remote.headers
        if not header.secret and header.value is not None
    }
    target = Target(
        url=remote.url,
        named_by_user=server.registry.kind is RegistryKind.NONE,
        headers=tuple({**plain, **(secrets or {})}.items()),
    )
    return probing.probe_remote(target, remote.transport, machine=context.machine)


def require_unchanged(server: ServerPlan, context: Context) -> CheckResult:
    """Ask the server of a plan; return what is known then.

    Raises:
        McpInstallError: `probe-failed`; `tools-changed` where the tools were reviewed.
    """
    remote = server.entry.remote
    if remote is None:
        message = f"{server.name} is no remote server"
        raise ValueError(message)
    try:
        return _outcome(server, ask(server.reviewed, remote, context), context)
    except McpInstallError as error:
        error.elsewhere = True
        raise


def is_one_for_all(server: ServerPlan) -> bool:
    """Tell whether every entry asks alike, so that one's tools say something of another's.

    An address, or a header that is sent, with a part that the user sets can lead to other tools.
    """
    remote = server.entry.remote
    if remote is None:
        return True
    sent = [one for one in remote.headers if not one.secret and one.value is not None]
    return server.remote is not None and remote.url == server.remote.url_template and not sent


def _outcome(
    server: ServerPlan,
    found: probing.ProbeResult | probing.NeedsAuthorization,
    context: Context,
) -> CheckResult:
    if isinstance(found, probing.NeedsAuthorization):
        return probing.authorization_check(found)
    if not server.reviewed.tools.known:
        if is_one_for_all(server):
            unreviewed.keep_tools(server.reviewed, found.tools, context)
        return probing.unreviewed_check(found)
    lines = differences(server.reviewed, found)
    probing_server.require_none(lines, server, "nothing was installed")
    return probing.answers_check(found)


def differences(server: ReviewedServer, result: probing.ProbeResult) -> tuple[str, ...]:
    """Return how the tools differ from the reviewed ones; no machine of ours plays a part."""
    if not server.tools.known:
        return ()
    return probing.compare(server.tools, result.tools, server.manifest.varies, {})


def given_secrets(remote: Remote, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with a secret, from the variables that the entry refers to.

    Raises:
        McpInstallError: `input-missing` for a variable that is not set here.
    """
    found = {}
    for header in remote.headers:
        if header.reference is None:
            continue
        if not (value := environ.get(header.reference, "")):
            raise McpInstallError(
                ErrorCode.INPUT_MISSING,
                f"the variable `{header.reference}`, which `{header.name}` is taken from, is not "
                "set here",
                hint="set it for this one command, or leave `--with-secrets` out",
            )
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"the variable `{header.reference}` holds characters that no header can, or a "
                "space at an end",
                hint="look for a line feed or a space at its end",
            )
        found[header.name] = f"{header.prefix}{value}"
    return found
