"""Remedies of values: characters, addresses, approvals, options of servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import ValueEdit, removed, set_to
from mcpinstall.rules.audit import hidden_text
from mcpinstall.rules.audit.parts import MOST_WORDS, addresses, is_container, settings, targets
from mcpinstall.rules.audit.transport import allowed_http, is_cleartext_target
from mcpinstall.rules.remedies.launches import remove_variable
from mcpinstall.rules.remedies.remedy import (
    ELSEWHERE,
    Case,
    Fixer,
    NoRemedy,
    Outcome,
    Remedy,
    parent,
    tokens,
    without_words,
)

_ANY = re.compile(r"0\.0\.0\.0|\[::\]|::|(?:^|(?<==))\*?(?=:[0-9]{1,5}$)")


# MA701 -------------------------------------------------------------------------------------------


def strip_characters(case: Case) -> Outcome:
    """Take hidden characters out of a text that nothing is started by."""
    server, pointer = case.server, case.hit.pointer
    if server is None:
        return ELSEWHERE
    texts = {value.pointer for _, value in settings(server)}
    text = case.at(pointer)
    if pointer not in texts or not isinstance(text, str):
        return NoRemedy(
            "they stand where they decide what is started or sent",
            "remove the entry if you did not write it; else write the value anew",
        )
    new = hidden_text.visible(text)
    return Remedy(what="take the hidden characters out of the text", edits=(set_to(pointer, new),))


# MA401 -------------------------------------------------------------------------------------------


def use_https(case: Case) -> Outcome:
    """Write `https` for `http`, where the address names no port."""
    return _encrypted(case, case.hit.pointer)


def _encrypted(case: Case, pointer: str) -> Outcome:
    text = case.at(pointer)
    if not isinstance(text, str):
        return ELSEWHERE
    begin = re.search(r"(?i)(?<![A-Za-z0-9+.-])(http|ws)://", text)
    try:
        port = urlsplit(text[begin.start() :]).port if begin else None
    except ValueError:
        return ELSEWHERE
    if begin is None:
        return ELSEWHERE
    if port is not None:
        return NoRemedy("the address names a port, and nobody can tell that of https")
    new = text[: begin.end(1)] + "s" + text[begin.end(1) :]
    return Remedy(
        what="reach the server by an encrypted connection",
        edits=(set_to(pointer, new),), plain=(text, new),
        notes=("nothing was asked: start the server once to see that it answers there",),
    )  # fmt: skip


# MA402, MA404, MA407 -----------------------------------------------------------------------------


def drop_setting(case: Case) -> Outcome:
    """Take out the variable or option that switches a protection off."""
    server, pointer = case.server, case.hit.pointer
    if server is None:
        return ELSEWHERE
    number = next((n for n, one in enumerate(server.argv) if one.pointer == pointer), None)
    if number is None or is_container(server):
        return remove_variable(case)
    text = server.argv[number].text
    if not re.fullmatch(r"--?[A-Za-z][A-Za-z-]*(?:=[A-Za-z0-9]{1,8})?", text):
        return ELSEWHERE
    following = server.argv[number + 1 : number + 2]
    if following and following[0].text.lower() in {"true", "false", "1", "0", "yes", "no"}:
        return NoRemedy("the word behind the option may belong to it")
    edits = without_words(server.argv, number, number + 1)
    if edits is None:
        return ELSEWHERE
    return Remedy(what=f"take `{text}` out", edits=edits, plain=(text,))


def require_login(case: Case) -> Outcome:
    """Take out what opens a server; an address that it let pass without encryption gets `https`."""
    dropped, server = drop_setting(case), case.server
    if server is None or not isinstance(dropped, Remedy) or not allowed_http(server):
        return dropped
    reached, edits, plain = targets(server), list(dropped.edits), list(dropped.plain)
    notes = dropped.notes
    for value, address in addresses(server):
        if is_cleartext_target(reached, value, address):
            encrypted = _encrypted(case, value.pointer)
            if not isinstance(encrypted, Remedy):
                return encrypted
            edits[:0], plain[:0] = encrypted.edits, encrypted.plain
            notes = encrypted.notes
    what = f"{dropped.what}, and write `https`" if notes else dropped.what
    return Remedy(what=what, edits=tuple(edits), plain=tuple(plain), notes=notes)


def listen_locally(case: Case) -> Outcome:
    """Let a server listen to this machine alone."""
    server, pointer = case.server, case.hit.pointer
    text = case.at(pointer)
    if server is None or not isinstance(text, str):
        return ELSEWHERE
    if is_container(server):
        return _published_locally(case, text)
    new, count = _ANY.subn("127.0.0.1", text)
    if count != 1:
        return ELSEWHERE
    return Remedy(what="listen at 127.0.0.1 only", edits=(set_to(pointer, new),), plain=(text, new))


def _published_locally(case: Case, text: str) -> Outcome:
    found = re.fullmatch(r"(?:(?:0\.0\.0\.0|\[::\]):)?(\d+:\d+(?:/\w+)?)", text)
    if found is None:
        return ELSEWHERE
    new = f"127.0.0.1:{found[1]}"
    return Remedy(
        what="publish the port to this machine only",
        edits=(set_to(case.hit.pointer, new),), plain=(text, new),
    )  # fmt: skip


# MA501 -------------------------------------------------------------------------------------------


def ask_again(case: Case) -> Outcome:
    """Take out what allows every tool, or every server, beforehand."""
    pointer = case.hit.pointer
    value = case.at(pointer)
    if value is None:
        return ELSEWHERE
    what = f"take `{tokens(pointer)[-1]}` out"
    inside = case.at(parent(pointer))
    if isinstance(inside, list):
        return Remedy(what="take the rule for the whole server out", edits=(removed(pointer),))
    if isinstance(value, list):
        edits = tuple(_without_wildcards(value, pointer, case.server))
        if not edits:
            return ELSEWHERE
        plain = tuple(str(value[int(tokens(one.pointer)[-1])]) for one in edits)
        named = ", ".join(f"`{one}`" for one in plain)
        return Remedy(what=f"take {named} out of the list", edits=edits, plain=plain)
    return Remedy(what=what, edits=(removed(pointer),), plain=(str(value),))


def _without_wildcards(
    value: list[Json], pointer: str, server: AuditedServer | None
) -> Iterator[ValueEdit]:
    """Yield the removal of every item that stands for all tools, the last one first."""
    name = server.name.text if server else ""
    for number in reversed(range(min(len(value), MOST_WORDS))):
        one = value[number]
        whole = isinstance(one, str) and (
            one in {"*", f"@{name}", f"@{name}/*"}
            or (one.startswith("@") and (one.endswith("/*") or "/" not in one))
        )
        if whole:
            yield removed(f"{pointer}/{number}")


VALUES = (
    Fixer(name="strip-characters", rules=("MA701",), is_safe=False, build=strip_characters,
          title="takes hidden characters out of texts that nothing is started by"),
    Fixer(name="use-https", rules=("MA401", "MA405"), is_safe=False, build=use_https,
          title="writes `https` for `http` where the address names no port"),
    Fixer(name="verify-tls", rules=("MA402",), is_safe=False, build=drop_setting,
          title="takes out what switches the check of certificates off"),
    Fixer(name="listen-locally", rules=("MA404",), is_safe=False, build=listen_locally,
          title="writes 127.0.0.1 where a server listens to the whole network"),
    Fixer(name="require-login", rules=("MA407",), is_safe=False, build=require_login,
          title="takes out what lets everybody use a server"),
    Fixer(name="ask-again", rules=("MA501",), is_safe=False, build=ask_again,
          title="takes out what allows every tool or server beforehand"),
)  # fmt: skip
