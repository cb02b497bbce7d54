"""MA501, MA502 and MA504: what was allowed beforehand, and what changed since it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.model.json_text import Json
from mcpinstall.rules.audit.addresses import Reach, parse
from mcpinstall.rules.audit.approval import differences, is_approved, place
from mcpinstall.rules.audit.approval_keys import (
    ENDPOINT_KEYS,
    ENDPOINTS,
    ENTRY_KEYS,
    SETTINGS_KEYS,
    ApprovalKey,
    Grant,
)
from mcpinstall.rules.audit.file_facts import FileFacts, Tracking
from mcpinstall.rules.audit.parts import escaped
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from mcpinstall.rules.audit.secrets import shown

BLANKET = rule(
    501, "blanket-auto-approve", Severity.HIGH, "Tools run or servers start without a question",
    cwe=862,
)  # fmt: skip
CHANGED = rule(
    502, "changed-since-approval", Severity.HIGH, "An entry changed since it was approved", cwe=494
)
ENDPOINT = rule(
    504, "model-endpoint-override", Severity.HIGH,
    "A repository's settings send the model's traffic elsewhere", cwe=441,
)  # fmt: skip

_MOST_SETTINGS = 2000


def blanket(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield keys of the entry that allow all of its tools beforehand."""
    for each in ENTRY_KEYS:
        value = server.others.get(each.key)
        if _is_of(each, server.host) and _grants(each.grant, value, server.name.text):
            yield _blanket(f"{server.pointer}/{escaped(each.key)}", each, server.scope)


def blanket_settings(_servers: Sequence[AuditedServer], facts: FileFacts) -> Iterator[Hit]:
    """Yield keys of a settings file that allow servers or tools beforehand."""
    for each in SETTINGS_KEYS:
        if _is_of(each, facts.host) and _grants(each.grant, facts.settings.get(each.key), ""):
            yield _blanket(f"/{escaped(each.key)}", each, facts.scope)
    permissions = facts.settings.get("permissions")
    allowed = permissions.get("allow") if isinstance(permissions, Mapping) else None
    if facts.host.startswith("claude-code") and isinstance(allowed, list):
        for place, text in enumerate(allowed[:_MOST_SETTINGS]):
            server = text.removesuffix("__*") if isinstance(text, str) else ""
            if server.startswith("mcp__") and server.count("__") == 1:
                yield Hit(
                    rule=BLANKET, pointer=f"/permissions/allow/{place}", severity=Severity.LOW,
                    persona=Persona.AUDITOR,
                    message=f"every tool of `{shown(server[5:])}` is allowed beforehand",
                    fix="name the tools that are needed: `mcp__server__tool`",
                )  # fmt: skip


def changed(server: AuditedServer, facts: FileFacts) -> Iterator[Hit]:
    """Yield entries that are new or other than the baseline has them.  No baseline, no hit."""
    if facts.approved is None:
        return
    if is_approved(server, facts.approved):
        return
    what = "was not there when the baseline was written"
    if place(server) in facts.approved:
        fields = ", ".join(differences(server, facts.approved))
        what = f"changed since the baseline was written: {fields}"
    yield Hit(
        rule=CHANGED, pointer=server.pointer,
        message=f"`{shown(server.name.text)}` {what}",
        fix="read the entry, then write a new baseline",
    )  # fmt: skip


def endpoints(_servers: Sequence[AuditedServer], facts: FileFacts) -> Iterator[Hit]:
    """Yield settings of a repository that move the model's address, a proxy or trust."""
    if facts.scope is not FileScope.PROJECT or facts.tracking is Tracking.IGNORED:
        return  # (what git ignores is the user's own, such as `.claude/settings.local.json`)
    for pointer, key, value in _settings(facts.settings):
        address = parse(value)
        near = address is not None and address.reach is Reach.LOOPBACK
        yield Hit(
            rule=ENDPOINT, pointer=pointer, severity=Severity.LOW if near else None,
            message=f"`{shown(key)}` sends what you say to the model, and your key, "
            + (f"to `{shown(address.host)}`" if address else "another way"),
            fix="remove it; set it in your own settings if you need it",
        )  # fmt: skip


def _settings(document: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    waiting: list[tuple[str, Mapping[str, Json]]] = [("", document)]
    for _ in range(_MOST_SETTINGS):
        if not waiting:
            return
        above, table = waiting.pop()
        for key, value in table.items():
            pointer = f"{above}/{escaped(key)}"
            if isinstance(value, Mapping) and key not in ("mcpServers", "servers", "mcp_servers"):
                waiting.append((pointer, value))
            elif isinstance(value, str) and value and _moves(above, key):
                yield pointer, key, value


def _moves(above: str, key: str) -> bool:
    in_environment = above.endswith(("/env", "/environment"))
    named = key in ENDPOINTS or (in_environment and key.upper() in ENDPOINTS)
    return named or key in ENDPOINT_KEYS


def _is_of(each: ApprovalKey, host: str) -> bool:
    return not host or host.startswith(each.hosts)


def _grants(grant: Grant, value: Json, name: str) -> bool:
    if grant is Grant.TRUE:
        return value is True
    if grant is Grant.APPROVE:
        return value == "approve"
    if not isinstance(value, (list, tuple, str)):
        return False
    every = {"*", f"@{name}", f"@{name}/*"}
    if isinstance(value, str):
        return value in every
    texts = [one for one in value if isinstance(one, str)]
    whole = (one.startswith("@") and (one.endswith("/*") or "/" not in one) for one in texts)
    return bool(every & set(texts)) or any(whole)


def _blanket(pointer: str, each: ApprovalKey, scope: FileScope) -> Hit:
    return Hit(
        rule=BLANKET, pointer=pointer, message=f"by `{each.key}` the host {each.effect}",
        severity=None if scope is FileScope.PROJECT else Severity.MEDIUM,
        fix="remove it, or name the few tools that only read",
    )  # fmt: skip
