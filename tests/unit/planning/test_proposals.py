"""What is proposed for a new manifest: from its documents, never as a fact."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mcpinstall.model import server_text
from mcpinstall.model.lock import NO_LOCK, LockedPackage
from mcpinstall.model.manifest import (
    Audience,
    Integrates,
    Manifest,
    PackageChoice,
    Permissions,
    ProbeSettings,
    Publisher,
)
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


def test_what_is_fixed_or_has_no_name_is_no_input() -> None:
    fixed = argument("folder", format="filepath", value="/srv")
    unnamed = {"type": "positional", "format": "filepath", "value": "/srv"}
    part = argument(
        "made", value="{a}-{b}", variables={
            "a": {"format": "filepath", "isRequired": True, "value": "/srv"},
            "b": {"format": "filepath", "isRequired": True},
        },
    )  # fmt: skip
    server, package = described(packageArguments=[fixed, unnamed, part])

    assert proposals.permissions(server, package).read == ("{a}", "{b}")
    assert dict(proposals.probe(package).inputs) == {"b": "{empty}"}


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
        argument("quiet", format="boolean", isRequired=True),
        argument("zone", default="UTC", isRequired=True),
        argument("fixed", value="always", isRequired=True),
        argument("made", value="{a}/{b}", variables={"a": {"isRequired": True}, "b": {}}),
        argument("more"),
        {"type": "positional", "valueHint": "place", "isRequired": True},
    ]

    _, package = described(packageArguments=arguments)

    assert dict(proposals.probe(package).inputs) == {
        "folder": "{empty}", "mode": "read", "port": "1", "quiet": "false", "a": "none",
        "place": "none",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "short", "why"),
    [
        ("io.github.user/mcp-server-clock", "clock", "free"),
        ("io.github.user/clock-mcp", "clock", "free"),
        ("io.github.user/Clock_Face-server", "clock-face", "free"),
        ("com.example/mcp-", "mcp-", "free"),
        ("com.example/server-time", "", "taken by"),
        ("com.example/tine", "", "could be taken for `time`"),
        ("io.github.user/maps", "", "stands for it already"),
    ],
)
def test_a_short_name_is_free_and_like_no_other(name: str, short: str, why: str) -> None:
    found, said = proposals.alias(name, TAKEN)

    assert (found, why in said) == (short, True), said


CHOICE = PackageChoice(
    registry_type="pypi", identifier="clock-server", version="1.0", script="clock-server",
    requires_python=">=3.11,<3.15", platforms=("linux-x86_64-glibc",),
)  # fmt: skip
PUBLISHER = Publisher(
    issuer="https://issuer.example", repository="https://forge.example/acme/clock",
    repository_id="1", owner_id="2", workflow="release.yml", ref="refs/tags/*",
)  # fmt: skip
MANIFEST = Manifest(
    name="io.github.user/clock", version="1.0", title="Clock", summary="Tells the time",
    try_sentence="What is the time?", files=(), package=CHOICE, publisher=None,
    publisher_absent="nobody attests it", permissions=Permissions(), probe=ProbeSettings(),
    hooks=(), varies=(), audience=Audience.TECHNICAL, integrates=Integrates.LOCAL, reviews=(),
)  # fmt: skip


def offering(**package: object) -> ServerJson:
    """A `server.json` whose package is not quite, or just, the one that is locked."""
    base: dict[str, object] = {
        "registryType": "pypi", "identifier": "clock-server", "version": "1.0",
        "transport": {"type": "stdio"},
    }  # fmt: skip
    document = {
        "$schema": SCHEMA, "name": "io.github.user/clock", "description": "d", "version": "1.0",
        "packages": [{**base, **package}],
    }  # fmt: skip
    return server_text.parse(json.dumps(document).encode(), "server.json")


@pytest.mark.parametrize(
    ("package", "is_it"),
    [
        ({}, True),
        ({"registryType": "npm"}, False),
        ({"identifier": "clock-servers"}, False),
        ({"version": "1.1"}, False),
        ({"transport": {"type": "sse", "url": "http://localhost:8000/sse"}}, False),
    ],
)
def test_the_package_is_the_one_that_is_locked(package: dict[str, object], is_it: bool) -> None:
    server = offering(**package)

    found = proposals.package_of(server, CHOICE)

    assert (found is server.packages[0]) == is_it
    assert proposals.package_of(server, None) is None


def decided(
    manifest: Manifest = MANIFEST,
    server: ServerJson | None = None,
    *clients: str,
    probed: bool = False,
    alias: str = "clock",
) -> dict[str, tuple[str, str]]:
    packages = tuple(
        LockedPackage(name=name, version="1", marker=None, wheels=()) for name in clients
    )
    found = proposals.decisions(
        manifest, server or offering(), replace(NO_LOCK, packages=packages), (alias, "why"),
        probed=probed,
    )  # fmt: skip
    return {one.subject: (one.proposal, one.why) for one in found}


def test_a_local_server_leaves_all_of_it_to_decide() -> None:
    found = decided(MANIFEST, None, "httpx", "requests", "rich", probed=True)

    assert [*found] == [
        "title, summary, try", "permissions.network", "permissions.read",
        "permissions.write, exec", "audience", "integrates", "publisher", "alias",
        "reviews.criteria", "server.json",
    ]  # fmt: skip
    assert found["permissions.network"] == (
        "nothing",
        "no document says; read the source (the closure has `httpx`, `requests`)",
    )
    assert found["permissions.read"] == ("nothing", "no input is a path")
    assert found["audience"] == ("technical", "nobody has reviewed it yet")
    assert found["integrates"] == ("local", "it wants no secret")
    assert found["publisher"] == ("absent", "nobody attests it")
    assert found["alias"] == ("clock", "why")
    assert found["reviews.criteria"][0] == "locked, inspected, probed"


@pytest.mark.parametrize("client", ["aiohttp", "httpx", "requests", "urllib3", "websockets"])
def test_a_way_to_the_network_is_named(client: str) -> None:
    assert f"`{client}`" in decided(MANIFEST, None, client, "rich")["permissions.network"][1]


def test_what_is_known_is_said_with_its_reason() -> None:
    known = replace(
        MANIFEST, permissions=Permissions(read=("{folder}",)), publisher=PUBLISHER,
        audience=Audience.EVERYONE, integrates=Integrates.CLOUD,
    )  # fmt: skip
    server = offering(packageArguments=[argument("folder", format="filepath")])

    found = decided(known, server, alias="")

    assert found["permissions.network"] == ("nothing", "no document says; read the source")
    assert found["permissions.read"] == ("{folder}", "its inputs that are paths")
    assert found["audience"] == ("everyone", "as it was")
    assert found["integrates"][0] == "cloud"
    assert found["publisher"][0] == "https://forge.example/acme/clock by release.yml"
    assert found["alias"][0] == "none"
    assert found["reviews.criteria"][0] == "locked, inspected"
    assert "server.json" not in found
    variable = offering(environmentVariables=[{"name": "TOKEN"}])
    assert "server.json" not in decided(MANIFEST, variable)


def test_a_server_elsewhere_claims_nothing_of_a_package() -> None:
    there = replace(
        MANIFEST, package=None, permissions=Permissions(network=("mcp.example.com",)),
        integrates=Integrates.CLOUD,
    )  # fmt: skip

    found = decided(there)

    assert found["permissions.network"] == ("mcp.example.com", "the hosts of its remotes")
    assert {"permissions.read", "permissions.write, exec", "server.json"}.isdisjoint(found)
    assert found["reviews.criteria"][0] == "none"
    assert decided(there, probed=True)["reviews.criteria"][0] == "probed"
    assert proposals.probe(None) == ProbeSettings()
