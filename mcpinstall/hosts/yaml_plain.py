"""The second reader of YAML, for proof: the library's node graph as plain values.

Texts, booleans and null are themselves; every other scalar is its tag and its text, so that a
number or date in another spelling counts as another value.  Texts are Latin-1 (see
`json_scan`).
"""

from __future__ import annotations

import warnings
from typing import Any

from mcpinstall.hosts import positions
from mcpinstall.hosts.forms import ScanError
from mcpinstall.hosts.yaml_scan import MOST_BYTES, byte_offsets, without_tabs

_MOST_NODES = 1 << 18
"""Values that a document may have once its aliases are expanded."""

_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {"true": True, "false": False}


def parse(content: bytes) -> object:
    """Return the value of a document in UTF-8; an empty one is an empty map.

    Raises:
        ScanError: It is not one YAML document, has a key twice, or aliases without end.
    """
    text = content.decode("utf-8")
    mark = len("\ufeff".encode()) if text.startswith("\ufeff") else 0
    text = text.removeprefix("\ufeff")
    with byte_offsets(text, mark):
        return _parsed(text)


def _parsed(text: str) -> object:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(text) > MOST_BYTES:
        raise ScanError("it is larger than 1 MiB", -1)
    try:
        with warnings.catch_warnings():  # the library quotes the document in them
            warnings.simplefilter("ignore")
            root = YAML(typ="safe", pure=True).compose(without_tabs(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = str(error.problem or error.context or "it can't be parsed")
        if message == "but found another document":
            message = "it holds more than one document"
        raise ScanError(message.splitlines()[0], mark.index if mark else -1) from None
    except (YAMLError, ValueError) as error:
        raise ScanError(str(error).splitlines()[0], -1) from None
    except RecursionError:
        raise ScanError("it nests too deeply", positions.of_depth(text)) from None
    if root is None:
        return {}
    value = _Values().value(root)
    return {} if value is None else value


class _Values:
    """Makes values of nodes; a node that aliases share is made once."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[object, int]] = {}
        self._open: set[int] = set()

    def value(self, node: Any) -> object:  # noqa: ANN401 (the library gives no types)
        """Return the value of a node."""
        return self._sized(node)[0]

    def _sized(self, node: Any) -> tuple[object, int]:  # noqa: ANN401
        if id(node) in self._made:
            return self._made[id(node)]
        if id(node) in self._open:
            raise ScanError("an alias holds itself", node.start_mark.index)
        self._open.add(id(node))
        found = self._new(node)
        self._open.discard(id(node))
        if found[1] > _MOST_NODES:
            raise ScanError("its aliases stand for too much", node.start_mark.index)
        self._made[id(node)] = found
        return found

    def _new(self, node: Any) -> tuple[object, int]:  # noqa: ANN401
        from ruamel.yaml.nodes import MappingNode, ScalarNode

        if isinstance(node, ScalarNode):
            return _scalar(node), 1
        if isinstance(node, MappingNode):
            return self._map(node)
        items = [self._sized(item) for item in node.value]
        return [value for value, _ in items], 1 + sum(size for _, size in items)

    def _map(self, node: Any) -> tuple[object, int]:  # noqa: ANN401
        made: dict[object, object] = {}
        count = 1
        for key_node, value_node in node.value:
            key, _ = self._sized(key_node)
            if isinstance(key, (dict, list)):
                key = ("collection", repr(key))
            if key in made:
                raise ScanError(f"the key `{key!s:.80}` appears twice", key_node.start_mark.index)
            made[key], size = self._sized(value_node)
            count += size
        return made, count


def _scalar(node: Any) -> object:  # noqa: ANN401
    tag = str(node.tag)
    text = node.value.encode("utf-8", "surrogatepass").decode("latin-1")
    if tag == f"{_TAG}str":
        return text
    if tag == f"{_TAG}null":
        return None
    if tag == f"{_TAG}bool" and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    return (tag, text)
