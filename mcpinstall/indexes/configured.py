"""The indexes that uv uses for this user, with credentials; the working directory has no say.

uv itself says which they are (`--emit-index-url`), so every way to configure it works.  What it
does not say is read here: credentials given by an index's name, and netrc.
"""

from __future__ import annotations

import netrc
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import files, limits, process, urls
from mcpinstall.system.fetch import Credentials, load_ahead
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import state_paths
from mcpinstall.system.throwaway import throwaway_folder
from mcpinstall.system.urls import Url

_PASSED = (
    "UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_INDEX_URL",
    "UV_NO_CONFIG", "UV_NO_INDEX", "UV_NO_SYSTEM_CONFIG", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME",
)  # fmt: skip
"""The caller's variables that decide which indexes uv uses."""

_NAMED = re.compile(r"UV_INDEX_[A-Z0-9_]+_(USERNAME|PASSWORD)")
_LINE = re.compile(r"--(extra-)?index-url[ =](\S+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One index: its simple API and what opens it."""

    url: Url
    """Without credentials."""
    credentials: Credentials | None = None

    @property
    def shown(self) -> str:
        """The address for people: neither credentials nor query."""
        return self.url.shown

    def page(self, package: str) -> Url:
        """Return the address of a package's page (PEP 503)."""
        return replace(self.url, path=f"{self.url.path.rstrip('/')}/{package}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The indexes in the order in which they are asked: extra ones first, as uv does it."""

    sources: tuple[Source, ...]

    @property
    def url(self) -> str:
        """Address of the default index, which is asked last."""
        return self.sources[-1].url.text

    @property
    def shown(self) -> str:
        """All addresses for people."""
        return ", ".join(source.shown for source in self.sources)


def effective_index(machine: Machine, uv: Path) -> Index:
    """Return the indexes of uv's effective configuration outside the working directory.

    Raises:
        McpInstallError: `index-forbidden` for an address that is neither https nor on this
            machine, `index-unavailable` when uv has no index or can't tell it, `disk-failed`.
    """
    load_ahead()
    texts = parse_emitted(_ask(machine, uv))
    if not texts:
        raise McpInstallError(
            ErrorCode.INDEX_UNAVAILABLE,
            "uv is configured to use no index",
            hint="name one in `UV_DEFAULT_INDEX` or in uv's configuration, or use `--offline`",
        )
    named = dict(_named_credentials(machine)) if any(map(_NAMED.match, machine.environ)) else {}
    return Index(sources=tuple(source(text, machine, named) for text in texts))


def parse_emitted(output: str) -> tuple[str, ...]:
    """Return the addresses in what uv emitted, in the order in which they are to be asked."""
    found = [match.groups() for match in map(_LINE.fullmatch, output.splitlines()) if match]
    extra = [text for kind, text in found if kind]
    return (*extra, *(text for kind, text in found if not kind))


def source(text: str, machine: Machine, named: Mapping[Url, Credentials]) -> Source:
    """Return one index of uv's; its text may hold credentials and is never shown.

    Raises:
        McpInstallError: `index-forbidden`.
    """
    given, bare = _split(text)
    try:
        url = urls.parse(bare)
    except McpInstallError as error:
        raise McpInstallError(
            error.code,
            f"uv is configured with an index that can't be used: {error.message}",
            hint=error.hint,
        ) from None
    if given is None or not given.password:
        given = named.get(url) or _from_netrc(url, machine, given) or given
    return Source(url=url, credentials=given)


def _split(text: str) -> tuple[Credentials | None, str]:
    """Take the credentials out of an address."""
    scheme, separator, rest = text.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    userinfo, at, _ = authority.rpartition("@")
    if not (separator and at):
        return None, text
    user, _, password = userinfo.partition(":")
    bare = f"{scheme}://{rest[len(userinfo) + 1 :]}"
    return Credentials(user=unquote(user), password=unquote(password)), bare


def _ask(machine: Machine, uv: Path) -> str:
    """Let uv resolve nothing and say with which indexes it did so."""
    extra = {name: machine.environ[name] for name in _PASSED if name in machine.environ}
    if files.is_pipe(Path(extra.get("UV_CONFIG_FILE", "."))):  # uv would wait for ever
        raise McpInstallError(ErrorCode.INDEX_UNAVAILABLE, "`UV_CONFIG_FILE` names a pipe")
    cache = files.private_folder(state_paths(machine).cache / "uv")
    with throwaway_folder() as folder:
        # uv looks for its files in all parents, and others may write to theirs: an empty one
        # here ends the search.
        with files.disk_errors("make a temporary file"):
            (folder / "uv.toml").touch()
        done = process.run(
            [
                uv, "pip", "compile", "-", "--emit-index-url", "--no-header", "--quiet",
                "--offline", "--no-python-downloads", "--python", sys.executable,
                "--cache-dir", cache,
            ],
            environment=process.child_environment(machine, extra), cwd=folder,
        )  # fmt: skip
    if done.returncode != 0:
        process.require_no_disk_error(done, "ask uv which index it uses")
        raise McpInstallError(
            ErrorCode.INDEX_UNAVAILABLE,
            "uv could not say which index it uses",
            hint="check uv's configuration (`uv.toml`) and the `UV_…` variables; "
            "`UV_CONFIG_FILE` needs an absolute path",
        )
    return done.stdout.decode("utf-8", "replace")


def _named_credentials(machine: Machine) -> Iterator[tuple[Url, Credentials]]:
    """Yield what `UV_INDEX_<NAME>_USERNAME` and `_PASSWORD` say, by the index's address."""
    for name, text in _names(machine):
        key = re.sub(r"[^A-Z0-9]", "_", name.upper())
        user = machine.environ.get(f"UV_INDEX_{key}_USERNAME", "")
        password = machine.environ.get(f"UV_INDEX_{key}_PASSWORD", "")
        try:
            url = urls.parse(_split(text)[1])
        except McpInstallError:
            continue
        if user or password:
            yield url, Credentials(user=user, password=password)


def _names(machine: Machine) -> Iterator[tuple[str, str]]:
    """Yield name and address of every index that has a name."""
    for file in _configuration_files(machine):
        try:
            data = files.read_optional(file, limits.STATE_BYTES) or b""
            table = tomllib.loads(data.decode("utf-8"))
        except (McpInstallError, ValueError, RecursionError):
            continue
        rows = table.get("index", [])
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                yield str(row.get("name", "")), str(row.get("url", ""))
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX"):
        for word in machine.environ.get(variable, "").split():
            name, equals, text = word.partition("=")
            if equals and urlsplit(text).scheme:
                yield name, text


def _configuration_files(machine: Machine) -> tuple[Path, ...]:
    """Return uv's system and user files, the weaker first; its own search order."""
    environ = machine.environ
    if environ.get("UV_NO_CONFIG", "") not in ("", "0", "false"):
        return ()
    if environ.get("UV_CONFIG_FILE"):
        chosen = Path(environ["UV_CONFIG_FILE"])
        return (chosen,) if chosen.is_absolute() else ()
    if machine.platform == "win32":
        folders = [environ.get("PROGRAMDATA", ""), environ.get("APPDATA", "")]
    else:
        dirs = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        home = environ.get("XDG_CONFIG_HOME") or str(machine.home / ".config")
        folders = ["/etc", *reversed(dirs.split(":")), home]
    return tuple(Path(item) / "uv" / "uv.toml" for item in folders if Path(item).is_absolute())


def _from_netrc(url: Url, machine: Machine, given: Credentials | None) -> Credentials | None:
    """Return netrc's entry for exactly this host, and this user if the address names one."""
    default = machine.home / ("_netrc" if machine.platform == "win32" else ".netrc")
    try:
        path = Path(machine.environ.get("NETRC") or default)
        there = path.is_absolute() and path.is_file()  # a pipe would let us wait for ever
        entry = netrc.netrc(str(path)).hosts.get(url.host) if there else None
    except (OSError, ValueError, netrc.NetrcParseError):
        return None
    if entry is None or not entry[0] or (given is not None and given.user != entry[0]):
        return None
    return Credentials(user=entry[0], password=entry[2] or "")
