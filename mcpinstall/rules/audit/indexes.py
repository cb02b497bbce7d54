"""MA108: packages come from an index that anyone on the way, or anyone at all, can answer for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcpinstall.model.audited import AuditedServer, Value, Variable
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.fetches import fetches, variables
from mcpinstall.rules.audit.index_files import is_clear, is_known, of_files
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.options import Option
from mcpinstall.rules.audit.rule import Hit, rule
from mcpinstall.rules.audit.words import split

UNSAFE_INDEX = rule(
    108, "unsafe-index", Severity.HIGH, "Packages may come from an index that is not protected",
    cwe=494,
)  # fmt: skip
RULES = (UNSAFE_INDEX,)

_FIX = "name one index with https, and only that: `--default-index https://…`"
_ADDRESSES = frozenset({
    "--index", "--default-index", "-i", "--index-url", "--extra-index-url", "-f", "--find-links",
    "--registry", "--reg", "--source", "--add-source",
})  # fmt: skip
_EXTRA = frozenset({"--extra-index-url", "--index", "--add-source"})
_UNPROTECTED = frozenset({"--trusted-host", "--allow-insecure-host"})

_EXTRA_VARIABLES = frozenset({"UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL"})
_INDEX_VARIABLES = frozenset({
    "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "UV_FIND_LINKS", "PIP_FIND_LINKS",
    "NPM_CONFIG_REGISTRY", "YARN_NPM_REGISTRY_SERVER", "BUN_CONFIG_REGISTRY",
})  # fmt: skip
_UNPROTECTED_VARIABLES = frozenset({"PIP_TRUSTED_HOST", "UV_INSECURE_HOST"})
_PLACEHOLDER = re.compile(r"\$\{?[A-Za-z_]|%[A-Za-z_]|<")


@dataclass(frozen=True, slots=True)
class _Fault:
    severity: Severity
    why: str
    at: Value


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield one hit for the worst of all settings of a server."""
    found, own = fetches(server), variables(server)
    faults = [fault for one in found for fault in _of_options(one, facts)]
    faults += [_Fault(one.severity, one.why, server.argv[0]) for one in of_files(found, own, facts)]
    for variable in own:
        fault = _of_variable(variable, facts)
        faults += [fault] if fault else []
    if faults:
        worst = max(faults, key=lambda one: one.severity.rank)
        yield Hit(
            rule=UNSAFE_INDEX, pointer=worst.at.pointer, message=worst.why, fix=_FIX,
            severity=worst.severity,
        )  # fmt: skip


def _of_options(fetch: Fetch, facts: MachineFacts) -> Iterator[_Fault]:
    if fetch.runner.split()[0] in {"docker", "podman", "nerdctl"}:
        return
    replaced = any(one.name == "--default-index" for one in fetch.options)
    for option in _with_pip_arguments(fetch.options):
        fault = _of_option(option, facts, is_replaced=replaced)
        if fault:
            yield fault


def _with_pip_arguments(options: tuple[Option, ...]) -> Iterator[Option]:
    """Yield options, and those in the text of `--pip-args`."""
    for option in options:
        yield option
        words = split(option.text) or [] if option.name == "--pip-args" else []
        for word, following in itertools.pairwise([*words, ""]):
            name, is_glued, value = word.partition("=")
            text = value if is_glued else following
            yield Option(name, Value(text=text, pointer=option.word.pointer), option.word)


def _of_option(option: Option, facts: MachineFacts, *, is_replaced: bool) -> _Fault | None:
    name, value, at = option.name, option.text, option.given
    if name in _ADDRESSES and is_clear(value):
        return _Fault(Severity.HIGH, f"`{name}` names an index without TLS", at)
    if name in _UNPROTECTED:
        return _Fault(Severity.HIGH, f"`{name}` accepts an index without checking who it is", at)
    if name == "--index-strategy" and value.startswith("unsafe-"):
        return _Fault(Severity.HIGH, f"`{name} {value[:40]}` lets any index answer", at)
    if name in _EXTRA and not is_replaced and not is_known(value, facts):
        return _Fault(Severity.MEDIUM, f"`{name}` adds an index to the default one", at)
    if name == "--allow-scripts":
        return _Fault(Severity.MEDIUM, f"`{name}` lets packages run scripts when installed", at)
    return None


def _of_variable(variable: Variable, facts: MachineFacts) -> _Fault | None:
    name, value, upper = variable.name, variable.value, variable.capitals
    text = value.text.strip()
    if not text or _PLACEHOLDER.match(text):
        return None
    if upper in _UNPROTECTED_VARIABLES:
        why = f"`{name}` accepts an index without checking who it is"
        return _Fault(Severity.HIGH, why, value)
    if upper == "UV_INDEX_STRATEGY":
        unsafe = text.startswith("unsafe-")
        return _Fault(Severity.HIGH, f"`{name}` lets any index answer", value) if unsafe else None
    if upper == "NPM_CONFIG_IGNORE_SCRIPTS":
        why = f"`{name}` lets packages run scripts when installed"
        return _Fault(Severity.MEDIUM, why, value) if text.lower() == "false" else None
    if upper not in _EXTRA_VARIABLES | _INDEX_VARIABLES or is_known(text, facts):
        return None
    if any(is_clear(one) for one in text[:4096].split()):
        return _Fault(Severity.HIGH, f"`{name}` names an index without TLS", value)
    what = "adds an index to" if upper in _EXTRA_VARIABLES else "names another index than"
    return _Fault(Severity.MEDIUM, f"`{name}` {what} the default one", value)
