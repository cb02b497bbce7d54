"""What a manifest is made of: a package by its name, a `server.json`, or what METADATA says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.operations import manifest_sources
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_sources import Source
from tests.builders.registry_folders import NAME, PACKAGE, SCHEMA, server_json

OLDER = SCHEMA.replace("2025-12-11", "2025-09-29")


def read(spec: str | Path, *, offline: bool = True) -> Source:
    return manifest_sources.read(str(spec), Context.current(), offline=offline)


def refused(spec: str | Path) -> McpInstallError:
    with pytest.raises(McpInstallError) as error:
        read(spec)
    return error.value


@pytest.fixture
def path(home: Path) -> Path:
    return home / "server.json"


# By name ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("spec", "identifier", "version"),
    [
        ("pypi:Weather_Server", "weather-server", None),
        ("pypi:weather-server==1.0", "weather-server", "1.0"),
    ],
)
def test_a_package_is_named_with_an_exact_version_or_none(
    spec: str, identifier: str, version: str | None
) -> None:
    found = read(spec)

    assert (found.identifier, found.version) == (identifier, version)
    assert (found.document, found.server, found.package) == (b"", None, None)
    assert not found.from_registry


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("spec", "code", "hint"),
    [
        ("pypi:weather@1.0", ErrorCode.NAME_INVALID, "=="),
        ("pypi:weather==", ErrorCode.NAME_INVALID, ""),
        ("pypi:-weather", ErrorCode.NAME_INVALID, ""),
        ("mcp:nonsense", ErrorCode.NAME_INVALID, ""),
        ("mcp:io.github.user/weather@", ErrorCode.NAME_INVALID, ""),
        ("mcp:io.github.user/weather@latest", ErrorCode.NAME_INVALID, ""),
        ("pypi", ErrorCode.USAGE, "server.json"),
        ("mcp", ErrorCode.USAGE, "server.json"),
        ("npm:weather", ErrorCode.USAGE, "server.json"),
        ("weather", ErrorCode.USAGE, "server.json"),
    ],
)
def test_what_names_nothing_is_refused(spec: str, code: ErrorCode, hint: str) -> None:
    error = refused(spec)

    assert error.code is code
    assert hint in (error.hint or "")


@pytest.mark.usefixtures("home")
def test_a_version_behind_the_wrong_sign_is_told_where_it_stands() -> None:
    assert "stands behind `==`" in refused("pypi:weather@1.0").message
    assert "stands behind" not in refused("pypi:weather==1.0@2").message
    assert "stands behind" not in refused("pypi:-weather").message


# A `server.json` -------------------------------------------------------------------------------


def test_a_server_json_is_taken_byte_for_byte(path: Path) -> None:
    argument = {"type": "named", "name": "--zone", "value": "UTC"}
    data = server_json(packageArguments=[argument], runtimeHint="uvx")
    path.write_bytes(data + b"\n\n")

    found = read(path)

    assert found.document == data + b"\n\n"
    assert found.server is not None
    assert found.package is found.server.packages[0]
    assert (found.identifier, found.version) == (PACKAGE, "1.2.0")
    assert (found.facts, found.from_registry) == ((), False)


def test_an_older_form_is_brought_to_the_newest(path: Path) -> None:
    path.write_bytes(server_json().replace(SCHEMA.encode(), OLDER.encode()))

    found = read(path)

    assert json.loads(found.document)["$schema"] == SCHEMA
    assert found.server == server_text.parse(server_json(), "server.json")


def test_what_is_used_where_it_runs_has_no_package(path: Path) -> None:
    document = {
        "$schema": SCHEMA, "name": "com.example/cloud", "description": "d", "version": "1.0",
        "remotes": [{"type": "sse", "url": "https://mcp.example.com/sse"}],
    }  # fmt: skip
    path.write_text(json.dumps(document))

    found = read(path)

    assert found.server is not None
    assert (found.package, found.identifier, found.version) == (None, "", None)
    assert found.document == path.read_bytes()


def test_a_package_without_a_version_names_none(path: Path) -> None:
    document = json.loads(server_json())
    del document["packages"][0]["version"]
    path.write_text(json.dumps(document))

    error = refused(path)

    assert error.code is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, ErrorCode.FILE_UNREADABLE),
        (b"[]", ErrorCode.SERVER_JSON_INVALID),
        (b"{}", ErrorCode.SERVER_JSON_INVALID),
        (b"{", ErrorCode.JSON_INVALID),
    ],
)
def test_what_is_no_server_json_is_a_plain_refusal(
    path: Path, data: bytes | None, code: ErrorCode
) -> None:
    if data is not None:
        path.write_bytes(data)

    assert refused(path).code is code


# From METADATA ---------------------------------------------------------------------------------


def metadata(*headers: str, text: str = "") -> str:
    return "\n".join(("Metadata-Version: 2.1", "Name: weather", *headers, "", text))


def described(said: str, name: str | None = None) -> dict[str, object]:
    found = manifest_sources.described_by(said, "weather", "1.0", name)
    server_text.parse(found, "server.json")
    return dict(json.loads(found))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (metadata(text="<!-- mcp-name: io.github.ann/weather -->"), "io.github.ann/weather"),
        (metadata(text="mcp-name: com.a/x and again mcp-name: com.a/x."), "com.a/x"),
        (metadata("Home-page: https://github.com/Ann/weather"), "io.github.ann/weather"),
        (
            metadata(
                "Home-page: https://weather.example", "Project-URL: Docs, https://a.example",
                "Project-URL: Source, https://GitHub.com/Bob/weather",
            ),
            "io.github.bob/weather",
        ),
        (
            metadata(
                "Home-page: https://github.com/Ann/weather", text="mcp-name: a.b/c mcp-name: a.b/d"
            ),
            "io.github.ann/weather",
        ),
    ],
)  # fmt: skip
def test_a_package_says_under_which_name_it_is_published(said: str, expected: str) -> None:
    assert described(said)["name"] == expected


@pytest.mark.parametrize(
    "said",
    [
        metadata(),
        metadata("Home-page: https://github.com/"),
        metadata("Home-page: http://github.com/ann/weather"),
        metadata("Home-page: https://github.com.evil.example/ann/weather"),
        metadata("Home-page: https://ann@github.com/ann/weather"),
        metadata("Home-page: https://[github.com/ann"),
        metadata("Project-URL: https://github.com/ann/weather"),
    ],
)
def test_where_nothing_says_a_name_it_has_to_be_given(said: str) -> None:
    with pytest.raises(McpInstallError) as error:
        described(said)

    assert error.value.code is ErrorCode.NAME_INVALID
    assert "--name" in error.value.hint
    assert described(said, "io.github.ann/other")["name"] == "io.github.ann/other"


def test_a_name_that_is_given_counts_more_than_what_a_package_says() -> None:
    said = metadata(text="mcp-name: io.github.ann/weather")

    assert described(said, NAME)["name"] == NAME
    with pytest.raises(McpInstallError):
        described(said, "no name")


def test_a_package_is_described_by_its_own_words() -> None:
    said = metadata("Summary: Tells   the", "  weather", text="mcp-name: a.b/c")

    found = described(said)

    assert found["description"] == "Tells the weather"
    assert found["version"] == "1.0"
    assert found["packages"] == [
        {
            "registryType": "pypi", "identifier": "weather", "version": "1.0",
            "transport": {"type": "stdio"},
        }
    ]  # fmt: skip
    assert found["$schema"] == SCHEMA


def test_words_are_as_long_as_the_schema_allows() -> None:
    long = described(metadata(f"Summary: {'w' * 300}", text="mcp-name: a.b/c"))
    none = described(metadata(text="mcp-name: a.b/c"))

    assert long["description"] == "w" * 100
    assert none["description"] == "The package weather"
