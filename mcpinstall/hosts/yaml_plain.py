"""The second reader of YAML, for proof: a document as plain values, without any place.

Texts, booleans and null are themselves; every other scalar is its tag and its text, so that a
number or date in another spelling counts as another value.  Texts are Latin-1 (see
`json_scan`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcpinstall.hosts.forms import ScanError

_MOST_NODES = 1 << 18
"""Values that a document may have once its aliases are expanded."""

_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {"true": True, "false": False}
_OF_SCALARS = frozenset(f"{_TAG}{name}" for name in ("null", "bool", "int", "float", "str"))
"""Tags that no collection can have; the library lets them pass."""

_Sized = tuple[object, int]
"""A value, and how many nodes it is with its aliases expanded."""


def value_of(events: Iterator[Any], resolver: Any) -> object:  # noqa: ANN401
    """Return the value of the nodes in `events`; a document without one is an empty map.

    The library gives no types: events and resolver are its own.

    Raises:
        ScanError: A key twice, an alias of nothing or of itself, or aliases without end.
    """
    first = next(events, None)
    if first is None:
        return {}
    value, _ = _Values(events, resolver).sized(first)
    if next(events, None) is not None:  # (to the end of the stream: it may be wrong there)
        raise ScanError("there is something behind the document", -1)
    return {} if value is None else value


class _Values:
    """Makes values of events; what aliases share is made once."""

    def __init__(self, events: Iterator[Any], resolver: Any) -> None:  # noqa: ANN401
        self._events = events
        self._resolver = resolver
        self._tags: dict[tuple[str, object], str] = {}
        self._anchors: dict[str, _Sized | None] = {}
        """None while the node is not complete."""

    def sized(self, event: Any) -> _Sized:  # noqa: ANN401
        """Return the value that begins with `event`."""
        from ruamel.yaml.events import AliasEvent

        if isinstance(event, AliasEvent):
            return self._shared(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        found = self._new(event)
        if found[1] > _MOST_NODES:
            raise ScanError("its aliases stand for too much", event.start_mark.index)
        if event.anchor is not None:
            self._anchors[event.anchor] = found
        return found

    def _shared(self, event: Any) -> _Sized:  # noqa: ANN401
        if event.anchor not in self._anchors:
            raise ScanError(f"found undefined alias {event.anchor!r}", event.start_mark.index)
        found = self._anchors[event.anchor]
        if found is None:
            raise ScanError("an alias holds itself", event.start_mark.index)
        return found

    def _new(self, event: Any) -> _Sized:  # noqa: ANN401
        from ruamel.yaml.events import MappingStartEvent, ScalarEvent

        if isinstance(event, ScalarEvent):
            return self._scalar(event), 1
        if str(event.ctag) in _OF_SCALARS:
            tag = str(event.ctag).replace(_TAG, "!!")
            raise ScanError(
                f"the tag `{tag}` does not go with a collection", event.start_mark.index
            )
        return self._map() if isinstance(event, MappingStartEvent) else self._list()

    def _list(self) -> _Sized:
        from ruamel.yaml.events import SequenceEndEvent

        items = [self.sized(event) for event in _until(SequenceEndEvent, self._events)]
        return [value for value, _ in items], 1 + sum(size for _, size in items)

    def _map(self) -> _Sized:
        from ruamel.yaml.events import MappingEndEvent

        made: dict[object, object] = {}
        count = 1
        for event in _until(MappingEndEvent, self._events):
            key, _ = self.sized(event)
            if isinstance(key, (dict, list)):
                key = ("collection", repr(key))
            if key in made:
                raise ScanError(f"the key `{key!s:.80}` appears twice", event.start_mark.index)
            made[key], size = self.sized(next(self._events))
            count += size
        return made, count

    def _scalar(self, event: Any) -> object:  # noqa: ANN401
        text = event.value.encode("utf-8", "surrogatepass").decode("latin-1")
        tag = self._tag(event)
        if tag == f"{_TAG}str":
            return text
        if tag == f"{_TAG}null":
            return None
        if tag == f"{_TAG}bool" and text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        return (tag, text)

    def _tag(self, event: Any) -> str:  # noqa: ANN401
        """Return the tag of a scalar: its own, or the one that its text has in this version."""
        from ruamel.yaml.nodes import ScalarNode

        if event.ctag is not None and str(event.ctag) != "!":
            return str(event.ctag)
        key = (event.value, event.implicit)
        if key not in self._tags:
            self._tags[key] = str(self._resolver.resolve(ScalarNode, *key))
        return self._tags[key]


def _until(end: type, events: Iterator[Any]) -> Iterator[Any]:
    """Yield the events before one of the type `end`, which belongs to this collection."""
    return iter(lambda: _not(end, next(events)), None)


def _not(end: type, event: Any) -> Any:  # noqa: ANN401
    return None if isinstance(event, end) else event
