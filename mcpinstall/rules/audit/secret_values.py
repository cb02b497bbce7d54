"""MA301 to MA304: a secret that stands in the file itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.model.json_text import Json
from mcpinstall.model.secret_forms import passwords_in
from mcpinstall.rules.audit.addresses import is_written, parse
from mcpinstall.rules.audit.fetches import packages
from mcpinstall.rules.audit.file_facts import FileFacts, Tracking
from mcpinstall.rules.audit.parts import environment, headers, options, settings
from mcpinstall.rules.audit.references import holds_reference, is_placeholder, is_stand_in
from mcpinstall.rules.audit.rule import AuditRule, Confidence, Hit, rule
from mcpinstall.rules.audit.secrets import (
    LONGEST,
    Found,
    certain_in,
    is_secret_itself,
    is_secret_name,
    secret_in,
    shown,
)

IN_ENVIRONMENT = rule(
    301, "secret-in-env", Severity.HIGH, "A secret stands in the environment of an entry", cwe=312
)
IN_ARGUMENTS = rule(
    302, "secret-in-args", Severity.HIGH, "A secret stands on the command line", cwe=214
)
IN_REQUEST = rule(
    303, "secret-in-url-or-header", Severity.HIGH, "A secret stands in an address or header",
    cwe=522,
)  # fmt: skip
IN_REPOSITORY = rule(
    304, "secret-in-repository-file", Severity.CRITICAL, "A secret stands in a repository's file",
    cwe=540,
)  # fmt: skip

_CREDENTIAL_HEADERS = frozenset({
    "authorization", "proxy-authorization", "x-api-key", "api-key", "apikey", "x-auth-token",
    "x-access-token", "cookie",
})  # fmt: skip
_PAIR = re.compile(
    r"(?<![\w.-])(?:-{0,2}(?P<name>[A-Za-z_][\w.-]{1,60})[\"']?\s{0,3}[=:]\s{0,3}"
    r"|-{1,2}(?P<option>[A-Za-z][\w.-]{1,60})\s{1,3})"
    r"[\"']?(?:(?:bearer|basic|token)\s{1,3})?(?P<value>[^\s\"'&;,|{}()<>]{16,512})",
    re.IGNORECASE,
)
"""A name and its value inside a text: `A=b`, `"a": "b"`, `--a b`, `Authorization: Bearer b`."""
_WORD = re.compile(r"[A-Za-z0-9]+")
_MOST_PAIRS = 100
_MOST_TEXTS = 20_000  # of a file without servers
_SHORTEST_HIDDEN = 4  # characters of a value that is taken out of messages
_FEW = 32  # beginnings that are looked for one by one, which is fastest
_SHORTEST_LITERAL = 8
"""Characters of what stands in such a header; anything shorter is a sample."""

_REFERENCES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("vscode", "vscodium", "visual-studio"), "`${input:NAME}` and a password input of that name"),
    (("claude-code", "xcode-claude", "gemini", "qwen", "copilot-cli", "kiro", "amp", "auggie",
      "factory-droid", "librechat", "mcporter"), "`${NAME}`"),
    (("cursor", "windsurf", "devin", "cline", "roo", "amazon-q", "copilot-jetbrains"),
     "`${env:NAME}`"),
    (("kilo-code-user", "kilo-code-project", "opencode"), "`{env:NAME}`"),
    (("continue",), "`${{ secrets.NAME }}`"),
    (("crush",), "`$NAME`"),
    (("goose",), "its name below `env_keys`"),
    (("codex",), "its name below `env_vars` or `bearer_token_env_var`"),
)  # fmt: skip


def check(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield secrets in variables, arguments, the address, headers and other settings."""
    seen = set()
    for found_rule, pointer, where, found in _all(server):
        if pointer not in seen:
            seen.add(pointer)
            yield _hit(server, found_rule, pointer, f"{where} holds {found}", found)


def in_repository(server: AuditedServer, facts: FileFacts) -> Iterator[Hit]:
    """Yield the secrets that git has, or takes with the next `git add`."""
    exposed = facts.tracking in (Tracking.TRACKED, Tracking.NOT_IGNORED)
    if facts.scope is not FileScope.PROJECT or not exposed:
        return
    is_tracked = facts.tracking is Tracking.TRACKED
    state = "git tracks" if is_tracked else "git does not ignore"
    for hit in check(server, facts):
        yield Hit(
            rule=IN_REPOSITORY, pointer=hit.pointer,
            message=f"{hit.message}, in a file that {state}",
            fix=hit.fix + ("; it stays in git's history" if is_tracked else ""),
            severity=None if hit.severity is None else Severity.HIGH, confidence=hit.confidence,
        )  # fmt: skip


def is_credential_header(name: str) -> bool:
    """Tell whether a header proves who sends it."""
    return name.strip().lower() in _CREDENTIAL_HEADERS


def _hit(
    server: AuditedServer, found_rule: AuditRule, pointer: str, message: str, found: Found
) -> Hit:
    where = next(
        (text for hosts, text in _REFERENCES if server.host.startswith(hosts)),
        "nothing: install the server with `mcpi install`, which keeps secrets in the keyring",
    )
    return Hit(
        rule=found_rule, pointer=pointer, message=message,
        fix=f"revoke it where it was made, make a new one, and write in its place {where}",
        severity=None if found.is_certain else Severity.MEDIUM,
        confidence=None if found.is_certain else Confidence.MEDIUM,
    )  # fmt: skip


class Confidential:
    """Texts that no report may hold.

    A message may hold the short ones that are a part of a `named` package or server: the password
    `neo4j` of `mcp-neo4j` is told by nobody who names that.
    """

    def __init__(self, texts: Iterable[str], named: Callable[[], Iterable[str]] = tuple) -> None:
        self.texts = frozenset(one for one in texts if len(one) >= _SHORTEST_HIDDEN)
        short = {one for one in self.texts if len(one) < _SHORTEST_LITERAL}
        words = {word for name in named() for word in _WORD.findall(name)} if short else set()
        self._lengths: dict[str, set[int]] = {}
        for one in self.texts - (short & words):
            self._lengths.setdefault(one[:_SHORTEST_HIDDEN], set()).add(len(one))

    def within(self, text: str) -> tuple[str, ...]:
        """Return those that a text holds, the longest first; however many there are to look for."""
        if len(self._lengths) <= _FEW and not any(start in text for start in self._lengths):
            return ()
        found = {
            text[at : at + length]
            for at in range(len(text))
            for length in self._lengths.get(text[at : at + _SHORTEST_HIDDEN], ())
            if text[at : at + length] in self.texts
        }
        return tuple(sorted(found, key=lambda one: (-len(one), one)))


def confidential(server: AuditedServer) -> Confidential:
    """Return the texts of an entry that no report may hold.

    They are values that are secrets, or whose names say so, in whatever form.
    """
    named = [(each.name, each.value.text) for each in (*environment(server), *headers(server))]
    named += [(option.name.lstrip("-"), option.text) for option in options(server)]
    named += [("", server.name.text)]
    address = parse(server.url.text) if server.url else None
    if address is not None:
        named += [("password", address.password), *address.parameters, *address.fragment]
    secret = [
        text for name, text in named
        if ((is_secret_name(name) or is_credential_header(name)) and not is_stand_in(text))
        or secret_in(text, name) or is_secret_itself(text)
    ]  # fmt: skip
    return Confidential(
        (*secret, *(one for text in secret for one in passwords_in(text))),
        lambda: public_names(server),
    )


def public_names(server: AuditedServer) -> Iterator[str]:
    """Yield the names of a server and of its packages, which reports have."""
    yield server.name.text
    yield from (package.name for _, package in packages(server))


def confidential_in(document: Mapping[str, Json]) -> Iterator[str]:
    """Yield the texts of a whole file that no report may hold, by their keys and by themselves."""
    waiting: list[tuple[str, Json]] = [("", dict(document))]
    for _ in range(_MOST_TEXTS):
        if not waiting:
            return
        key, value = waiting.pop()
        if isinstance(value, str):
            if is_secret_name(key) or is_credential_header(key) or secret_in(value, key):
                yield value
        elif isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += ((key, one) for one in value)


def _all(server: AuditedServer) -> Iterator[tuple[AuditRule, str, str, Found]]:
    for rule_, found in ((IN_REQUEST, _in_url(server)), (IN_REQUEST, _in_headers(server)),
                         (IN_ARGUMENTS, _in_arguments(server)),
                         (IN_ENVIRONMENT, _in_variables(server)),
                         (IN_ENVIRONMENT, _in_settings(server)),
                         (IN_ENVIRONMENT, _in_name(server))):  # fmt: skip
        for pointer, where, secret in found:
            yield rule_, pointer, where, secret


def _in_variables(server: AuditedServer) -> Iterator[tuple[str, str, Found]]:
    for variable in environment(server):
        text = variable.value.text
        if found := secret_in(text, variable.name) or _inside(text):
            yield variable.value.pointer, f"`{shown(variable.name)}`", found


def _in_arguments(server: AuditedServer) -> Iterator[tuple[str, str, Found]]:
    for option in options(server):
        if option.text:
            found = secret_in(option.text, option.name.lstrip("-")) or _inside(option.text)
        else:
            found = certain_in(option.name)  # `--personalAccessToken` is a name, no random text
        if found:
            after = f"the argument of `{shown(option.name)}`" if option.text and option.name else ""
            yield option.pointer, after or "an argument", found


def _in_url(server: AuditedServer) -> Iterator[tuple[str, str, Found]]:
    if server.url is None:
        return
    if found := certain_in(server.url.text):
        yield server.url.pointer, "the address", found
    for name, found in _in_address(server.url.text):
        yield server.url.pointer, f"`{shown(name)}` in the address", found


def _in_address(text: str) -> Iterator[tuple[str, Found]]:
    """Yield secrets of an address by the names of their parameters; a login alone is a token."""
    address = parse(text)
    if address is None:
        return
    if address.login and not address.password and (found := secret_in(address.login, "token")):
        yield "login", found
    for name, value in (*address.parameters, *address.fragment):
        if found := secret_in(value, name):
            yield name, found


def _inside(text: str) -> Found | None:
    """Return the secret that a part of a longer text is: of JSON, a script, an address."""
    part = text[:LONGEST]
    if is_written(part) and (found := next((one for _, one in _in_address(part)), None)):
        return found
    if "=" not in part and ":" not in part and "-" not in part:
        return None
    for pair in itertools.islice(_PAIR.finditer(part), _MOST_PAIRS):
        if found := secret_in(pair["value"], pair["name"] or pair["option"]):
            return found
    return None


def _in_headers(server: AuditedServer) -> Iterator[tuple[str, str, Found]]:
    for header in headers(server):
        text = header.value.text
        found = secret_in(text, header.name)
        if is_credential_header(header.name) and (found is None or not found.is_certain):
            found = _literal(text) or found
        if found:
            yield header.value.pointer, f"the header `{shown(header.name)}`", found


def _literal(text: str) -> Found | None:
    """Return what a header that only carries credentials holds, in whatever form."""
    bare = text[:4096].strip().rpartition(" ")[2]
    if len(bare) < _SHORTEST_LITERAL or holds_reference(text[:4096]):
        return None
    return None if is_placeholder(bare) else Found(provider="credential", length=len(bare))


def _in_settings(server: AuditedServer) -> Iterator[tuple[str, str, Found]]:
    for key, value in settings(server):
        if found := secret_in(value.text, key) or _inside(value.text):
            yield value.pointer, f"`{shown(key)}`", found


def _in_name(server: AuditedServer) -> Iterator[tuple[str, str, Found]]:
    """Yield that a token was pasted where the name belongs."""
    name = server.name
    if is_secret_itself(name.text) and (found := certain_in(name.text)):
        yield name.pointer, "the server's name", found
