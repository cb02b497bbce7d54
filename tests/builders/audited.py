"""Servers as an audit's reader gives them, for rules alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcpinstall.model.audited import AuditedServer, FileScope, Value, Variable
from mcpinstall.model.json_text import Json
from mcpinstall.rules.audit.causes import without_general
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import escaped
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.audit.values import FILE_VALUES, VALUES

NOTHING = FileFacts()


def server(
    *argv: str,
    name: str = "clock",
    host: str = "",
    env: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    url: str | None = None,
    others: Mapping[str, Json] | None = None,
    scope: FileScope = FileScope.USER,
    wrappers: tuple[str, ...] = (),
) -> AuditedServer:
    """Return one server below `/mcpServers`; `argv` is not wrapped."""
    pointer = f"/mcpServers/{escaped(name)}"
    places = ["command", *(f"args/{place}" for place in range(len(argv)))]
    words = tuple(
        Value(text=text, pointer=f"{pointer}/{place}")
        for text, place in zip(argv, places, strict=False)
    )
    return AuditedServer(
        host=host,
        scope=scope,
        name=Value(text=name, pointer=pointer),
        pointer=pointer,
        argv=words,
        launch=words,
        wrappers=wrappers,
        variables=_variables(f"{pointer}/env", env or {}),
        url=None if url is None else Value(text=url, pointer=f"{pointer}/url"),
        headers=_variables(f"{pointer}/headers", headers or {}),
        others=others or {},
    )


def hits(one: AuditedServer, facts: FileFacts = NOTHING) -> list[Hit]:
    """Return what all rules about values say, without what a more specific one says better."""
    found = [hit for _, check in VALUES for hit in check(one, facts)]
    found += [hit for _, file_check in FILE_VALUES for hit in file_check([one], facts)]
    return list(without_general(found))


def ids(found: Sequence[Hit]) -> list[str]:
    """Return the ids of hits in order, each once, without what only pedants want to hear."""
    return sorted({hit.rule.id for hit in found if hit.persona is None})


def _variables(pointer: str, values: Mapping[str, str]) -> tuple[Variable, ...]:
    return tuple(
        Variable(name=name, value=Value(text=text, pointer=f"{pointer}/{escaped(name)}"))
        for name, text in values.items()
    )
