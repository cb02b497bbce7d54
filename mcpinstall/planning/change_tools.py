"""Changes of a tool list: what a model is told, and what it may send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mcpinstall.model import json_text
from mcpinstall.model.json_text import Json
from mcpinstall.model.tools import ToolList
from mcpinstall.planning.change import Change, ChangeKind, Line, gone, new, note, same
from mcpinstall.planning.word_diff import Budget, changed_text

Table = Mapping[str, Json]

_KINDS = {
    "inputSchema": ChangeKind.TOOL_INPUT,
    "annotations": ChangeKind.TOOL_ANNOTATIONS,
}
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def compare_tools(before: ToolList, after: ToolList, budget: Budget) -> Iterator[Change]:
    """Yield what changed of tools that are known on both sides."""
    old, new_ = _by_name(before), _by_name(after)
    for name in sorted(old.keys() | new_.keys()):
        if name not in new_:
            lines = tuple(_whole(old[name], is_new=False))
            yield Change(kind=ChangeKind.TOOL_REMOVED, subject=name, lines=lines)
        elif name not in old:
            lines = tuple(_whole(new_[name], is_new=True))
            yield Change(kind=ChangeKind.TOOL_ADDED, subject=name, lines=lines)
        else:
            yield from _tool(name, old[name], new_[name], budget)


def _by_name(tools: ToolList) -> dict[str, Table]:
    return {str(tool["name"]): tool for tool in tools.tools if isinstance(tool, Mapping)}


def _whole(tool: Table, *, is_new: bool) -> Iterator[Line]:
    """Yield a tool that came or went: its description, then its inputs and the rest."""
    part = new if is_new else gone
    description = tool.get("description")
    if isinstance(description, str):
        yield from ((part(line),) for line in description.split("\n"))
    for key in sorted(tool.keys() - {"name", "description"}):
        yield from ((part(f"{place}: {text}"),) for place, text in _leaves(tool[key], key))


def _leaves(value: Json, key: str) -> Iterator[tuple[str, str]]:
    """Yield the places of a value as far down as its properties, each with its JSON."""
    inside = isinstance(value, Mapping) and ("properties" in value or key == "properties")
    if not isinstance(value, Mapping) or not inside:
        yield f"/{_escaped(key)}", _json(value)
        return
    for name in sorted(value):
        for place, text in (
            _leaves(value[name], name)
            if name == "properties"
            else ((f"/{_escaped(name)}", _json(value[name])),)
        ):
            yield f"/{_escaped(key)}{place}", text


def _tool(name: str, old: Table, new_: Table, budget: Budget) -> Iterator[Change]:
    lines: dict[ChangeKind, list[Line]] = {}
    for key in sorted(old.keys() | new_.keys()):
        kind = _KINDS.get(key, ChangeKind.TOOL_FIELD)
        for place, before, after in _differences(old, new_, key, ""):
            if place.endswith(("/description", "/title")) and _are_texts(before, after):
                where = place.removesuffix("/description")
                yield Change(
                    kind=ChangeKind.TOOL_DESCRIPTION,
                    subject=f"{name} {where}".rstrip(),
                    lines=changed_text(_text(before), _text(after), budget),
                )
            else:
                lines.setdefault(kind, []).extend(_schema_lines(place, before, after))
    for kind, found in lines.items():
        yield Change(kind=kind, subject=name, lines=tuple(found))


_Difference = tuple[str, "Json | _Nothing", "Json | _Nothing"]


class _Nothing:
    """Stands where a key is missing; JSON's null is something."""


_NOTHING = _Nothing()


def _differences(old: Table, new_: Table, key: str, above: str) -> Iterator[_Difference]:
    """Yield the smallest places that differ: JSON pointer, and the value on either side."""
    place = f"{above}/{_escaped(key)}"
    before, after = old.get(key, _NOTHING), new_.get(key, _NOTHING)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for inner in sorted(before.keys() | after.keys()):
            yield from _differences(before, after, inner, place)
    elif isinstance(before, _Nothing) or isinstance(after, _Nothing) or not _equal(before, after):
        yield place, before, after


def _schema_lines(place: str, before: Json | _Nothing, after: Json | _Nothing) -> Iterator[Line]:
    """Yield one difference in words where JSON Schema gives it a meaning."""
    above, _, key = place.rpartition("/")
    if key == "required" and (names := _two_lists(before, after)):
        yield from _came_and_went(above, names, ("is required now", "is not required any more"))
    elif (
        key == "enum" and not isinstance(before, _Nothing) and (names := _two_lists(before, after))
    ):
        yield from _came_and_went(above, names, ("is a new choice", "is not a choice any more"))
    elif key == "type" and (verdict := _type_verdict(before, after)):
        yield note(same(place), f" {verdict}: ", *_values(before, after))
    elif above.endswith("/properties"):
        word = (
            " is a new property: " if isinstance(before, _Nothing) else " is no property any more: "
        )
        is_whole = isinstance(before, _Nothing) or isinstance(after, _Nothing)
        yield note(same(place), word if is_whole else ": ", *_values(before, after))
    else:
        yield note(same(place), ": ", *_values(before, after))


def _values(before: Json | _Nothing, after: Json | _Nothing) -> Line:
    old = () if isinstance(before, _Nothing) else (gone(_json(before)),)
    between = note(" → ") if old and not isinstance(after, _Nothing) else ()
    return (*old, *between, *(() if isinstance(after, _Nothing) else (new(_json(after)),)))


def _two_lists(
    before: Json | _Nothing, after: Json | _Nothing
) -> tuple[list[str], list[str]] | None:
    """Return what came and what went, where both are lists (or absent) that differ in items."""
    old = [] if isinstance(before, _Nothing) else before
    new_ = [] if isinstance(after, _Nothing) else after
    if not isinstance(old, list) or not isinstance(new_, list):
        return None
    olds, news = {_json(item) for item in old}, {_json(item) for item in new_}
    return (sorted(news - olds), sorted(olds - news)) if olds != news else None


def _came_and_went(
    above: str, names: tuple[list[str], list[str]], words: tuple[str, str]
) -> Iterator[Line]:
    came, went = names
    yield from (note(same(above), ": ", new(name), f" {words[0]}") for name in came)
    yield from (note(same(above), ": ", gone(name), f" {words[1]}") for name in went)


def _type_verdict(before: Json | _Nothing, after: Json | _Nothing) -> str:
    """Return whether a type takes more or less than before, or nothing where neither."""
    old, new_ = _types(before), _types(after)
    if old is None or new_ is None or old == new_:
        return ""
    if old < new_:
        return "takes more"
    return "takes less" if new_ < old else "is another type"


def _types(value: Json | _Nothing) -> frozenset[str] | None:
    """Return the JSON types that are taken: all where none is named, None for what is no type."""
    if isinstance(value, _Nothing):
        return _TYPES
    listed = value if isinstance(value, list) else [value]
    found = frozenset(item for item in listed if isinstance(item, str))
    if len(found) != len(listed) or not found <= _TYPES:
        return None
    return found | {"integer"} if "number" in found else found


def _are_texts(before: Json | _Nothing, after: Json | _Nothing) -> bool:
    return all(isinstance(value, str | _Nothing) for value in (before, after))


def _text(value: Json | _Nothing) -> str:
    return value if isinstance(value, str) else ""


def _equal(before: Json, after: Json) -> bool:
    return json_text.canonical(before) == json_text.canonical(after)  # not `==`: True is no 1


def _json(value: Json) -> str:
    """Return JSON with its letters as they are; whoever shows it escapes what can't be seen."""
    import json

    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
