"""What tells findings and entries apart in two versions of a file, without anything secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from mcpinstall.model import json_text
from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.audit.secrets import told_name, told_pointer

_SECRET_NAME = re.compile(r"pass|secret|token|key|auth|cred|pwd|cookie|session", re.IGNORECASE)
_LONG = re.compile(r"[A-Za-z0-9_+/=-]{20,}")
_ENTRY = 16  # hexadecimal digits of an entry's digest; it finds changes, it proves nothing


def identity(hit: Hit, server: AuditedServer | None, facts: FileFacts) -> str:
    """Return rule, host, scope, server, what of its entry is at fault, and the fact."""
    inside = hit.pointer.removeprefix(server.pointer) if server else hit.pointer
    name = told_name(server.name.text) if server else ""
    words = [hit.rule.id, facts.host, facts.scope, name, told_pointer(inside), hit.message]
    return "\0".join(words)


def entry_digest(server: AuditedServer) -> str:
    """Return a digest of what an entry starts or connects to.

    Values of variables and headers, what follows an option that is named like a secret, long
    random texts and what an address holds beside its host and path are left out: whoever reads
    a suppression must not be able to try secrets on it.
    """
    said = {
        "name": told_name(server.name.text),
        "argv": list(_without_secrets(server.argv)),
        "variables": sorted(told_name(one.name) for one in server.variables),
        "url": _without_credentials(server.url.text) if server.url else "",
        "headers": sorted(told_name(one.name) for one in server.headers),
        "directory": server.directory.text if server.directory else "",
    }
    return json_text.digest(said)[:_ENTRY]


def _without_secrets(argv: tuple[Value, ...]) -> list[str]:
    found: list[str] = []
    hide_next = False
    for value in argv:
        text = value.text
        name, has_value, _ = text.partition("=")
        if hide_next and not text.startswith("-"):
            text = ""
        elif has_value and _SECRET_NAME.search(name):
            text = f"{name}="
        elif "://" in text:
            text = _without_credentials(text)
        hide_next = text.startswith("-") and not has_value and bool(_SECRET_NAME.search(text))
        found.append(_LONG.sub("", text))
    return found


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return _LONG.sub("", f"{parts.scheme}://{host}{parts.path}")
