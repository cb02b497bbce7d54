"""The servers of a document as the auditor sees them, whatever its host calls their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mcpinstall.hosts.entry import is_off
from mcpinstall.hosts.remote_entry import address_keys
from mcpinstall.hosts.table import PROJECT_PLACE
from mcpinstall.hosts.tolerant import as_json, pointer_of
from mcpinstall.model.audited import AuditedServer, FileScope, Value, Variable
from mcpinstall.model.host import HostRow
from mcpinstall.model.json_text import Json

WAYS = (
    ("mcpServers",), ("servers",), ("mcp", "servers"), ("mcp",), ("context_servers",),
    ("mcp_servers",), ("amp.mcpServers",), ("extensions",),
)  # fmt: skip
"""Where hosts look for servers."""

_MORE_WAYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "witsy": (("mcp", "servers"),),
    "augment-vscode": ((),),  # the file is a list
}
"""Hosts' ids → where they read servers besides `servers-key`: what was added in their settings."""

_COMMAND = ("command", "cmd")
_ARGUMENTS = ("args", "arguments")
_ENVIRONMENT = ("env", "environment", "envs")
_DIRECTORY = ("cwd", "working_directory", "workingDirectory")
_URL = ("url", "serverUrl", "httpUrl", "uri", "endpoint")
_HEADERS = (("headers",), ("http_headers",), ("requestInit", "headers"))
_NAMES = ("name",)
_STARTING = (*_COMMAND, *_URL)

Tokens = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How to read the entries of one file."""

    row: HostRow | None
    """None where the host can't be told: then any spelling counts."""
    scope: FileScope

    def servers(self, document: object, way: Tokens) -> Iterator[AuditedServer]:
        """Yield the servers below `way`, in their order."""
        found = follow(document, way)
        if isinstance(found, dict):
            for name, value in found.items():
                yield self.server(str(name), (*way, str(name)), value)
        elif isinstance(found, list):
            for number, value in enumerate(found):
                here = (*way, str(number))
                yield self.server(_named(value, self.row) or str(number), here, value)

    def server(self, name: str, way: Tokens, value: object) -> AuditedServer:
        """Return one entry; what none of its fields was made of stays in `others`."""
        entry = _Entry(value if isinstance(value, dict) else {}, way)
        argv = (*entry.words(self._keys("command_key", _COMMAND)),
                *_split(entry.words(self._keys("args_key", _ARGUMENTS))))  # fmt: skip
        variables = entry.table(*((key,) for key in self._keys("env_key", _ENVIRONMENT)))
        url = entry.text(self._url_keys())
        if argv and url is not None and "://" not in url.text:  # Witsy: arguments
            argv, url = (*argv, *_words(url)), None
        headers = entry.table(*self._header_ways())
        directory = entry.text(_DIRECTORY)
        return AuditedServer(
            host=self.row.id if self.row else "",
            scope=self.scope,
            name=Value(text=name, pointer=self._name_pointer(entry, way)),
            pointer=pointer_of(way),
            is_disabled=is_off(self.row, entry.fields),
            argv=argv,
            launch=argv,
            variables=variables,
            directory=directory,
            url=url,
            headers=headers,
            others=entry.rest(),
        )

    def _keys(self, field: str, usual: Tokens) -> Tokens:
        own: str | None = getattr(self.row.entry, field) if self.row else None
        return tuple(dict.fromkeys((*((own,) if own else ()), *usual)))

    def _url_keys(self) -> Tokens:
        own = address_keys(self.row) if self.row else ()
        return tuple(dict.fromkeys((*own, *_URL)))

    def _header_ways(self) -> tuple[Tokens, ...]:
        own = (self.row.remote.headers_key,) if self.row and self.row.remote.headers_key else ()
        return tuple(dict.fromkeys((*own, *_HEADERS)))

    def _name_pointer(self, entry: _Entry, way: Tokens) -> str:
        listed = self.row.list_field if self.row else None
        if listed and isinstance(entry.fields.get(listed), str):
            return pointer_of((*way, listed))
        return pointer_of(way)


class _Entry:
    """The fields of one entry, and which of them were understood."""

    def __init__(self, fields: Mapping[str, object], way: Tokens) -> None:
        self.fields = fields
        self._way = way
        self._used: set[str] = set()

    def words(self, keys: Tokens) -> tuple[Value, ...]:
        """Return the texts of the first field of `keys` that there is."""
        for key in keys:
            found = self.fields.get(key)
            if isinstance(found, (str, int, float)) and not isinstance(found, bool):
                self._used.add(key)
                return (self._value(found, key),)
            if isinstance(found, list) and all(_is_scalar(one) for one in found):
                self._used.add(key)
                return tuple(self._value(one, key, str(n)) for n, one in enumerate(found))
            if isinstance(found, dict) and isinstance(found.get("path"), str):  # Zed, formerly
                return self._table_of_words(key, found)
        return ()

    def _table_of_words(self, key: str, found: Mapping[str, object]) -> tuple[Value, ...]:
        self._used.add(key)
        arguments = found.get("args")
        listed = arguments if isinstance(arguments, list) else []
        return (
            self._value(found["path"], key, "path"),
            *(self._value(one, key, "args", str(n)) for n, one in enumerate(listed)),
        )

    def text(self, keys: Tokens) -> Value | None:
        """Return the first field of `keys` that is a text."""
        for key in keys:
            found = self.fields.get(key)
            if isinstance(found, str):
                self._used.add(key)
                return self._value(found, key)
        return None

    def table(self, *ways: Tokens) -> tuple[Variable, ...]:
        """Return names and texts of all tables at `ways`."""
        found: list[Variable] = []
        for way in ways:
            table = follow(self.fields, way)
            if isinstance(table, dict):
                self._used.update(way[:1] if len(way) == 1 else ())
                found += [
                    Variable(name=str(name), value=self._value(text, *way, str(name)))
                    for name, text in table.items()
                    if _is_scalar(text)
                ]
        return tuple(found)

    def rest(self) -> dict[str, Json]:
        """Return the fields that nothing was made of, and what of a table is no text."""
        unused = {key: value for key, value in self.fields.items() if key not in self._used}
        for key in self._used:
            table = self.fields[key]
            nested = table.items() if isinstance(table, dict) and "path" not in table else ()
            if strange := {name: one for name, one in nested if not _is_scalar(one)}:
                unused[key] = strange
        return {key: as_json(value) for key, value in unused.items()}

    def _value(self, found: object, *way: str) -> Value:
        return Value(text=_text(found), pointer=pointer_of((*self._way, *way)))


def ways(document: object, row: HostRow | None) -> tuple[Tokens, ...]:
    """Return where a row's servers stand in a document; of no row, every place that has some."""
    if row is None:
        found = tuple(way for way in WAYS if holds_servers(follow(document, way)))
        return found or ((),) * holds_servers(document)  # (some hosts take the bare map)
    if PROJECT_PLACE not in row.servers_key:
        more = (way for way in _MORE_WAYS.get(row.id, ()) if holds_servers(follow(document, way)))
        own = (row.servers_key,) if row.servers_key and not isinstance(document, list) else ()
        return (*own, *more)
    place = row.servers_key.index(PROJECT_PLACE)
    projects = follow(document, row.servers_key[:place])
    keys = projects if isinstance(projects, dict) else {}
    return tuple(
        (*row.servers_key[:place], str(key), *row.servers_key[place + 1 :]) for key in keys
    )


def misplaced(document: object, known: tuple[Tokens, ...]) -> tuple[str, ...]:
    """Return pointers of objects that hold servers where nobody looks for them."""
    wrong = (way for way in WAYS if way not in known and holds_servers(follow(document, way)))
    return tuple(pointer_of(way) for way in wrong)


def holds_servers(found: object) -> bool:
    """Tell whether a value looks like the servers of some host."""
    if isinstance(found, dict):
        found = list(found.values())
    entries = found if isinstance(found, list) else []
    return any(isinstance(one, dict) and any(key in one for key in _STARTING) for one in entries)


def follow(document: object, way: Tokens) -> object:
    """Return what stands at a way of keys; None for nothing."""
    for key in way:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _split(words: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return arguments; those that are one text and not in a list at its blanks."""
    is_text = len(words) == 1 and not words[0].pointer.rpartition("/")[2].isdecimal()
    return _words(words[0]) if is_text and words[0].text.strip() else words


def _words(value: Value) -> tuple[Value, ...]:
    """Return the words of a text that a host splits at blanks, each with the text's place."""
    return tuple(Value(text=one, pointer=value.pointer) for one in value.text.split()[:2048])


def _named(value: object, row: HostRow | None) -> str | None:
    keys = (row.list_field,) if row and row.list_field else _NAMES
    for key in keys:
        if isinstance(value, dict) and isinstance(found := value.get(key), str):
            return found
    return None


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
