"""Plans of servers that are used where they run: nothing of them comes to this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import remote_url
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.environment import Command
from mcpinstall.model.host import Remote, ServerEntry
from mcpinstall.model.plan import RemotePlan, Request, ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import RegistryKind, ReviewedServer
from mcpinstall.model.server_json import RemoteServer
from mcpinstall.operations import lookup, settings
from mcpinstall.operations.context import Context
from mcpinstall.planning import remotes
from mcpinstall.receipts.store import ReceiptStore

_ELSEWHERE = "runs elsewhere: nothing of it comes to this machine, and what runs can change"
_HERE = "runs on this machine already: mcpi neither fetches nor starts it, and it can change"
_NOT_HERE = (Check.DOWNLOADS, Check.ARCHIVES, Check.ENVIRONMENT)


def described(server: ReviewedServer, transport: str) -> RemoteServer:
    """Return the remote of `server.json` that the manifest reviewed for this transport.

    Raises:
        McpInstallError: `manifest-invalid`.
    """
    for choice in server.manifest.remotes:
        for remote in server.server.remotes:
            same = (choice.transport, choice.url) == (remote.transport, remote.url)
            if same and remote.transport == transport:
                return remote
    raise McpInstallError(
        ErrorCode.MANIFEST_INVALID, f"`server.json` has no remote of type `{transport}`"
    )


def resolved(
    server: ReviewedServer,
    transport: str,
    values: Mapping[str, Sequence[str]],
    request: Request,
    context: Context,
) -> remotes.Resolved:
    """Return address and headers of a server for the given input values."""
    return remotes.resolve(
        described(server, transport),
        values,
        settings.around(context, plaintext_secrets=request.plaintext_secrets),
    )


def plan(
    server: ReviewedServer,
    ways: remotes.Transports,
    values: Mapping[str, Sequence[str]],
    request: Request,
    context: Context,
) -> ServerPlan:
    """Return what hosts will connect to, and what they will send.

    Raises:
        McpInstallError: for inputs, or arguments that a remote server can't have.
    """
    _require_no_program(server, request)
    remote = described(server, ways.chosen)
    found = resolved(server, ways.chosen, values, request, context)
    name = lookup.entry_name(server, request.entry_name)
    typed = server.registry.kind is RegistryKind.NONE  # nobody declared anything
    target = Remote(transport=ways.chosen, url=found.url, headers=found.headers)
    slug = lookup.slug_of(server.registry, server.manifest.name, ways.chosen)
    return ServerPlan(
        reviewed=server,
        entry=ServerEntry(name=name, remote=target),
        slug=slug,
        generation="",
        command=Command(executable="", arguments=()),
        argv_template=(),
        inputs=found.values,
        extra_arguments=(),
        interpreter=None,
        artifacts=(),
        already_installed=_in_place(server, slug, name, target, context),
        remote=RemotePlan(
            transport=ways.chosen,
            url=found.url,
            url_template=remote.url,
            headers=tuple(header.name for header in found.headers),
            declared=() if typed else _declared(remote),
            named_by_user=typed,
        ),
        advice=ways.advice,
    )


def of_receipt(receipt: Receipt, server: ReviewedServer, context: Context) -> Remote:
    """Return what hosts were told of an installed remote server.

    A header whose secret stands in clear text in a host's file alone is not among its headers.
    """
    given = {
        value.name: [f"env:{value.reference}" if value.reference else value.value or ""]
        for value in receipt.inputs
        if value.source == "user" and (value.reference or value.value)
    }
    found = resolved(server, receipt.transport, given, Request(names=()), context)
    return Remote(transport=receipt.transport, url=receipt.url, headers=found.headers)


def checks(server: ServerPlan, *, offline: bool) -> tuple[CheckResult, ...]:
    """Return what is known of a remote server in the place of checks of files and environment."""
    absent = not_here(server.remote.url if server.remote else "")
    if server.already_installed:
        return (*absent, _not_asked("in place already"))
    return (*absent, _not_asked("`--offline`")) if offline else absent


def not_here(url: str) -> tuple[CheckResult, ...]:
    """Return the checks of files and environment, of which there are none."""
    why = _HERE if remote_url.is_loopback(url) else _ELSEWHERE
    return tuple(
        CheckResult(check=check, outcome=Outcome.ABSENT, evidence=why) for check in _NOT_HERE
    )


def _not_asked(why: str) -> CheckResult:
    return CheckResult(check=Check.ANSWERS, outcome=Outcome.NOT_CHECKED, evidence=why)


def _require_no_program(server: ReviewedServer, request: Request) -> None:
    given = {"arguments after `--`": request.extra_arguments, "`--python`": request.python}
    for what, there in given.items():
        if there:
            raise McpInstallError(
                ErrorCode.USAGE,
                f"`{server.manifest.name}` is used where it runs, and takes no {what}",
                hint="`--transport stdio` starts a program here, if the server has one",
            )


def _in_place(
    server: ReviewedServer, slug: str, name: str, target: Remote, context: Context
) -> bool:
    """Tell whether this very address, with these headers, was installed under this name."""
    receipt = ReceiptStore(context.paths).receipt(name)
    return receipt is not None and (
        lookup.receipt_slug(receipt),
        receipt.manifest_sha256,
        receipt.transport,
        receipt.url,
        receipt.headers,
    ) == (
        slug,
        server.manifest_sha256,
        target.transport,
        target.url,
        tuple(header.name for header in target.headers),
    )


def is_in_place(server: ServerPlan, context: Context) -> bool:
    """Tell whether the entry is still installed as the plan shows it."""
    target = server.entry.remote
    return target is not None and _in_place(
        server.reviewed, server.slug, server.entry.name, target, context
    )


def _declared(remote: RemoteServer) -> tuple[str, ...]:
    """Return what authorization `server.json` asks for: its secret headers."""
    found = []
    for header in remote.headers:
        parts = (header.input, *(inner for _, inner in header.input.variables))
        if any(part.secret for part in parts):
            needed = any(part.required for part in parts)
            found.append(f"a secret in the header {header.name}{'' if needed else ' (optional)'}")
    return tuple(found)


def require_local(receipt: Receipt) -> None:
    """Refuse to build what runs elsewhere.

    Raises:
        McpInstallError: `usage`.
    """
    if receipt.is_remote:
        name = receipt.entry_name
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`{name}` is used where it runs; there is nothing of it to build here",
            hint=f"`mcpi test {name}` asks it, `mcpi verify {name}` looks at its entries",
        )
