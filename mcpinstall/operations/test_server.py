"""`mcpi test`: start an installed server once and compare its tools with the reviewed ones."""

from __future__ import annotations

from dataclasses import dataclass

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import lookup, probing_server
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


def test(name: str, context: Context) -> TestResult:
    """Start the installed server with the manifest's inputs, never with the user's.

    Raises:
        McpInstallError: `not-installed`, or `probe-failed` when it does not answer.
    """
    receipt = lookup.installed(name, context)
    server = lookup.of_receipt(receipt, context)
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
    )


test.__test__ = False  # type: ignore[attr-defined]
