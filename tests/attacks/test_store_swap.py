"""Attack T20: a stored file is swapped between its check and its use.

Who: another program of the same user, a restored backup, a failing disk.
Stopped by: check 4; the store hashes a file at each use and never keeps one under a digest that
its bytes do not have.  What is handed on is hashed once more, from the copy (`verification`).
Twin: `test_the_honest_file_is_used_from_the_store`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import Fetched, Index, Source, Store, fetch_artifacts
from mcpinstall.model.artifact import Artifact
from mcpinstall.system.urls import parse
from tests.builders.index_server import IndexServer, machine_at

HONEST = b"honest" * 1000
MALICE = b"malice" * 1000


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as started:
        yield started


@pytest.fixture
def artifact(server: IndexServer) -> Artifact:
    return server.publish("alpha-1-py3-none-any.whl", HONEST)


def fetch(
    server: IndexServer, artifact: Artifact, folder: Path, *, offline: bool = False
) -> Fetched:
    return fetch_artifacts(
        [artifact],
        index=Index(sources=(Source(url=parse(server.url)),)),
        store=Store(folder / "store"),
        machine=machine_at(folder),
        offline=offline,
    )


def test_the_honest_file_is_used_from_the_store(
    server: IndexServer, artifact: Artifact, tmp_path: Path
) -> None:
    fetch(server, artifact, tmp_path)
    server.requests.clear()

    ((_, path),) = fetch(server, artifact, tmp_path).paths

    assert path.read_bytes() == HONEST
    assert server.requests == []


def test_a_file_swapped_in_the_store_is_put_aside_and_fetched_again(
    server: IndexServer, artifact: Artifact, tmp_path: Path
) -> None:
    ((_, path),) = fetch(server, artifact, tmp_path).paths
    swapped = tmp_path / "swapped"
    swapped.write_bytes(MALICE)
    swapped.replace(path)

    again = fetch(server, artifact, tmp_path)

    assert again.repaired == (artifact.filename,)
    assert path.read_bytes() == HONEST


def test_offline_a_swapped_file_is_refused(
    server: IndexServer, artifact: Artifact, tmp_path: Path
) -> None:
    ((_, path),) = fetch(server, artifact, tmp_path).paths
    path.unlink()
    path.write_bytes(MALICE)

    with pytest.raises(McpInstallError) as refused:
        fetch(server, artifact, tmp_path, offline=True)

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
def test_a_link_in_the_store_is_not_followed(
    server: IndexServer, artifact: Artifact, tmp_path: Path
) -> None:
    ((_, path),) = fetch(server, artifact, tmp_path).paths
    outside = tmp_path / "outside"
    path.rename(outside)
    path.symlink_to(outside)

    again = fetch(server, artifact, tmp_path)

    assert again.repaired == (artifact.filename,)
    assert not path.is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
def test_a_file_swapped_while_it_arrives_is_not_used_next_time(
    server: IndexServer, artifact: Artifact, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    with store.incoming(artifact) as sink:
        sink.write(HONEST)
        (incoming,) = (tmp_path / "store").glob("*/.incoming-*")
        swapped = tmp_path / "swapped"
        swapped.write_bytes(MALICE)
        swapped.replace(incoming)

    assert not store.has(artifact)
    assert fetch(server, artifact, tmp_path).repaired == (artifact.filename,)
