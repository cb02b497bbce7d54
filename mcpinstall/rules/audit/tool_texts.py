"""MA708: descriptions of tools that speak to the model behind the reader's back.

Judged are saved tool lists only: those of manifests, and those that were seen first.  Words alone
are no finding; a tag must claim authority and credentials must stand in it, or another server's
tool must be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Severity
from mcpinstall.model.json_text import Json
from mcpinstall.model.tool_text import hidden_in
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Confidence, Hit, Persona, rule
from mcpinstall.rules.audit.secrets import told_name

POISONED = rule(
    708, "tool-text-poisoning", Severity.MEDIUM, "A tool's text may speak to the model alone",
    cwe=1427, confidence=Confidence.LOW, persona=Persona.AUDITOR,
)  # fmt: skip

_LONGEST = 64 * 1024  # characters of one text that are looked at
_MOST_TEXTS = 20_000  # texts of one tool list
_INSIDE = 2000  # characters behind a tag that belong to it
_SHOWN = 3  # facts in one message
_TAG = re.compile(
    r"<[ \t]{0,3}(important|system(?:[_-](?:prompt|message))?|instructions?|admin|critical|hidden"
    r"|secret|priority)(?![\w-])[^<>]{0,100}>|\[(important|system|inst|instructions?)\]",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(
    r"\.ssh\b|\bid_(?:rsa|ed25519|ecdsa)\b|\.aws\b|\.env\b|\.netrc\b|\bmcp\.json\b"
    r"|\bpasswords?\b|\bprivate[ _-]keys?\b|\b(?:api|access|secret)[ _-]?(?:keys?|tokens?)\b"
    r"|\bcredentials?\b|\bseed phrase\b",
    re.IGNORECASE,
)
_SERVER = re.compile(
    r"\bmcp__([A-Za-z0-9-]{1,64})__"
    r"|[`'\"]([^`'\"\s]{1,64})[`'\"] {1,3}(?:mcp {1,3})?(?:server|tools?)\b"
    r"|(?<![\w.-])([\w.-]{1,64}) {1,3}mcp {1,3}(?:server|tools?)\b",
    re.IGNORECASE,
)
"""A server by its name: `mcp__mail__`, `the "mail" server`, `the mail MCP server`."""
_NAME = re.compile(r"(?<![\w-])[A-Za-z0-9][A-Za-z0-9_-]{3,127}(?![\w-])")
"""What may be the name of a tool; only those that are no words count, such as `send_email`."""
_OVERLAP = 40  # characters; what names credentials is shorter


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield what is odd in the tools that are saved of a server."""
    if facts.managed is None:
        return
    tools = facts.managed.tools.tools
    found = list(dict.fromkeys(poisoned(tools, server.name.text, facts.neighbours)))
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield Hit(
            rule=POISONED, pointer=server.pointer,
            message=f"{'; '.join(found[:_SHOWN])}{more}",
            fix=f"read the descriptions: `mcpi show {facts.managed.entry_name}`",
        )  # fmt: skip


def poisoned(
    tools: tuple[Json, ...], server: str, neighbours: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """Yield what is odd in a tool list, a sentence each.

    `neighbours` are the other servers of the same file, with the names of their tools.
    """
    own = {_name(tool) for tool in tools}
    others = {
        tool: other
        for other, names in neighbours.items()
        for tool in names - own
        if other != server and ("_" in tool or "-" in tool)
    }
    servers = {other.casefold(): other for other in neighbours if other != server}
    for tool in tools:
        name = _name(tool)
        for text in _texts(tool):
            for fact in _facts(text[:_LONGEST], others, servers):
                yield f"the tool `{name}` {fact}"


def tool_names(tools: tuple[Json, ...]) -> Iterator[str]:
    """Yield the names of tools."""
    yield from filter(None, map(_name, tools))


def _facts(text: str, others: Mapping[str, str], servers: Mapping[str, str]) -> Iterator[str]:
    if hidden := hidden_in(text):
        yield f"holds U+{ord(hidden):04X}, which a reader does not see"
    if order := _order(text):
        yield order
    if others:
        for word in _NAME.finditer(text):
            if word[0] in others:
                yield f"names `{word[0]}`, a tool of the server `{told_name(others[word[0]])}`"
                break
    for found in _SERVER.finditer(text):
        name = (found[1] or found[2] or found[3]).casefold()
        if name in servers:
            yield f"names the server `{told_name(servers[name])}`"
            break


def _order(text: str) -> str:
    """Return that a tag claims authority, and credentials stand behind it."""
    looked = 0
    for tag in _TAG.finditer(text):
        start, looked = max(looked - _OVERLAP, tag.end()), tag.end() + _INSIDE
        if found := _CREDENTIALS.search(text, start, looked):
            return f"orders in `{tag[0]}` what has to do with `{found[0]}`"
    return ""


def _name(tool: Json) -> str:
    found = tool.get("name") if isinstance(tool, Mapping) else None
    return found if isinstance(found, str) else ""


def _texts(tool: Json) -> Iterator[str]:
    """Yield every text of a tool: descriptions and names, at any depth."""
    pending: list[Json] = [tool]
    for _ in range(_MOST_TEXTS):
        if not pending:
            return
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            pending += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            pending += value
