"""What a baseline keeps of an entry: digests of its fields, of no secret.

A digest of a short secret can be tried out, so a value that is or may be one is kept as "set".
"""

from __future__ import annotations

from collections.abc import Mapping

from mcpinstall.model.audited import AuditedServer, Variable
from mcpinstall.model.json_text import digest
from mcpinstall.rules.audit.addresses import parse
from mcpinstall.rules.audit.parts import escaped
from mcpinstall.rules.audit.secret_values import is_credential_header
from mcpinstall.rules.audit.secrets import is_secret_name, secret_in


def fingerprints(server: AuditedServer) -> Mapping[str, str]:
    """Return field → sha256 of what it says.

    Order of variables, white space, comments and whether it is switched off do not count.
    """
    fields = {
        "command": digest(_arguments(server)),
        "url": digest(_address(server.url.text) if server.url else ""),
        "directory": digest(server.directory.text if server.directory else ""),
    }
    for kind, variables in (("env", server.variables), ("headers", server.headers)):
        for each in variables:
            fields[f"{kind}/{escaped(each.name)}"] = digest(_variable(each))
    return fields


def _variable(variable: Variable) -> str:
    may_be_secret = is_secret_name(variable.name) or is_credential_header(variable.name)
    return "set" if may_be_secret else _kept(variable.name, variable.value.text)


def _arguments(server: AuditedServer) -> list[str]:
    kept, before = [], ""
    for value in server.argv:
        name, equals, _ = value.text.partition("=")
        if is_secret_name(before.lstrip("-")) and before.startswith("-"):
            kept.append("set")
        elif equals and is_secret_name(name.lstrip("-")):
            kept.append(f"{name}=set")
        else:
            kept.append(_kept("", value.text))
        before = "" if equals else value.text
    return kept


def _address(text: str) -> str:
    address = parse(text)
    if address is None:
        return _kept("", text)
    hidden = any(is_secret_name(name) for name, _ in address.parameters) or address.has_login
    bare = text.split("?", 1)[0].rpartition("@")[2] if hidden else text
    return _kept("", bare)


def _kept(name: str, text: str) -> str:
    return "set" if secret_in(text, name) else text
