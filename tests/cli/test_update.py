"""`mcpi update`, `outdated`, `rollback`, `hold`: screens, questions, JSON, exit statuses."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from inline_snapshot import snapshot

import mcpinstall.operations
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold, Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.revocation import Withdrawal
from mcpinstall.operations.describing import Comparison
from mcpinstall.operations.offers import Offer
from mcpinstall.operations.offers_unreviewed import Refusal
from mcpinstall.operations.outdated import Outdated
from mcpinstall.operations.prepared import Prepared, PreparedUndo, Replacement
from mcpinstall.operations.replacing import Target
from mcpinstall.operations.rollback import PreparedRollback, Step
from mcpinstall.operations.update import Kept, Selection
from mcpinstall.planning.changes import ChangeKind, compare
from tests.builders import plans, remote_plans
from tests.builders.described import PLANTS, described
from tests.cli.conftest import Mcpi, Operations

OLD = plans.receipt(version="2026.9.1", generation="g0")
DOWN = McpInstallError(
    ErrorCode.REGISTRY_UNAVAILABLE, "the registry `site` did not answer", hint="try again later"
)
NOT_ASKED = Kept(
    receipt=plans.receipt("notes"), why=f"`notes` stays at 1.0: {DOWN.message}", hint=DOWN.hint,
    error=DOWN,
)  # fmt: skip
HELD = Kept(receipt=plans.receipt("maps"), why="`maps` is held at 1.0", hint="`mcpi unhold maps`")
CURRENT = Kept(receipt=plans.receipt("time"), why="")


def target(server: ReviewedServer | None = None) -> Target:
    return Target(receipts=(OLD,), server=server or plans.reviewed(), before=None)


def replacement(*kinds: ChangeKind, notes: tuple[str, ...] = ()) -> Replacement:
    before = after = described()
    for kind in kinds:
        after = PLANTS[kind](after)
    return Replacement(
        slug="git-1a2b3c4d5e6f", before=(OLD,), server=plans.reviewed(), notes=notes,
        comparison=Comparison(
            before=before, after=after, changes=compare(before, after), notes=(), inspected=2,
            needed=2,
        ),
    )  # fmt: skip


def planned(*kinds: ChangeKind) -> Prepared:
    return replace(
        plans.prepared(plans.server(keeps_entries=True), changes=(), action="update"),
        replacements=(replacement(*kinds),),
    )


@dataclass
class Updates(Operations):
    """What the commands call, with those of updates beside the others."""

    selection: Selection = field(
        default_factory=lambda: Selection(targets=(target(),), kept=(), pinned=False)
    )
    seen: Selection | None = None
    """The same once new tools were seen."""
    later: list[Prepared] = field(default_factory=list)
    """What is prepared the second time."""
    late_refusals: list[McpInstallError] = field(default_factory=list)
    """Raised by `commit`, one after the other."""
    found: tuple[Outdated, ...] = ()
    rollback: PreparedRollback | None = None
    names: tuple[object, ...] = ()
    asked: Request | None = None
    """What `outdated` was asked with."""

    def select(self, names: Sequence[str], version: object, *_: object) -> Selection:
        self.names = (*names, version)
        return self.selection

    def prepare_update(
        self, selection: Selection, request: Request, context: object, *, stage: bool = True
    ) -> object:
        prepared = self.prepare(request, context, stage=stage)
        if selection is self.seen:
            return self.later.pop(0)
        return prepared

    def commit(self, prepared: object, context: object) -> object:
        self._called("commit")
        if self.late_refusals:
            raise self.late_refusals.pop(0)
        return self.done


@pytest.fixture
def updates(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> Updates:
    fake = Updates(prepared=planned(), done=plans.done("update"))

    def install(name: str, **functions: object) -> None:
        module = types.SimpleNamespace(**functions)
        monkeypatch.setitem(sys.modules, f"mcpinstall.operations.{name}", module)
        monkeypatch.setattr(mcpinstall.operations, name, module, raising=False)

    def outdated(names: Sequence[str], request: Request, context: object) -> tuple[Outdated, ...]:
        fake.names, fake.asked = tuple(names), request
        return fake.found

    def held(names: object, state: object) -> tuple[Receipt, ...]:
        if fake.refusal is not None:
            raise fake.refusal
        return (replace(OLD, hold=Hold.HELD), replace(OLD, entry_name="repo", hold=Hold.HELD))

    install(
        "update",
        select=fake.select,
        draft=lambda selection, request, context: fake.draft(request, context),
        prepare=fake.prepare_update,
        with_seen_tools=lambda selection, context: fake.seen,
        pin_kept=lambda selection, context: (OLD,) if selection.pinned else (),
    )
    install("install", discard=fake.discard)
    install("commit", commit=fake.commit)
    install("outdated", outdated=outdated)
    install("rollback", prepare=lambda name, context, *, allow: fake.rollback, commit=fake.commit)
    install("holds", hold=held, unhold=held)
    return fake


# update ----------------------------------------------------------------------------------------


def test_an_update_shows_what_changed_and_asks(mcpi: Mcpi, updates: Updates) -> None:
    updates.prepared = planned(ChangeKind.HOOK_ADDED, ChangeKind.TOOL_DESCRIPTION)
    updates.selection = replace(updates.selection, kept=(HELD, CURRENT))

    ran = mcpi("update", typed="c\ny\n")

    assert (ran.status, ran.out) == (0, "")
    assert ran.err == snapshot("""\
! `maps` is held at 1.0; `mcpi unhold maps`
git 2026.9.1 → 2026.10.19
Look at first: what runs, what it may reach, what a model is told (2)
  new start-up hook       hooked: hooked.pth
      + sha256:d602014a8c241b8295689cebccc03182297f9f8fe801a766a05706828c32026c
        reviewers: its own reader
  changed tool text       get_current_time
        Get the current [-time -]{+date +}in a zone

git 2026.10.19 — read, search and change one Git repository
  io.github.modelcontextprotocol/server-git
CERTIFIED   registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed   not done: source-read
  review claimed by Grace, 2026-11-20

Checks                                        5 done, 1 absent, 3 after your yes
  1 registry   verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  2 manifest   verified  4 files match their sha256
  3 policy     verified  built-in default: certified; none yanked
  4 downloads  verified  32 files, 10.1 MB, sha256
  5 publisher  absent    the manifest names no publisher identity
  6 archives   verified  1,612 members, no start-up hooks
  7 environment   8 answers   9 host file   not yet run
May (declared by reviewers, NOT enforced)   network no · read, write
    /home/ada/code/app · run git
Uses  Python 3.12.4 at /usr/bin/python3.12 (yours; not verified by mcpi)

Its entries keep their command, which runs with all your rights and begins:
  /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python
    -I
    -B
    -X
    utf8
    /home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py
    --repository
    /home/ada/code/app
git 2026.9.1 → 2026.10.19: new start-up hook, changed tool text.
An approval that a host keeps by the text of an entry does not see this change:
  the text stays.
Servers that run now keep the former version until they end.
git 2026.10.19 is certified by registry bundled. Nothing has been written yet.
Update git? [y/N, c checks, ? help] Checks   explained in docs/verification.md
  1 registry     verified     shipped with mcpinstall 0.1.0, fresh, not rolled
                              back
  2 manifest     verified     4 files match their sha256
  3 policy       verified     built-in default: certified; none yanked
  4 downloads    verified     32 files, 10.1 MB, sha256
  5 publisher    absent       the manifest names no publisher identity
  6 archives     verified     1,612 members, no start-up hooks
  7 environment  not yet run
  8 answers      not yet run
  9 host file    not yet run

Update git? [y/N, c checks, ? help] \n\
Updated git 2026.10.19
  Servers that run now keep the former version until they end.
  `mcpi rollback git` goes back to the former version
""")
    assert updates.calls == snapshot(["draft", "prepare, staging", "commit", "discard"])


def test_nothing_of_what_runs_elsewhere_runs_here(mcpi: Mcpi, updates: Updates) -> None:
    server = remote_plans.remote_server()
    replaced = replace(replacement(), slug=server.slug, server=server.reviewed)
    elsewhere = replace(plans.prepared(server, action="update"), replacements=(replaced,))
    for prepared, count in ((planned(), 2), (elsewhere, 0)):
        updates.prepared = prepared

        ran = mcpi("update", typed="y\n")

        assert ran.status == 0
        assert ran.err.count("keep the former version until they end") == count


def test_what_could_not_be_asked_is_the_last_word(mcpi: Mcpi, updates: Updates) -> None:
    updates.selection = replace(updates.selection, kept=(NOT_ASKED,))

    ran = mcpi("update", "--yes", terminal=False)

    assert ran.status == 5
    assert ran.err.splitlines()[-4:] == snapshot(
        [
            "Updated git 2026.10.19",
            "  Servers that run now keep the former version until they end.",
            "  `mcpi rollback git` goes back to the former version",
            "Not complete: nobody could say whether notes is up to date",
        ]
    )
    assert "commit" in updates.calls


@pytest.mark.parametrize(
    ("kept", "status", "words"),
    [
        ((CURRENT, HELD), 0, "time is up to date"),
        ((CURRENT, NOT_ASKED), 5, "Not complete: nobody could say whether notes is up to date"),
        ((HELD,), 0, "Nothing is updated."),
        ((), 0, "Nothing is updated."),
    ],
    ids=["current", "not asked", "held", "none"],
)
def test_nothing_to_update(
    mcpi: Mcpi, updates: Updates, kept: tuple[Kept, ...], status: int, words: str
) -> None:
    updates.selection = Selection(targets=(), kept=kept, pinned=False)

    ran = mcpi("update")
    answered = mcpi("update", "--json")

    assert (ran.status, answered.status) == (status, status)
    assert words in ran.err
    answer = json.loads(answered.out)
    assert (answer["outcome"], answer["replaced"]) == ("nothing-to-do", [])
    assert [one["code"] is not None for one in answer["kept"]] == [one is NOT_ASKED for one in kept]
    assert updates.calls == []


def test_the_version_that_is_there_and_was_named_is_pinned(mcpi: Mcpi, updates: Updates) -> None:
    updates.selection = Selection(targets=(), kept=(CURRENT,), pinned=True)

    assert "pinned from now on" in " ".join(mcpi("update", "git", "--to", "1").err.split())
    assert json.loads(mcpi("update", "git", "--to", "1", "--json").out)["pinned"] == ["git"]
    ran = mcpi("update", "git", "--to", "1", "--json", "--dry-run")
    assert json.loads(ran.out)["pinned"] == []


def test_settings_that_nothing_uses_are_told(mcpi: Mcpi, updates: Updates) -> None:
    updates.selection = Selection(targets=(), kept=(CURRENT,), pinned=False)

    ran = mcpi("update", "time", "--set", "zone=UTC")

    assert ran.status == 0
    assert "`--set` was not used; `mcpi configure NAME --set KEY=VALUE`" in ran.err


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_anything_but_a_yes_changes_nothing(mcpi: Mcpi, updates: Updates, typed: str) -> None:
    ran = mcpi("update", typed=typed)

    assert ran.status == 4
    assert updates.calls == ["draft", "prepare, staging", "discard"]


def test_without_a_terminal_nothing_is_staged(mcpi: Mcpi, updates: Updates) -> None:
    ran = mcpi("update", terminal=False)

    assert ran.status == 4
    assert "error[consent-unavailable]" in ran.err
    assert updates.calls == ["prepare", "discard"]


OTHER_TOOLS = McpInstallError(
    ErrorCode.TOOLS_CHANGED, "`git` 2026.10.19 offers other tools than 2026.9.1"
)


def test_tools_that_were_seen_are_asked_about(mcpi: Mcpi, updates: Updates) -> None:
    updates.late_refusals = [OTHER_TOOLS]
    updates.seen = Selection(targets=(target(),), kept=(), pinned=False)
    updates.later = [planned(ChangeKind.TOOL_DESCRIPTION)]

    ran = mcpi("update", typed="y\ny\n")

    assert ran.status == 0
    between = ran.err.partition("[y/N, c checks, ? help]")[2]
    assert between.splitlines()[:8] == snapshot(
        [
            " ",
            "! `git` 2026.10.19 offers other tools than 2026.9.1; nothing was switched. This",
            "  ↳ is the plan with what it showed:",
            "",
            "git 2026.9.1 → 2026.10.19",
            "Look at first: what runs, what it may reach, what a model is told (1)",
            "  changed tool text       get_current_time",
            "        Get the current [-time -]{+date +}in a zone",
        ]
    )
    assert updates.calls.count("commit") == 2


def test_tools_that_were_seen_and_declined_change_nothing(mcpi: Mcpi, updates: Updates) -> None:
    updates.late_refusals = [OTHER_TOOLS]
    updates.seen = Selection(targets=(target(),), kept=(), pinned=False)
    updates.later = [planned(ChangeKind.TOOL_DESCRIPTION)]

    assert mcpi("update", typed="y\nn\n").status == 4
    assert updates.calls.count("commit") == 1


@pytest.mark.parametrize("words", [("--yes",), ()])
def test_tools_that_nobody_could_agree_to_stop(
    mcpi: Mcpi, updates: Updates, words: tuple[str, ...]
) -> None:
    """With `--yes` nobody is asked again; without anything that was seen there is no question."""
    updates.late_refusals = [OTHER_TOOLS]
    updates.seen = Selection(targets=(target(),), kept=(), pinned=False) if words else None

    ran = mcpi("update", *words, typed="y\n")

    assert ran.status == 3
    assert "error[tools-changed]" in ran.err
    assert updates.calls.count("commit") == 1


def test_another_refusal_is_not_asked_about_again(mcpi: Mcpi, updates: Updates) -> None:
    updates.late_refusals = [McpInstallError(ErrorCode.PROBE_FAILED, "it did not answer")]
    updates.seen = Selection(targets=(target(),), kept=(), pinned=False)

    assert mcpi("update", typed="y\n").status == 5
    assert updates.calls.count("commit") == 1


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    ("code", "status"), [(ErrorCode.PROBE_FAILED, 5), (ErrorCode.ARCHIVE_REFUSED, 3)]
)
def test_a_server_that_stops_others_says_how_they_are_moved(
    mcpi: Mcpi, updates: Updates, code: ErrorCode, status: int, count: int
) -> None:
    updates.selection = Selection(targets=(target(),) * count, kept=(), pinned=False)
    updates.late_refusals = [McpInstallError(code, "it did not answer")]

    refused = mcpi("update", "--yes")
    declined = mcpi("update", typed="n\n")

    said, words = "was moved: `mcpi update NAME` moves", " ".join(refused.err.split())
    assert (refused.status, declined.status) == (status, 4)
    assert (f"none of 2 servers {said}" in words) is (said in words) is (count == 2)
    assert said not in " ".join(declined.err.split())


def test_an_update_in_json(mcpi: Mcpi, updates: Updates) -> None:
    updates.prepared = planned(ChangeKind.DEPENDENCY_ADDED)
    updates.selection = replace(updates.selection, kept=(HELD, NOT_ASKED))

    ran = mcpi("update", "--yes", "--json", terminal=False)

    assert ran.status == 5
    answer = json.loads(ran.out)
    assert {
        key: answer[key] for key in ("schema", "command", "outcome", "replaced", "kept")
    } == snapshot(
        {
            "schema": 1,
            "command": "update",
            "outcome": "done",
            "replaced": [
                {
                    "entries": ["git"],
                    "name": "io.github.modelcontextprotocol/server-git",
                    "before": "2026.9.1",
                    "after": "2026.10.19",
                    "compared": True,
                    "changes": [
                        {
                            "kind": "dependency-added",
                            "weight": 35,
                            "band": "next",
                            "subject": "brand-new",
                            "before": "",
                            "after": "1.1",
                            "lines": [[{"mark": "note", "text": "1 file of 1,000 bytes"}]],
                        },
                        {
                            "kind": "size",
                            "weight": 2,
                            "band": "rest",
                            "subject": "download of the changed packages",
                            "before": "0",
                            "after": "1000",
                            "lines": [],
                        },
                        {
                            "kind": "size",
                            "weight": 2,
                            "band": "rest",
                            "subject": "files of the changed packages",
                            "before": "0",
                            "after": "4",
                            "lines": [],
                        },
                        {
                            "kind": "size",
                            "weight": 2,
                            "band": "rest",
                            "subject": "unpacked size of the changed packages",
                            "before": "0",
                            "after": "3000",
                            "lines": [],
                        },
                    ],
                    "notes": [],
                }
            ],
            "kept": [
                {
                    "entry": "maps",
                    "version": "2026.10.19",
                    "why": "`maps` is held at 1.0",
                    "hint": "`mcpi unhold maps`",
                    "code": None,
                },
                {
                    "entry": "notes",
                    "version": "2026.10.19",
                    "why": "`notes` stays at 1.0: the registry `site` did not answer",
                    "hint": "try again later",
                    "code": "registry-unavailable",
                },
            ],
        }
    )


def test_names_and_version_reach_the_operation(mcpi: Mcpi, updates: Updates) -> None:
    mcpi("update", "git", "--to", "2026.10.19", "--yes", "--allow", "vulnerable", "--offline")

    assert updates.names == ("git", "2026.10.19")
    (request,) = updates.requests
    assert (request.allow, request.offline, request.unattended) == (
        frozenset({"vulnerable"}), True, True,
    )  # fmt: skip


def test_nothing_is_allowed_that_nobody_asked_for(mcpi: Mcpi, updates: Updates) -> None:
    mcpi("update", "--yes")
    mcpi("outdated")

    for request in (*updates.requests, updates.asked):
        assert request is not None
        assert (request.offline, request.plaintext_secrets, request.allow) == (
            False, False, frozenset(),
        )  # fmt: skip


def test_without_names_all_are_meant(mcpi: Mcpi, updates: Updates) -> None:
    mcpi("update", "-n")
    assert list(updates.names) == [None]
    ran = mcpi("outdated")
    assert list(updates.names) == []
    assert "nothing is installed" in ran.err
    mcpi("outdated", "git", "notes")
    assert updates.names == ("git", "notes")


@pytest.mark.parametrize("words", [("update", "--yes"), ("rollback", "--yes"), ("hold", "git")])
def test_quiet_says_only_what_is_needed(
    mcpi: Mcpi, updates: Updates, words: tuple[str, ...]
) -> None:
    updates.rollback = PreparedRollback(record=plans.record("update"), whole=True, steps=(STEP,))

    ran = mcpi(*words, "-q")

    assert (ran.status, ran.out, ran.err) == (0, "", "")


# outdated --------------------------------------------------------------------------------------

OFFERED = Outdated(receipts=(OLD,), offer=Offer(receipt=OLD, version="2", newest="2"))
REFUSED = Outdated(
    receipts=(OLD,),
    offer=Offer(
        receipt=OLD, newest="3", notes=("the index did not answer",),
        refusals=(Refusal(version="3", code=ErrorCode.POLICY_REFUSED, why="it is 2 days old"),),
    ),
)  # fmt: skip
LATEST = Outdated(receipts=(OLD,), offer=Offer(receipt=OLD, newest=OLD.version))
FAILED = Outdated(receipts=(OLD,), problem=DOWN)
REVOKED = replace(
    LATEST,
    withdrawal=Withdrawal(
        code=ErrorCode.VERSION_REVOKED,
        what="`git` 2026.9.1",
        reason="it sends files away",
        date="2026-11-20",
    ),
)
PINNED = replace(OFFERED, receipts=(replace(OLD, hold=Hold.PINNED),))
ROWS = (OFFERED, REFUSED, LATEST, FAILED, REVOKED, PINNED)


def test_what_is_outdated(mcpi: Mcpi, updates: Updates) -> None:
    updates.found = ROWS

    ran = mcpi("outdated", columns=100)

    assert ran.status == 0
    assert ran.out == snapshot("""\
name  installed  update to  newest    why
git   2026.9.1   2          2         \n\
git   2026.9.1   -          3         3 is not offered: it is 2 days old (policy-refused); the index did not answer
git   2026.9.1   -          2026.9.1  up to date
git   2026.9.1   ?          ?         could not be told: the registry `site` did not answer (registry-unavailable)
git   2026.9.1   -          2026.9.1  REVOKED: it sends files away (2026-11-20)
git   2026.9.1   2          2         pinned
""")


@pytest.mark.parametrize(
    ("rows", "plain", "check"),
    [
        ((), 0, 0),
        ((LATEST,), 0, 0),
        ((REFUSED, PINNED), 0, 0),
        ((OFFERED,), 0, 1),
        ((REVOKED,), 0, 1),
        ((FAILED,), 5, 5),
        ((FAILED, LATEST), 0, 5),
        ((FAILED, OFFERED), 0, 1),
    ],
)
def test_the_exit_status_of_outdated(
    mcpi: Mcpi, updates: Updates, rows: tuple[Outdated, ...], plain: int, check: int
) -> None:
    updates.found = rows

    assert mcpi("outdated").status == plain
    assert mcpi("outdated", "--check").status == check
    assert mcpi("outdated", "--check", "--json").status == check


def test_outdated_in_json(mcpi: Mcpi, updates: Updates) -> None:
    updates.found = (REFUSED, FAILED, REVOKED, PINNED)

    assert json.loads(mcpi("outdated", "--json").out) == snapshot(
        {
            "schema": 1,
            "command": "outdated",
            "servers": [
                {
                    "entries": ["git"],
                    "name": "io.github.modelcontextprotocol/server-git",
                    "registry": "bundled",
                    "installed": "2026.9.1",
                    "offered": None,
                    "newest": "3",
                    "outdated": False,
                    "hold": None,
                    "revoked": None,
                    "refused": [
                        {"version": "3", "code": "policy-refused", "why": "it is 2 days old"}
                    ],
                    "notes": ["the index did not answer"],
                    "problem": None,
                },
                {
                    "entries": ["git"],
                    "name": "io.github.modelcontextprotocol/server-git",
                    "registry": "bundled",
                    "installed": "2026.9.1",
                    "offered": None,
                    "newest": None,
                    "outdated": False,
                    "hold": None,
                    "revoked": None,
                    "refused": [],
                    "notes": [],
                    "problem": {
                        "code": "registry-unavailable",
                        "message": "the registry `site` did not answer",
                        "hint": "try again later",
                    },
                },
                {
                    "entries": ["git"],
                    "name": "io.github.modelcontextprotocol/server-git",
                    "registry": "bundled",
                    "installed": "2026.9.1",
                    "offered": None,
                    "newest": "2026.9.1",
                    "outdated": True,
                    "hold": None,
                    "revoked": {
                        "code": "version-revoked",
                        "what": "`git` 2026.9.1",
                        "reason": "it sends files away",
                        "date": "2026-11-20",
                    },
                    "refused": [],
                    "notes": [],
                    "problem": None,
                },
                {
                    "entries": ["git"],
                    "name": "io.github.modelcontextprotocol/server-git",
                    "registry": "bundled",
                    "installed": "2026.9.1",
                    "offered": "2",
                    "newest": "2",
                    "outdated": False,
                    "hold": "pinned",
                    "revoked": None,
                    "refused": [],
                    "notes": [],
                    "problem": None,
                },
            ],
        }
    )


# rollback --------------------------------------------------------------------------------------

STEP = Step(slug="git-1a2b3c4d5e6f", now=(plans.receipt(),), after=(OLD,), changed=False)


def test_a_rollback_shows_where_it_leads_and_asks(mcpi: Mcpi, updates: Updates) -> None:
    updates.rollback = PreparedRollback(
        record=plans.record("update"),
        whole=True,
        steps=(STEP,),
        notes=("`git` 2026.9.1 has known …",),
    )

    ran = mcpi("rollback", typed="?\ny\n")

    assert (ran.status, ran.out) == (0, "")
    assert ran.err == snapshot("""\
git 2026.10.19 → 2026.9.1
  io.github.modelcontextprotocol/server-git
  2026.9.1 was replaced by the update of 2026-11-22 13:45:01 UTC; its files are
    on this disk.
  No host file changes. An approval that a host keeps by the text of an entry
    does not see this change: the text stays.
  Servers that run now keep the former version until they end.
  ! `git` 2026.9.1 has known …

Nothing has been changed yet.
Roll back git? [y/N, ? help]   y  do it
  n  stop; nothing is written (also Enter, or Ctrl-C)
Roll back git? [y/N, ? help] Rolled back git to 2026.9.1
  `mcpi hold git` keeps it there; `mcpi undo` goes forward again
""")
    assert updates.calls == ["commit"]


def test_a_rollback_with_files_shows_their_diff(mcpi: Mcpi, updates: Updates) -> None:
    updates.rollback = PreparedRollback(
        record=plans.record("update"),
        whole=True,
        steps=(STEP,),
        undone=PreparedUndo(record=plans.record("update"), changes=(plans.change(),)),
    )

    ran = mcpi("rollback", "git", "--dry-run")

    assert (ran.status, updates.calls) == (0, [])
    assert ran.err == snapshot("""\
git 2026.10.19 → 2026.9.1
  io.github.modelcontextprotocol/server-git
  2026.9.1 was replaced by the update of 2026-11-22 13:45:01 UTC; its files are
    on this disk.
  Servers that run now keep the former version until they end.

/home/ada/.cursor/mcp.json  (Cursor)                    4 lines added, 1 removed
    @@ -1,5 +1,12 @@
     {
       "mcpServers": {
         "weather": {
           "command": "…"
    -    }
    +    },
    +    "git": {
    +      "command": "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6
  ↳ f/current/bin/python"
    +    }
       }
     }

Dry run: nothing was changed.
""")


def test_the_rollback_of_a_remote_server_speaks_of_no_files(mcpi: Mcpi, updates: Updates) -> None:
    far, near = (
        plans.receipt(transport="streamable-http", url=url, version=version)
        for version, url in (("2.0", "https://b.example/mcp"), ("1.0", "https://a.example/mcp"))
    )
    updates.rollback = PreparedRollback(
        record=plans.record("update"),
        whole=True,
        steps=(Step(slug="git-1a2b3c4d5e6f", now=(far,), after=(near,), changed=True),),
        undone=PreparedUndo(record=plans.record("update"), changes=(plans.change(),)),
    )

    assert mcpi("rollback", "git", "--dry-run").err.splitlines()[:5] == snapshot(
        [
            "git 2.0 → 1.0",
            "  io.github.modelcontextprotocol/server-git",
            "  1.0 was replaced by the update of 2026-11-22 13:45:01 UTC.",
            "",
            "/home/ada/.cursor/mcp.json  (Cursor)                    4 lines added, 1 removed",
        ]
    )


@pytest.mark.parametrize(
    ("words", "terminal", "status"),
    [((), False, 4), (("--dry-run",), False, 0), (("--yes",), False, 0), ((), True, 4)],
)
def test_a_rollback_needs_a_yes(
    mcpi: Mcpi, updates: Updates, words: tuple[str, ...], *, terminal: bool, status: int
) -> None:
    updates.rollback = PreparedRollback(record=plans.record("update"), whole=True, steps=(STEP,))

    ran = mcpi("rollback", *words, typed="n\n", terminal=terminal)

    assert ran.status == status
    assert updates.calls == (["commit"] if "--yes" in words else [])


def test_a_rollback_in_json(mcpi: Mcpi, updates: Updates) -> None:
    updates.rollback = PreparedRollback(
        record=plans.record("update"), whole=True, steps=(STEP,), notes=("`git` has known …",)
    )

    answer = json.loads(mcpi("rollback", "--yes", "--json", terminal=False).out)

    assert {key: answer[key] for key in ("outcome", "notes", "replaced")} == snapshot(
        {
            "outcome": "done",
            "notes": [],
            "replaced": [{"entries": ["git"], "before": "2026.10.19", "after": "2026.9.1"}],
        }
    )


@pytest.mark.parametrize("word", ["hold", "unhold"])
def test_an_interrupted_hold_does_not_say_that_nothing_was_changed(
    mcpi: Mcpi, updates: Updates, word: str
) -> None:
    updates.refusal = KeyboardInterrupt()

    ran = mcpi(word, "git")

    assert ran.status == 130
    assert "nothing was changed" not in ran.err


# hold ------------------------------------------------------------------------------------------


def test_holds_and_lets_go(mcpi: Mcpi, updates: Updates) -> None:
    assert mcpi("hold", "git").err == snapshot(
        "Held git 2026.9.1 and repo 2026.9.1: no update moves it\n"
    )
    assert mcpi("unhold", "git").err == snapshot(
        "`mcpi update` moves git 2026.9.1 and repo 2026.9.1 again\n"
    )
    assert json.loads(mcpi("hold", "git", "--json").out)["entries"] == snapshot(
        [
            {"entry": "git", "version": "2026.9.1", "hold": "held"},
            {"entry": "repo", "version": "2026.9.1", "hold": "held"},
        ]
    )


@pytest.mark.parametrize("words", [("hold", "git"), ("unhold", "git"), ("outdated",)])
def test_quiet_says_nothing(mcpi: Mcpi, updates: Updates, words: tuple[str, ...]) -> None:
    updates.found = ()

    assert mcpi(*words).err
    ran = mcpi(*words, "--quiet")

    assert (ran.status, ran.err) == (0, "")
