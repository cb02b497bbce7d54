"""Attack T23: an index sends the client, with its credentials, to somebody else.

Who: an operator or intruder of a private index, or who can write a link on one of its pages.
Stopped by: `system.fetch`; credentials go to the exact origin of the index (scheme, host and
port) and to nobody else, whatever a redirect or a page says.
Twin: `test_credentials_reach_their_index_also_through_its_own_redirect`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.indexes import Index, Source, Store, fetch_artifacts
from mcpinstall.system.fetch import Client, Credentials
from mcpinstall.system.urls import parse
from tests.builders.index_server import IndexServer, Reply, machine_at, redirect

SECRET = Credentials(user="me", password="hunter2")
OTHERS = {"X-Api-Key": "k", "Cookie": "c=1", "PROXY-AUTHORIZATION": "p", "x-custom-auth": "a"}
ALLOWED = {"host", "user-agent", "accept", "accept-encoding", "connection"}


@pytest.fixture
def servers() -> Iterator[tuple[IndexServer, IndexServer]]:
    with IndexServer() as index, IndexServer() as stranger:
        index.credentials = SECRET.header
        yield index, stranger


def client_of(index: IndexServer, folder: Path) -> Client:
    return Client(index.url, machine=machine_at(folder), credentials=SECRET)


def test_credentials_reach_their_index_also_through_its_own_redirect(
    servers: tuple[IndexServer, IndexServer], tmp_path: Path
) -> None:
    index, _ = servers
    index.answer("/simple/alpha/", redirect("/simple/beta/"))
    index.answer("/simple/beta/", Reply(b"page"))

    with client_of(index, tmp_path) as client:
        answer = client.get_bytes(f"{index.url}/alpha/", limit=100, headers=OTHERS)

    assert answer is not None
    for request in index.requests:
        assert request.headers["authorization"] == SECRET.header
        assert request.headers["x-api-key"] == "k"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_credential_follows_to_another_origin_and_none_comes_back(
    servers: tuple[IndexServer, IndexServer], tmp_path: Path, host: str
) -> None:
    index, stranger = servers
    index.answer("/simple/alpha/", redirect(f"http://{host}:{stranger.port}/simple/b/"))
    stranger.answer("/simple/b/", redirect("/simple/c/"))
    stranger.answer("/simple/c/", Reply(b"page", headers={"Set-Cookie": "track=1"}))

    with client_of(index, tmp_path) as client:
        for _ in range(2):
            client.get_bytes(f"{index.url}/alpha/", limit=100, headers=OTHERS)

    assert len(stranger.requests) == 4
    for request in stranger.requests:
        assert request.headers.keys() <= ALLOWED
    assert index.requests[-1].headers["cookie"] == "c=1"


def test_a_link_on_a_page_gets_no_credentials_either(
    servers: tuple[IndexServer, IndexServer], tmp_path: Path
) -> None:
    index, stranger = servers
    artifact = index.publish("alpha-1-py3-none-any.whl", b"wheel")
    stranger.publish("alpha-1-py3-none-any.whl", b"wheel")
    index.file_host = stranger.origin

    fetch_artifacts(
        [artifact],
        index=Index(sources=(Source(url=parse(index.url), credentials=SECRET),)),
        store=Store(tmp_path / "store"),
        machine=machine_at(tmp_path),
    )

    (request,) = stranger.requests
    assert request.path.startswith("/files/")
    assert request.headers.keys() <= ALLOWED


def test_no_secret_is_logged_or_told(
    servers: tuple[IndexServer, IndexServer], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    index, stranger = servers
    index.answer("/simple/alpha/", redirect(f"{stranger.origin}/nowhere"))
    caplog.set_level(logging.DEBUG)

    with client_of(index, tmp_path) as client:
        assert client.get_bytes(f"{index.url}/alpha/", limit=100) is None
        index.answer("/simple/alpha/?token=hunter2", Reply(status=403))
        with pytest.raises(McpInstallError) as refused:
            client.get_bytes(f"{index.url}/alpha/?token=hunter2", limit=100)

    told = f"{refused.value.message} {refused.value.hint} {refused.value!r} {client!r}"
    for text in (told, caplog.text):
        assert "hunter2" not in text
        assert SECRET.header.split()[1] not in text
