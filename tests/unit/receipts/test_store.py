from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import AppliedEntry, Chain, Patch
from mcpinstall.model.receipt import FileChange, HistoryRecord
from mcpinstall.receipts.store import JOURNAL, ReceiptStore
from mcpinstall.system import files, limits
from mcpinstall.system.paths import StatePaths
from tests.builders.hosts import server


@pytest.fixture
def store(tmp_path: Path) -> ReceiptStore:
    root = tmp_path / "state"
    return ReceiptStore(StatePaths(config=root / "c", data=root / "d", cache=root / "e"))


def record(record_id: str) -> HistoryRecord:
    return HistoryRecord(
        id=record_id, action="install", entries=("time",), files=(), chains_before=(),
        chains_after=(), receipts_before=(), receipts_after=(),
    )  # fmt: skip


def chain(row_id: str, *names: str) -> Chain:
    patch = Patch(offset=0, removed=b"", inserted=b"x")
    return Chain(
        row_id=row_id,
        entries=tuple(
            AppliedEntry(entry=server(name), patch=patch, created=False) for name in names
        ),
    )


ONE, TWO = "20261122T134501Z-001aaaaaa", "20261122T134501Z-002aaaaaa"


def test_a_change_is_in_the_history_before_its_journal_goes(store: ReceiptStore) -> None:
    store.begin(record(ONE))
    assert not store.is_finished(ONE)
    assert store.history() == ()

    store.finish(record(ONE))

    assert store.is_finished(ONE)
    assert store.journal() == record(ONE)
    assert store.history() == (record(ONE),)
    store.close()
    assert store.journal() is None


def test_a_change_that_nobody_could_read_back_is_not_begun(store: ReceiptStore) -> None:
    large = Patch(offset=0, removed=b"x" * limits.STATE_BYTES, inserted=b"")
    file = FileChange(
        row_id="cursor-user", path_sha256="0" * 64, before_sha256="1" * 64, after_sha256="2" * 64,
        patch=large,
    )  # fmt: skip

    with pytest.raises(McpInstallError) as refused:
        store.begin(replace(record(ONE), files=(file,)))

    assert refused.value.code is ErrorCode.NOT_SUPPORTED_YET
    assert store.journal() is None


def test_history_is_in_order_and_old_records_are_forgotten(store: ReceiptStore) -> None:
    for one in (TWO, ONE):
        store.finish(record(one))
    assert [found.id for found in store.history()] == [ONE, TWO]
    assert store.last_id() == TWO

    store.forget_before(TWO)

    assert [found.id for found in store.history()] == [TWO]


def test_without_history_there_is_no_last_id(store: ReceiptStore) -> None:
    assert store.last_id() == ""


def test_other_files_are_no_records(store: ReceiptStore) -> None:
    store.finish(record(ONE))
    for name in ("notes.json", f".{ONE}.json.0123456789ab.mcpi", JOURNAL):
        (store.paths.history / name).write_text("{}")

    assert [found.id for found in store.history()] == [ONE]
    assert store.last_id() == ONE


def test_the_rows_of_an_entry_come_from_the_chains(store: ReceiptStore) -> None:
    store.write_chain(chain("cursor-user", "time", "git"))
    store.write_chain(chain("codex-user", "time"))
    store.write_chain(chain("vscode-user", "git"))

    assert store.rows_with("time") == ("codex-user", "cursor-user")
    assert store.rows_with("fetch") == ()


def test_an_empty_chain_is_removed(store: ReceiptStore) -> None:
    store.write_chain(chain("cursor-user", "time"))
    store.write_chain(chain("cursor-user"))

    assert store.chain("cursor-user") == Chain(row_id="cursor-user")
    assert list(store.paths.hosts.iterdir()) == []


@pytest.mark.parametrize("name", ["../up", "", "a/b", "a b", "-x"])
def test_a_name_that_could_lead_elsewhere_names_no_record(store: ReceiptStore, name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        store.receipt(name)

    assert refused.value.code is ErrorCode.STATE_INVALID


def test_a_damaged_record_is_named(store: ReceiptStore) -> None:
    store.finish(record(ONE))
    path = store.paths.history / f"{ONE}.json"
    path.write_bytes(path.read_bytes()[:40])

    with pytest.raises(McpInstallError) as refused:
        store.history()

    assert refused.value.code is ErrorCode.STATE_INVALID
    assert str(path) in refused.value.message


@pytest.mark.parametrize(
    "name", ["time.txt", "time", ".hidden.json", "a b.json", "time.json.bak", "-time.json"]
)
def test_a_file_that_is_no_record_is_passed_over(store: ReceiptStore, name: str) -> None:
    store.write_chain(chain("cursor-user", "time"))
    (store.paths.hosts / name).write_text("no record")

    assert store.rows_with("time") == ("cursor-user",)


@pytest.mark.parametrize("name", [f"{ONE}-old", f"{ONE}x", "journal", "2026"])
def test_a_record_without_the_name_of_one_is_not_in_the_history(
    store: ReceiptStore, name: str
) -> None:
    store.finish(record(ONE))
    (store.paths.history / f"{name}.json").write_text("no record")

    assert [one.id for one in store.history()] == [ONE]


def test_what_another_process_removes_at_the_same_time_is_no_failure(
    store: ReceiptStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.begin(record(ONE))
    store.close()
    monkeypatch.setattr(Path, "exists", lambda _: True)

    store.close()


def test_a_removal_lasts(store: ReceiptStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.begin(record(ONE))
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)

    store.close()

    assert synced == [store.paths.history]
