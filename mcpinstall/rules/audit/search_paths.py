"""MA207: programs and modules are looked for in folders that others can put theirs into."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, FileScope, Variable
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit import paths
from mcpinstall.rules.audit.fetches import variables
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Confidence, Hit, rule
from mcpinstall.rules.audit.words import LONGEST

SEARCH_PATH = rule(
    207, "search-path-hijack", Severity.MEDIUM,
    "Programs or modules are looked for where others can put theirs", cwe=427,
    confidence=Confidence.MEDIUM,
)  # fmt: skip
RULES = (SEARCH_PATH,)

_NAMES = frozenset({"PATH", "PYTHONPATH", "NODE_PATH", "PERL5LIB"})
_WINDOWS = re.compile(r"(?:^|;)\s*\"?[A-Za-z]:[\\/]|;")
_MOST = 1000  # folders of one variable; nobody has a hundred
_COLON = re.compile(r":(?![^{}:]{0,64}\})")  # not the one of `${env:PATH}`


def elements(server: AuditedServer) -> Iterator[tuple[Variable, list[str]]]:
    """Yield each variable that is a search path, with its folders."""
    for one in variables(server):
        text = one.value.text[:LONGEST]
        if one.capitals in _NAMES and text.strip():
            parts = text.split(";") if _WINDOWS.search(text) else _COLON.split(text)
            yield one, [part.strip().strip('"') for part in parts[: _MOST + 1]]


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield one hit for each variable, about its first bad folder."""
    severity = Severity.HIGH if server.scope is FileScope.PROJECT else Severity.MEDIUM
    for variable, parts in elements(server):
        why = next((why for part in parts[:_MOST] if (why := _fault(part, facts))), "")
        if not why and len(parts) > _MOST:
            why = f"has more than {_MOST} folders, and only the first were looked at"
        if why:
            yield Hit(
                rule=SEARCH_PATH, pointer=variable.value.pointer, severity=severity,
                message=f"`{variable.name}` {why}",
                fix="name only absolute folders that nobody else can write to",
            )  # fmt: skip


def _fault(part: str, facts: MachineFacts) -> str:
    if not part:
        return "has an empty part, which is the folder that the server is started in"
    if paths.is_of_project(part):
        return f"has a folder of the project: `{paths.shown(part)}`"
    if paths.is_shared(part):
        return f"has a folder that everybody can write to: `{paths.shown(part)}`"
    state = facts.paths.get(part)
    if state is not None and state.writable:
        return f"has a folder that others can write to: `{paths.shown(state.writable)}`"
    if paths.is_absolute(part) or paths.is_placeholder(part):
        return ""
    return f"has a folder that is not absolute: `{paths.shown(part)}`"
