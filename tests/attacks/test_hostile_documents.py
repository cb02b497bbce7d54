"""Attack: text in any field of any document of a registry deceives the reader.

Who: a publisher, or whoever can write to a registry.
Stopped by: check 2 refuses what can't be seen, in values and in keys, and its refusal repeats
nothing of it; the screen shows the rest as it is, and lets no text begin a line of its own.
Twin: `test_an_honest_registry_is_shown`.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import tomli_w

from mcpinstall.errors import McpInstallError
from mcpinstall.probing import canonical_tools
from tests.builders import screens, servers, shell
from tests.builders.index_server import IndexServer
from tests.builders.world import World, empty

Place: TypeAlias = tuple[str | int, ...]

SERVER = "io.github.user/clock/1.0"
FILES = (
    "registry.toml", "index.toml", f"{SERVER}/manifest.toml", f"{SERVER}/server.json",
    f"{SERVER}/pylock.toml", f"{SERVER}/tools.json",
)  # fmt: skip
HOSTILE = "EVIL\x1b[2J\x9b1m\u202e\u200b\r\nFORGED\x07\x7f\U000e0041\u3164" + "\u0301" * 9
INERT = "[bold red]x[/] :smile: FORGED FORGED FORGED FORGED FORGED FORGED FORGED FORGED FORGED"
"""Shorter than what any text may be, longer than a line that begins with the field's name."""


@pytest.fixture
def shop(tmp_path: Path, home: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """A registry with one server that has something in every part of every document."""
    made = empty(tmp_path, home, index, monkeypatch)
    secret = {"name": "KEY", "description": "A key", "isSecret": True}
    made.offer("clock", environment=(secret,))
    made.registry.revoke("0.9", "it was slow")
    return made


def documents(folder: Path) -> dict[str, Any]:
    """Return every document of the registry, parsed."""
    return {
        name: json.loads(data) if name.endswith(".json") else tomllib.loads(data.decode())
        for name in FILES
        if (data := (folder / name).read_bytes())
    }


def write(folder: Path, found: dict[str, Any]) -> None:
    """Write the documents, each with the digests of those that it pins."""
    pinned = {name.rsplit("/", 1)[-1]: written(name, found[name]) for name in FILES[3:]}
    for name, data in pinned.items():
        (folder / SERVER / name).write_bytes(data)
        if name in found[FILES[2]].get("files", {}):
            found[FILES[2]]["files"][name] = hashlib.sha256(data).hexdigest()
    chain = ((FILES[2], FILES[1]), (FILES[1], FILES[0]), (FILES[0], ""))
    for name, pins in chain:
        data = written(name, found[name])
        (folder / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        if pins == FILES[1]:
            for row in found[pins].get("servers", ()):
                row["sha256"] = digest
        elif pins:
            found[pins]["index"] = digest


def written(name: str, document: Any) -> bytes:  # noqa: ANN401
    if name.endswith(".toml"):
        return tomli_w.dumps(document).encode()
    with contextlib.suppress(McpInstallError, KeyError):
        return canonical_tools(document["tools"]).text
    return json.dumps(document).encode()


def places(value: Any, at: Place = ()) -> Iterator[Place]:  # noqa: ANN401
    """Yield the place of every text, number and table of a document."""
    pairs: Iterable[tuple[str | int, Any]] = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, item in pairs:
        yield (*at, key)
        yield from places(item, (*at, key))


def replaced(document: Any, place: Place, text: str, *, key: bool) -> Any:  # noqa: ANN401
    """Return a document with a text in one place, or as the name of that place."""
    changed = copy.deepcopy(document)
    inner = changed
    for part in place[:-1]:
        inner = inner[part]
    if key:
        inner[text] = inner.pop(place[-1])
    else:
        inner[place[-1]] = text
    return changed


def attacks(found: dict[str, Any], text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a registry for every place and every key."""
    for name in FILES:
        for place in places(found[name]):
            for key in (False, True):
                if key and not isinstance(place[-1], str):
                    continue
                changed = copy.deepcopy(found)
                changed[name] = replaced(found[name], place, text, key=key)
                if name == FILES[2] and place[0] in ("title", "summary"):
                    changed[FILES[1]]["servers"][0][place[0]] = text  # the two have to agree
                yield f"{name} {'.'.join(map(str, place))} {'key' if key else ''}", changed


@pytest.mark.parametrize("text", [HOSTILE, INERT], ids=["hostile", "inert"])
def test_no_field_of_any_document_deceives(shop: World, text: str) -> None:
    found = documents(shop.registry.folder)
    refused: list[str] = []
    shown: list[str] = []

    for where, changed in attacks(found, text):
        with contextlib.suppress(TypeError, AttributeError):  # damage in the chain of digests
            write(shop.registry.folder, changed)
        commands = ["show", "search"] if where.split()[0] in FILES[:2] else ["show"]
        for command in commands:
            ran = shell.run(command, "clock", columns=40)
            assert ran.faults() == [], where
            (refused if ran.status else shown).append(where)

    assert len(refused) > 150
    if text == HOSTILE:
        assert {name.split()[0] for name in refused} == set(FILES)
    else:
        assert any(f"{SERVER}/manifest.toml summary" in where for where in shown)


def test_an_honest_registry_is_shown(shop: World) -> None:
    write(shop.registry.folder, documents(shop.registry.folder))

    ran = shell.run("show", "clock")

    assert ran.status == 0
    assert servers.CLOCK["name"] in ran.seen
    assert screens.hidden(ran.seen, colour=True) == []
