"""`mcpi audit --online`: its address, and what is said of what was asked."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import audit_online, configuration
from mcpinstall.operations.context import Context
from tests.builders import osv
from tests.builders.index_server import IndexServer


@pytest.fixture
def context(home: object) -> Context:
    return Context.current()


def written(context: Context, text: str) -> None:
    folder = context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "config.toml").write_text(f"schema = 1\n{text}", encoding="utf-8")


def test_the_default_is_the_interface_of_osv(context: Context) -> None:
    assert configuration.osv(context) == configuration.OSV
    written(context, "")
    assert configuration.osv(context) == configuration.OSV


@pytest.mark.parametrize(
    "address", ["https://osv.example", "https://osv.example/mirror/", "http://127.0.0.1:8080"]
)
def test_another_address_is_the_users(context: Context, address: str) -> None:
    osv.configure(context, address)

    assert configuration.osv(context) == address.rstrip("/")


@pytest.mark.parametrize(
    "line",
    ['osv = "http://osv.example"', 'osv = "ftp://x.example"', 'osv = "https://x.example/?a=b"',
     'osv = "https://x.example/#a"', 'osv = "https://user:word@x.example"', "osv = 7",
     'other = "x"', 'osv = ""'],
)  # fmt: skip
def test_what_is_no_address_is_refused(context: Context, line: str) -> None:
    written(context, f"[advisories]\n{line}\n")

    with pytest.raises(McpInstallError) as refused:
        configuration.osv(context)

    assert refused.value.code is ErrorCode.CONFIG_INVALID


def test_a_configuration_that_cant_be_read_makes_the_audit_incomplete(context: Context) -> None:
    written(context, "[advisories]\nosv = 7\n")

    found = audit_online.ask([("pypi", "a", "1.0")], None, context)

    assert found.problem is not None
    assert found.problem.code == ErrorCode.CONFIG_INVALID


def test_nothing_is_asked_without_a_package(context: Context) -> None:
    with IndexServer() as service:
        osv.configure(context, service.origin)
        found = audit_online.ask([], None, context)

    assert service.requests == []
    assert "asked nothing" in found.sentence


def test_a_name_without_an_end_is_not_sent(context: Context) -> None:
    with IndexServer() as service:
        osv.configure(context, service.origin)
        found = audit_online.ask([("npm", "a" * 1000, "1.0.0")], None, context)

    assert service.requests == []
    assert found.problem is not None
