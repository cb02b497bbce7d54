"""`policy.toml`: the one strict reader of policies.  Every refusal names key and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import toml_lines, toml_text
from mcpinstall.model.fields import Fields
from mcpinstall.model.manifest import CRITERIA
from mcpinstall.model.policy import Level, Origin, Policy, PolicyException, Rule, RuleKey, RuleValue
from mcpinstall.model.server_json import REMOTE_TRANSPORTS, STDIO

TRANSPORTS = (STDIO, *REMOTE_TRANSPORTS)
RESERVED_REGISTRIES = ("bundled", "mcp", "pypi", "npm", "mcpb", "oci", "remote")
"""Sources whose name nobody's configuration can give to something else."""

EXCEPTION_KEYS = ("rule", "names", "reason", "until")
_ROOT = re.compile(r"sha256:[0-9a-f]{64}")
_REGISTRY = re.compile(r"[a-z][a-z0-9-]{0,30}")
_HOST = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_ADDRESS = re.compile(r"\*|(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,10}|[0-9a-f:]{2,39}")
_MOST_ITEMS = 1000  # of one list; each is compared with every name
_PATTERN = 300  # characters
_REASON = 500  # characters
_MOST_DAYS = 3650  # days; older than any release that is still installed


def parse(data: bytes, origin: Origin) -> Policy:
    """Return the policy of one file.

    Raises:
        McpInstallError: `policy-invalid`, naming file, key and line.
    """
    try:
        return _policy(_document(data), origin)
    except McpInstallError as error:
        raise McpInstallError(
            ErrorCode.POLICY_INVALID,
            f"the {origin.level.word} policy `{origin.path}` can't be used: {error.message}",
            hint="correct it; its keys are explained in docs/policy.md. Until then nothing is "
            "installed",
        ) from None


def _document(data: bytes) -> Fields:
    root = toml_text.parse(data, ErrorCode.POLICY_INVALID, "policy.toml")
    lines = toml_lines.key_lines(data.decode("utf-8").replace("\r\n", "\n"))
    return Fields(root.table, root.code, "", lines)


def _policy(root: Fields, origin: Origin) -> Policy:
    root.only("schema", *RuleKey, "exceptions")
    root.integer("schema", low=1, high=1)
    exceptions = tuple(_exception(one) for one in root.each("exceptions"))
    rules = tuple(
        Rule(
            key=key,
            value=_value(root, key, origin),
            origin=origin,
            line=root.line(key),
            exceptions=tuple(one for one in exceptions if one.rule is key),
        )
        for key in RuleKey
        if key in root.table
    )
    own = {rule.key for rule in rules}
    orphans = tuple((origin, one) for one in exceptions if one.rule not in own)
    return Policy(rules=rules, origins=(origin,), orphans=orphans)


def _value(root: Fields, key: RuleKey, origin: Origin) -> RuleValue:
    if key in _LISTS:
        return _items(root, key, _LISTS[key], origin)
    if key is RuleKey.MIN_RELEASE_AGE_DAYS:
        return root.integer(key, high=_MOST_DAYS)
    return root.boolean(key)


Checked = Callable[[str, Origin], str]
"""Returns what is wrong with an item of a list, as the rest of a sentence; nothing if it's fine."""


def _items(fields: Fields, key: str, fault: Checked, origin: Origin) -> tuple[str, ...]:
    items = fields.texts(key, limit=_PATTERN)
    if len(items) > _MOST_ITEMS:
        raise fields.error(key, f"has more than {_MOST_ITEMS} items")
    for number, item in enumerate(items):
        if why := fault(item, origin):
            raise fields.error(f"{key}[{number}]", why)
    return tuple(dict.fromkeys(items))


def _exception(fields: Fields) -> PolicyException:
    fields.only(*EXCEPTION_KEYS)
    rule = fields.text("rule")
    if rule not in set(RuleKey):
        raise fields.error("rule", "is not the key of a rule")
    names = _items(fields, "names", _name_fault, Origin(level=Level.PROJECT, path=""))
    if not names:
        raise fields.error("names", "is missing or empty: an exception is for servers by name")
    reason = fields.text("reason", limit=_REASON)
    if not reason.strip():
        raise fields.error("reason", "is empty")
    until = fields.table.get("until")
    if not isinstance(until, date) or isinstance(until, datetime):
        raise fields.error("until", "is not a date such as `2027-01-31`, without quotes")
    return PolicyException(rule=RuleKey(rule), names=names, reason=reason, until=until)


def _name_fault(text: str, _: Origin) -> str:
    return "" if text.strip() == text and text else "is empty, or has a blank at an end"


def _criterion_fault(text: str, _: Origin) -> str:
    return "" if text in CRITERIA else f"is none of {_listed(CRITERIA)}"


def _transport_fault(text: str, _: Origin) -> str:
    return "" if text in TRANSPORTS else f"is none of {_listed(TRANSPORTS)}"


def _registry_fault(text: str, origin: Origin) -> str:
    if _ROOT.fullmatch(text) or text in RESERVED_REGISTRIES:
        return ""
    if not _REGISTRY.fullmatch(text):
        return "is neither the name of a registry nor `sha256:` and the digest of its root"
    if origin.level is Level.SYSTEM:
        return (
            "is a name that every user's configuration can give to another registry: the system's "
            "policy names the digest of its root, `sha256:…`"
        )
    return ""


def _host_fault(text: str, _: Origin) -> str:
    return "" if _HOST.fullmatch(text) else "is not the name of a host such as `cursor`"


def _address_fault(text: str, _: Origin) -> str:
    if _ADDRESS.fullmatch(text):
        return ""
    return "is none of `name`, `*.name` and `*`, in lower case and without a port"


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


_LISTS: Mapping[str, Checked] = {
    RuleKey.REQUIRE_CRITERIA: _criterion_fault,
    RuleKey.REGISTRIES: _registry_fault,
    RuleKey.ALLOW_NAMES: _name_fault,
    RuleKey.DENY_NAMES: _name_fault,
    RuleKey.PUBLISHERS: _name_fault,
    RuleKey.TRANSPORTS: _transport_fault,
    RuleKey.REMOTE_HOSTS: _address_fault,
    RuleKey.HOSTS: _host_fault,
}
