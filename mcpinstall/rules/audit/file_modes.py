"""MA305 and MA306: who else can read or write the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit import secret_values
from mcpinstall.rules.audit.file_facts import FileFacts, Owner, PathFacts
from mcpinstall.rules.audit.parts import headers
from mcpinstall.rules.audit.paths import typed
from mcpinstall.rules.audit.rule import Confidence, Hit, Persona, rule
from mcpinstall.rules.audit.secrets import shown

READABLE = rule(
    305, "config-readable-by-others", Severity.MEDIUM, "Others can read a file with secrets",
    cwe=732,
)  # fmt: skip
WRITABLE = rule(
    306, "config-writable-by-others", Severity.HIGH, "Others can change what a host starts",
    cwe=732,
)  # fmt: skip

_READ, _WRITE, _GROUP, _STICKY = 0o044, 0o022, 0o070, 0o1000


def readable(servers: Sequence[AuditedServer], facts: FileFacts) -> Iterator[Hit]:
    """Yield the file that others can read, if that tells them anything."""
    file = next((path for path in facts.paths if not path.is_folder and _of_others(path, _READ)),
                None)  # fmt: skip
    if file is None:
        return
    hits = [hit for server in servers for hit in secret_values.check(server, facts)]
    message = f"others on this machine can read `{shown(file.path)}`"
    fix = f"chmod 600 {typed(file.path)}"
    if hits:
        certain = any(hit.confidence in (None, Confidence.HIGH) for hit in hits)
        yield Hit(
            rule=READABLE, pointer="", message=f"{message}, which holds secrets", fix=fix,
            severity=Severity.HIGH if certain else None,
        )  # fmt: skip
    elif any(secret_values.is_credential_header(header.name)
             for server in servers for header in headers(server)):  # fmt: skip
        yield Hit(
            rule=READABLE, pointer="", message=f"{message}; its credentials are references",
            fix=fix, severity=Severity.LOW, persona=Persona.PEDANTIC,
        )  # fmt: skip


def writable(_servers: Sequence[AuditedServer], facts: FileFacts) -> Iterator[Hit]:
    """Yield each path through which somebody else can put another file in this one's place."""
    for path in facts.paths:
        if path.is_folder and path.mode & _STICKY:
            continue
        if path.owner is Owner.OTHER:
            yield Hit(
                rule=WRITABLE, pointer="", message=f"`{shown(path.path)}` is somebody else's",
                fix=f"chown it, or move {typed(path.path)} away",
            )  # fmt: skip
        elif _of_others(path, _WRITE) and not _is_managed(path, facts):
            yield Hit(
                rule=WRITABLE, pointer="",
                message=f"others on this machine can write to `{shown(path.path)}`",
                fix=f"chmod go-w {typed(path.path)}",
            )  # fmt: skip


def _of_others(path: PathFacts, bits: int) -> int:
    return path.mode & (bits & ~_GROUP if path.is_own_group else bits)


def _is_managed(path: PathFacts, facts: FileFacts) -> bool:
    """An administrator's group may keep managed files; everybody else may not."""
    managed = facts.scope is FileScope.MANAGED and path.owner is Owner.ROOT
    return managed and not path.mode & _WRITE & ~_GROUP
