"""What an MCP registry answers about a server, in all dated schemas, brought to the newest one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, server_schemas, server_text
from mcpinstall.model.registry_entry import Status, parse
from tests.builders import mcp_registry
from tests.builders.mcp_registry import OFFICIAL, document

NAME = "io.github.user/weather"
URL = "https://static.modelcontextprotocol.io/schemas/{}/server.schema.json"
OLD = {
    "$schema": URL.format(server_schemas.OLDEST),
    "name": NAME,
    "description": "Tells the weather",
    "version": "2.0.0",
    "status": "active",
    "website_url": "https://example.com/",
    "packages": [
        {
            "registry_type": "pypi",
            "identifier": "weather-server",
            "version": "2.0",
            "transport": {"type": "stdio"},
            "runtime_hint": "uvx",
            "environment_variables": [{"name": "KEY", "is_secret": True, "is_required": True}],
            "package_arguments": [
                {"type": "positional", "value_hint": "zone", "is_repeated": True},
                {"type": "named", "name": "--of", "value": "{is_secret}",
                 "variables": {"is_secret": {"is_required": True}}},
            ],
        }
    ],
}  # fmt: skip


def answer(server: object = None, **official: Any) -> bytes:  # noqa: ANN401
    about = {"status": "active", **official}
    return json.dumps({"server": server or document(NAME), "_meta": {OFFICIAL: about}}).encode()


def refusal(data: bytes) -> ErrorCode:
    with pytest.raises(McpInstallError) as refused:
        parse(data, "x")
    return refused.value.code


@pytest.mark.parametrize("schema", server_text.SCHEMAS)
def test_every_newer_schema_is_brought_to_the_newest(schema: str) -> None:
    sent = document(NAME, **{"$schema": URL.format(schema)})

    found = parse(answer(sent), "x")

    assert found.document == json_text.canonical(document(NAME))
    assert found.sha256 == json_text.digest(sent)
    assert server_text.parse(found.document, "x") == found.server


def test_the_oldest_schema_gets_the_keys_of_the_newest_but_chosen_names_stay() -> None:
    (package,) = parse(answer(OLD), "x").server.packages

    first, second = package.arguments
    (variable,) = package.environment
    assert (variable.name, variable.input.secret, variable.input.required) == ("KEY", True, True)
    assert first.repeated
    assert [name for name, _ in second.input.variables] == ["is_secret"]
    assert second.input.variables[0][1].required


@pytest.mark.parametrize(
    "change",
    [
        {"$schema": URL.format("2024-01-01")},
        {"$schema": "https://evil.example/schemas/2025-12-11/server.schema.json"},
        {"$schema": URL.format("2025-12-11") + "#"},
        {"$schema": 1},
        {"$schema": None},
    ],
)
def test_an_unknown_schema_is_refused(change: dict[str, Any]) -> None:
    assert refusal(answer({**document(NAME), **change})) is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize("where", ["top", "package"])
def test_a_key_in_two_spellings_is_refused(where: str) -> None:
    twice = json.loads(json.dumps(OLD))
    if where == "top":
        twice["websiteUrl"] = "https://evil.example/"
    else:
        twice["packages"][0]["registryType"] = "npm"

    assert refusal(answer(twice)) is ErrorCode.SERVER_JSON_INVALID


def test_old_spellings_in_a_newer_schema_are_refused() -> None:
    old = {**OLD, "$schema": URL.format("2025-12-11")}

    assert refusal(answer(old)) is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize(
    ("said", "found"),
    [({}, "active"), ({"status": "deprecated"}, "deprecated"), ({"status": "deleted"}, "deleted")],
)
def test_the_registry_says_what_has_become_of_an_entry(said: dict[str, str], found: str) -> None:
    entry = parse(answer(**said, statusMessage="use sky"), "x")

    assert (entry.status, entry.message) == (Status(found), "use sky")


@pytest.mark.parametrize(
    ("own", "said", "found"),
    [("deleted", "active", "deleted"), ("active", "deleted", "deleted"),
     ("deprecated", "active", "deprecated"), ("deprecated", "deleted", "deleted")],
)  # fmt: skip
def test_of_two_words_the_worse_counts(own: str, said: str, found: str) -> None:
    entry = parse(answer({**OLD, "status": own}, status=said), "x")

    assert entry.status == found


@pytest.mark.parametrize("status", ["ACTIVE", "fine", "", "a" * 60, 1, None, ["active"]])
def test_an_unknown_status_is_not_taken_for_a_good_one(status: object) -> None:
    assert refusal(answer(status=status)) is ErrorCode.REGISTRY_INVALID


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"{", ErrorCode.JSON_INVALID),
        (b"[]", ErrorCode.REGISTRY_INVALID),
        (b"{}", ErrorCode.REGISTRY_INVALID),
        (b'{"server": []}', ErrorCode.REGISTRY_INVALID),
        (json.dumps({"server": document(NAME), "_meta": []}).encode(), ErrorCode.REGISTRY_INVALID),
        (answer(statusMessage="x" * 501), ErrorCode.REGISTRY_INVALID),
        (answer(statusMessage="a\u001b[2J"), ErrorCode.TEXT_HOSTILE),
        (answer({**document(NAME), "description": "a\u202eb"}), ErrorCode.TEXT_HOSTILE),
        (answer({**document(NAME), "more": 1}), ErrorCode.SERVER_JSON_INVALID),
        (answer({**document(NAME), "_meta": {"x": 1e308}}).replace(b"1e+308", b"1e309"),
         ErrorCode.JSON_INVALID),
    ],
)  # fmt: skip
def test_another_form_is_refused(data: bytes, expected: ErrorCode) -> None:
    assert refusal(data) is expected


def test_what_a_registry_adds_to_the_document_is_not_the_publishers() -> None:
    own = "io.modelcontextprotocol.registry/publisher-provided"
    sent = document(NAME, _meta={OFFICIAL: {"status": "active"}, own: {"x": 1}})

    found = parse(answer(sent), "x")

    assert json.loads(found.document)["_meta"] == {own: {"x": 1}}
    assert found.sha256 == json_text.digest(sent)
    assert json.loads(found.document)["$schema"] == mcp_registry.NEWEST
