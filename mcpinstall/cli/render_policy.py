"""The pages of `mcpi policy`, and policies as the objects that `--json` prints.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mcpinstall.cli import words
from mcpinstall.cli.layout import BLANK, CONTINUED, Line, Screen, Tone, wrapped

if TYPE_CHECKING:
    from mcpinstall.model.policy import Policy, PolicyException, Rule
    from mcpinstall.operations.policies import Judged, PolicyFile

Object = dict[str, object]

_HEAD = "Policy files, each only tighter than those above"
_NO_RULES = (
    "No policy file has a rule: servers that nobody vouches for are asked about, withdrawn ones "
    "refused."
)


# Screens ---------------------------------------------------------------------------------------


def shown(policy: Policy, found: Sequence[PolicyFile], now: datetime, width: int) -> Screen:
    """Return every file, and every rule with its value, file, line and exceptions."""
    rows: list[Line] = list(wrapped(_HEAD, width, "  ", Tone.STRONG))
    for one in found:
        level = one.origin.level.word
        count = "no file" if one.policy is None else words.count(len(one.policy.rules), "rule")
        rows += wrapped(f"  {level:8} {one.origin.path}  ({count})", width, CONTINUED)
    rows.append(BLANK)
    if not policy.rules:
        return (*rows, *wrapped(_NO_RULES, width, "  "))
    for rule in policy.rules:
        rows += _rule(rule, now, width)
    return tuple(rows)


def _rule(rule: Rule, now: datetime, width: int) -> list[Line]:
    origin = rule.origin
    value = ", ".join(rule.value) if isinstance(rule.value, tuple) else str(rule.value).lower()
    rows = list(wrapped(f"{rule.key} = {value or '(nothing)'}", width, CONTINUED, Tone.STRONG))
    rows += wrapped(f"  from {origin.level.word}, {origin.path}{_line(rule)}", width, CONTINUED)
    for one in rule.exceptions:
        ended = "ended" if _has_ended(one, now) else "exception until"
        names = ", ".join(one.names)
        tone = Tone.WARN if _has_ended(one, now) else Tone.PLAIN
        rows += wrapped(f"  {ended} {one.until}: {names} ({one.reason})", width, CONTINUED, tone)
    return rows


def _line(rule: Rule) -> str:
    return f", line {rule.line}" if rule.line else ""


def _has_ended(one: PolicyException, now: datetime) -> bool:
    return now.astimezone(UTC).date() > one.until


def judged(policy: Policy, servers: Sequence[Judged], width: int) -> Screen:
    """Return what the policy says of each server."""
    count = words.count(len(policy.rules), "rule")
    files = words.count(len(policy.origins), "policy file")
    told = f"{files} without a contradiction, {count}" if policy.origins else "No policy file"
    rows = list(wrapped(told, width, "  "))
    if not servers:
        return (*rows, *wrapped("Nothing is installed", width, "  "))
    rows.append(BLANK)
    for one in servers:
        rows += _server(one, width)
    return tuple(rows)


def _server(one: Judged, width: int) -> Screen:
    entry = f" (as {one.entry_name})" if one.entry_name else ""
    what = f"{one.name} {one.version}{entry}"
    if one.problem is not None:
        text = f"not judged  {what}: {one.problem.message}"
        return wrapped(text, width, CONTINUED, Tone.WARN)
    if not one.refusals:
        rows = wrapped(f"allowed  {what}", width, CONTINUED, Tone.GOOD)
    else:
        rows = wrapped(f"forbidden  {what}", width, CONTINUED, Tone.BAD)
    told = [*one.refusals, *(f"by exception: {text}" for text in one.excepted)]
    return (*rows, *(row for text in told for row in wrapped(f"  {text}", width, CONTINUED)))


def line_of_plan(policy: Policy, width: int) -> Screen:
    """Return the line of a plan screen; none for the built-in policy alone."""
    if not policy.rules:
        return ()
    files: dict[str, int] = {}
    for rule in policy.rules:
        name = f"{rule.origin.level.word} {rule.origin.path}"
        files[name] = files.get(name, 0) + 1
    told = " · ".join(f"{name} ({words.count(count, 'rule')})" for name, count in files.items())
    return wrapped(f"Policy  {told}", width, CONTINUED)


# Objects ---------------------------------------------------------------------------------------


def as_object(policy: Policy) -> Object:
    """Return the rules that hold, each with the file that it comes from."""
    return {
        "files": [{"level": origin.level.word, "path": origin.path} for origin in policy.origins],
        "rules": [
            {
                "key": str(rule.key),
                "value": list(rule.value) if isinstance(rule.value, tuple) else rule.value,
                "level": rule.origin.level.word,
                "path": rule.origin.path,
                "line": rule.line,
                "exceptions": [
                    {
                        "names": list(one.names),
                        "reason": one.reason,
                        "until": one.until.isoformat(),
                    }
                    for one in rule.exceptions
                ],
            }
            for rule in policy.rules
        ],
    }


def places(found: Sequence[PolicyFile]) -> list[Object]:
    """Return where policies can be, and whether there is one."""
    return [
        {
            "level": one.origin.level.word,
            "path": one.origin.path,
            "present": one.policy is not None,
        }
        for one in found
    ]


def judged_object(one: Judged) -> Object:
    """Return what the policy says of one server."""
    return {
        "name": one.name,
        "version": one.version,
        "entry": one.entry_name or None,
        "allowed": None if one.problem else not one.refusals,
        "refusals": list(one.refusals),
        "exceptions": list(one.excepted),
        "problem": None if one.problem is None else str(one.problem.code),
    }
