"""From answers to the address and headers of a remote server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.host import EnvironmentValue, SecretPlace
from mcpinstall.model.server_json import RemoteServer
from mcpinstall.planning import remotes
from mcpinstall.planning.inputs import Around
from tests.builders.registry_folders import SCHEMA
from tests.builders.remote_offers import TOKEN_HEADER, remote

URL = "https://mcp.example.com/{tenant}"


def described(url: str = "https://mcp.example.com/mcp", **item: Any) -> RemoteServer:  # noqa: ANN401
    data = {
        "$schema": SCHEMA, "name": "io.github.user/x", "description": "X", "version": "1",
        "remotes": [remote(url, **item)],
    }  # fmt: skip
    return server_text.parse(json.dumps(data).encode(), "server.json").remotes[0]


def resolved(
    server: RemoteServer, given: Mapping[str, Sequence[str]] | None = None, *, plain: bool = False
) -> remotes.Resolved:
    around = Around(cwd=Path("/w"), home=Path("/h"), exists=lambda _: True, plaintext_secrets=plain)
    return remotes.resolve(server, given or {}, around)


def refusal(server: RemoteServer, **given: list[str]) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        resolved(server, given)
    return refused.value


def header(**keys: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    return {"name": "X-Key", **keys}


def test_a_header_with_a_value_around_its_secret_refers_to_a_variable() -> None:
    found = resolved(described(headers=[TOKEN_HEADER]), {"token": ["env:MY_TOKEN"]})

    assert found.headers == (
        EnvironmentValue(
            name="Authorization", reference="MY_TOKEN", secret=True, prefix="Bearer ",
            place=SecretPlace.VARIABLE,
        ),
    )  # fmt: skip
    assert found.missing == ()


def test_a_header_that_is_a_secret_refers_to_a_variable() -> None:
    found = resolved(described(headers=[header(isSecret=True)]), {"X-Key": ["env:K"]})

    (value,) = found.headers
    assert (value.name, value.reference, value.prefix) == ("X-Key", "K", "")


def test_a_header_with_text_behind_its_secret_needs_clear_text() -> None:
    around = header(value="a {k} b", variables={"k": {"isSecret": True}})

    assert refusal(described(headers=[around]), k=["env:K"]).code is ErrorCode.INPUT_INVALID
    (value,) = resolved(described(headers=[around]), {"k": ["v"]}, plain=True).headers
    assert (value.value, value.secret) == ("a v b", True)


@pytest.mark.parametrize(
    ("item", "headers"),
    [
        (header(), ()),
        (header(default="eu"), (("X-Key", "eu"),)),
        (header(value="fixed"), (("X-Key", "fixed"),)),
        (header(value="{a}", variables={"a": {}}), ()),
    ],
)
def test_an_optional_header_without_an_answer_is_left_out(
    item: dict[str, Any], headers: tuple[tuple[str, str], ...]
) -> None:
    found = resolved(described(headers=[item]))

    assert tuple((one.name, one.value) for one in found.headers) == headers


def test_a_required_secret_is_missing_until_the_user_names_a_variable() -> None:
    found = resolved(described(headers=[header(isSecret=True, isRequired=True)]))

    assert [question.name for question in found.missing] == ["X-Key"]
    assert found.url == ""


def test_a_variable_of_the_address_is_needed_though_the_document_forgot_to_say_so() -> None:
    server = described(url=URL, variables={"tenant": {}})

    assert [question.name for question in resolved(server).missing] == ["tenant"]
    assert resolved(server, {"tenant": ["a b"]}).url == "https://mcp.example.com/a%20b"


@pytest.mark.parametrize("value", ["..", "."])
def test_a_value_that_leaves_its_place_is_refused(value: str) -> None:
    error = refusal(described(url=URL, variables={"tenant": {}}), tenant=[value])

    assert error.code is ErrorCode.INPUT_INVALID


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\x00", "\u00e9", " ", " eu", "eu "])
def test_a_value_that_no_header_can_hold_is_refused(value: str) -> None:
    error = refusal(described(headers=[header()]), **{"X-Key": [value]})

    assert error.code is ErrorCode.INPUT_INVALID


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Mcp-Session-Id", "Sec-Fetch-Mode", "Proxy-Authorization"]
)
def test_a_header_that_steers_the_connection_is_refused(name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        described(headers=[{"name": name, "value": "x"}])

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID


def test_a_header_is_named_once() -> None:
    with pytest.raises(McpInstallError):
        described(headers=[header(value="a"), header(name="x-key", value="b")])


def test_an_input_that_there_is_not_is_refused() -> None:
    assert refusal(described(), token=["x"]).code is ErrorCode.INPUT_UNKNOWN
