"""The formats of hosts' files behind one interface: where the servers are, and three edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mcpinstall.hosts import json_edit, proof, toml_edit, yaml_edit
from mcpinstall.hosts.json_scan import Located, locate
from mcpinstall.model.host import Format, HostRow

Splice: TypeAlias = tuple[int, int, str]
"""Begin and end of a span of bytes, and what stands there afterwards, as Latin-1."""


class Codec(Protocol):
    """One file, parsed.  Each edit returns a splice, or raises `FormError`.

    What is edited is a server, or with the row of `adopting` one field of one.
    """

    def inserted(self, name: str, value: object) -> Splice:
        """Add a server behind the others; collections on the way are made."""

    def replaced(self, name: str, value: object) -> Splice:
        """Give an existing server a new value."""

    def removed(self, name: str) -> Splice:
        """Take a server out; comments beside it stay."""


@dataclass(frozen=True, slots=True)
class JsonServers:
    """The servers of a JSON document, in any of its dialects."""

    located: Located

    def inserted(self, name: str, value: object) -> Splice:
        """Return the splice that adds a server."""
        return json_edit.inserted(self.located, name, value)

    def replaced(self, name: str, value: object) -> Splice:
        """Return the splice that gives an existing server a new value."""
        return json_edit.replaced(self.located, name, value)

    def removed(self, name: str) -> Splice:
        """Return the splice that takes a server out."""
        return json_edit.removed(self.located, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A file before an edit."""

    codec: Codec
    names: frozenset[str]
    """Of its servers."""
    name: str
    """The server that is edited."""
    outline: proof.Outline
    """Without that server."""


def parsed(content: bytes, row: HostRow, name: str) -> Parsed:
    """Parse a file, which is UTF-8, for an edit of the server `name`.

    Raises:
        ScanError: It can't be parsed, or something else stands where servers belong.
    """
    ours = frozenset({name})
    if row.format is Format.JSON:
        text = content.decode("latin-1")
        located = locate(text, row.format, row.servers_key, name_field=row.list_field, marks=True)
        outline = proof.outline_of_scan(located, ours)
        return Parsed(codec=JsonServers(located), names=_named(located), name=name, outline=outline)
    document = proof.tree(row, content)
    codec = _codec(content, row, document)  # first: it knows where something wrong stands
    names = frozenset(proof.servers(document, row))
    outline = proof.outline(document, row, ours)
    return Parsed(codec=codec, names=names, name=name, outline=outline)


def _codec(content: bytes, row: HostRow, document: object) -> Codec:
    way, field = row.servers_key, row.list_field
    if row.format is Format.YAML:
        return yaml_edit.read(content, way, field)
    text = content.decode("latin-1")
    if row.format is Format.TOML:
        names = tuple(name for name, _ in proof.items(document, row))
        return toml_edit.TomlServers(text=text, way=way, name_field=field, names=names)
    return JsonServers(locate(text, row.format, way, name_field=field))


def _named(located: Located) -> frozenset[str]:
    members = located.servers.members if located.servers else ()
    return frozenset(member.key for member in members)
