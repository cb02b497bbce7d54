"""MA307: a reference in a spelling that this host does not fill in."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import MOST_WORDS, is_bridge, is_shell
from mcpinstall.rules.audit.references import dead_placeholders
from mcpinstall.rules.audit.rule import Confidence, Hit, rule

DEAD = rule(
    307, "dead-placeholder", Severity.MEDIUM, "The host hands on a reference as it is",
    cwe=1173, confidence=Confidence.MEDIUM,
)  # fmt: skip

_LONGEST = 65_536  # characters


def check(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield references that the server gets as literal text.

    Whether a variable is set is not looked at.  Arguments of shells and of bridges are left
    out: these fill in references themselves.
    """
    for value in _values(server):
        found = dead_placeholders(value.text[:_LONGEST], server.host)
        forms = [each.spelling for each in found if not _is_filled(each.spelling, server)]
        if forms:
            form = forms[0]
            yield Hit(
                rule=DEAD, pointer=value.pointer,
                message=f"this host does not fill in {_NAMES[form]}: the server gets it literally",
                fix="write it as this host spells references (docs/hosts.md)",
            )  # fmt: skip


_NAMES = {
    "github": "`${{ secrets.NAME }}`", "input": "`${input:NAME}`", "env": "`${env:NAME}`",
    "brace": "`${NAME}`", "opencode": "`{env:NAME}`", "percent": "`%NAME%`", "dollar": "`$NAME`",
}  # fmt: skip


def _is_filled(spelling: str, server: AuditedServer) -> bool:
    return spelling == "percent" and "cmd" in server.wrappers


def _values(server: AuditedServer) -> Iterator[Value]:
    yield from (variable.value for variable in (*server.variables, *server.headers))
    bridged = is_bridge(server)
    if server.url is not None and not bridged:
        yield server.url
    if not bridged and not is_shell(server):
        yield from server.launch[:MOST_WORDS]
