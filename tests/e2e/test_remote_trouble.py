"""A remote server that can't be asked, and a token that can't be sent: what the user is told."""

from __future__ import annotations

import secrets

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.operations import test_server
from tests.builders.remote_offers import TOKEN_HEADER, offer_remote, remote
from tests.builders.remote_server import RemoteServer
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

TOKEN = ("token", "env:CLOUD_TOKEN")


def test_a_failed_question_is_not_said_to_have_run_a_program(world: World) -> None:
    with RemoteServer() as server:
        url = server.url
    words = (f"remote:{url}", "--as", "gone", "--host", "cursor")
    mcpi = world.command()
    digest = mcpi.run("install", *words, "--dry-run").stdout.strip()
    done = mcpi.run(
        "install", *words, "--yes", "--allow", "unreviewed", "--expect-digest", digest, status=5
    )

    assert "nothing was changed" in done.stderr
    assert "did run" not in done.stderr
    assert "is it started, and at that address?" in done.stderr


@pytest.mark.parametrize("end", [" ", "\n", "\u00e9"])
def test_a_token_that_no_header_can_hold_is_refused_before_it_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("CLOUD_TOKEN", secrets.token_hex(16) + end)
    with RemoteServer(token="t") as server:
        offer_remote(world, remote(server.url, headers=[TOKEN_HEADER]))
        world.install("cloud", hosts=["cursor"], settings=(TOKEN,))
        asked = len(server.requests)
        with pytest.raises(McpInstallError) as refused:
            test_server.test("cloud", world.context, with_secrets=True)

        assert len(server.requests) == asked
    assert refusal(refused) == ("input-invalid", 2)
    assert "at its end" in refused.value.hint
