"""MA704, MA707 and MA709: entries that programs read differently, or do not load at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.model.names import is_device_name
from mcpinstall.rules.audit.file_facts import Ambiguity, FileFacts
from mcpinstall.rules.audit.parts import MOST_WORDS, escaped, settings
from mcpinstall.rules.audit.references import is_placeholder
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from mcpinstall.rules.audit.secrets import LONGEST, shown
from mcpinstall.rules.audit.unwrap import DEEPEST

AMBIGUOUS = rule(
    704, "ambiguous-json", Severity.HIGH, "Two programs read this file differently", cwe=436
)
MALFORMED = rule(
    707, "malformed-entry", Severity.LOW, "A host can't start this entry as it is written", cwe=20
)
BAD_NAME = rule(
    709, "unsafe-server-name", Severity.MEDIUM, "A server's name is more than a name", cwe=20
)

_MEANS = {
    Ambiguity.DUPLICATE_KEY: "a key stands twice in one object: some programs take the first value,"
    " some the last",
    Ambiguity.TWO_ROOTS: "two keys of this file hold servers for one host",
    Ambiguity.NOT_A_NUMBER: "`NaN` and `Infinity` are not JSON: some programs refuse the file",
    Ambiguity.OVERFLOW: "a number is larger than programs can hold",
}
_TRANSPORTS = frozenset({
    "stdio", "local", "http", "https", "sse", "remote", "ws", "websocket", "streamablehttp",
    "httpstream", "streamable", "builtin", "platform", "frontend", "inlinepython", "custom",
    "command", "registry",
})  # fmt: skip
_TAKE_LINES = ("augment-vscode",)
"""Hosts whose `command` is a line for a shell."""
_SAFE_NAME = re.compile(r"(?:[^\W_]|@(?=[\w-]+/))[\w. -]*(?:/[^\W_][\w.-]*)?")
_TOLERATED = re.compile(r"[\w. ()\[\]:,+/@-]")
"""Characters of names that READMEs use, of no harm."""
_RESERVED = frozenset({"__proto__", "constructor", "prototype"})
_LONGEST_NAME = 64
_PATH_LIKE = re.compile(r"[/\\~.]|[A-Za-z]:[\\/]")


def ambiguous(_servers: Sequence[AuditedServer], facts: FileFacts) -> Iterator[Hit]:
    """Yield the places that the file's reader found ambiguous."""
    for each in facts.ambiguous:
        yield Hit(
            rule=AMBIGUOUS, pointer=each.pointer, message=_MEANS[each.kind],
            fix="leave one of them" if each.kind in _TWICE else "write a number",
        )  # fmt: skip


_TWICE = (Ambiguity.DUPLICATE_KEY, Ambiguity.TWO_ROOTS)


def unread(_servers: Sequence[AuditedServer], facts: FileFacts) -> Iterator[Hit]:
    """Yield maps of servers under a key that the host does not read."""
    for pointer in facts.unread_keys:
        yield Hit(
            rule=MALFORMED, pointer=pointer,
            message=f"this host does not read servers below `{shown(pointer)}`, so none starts",
            fix="move them to the key that it reads (docs/hosts.md)",
        )  # fmt: skip


def malformed(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield what keeps an entry from starting, and values too long to look at as a whole."""
    if not (server.argv or server.url or server.others or server.variables):
        yield _malformed(
            server.pointer,
            "the entry names neither a program nor an address",
            "write an object with `command` and `args`, or with `url`",
        )
    of_lines = server.host.startswith(_TAKE_LINES)
    if server.argv and _is_line(server.argv[0].text) and not of_lines:
        yield _malformed(server.argv[0].pointer, "`command` holds arguments too",
                         "put each argument into `args`")  # fmt: skip
    for key in ("args", "env", "headers", "command", "url"):
        if key in server.others and server.others[key] is not None:
            yield _malformed(
                f"{server.pointer}/{key}",
                f"`{key}` has the wrong type",
                "`args` is a list of texts, `env` and `headers` map names to texts",
            )
    if any(value.pointer == f"{server.pointer}/args" for value in server.argv):
        yield _malformed(
            f"{server.pointer}/args", "`args` is one text", "put each argument into a list"
        )
    pointers = {value.pointer for value in server.argv}
    if server.argv and server.url is not None and server.url.pointer not in pointers:
        yield _malformed(server.url.pointer, "the entry has both a command and an address",
                         "leave the one that is meant")  # fmt: skip
    yield from _transport(server)
    yield from _unseen_of(server)


def name(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield a name that a shell, a file system or a host takes for something else."""
    text = server.name.text
    if why := _name_fault(text):
        yield Hit(
            rule=BAD_NAME, pointer=server.name.pointer, message=f"the server's name {why}",
            fix="use letters, digits, `-` and `_`, at most 64",
        )  # fmt: skip
    elif not _SAFE_NAME.fullmatch(text):
        yield Hit(
            rule=BAD_NAME, pointer=server.name.pointer, severity=Severity.LOW,
            persona=Persona.PEDANTIC, message="the server's name has signs that some hosts refuse",
            fix="use letters, digits, `-` and `_`",
        )  # fmt: skip
    elif " " in text:
        yield Hit(
            rule=BAD_NAME, pointer=server.name.pointer, severity=Severity.LOW,
            persona=Persona.PEDANTIC, message="the server's name has spaces",
            fix="use `-` for them",
        )  # fmt: skip


def _name_fault(text: str) -> str:
    if not text.strip():
        return "is empty"
    if len(text) > _LONGEST_NAME:
        return f"has {len(text)} characters"
    if text.startswith("-"):
        return "looks like an option"
    if _PATH_LIKE.match(text) or "\\" in text or ".." in text:
        return "looks like a path"
    if text.lower() in _RESERVED:
        return f"is `{text.lower()}`, which programs in JavaScript take for something else"
    if is_device_name(text):
        return "is a device of Windows"
    if not _is_word(text):
        return "has signs that mean something to a shell"
    return ""


def _is_word(text: str) -> bool:
    """Tell whether all but letters of other scripts and their marks is tolerated."""
    return all(not char.isascii() or _TOLERATED.match(char) for char in text)


def _is_line(command: str) -> bool:
    first, _, rest = command[:LONGEST].strip().partition(" ")
    if not rest or is_placeholder(command[:LONGEST]):
        return False
    return (
        not re.search(r"[\\/]", first) or re.search(r" -\w|(?: --)", command[:LONGEST]) is not None
    )


def _transport(server: AuditedServer) -> Iterator[Hit]:
    for key in ("type", "transport"):
        value = server.others.get(key)
        if isinstance(value, str) and re.sub(r"[-_ ]", "", value[:64].lower()) not in _TRANSPORTS:
            yield _malformed(f"{server.pointer}/{escaped(key)}",
                             f"no host knows the transport `{shown(value)}`",
                             "`stdio`, `http` or `sse`")  # fmt: skip
    if server.url is None or server.argv:
        return
    if server.host.startswith("claude-code") and "type" not in server.others:
        yield _malformed(server.pointer, "Claude Code skips an address without `type`",
                         'add `"type": "http"`')  # fmt: skip
    if server.host == "claude-desktop":
        yield _malformed(server.url.pointer, "Claude Desktop's file takes programs only",
                         "add the address in Claude under Settings, Connectors")  # fmt: skip


def _unseen_of(server: AuditedServer) -> Iterator[Hit]:
    """Yield what of an entry is too long to look at as a whole."""
    if len(server.wrappers) >= DEEPEST:
        yield _unseen(
            server.pointer,
            f"of programs that start each other only the first {DEEPEST} were looked at",
            "start the server itself",
        )
    if len(server.launch) > MOST_WORDS:
        yield _unseen(
            server.pointer,
            f"of {len(server.launch)} arguments only the first {MOST_WORDS} were looked at",
            "make them fewer",
        )
    for value in _values(server):
        if len(value.text) > LONGEST:
            yield _unseen(
                value.pointer,
                f"of {len(value.text)} characters only the first {LONGEST} were looked at",
                "make it shorter",
            )


def _values(server: AuditedServer) -> Iterator[Value]:
    yield from server.argv
    yield from (each.value for each in (*server.variables, *server.headers))
    yield from (value for _, value in settings(server))
    if server.url is not None:
        yield server.url


def _unseen(pointer: str, message: str, fix: str) -> Hit:
    """Return that something was not looked at: what stands there may be anything."""
    return replace(_malformed(pointer, message, fix), severity=Severity.MEDIUM)


def _malformed(pointer: str, message: str, fix: str) -> Hit:
    return Hit(rule=MALFORMED, pointer=pointer, message=message, fix=fix)
