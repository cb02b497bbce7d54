"""What a baseline keeps of an entry: digests of its fields, of no secret.

A digest of a short secret can be tried out, so a value that is or may be one is kept as "set".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mcpinstall.model.audited import AuditedServer, Variable
from mcpinstall.model.json_text import Json, digest
from mcpinstall.rules.audit.addresses import parse
from mcpinstall.rules.audit.file_facts import Approved
from mcpinstall.rules.audit.parts import escaped
from mcpinstall.rules.audit.references import holds_reference
from mcpinstall.rules.audit.secrets import (
    is_secret_name,
    secret_in,
    shown,
    told_name,
    told_pointer,
)

_MAY_BE_SECRET = re.compile(
    r"pass|secret|token|key|auth|cred|pwd|cookie|session|login|user|account|licen[cs]e|salt|seed"
    r"|sign|conn|dsn|(?:^|[^a-z])(?:pin|code|otp|id)(?:$|[^a-z])",
    re.IGNORECASE,
)
"""Names of variables and options whose values are not even kept as digests."""
_PART = re.compile(r"[^/?&=#:@]{8,512}")
_OTHERS = ("envFile", "env_file", "headersHelper", "env_vars", "bearer_token_env_var",
           "env_http_headers")  # fmt: skip
"""Other keys that decide what is started, or what is sent."""
_FEW = 20
"""Fields that one message names."""


def place(server: AuditedServer) -> str:
    """Return where an entry stands: its pointer, in a list with the name for the number."""
    above = server.pointer.rpartition("/")[0]
    return f"{told_pointer(above)}/{escaped(told_name(server.name.text))}"


def fingerprints(server: AuditedServer) -> Mapping[str, str]:
    """Return field → sha256 of what it says.

    Order of variables, white space, comments and whether it is switched off do not count.
    """
    fields: dict[str, str] = {}
    if server.argv:
        fields["command"] = digest(_arguments(server))
    if server.url is not None:
        fields["url"] = digest(_address(server.url.text))
    if server.directory is not None:
        fields["directory"] = digest(_kept("", server.directory.text))
    for each in server.variables:
        fields[f"env/{escaped(told_name(each.name))}"] = digest(_variable(each))
    for each in server.headers:
        fields[f"headers/{escaped(told_name(each.name))}"] = digest(_header(each))
    for key in _OTHERS:
        if key in server.others:
            fields[key] = digest(_without_secrets(server.others[key]))
    return fields


def is_approved(server: AuditedServer, approved: Approved) -> bool:
    """Tell whether the baseline has an entry as it is."""
    return fingerprints(server) in approved.get(place(server), ())


def differences(server: AuditedServer, approved: Approved) -> Iterator[str]:
    """Yield what became of the fields of an entry that the baseline has otherwise.

    Of several with its name, it is compared with the one that has most in common.
    """
    now = fingerprints(server)
    before = min(approved[place(server)], key=lambda one: len(now.items() ^ one.items()))
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    for name in changed[:_FEW]:
        what = "is new" if name not in before else "is gone" if name not in now else "is another"
        yield f"`{name if name in _OTHERS else shown(name)}` {what}"
    if len(changed) > _FEW:
        yield f"{len(changed) - _FEW} more fields"


def _variable(variable: Variable) -> str:
    """Return a value, or that it is there; a reference to one is no secret."""
    text = variable.value.text
    if holds_reference(text) and not secret_in(text, variable.name):
        return text
    may_be_secret = is_secret_name(variable.name) or _MAY_BE_SECRET.search(variable.name)
    return "set" if may_be_secret else _kept(variable.name, text)


def _header(header: Variable) -> str:
    """Return a header's value only where it is a reference: most headers are credentials."""
    text = header.value.text
    return text if holds_reference(text) and not secret_in(text, header.name) else "set"


def _arguments(server: AuditedServer) -> list[str]:
    kept, before = [], ""
    for value in server.argv:
        name, equals, _ = value.text.partition("=")
        if before.startswith("-") and _names_secret(before):
            kept.append("set")
        elif equals and _names_secret(name):
            kept.append(f"{name}=set")
        elif "://" in value.text:
            kept.append(_address(value.text))
        else:
            kept.append(_kept("", value.text))
        before = "" if equals else value.text
    return kept


def _names_secret(option: str) -> bool:
    name = option.lstrip("-")
    return is_secret_name(name) or bool(_MAY_BE_SECRET.search(name))


def _address(text: str) -> str:
    """Return an address without login, and without what may be a secret in path and query."""
    address = parse(text)
    if address is None:
        return _kept("", text)
    hidden = address.has_login or any(_names_secret(name) for name, _ in address.parameters)
    bare = text.partition("?")[0] if hidden else text
    if address.has_login:
        scheme, _, rest = bare.partition("://")
        bare = f"{scheme}://{rest.rpartition('@')[2]}"
    return _kept("", _PART.sub(lambda part: _kept("token", part[0]), bare))


def _without_secrets(value: Json) -> Json:
    if isinstance(value, str):
        return _kept("", value)
    if isinstance(value, list):
        return [_kept("", one) if isinstance(one, str) else None for one in value]
    if isinstance(value, dict):
        return {key: _kept("", one) if isinstance(one, str) else None
                for key, one in value.items()}  # fmt: skip
    return None


def _kept(name: str, text: str) -> str:
    return "set" if secret_in(text, name) else text
