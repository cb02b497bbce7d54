"""MA301 to MA304: a reference in the host's own spelling for a secret in clear text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcpinstall.model.audited import Value
from mcpinstall.model.host import HostRow, SecretStyle
from mcpinstall.model.json_text import Json
from mcpinstall.model.value_edit import ValueEdit, added, removed, set_to
from mcpinstall.rules.audit.parts import escaped
from mcpinstall.rules.audit.references import holds_reference
from mcpinstall.rules.audit.secrets import secret_in
from mcpinstall.rules.remedies.remedy import (
    ELSEWHERE,
    Case,
    Fixer,
    NoRemedy,
    Outcome,
    Remedy,
)

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|Bot) +", re.IGNORECASE)
_EVERYWHERE = (
    "vscode", "vscodium", "visual-studio", "claude-code", "xcode-claude", "cursor", "copilot-cli",
    "windsurf", "devin", "gemini", "qwen", "roo-code", "kilo-code-user", "kilo-code-project",
    "continue", "kiro", "opencode", "crush", "amp-", "factory-droid", "librechat",
)  # fmt: skip
IN_ARGUMENTS = (*_EVERYWHERE, "cline")
"""Beginnings of ids of hosts that fill references in on the command line too."""
IN_ADDRESS = (*_EVERYWHERE, "amazon-q", "mcporter")
"""The same for the address of a remote server."""
_LOGIN = re.compile(r"://(?:[^/?#@:]*:)?([^/?#@:]+)@")
_PARAMETER = re.compile(r"[?&#]([^=&#]{1,100})=([^&#]+)")
_MARK = "mcpi."


_HINT = "`mcpi install` keeps a server's secrets in the keyring"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a secret stands."""

    value: Value
    name: str
    """Of its variable, header or option."""
    kind: str
    """`env`, `header`, `argument` or `address`."""


def move_secret(case: Case) -> Outcome:
    """Put a reference in a secret's place; the person gives the host the value."""
    row, server = case.row, case.server
    place = _place(case)
    if server is None or row is None or place is None:
        return ELSEWHERE
    if place.kind == "argument" and not row.id.startswith(IN_ARGUMENTS):
        return NoRemedy(f"{row.title} takes arguments as they are", _HINT)
    if place.kind == "address" and not row.id.startswith(IN_ADDRESS):
        return NoRemedy(f"{row.title} takes an address as it is", _HINT)
    inputs = row.secret_inputs
    if inputs is not None and inputs.template and inputs.key:
        return _as_input(case, place, inputs.template, inputs.key)
    variable = _variable(case, place, row)
    if row.secret_style is SecretStyle.NAMES and place.kind == "env":
        return _as_name(case, place, row)
    template = row.remote.template if place.kind in {"header", "address"} else None
    template = template or (row.secret_template if row.secret_style is SecretStyle.TEMPLATE else "")
    if not template or (place.kind == "header" and row.remote.names_key):
        return NoRemedy(f"{row.title} takes values as they are", _HINT)
    old = place.value.text
    new = f"{_before(place)}{template.replace('%s', variable)}"
    edit = _written(case, place, old, new)
    return Remedy(
        what=f"refer to the variable `{variable}` in the place of the secret",
        edits=(edit,), plain=(new,),
        notes=(f"set `{variable}` in your environment before {row.title} starts", *_AFTERWARDS),
    )  # fmt: skip


_AFTERWARDS = (
    "the secret was in clear text: revoke it where it was made, and use a new one",
    "for `mcpi undo`, mcpi's history keeps the former bytes for 30 days, readable for you alone",
)


def _place(case: Case) -> _Place | None:
    """Return where the finding's secret stands."""
    server, pointer = case.server, case.hit.pointer
    if server is None:
        return None
    words = {one.pointer for one in server.argv}
    for variable in server.variables:
        if variable.value.pointer == pointer and pointer not in words:
            return _Place(variable.value, variable.name, "env")
    for header in server.headers:
        if header.value.pointer == pointer:
            return _Place(header.value, header.name, "header")
    before = ""
    for word in server.argv[1:]:
        name, equals, text = word.text.partition("=")
        if word.pointer == pointer:
            is_option = bool(equals) and name.startswith("-")
            found = Value(text=text if is_option else word.text, pointer=pointer)
            named = name if is_option else before
            return _Place(found, named.lstrip("-"), "argument") if named else None
        before = word.text if word.text.startswith("--") else ""
    url = server.url
    return _in_address(url) if url is not None and url.pointer == pointer else None


def _in_address(url: Value) -> _Place | None:
    """Return the first secret of an address: a login, or a parameter that is named like one."""
    login = _LOGIN.search(url.text)
    found = [("password", login[1])] if login else []
    found += [(one[1], one[2]) for one in _PARAMETER.finditer(url.text)]
    for name, text in found:
        alone = "%" not in text and url.text.count(text) == 1 and not holds_reference(text)
        if alone and (name == "password" or secret_in(text, name)):
            return _Place(Value(text=text, pointer=url.pointer), name, "address")
    return None


def _before(place: _Place) -> str:
    """Return what stands before a secret in its header: `Bearer `."""
    found = _SCHEME.match(place.value.text) if place.kind == "header" else None
    return found[0] if found else ""


def _written(case: Case, place: _Place, old: str, new: str) -> ValueEdit:
    """Return the edit that writes a reference for the whole value, or the last such part of it."""
    whole = case.at(place.value.pointer)
    text = whole if isinstance(whole, str) else old
    before = text.rfind(old)
    return set_to(place.value.pointer, f"{text[:before]}{new}{text[before + len(old) :]}")


def _variable(case: Case, place: _Place, row: HostRow) -> str:
    """Return the name of the person's variable."""
    if place.kind == "env" and _IDENTIFIER.fullmatch(place.name):
        return place.name.upper() if row.capital_variables else place.name
    server = case.server.name.text if case.server else ""
    words = re.sub(r"[^A-Za-z0-9]+", "_", f"{server}_{place.name}").strip("_").upper()
    return words if _IDENTIFIER.fullmatch(words) else f"MCP_{words}"[:128]


def _as_input(case: Case, place: _Place, template: str, key: str) -> Outcome:
    """Let the host ask for the secret, by an input that hides what is typed."""
    server = case.server.name.text if case.server else ""
    named = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{server}.{place.name}".replace(".", "-"))
    identifier = f"{_MARK}{named}"
    known = case.document.get(key)
    entry: Json = {
        "type": "promptString", "id": identifier,
        "description": f"{place.name} of {server}", "password": True,
    }  # fmt: skip
    if isinstance(known, list):
        if any(isinstance(one, dict) and one.get("id") == identifier for one in known):
            return NoRemedy(f"the file has an input `{identifier}` already")
        asked = added(f"/{escaped(key)}/{len(known)}", entry)
    elif known is None:
        asked = added(f"/{escaped(key)}", [entry])
    else:
        return ELSEWHERE
    new = f"{_before(place)}{template.replace('%s', identifier)}"
    title = case.row.title if case.row else "the host"
    return Remedy(
        what=f"let {title} ask for the secret, and keep it",
        edits=(_written(case, place, place.value.text, new), asked),
        plain=(new, identifier, "promptString", f"{place.name} of {server}"),
        notes=(f"{title} asks for it when the server next starts", *_AFTERWARDS),
    )  # fmt: skip


def _as_name(case: Case, place: _Place, row: HostRow) -> Outcome:
    """Let the host pass a variable of this name on."""
    names = row.entry.names_key
    if names is None or case.server is None or not _IDENTIFIER.fullmatch(place.name):
        return ELSEWHERE
    pointer = f"{case.server.pointer}/{escaped(names)}"
    known = case.at(pointer)
    if isinstance(known, list):
        edits = (removed(place.value.pointer), added(f"{pointer}/{len(known)}", place.name))
    elif known is None:
        behind = case.server.argv[0].pointer.rpartition("/")[2] if case.server.argv else ""
        edits = (removed(place.value.pointer), added(pointer, [place.name], behind=behind))
    else:
        return ELSEWHERE
    told = row.secret_inputs.note if row.secret_inputs and row.secret_inputs.note else ""
    how = f"{row.title} {told}" if told else (
        f"set `{place.name}` in your environment before {row.title} starts"
    )  # fmt: skip
    return Remedy(
        what=f"name `{place.name}` below `{names}`, and take its value out", edits=edits,
        plain=(place.name,), notes=(how, *_AFTERWARDS),
    )  # fmt: skip


SECRETS = (
    Fixer(name="move-secret", rules=("MA301", "MA302", "MA303", "MA304"), is_safe=False,
          build=move_secret,
          title="puts a reference in the place of a secret, as the host allows"),
)  # fmt: skip
