"""Parsers of hosts' files that share no code with the package, nor a library with its codecs."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import json5
import yaml


class YamlLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader, to which a value with an application's own tag is a pair."""


YamlLoader.add_multi_constructor(
    "!", lambda loader, suffix, node: (suffix, _untagged(loader, node))
)


def _untagged(loader: Any, node: Any) -> Any:  # noqa: ANN401 (the library gives no types)
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


def parse(dialect: str, text: str | bytes) -> Any:  # noqa: ANN401 (any document)
    """The document, by `json`, `json5`, `tomllib` or PyYAML; an empty one is None."""
    data = (text if isinstance(text, str) else text.decode()).removeprefix("\ufeff")
    if dialect == "toml":
        return tomllib.loads(data)
    if dialect == "yaml":
        return yaml.load(data, YamlLoader)  # noqa: S506 (a safe loader)
    if not data.strip(" \t\r\n"):
        return None
    return json.loads(data) if dialect == "json" else json5.loads(data)
