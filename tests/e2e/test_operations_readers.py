"""Who reads takes no lock: what another command changes meanwhile is no damage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import installed, verify, verify_disk
from mcpinstall.receipts import store
from tests.builders.world import World

pytestmark = pytest.mark.e2e

Change = Callable[[World], object]

CHANGES: tuple[Change, ...] = (
    lambda world: world.uninstall("clock"),
    lambda world: world.configure("clock", ("zone", "Oslo")),
    lambda world: world.reinstall("clock"),
)


@pytest.fixture
def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, Change], None]:
    """Let a change happen right after a function has been called for the first time."""

    def arrange(module: Any, name: str, change: Change) -> None:  # noqa: ANN401
        function, calls = getattr(module, name), []

        def called(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            found = function(*arguments, **options)
            calls.append(name)
            if len(calls) == 1:
                change(world)
            return found

        monkeypatch.setattr(module, name, called)

    return arrange


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_while_verifying_is_no_finding(
    world: World, change: Change, meanwhile: Callable[[Any, str, Change], None]
) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("notes", hosts=["cursor"])
    meanwhile(verify_disk, "verify", change)

    found = verify.verify((), world.context)

    assert [one.entry_name for one in found if not one.is_clean] == []
    assert {one.entry_name for one in found} == set(world.receipts())


def test_a_named_entry_that_goes_while_it_is_verified_is_not_installed(
    world: World, meanwhile: Callable[[Any, str, Change], None]
) -> None:
    world.install("clock", hosts=["cursor"])
    meanwhile(verify_disk, "verify", CHANGES[0])

    with pytest.raises(McpInstallError) as gone:
        verify.verify(["clock"], world.context)

    assert gone.value.code is ErrorCode.NOT_INSTALLED


def test_what_is_damaged_stays_a_finding(
    world: World, meanwhile: Callable[[Any, str, Change], None]
) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("notes", hosts=["cursor"])
    (start,) = (world.data / "servers").glob("notes-*/current/start.py")
    start.chmod(0o600)
    start.write_text("pass")
    meanwhile(verify_disk, "verify", CHANGES[0])

    found = verify.verify((), world.context)

    assert [one.entry_name for one in found if one.findings] == ["notes"]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_while_listing_is_no_missing_environment(
    world: World, change: Change, meanwhile: Callable[[Any, str, Change], None]
) -> None:
    world.install("clock", hosts=["cursor"])
    meanwhile(store.ReceiptStore, "receipts", change)

    found = installed.installed(world.context)

    assert {one.receipt.entry_name: one.state for one in found} == dict.fromkeys(
        world.receipts(), "ok"
    )


def test_a_record_that_goes_between_listing_and_reading_is_not_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("notes", hosts=["cursor"])
    records = store._records

    def listed(folder: Path) -> list[Path]:
        found = records(folder)
        for path in found:
            if path.stem == "clock":
                path.unlink()
        return found

    monkeypatch.setattr(store, "_records", listed)

    assert [one.entry_name for one in world.store.receipts()] == ["notes"]
    assert world.store.receipt("clock") is None
