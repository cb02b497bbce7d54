"""Remedies of what is started: command lines, versions, wrappers, flags and variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.value_edit import ValueEdit, added, removed, set_to
from mcpinstall.rules.audit.fetches import fetches, packages
from mcpinstall.rules.audit.options import Option
from mcpinstall.rules.audit.specs import Kind, Package, Pin, is_placeholder
from mcpinstall.rules.audit.unwrap import unwrap
from mcpinstall.rules.audit.words import program
from mcpinstall.rules.audit.wrappers import ELEVATING
from mcpinstall.rules.remedies.remedy import (
    ELSEWHERE,
    Case,
    Fixer,
    NoRemedy,
    Outcome,
    Remedy,
    parent,
    place_of,
    without_words,
)

_LINE = re.compile(r"[A-Za-z0-9_@./:=,+^-]+(?: +[A-Za-z0-9_@./:=,+^-]+)*")
"""A command line that every shell and every host would split alike."""
_NPM_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_PYTHON_VERSION = re.compile(r"\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)*(?:\+[a-z0-9.]+)?")
_PYTHON_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9,._ -]*\])?)[^;]*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


# MA707 -------------------------------------------------------------------------------------------


def split(case: Case) -> Outcome:
    """Put each argument of a command that is one text into the list of arguments."""
    server, pointer = case.server, case.hit.pointer
    text = case.at(pointer)
    if server is None or not isinstance(text, str) or not server.argv:
        return NoRemedy("only a person can tell what was meant")
    words = text.strip().split()
    if not _LINE.fullmatch(text.strip()):
        return NoRemedy("it can be split in several ways")
    what = "put each argument into a list of its own"
    if len(server.argv) > 1 and pointer == server.argv[1].pointer and parent(pointer) == (
        server.pointer
    ):  # fmt: skip
        return Remedy(what=what, edits=(set_to(pointer, list(words)),), plain=(text, *words))
    if pointer != server.argv[0].pointer or len(words) < 2:
        return NoRemedy("only a person can tell what was meant")
    edits = _split_command(case, server, words)
    if edits is None:
        return ELSEWHERE
    return Remedy(what=what, edits=edits, plain=(text, *words))


def _split_command(
    case: Case, server: AuditedServer, words: list[str]
) -> tuple[ValueEdit, ...] | None:
    pointer = server.argv[0].pointer
    first = set_to(pointer, words[0])
    inside = case.at(parent(pointer))
    if isinstance(inside, list):
        if len(inside) > 1 or len(server.argv) > len(inside):
            return None
        more = (added(f"{parent(pointer)}/{n}", one) for n, one in enumerate(words[1:], 1))
        return (first, *more)
    key = (case.row.entry.args_key if case.row else "") or "args"
    arguments = f"{server.pointer}/{key}"
    known = case.at(arguments)
    if known is None and parent(pointer) == server.pointer and len(server.argv) == 1:
        behind = pointer.rpartition("/")[2]
        return (first, added(arguments, list(words[1:]), behind=behind))
    if not isinstance(known, list):
        return None
    before = (added(f"{arguments}/{n}", one) for n, one in enumerate(words[1:]))
    return (first, *before)


# MA101, MA102, MA104 -----------------------------------------------------------------------------

_OF_RULE = {"MA101": (Kind.NPM,), "MA102": (Kind.PYPI,), "MA104": (Kind.IMAGE,)}


def pin(case: Case) -> Outcome:
    """Name the one version of each package that is on this machine already."""
    if case.server is None:
        return ELSEWHERE
    edits: list[ValueEdit] = []
    plain: list[str] = []
    named: list[str] = []
    for package in _loose(case.server, _OF_RULE[case.hit.rule.id]):
        tag = f":{package.version}" if package.kind is Kind.IMAGE and package.version else ""
        found = tuple(case.versions(str(package.kind), f"{package.name}{tag}"))
        if len(found) != 1:
            return _unknown(package, found, case.hit.fix)
        old = package.value.text.strip()
        new = _pinned(package, old, found[0])
        whole = case.at(package.value.pointer)
        edited = in_word(whole, old, new) if new and isinstance(whole, str) else ""
        if not edited:
            return ELSEWHERE
        edits.append(set_to(package.value.pointer, edited))
        plain += [str(whole), edited]
        named.append(f"`{new}`")
    if not edits or len({one.pointer for one in edits}) != len(edits):
        return ELSEWHERE
    return Remedy(
        what=f"name the version that is on this machine: {', '.join(named)}",
        edits=tuple(edits), plain=tuple(plain),
        notes=("a version that is named gets no repairs: name a newer one now and then",),
    )  # fmt: skip


def _loose(server: AuditedServer, kinds: tuple[Kind, ...]) -> Iterator[Package]:
    for fetch, package in packages(server):
        loose = package.pin not in {Pin.EXACT, Pin.LOCAL} and not fetch.is_offline
        if loose and package.kind in kinds and not is_placeholder(package.value.text):
            yield package


def _unknown(package: Package, found: tuple[str, ...], fix: str) -> NoRemedy:
    name = package.shown
    if package.kind is Kind.IMAGE and not found:
        reason = f"podman has no `{name}` here, and Docker's store is not read"
    elif found:
        reason = f"several versions of `{name}` are on this machine: {', '.join(found[:5])}"
    else:
        reason = f"no version of `{name}` is on this machine"
    return NoRemedy(reason, fix)


def is_version(kind: Kind, text: str) -> bool:
    """Tell whether a text is one exact version of such a package, and nothing besides."""
    known = {Kind.IMAGE: _DIGEST, Kind.NPM: _NPM_VERSION, Kind.PYPI: _PYTHON_VERSION}
    return kind in known and known[kind].fullmatch(text) is not None


def _pinned(package: Package, old: str, version: str) -> str:
    """Return a package with its version; nothing where either has an unusual form."""
    if not is_version(package.kind, version):
        return ""
    if package.kind is Kind.IMAGE:
        return f"{old}@{version}"
    if package.kind is Kind.NPM:
        plain = old in {package.name, f"{package.name}@{package.version}"}
        return f"{package.name}@{version}" if plain else ""
    found = _PYTHON_NAME.fullmatch(old)
    return f"{found[1]}=={version}" if found else ""


def in_word(word: str, old: str, new: str) -> str:
    """Return a word in which a package has its version; nothing where its place is unclear."""
    place = re.compile(rf"(?:^|(?<=[\s=,:]))(?:{re.escape(old)})(?=$|[\s,/])")
    return place.sub(lambda _: new, word) if len(place.findall(word)) == 1 else ""


# MA205 -------------------------------------------------------------------------------------------


def drop_privilege(case: Case) -> Outcome:
    """Start the program without `sudo` and its like in front."""
    server = case.server
    if server is None:
        return ELSEWHERE
    found = unwrap(server.argv)
    for number, layer in enumerate(found.layers[:-1]):
        if program(layer[0].text) in ELEVATING:
            return _without_layer(server, layer, found.layers[number + 1])
    return ELSEWHERE


def _without_layer(
    server: AuditedServer, layer: tuple[Value, ...], inner: tuple[Value, ...]
) -> Outcome:
    start, end = place_of(server.argv, layer[0]), place_of(server.argv, inner[0])
    if start is None or end is None or start >= end:
        return ELSEWHERE
    if any("=" in one.text for one in server.argv[start + 1 : end]):
        return NoRemedy("it also sets variables for the program")
    edits = without_words(server.argv, start, end)
    if edits is None:
        return ELSEWHERE
    return Remedy(
        what=f"start `{program(inner[0].text)}` without `{program(layer[0].text)}`", edits=edits,
        plain=tuple(one.text for one in server.argv[start : end + 1]),
        notes=("what needs the rights of another user does not work any more",),
    )  # fmt: skip


# MA206, MA601 and options ------------------------------------------------------------------------


def remove_variable(case: Case) -> Outcome:
    """Take a variable out of the environment, or the option that sets it."""
    server, pointer = case.server, case.hit.pointer
    if server is None:
        return ELSEWHERE
    in_words = {one.pointer for one in server.argv}
    for variable in server.variables:
        if variable.value.pointer == pointer and pointer not in in_words:
            return Remedy(
                what=f"take the variable `{variable.name}` out", edits=(removed(pointer),)
            )
    return drop_option(case)


def drop_option(case: Case) -> Outcome:
    """Take an option of a container's engine, or a word of `env`, out with its value."""
    server, pointer = case.server, case.hit.pointer
    if server is None:
        return ELSEWHERE
    for fetch in fetches(server):
        for option in fetch.options:
            if pointer in (option.word.pointer, option.value.pointer if option.value else ""):
                return _without_option(server, option)
    number = next((n for n, one in enumerate(server.argv) if one.pointer == pointer), None)
    is_assignment = number is not None and re.match(r"[A-Za-z_]\w*=", server.argv[number].text)
    if number is None or not is_assignment or program(server.argv[0].text) != "env":
        return ELSEWHERE
    edits = without_words(server.argv, number, number + 1)
    name = server.argv[number].text.partition("=")[0]
    return Remedy(what=f"take `{name}` out", edits=edits) if edits else ELSEWHERE


def _without_option(server: AuditedServer, option: Option) -> Outcome:
    start = place_of(server.argv, option.word)
    if start is None or not _is_alone(option):
        return ELSEWHERE
    apart = option.value is not None and option.value.pointer != option.word.pointer
    edits = without_words(server.argv, start, start + (2 if apart else 1))
    if edits is None:
        return ELSEWHERE
    gone = server.argv[start : start + (2 if apart else 1)]
    if option.name in {"-e", "--env"}:
        named = f"{option.name} {option.text.partition('=')[0]}"
    else:
        named = f"{option.name} {option.text}" if apart else gone[0].text
    return Remedy(
        what=f"take `{named}` out", edits=edits, plain=tuple(one.text for one in gone),
        notes=("what needs it does not work any more",),
    )  # fmt: skip


def _is_alone(option: Option) -> bool:
    """Tell whether a word holds this option and no other: `-it` holds two."""
    text = option.word.text
    return text == option.name or text.startswith((f"{option.name}=", "--")) or (
        option.value is not None and option.value.pointer == option.word.pointer
        and text.startswith(option.name)
    )  # fmt: skip


LAUNCHES = (
    Fixer(name="split-command", rules=("MA707",), is_safe=True, build=split,
          title="puts each argument of a command that is one text into a list"),
    Fixer(name="pin", rules=("MA101", "MA102", "MA104"), is_safe=False, build=pin,
          title="names the version, or the image's digest, that is on this machine already"),
    Fixer(name="drop-privilege", rules=("MA205",), is_safe=False, build=drop_privilege,
          title="starts the program without `sudo` and its like"),
    Fixer(name="remove-variable", rules=("MA206",), is_safe=False, build=remove_variable,
          title="takes out a variable that makes programs load other code"),
    Fixer(name="drop-flag", rules=("MA601",), is_safe=False, build=drop_option,
          title="takes out an option that takes the walls of a container down"),
)  # fmt: skip
