"""Where npm, uv and pip fetch packages from by their files, for MA108; no tool is asked.

Variables of this process are not read: a host has others.  They only say, as everywhere, where
the user's configuration folder is.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import paths
from mcpinstall.model.finding import Unchecked
from mcpinstall.operations.audit_files import shown
from mcpinstall.rules.audit.machine_facts import Client, Effect, IndexSetting
from mcpinstall.system import limits
from mcpinstall.system.files import exists, read_optional
from mcpinstall.system.machine import Machine

_ABOVE = 8  # folders of a project that its files are looked for in
_MOST = 200  # settings of one file
_HINT = "repair it, then audit again: the package manager may read it otherwise"
_NPM_LINE = re.compile(r"[\r\n]+")
_REFERENCE = re.compile(r"\$\{\w+\}")
"""A whole value that a variable gives, of which nothing is known."""
_XDG = "${XDG_CONFIG_HOME:-~/.config}"
_FILES: tuple[tuple[Client, Mapping[str, tuple[str, ...]]], ...] = (
    (Client.NPM, {
        "linux": ("~/.npmrc",), "darwin": ("~/.npmrc",), "win32": ("~/.npmrc",),
    }),
    (Client.UV, {
        "linux": ("/etc/uv/uv.toml", f"{_XDG}/uv/uv.toml"),
        "darwin": ("/etc/uv/uv.toml", f"{_XDG}/uv/uv.toml"),
        "win32": ("%ProgramData%/uv/uv.toml", "%APPDATA%/uv/uv.toml"),
    }),
    (Client.PIP, {
        "linux": ("/etc/pip.conf", "~/.pip/pip.conf", f"{_XDG}/pip/pip.conf"),
        "darwin": ("/Library/Application Support/pip/pip.conf", "~/.pip/pip.conf",
                   "~/Library/Application Support/pip/pip.conf", f"{_XDG}/pip/pip.conf"),
        "win32": ("%ProgramData%/pip/pip.ini", "~/pip/pip.ini", "%APPDATA%/pip/pip.ini"),
    }),
)  # fmt: skip
"""Files of the system and the user, by the clients' documentation."""

Found = Iterator[tuple[Client, Effect, str]]
"""For whom a setting counts, what it does, and an address."""


class Indexes:
    """What files say of package indexes; each is read once, when it is asked for."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._projects: dict[Path, tuple[IndexSetting, ...]] = {}
        self.unread: dict[str, str] = {}
        """Files of the system and the user that can't be read, and why."""
        self.problems: dict[str, Unchecked] = {}
        """Those of projects."""

    @cached_property
    def own(self) -> tuple[IndexSetting, ...]:
        """What the system's and the user's files say."""
        return tuple(
            setting
            for client, templates in _FILES
            for template in templates.get(self._machine.platform, ())
            for setting in self._settings(
                client, paths.expanded(template, self._machine), is_project=False
            )
        )

    @cached_property
    def known(self) -> frozenset[str]:
        """Addresses that the user chose."""
        return frozenset(one.address for one in self.own if one.address)

    def of_project(self, folder: Path) -> tuple[IndexSetting, ...]:
        """Return what the files of the project say that `folder` is in.

        The nearest file of each client counts, up to the repository's root; one in the home
        folder is the user's.
        """
        if folder not in self._projects:
            self._projects[folder] = tuple(self._of_project(folder))
        return self._projects[folder]

    def _of_project(self, folder: Path) -> Iterator[IndexSetting]:
        waiting = {Client.NPM: (".npmrc",), Client.UV: ("uv.toml", "pyproject.toml")}
        for one in (folder, *folder.parents[:_ABOVE]):
            if one == self._machine.home:
                return
            for client, names in list(waiting.items()):
                found = next((one / name for name in names if exists(one / name)), None)
                if found is None:
                    continue
                settings = tuple(self._settings(client, found, is_project=True))
                yield from settings
                if settings or found.name != "pyproject.toml":  # (uv goes on from one without it)
                    del waiting[client]
            if exists(one / ".git"):
                return

    def _settings(self, client: Client, path: Path, *, is_project: bool) -> Iterator[IndexSetting]:
        for who, effect, address in self._read(client, path, is_project=is_project):
            yield IndexSetting(
                client=who, effect=effect, file=path.name, is_project=is_project, address=address
            )

    def _read(
        self, client: Client, path: Path, *, is_project: bool
    ) -> list[tuple[Client, Effect, str]]:
        code = ErrorCode.CONFIG_INVALID
        try:
            data = read_optional(path, limits.POLICY_BYTES) or b""
            wrong = "replace" if client is Client.NPM else "strict"  # as npm reads it
            found = _PARSERS[client](data.decode("utf-8-sig", wrong), path) if data else iter(())
            settings = list(islice(found, _MOST + 1))
            if len(settings) <= _MOST:
                return settings
            why = f"it has more than {_MOST} settings of that kind"
        except McpInstallError as error:
            why, code = error.message, error.code
        except (ValueError, RecursionError, configparser.Error):
            why = "it is not what it should be"
        name = shown(path, self._machine)
        if is_project:  # whose author may mean it to be passed over
            message = f"what it says of package indexes is not known: {why}"
            self.problems[name] = Unchecked(subject=name, code=code, message=message, hint=_HINT)
        else:
            self.unread[name] = why
        return []


def _npm(text: str, _path: Path) -> Found:
    """Read an `.npmrc`; a registry for one scope (`@scope:registry`) is no index of the others."""
    for line in _NPM_LINE.split(text):
        key, equals, value = line.strip().partition("=")
        name, address = key.strip().strip("\"'").lower(), value.strip().strip("\"'")
        if not equals or _REFERENCE.fullmatch(address) or line.lstrip()[:1] in ("#", ";"):
            continue
        if name == "registry":
            yield Client.NPM, Effect.REPLACES, address
        elif name == "strict-ssl" and address.lower() == "false":
            yield Client.NPM, Effect.UNPROTECTED, ""


def _uv(text: str, path: Path) -> Found:
    document: object = tomllib.loads(text)
    if path.name == "pyproject.toml":
        document = _table(_table(document).get("tool")).get("uv")
    table = _table(document)
    yield from _uv_table(table, Client.UV)
    yield from _uv_table(_table(table.get("pip")), Client.UV_PIP)
    for one in _list(table.get("index")):
        index = _table(one)
        if not index.get("explicit") and isinstance(address := index.get("url"), str):
            effect = Effect.REPLACES if index.get("default") else Effect.ADDS
            yield Client.UV, effect, address


def _uv_table(table: Mapping[str, object], who: Client) -> Found:
    if isinstance(address := table.get("index-url"), str):
        yield who, Effect.REPLACES, address
    for key in ("extra-index-url", "find-links"):
        listed = _list(table.get(key))
        yield from ((who, Effect.ADDS, one) for one in listed if isinstance(one, str))
    if str(table.get("index-strategy", "")).startswith("unsafe-"):
        yield who, Effect.ANY, ""
    if _list(table.get("allow-insecure-host")):
        yield who, Effect.UNPROTECTED, ""


def _pip(text: str, _path: Path) -> Found:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    for section in ("global", "install"):
        if parser.has_section(section):
            yield from _pip_section(dict(parser.items(section)))


def _pip_section(section: Mapping[str, str]) -> Found:
    values = {key.replace("_", "-"): value.split() for key, value in section.items()}
    yield from ((Client.PIP, Effect.REPLACES, one) for one in values.get("index-url", [])[:1])
    for key in ("extra-index-url", "find-links"):
        yield from ((Client.PIP, Effect.ADDS, one) for one in values.get(key, []))
    if values.get("trusted-host"):
        yield Client.PIP, Effect.UNPROTECTED, ""


_PARSERS: Mapping[Client, Callable[[str, Path], Found]] = {
    Client.NPM: _npm, Client.UV: _uv, Client.PIP: _pip,
}  # fmt: skip


def _table(found: object) -> Mapping[str, object]:
    return found if isinstance(found, dict) else {}


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []
