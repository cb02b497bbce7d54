"""`mcpi test`: start an installed server once and compare its tools with the reviewed ones."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall import environments, probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import lookup, probing_remote, probing_server, remote_plans
from mcpinstall.operations.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What a server answered."""

    __test__ = False

    receipt: Receipt
    tools: tuple[str, ...]
    """Names, sorted."""
    differences: tuple[str, ...]
    """Lines that say how the tools differ from the reviewed ones; empty is unchanged."""
    protocol: str
    seconds: float
    """From its start to its tool list."""
    reviewed: bool = True
    """There is a reviewed list to compare with."""
    seen_first: bool = False
    """What it is compared with is what it showed first, which nobody reviewed."""
    authorization: str = ""
    """What authorization a remote server wants, as a sentence; then it told nothing else."""
    with_secrets: bool = False
    """It was sent what the user's variables hold for it."""


def test(
    name: str,
    context: Context,
    *,
    with_secrets: bool = False,  # noqa: PT028
) -> TestResult:
    """Start the installed server with the manifest's inputs, never with the user's.

    A remote server is asked at the user's own address; `with_secrets` sends it the secrets that
    the user's variables hold for it, and nothing else does.

    Raises:
        McpInstallError: `not-installed`, or `probe-failed` when it does not answer.
    """
    receipt = lookup.installed(name, context)
    server = lookup.of_receipt(receipt, context)
    if receipt.is_remote:
        return _asked(receipt, server, context, with_secrets=with_secrets)
    if with_secrets:
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`{receipt.entry_name}` runs here, and is tested without your secrets",
            hint="`--with-secrets` is for remote servers",
        )
    home = environments.server_home(context.paths.servers, lookup.receipt_slug(receipt))
    current = lookup.current_generation(lookup.receipt_slug(receipt), context)
    if current is None:
        raise McpInstallError(
            ErrorCode.NOT_INSTALLED,
            f"the environment of `{receipt.entry_name}` is gone",
            hint=f"`mcpi reinstall {receipt.entry_name}` builds it again",
        )
    result = probing_server.ask(server, home / current, context)
    markers = {"python_full_version": receipt.python_version}
    markers["python_version"] = ".".join(receipt.python_version.split(".")[:2])
    return TestResult(
        receipt=receipt,
        tools=tuple(str(tool["name"]) for tool in result.tools.tools if isinstance(tool, dict)),
        differences=probing_server.differences(server, result, markers),
        protocol=result.protocol,
        seconds=result.seconds,
        reviewed=_is_reviewed(server),
        seen_first=_is_seen_first(server),
    )


def _asked(
    receipt: Receipt, server: ReviewedServer, context: Context, *, with_secrets: bool
) -> TestResult:
    remote = remote_plans.of_receipt(receipt, server, context)
    secrets = probing_remote.given_secrets(remote, context.machine.environ) if with_secrets else {}
    found = probing_remote.ask(server, remote, context, secrets)
    if isinstance(found, probing.NeedsAuthorization):
        return TestResult(
            receipt=receipt,
            tools=(),
            differences=(),
            protocol="",
            seconds=0.0,
            reviewed=_is_reviewed(server),
            seen_first=_is_seen_first(server),
            authorization=found.sentence,
            with_secrets=bool(secrets),
        )
    return TestResult(
        receipt=receipt,
        tools=tuple(str(tool["name"]) for tool in found.tools.tools if isinstance(tool, dict)),
        differences=probing_remote.differences(server, found),
        protocol=found.protocol,
        seconds=found.seconds,
        reviewed=_is_reviewed(server),
        seen_first=_is_seen_first(server),
    )


def _is_reviewed(server: ReviewedServer) -> bool:
    return server.tools.known and server.unreviewed is None


def _is_seen_first(server: ReviewedServer) -> bool:
    return server.tools.known and server.unreviewed is not None


test.__test__ = False  # type: ignore[attr-defined]
