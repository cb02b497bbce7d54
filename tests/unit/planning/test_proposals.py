"""What is proposed for a new manifest: from its documents, never as a fact."""

from __future__ import annotations

import json

import pytest

from mcpinstall.model import server_text
from mcpinstall.model.manifest import Integrates
from mcpinstall.model.server_json import Package, ServerJson
from mcpinstall.planning import proposals
from tests.builders.registry_folders import SCHEMA, server_json

TAKEN = (("time", "io.github.user/server-time"), ("maps", "io.github.user/maps"))


def described(**package: object) -> tuple[ServerJson, Package]:
    server = server_text.parse(server_json(**package), "server.json")  # type: ignore[arg-type]
    return server, server.packages[0]


def argument(name: str, **keys: object) -> dict[str, object]:
    return {"type": "named", "name": f"--{name}", **keys}


def test_inputs_that_are_paths_are_read_and_nothing_else_is_claimed() -> None:
    arguments = [argument("repository", format="filepath"), argument("zone")]

    found = proposals.permissions(*described(packageArguments=arguments))

    assert found.read == ("{repository}",)
    assert (found.network, found.write, found.exec) == ((), (), ())


def test_a_remotes_hosts_are_reached() -> None:
    document = {
        "$schema": SCHEMA, "name": "com.example/cloud", "description": "d", "version": "1.0",
        "remotes": [{"type": "sse", "url": "https://mcp.example.com/sse"}],
    }  # fmt: skip
    server = server_text.parse(json.dumps(document).encode(), "server.json")

    assert proposals.permissions(server, None).network == ("mcp.example.com",)
    assert proposals.integrates(server, None) is Integrates.CLOUD


def test_who_wants_a_secret_works_on_a_service() -> None:
    secret = {"name": "TOKEN", "isSecret": True, "isRequired": True}
    server, package = described(environmentVariables=[secret])

    assert proposals.integrates(server, package) is Integrates.CLOUD
    assert dict(proposals.probe(package).inputs) == {"TOKEN": "none"}
    assert proposals.integrates(*described()) is Integrates.LOCAL


def test_what_must_be_given_gets_a_harmless_value() -> None:
    arguments = [
        argument("folder", format="filepath", isRequired=True),
        argument("mode", choices=["read", "write"], isRequired=True),
        argument("port", format="number", isRequired=True),
        argument("zone", default="UTC", isRequired=True),
        argument("more"),
    ]

    _, package = described(packageArguments=arguments)

    assert dict(proposals.probe(package).inputs) == {
        "folder": "{empty}", "mode": "read", "port": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "short", "why"),
    [
        ("io.github.user/mcp-server-clock", "clock", "free"),
        ("io.github.user/clock-mcp", "clock", "free"),
        ("com.example/server-time", "", "taken by"),
        ("com.example/tine", "", "could be taken for `time`"),
        ("io.github.user/maps", "", "stands for it already"),
    ],
)
def test_a_short_name_is_free_and_like_no_other(name: str, short: str, why: str) -> None:
    found, said = proposals.alias(name, TAKEN)

    assert (found, why in said) == (short, True), said
