"""Whole operations in a small world: install, list, verify, test, uninstall."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import environments, indexes
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.operations import install, test_server, uninstall, verify
from mcpinstall.operations.installed import installed
from mcpinstall.system.homes import CURRENT
from tests.builders import servers
from tests.builders.environments import pythons
from tests.builders.hosts import program
from tests.builders.world import HOSTS, World

pytestmark = pytest.mark.e2e
two_pythons = pytest.mark.skipif(len(pythons()) < 2, reason="needs two versions of Python")


def findings(world: World) -> list[str]:
    return [one.message for entry in verify.verify((), world.context) for one in entry.findings]


def test_one_server_comes_and_goes_without_a_trace(world: World) -> None:
    before = world.host_files()

    done = world.install("clock", hosts=["cursor"])

    assert done is not None
    assert done.receipts[0].hosts == ("cursor-user",)
    assert world.starts("cursor", "clock")
    assert [(one.receipt.entry_name, one.state) for one in installed(world.context)] == [
        ("clock", "ok")
    ]
    assert findings(world) == []
    assert test_server.test("clock", world.context).tools == ("convert_time", "get_current_time")
    world.require_clean()

    world.uninstall("clock")

    assert world.host_files() == before
    assert installed(world.context) == ()
    world.require_clean()


def test_several_servers_and_hosts_make_one_plan(world: World) -> None:
    before = world.host_files()

    world.install("clock", "notes", "maps", hosts=list(HOSTS))

    assert len(world.history()) == 1
    for product in HOSTS:
        for name in ("clock", "notes", "maps"):
            assert world.starts(product, name)
    assert findings(world) == []
    world.require_clean()

    world.uninstall("notes", "clock", "maps")

    assert world.host_files() == before
    world.require_clean()


def test_every_check_has_an_outcome_in_the_receipt(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    found = {one.check: one.outcome for one in world.receipts()["clock"].checks}

    assert set(found) == set(Check)
    assert found.pop(Check.PUBLISHER) is Outcome.ABSENT
    assert set(found.values()) == {Outcome.VERIFIED}


def test_the_same_again_is_nothing_to_do(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    before = world.host_files()

    assert world.install("clock", hosts=["cursor"]) is None

    assert world.host_files() == before
    assert len(world.history()) == 1


def test_another_host_gets_only_the_entry(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    (generation,) = world.generations()
    checks = world.receipts()["clock"].checks
    world.index.requests.clear()

    world.install("clock", hosts=["codex"])

    assert world.generations() == [generation]
    assert world.index.requests == []
    assert world.receipts()["clock"].hosts == ("codex-user", "cursor-user")
    assert world.receipts()["clock"].checks[Check.ARCHIVES - 1] == checks[Check.ARCHIVES - 1]
    assert findings(world) == []
    world.require_clean()


def test_uninstall_from_one_host_keeps_the_other(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor", "codex"])

    world.uninstall("clock", hosts=["cursor"])

    assert world.host_files()["cursor"] == before["cursor"]
    assert world.starts("codex", "clock")
    assert world.receipts()["clock"].hosts == ("codex-user",)
    world.require_clean()

    world.uninstall("clock", hosts=["codex"])

    assert world.host_files() == before
    world.require_clean()


def test_uninstall_from_a_host_spares_what_is_not_in_it(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("notes", print_only=True)
    world.install("maps", hosts=["codex"])

    world.uninstall("clock", "notes", "maps", hosts=["cursor"])

    assert set(world.receipts()) == {"notes", "maps"}
    world.require_clean()


def test_uninstall_from_a_host_that_has_it_not_is_refused(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    with pytest.raises(McpInstallError) as refused:
        world.uninstall("clock", hosts=["codex"])

    assert refused.value.code is ErrorCode.NOT_INSTALLED


def test_two_entries_of_one_server_share_one_environment(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["cursor"], entry_name="oslo", settings=(("zone", "Oslo"),))
    assert len(world.generations()) == 1
    assert world.servers_in("cursor")["oslo"][-2:] == ("--zone", "Oslo")

    world.uninstall("clock")

    assert world.starts("cursor", "oslo")
    world.require_clean()

    world.uninstall("oslo")

    assert world.host_files() == before
    assert world.homes() == []
    world.require_clean()


def test_a_new_version_moves_every_entry_of_the_server(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"], entry_name="second")
    world.offer("clock", "2.0")

    world.install("clock", hosts=["cursor"])

    assert {one.version for one in world.receipts().values()} == {"2.0"}
    assert findings(world) == []
    assert test_server.test("second", world.context).differences == ()
    world.require_consistent()

    world.uninstall("clock", "second")

    world.require_clean()


def test_two_versions_of_one_server_in_one_plan_are_refused(world: World) -> None:
    world.offer("clock", "2.0")

    with pytest.raises(McpInstallError) as refused:
        world.install("clock@1.0", "clock@2.0", hosts=["cursor"])

    assert refused.value.code is ErrorCode.USAGE


def test_one_server_under_two_names_in_one_plan_is_one(world: World) -> None:
    world.install("clock", "io.github.user/clock@1.0", hosts=["cursor"])

    assert set(world.receipts()) == {"clock"}


def test_without_a_host_the_entry_is_printed_and_kept_in_mind(world: World) -> None:
    before = world.host_files()

    done = world.install("clock")

    assert done is not None
    ((title, text),) = done.printed
    assert title == "Your MCP host"
    assert '"clock"' in text
    assert world.host_files() == before
    assert world.receipts()["clock"].hosts == ()
    assert findings(world) == []

    world.uninstall("clock")

    world.require_clean()


@pytest.mark.parametrize("host", ["raycast", "cursor-project"])
def test_a_host_that_is_not_written_gives_the_text_to_paste(world: World, host: str) -> None:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=[host])
    done = world.install("clock", hosts=[host], print_only=True)

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert refused.value.hint
    assert '"clock"' in refused.value.evidence
    assert done is not None
    assert done.printed[0][1] == refused.value.evidence
    assert world.host_files() == before


def test_a_program_whose_host_is_not_written_is_no_candidate(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(world.root / "bin", "qodercli")
    monkeypatch.setenv("PATH", f"{program(world.root / 'bin', 'cursor').parent}:/usr/bin")

    world.install("clock")

    assert world.receipts()["clock"].hosts == ("cursor-user",)


def test_print_leaves_the_file_of_a_host_that_is_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{program(world.root / 'bin', 'cursor').parent}:/usr/bin")
    before = world.host_files()

    done = world.install("clock", print_only=True)

    assert done is not None
    assert done.printed[0][0] == "Cursor"
    assert world.host_files() == before


def test_the_only_host_that_is_found_is_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{program(world.root / 'bin', 'codex').parent}:/usr/bin")

    world.install("clock")

    assert world.receipts()["clock"].hosts == ("codex-user",)


def test_of_several_hosts_one_has_to_be_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("codex", "cursor"):
        program(world.root / "bin", name)
    monkeypatch.setenv("PATH", f"{world.root / 'bin'}:/usr/bin")

    with pytest.raises(McpInstallError) as refused:
        world.install("clock")

    assert refused.value.code is ErrorCode.HOST_AMBIGUOUS
    assert "--host codex" in refused.value.hint


def test_an_entry_that_the_user_took_out_is_put_back(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.write_files()

    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")
    world.require_clean()
    world.uninstall("clock")
    world.require_clean()


def test_an_entry_of_the_user_is_not_taken_over(world: World) -> None:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor"], entry_name="mine")

    assert refused.value.code is ErrorCode.SERVER_EXISTS
    world.require_untouched(before)


def test_another_server_can_not_take_an_entry_name(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    with pytest.raises(McpInstallError) as refused:
        world.install("notes", hosts=["codex"], entry_name="clock")

    assert refused.value.code is ErrorCode.SERVER_EXISTS


def test_uninstall_takes_out_only_ours_of_a_changed_file(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    changed = world.file("cursor").read_text().replace('"/bin/mine"', '"/bin/other"')
    world.file("cursor").write_text(changed)

    world.uninstall("clock")

    assert world.servers_in("cursor") == {"mine": ("/bin/other",)}
    world.require_clean()


def test_uninstall_copes_with_a_file_that_is_gone(world: World) -> None:
    world.install("clock", hosts=["cursor", "codex"])
    world.file("cursor").unlink()

    done = world.uninstall("clock")

    assert any("cursor" in note.lower() for note in done.notes)
    assert not world.file("cursor").exists()
    world.require_clean()


def test_uninstall_copes_with_an_entry_that_is_gone(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.write_files()
    before = world.host_files()

    world.uninstall("clock")

    assert world.host_files() == before
    assert world.store.chain("cursor-user").names == ()
    world.require_clean()


def test_uninstall_copes_with_a_lost_chain(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.data / "hosts")

    done = world.uninstall("clock")

    assert "clock" in world.servers_in("cursor")
    assert any("was not written by mcpinstall" in note for note in done.notes)
    world.require_clean()


def test_a_file_that_mcpinstall_made_goes_again(world: World) -> None:
    for product in HOSTS:
        world.file(product).unlink()

    world.install("clock", "notes", hosts=list(HOSTS))
    world.uninstall("clock")
    world.uninstall("notes")

    assert set(world.host_files().values()) == {None}
    world.require_clean()


def test_a_lost_receipt_is_written_again_with_its_hosts(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor", "codex"])
    (world.data / "receipts" / "clock.json").unlink()

    world.install("clock", hosts=["cursor"])

    assert world.receipts()["clock"].hosts == ("codex-user", "cursor-user")
    world.uninstall("clock")
    assert world.host_files() == before
    world.require_clean()


def test_a_missing_environment_is_built_again_by_install(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.homes()[0])

    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")
    world.require_clean()


def test_uninstall_works_without_the_environment(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.homes()[0])

    world.uninstall("clock")

    assert world.host_files() == before
    world.require_clean()


def test_a_missing_generation_is_no_installed_server(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.generations()[0])

    assert installed(world.context)[0].state == "environment missing"
    assert findings(world) != []


def test_uninstall_removes_what_a_running_server_kept(world: World) -> None:
    """A generation that was in use when its server went goes with the next change."""
    from mcpinstall.system import files

    world.install("clock", hosts=["cursor"])
    with files.locked(world.generations()[0] / ".lock", shared=True):
        world.uninstall("clock")
        assert len(world.generations()) == 1

    world.install("notes", hosts=["cursor"])

    assert len(world.generations()) == 1
    world.require_clean()


def test_a_current_that_leads_elsewhere_is_found_and_mended(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    link = world.homes()[0] / CURRENT
    link.unlink()
    link.symlink_to(world.root)

    assert installed(world.context)[0].state == "environment missing"
    assert findings(world) != []
    world.reinstall("clock")

    assert findings(world) == []
    assert world.starts("cursor", "clock")
    world.require_consistent()


def test_uninstall_works_when_current_leads_elsewhere(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    link = world.homes()[0] / CURRENT
    link.unlink()
    link.symlink_to(world.root)

    world.uninstall("clock")

    assert world.host_files() == before
    assert world.root.is_dir()
    world.require_clean()


@two_pythons
def test_the_chosen_python_runs_the_server_and_stays(world: World) -> None:
    first, second = (str(path) for path in pythons()[:2])
    world.install("clock", hosts=["cursor"], python=second)

    world.install("clock", hosts=["codex"])
    world.install("clock", hosts=["codex"], entry_name="again")

    assert {one.python_path for one in world.receipts().values()} == {second}
    assert len(world.generations()) == 1
    assert findings(world) == []

    world.install("clock", hosts=["codex"], python=first)

    assert {one.python_path for one in world.receipts().values()} == {first}
    assert findings(world) == []
    world.require_consistent()


def test_a_dry_run_leaves_nothing_but_caches(world: World) -> None:
    before = world.host_files()

    prepared = install.prepare(
        world.prepare("clock", hosts=["cursor"]).request, world.context, stage=False
    )
    install.discard(prepared)

    assert prepared.staged == ()
    assert world.host_files() == before
    assert not world.data.exists()


def test_prepared_and_discarded_leaves_nothing(world: World) -> None:
    prepared = world.prepare("clock", hosts=["cursor"])

    install.discard(prepared)

    assert not world.data.exists()
    assert list(world.context.paths.staging.glob("[0-9a-f]*")) == []


def test_the_plan_digest_is_the_same_for_the_same_decision(world: World) -> None:
    one = world.prepare("clock", hosts=["cursor", "codex"])
    other = world.prepare("clock", hosts=["codex", "cursor"])
    different = world.prepare("clock", hosts=["cursor"])
    for prepared in (one, other, different):
        install.discard(prepared)

    assert one.plan.digest == other.plan.digest != different.plan.digest


def test_a_staging_folder_of_a_dead_process_is_swept(world: World) -> None:
    staging = world.context.paths.staging
    staging.mkdir(parents=True, mode=0o700)
    for name in ("0123456789abcdef", "fedcba9876543210"):
        (staging / name).mkdir(mode=0o700)
    (staging / "0123456789abcdef" / "in-use").touch()

    world.install("clock", hosts=["cursor"])

    world.require_clean()


def test_an_old_protocol_works_as_well(world: World) -> None:
    world.offer("elder", body=servers.LEGACY)

    world.install("elder", hosts=["cursor"])

    assert test_server.test("elder", world.context).protocol == "2025-11-25"


def test_installing_offline_takes_the_store(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.uninstall("clock")
    world.index.requests.clear()

    world.install("clock", hosts=["cursor"], offline=True)

    assert world.index.requests == []
    assert world.starts("cursor", "clock")


def test_an_uninstallation_says_what_goes(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("clock", hosts=["codex"], entry_name="second")

    one = uninstall.prepare(["clock"], [], world.context)
    both = uninstall.prepare(["clock", "second"], [], world.context)

    assert one.servers_removed == ()
    assert both.servers_removed == ("io.github.user/clock",)
    assert [change.file.row.id for change in both.changes] == ["cursor-user", "codex-user"]


def test_the_state_of_a_copied_home_is_said(world: World, tmp_path: Path) -> None:
    world.install("clock", hosts=["cursor"])
    path = world.data / "receipts" / "clock.json"
    machine = world.receipts()["clock"].machine
    path.write_text(path.read_text().replace(machine, "0" * len(machine)))

    assert installed(world.context)[0].state == "copied from another machine"


def test_verify_without_the_archives_says_what_it_rests_on(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    shutil.rmtree(world.context.paths.artifacts)

    (entry,) = verify.verify((), world.context)

    outcomes = {one.check: one.outcome for one in entry.checks}
    assert outcomes[Check.DOWNLOADS] is outcomes[Check.ARCHIVES] is Outcome.NOT_CHECKED
    assert "receipt only" in entry.anchor

    (entry,) = verify.verify((), world.context, strict=True)
    assert entry.problem is not None
    assert entry.problem.code is ErrorCode.OFFLINE_MISSING

    (entry,) = verify.verify((), world.context, strict=True, fetch=True)
    assert entry.problem is None
    assert entry.findings == ()
    assert entry.anchor.startswith("registry")


def test_an_entry_that_can_not_be_checked_keeps_no_other_from_it(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    world.install("notes", hosts=["cursor"])
    artifacts = dict(world.receipts()["clock"].artifacts)
    damaged = indexes.Store(world.context.paths.artifacts).path(next(iter(artifacts.values())))
    damaged.chmod(0o600)
    damaged.write_bytes(b"damaged")

    clock, notes = verify.verify((), world.context, strict=True)

    assert clock.problem is not None
    assert "1 file is damaged in the store" in clock.problem.message
    assert (notes.problem, notes.findings) == (None, ())
    mcpi = world.command()
    mcpi.run("verify", "--strict", status=5)
    mcpi.run("verify", status=0)


def test_strict_verification_finds_a_compiled_file_that_its_receipt_covers(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    (generation,) = world.generations()
    compiled = next(generation.rglob("*.pyc"))
    compiled.chmod(0o600)
    compiled.write_bytes(compiled.read_bytes() + b"x")
    compiled.chmod(0o444)
    (receipt,) = world.receipts().values()
    tree = environments.measure(generation).sha256
    world.store.write_receipt(replace(receipt, tree_sha256=tree))
    assert findings(world) == []

    (entry,) = verify.verify((), world.context, strict=True)

    (found,) = entry.findings
    assert "is not what its source compiles to" in found.message
