"""Without a person: `--yes`, `--dry-run`, `--expect-digest`, and nobody at all."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import layout, render_done
from mcpinstall.model.plan import Request
from mcpinstall.operations.prepared import Prepared
from tests.builders import plans
from tests.cli.conftest import Mcpi, Operations

OTHER = "0123" * 16
ACTED = ["prepare, staging", "commit", "discard"]


def test_nobody_to_ask_is_an_error_and_nothing_is_built(mcpi: Mcpi, operations: Operations) -> None:
    ran = mcpi("install", "git", terminal=False)

    assert (ran.status, ran.out) == (4, "")
    assert ran.err == snapshot("""\
error[consent-unavailable]: there is no terminal to ask the question at
  nothing was changed

hint: look at the plan with `--dry-run`, then answer it with `--yes`
""")
    assert operations.calls == ["prepare", "discard"]


@pytest.mark.parametrize("command", ["new", "lock"])
def test_a_command_without_a_dry_run_does_not_name_one(mcpi: Mcpi, command: str) -> None:
    ran = mcpi("manifest", command, "pypi:some-server", terminal=False)

    assert ran.status == 4
    assert "hint: `--yes` answers it\n" in ran.err


def test_yes_answers_the_question(mcpi: Mcpi, operations: Operations) -> None:
    ran = mcpi("install", "git", "--yes", terminal=False)

    assert ran.status == 0
    assert "Nothing has been written yet." not in ran.err
    assert "[y/N" not in ran.err
    assert operations.calls == ACTED


def test_quiet_and_yes_say_nothing(mcpi: Mcpi, operations: Operations) -> None:
    assert mcpi("install", "git", "-y", "-q", terminal=False).err == ""


def test_a_dry_run_shows_the_plan_and_gives_its_digest(mcpi: Mcpi, operations: Operations) -> None:
    ran = mcpi("install", "git", "--dry-run", terminal=False)

    assert ran.status == 0
    assert ran.out == f"sha256:{plans.DIGEST}\n"
    assert ran.err.partition("certified by registry bundled.\n")[2] == snapshot("""\
Dry run: nothing was changed.
The plan's digest, for `--yes --expect-digest DIGEST` here or on another
  machine:
""")
    assert operations.calls == ["prepare", "discard"]


@pytest.mark.parametrize("digest", [plans.DIGEST, f"sha256:{plans.DIGEST}"])
def test_the_expected_plan_is_carried_out(mcpi: Mcpi, operations: Operations, digest: str) -> None:
    assert mcpi("install", "git", "-y", "--expect-digest", digest).status == 0
    assert operations.calls == ACTED


def test_another_plan_than_the_expected_is_refused(mcpi: Mcpi, operations: Operations) -> None:
    ran = mcpi("install", "git", "-y", "--expect-digest", f"sha256:{OTHER}", terminal=False)

    assert ran.status == 3
    assert ran.err == snapshot("""\
error[plan-changed]: the plan is not the one that was agreed to
  nothing was changed

hint: expected `sha256:0123012301230123012301230123012301230123012301230123012301230123`, got `sha256:5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c`; look at the plan again with `--dry-run`
""")
    assert "commit" not in operations.calls


@pytest.mark.parametrize(("allow", "expect"), [((), True), (("unreviewed",), False), ((), False)])
def test_yes_alone_is_no_consent_for_an_unreviewed_server(
    mcpi: Mcpi, operations: Operations, allow: tuple[str, ...], expect: bool
) -> None:
    operations.prepared = asking(plans.unreviewed(), *allow)
    digest = ["--expect-digest", plans.DIGEST] if expect else []

    ran = mcpi("install", "git", "-y", *digest, terminal=False)

    assert ran.status == 4
    assert ran.err[ran.err.index("error[") :] == snapshot("""\
error[consent-unavailable]: `io.github.modelcontextprotocol/server-git` is not reviewed, and `--yes` alone does not answer for that
  nothing was changed

hint: add `--allow unreviewed --expect-digest sha256:5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c`
""")
    assert "commit" not in operations.calls


def test_a_digest_and_an_allowance_are_consent_for_an_unreviewed_server(
    mcpi: Mcpi, operations: Operations
) -> None:
    operations.prepared = asking(plans.unreviewed(), "unreviewed")

    assert mcpi("install", "git", "-y", "--expect-digest", plans.DIGEST).status == 0


def test_a_stale_registry_needs_its_own_allowance(mcpi: Mcpi, operations: Operations) -> None:
    stale = plans.server(plans.reviewed(state=plans.registry(stale=True)))
    operations.prepared = plans.prepared(stale)

    ran = mcpi("install", "git", "-y", terminal=False)

    assert ran.status == 3
    assert ran.err[ran.err.index("error[") :] == snapshot("""\
error[registry-stale]: the registry `bundled` is stale since 2027-05-21: newer versions and revocations may exist that it doesn't know of
  nothing was changed

hint: update mcpinstall, or add `--allow stale`
""")
    operations.prepared = asking(plans.prepared(stale), "stale")
    assert mcpi("install", "git", "-y", terminal=False).status == 0


def asking(prepared: Prepared, *allow: str) -> Prepared:
    """Return a plan whose request allows something."""
    return replace(prepared, request=Request(names=("git",), allow=frozenset(allow)))


def test_a_dry_run_shows_an_unreviewed_plan_without_any_allowance(
    mcpi: Mcpi, operations: Operations
) -> None:
    operations.prepared = plans.unreviewed()

    ran = mcpi("install", "git", "-n", terminal=False)

    assert ran.status == 0
    assert not operations.requests[0].unattended


def test_another_plan_is_refused_also_where_everything_is_in_place(
    mcpi: Mcpi, operations: Operations
) -> None:
    operations.prepared = plans.prepared(plans.server(already_installed=True), changes=())

    assert mcpi("install", "git", "-y", "--expect-digest", "00").status == 3
    assert mcpi("install", "git", "-n").out == f"sha256:{plans.DIGEST}\n"


def test_the_path_of_a_lock_stays_whole() -> None:
    path = Path("/home/user/.cache/mcpinstall/locks") / f"{'a' * 64}.json"

    shown = layout.plain(render_done.planned(80, (path,)))

    assert f"  {path}\n" in shown
