"""MA206: variables that make a program load other code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from mcpinstall.model.audited import AuditedServer, Value, Variable
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.fetches import fetches, variables
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.rule import Hit, rule
from mcpinstall.rules.audit.words import LONGEST

CODE_LOADING = rule(
    206, "code-loading-env", Severity.HIGH, "A variable makes a program load other code", cwe=426
)
RULES = (CODE_LOADING,)

_NODE = re.compile(
    r"(?:^|\s)[\"']?(?:-r\b|--require\b|--import\b|--loader\b|--experimental-loader\b"
    r"|--inspect(?:-brk|-wait)?=[\"']?(?:0\.0\.0\.0|\[?::\]?))"
)
_AGENT = re.compile(r"-(?:javaagent|agentpath|agentlib):")
_PERL = re.compile(r"(?:^|\s)-(?:[A-Za-z]{0,16}[MmdI])")
_BUN = re.compile(r"(?:^|\s)(?:-r\b|--preload\b|--require\b|--import\b)")
_RUBY = re.compile(r"(?:^|\s)-(?:[A-Za-z]{0,16}[rIeC])")


def _any(_: str) -> bool:
    return True


def _searched(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: bool(pattern.search(text))


def _warnings(text: str) -> bool:
    """Tell whether a filter names a category of a module, which is then imported."""
    return any("." in part.split(":")[2] for part in text.split(",") if part.count(":") >= 2)


def _is_path(text: str) -> bool:
    """Tell whether `ENV` is the file that a shell reads, and not `production`."""
    return "/" in text or "\\" in text or "$" in text or text[:1] == "~"


def _is_not_of_system(text: str) -> bool:
    """Tell whether OpenSSL's configuration, which names modules to load, is not the system's."""
    is_of_system = text == "/dev/null" or text.startswith(("/etc/", "/usr/"))
    return not is_of_system or ".." in text


def _command(text: str) -> bool:
    return bool(re.search(r"[\s;|&$`]", text.strip()))


_LOADING: Mapping[str, Callable[[str], bool]] = {
    "LD_PRELOAD": _any,
    "LD_AUDIT": _any,
    "LD_LIBRARY_PATH": _any,
    "DYLD_INSERT_LIBRARIES": _any,
    "DYLD_LIBRARY_PATH": _any,
    "DYLD_FRAMEWORK_PATH": _any,
    "DYLD_FALLBACK_LIBRARY_PATH": _any,
    "DYLD_FALLBACK_FRAMEWORK_PATH": _any,
    "DYLD_VERSIONED_LIBRARY_PATH": _any,
    "DYLD_VERSIONED_FRAMEWORK_PATH": _any,
    "GCONV_PATH": _any,
    "OPENSSL_CONF": _is_not_of_system,
    "OPENSSL_ENGINES": _any,
    "OPENSSL_MODULES": _any,
    "NODE_OPTIONS": _searched(_NODE),
    "PYTHONSTARTUP": _any,
    "PYTHONHOME": _any,
    "PYTHONWARNINGS": _warnings,
    "BROWSER": _command,
    "BASH_ENV": _any,
    "ENV": _is_path,
    "PERL5OPT": _searched(_PERL),
    "RUBYOPT": _searched(_RUBY),
    "JAVA_TOOL_OPTIONS": _searched(_AGENT),
    "_JAVA_OPTIONS": _searched(_AGENT),
    "JDK_JAVA_OPTIONS": _searched(_AGENT),
    "GIT_SSH_COMMAND": _any,
    "GIT_EXTERNAL_DIFF": _any,
    "GIT_SSH": _any,
    "GIT_PROXY_COMMAND": _any,
    "GIT_EXEC_PATH": _any,
    "NPM_CONFIG_NODE_OPTIONS": _searched(_NODE),
    "NPM_CONFIG_SCRIPT_SHELL": _any,
    "BUN_OPTIONS": _searched(_BUN),
    "DOTNET_STARTUP_HOOKS": _any,
    "CORECLR_PROFILER_PATH": _any,
    "PYTHONBREAKPOINT": lambda text: text != "0",
    "RUBYLIB": _any,
    "LUA_INIT": _any,
    "PHPRC": _any,
    "ZDOTDIR": _any,
    "PROMPT_COMMAND": _any,
}
_CASES = frozenset({"ENV", "BROWSER"})
"""Names that mean it in capitals alone; Windows reads the others in any letters."""


def check(server: AuditedServer, facts: MachineFacts = NOTHING) -> Iterator[Hit]:
    """Yield each variable that loads code, of the entry, of wrappers and of a container."""
    del facts
    for one in (*variables(server), *container_variables(server)):
        text = one.value.text[:LONGEST].strip()
        loads = _LOADING.get(one.name if one.capitals in _CASES else one.capitals)
        if text and loads is not None and loads(text):
            yield Hit(
                rule=CODE_LOADING, pointer=one.value.pointer,
                message=f"the variable `{one.name}` makes programs load or run other code",
                fix=f"remove `{one.name}`",
            )  # fmt: skip


def container_variables(server: AuditedServer) -> Iterator[Variable]:
    """Yield what `docker run -e NAME=value` sets."""
    for fetch in fetches(server):
        if fetch.runner.split()[0] not in {"docker", "podman", "nerdctl"}:
            continue
        for option in fetch.all("-e", "--env"):
            name, _, text = option.text.partition("=")
            yield Variable(name=name, value=Value(text=text, pointer=option.given.pointer))
