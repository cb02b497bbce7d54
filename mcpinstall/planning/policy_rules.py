"""Policies: one merge that never loosens, one decision about one server.  Pure.

Every rule of every file holds by itself, and an exception is one to a rule of its own file
alone.  So the merged policy refuses what any of its files refuses, in whatever order they come;
that a lower file *tries* to loosen a higher one is told as an error all the same, for whoever
wrote it believes that it works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.globs import covers, matches
from mcpinstall.model.names import normalized_package
from mcpinstall.model.policy import (
    Decision,
    Level,
    Origin,
    Policy,
    PolicyException,
    PolicySubject,
    Refusal,
    Rule,
    RuleKey,
    RuleValue,
)
from mcpinstall.model.unreviewed_lock import SourceKind

# Merge -----------------------------------------------------------------------------------------


def merge(parts: Sequence[Policy]) -> Policy:
    """Return all rules of all files, the system's first; the order of `parts` changes nothing.

    Raises:
        McpInstallError: `policy-loosened` naming both files, `policy-invalid` for an exception
            to a rule that no file sets.
    """
    rules = tuple(sorted((rule for part in parts for rule in part.rules), key=_rule_order))
    origins = {origin: None for part in parts for origin in part.origins}
    for place, lower in enumerate(rules):
        for upper in rules[:place]:
            _require_tighter(upper, lower)
    for part in sorted(parts, key=_part_order):
        for origin, orphan in part.orphans:
            _refuse_orphan(origin, orphan, rules)
    return Policy(rules=rules, origins=tuple(sorted(origins, key=_order)))


def _order(origin: Origin) -> tuple[Level, str]:
    return origin.level, origin.path


def _rule_order(rule: Rule) -> tuple[int, Level, str]:
    return list(RuleKey).index(rule.key), *_order(rule.origin)


def _part_order(part: Policy) -> list[tuple[Level, str]]:
    return [_order(origin) for origin in part.origins]


def _require_tighter(upper: Rule, lower: Rule) -> None:
    """Refuse a rule of a lower level that would allow what one of a higher level forbids.

    Files of one level, such as those of two folders of a project, can't contradict each other.
    """
    if upper.key is not lower.key or upper.origin.level is lower.origin.level:
        return
    loosened = _loosened(upper.key, upper.value, lower.value)
    if loosened:
        raise _loosening(lower.origin, lower.key, lower.line, loosened, upper)


def _loosened(key: RuleKey, upper: RuleValue, lower: RuleValue) -> str:
    """Return what of `lower` goes beyond `upper`, as text; nothing if it is as tight."""
    if isinstance(upper, tuple) and isinstance(lower, tuple):
        if key in (RuleKey.REQUIRE_CRITERIA, RuleKey.DENY_NAMES):  # these only ever add up
            return ""
        beyond = (item for item in lower if not any(covers(wide, item) for wide in upper))
        more = next(beyond, None)
        return "" if more is None else f"allows `{more}`"
    if isinstance(lower, int) and isinstance(upper, int) and lower < upper:
        return f"sets it to {str(lower).lower()}"
    return ""


def _loosening(
    origin: Origin, key: RuleKey, line: int | None, what: str, upper: Rule
) -> McpInstallError:
    place = f", line {line}" if line else ""
    return McpInstallError(
        ErrorCode.POLICY_LOOSENED,
        f"the {origin.level.word} policy `{origin.path}`{place} would loosen `{key}` of the "
        f"{upper.origin.level.word} policy `{upper.origin.path}`: it {what}, and that one says "
        f"{value_text(upper.value)}",
        hint=f"take `{key}` out of `{origin.path}`, or make it as tight; only whoever keeps "
        f"`{upper.origin.path}` can loosen it",
    )


def _refuse_orphan(origin: Origin, orphan: PolicyException, rules: Sequence[Rule]) -> None:
    for rule in rules:
        if rule.key is orphan.rule and rule.origin.level < origin.level:
            raise _loosening(origin, rule.key, None, "makes an exception to it", rule)
    raise McpInstallError(
        ErrorCode.POLICY_INVALID,
        f"the {origin.level.word} policy `{origin.path}` makes an exception to `{orphan.rule}`, "
        "which it does not set",
        hint="an exception is one to a rule of its own file",
    )


def value_text(value: RuleValue) -> str:
    """Return a rule's value as its file has it, in one line."""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return str(value).lower()


# Decision --------------------------------------------------------------------------------------


BY_NAME = frozenset({
    RuleKey.REVIEWED_ONLY, RuleKey.REQUIRE_CRITERIA, RuleKey.ALLOW_NAMES, RuleKey.DENY_NAMES,
})  # fmt: skip
"""Rules that judge a server of which nothing but its name and who vouches for it is known."""

BY_SOURCE = BY_NAME | {RuleKey.REGISTRIES, RuleKey.TRANSPORTS, RuleKey.SANDBOX_REQUIRED}
"""Rules that judge a server before its inputs and hosts are known."""


def only(policy: Policy, keys: frozenset[RuleKey]) -> Policy:
    """Return the rules of some keys: what they refuse, the whole policy refuses."""
    return replace(policy, rules=tuple(rule for rule in policy.rules if rule.key in keys))


def decide(
    policy: Policy, subject: PolicySubject, now: datetime, latest: datetime | None = None
) -> Decision:
    """Return every rule that `subject` breaks, and which of them an exception lets it pass.

    Exceptions end by the later of the machine's clock `now` and the latest time seen: a clock
    that is turned back revives none.  Ages are told by `now`: turned back, it makes files younger.
    """
    today = max(now, latest or now).astimezone(UTC).date()
    refusals, excepted = [], []
    for rule in policy.rules:
        why = _WHY[rule.key](rule.value, subject, now) if rule.demands else ""
        if not why:
            continue
        named = [one for one in rule.exceptions if _is_named(one.names, subject)]
        standing = [one for one in named if today <= one.until]
        if standing:
            excepted.append((rule, standing[0]))
        else:
            last = max(named, key=lambda one: one.until, default=None)
            refusals.append(Refusal(rule=rule, why=why, expired=last))
    return Decision(refusals=tuple(refusals), excepted=tuple(excepted))


def _is_named(patterns: Iterable[str], subject: PolicySubject) -> bool:
    return any(matches(pattern, subject.name) for pattern in patterns)


def _reviewed(_: RuleValue, subject: PolicySubject, __: datetime) -> str:
    return "" if subject.certified else "no trusted registry vouches for it"


def _criteria(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    if not subject.certified:
        return "no trusted registry vouches for its reviews"
    missing = [one for one in _items(value) if one not in subject.criteria]
    return f"its reviews don't claim {_quoted(missing)}" if missing else ""


def _registry(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    root = f"sha256:{subject.root_digest}"
    if subject.registry in _items(value) or root in _items(value):
        return ""
    return f"it comes from `{subject.registry}` ({root})"


def _allowed_name(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    return "" if _is_named(_items(value), subject) else "its name is none of those allowed"


def _denied_name(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    name = subject.name.casefold()  # a name in other letters is denied as well, never allowed
    found = next((one for one in _items(value) if matches(_as_denied(one), name)), None)
    return "" if found is None else f"its name is denied by `{found}`"


def _as_denied(pattern: str) -> str:
    """Return a pattern as names are: an index takes `Some_Package` for `some-package`."""
    folded = pattern.casefold()
    return normalized_package(folded) if folded.startswith(f"{SourceKind.PYPI}:") else folded


def _publisher(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    publisher = subject.publisher
    if publisher is None or any(publisher and matches(one, publisher) for one in _items(value)):
        return ""
    return f"its package is of `{publisher}`" if publisher else "nobody verified its publisher"


def _transport(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    return "" if subject.transport in _items(value) else f"it is used over `{subject.transport}`"


def _remote_host(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    address = subject.address
    if not address or any(matches(pattern, address) for pattern in _items(value)):
        return ""
    return f"it runs at `{address}`"


def _host(value: RuleValue, subject: PolicySubject, _: datetime) -> str:
    allowed = set(_items(value))
    for names in subject.hosts:
        if not allowed.intersection(names):
            return f"its entry is for `{names[0]}`" if names else "its entry is for no known host"
    return ""


def _age(value: RuleValue, subject: PolicySubject, now: datetime) -> str:
    if subject.address:  # nothing of it comes to this machine
        return ""
    if subject.released is None:
        return "nobody vouches for when its files were published"
    if now - subject.released >= timedelta(days=int(value) if isinstance(value, int) else 0):
        return ""
    return f"its newest file was published on {subject.released:%Y-%m-%d}"


def _sandbox(_: RuleValue, __: PolicySubject, ___: datetime) -> str:
    return "this version of mcpinstall has no sandbox"


def _clear_text(_: RuleValue, subject: PolicySubject, __: datetime) -> str:
    if not subject.clear_text:
        return ""
    return f"{_quoted(subject.clear_text)} would stand in a host's file in clear text"


def _items(value: RuleValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


_WHY: Mapping[RuleKey, Callable[[RuleValue, PolicySubject, datetime], str]] = {
    RuleKey.REVIEWED_ONLY: _reviewed,
    RuleKey.REQUIRE_CRITERIA: _criteria,
    RuleKey.REGISTRIES: _registry,
    RuleKey.ALLOW_NAMES: _allowed_name,
    RuleKey.DENY_NAMES: _denied_name,
    RuleKey.PUBLISHERS: _publisher,
    RuleKey.TRANSPORTS: _transport,
    RuleKey.REMOTE_HOSTS: _remote_host,
    RuleKey.HOSTS: _host,
    RuleKey.MIN_RELEASE_AGE_DAYS: _age,
    RuleKey.SANDBOX_REQUIRED: _sandbox,
    RuleKey.FORBID_PLAINTEXT_SECRETS: _clear_text,
}


# Words -----------------------------------------------------------------------------------------


def refused(decision: Decision, subject: PolicySubject) -> McpInstallError | None:
    """Return the refusal of a server, all its rules told; None where nothing refuses."""
    if not decision.refusals:
        return None
    first = decision.refusals[0].rule.origin
    what = f"`{subject.name}` {subject.version}".rstrip()
    return McpInstallError(
        ErrorCode.POLICY_REFUSED,
        f"policy forbids {what}: " + "; ".join(sentence(one) for one in decision.refusals),
        hint=f"`mcpi policy show` lists the rules; whoever keeps `{first.path}` can change them",
    )


def sentence(refusal: Refusal) -> str:
    """Return one refusal: the fact, the rule, the file, and an exception that has ended."""
    rule = refusal.rule
    place = f", line {rule.line}" if rule.line else ""
    ended = f"; its exception ended on {refusal.expired.until}" if refusal.expired else ""
    level, path = rule.origin.level.word, rule.origin.path
    return f"{refusal.why} (`{rule.key}` in the {level} policy `{path}`{place}{ended})"


def evidence(policy: Policy, decision: Decision) -> str:
    """Return what check 3 says it rests on, with every exception that was used."""
    if not policy.rules:
        return "built-in default"
    files = {rule.origin.path: None for rule in policy.rules}
    count = f"{len(policy.rules)} rule{'s' if len(policy.rules) > 1 else ''}"
    words = [f"built-in default and {count} of {_quoted(files)}"]
    words += [
        f"exception to `{rule.key}` until {one.until} ({one.reason})"
        for rule, one in decision.excepted
    ]
    return "; ".join(words)
