"""The collected facts about hosts, beside the table; and each place where it departs from them."""

from __future__ import annotations

from typing import Any

from mcpinstall.hosts import table
from mcpinstall.model.host import HostRow

AUDITED = {
    "claude-code-managed", "claude-code-plugins", "codex-system", "gemini-cli-system",
    "opencode-managed", "amp-managed", "generic-globalstorage",
}  # fmt: skip
"""Files that belong to administrators or to other programs; no server is ever put there."""

OPTIONAL = {
    "timeout", "startup_timeout_sec", "tool_timeout_sec", "disabled", "autoApprove",
    "alwaysAllow", "tools", "working_directory", "anythingllm", "lifecycle", "key",
}  # fmt: skip
"""Fields in the facts' entries that their hosts do without, or that grant trust."""

_OWN_SWITCH = {"kimi-code-user", "kimi-code-project", "grok-build-user", "grok-build-project"}
"""Hosts for which `enabled` is a switch with a default, not a required field."""
_NO_FILE = {"ui", "sqlite", "leveldb"}

_PROFILE = ("path-pick", "the person switches to the profile")
_EDITORS = ("path-pick", "one copy for each editor: the one that exists, several are an error")
_IMPORT = ("servers-key list", "its own file is a list of shell lines; a map is printed, to read")
DEPARTURES: dict[str, tuple[str, str]] = {
    "vscode-profile": _PROFILE,
    "cline-legacy": _EDITORS,
    "roo-code-user": ("path-pick overrides", "as cline-legacy; a setting is no variable"),
    "roo-fork-zoo": ("secret-template", "as Roo Code, of which it is a copy"),
    "kilo-code-legacy": ("secret-template", "as Cline, from which it comes"),
    "continue-blocks": ("path-pick", "a file for each server: only printed"),
    "amazon-q-agents": ("path-pick writable", "only the person knows which agent is meant"),
    "augment-vscode": _IMPORT,
    "amp-user": ("paths", "`settings.jsonc`, too: a `settings.json` beside it could hide it"),
    "lm-studio": ("overrides", "the pointer is a file, no variable: `home-pointer`"),
    "opencode-user": ("rewrites overrides", "it adds `$schema`; they add a file, and move none"),
    "opencode-project": ("rewrites", "it adds `$schema` to this file, too"),
    "anythingllm": ("overrides", "of the server in a container; any program may use that name"),
    "librechat": ("overrides", "only printed"),
    "mcpo": ("paths", "only printed"),
}
"""Row id → fields in which it differs, and why."""


def differences(fact: dict[str, Any]) -> str:
    """Fields in which the table differs from a fact, with blanks between them."""
    row = next((row for row in table() if row.id == fact["id"]), None)
    if row is None:
        return "" if fact["id"] in AUDITED else "no row"
    pairs = _pairs(row, fact)
    return " ".join(name for name, (ours, theirs) in pairs.items() if ours != theirs)


def required(fact: dict[str, Any]) -> dict[str, Any]:
    """The entry of a fact without what its host does not require, for one variable `API_KEY`."""
    left_out = OPTIONAL | ({"enabled"} if fact["id"] in _OWN_SWITCH else set())
    entry = {key: value for key, value in fact["stdio_shape"].items() if key not in left_out}
    by_name = "env_vars" in entry or "env_keys" in entry
    reference = (_template(fact) or "<value>").replace("%s", "API_KEY")
    for key in {"env", "envs", "environment"} & set(entry):
        if by_name:
            del entry[key]  # nothing is left for it
        else:
            entry[key] = {"API_KEY": reference}
    return entry


def required_remote(fact: dict[str, Any]) -> dict[str, Any] | None:
    """The remote entry of a fact without what its host does not require; None: it takes none.

    The token is the variable `API_KEY`, or `<token>` where the host takes headers as they are.
    """
    if fact["remote_shape"] is None:
        return None
    left_out = OPTIONAL | ({"enabled"} if fact["id"] in _OWN_SWITCH else set())
    left_out = left_out - {"key"} | {"id"} | ({"name"} if fact["id"] == "augment-vscode" else set())
    entry = {key: value for key, value in fact["remote_shape"].items() if key not in left_out}
    text = f"Bearer {(_header_template(fact) or '<token>').replace('%s', 'API_KEY')}"
    for key in {"headers", "requestInit", "requestOptions"} & set(entry):
        headers = {"Authorization": text}
        entry[key] = headers if key == "headers" else {"headers": headers}
    if "bearerTokenEnvVar" in entry:
        del entry["headers"]  # empty in the fact
    entry.pop("http_headers", None)  # its example has two more headers
    entry.pop("env_http_headers", None)
    if fact["id"] == "augment-vscode":
        entry["headers"] = {"Authorization": text}
    return entry


def _header_template(fact: dict[str, Any]) -> str | None:
    fields = " ".join((fact["secret_interpolation"] or {}).get("fields") or ())
    everywhere = any(word in fields for word in ("headers", "string", "whole config", "env_keys"))
    if fact["id"] == "goose":  # the variables of `env_keys` go into headers as `${NAME}`
        return "${%s}"
    if "secret-template" in DEPARTURES.get(fact["id"], ("",))[0]:
        return "${env:%s}"
    return _template(fact) if everywhere else None


def _pairs(row: HostRow, fact: dict[str, Any]) -> dict[str, tuple[object, object]]:
    fact_format = "json" if fact["format"] in _NO_FILE else fact["format"]
    paths = {system: paths for system, paths in (fact["paths"] or {}).items() if paths}
    writable = fact["writable"] and fact["confidence"] != "low"
    return {
        "format": (row.format, fact_format),
        "servers-key": (list(row.servers_key), fact["servers_key"]),
        "list": (row.is_list, fact["entry_kind"] == "list"),
        "paths": ({system: list(found) for system, found in row.paths}, paths),
        "path-pick": (row.path_pick, fact["path_pick"]),
        "rewrites": (row.rewrites_file, fact["host_rewrites_file"]),
        "bom": (row.bom, (fact["syntax"] or {}).get("bom") or "unknown"),
        "status": (row.status, fact["status"]),
        "scope": (row.scope, fact["scope"]),
        "secret-template": (row.secret_template, _template(fact)),
        "overrides": ({name for name, _ in row.overrides}, _variables(fact)),
        "switch-off": (row.switch_off, _switch(fact)),
        "writable": (row.writable, writable and fact["scope"] in ("user", "user-remote")),
    }


def _switch(fact: dict[str, Any]) -> tuple[str, bool] | None:
    """The field of an entry that switches it off; one inside a field is none of ours."""
    name = (fact["toggle"] or "").partition(":")[0]
    return (name, name == "disabled") if name and "." not in name else None


def _template(fact: dict[str, Any]) -> str | None:
    """How the host names a variable; VS Code's inputs are a field of their own."""
    template = (fact["secret_interpolation"] or {}).get("template")
    return "${env:%s}" if template == "${input:%s}" else template


def _variables(fact: dict[str, Any]) -> set[str]:
    """Variables that move a file; those that stand in the path templates are not among them."""
    named = {words.split()[0] for words in fact["env_overrides"] if not words.startswith("--")}
    return {name for name in named if "XDG_CONFIG_HOME" not in name}
