"""The lock of a server that nobody reviewed: what is printed is read again, all else is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, lock_text, server_text
from mcpinstall.model.lock import NO_LOCK
from mcpinstall.model.manifest import PackageChoice
from mcpinstall.model.unreviewed_lock import (
    SourceKind,
    UnreviewedLock,
    exact_version,
    package_name,
    parse,
)
from tests.builders import mcp_registry

SERVER = "io.github.user/weather"
LOCK = lock_text.parse(
    f"""\
lock-version = "1.0"
created-by = "test"
requires-python = ">=3.11"

[[packages]]
name = "weather-server"
version = "2.0"

[[packages.wheels]]
path = "weather_server-2.0-py3-none-any.whl"
upload-time = 2026-01-01T00:00:00Z
size = 1000
hashes = {{ sha256 = "{"a" * 64}" }}
""".encode(),
    "lock",
)
CHOICE = PackageChoice(
    registry_type="pypi", identifier="weather-server", version="2.0", script="weather-server",
    requires_python=">=3.11", platforms=("linux-x86_64-glibc",),
)  # fmt: skip
PYPI = UnreviewedLock(
    source=SourceKind.PYPI, name="weather-server", version="2.0", origin="b" * 64,
    package=CHOICE, lock=LOCK,
)  # fmt: skip
REMOTE = {"type": "sse", "url": "https://weather.example/sse"}


def of_entry(choice: PackageChoice | None = CHOICE, **changes: Any) -> UnreviewedLock:  # noqa: ANN401
    """Return the lock of an MCP registry's entry."""
    document = mcp_registry.document(SERVER, **changes)
    return UnreviewedLock(
        source=SourceKind.MCP, name=SERVER, version="2.0.0", origin="b" * 64, package=choice,
        entry=json_text.canonical(document), entry_sha256="c" * 64,
        lock=LOCK if choice else NO_LOCK,
    )  # fmt: skip


MCP = of_entry()


def code(document: object) -> ErrorCode:
    with pytest.raises(McpInstallError) as refused:
        parse(json.dumps(document).encode(), "x")
    return refused.value.code


@pytest.mark.parametrize(
    "lock",
    [
        PYPI,
        MCP,
        of_entry(None, packages=None, remotes=[REMOTE]),
        of_entry(remotes=[REMOTE]),
        of_entry(packages=[mcp_registry.package(version="2.0.0")]),
        of_entry(packages=[mcp_registry.package(version="1.0", identifier="other"),
                           mcp_registry.package()]),
    ],
)  # fmt: skip
def test_what_is_printed_is_read_again(lock: UnreviewedLock) -> None:
    again = parse(lock.text, "x")

    assert again == lock
    assert (again.text, again.sha256, again.root) == (lock.text, lock.sha256, lock.root)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "origin": st.text("0123456789abcdef", min_size=64, max_size=64),
            "package": st.builds(
                lambda script, minor: replace(
                    CHOICE, script=script, requires_python=f">=3.{minor}"
                ),
                st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True),
                st.integers(11, 15),
            ),
        },
    )
)
def test_equal_decisions_have_equal_digests_and_others_another(changes: dict[str, Any]) -> None:
    lock = replace(PYPI, **changes)

    assert parse(lock.text, "x") == lock
    assert (lock.sha256 == PYPI.sha256) == (lock == PYPI)


@pytest.mark.parametrize(
    "change",
    [
        lambda top: top.update(schema=2),
        lambda top: top.update(schema=True),
        lambda top: top.update(more=1),
        lambda top: top.update(source="npm"),
        lambda top: top.update(source="mcp"),
        lambda top: top.update(name="Weather_Server"),
        lambda top: top.update(name="--index-url"),
        lambda top: top.update(name="other"),
        lambda top: top.update(version="1.0"),
        lambda top: top.update(origin="B" * 64),
        lambda top: top.update(origin="b" * 63),
        lambda top: top.update(package=None),
        lambda top: top.update(package=[]),
        lambda top: top.update(server=json.loads(MCP.entry)),
        lambda top: top.update(server=[]),
        lambda top: top.update(lock=None),
        lambda top: top.update(lock=""),
        lambda top: top.update(lock="\ud800"),
        lambda top: top.update(lock=top["lock"].replace("weather-server", "other-server")
                               .replace("weather_server", "other_server")),
        lambda top: top.update(lock=top["lock"] + "#" * 4 * 1024 * 1024),
        lambda top: top.pop("lock"),
        lambda top: top.pop("origin"),
        lambda top: top["package"].update(version="1.0"),
        lambda top: top["package"].update(version="2.*"),
        lambda top: top["package"].update(identifier="weather-server[x]"),
        lambda top: top["package"].update(script="../x"),
        lambda top: top["package"].update(script="-c"),
        lambda top: top["package"].update(script=""),
        lambda top: top["package"].update(platforms=[]),
        lambda top: top["package"].update(platforms=["amiga"]),
        lambda top: top["package"].update({"requires-python": "three"}),
        lambda top: top["package"].update(more=1),
    ],
)  # fmt: skip
def test_a_lock_of_a_package_is_refused_for(change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(PYPI.text)
    assert parse(json.dumps(document).encode(), "x") == PYPI
    change(document)

    assert code(document) is ErrorCode.LOCK_INVALID


@pytest.mark.parametrize(
    "change",
    [
        lambda top: top.update(source="pypi"),
        lambda top: top.update(name="io.github.user/other"),
        lambda top: top.update(name="weather"),
        lambda top: top.update(version="2.0.1"),
        lambda top: top.update({"server-sha256": ""}),
        lambda top: top.update(server=None),
        lambda top: top.update(package=None, lock=""),
        lambda top: top["server"]["packages"][0].update(identifier="other"),
        lambda top: top["server"]["packages"][0].update(version="1.0"),
        lambda top: top["server"]["packages"][0].update(registryType="npm"),
        lambda top: top["server"]["packages"][0].update(
            transport={"type": "sse", "url": "http://localhost:1/"}),
    ],
)  # fmt: skip
def test_a_lock_of_an_entry_is_refused_for(change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(MCP.text)
    assert parse(json.dumps(document).encode(), "x") == MCP
    change(document)

    assert code(document) is ErrorCode.LOCK_INVALID


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"description": "a\u202eb"}, ErrorCode.TEXT_HOSTILE),
        ({"status": "active"}, ErrorCode.SERVER_JSON_INVALID),
        ({"$schema": "https://static.modelcontextprotocol.io/schemas/2025-07-09/server.schema.json"},
         ErrorCode.SERVER_JSON_INVALID),
    ],
)  # fmt: skip
def test_its_entry_is_held_to_all_rules_of_a_document(
    change: dict[str, Any], expected: ErrorCode
) -> None:
    document = copy.deepcopy(json.loads(MCP.text))
    document["server"] |= change

    assert code(document) is expected


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"schema": 1, "schema": 1}', b"\xff"])
def test_what_is_no_lock_at_all_is_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError):
        parse(data, "x")


def test_a_bare_package_is_a_server_of_one_package_without_inputs() -> None:
    (package,) = PYPI.server.packages

    assert (PYPI.server.name, package.identifier, package.transport) == (
        "pypi:weather-server", "weather-server", "stdio",
    )  # fmt: skip
    assert MCP.server == server_text.parse(MCP.entry, "x")


@pytest.mark.parametrize(
    ("text", "name"), [("Weather_Server", "weather-server"), ("a.b", "a-b"), ("x", "x")]
)
def test_a_name_is_normalised(text: str, name: str) -> None:
    assert package_name(text) == name


@pytest.mark.parametrize("text", ["", "-x", "a b", "a[b]", "a @ https://x", "./a", "a\nb", "é"])
def test_what_is_no_name_of_a_package_is_refused(text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        package_name(text)

    assert refused.value.code is ErrorCode.NAME_INVALID


@pytest.mark.parametrize("text", ["", "latest", "2.*", ">=2", "2.0,3.0", "x", "1..2", "2.0 "])
def test_what_is_no_exact_version_is_refused(text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        exact_version(text)

    assert refused.value.code is ErrorCode.NAME_INVALID


def test_an_exact_version_gets_its_normal_form() -> None:
    assert [exact_version(text) for text in ("2.0", "v2.0", "2.0-RC1")] == ["2.0", "2.0", "2.0rc1"]
