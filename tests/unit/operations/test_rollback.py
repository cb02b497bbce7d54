"""What a rollback gives back, of a state without programs: receipts, `current`, the history."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import AppliedEntry, Chain, EnvironmentValue, Patch
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.receipt import Hold, Receipt
from mcpinstall.operations import lookup, rollback
from mcpinstall.operations.transaction import Transaction
from tests.builders import plans
from tests.builders.generations import MANIFESTS, State
from tests.builders.hosts import server
from tests.builders.policies import of_user
from tests.builders.unfinished import NEW, OLD, Scene

ZONE = InputValue(name="zone", value="Oslo")


@pytest.fixture
def state(scene: Scene) -> State:
    return State(scene)


@pytest.fixture
def updated(state: State) -> State:
    """One entry, updated."""
    state.install("clock")
    state.update("clock")
    return state


def refused(act: Callable[[], object]) -> McpInstallError:
    with pytest.raises(McpInstallError) as error:
        act()
    return error.value


# What goes back --------------------------------------------------------------------------------


def test_the_version_before_comes_back_to_the_last_word(updated: State) -> None:
    (brought,) = [one for one in updated.store.history() if one.action == "update"]
    prepared = updated.prepare()

    assert (prepared.record.id, prepared.whole, prepared.undone) == (brought.id, True, None)
    (step,) = prepared.steps
    assert (step.entries, step.changed) == (("clock",), False)
    assert step.versions == (updated.new["clock"].version, updated.old["clock"].version)

    done = rollback.commit(prepared, updated.context)

    assert updated.receipts() == updated.old
    assert updated.scene.current == OLD
    assert (done.record.action, done.record.undoes) == ("rollback", brought.id)
    assert done.receipts == (updated.old["clock"],)
    assert done.notes == prepared.notes


def test_what_cannot_be_checked_is_told_by_name(updated: State) -> None:
    (note,) = updated.prepare().notes

    assert note.startswith("`clock` 1.0.0: advisories were not checked")


def test_every_entry_of_the_server_goes_back(state: State) -> None:
    state.install("clock", "second")
    state.update("clock", "second")

    prepared = state.prepare("second")
    assert prepared.steps[0].entries == ("clock", "second")
    assert [note.partition(":")[0] for note in prepared.notes] == ["`clock` 1.0.0"]
    state.back("second")

    assert state.receipts() == state.old


def test_an_entry_that_was_touched_or_added_since_gets_the_former_files_alone(
    state: State,
) -> None:
    state.install("clock", "second")
    state.update("clock", "second")
    pinned = replace(state.new["second"], hold=Hold.PINNED)
    added = replace(state.new["clock"], entry_name="third", inputs=(ZONE,))
    state.write(pinned)
    state.write(added)

    state.back("clock")

    found = state.receipts()
    assert found["clock"] == state.old["clock"]
    assert found["second"] == replace(state.old["second"], hold=Hold.PINNED)
    assert (found["third"].inputs, found["third"].generation) == ((ZONE,), OLD)
    assert found["third"].manifest_sha256 == MANIFESTS[OLD]


def test_without_a_name_all_that_the_last_update_brought_goes_back(updated: State) -> None:
    updated.install("notes", name="com.example/notes")
    updated.update("notes", name="com.example/notes")

    first, second = updated.prepare(None), updated.prepare("clock")
    assert [one.entries for one in first.steps] == [("notes",)]
    assert [one.entries for one in second.steps] == [("clock",)]

    updated.back(None)
    assert updated.receipts() == {"clock": updated.new["clock"], "notes": updated.old["notes"]}
    updated.back(None)
    assert updated.receipts() == updated.old
    assert refused(updated.prepare).message == "`clock` has no earlier version to go back to"
    error = refused(lambda: updated.prepare(None))
    assert (error.code, error.message) == (
        ErrorCode.NOTHING_TO_UNDO, "there is no update to roll back",
    )  # fmt: skip


def test_a_part_of_an_update_does_not_take_it_back(state: State) -> None:
    for name in ("clock", "notes"):
        state.install(name, name=f"com.example/{name}")
    update = state.update_together("clock", "notes")

    assert {one.entries for one in state.prepare(None).steps} == {("clock",), ("notes",)}
    assert not state.prepare("notes").whole
    done = state.back("notes")

    assert done.undoes is None
    assert state.receipts() == {"clock": state.new["clock"], "notes": state.old["notes"]}
    assert state.back(None).undoes is None
    assert state.receipts() == state.old
    assert update.id not in {one.undoes for one in state.store.history()}


def test_all_of_an_update_is_taken_back_as_one(state: State) -> None:
    for name in ("clock", "notes"):
        state.install(name, name=f"com.example/{name}")
    update = state.update_together("clock", "notes")

    assert state.back(None).undoes == update.id
    assert state.receipts() == state.old


def test_where_one_server_was_given_other_arguments_all_is_undone_at_once(state: State) -> None:
    for name in ("clock", "notes"):
        state.install(name, name=f"com.example/{name}")
    update = state.update_together("clock", "notes", extra_arguments=("--fast",))
    prepared = state.prepare(None)

    assert {one.entries: one.changed for one in prepared.steps} == {
        ("clock",): False, ("notes",): True,
    }  # fmt: skip
    assert prepared.undone is not None
    done = rollback.commit(prepared, state.context)

    assert (done.record.action, done.record.undoes) == ("rollback", update.id)
    assert done.notes == prepared.notes
    assert state.receipts() == state.old


def test_one_server_with_other_arguments_goes_back_alone(state: State) -> None:
    for name in ("clock", "notes"):
        state.install(name, name=f"com.example/{name}")
    state.update_together("clock", "notes", extra_arguments=("--fast",))

    assert state.back("notes").undoes is None

    assert state.receipts() == {"clock": state.new["clock"], "notes": state.old["notes"]}


def test_an_entry_that_the_change_brought_goes_with_it(state: State) -> None:
    state.install("clock")
    state.update("clock", "second")

    state.back("second")

    assert state.receipts() == state.old


def test_what_was_held_for_a_while_goes_back_with_its_arguments(state: State) -> None:
    state.install("clock")
    state.update("clock", extra_arguments=("--fast",))
    state.write(replace(state.new["clock"], hold=Hold.HELD), action="hold")
    state.write(state.new["clock"], action="unhold")

    state.back()

    assert state.receipts() == state.old


# What runs elsewhere ---------------------------------------------------------------------------


def elsewhere(version: str, entry: str = "cloud") -> Receipt:
    return plans.receipt(
        entry, name="com.example/cloud", version=version, generation="", hosts=(),
        transport="streamable-http", url=f"https://example.org/{version}",
        manifest_sha256=version[0] * 64,
    )  # fmt: skip


@pytest.fixture
def moved(state: State) -> State:
    """A server elsewhere with two entries, which an update gave another address."""
    state.write(elsewhere("1.0"), elsewhere("1.0", "second"), action="install")
    state.write(elsewhere("2.0"), elsewhere("2.0", "second"), action="update")
    return state


def test_what_runs_elsewhere_gets_its_former_address(moved: State) -> None:
    (step,) = moved.prepare("cloud").steps
    assert (step.entries, step.versions, step.changed) == (
        ("cloud", "second"), ("2.0", "1.0"), True,
    )  # fmt: skip
    assert moved.prepare("cloud").notes == ()

    moved.back("cloud")

    assert moved.receipts() == {
        "cloud": elsewhere("1.0"), "second": elsewhere("1.0", "second"),
    }  # fmt: skip


def test_an_entry_elsewhere_that_came_later_keeps_its_address(moved: State) -> None:
    moved.write(elsewhere("2.0", "third"), action="install")

    moved.back("second")

    assert {name: one.version for name, one in moved.receipts().items()} == {
        "cloud": "1.0", "second": "1.0", "third": "2.0",
    }  # fmt: skip


def test_entries_elsewhere_that_are_not_there_any_more_do_not_come_back(moved: State) -> None:
    moved.write(elsewhere("2.0", "third"), action="install")
    gone = Transaction(
        action="uninstall",
        receipts_before=(elsewhere("2.0"), elsewhere("2.0", "second")),
    )
    moved.scene.do(gone)

    error = refused(lambda: moved.prepare("third"))

    assert error.code is ErrorCode.NOTHING_TO_UNDO
    assert "`cloud`, `second`" in error.message


# What does not ---------------------------------------------------------------------------------


def unchanged(state: State, error: McpInstallError, code: ErrorCode) -> None:
    assert error.code is code
    assert state.receipts() == state.new
    assert state.scene.current == NEW


def test_a_held_server_stays(updated: State) -> None:
    updated.write(replace(updated.new["clock"], hold=Hold.HELD), action="hold")

    error = refused(updated.prepare)

    assert error.code is ErrorCode.VERSION_HELD
    assert "mcpi unhold clock" in error.hint


def test_a_pinned_server_can_go_back(state: State) -> None:
    state.install("clock")
    state.update("clock", hold=Hold.PINNED)

    state.back()

    assert state.receipts() == state.old


@pytest.mark.parametrize("when", ["before", "after the question"])
def test_files_that_are_gone_do_not_come_back(updated: State, when: str) -> None:
    prepared = updated.prepare()
    shutil.rmtree(updated.scene.home / OLD)

    error = refused(
        updated.prepare if when == "before"
        else lambda: rollback.commit(prepared, updated.context)
    )  # fmt: skip

    unchanged(updated, error, ErrorCode.NOTHING_TO_UNDO)
    assert "`clock`" in error.message


def test_files_that_were_changed_are_not_switched_to(state: State) -> None:
    state.install("clock", "second")
    state.update("clock", "second")
    prepared = state.prepare()
    start = state.scene.home / OLD / "start.py"
    start.chmod(0o600)
    start.write_text("print('another')")

    error = refused(lambda: rollback.commit(prepared, state.context))

    unchanged(state, error, ErrorCode.ENVIRONMENT_DIFFERS)
    assert "the files of `clock` 1.0.0" in error.message
    assert "mcpi update clock --to 1.0.0" in error.hint


def test_files_that_were_changed_are_not_undone_to_either(state: State) -> None:
    state.install("clock")
    state.update("clock", extra_arguments=("--fast",))
    prepared = state.prepare()
    assert prepared.undone is not None
    start = state.scene.home / OLD / "start.py"
    start.chmod(0o600)
    start.write_text("print('another')")

    error = refused(lambda: rollback.commit(prepared, state.context))

    unchanged(state, error, ErrorCode.ENVIRONMENT_DIFFERS)


def test_a_server_without_entries_has_nothing_that_goes_back(updated: State) -> None:
    """As after a crash of somebody else's: its files are there, and no receipt is."""
    gone = Transaction(action="uninstall", receipts_before=(updated.new["clock"],))
    updated.scene.do(gone)

    error = refused(lambda: updated.prepare(None))

    assert error.code is ErrorCode.NOTHING_TO_UNDO


def test_what_another_mcpi_did_meanwhile_is_not_overwritten(updated: State) -> None:
    prepared = updated.prepare()
    held = replace(updated.new["clock"], hold=Hold.HELD)
    updated.write(held, action="hold")

    error = refused(lambda: rollback.commit(prepared, updated.context))

    assert (error.code, "`clock`" in error.message) == (ErrorCode.PLAN_CHANGED, True)
    assert updated.receipts() == {"clock": held}


@pytest.mark.parametrize("when", ["before", "after the question"])
def test_the_policy_of_today_is_asked(updated: State, when: str) -> None:
    prepared = updated.prepare() if when != "before" else None
    of_user('deny-names = ["com.example/*"]\n', Path.home())

    error = refused(
        lambda: updated.prepare() if prepared is None
        else rollback.commit(prepared, updated.context)
    )  # fmt: skip

    assert error.code is ErrorCode.REGISTRY_INVALID, "nobody can tell what rules say of it"
    unchanged(updated, error, error.code)


def test_without_the_record_of_what_was_there_nothing_goes_back(state: State) -> None:
    """The history says that something was replaced, and no receipt says what."""
    state.install("clock")
    change = state.built(NEW, ("clock",), plans.GIT, {})
    state.scene.do(replace(change, receipts_before=()))

    unchanged(state, refused(state.prepare), ErrorCode.NOTHING_TO_UNDO)


# Whether entries change ------------------------------------------------------------------------


def chain(*names: str, env: tuple[EnvironmentValue, ...] = ()) -> Chain:
    entries = tuple(
        AppliedEntry(
            entry=replace(server(name), env=env),
            patch=Patch(offset=0, removed=b"", inserted=b"x"),
            created=False,
        )
        for name in names
    )
    return Chain(row_id="cursor-user", entries=entries)


SLUG = lookup.receipt_slug(plans.receipt())
FIXED = EnvironmentValue(name="MODE", value="quiet")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"version": "2.0", "generation": "g2"}, False),
        ({"argv_template": ("python", "--zone")}, True),
        ({"inputs": (ZONE,)}, True),
        ({"extra_arguments": ("--fast",)}, True),
        ({"hosts": ("codex-user",)}, True),
    ],
)
def test_other_commands_or_places_are_a_change_of_entries(
    changes: dict[str, Any], *, expected: bool
) -> None:
    before = plans.receipt(name=plans.GIT)
    other = plans.receipt("notes", name="com.example/notes")
    record = plans.record(
        "update", receipts_before=(before, other),
        receipts_after=(plans.receipt(name=plans.GIT, **changes), replace(other, hosts=())),
    )  # fmt: skip

    assert rollback._changed(SLUG, record) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (chain("git"), chain("git"), False),
        (chain("git"), chain("git", env=(FIXED,)), True),
        (chain("git"), chain(), True),
        (chain("git", "notes"), chain("git"), False),
    ],
)
def test_what_only_the_files_say_is_a_change_too(
    before: Chain, after: Chain, *, expected: bool
) -> None:
    record = plans.record(
        "update", receipts_before=(plans.receipt(),), receipts_after=(plans.receipt(),),
        chains_before=(before,), chains_after=(after,),
    )  # fmt: skip

    assert rollback._changed(SLUG, record) is expected


def test_one_host_of_several_is_enough() -> None:
    record = plans.record(
        "update", receipts_before=(plans.receipt(),), receipts_after=(plans.receipt(),),
        chains_before=(chain("git"), replace(chain("git"), row_id="codex-user")),
        chains_after=(
            chain("git", env=(FIXED,)), replace(chain("git"), row_id="codex-user"),
        ),
    )  # fmt: skip

    assert rollback._changed(SLUG, record)


def test_one_entry_of_several_is_enough() -> None:
    both = (plans.receipt(), plans.receipt("second"))
    fixed = chain("git", env=(FIXED,)).entries
    record = plans.record(
        "update", receipts_before=both, receipts_after=both,
        chains_before=(chain("git", "second"),),
        chains_after=(replace(chain("second"), entries=(*fixed, *chain("second").entries)),),
    )  # fmt: skip

    assert rollback._changed(SLUG, record)
