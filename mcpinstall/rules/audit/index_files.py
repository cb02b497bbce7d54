"""MA108 of files beside the entry: where npm, uv and pip are told to fetch from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from mcpinstall.model.audited import Variable
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.addresses import Reach, parse
from mcpinstall.rules.audit.fetched import Fetch
from mcpinstall.rules.audit.machine_facts import Client, Effect, IndexSetting, MachineFacts

_NAMED = re.compile(r"\A[\w-]{1,64}=(?=https?:)", re.IGNORECASE)
_DEFAULTS = frozenset({
    "5a06749b2297be54ac5699f6f2761716adc5001a2d5f8b915ab2172922dd5706",  # of pip and uv
    "036b43b16792c643378e95923ed2f4cc78e800de141b764aeea70d47580396df",  # of npm
    "eebcf0cdf28f7ab85b2cc0cb42e07b627aa54ce2b60940685c20bf7b78c87382",  # of Yarn
})  # fmt: skip
"""sha256 of the addresses that clients have by themselves: to name one of them changes nothing.
Nothing is ever fetched from them because of this list."""
_LONGEST = 2048

_NPM_LIKE = frozenset({
    "npx", "npm exec", "npm x", "npm create", "npm init", "npm innovate", "pnpm dlx", "pnpx", "pnx",
    "pnpm create", "bunx", "bun x", "bun create",
})  # fmt: skip
_CLIENTS = {
    **dict.fromkeys(_NPM_LIKE, frozenset({Client.NPM})),
    **dict.fromkeys(("uvx", "uv tool run", "uv tool install", "uv run"), frozenset({Client.UV})),
    "uv pip install": frozenset({Client.UV, Client.UV_PIP}),
    "pipx run": frozenset({Client.PIP}),
}
_PIP = re.compile(r"pip[0-9.]{0,8} install")
_PROJECTS = _NPM_LIKE | {"uv run", "uv pip install"}
"""Runners that obey a project's files; uv's tools and pip don't."""
_OWN_ADDRESS = {"--registry", "--default-index", "--index-url", "-i"}
_OWN_VARIABLE = {"NPM_CONFIG_REGISTRY", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"}
_NO_FILES = {"--no-config", "--config-file", "--userconfig", "--isolated"}


@dataclass(frozen=True, slots=True)
class FileFault:
    """What a file makes unsafe."""

    severity: Severity
    why: str


def of_files(
    found: Sequence[Fetch], set_: Sequence[Variable], facts: MachineFacts
) -> Iterator[FileFault]:
    """Yield what configuration files make unsafe for what a server fetches."""
    own = any(one.capitals in _OWN_VARIABLE and one.value.text for one in set_)
    for fetch in found:
        for setting in facts.index_settings:
            if _counts(setting, fetch, has_own=own):
                yield from _faults(setting, facts)


def is_clear(text: str) -> bool:
    """Tell whether an address is reached without TLS, and not on this machine."""
    found = parse(_NAMED.sub("", text[:_LONGEST]))
    return found is not None and found.is_cleartext and found.reach is not Reach.LOOPBACK


def is_known(text: str, facts: MachineFacts) -> bool:
    """Tell whether each address is one that the user's own files name, or a client's default."""
    words = text.split() if len(text) <= _LONGEST else []
    return bool(words) and all(_is_known(one, facts) for one in words)


def _is_known(text: str, facts: MachineFacts) -> bool:
    bare = normalized(text)
    is_default = hashlib.sha256(bare.encode("utf-8", "backslashreplace")).hexdigest() in _DEFAULTS
    return is_default or bare in {normalized(one) for one in facts.indexes}


def normalized(text: str) -> str:
    """Return an address without name, login and last slash, its host in small letters."""
    bare = _NAMED.sub("", text.strip())
    try:
        parts = urlsplit(bare)
    except ValueError:
        return bare
    if "\\" in parts.netloc:  # what one program takes for a login is the host for another
        return bare
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/") if host else bare.rstrip("/")


def _counts(setting: IndexSetting, fetch: Fetch, *, has_own: bool) -> bool:
    if setting.client not in _clients(fetch.runner) or fetch.is_offline:
        return False
    if (setting.is_project and fetch.runner not in _PROJECTS) or fetch.all(*_NO_FILES):
        return False
    replaced = has_own or bool(fetch.all(*_OWN_ADDRESS))
    return not (replaced and setting.effect is Effect.REPLACES)


def _clients(runner: str) -> frozenset[Client]:
    """Return whose files a runner reads."""
    if _PIP.fullmatch(runner):
        return frozenset({Client.PIP})
    return _CLIENTS.get(runner, frozenset())


def _faults(setting: IndexSetting, facts: MachineFacts) -> Iterator[FileFault]:
    whose = "the project's" if setting.is_project else "your"
    name = f"{whose} `{setting.file}`"
    if setting.effect is Effect.UNPROTECTED:
        yield FileFault(Severity.HIGH, f"{name} accepts an index without checking who it is")
    elif setting.effect is Effect.ANY:
        yield FileFault(Severity.HIGH, f"{name} lets any index answer")
    elif is_clear(setting.address):
        yield FileFault(Severity.HIGH, f"{name} names an index without TLS")
    elif setting.is_project and not is_known(setting.address, facts):
        adds = setting.effect is Effect.ADDS
        what = "adds an index to" if adds else "names another index than"
        yield FileFault(Severity.MEDIUM, f"{name} {what} the default one")
