"""The store: content-addressed, private, and never trusted without a look."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes.store import Held, Store
from mcpinstall.model.artifact import Artifact

CONTENT = b"wheel"
NOW = datetime(2026, 11, 22, tzinfo=UTC)

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX")


def artifact(content: bytes = CONTENT, name: str = "a-1-py3-none-any.whl") -> Artifact:
    return Artifact(
        filename=name, package="a", version="1", size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


def put(store: Store, content: bytes = CONTENT) -> Path:
    item = artifact(content)
    with store.incoming(item) as file:
        file.write(content)
    return store.path(item.sha256)


def damage(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts" / "sha256")


def leftovers(store: Store) -> list[str]:
    return sorted(path.name for path in store._root.glob("*/*") if len(path.name) != 64)


def test_a_file_is_kept_under_its_digest(store: Store) -> None:
    assert store.held(artifact()) is Held.MISSING
    path = put(store)

    assert path.read_bytes() == CONTENT
    assert path.parent.name == path.name[:2]
    assert store.has(artifact())
    assert store.size() == len(CONTENT)
    assert leftovers(store) == []


@posix
def test_the_store_belongs_to_this_user_alone(store: Store) -> None:
    path = put(store)

    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    for folder in (path.parent, store._root, store._root.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.incoming(artifact()) as file:
        file.write(CONTENT[:2])
        raise RuntimeError

    assert store.held(artifact()) is Held.MISSING
    assert leftovers(store) == []


@pytest.mark.parametrize("content", [b"", b"whee", b"wheels", b"WHEEL"])
def test_a_damaged_entry_is_noticed_and_moved_aside(store: Store, content: bytes) -> None:
    path = put(store)
    damage(path, content)

    assert store.held(artifact()) is Held.DAMAGED
    store.quarantine(artifact())

    assert store.held(artifact()) is Held.MISSING
    (aside,) = leftovers(store)
    assert aside.endswith(".damaged")


@posix
def test_a_link_a_folder_and_a_pipe_are_no_entries(store: Store, tmp_path: Path) -> None:
    path = put(store)
    path.unlink()
    right = tmp_path / "right"
    right.write_bytes(CONTENT)

    path.symlink_to(right)
    assert store.held(artifact()) is Held.DAMAGED
    store.quarantine(artifact())
    path.mkdir()
    assert store.held(artifact()) is Held.DAMAGED
    store.quarantine(artifact())
    os.mkfifo(path)
    assert store.held(artifact()) is Held.DAMAGED
    assert right.read_bytes() == CONTENT


def test_two_writers_of_one_file_are_safe(store: Store) -> None:
    gate = threading.Barrier(8)

    def write() -> None:
        gate.wait()
        put(store)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.has(artifact())
    assert leftovers(store) == []


@pytest.mark.parametrize("digest", ["", "../../x", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_no_other_name_reaches_the_disk(store: Store, digest: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        store.path(digest)

    assert refused.value.code is ErrorCode.LOCK_INVALID


@posix
def test_a_folder_that_others_can_write_to_is_refused(store: Store) -> None:
    put(store)
    store._root.chmod(0o777)

    with pytest.raises(McpInstallError) as refused:
        put(store, b"other")

    assert refused.value.code is ErrorCode.STATE_UNSAFE


def test_pruning_removes_the_old_the_damaged_and_what_dead_processes_left(store: Store) -> None:
    old, new = put(store, b"old"), put(store, b"new one")
    damage(put(store, b"damaged"), b"x")
    store.quarantine(artifact(b"damaged"))
    stale, fresh = old.with_name(".incoming-1"), old.with_name(".incoming-2")
    for path, days in ((old, 40), (new, 10), (stale, 2), (fresh, 0)):
        path.touch()
        when = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (when, when))

    pruned = store.prune(now=NOW, days=30)

    assert not old.exists()
    assert not stale.exists()
    assert new.exists()
    assert fresh.exists()
    assert (pruned.files, pruned.size) == (3, len(b"old") + 1)
    assert store.prune(now=NOW).files == 1
    assert leftovers(store) == [".incoming-2"]


def test_an_absent_store_is_empty(store: Store) -> None:
    assert store.size() == 0
    assert store.prune(now=NOW).files == 0
