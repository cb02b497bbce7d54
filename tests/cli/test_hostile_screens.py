"""Every screen and every `--json` object, with hostile text in every field that it is made of.

Which parser lets which text through is tested elsewhere; here nothing is refused before.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpinstall.cli import (
    dialog,
    json_output,
    layout,
    render_command,
    render_diff,
    render_done,
    render_error,
    render_lists,
    render_permissions,
    render_plan,
    render_removal,
    render_show,
    session,
    ui,
)
from mcpinstall.cli.layout import Screen
from mcpinstall.cli.progress import TerminalProgress
from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.cli.render_plan import View
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.model.host import ConfiguredServer, EnvironmentValue
from mcpinstall.model.manifest import Permissions
from mcpinstall.model.registry import IndexRow, RegistryKind, ReviewState
from mcpinstall.operations.catalog import Shown
from mcpinstall.operations.findings import Finding
from mcpinstall.operations.installed import Installed
from mcpinstall.operations.inventory import HostState
from mcpinstall.operations.prepared import MissingInput, Prepared, PreparedRemoval, PreparedUndo
from mcpinstall.operations.test_server import TestResult
from mcpinstall.operations.verify import VerifiedEntry
from tests.builders import plans, remote_plans, screens
from tests.cli import conftest

Poison: TypeAlias = Callable[[Any], Any]

WIDTHS = (40, 80)
NAMES = (
    "action", "advice", "alias", "declared", "entries", "entry_name", "id", "name", "reference",
    "registry_name", "row", "servers_removed", "slug", "transport", "version",
)  # fmt: skip
"""Fields with a grammar, sentences of ours, and our own data of hosts: no text from outside."""

VARIABLES = (
    EnvironmentValue(name="A", value="plain"),
    EnvironmentValue(name="B", reference="B", secret=True),
)
UNREVIEWED = plans.registry(
    name="mine", kind=RegistryKind.FOLDER, review=ReviewState.UNREVIEWED, stale=True
)


def plan(poison: Poison, *, unreviewed: bool) -> tuple[Prepared, tuple[FileDiff, ...]]:
    """Return a plan of two servers with everything that a plan can have."""
    state = UNREVIEWED if unreviewed else plans.registry()
    reviewed = plans.reviewed(plans.manifest(), state)
    two = (
        plans.server(reviewed, extra=("given",), env=VARIABLES),
        plans.server(reviewed, entry="two", already_installed=True),
    )
    change = plans.change(warnings=("look out",), target=plans.HOME / "elsewhere")
    prepared = poison(plans.prepared(*two, changes=(change,)))
    diff = FileDiff(change=poison(change), lines=("--- a", "+++ b", "@@ -1 +1 @@", poison("+x")))
    return prepared, (diff,)


def every_screen(poison: Poison, width: int) -> Iterator[tuple[str, Screen]]:
    """Yield each screen of the program, made of poisoned values."""
    view = View(width=width, home=plans.HOME, verbose=True)
    prepared, diffs = plan(poison, unreviewed=True)
    yield "unreviewed plan", render_plan.plan(prepared, diffs, view)
    prepared, diffs = plan(poison, unreviewed=False)
    yield "plan", render_plan.plan(prepared, diffs, view)
    yield "low plan", render_plan.plan(prepared, diffs, replace(view, height=10))
    remote = remote_plans.remote_server(remote_plans.TOKEN, remote_plans.REGION, advice="as well")
    yield "remote plan", render_plan.plan(poison(remote_plans.prepared(remote)), diffs, view)
    yield "checks", render_plan.all_checks(prepared.plan.checks, view)
    done = replace(poison(plans.done()), notes=(poison("a note"),))
    yield "headline", render_done.headline(prepared, done, width)
    yield "following", render_done.following(prepared, done, width)
    yield "in place", render_done.in_place(prepared, width)
    yield "paste", render_done.paste("Cursor", [poison(plans.row(paste="paste it"))], width)
    yield from _removals(poison, diffs, view)
    yield from _lists(poison, width)
    yield from _looks(poison, width)
    yield from _errors(poison, width)
    yield "diff", render_diff.files(diffs, plans.HOME, width, whole=True)


def _removals(
    poison: Poison, diffs: tuple[FileDiff, ...], view: View
) -> Iterator[tuple[str, Screen]]:
    removal = PreparedRemoval(
        receipts=(plans.receipt(),), changes=(), servers_removed=(plans.GIT,), notes=("a note",)
    )
    yield "removal", render_removal.removal(poison(removal), diffs, view)
    undo = PreparedUndo(record=plans.record(), changes=(), notes=("a note",))
    yield "undo", render_removal.undo(poison(undo), diffs, view)


def _lists(poison: Poison, width: int) -> Iterator[tuple[str, Screen]]:
    installed = [poison(Installed(receipt=plans.receipt(), state="ok"))] * 2
    row = IndexRow(
        name=plans.GIT, version="1", title="Git", summary="a summary", sha256=plans.SHA, alias="git"
    )
    state = HostState(
        row=plans.row(), path=plans.HOME / "x.json", found=True, exists=True,
        servers=(ConfiguredServer(name="x", command="y", args=()),), ours=("git",), problem=None,
    )  # fmt: skip
    states = [poison(state), poison(replace(state, problem="a problem", exists=False))]
    yield "list", render_lists.installed(installed, width)
    yield "search", render_lists.servers([poison(row), poison(replace(row, alias=""))], width)
    yield "hosts", render_lists.hosts(states, plans.HOME, width)
    yield "history", render_lists.history([poison(plans.record())], (), width)
    yield "welcome", render_lists.welcome(installed, states, plans.HOME, width)


def _looks(poison: Poison, width: int) -> Iterator[tuple[str, Screen]]:
    question = plans.question(choices=("a", "b"), default="a", placeholder="c")
    shown = Shown(
        reviewed=plans.reviewed(), questions=(question,), versions=("1",),
        receipts=(plans.receipt(),),
    )  # fmt: skip
    result = TestResult(
        receipt=plans.receipt(), tools=("a", "b"), differences=(), protocol="2026-07-28", seconds=1
    )
    entry = VerifiedEntry(
        entry_name="git", name=plans.GIT, version="1", checks=plans.CHECKS, anchor="an anchor",
        findings=(Finding(check=Check.ENVIRONMENT, subject="lib/x.py", message="is changed"),),
    )  # fmt: skip
    missing = MissingInput(entry_name="git", question=question)
    yield "show", render_show.server(poison(shown), width)
    yield "test", render_show.tested(poison(result), width)
    yield "tools", render_show.tested(poison(replace(result, differences=("- a\n+ b",))), width)
    unwelcome = replace(result, authorization="it wants\n  authorization")
    yield "authorization", render_show.tested(poison(unwelcome), width)
    yield "verify", render_show.verified([poison(entry)], width)
    yield "wanted", dialog._wanted(poison(missing), width)


def _errors(poison: Poison, width: int) -> Iterator[tuple[str, Screen]]:
    text = poison("said")
    failure = McpInstallError(ErrorCode.DECLINED, text, hint=text, evidence=f"{text}\n{text}")
    yield "error", render_error.error(failure, "install", width)
    yield "bug", render_error.bug(f"Traceback\n{text}", width)


def every_object(poison: Poison) -> Iterator[tuple[str, object]]:
    """Yield each object that `--json` prints, made of poisoned values."""
    prepared, diffs = plan(poison, unreviewed=False)
    yield "plan", json_output.plan(prepared, diffs)
    yield "done", json_output.done(poison(plans.done(printed=(("Cursor", "{}"),))))
    yield "record", json_output.record(poison(plans.record()))
    yield "receipt", json_output.receipt(poison(plans.receipt()))
    text = poison("said")
    failure = McpInstallError(ErrorCode.DECLINED, text, hint=text, evidence=text)
    yield "error", json_output.error(failure, "")


@pytest.mark.parametrize(
    "text", [*screens.ESCAPES, *screens.INERT], ids=lambda text: ascii(text[:9])
)
def test_no_screen_obeys_hides_or_overflows_with_a_text_in_any_field(text: str) -> None:
    """A line that the terminal breaks would go on in the first column, where only we begin."""
    for width in WIDTHS:
        for name, screen in every_screen(lambda value: screens.poisoned(value, text), width):
            assert screens.hidden(layout.styled(screen), colour=True) == [], name
            assert screens.too_wide(layout.plain(screen), width) == [], name


@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_begins_a_line_that_looks_like_ours(width: int) -> None:
    text = f"x {' '.join([screens.FORGED] * 60)}"

    found = {
        name: rows
        for name, screen in every_screen(
            lambda value: screens.poisoned(value, text, spared=NAMES), width
        )
        if (rows := screens.forged(layout.plain(screen)))
    }

    assert found == {}


def test_markup_of_a_terminal_library_is_shown_as_it_is() -> None:
    text = "[bold red]x[/] :smile: [link=http://x]y[/link]"

    for name, screen in every_screen(lambda value: screens.poisoned(value, text), 1000):
        if name not in ("paste", "low plan"):
            assert text in layout.plain(screen), name


@settings(max_examples=15)
@given(st.text(max_size=80), st.sampled_from(WIDTHS))
def test_any_text_in_any_field_leaves_every_screen_whole(text: str, width: int) -> None:
    for name, screen in every_screen(lambda value: screens.poisoned(value, text), width):
        shown = layout.plain(screen)
        assert screens.hidden(shown) == [], name
        assert screens.too_wide(shown, width) == [], name


@settings(max_examples=30)
@given(st.text(max_size=80))
def test_any_text_in_any_field_leaves_json_ascii_and_whole(text: str) -> None:
    for name, found in every_object(lambda value: screens.poisoned(value, text)):
        printed = session.envelope("x", {"answer": found})

        assert printed.isascii(), name
        assert screens.hidden(printed) == [], name
        assert json.loads(printed)["answer"] == json.loads(json.dumps(found)), name


# What is written without a screen ------------------------------------------------------------


def written(act: Callable[[ui.Ui], object], typed: str = "\n", *, columns: int = 80) -> str:
    """Return what a terminal of that width gets."""
    out = conftest.Screen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("NO_COLOR", "1")
        act(ui.Ui(stdin=conftest.Screen(typed), stdout=out, stderr=out))
    return out.getvalue()


@given(st.text(max_size=200))
def test_questions_notes_and_documents_obey_nothing(text: str) -> None:
    for act in (
        lambda screen: screen.ask(text, f"[{text}]"),
        lambda screen: screen.ask_hidden(text),
        lambda screen: screen.note(text),
        lambda screen: screen.raw(text),
    ):
        assert screens.hidden(written(act)) == []


@given(st.text(max_size=60))
def test_a_document_on_a_screen_says_the_same(text: str) -> None:
    document = json.dumps({"args": [text]}, ensure_ascii=False, indent=2)

    shown = written(lambda screen: screen.raw(document))

    assert json.loads(shown) == {"args": [text]}


@given(st.text(max_size=200))
def test_a_step_stays_on_its_one_line(text: str) -> None:
    stream = conftest.Screen()

    def emit(shown: str) -> None:
        stream.write(shown)

    progress = TerminalProgress(stream, emit, 40)
    with progress.shown():
        progress.step(text)
        progress.transferred(1, 2)

    rows = stream.getvalue().split("\r\x1b[2K")

    assert screens.hidden(rows[1]) == []
    assert screens.columns(rows[1]) < 40


def test_a_very_long_message_ends_before_its_hint_is_off_the_screen() -> None:
    failure = McpInstallError(
        ErrorCode.DECLINED, "x" * 100_000, hint="do this", evidence="y\n" * 100_000 + "z" * 100_000
    )

    rows = layout.plain(render_error.error(failure, "install", 80)).splitlines()

    assert len(rows) < 300
    assert rows[-1] == "hint: do this"
    assert any("99,801 lines more" in row for row in rows)


def test_an_honest_screen_is_not_touched() -> None:
    texts = ("Часы для Git", "Café – 5 €", "時計", "e\u0301", "שלום", "C:\\Users\\Ada", "½ m²")

    for text in texts:
        for name, screen in every_screen(functools.partial(screens.poisoned, text=text), 400):
            if name not in ("paste", "low plan"):
                assert text in layout.plain(screen), name


def test_an_odd_space_in_an_argument_is_seen_by_its_quotes() -> None:
    for space in " \u00a0\u3000":
        (row,) = render_command.argument(f"a{space}b", 80, "    ")
        assert layout.plain([row]) == f"    'a{space}b'\n"


def test_a_host_file_that_is_named_in_a_hostile_way_is_one_heading() -> None:
    path = Path("/home/ada/x\n~/.cursor/mcp.json  (Cursor)")
    change = plans.change()
    change = replace(change, file=replace(change.file, path=path, target=path))

    rows = render_diff.files((plans.diff(change),), plans.HOME, 80, whole=False)

    assert layout.plain(rows).startswith("~/x\\n~/.cursor/mcp.json")


def test_a_permission_cannot_pass_for_another_one() -> None:
    allowed = Permissions(read=("/x · write nothing", "/y, /z"), write=("/w",), exec=("git",))
    server = plans.server(plans.reviewed(plans.manifest(permissions=allowed)))

    assert render_permissions.permissions(server, plans.HOME) == (
        "network no",
        "read '/x · write nothing', '/y, /z'",
        "write /w",
        "run git",
    )
