"""Remedies of what is known of a server from elsewhere: advisories, and what mcpinstall wrote."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import added, set_to, turned
from mcpinstall.rules.audit.fetches import packages
from mcpinstall.rules.audit.known_bad import MALICIOUS, free_version, vulnerable
from mcpinstall.rules.audit.parts import escaped
from mcpinstall.rules.audit.specs import Package, Pin
from mcpinstall.rules.remedies.launches import in_word, is_version
from mcpinstall.rules.remedies.remedy import (
    ELSEWHERE,
    Case,
    Fixer,
    NoRemedy,
    Outcome,
    Remedy,
    tokens,
)

# MA106 -------------------------------------------------------------------------------------------


def raise_version(case: Case) -> Outcome:
    """Name the lowest version above that the advisories call fixed, and none is about."""
    package = next(_vulnerable(case), None)
    if package is None:
        return NoRemedy("the entry itself names no version of it", case.hit.fix)
    if package.pin is not Pin.EXACT:
        return NoRemedy("a lock file names its version", "let npm write the lock file anew")
    version = free_version(package, case.facts())
    if not version:
        return NoRemedy(f"no version of `{package.name}` is known to be fixed", case.hit.fix)
    old, whole = package.value.text.strip(), case.at(package.value.pointer)
    if not is_version(package.kind, version) or not old.endswith(package.version):
        return ELSEWHERE
    new = f"{old.removesuffix(package.version)}{version}"
    edited = in_word(whole, old, new) if isinstance(whole, str) else ""
    if not edited:
        return ELSEWHERE
    return Remedy(
        what=f"name `{new}` in the place of `{old}`",
        edits=(set_to(package.value.pointer, edited),), plain=(str(whole), edited),
        notes=("no index was asked: start the server once to see that this version is there",),
    )  # fmt: skip


def _vulnerable(case: Case) -> Iterator[Package]:
    """Yield the packages that the finding may be about."""
    for _, package in packages(case.server) if case.server else ():
        is_there = package.value.pointer == case.hit.pointer
        if is_there and any(hit == case.hit for hit in vulnerable(package, case.facts())):
            yield package


# MA105, MA804 ------------------------------------------------------------------------------------


def switch_off(case: Case) -> Outcome:
    """Let the host not start the server any more, by the host's own switch."""
    server, row = case.server, case.row
    if server is None or row is None:
        return ELSEWHERE
    if server.is_disabled:
        return NoRemedy("the server is off already", case.hit.fix)
    if row.switch_off is None:
        return NoRemedy(f"{row.title} has no switch in an entry", case.hit.fix)
    key, value = row.switch_off
    pointer = f"{server.pointer}/{escaped(key)}"
    entry = case.at(server.pointer)
    if not isinstance(entry, dict) or not entry:
        return ELSEWHERE
    behind = tokens(server.argv[0].pointer)[len(tokens(server.pointer))] if server.argv else ""
    edit = set_to(pointer, value) if key in entry else added(pointer, value, behind=behind)
    done = "what it did when it ran has been done: change every secret that it could read"
    return Remedy(
        what=f"switch the server off: `{key}` = {str(value).lower()}", edits=(edit,),
        plain=(key,),
        notes=(
            "the entry stays in the file: remove it there",
            *((done,) if case.hit.rule is MALICIOUS else ()),
        ),
    )  # fmt: skip


# MA111 -------------------------------------------------------------------------------------------


def restore(case: Case) -> Outcome:
    """Give an entry the fields back that mcpinstall wrote, as far as they decide what starts."""
    managed = case.facts().managed
    if managed is None or case.server is None or managed.by_hand or managed.is_copy:
        return NoRemedy("they are its user's own", case.hit.fix)
    entry = case.at(case.server.pointer)
    if not managed.written or not isinstance(entry, dict):
        return NoRemedy("the entry itself is as it was written", case.hit.fix)
    wanted: dict[str, Json] = {**entry, **managed.written}
    wanted = {key: value for key, value in wanted.items() if value is not None}
    changed = ", ".join(f"`{key}`" for key in managed.written)
    return Remedy(
        what=f"write {changed} again, as when `{managed.entry_name}` was installed",
        edits=tuple(turned(case.server.pointer, entry, wanted)),
    )  # fmt: skip


STANDING = (
    Fixer(name="raise-version", rules=("MA106",), is_safe=False, build=raise_version,
          is_counted=True, title="names the first version that is known to be fixed"),
    Fixer(name="switch-off", rules=("MA105", "MA804"), is_safe=False, build=switch_off,
          only_eases=True, title="lets the host not start a malicious or revoked server any more"),
    Fixer(name="restore-entry", rules=("MA111",), is_safe=True, build=restore, of_own=True,
          is_counted=True,
          title="writes again what mcpinstall wrote"),
)  # fmt: skip
