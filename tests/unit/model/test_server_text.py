"""`server.json`: the official schema's rules and the semantic ones behind it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.server_json import InputFormat, NamedArgument
from tests.builders.registry_folders import server_json

HOSTILE = {
    "default-not-in-choices.json": "server-json-invalid",
    "docker-privileged-root-mount.json": "server-json-invalid",
    "env-name-newline.json": "text-hostile",
    "icon-javascript.json": "server-json-invalid",
    "mcpb-no-sha.json": "server-json-invalid",
    "pypi-identifier-direct-ref.json": "server-json-invalid",
    "registry-type-unknown.json": "server-json-invalid",
    "remote-http.json": "server-json-invalid",
    "typo-required-field.json": "server-json-invalid",
    "value-placeholder-undefined.json": "server-json-invalid",
    "version-range.json": "server-json-invalid",
}
READ = {
    "0-draft__mcp-opa__server.json",
    "awslabs__mcp__src_ecs-mcp-server_server.json",
    "hashicorp__terraform-mcp-server__server.json",
    "microsoft__playwright-mcp__server.json",
    "mongodb-js__mongodb-mcp-server__packages_mongodb-mcp-server_server.json",
    "upstash__context7__server.json",
    "wonderwhy-er__DesktopCommanderMCP__server.json",
}
"""Real documents that are accepted; the others are templates, older schemas or misuse."""


def refusal(data: bytes) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        server_text.parse(data, "server.json")
    return refused.value


def test_a_document_is_read() -> None:
    data = server_json(
        packageArguments=[
            {"type": "named", "name": "--zone", "format": "string", "choices": ["UTC", "CET"]},
            {"type": "positional", "valueHint": "folder", "format": "filepath", "isRequired": True},
        ],
        environmentVariables=[{"name": "CLOCK_TOKEN", "isSecret": True, "isRequired": True}],
    )

    (package,) = server_text.parse(data, "server.json").packages

    assert (package.identifier, package.transport) == ("clock-server", "stdio")
    zone, folder = package.arguments
    assert isinstance(zone, NamedArgument)
    assert zone.input.choices == ("UTC", "CET")
    assert folder.input.format is InputFormat.FILEPATH
    assert package.environment[0].input.secret


@pytest.mark.parametrize(("name", "code"), HOSTILE.items())
def test_a_hostile_document_that_passes_the_schema_is_refused(
    shared_data: Path, name: str, code: str
) -> None:
    data = (shared_data / "server-json-hostile" / name).read_bytes()

    assert refusal(data).code == code


def test_a_look_alike_of_the_index_is_refused_against_the_users_own(shared_data: Path) -> None:
    data = (shared_data / "server-json-hostile" / "base-url-lookalike.json").read_bytes()
    (package,) = server_text.parse(data, "server.json").packages

    with pytest.raises(McpInstallError) as refused:
        server_text.require_default_index(package, "https://index.example/simple")

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN


def test_the_users_own_index_is_accepted() -> None:
    data = server_json(registryBaseUrl="https://index.example")
    (package,) = server_text.parse(data, "server.json").packages

    server_text.require_default_index(package, "https://index.example/simple/")


def test_every_hostile_document_is_in_the_table(shared_data: Path) -> None:
    present = {path.name for path in (shared_data / "server-json-hostile").glob("*.json")}

    assert present == {*HOSTILE, "base-url-lookalike.json"}


def test_real_documents_are_read_or_refused_as_listed(shared_data: Path) -> None:
    read = set()
    for path in (shared_data / "server-json-real").glob("*.json"):
        try:
            server_text.parse(path.read_bytes(), path.name)
        except McpInstallError:
            continue
        read.add(path.name)

    assert read == READ


def test_documented_examples_are_read(shared_data: Path) -> None:
    refused = {}
    for path in (shared_data / "server-json-examples").glob("*.json"):
        try:
            server_text.parse(path.read_bytes(), path.name)
        except McpInstallError as error:
            refused[path.name] = error.message

    assert refused == {
        "complex-docker-server-with-multiple-arguments.json": "`packages[0].runtimeArguments[0]` "
        "passes `--network` to the program that starts the package, which is not allowed"
    }


def test_what_is_read_passes_the_official_schema(shared_data: Path) -> None:
    schema = json.loads(
        (shared_data / "server-json-schemas" / "2025-12-11" / "server.schema.json").read_bytes()
    )

    jsonschema.validate(json.loads(server_json()), schema)


def changed(**keys: Any) -> bytes:  # noqa: ANN401
    return json.dumps(json.loads(server_json()) | keys).encode()


@pytest.mark.parametrize(
    "keys",
    [
        {"$schema": "https://static.modelcontextprotocol.io/schemas/2025-07-09/server.schema.json"},
        {"$schema": "https://evil.example/server.schema.json"},
        {"name": "../.."},
        {"name": "a/b/c"},
        {"name": "io.github.user/-rf"},
        {"version": "../../x"},
        {"version": "latest"},
        {"version": "1.x"},
        {"version": "^1.2"},
        {"description": ""},
        {"description": "x" * 101},
        {"websiteUrl": "http://example.com"},
        {"repository": {"url": "https://user@example.com/x", "source": "github"}},
        {"repository": {"url": "https://example.com", "source": "github", "subfolder": "../x"}},
        {"remotes": [{"type": "stdio"}]},
        {"remotes": [{"type": "sse", "url": "https://example.com/{x}"}]},
        {"remotes": [{"type": "sse", "url": "https://\u0435.example"}]},
        {"icons": [{"src": "https://example.com/i", "mimeType": "text/html"}]},
        {"_meta": {"anything": 1}},
        {"packages": {}},
        {"packages": [{}] * 21},
    ],
)
def test_a_document_with_a_wrong_value_is_refused(keys: dict[str, Any]) -> None:
    assert refusal(changed(**keys)).code is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize(
    "package",
    [
        {"identifier": "--index-url=https://evil.example"},
        {"identifier": "-rf"},
        {"version": "1.0.0/../x"},
        {"version": "not-a-version"},
        {"registryType": "npm", "identifier": "--call=x"},
        {"registryType": "oci", "identifier": "docker.io/a/b:latest", "version": None},
        {"registryType": "mcpb", "identifier": "http://example.com/x.mcpb", "fileSha256": "a" * 64},
        {"runtimeHint": "bash"},
        {"runtimeHint": "npx"},
        {"transport": {"type": "stdio", "command": "sh"}},
        {"transport": {"type": "sse", "url": "http://example.com"}},
        {"fileSha256": "nope"},
        {"packageArguments": [{"type": "positional"}]},
        {"packageArguments": [{"type": "positional", "valueHint": ""}]},
        {"packageArguments": [{"type": "shell", "value": "x"}]},
        {"packageArguments": [{"type": "named", "name": "--a b"}]},
        {"packageArguments": [{"type": "named", "name": "--a", "value": "${HOME}"}]},
        {
            "packageArguments": [
                {"type": "named", "name": "--a", "format": "number", "default": "x"}
            ]
        },
        {"packageArguments": [{"type": "named", "name": "--a", "format": "date"}]},
        {"packageArguments": [{"type": "named", "name": "--a", "isRequired": "true"}]},
        {"environmentVariables": [{"name": "A", "isSecret": True, "default": "hunter2"}]},
        {"environmentVariables": [{"name": "A"}, {"name": "a"}]},
    ],
)
def test_a_package_with_a_wrong_value_is_refused(package: dict[str, Any]) -> None:
    kept = {key: value for key, value in package.items() if value is not None}
    document = json.loads(server_json(**kept))
    for key in package.keys() - kept.keys():
        document["packages"][0].pop(key)

    assert refusal(json.dumps(document).encode()).code is ErrorCode.SERVER_JSON_INVALID


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=20,
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    document = json.loads(server_json()) | {"packages": value}
    with contextlib.suppress(McpInstallError):
        server_text.parse(json.dumps(document).encode(), "server.json")
