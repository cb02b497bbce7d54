"""What an installation pins, and what is held against it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.backing import Backing
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold
from mcpinstall.operations import holds, lookup
from mcpinstall.operations.context import Context
from mcpinstall.operations.holds import is_exact
from mcpinstall.operations.prepared import Draft, HostChoice
from mcpinstall.receipts.store import ReceiptStore
from tests.builders import plans


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("time", False),
        ("time@2026.10.19", True),
        ("io.github.user/clock@1.0", True),
        ("site:clock", False),
        ("site:clock@1.0", True),
        ("mcp:io.github.user/clock", False),
        ("mcp:io.github.user/clock@1.0", True),
        ("pypi:weather", False),
        ("pypi:weather==1.0", True),
        ("remote:https://me@example.org/mcp", False),
        ("remote:https://example.org/mcp?a==b", False),
        ("pypi", False),
        ("pypi@1.0", True),
    ],
)
def test_a_version_that_was_typed(spec: str, *, expected: bool) -> None:
    assert is_exact(spec) is expected


# Of an installation ----------------------------------------------------------------------------

OTHER = "cd" * 32
"""The manifest of another version."""


@pytest.fixture
def there(home: object) -> Callable[..., None]:
    """Return what writes the receipt of an entry of the server."""
    store = ReceiptStore(Context.current().paths)

    def write(entry: str = "git", hold: Hold = Hold.NONE, manifest: str = plans.SHA) -> None:
        store.write_receipt(plans.receipt(entry, hold=hold, manifest_sha256=manifest))

    return write


def installed(*, exact: bool) -> list[Hold]:
    """Return what an installation makes of the hold of a server; nothing where it leaves it."""
    nobody = HostChoice(chosen=(), candidates=(), preselected=())
    drafted = Draft(
        request=Request(names=()), servers=(), missing=(), hosts=nobody,
        exact=frozenset({plans.SHA} if exact else {OTHER}),
    )  # fmt: skip
    slug = lookup.receipt_slug(plans.receipt())
    found = holds.of_installation(drafted, [plans.server(slug=slug)], Context.current())
    assert {of for of, _ in found} <= {slug}
    return [hold for _, hold in found]


def movable() -> McpInstallError | None:
    """Return what refuses to install the version with the manifest `plans.SHA`."""
    slug = lookup.receipt_slug(plans.receipt())
    try:
        holds.require_movable([plans.server(slug=slug)], Context.current())
    except McpInstallError as error:
        return error
    return None


@pytest.mark.usefixtures("home")
def test_only_a_version_that_was_typed_pins_what_is_new() -> None:
    assert installed(exact=True) == [Hold.PINNED]
    assert installed(exact=False) == []


def test_another_version_without_a_typed_one_ends_a_pin(there: Callable[..., None]) -> None:
    there(hold=Hold.PINNED, manifest=OTHER)

    assert installed(exact=False) == [Hold.NONE]
    assert installed(exact=True) == [Hold.PINNED]


def test_the_same_version_once_more_keeps_a_pin(there: Callable[..., None]) -> None:
    there(hold=Hold.PINNED)

    assert installed(exact=False) == []


@pytest.mark.parametrize("manifest", [plans.SHA, OTHER])
def test_what_is_held_is_neither_pinned_nor_let_go(
    there: Callable[..., None], manifest: str
) -> None:
    there("a")
    there("git", Hold.HELD, manifest)

    assert installed(exact=True) == installed(exact=False) == []


def test_what_is_held_is_not_moved_by_an_installation(there: Callable[..., None]) -> None:
    there(hold=Hold.HELD, manifest=OTHER)

    error = movable()

    assert error is not None
    assert error.code is ErrorCode.VERSION_HELD
    assert "mcpi unhold git" in error.hint


def test_an_entry_in_the_wanted_version_hides_no_held_one(there: Callable[..., None]) -> None:
    there("a")
    there("git", Hold.HELD, OTHER)

    error = movable()

    assert error is not None
    assert error.code is ErrorCode.VERSION_HELD


def test_what_is_held_in_the_wanted_version_and_what_is_pinned_can_be_installed(
    there: Callable[..., None],
) -> None:
    assert movable() is None
    there(hold=Hold.HELD)
    assert movable() is None
    there(hold=Hold.PINNED, manifest=OTHER)
    assert movable() is None


@pytest.mark.usefixtures("home")
def test_a_version_of_nobody_is_not_put_over_one_with_a_publisher() -> None:
    backing = Backing(issuer="https://issuer.example", repository="https://forge.example/a/b")
    store = ReceiptStore(Context.current().paths)
    store.write_receipt(plans.receipt(manifest_sha256=OTHER, backing=backing))

    error = movable()

    assert error is not None
    assert error.code is ErrorCode.PUBLISHER_MISSING


# By hand ---------------------------------------------------------------------------------------


def kept() -> dict[str, Hold]:
    return {one.entry_name: one.hold for one in ReceiptStore(Context.current().paths).receipts()}


def test_a_hold_is_of_all_entries_of_a_server_and_no_others(there: Callable[..., None]) -> None:
    context = Context.current()
    there("git", Hold.PINNED)
    there("second")
    ReceiptStore(context.paths).write_receipt(plans.receipt("notes", name="com.example/notes"))

    found = holds.hold(["second", "git"], context)

    assert {one.entry_name: one.hold for one in found} == {"git": Hold.HELD, "second": Hold.HELD}
    assert kept() == {"git": Hold.HELD, "notes": Hold.NONE, "second": Hold.HELD}
    found = holds.unhold(["git"], context)
    assert {one.entry_name: one.hold for one in found} == {"git": Hold.NONE, "second": Hold.NONE}
    assert set(kept().values()) == {Hold.NONE}


def test_a_hold_is_in_the_history_and_one_that_changes_nothing_is_none(
    there: Callable[..., None],
) -> None:
    context = Context.current()
    there("git")
    there("second", Hold.HELD)

    holds.hold(["git"], context)
    found = holds.hold(["git"], context)

    (change,) = ReceiptStore(context.paths).history()
    assert (change.action, change.entries) == ("hold", ("git",))
    assert [one.entry_name for one in found] == ["git", "second"]
    assert [one.hold for one in change.receipts_before] == [Hold.NONE]
    assert [one.hold for one in change.receipts_after] == [Hold.HELD]
    holds.unhold(["git"], context)
    assert ReceiptStore(context.paths).history()[-1].action == "unhold"
