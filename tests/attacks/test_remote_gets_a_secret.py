"""Attack T23: a remote server, or who describes it, gets a secret that was not meant for it.

Who: who runs the server, describes it in a registry, or can redirect its answers.  Ways: a header
named like a variable of the user's, a variable in the address, a redirect, a credential in the
address that ends in logs.
Stopped by: `planning.remotes` (a secret goes where the user sends it by name), `operations.
probing_remote` (mcpi's own question carries none), `system.remote_channel` (nothing leaves the
server's origin).
Twin: `test_a_secret_that_the_user_gave_reaches_the_server_that_it_was_given_for`.
"""

from __future__ import annotations

import secrets

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import test_server
from mcpinstall.probing import ProbeResult, probe_remote
from mcpinstall.system.machine import Machine
from mcpinstall.system.remote_channel import Target
from tests.builders.remote_offers import TOKEN_HEADER, offer_remote, remote
from tests.builders.remote_server import RemoteServer, Reply
from tests.builders.world import World

NAMED_LIKE_THE_USERS = "AWS_SECRET_ACCESS_KEY"
URL = "https://mcp.example.com/mcp"


def test_a_secret_that_the_user_gave_reaches_the_server_that_it_was_given_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = secrets.token_hex(16)
    monkeypatch.setenv("MY_TOKEN", token)
    with RemoteServer(token=token) as server:
        offer_remote(world, remote(server.url, headers=[TOKEN_HEADER]))
        world.install("cloud", hosts=["codex"], settings=(("token", "env:MY_TOKEN"),))
        assert not any(token in str(request.headers) for request in server.requests)

        asked = test_server.test("cloud", world.context, with_secrets=True)

    assert len(asked.tools) == 2
    assert b'bearer_token_env_var = "MY_TOKEN"' in world.file("codex").read_bytes()


def test_a_secret_in_clear_text_is_for_the_host_and_not_for_our_question(world: World) -> None:
    token = secrets.token_hex(16)
    header = {"name": "X-Key", "isSecret": True}
    with RemoteServer() as server:
        offer_remote(world, remote(server.url, headers=[header]))
        world.install(
            "cloud", hosts=["cursor"], settings=(("X-Key", token),), plaintext_secrets=True
        )

    assert token.encode() in world.file("cursor").read_bytes()
    assert server.requests
    assert not any(token in str(request.headers) for request in server.requests)
    assert token not in str(world.receipts())


@pytest.mark.parametrize("required", [True, False])
def test_a_header_named_like_a_variable_does_not_get_it(
    world: World, required: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAMED_LIKE_THE_USERS, secrets.token_hex(16))
    header = {"name": NAMED_LIKE_THE_USERS, "isSecret": True, "isRequired": required}
    offer_remote(world, remote(URL, headers=[header]))

    if required:
        with pytest.raises(McpInstallError) as refused:
            world.prepare("cloud", hosts=["cursor"])
        assert refused.value.code is ErrorCode.INPUT_MISSING
    else:
        (plan,) = world.prepare("cloud", hosts=["cursor"]).plan.servers
        assert plan.remote is not None
        assert plan.remote.headers == ()


@pytest.mark.parametrize(
    "remote_item",
    [
        remote(f"{URL}/{{key}}", variables={"key": {"isSecret": True, "isRequired": True}}),
        remote(f"{URL}?api_key={{key}}", variables={"key": {"isRequired": True}}),
    ],
)
def test_an_address_that_would_hold_a_secret_is_refused(
    world: World, remote_item: dict[str, object]
) -> None:
    offer_remote(world, remote_item)

    with pytest.raises(McpInstallError) as refused:
        world.prepare("cloud", hosts=["cursor"], settings=(("key", "typed"),))

    assert refused.value.code is ErrorCode.POLICY_REFUSED


def test_an_address_with_a_secret_typed_into_it_is_refused_and_not_repeated(world: World) -> None:
    token = secrets.token_hex(16)

    for url in (f"{URL}?token={token}", f"https://me:{token}@mcp.example.com/mcp"):
        with pytest.raises(McpInstallError) as refused:
            world.prepare(f"remote:{url}", hosts=["cursor"])
        told = f"{refused.value.message} {refused.value.hint} {refused.value.evidence}"
        assert token not in told


@pytest.mark.parametrize("url", [f"{URL}/${{HOME}}", f"{URL}/$HOME", f"{URL}/{{env:HOME}}"])
def test_an_address_that_a_host_would_fill_with_a_variable_is_refused(
    world: World, url: str
) -> None:
    for host in ("cursor", "claude-code"):
        with pytest.raises(McpInstallError):
            world.prepare(f"remote:{url}", hosts=[host])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_header_follows_to_another_origin(status: int) -> None:
    token = secrets.token_hex(16)
    given = {"Authorization": f"Bearer {token}", "Cookie": token, "X-Api-Key": token}
    with RemoteServer() as stranger:
        away = Reply(status=status, headers={"Location": stranger.url})
        with RemoteServer(replying=lambda _: away) as server, pytest.raises(McpInstallError):
            probe_remote(
                Target(url=server.url, named_by_user=True, headers=tuple(given.items())),
                "streamable-http",
                machine=Machine.current(),
            )

    assert server.requests[0].headers["authorization"] == f"Bearer {token}"
    assert stranger.requests == []


def test_a_document_that_a_challenge_names_is_fetched_without_the_secret() -> None:
    token = secrets.token_hex(16)
    with RemoteServer(token="another", metadata={"scopes_supported": ["x"]}) as server:
        found = probe_remote(
            Target(
                url=server.url, named_by_user=True,
                headers=(("Authorization", f"Bearer {token}"),),
            ),
            "streamable-http",
            machine=Machine.current(),
        )  # fmt: skip

    assert not isinstance(found, ProbeResult)
    (document,) = [one for one in server.requests if one.path.startswith("/.well-known/")]
    assert "authorization" not in document.headers
