"""Secrets in clear text: in the host's file and nowhere else, and never lost in silence."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.operations import verify
from tests.builders.world import ARGUMENT, World

pytestmark = pytest.mark.e2e

TOKEN = {"name": "TOKEN", "description": "The token", "isSecret": True, "isRequired": False}


@pytest.fixture
def secret_world(world: World) -> World:
    world.offer("vault", arguments=(ARGUMENT,), environment=(TOKEN,))
    world.install("vault", hosts=["cursor"], settings=(("TOKEN", "first"),), plaintext_secrets=True)
    assert b'"first"' in world.file("cursor").read_bytes()
    return world


def test_another_secret_is_not_installed_already(secret_world: World) -> None:
    secret_world.install(
        "vault", hosts=["cursor"], settings=(("TOKEN", "second"),), plaintext_secrets=True
    )

    assert b'"second"' in secret_world.file("cursor").read_bytes()
    assert b'"first"' not in secret_world.file("cursor").read_bytes()


def test_the_same_secret_is_installed_already(secret_world: World) -> None:
    again = secret_world.install(
        "vault", hosts=["cursor"], settings=(("TOKEN", "first"),), plaintext_secrets=True
    )

    assert again is None


def test_configure_does_not_drop_a_secret_that_it_does_not_know(secret_world: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        secret_world.configure("vault", ("zone", "Oslo"))

    assert refused.value.code is ErrorCode.INPUT_MISSING
    assert b'"first"' in secret_world.file("cursor").read_bytes()

    secret_world.configure("vault", ("zone", "Oslo"), ("TOKEN", "env:MINE"))

    assert b'"${env:MINE}"' in secret_world.file("cursor").read_bytes()


def test_verify_finds_another_environment(secret_world: World) -> None:
    file = secret_world.file("cursor")
    assert [one.findings for one in verify.verify((), secret_world.context)] == [()]

    file.write_bytes(file.read_bytes().replace(b'"TOKEN": "', b'"LD_PRELOAD": "/x", "TOKEN": "'))

    (entry,) = verify.verify((), secret_world.context)
    assert [one.message for one in entry.findings] == [
        "gives `vault` another environment than mcpinstall wrote"
    ]


def test_verify_without_a_host_checks_no_host(world: World) -> None:
    world.install("clock", print_only=True)

    (entry,) = verify.verify((), world.context)

    (found,) = [one for one in entry.checks if one.check is Check.HOST_FILES]
    assert found.outcome is Outcome.NOT_CHECKED


def test_a_clear_text_secret_is_never_printed(world: World) -> None:
    world.offer("vault", arguments=(ARGUMENT,), environment=(TOKEN,))

    with pytest.raises(McpInstallError) as refused:
        world.install(
            "vault", settings=(("TOKEN", "first"),), plaintext_secrets=True, print_only=True
        )

    assert refused.value.code is ErrorCode.INPUT_INVALID
    assert "first" not in refused.value.message + refused.value.hint
    assert world.receipts() == {}
