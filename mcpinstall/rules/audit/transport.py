"""MA401, MA403, MA405: what a remote server's address says about the way there."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.addresses import Address, Reach
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import addresses, headers, options, runs, targets
from mcpinstall.rules.audit.rule import Hit, rule
from mcpinstall.rules.audit.secrets import is_secret_name, shown

CLEARTEXT = rule(
    401, "cleartext-remote", Severity.HIGH, "A remote server is reached without encryption",
    cwe=319,
)  # fmt: skip
METADATA = rule(
    403, "metadata-or-link-local-url", Severity.HIGH,
    "An address leads to a machine's metadata service", cwe=918,
)  # fmt: skip
CREDENTIALS = rule(
    405, "credentials-over-cleartext", Severity.CRITICAL,
    "Credentials are sent without encryption", cwe=523,
)  # fmt: skip


def check(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield addresses that everybody on the way can read, or that hand out credentials."""
    reached = targets(server)
    named = names_credentials(server)
    is_told = bool(allowed_http(server))
    for value, address in addresses(server):
        if address.reach is Reach.METADATA:
            yield Hit(
                rule=METADATA, pointer=value.pointer,
                message=f"the address leads to `{shown(str(address.ip or address.host))}`, where "
                "cloud machines get their credentials",
                fix="remove the entry; no MCP server is there",
            )  # fmt: skip
        if is_cleartext_target(reached, value, address):
            near = Severity.LOW if address.reach is Reach.PRIVATE else None
            if not is_told:
                yield Hit(
                    rule=CLEARTEXT, pointer=value.pointer, severity=near,
                    message=f"`{shown(address.host)}` is reached by `{address.scheme}`, which"
                    " everybody on the way can read and change",
                    fix=f"write `{address.scheme}s://`",
                )  # fmt: skip
            if named or carries_credentials(address):
                yield Hit(
                    rule=CREDENTIALS, pointer=value.pointer,
                    severity=Severity.HIGH if near else None,
                    message=f"credentials for `{shown(address.host)}` are sent by "
                    f"`{address.scheme}`, which everybody on the way can read",
                    fix=f"write `{address.scheme}s://`, and make new credentials",
                )  # fmt: skip


def allowed_http(server: AuditedServer) -> str:
    """Return the pointer of `--allow-http` of `mcp-remote`, of which MA407 tells."""
    if not runs(server, "mcp-remote"):
        return ""
    every = (one for one in options(server) if one.name == "--allow-http")
    return next((one.pointer for one in every), "")


def is_cleartext_target(reached: frozenset[str], value: Value, address: Address) -> bool:
    """Tell whether messages go there by a network, without encryption.

    `reached` are `targets` of the server.
    """
    far = address.reach is not Reach.LOOPBACK
    return address.is_cleartext and far and value.pointer in reached


def names_credentials(server: AuditedServer) -> bool:
    """Tell whether a header proves who asks, also as a reference."""
    return any(is_secret_name(header.name) for header in headers(server))


def carries_credentials(address: Address) -> bool:
    """Tell whether a parameter or a login proves who asks."""
    return address.has_login or any(is_secret_name(name) for name, _ in address.parameters)
