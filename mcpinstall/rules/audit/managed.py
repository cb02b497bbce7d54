"""MA111 and MA801 to MA804: entries that mcpinstall itself wrote, and what they start.

Also the start-up hooks of virtual environments that others made and an entry points into.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts, Managed, Revoked
from mcpinstall.rules.audit.rule import Hit, rule

DRIFT = rule(
    111, "lock-drift", Severity.HIGH, "An entry of mcpinstall starts something else", cwe=345
)
TAMPERED = rule(
    801, "managed-env-tampered", Severity.HIGH, "An installed server's files changed", cwe=353
)
HOOK = rule(
    802, "start-up-hook-present", Severity.HIGH, "Code runs whenever a server's Python starts",
    cwe=829,
)  # fmt: skip
REGRESSED = rule(
    803, "provenance-regressed", Severity.HIGH, "Less stands behind a server than before", cwe=345
)
REVOKED = rule(804, "revoked", Severity.HIGH, "A registry revoked what this entry starts", cwe=1104)

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield that the server was revoked after mcpinstall installed it."""
    found = facts.revoked
    if found is not None:
        yield Hit(
            rule=REVOKED, pointer=server.pointer, message=found.sentence,
            fix=_against_copy(found) if found.is_copy
            else _words("uninstall", *found.entry_names[:1]),
        )  # fmt: skip


def _against_copy(found: Revoked) -> str:
    """Return what helps where mcpinstall did not write the entry, and so does not take it out."""
    fix = (
        "take the entry out by hand, for mcpinstall did not write it; "
        "`mcpi audit --fix --unsafe-fix switch-off` switches it off where its host can"
    )
    if found.is_remote:
        return fix
    return f"{fix}; `{_words('uninstall', *found.entry_names)}` deletes what it starts"


def drift(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield that an entry is not what was written, or that what it starts is gone."""
    found = facts.managed
    if found is None:
        return
    if found.drift:
        yield Hit(
            rule=DRIFT, pointer=server.pointer, message=f"it {found.drift}",
            fix=_against_drift(found),
        )  # fmt: skip
    elif found.is_missing:
        yield Hit(
            rule=DRIFT, pointer=server.pointer,
            message=f"the environment of `{found.entry_name}` is gone",
            fix=_command("reinstall", found),
        )  # fmt: skip


def _against_drift(found: Managed) -> str:
    if found.is_copy:
        return "take the entry out if you did not write it; else start it as `mcpi list` shows"
    again = _command("configure", found)
    if found.by_hand:
        fields = ", ".join(f"`{key}`" for key in found.by_hand)
        return (
            f"change {fields} back in an editor, for the entry was adopted and they are its own; "
            f"{again} writes command and arguments; to keep what stands there, "
            f"{_command('uninstall', found)}, then {_command('adopt', found)}"
        )
    return f"{_command('verify', found)} tells more; {again} writes the entry again"


def environment(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield how an environment is not the one that was checked; a hook is told as a hook."""
    found = facts.managed
    if found is not None:
        fix = f"{_command('verify', found)} tells all; {_command('reinstall', found)} builds it new"
        for rule_, sentences in ((HOOK, found.hooks), (TAMPERED, found.tampered)):
            if sentences:
                message = f"in the environment of `{found.entry_name}`, {'; '.join(sentences)}"
                yield Hit(rule=rule_, pointer=server.pointer, message=message, fix=fix)
    if facts.hooks:
        yield Hit(
            rule=HOOK, pointer=server.pointer, severity=Severity.MEDIUM,
            message=f"in the virtual environment that it starts, {'; '.join(facts.hooks)}",
            fix="read these files; delete what no package of it brought, or make it anew",
        )  # fmt: skip


def provenance(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield that its registry vouches for less than when it was installed."""
    found = facts.managed
    if found is not None and found.regressed:
        yield Hit(
            rule=REGRESSED, pointer=server.pointer, message=found.regressed,
            fix=f"{_command('verify', found)} tells more; ask its publisher before any update",
        )  # fmt: skip


def _command(word: str, found: Managed) -> str:
    return f"`{_words(word, found.entry_name)}`"


def _words(word: str, *names: str) -> str:
    quoted = (name if _NAME.fullmatch(name) else shlex.quote(name) for name in names)
    return " ".join(("mcpi", word, *quoted))


MANAGED = (
    ((DRIFT,), drift),
    ((TAMPERED, HOOK), environment),
    ((REGRESSED,), provenance),
    ((REVOKED,), check),
)
