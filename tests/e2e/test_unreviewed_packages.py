"""`pypi:NAME`: a package that nobody reviewed, from its plan to its uninstallation."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.cli import render_plan
from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.model.plan import Request
from mcpinstall.model.unreviewed_lock import parse
from mcpinstall.operations import doctor, install, test_server, unreviewed_records, verify
from mcpinstall.operations.prepared import Prepared
from mcpinstall.system import limits
from tests.builders import servers
from tests.builders.packages import publish
from tests.builders.world import World, refusal

CURSOR = ("cursor",)
NAME = "pypi:weather-server"


def planned(world: World, name: str, **request: Any) -> Prepared:  # noqa: ANN401
    """Return a plan with nothing staged, as of a dry run."""
    return install.prepare(Request(names=(name,), **request), world.context, stage=False)


@pytest.fixture(autouse=True)
def weather(world: World) -> None:
    """The index has `weather-server` 1.0 and 2.0, which needs `sky-maps`."""
    for name in ("weather-server", "sky-maps", "timeless"):
        world.index.pages.pop(name, None)
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(world.index, "weather-server", "1.0")
    publish(world.index, "weather-server", "2.0", requires=("sky-maps>=1",))


def test_it_is_installed_with_its_whole_closure_and_answers(world: World) -> None:
    prepared = world.prepare(NAME, hosts=CURSOR)
    (server,) = prepared.plan.servers
    outcomes = {result.check: result.outcome for result in prepared.plan.checks}

    done = world.carry_out(prepared)

    assert (server.name, server.version, server.entry.name) == (NAME, "2.0", "weather-server")
    assert [one.filename for one in server.artifacts] == [
        "sky_maps-1.0-py3-none-any.whl", "weather_server-2.0-py3-none-any.whl",
    ]  # fmt: skip
    assert outcomes[Check.REGISTRY] is outcomes[Check.MANIFEST] is Outcome.ABSENT
    assert outcomes[Check.DOWNLOADS] is outcomes[Check.ARCHIVES] is Outcome.VERIFIED
    assert done is not None
    assert done.receipts[0].review == "unreviewed"
    assert world.starts("cursor", "weather-server")
    world.require_clean()


def test_a_version_can_be_named(world: World) -> None:
    world.install(f"{NAME}==1.0", hosts=CURSOR)

    assert world.receipts()["weather-server"].version == "1.0"


def test_installing_it_again_does_nothing_and_asks_nobody(world: World) -> None:
    world.install(NAME, hosts=CURSOR)
    publish(world.index, "weather-server", "3.0")
    asked = len(world.index.requests)

    assert world.install(NAME, hosts=CURSOR) is None
    assert len(world.index.requests) == asked


def test_another_host_gets_the_entry_of_what_is_in_place(world: World) -> None:
    world.install(NAME, hosts=CURSOR)

    world.install(NAME, hosts=("codex",))

    assert world.receipts()["weather-server"].hosts == ("codex-user", "cursor-user")
    assert len(world.generations()) == 1


def test_everything_later_works_without_the_index(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.host_files()
    world.install(NAME, hosts=CURSOR)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")

    (verified,) = verify.verify((), world.context, strict=True)
    tested = test_server.test("weather-server", world.context)
    world.reinstall("weather-server", offline=True)
    world.configure("weather-server", extra_arguments=("--verbose",))
    examined = doctor.examine(world.context, full=True)
    world.undo()
    world.uninstall("weather-server")

    assert (verified.is_clean, verified.problem) == (True, None)
    assert verified.anchor.startswith("the lock made at its installation")
    assert (tested.differences, len(tested.tools)) == ((), len(servers.TOOLS))
    assert [one for one in examined.troubles if one.entry != "mine"] == []
    assert world.host_files() == before
    assert world.receipts() == {}
    world.require_clean()


def test_undo_takes_the_uninstallation_back(world: World) -> None:
    world.install(NAME, hosts=CURSOR)
    world.uninstall("weather-server")

    world.undo()

    assert world.starts("cursor", "weather-server")
    assert verify.verify((), world.context)[0].is_clean


def test_its_first_tools_are_kept_and_others_refused_later(world: World) -> None:
    world.install(NAME, hosts=CURSOR)
    receipt = world.receipts()["weather-server"]
    kept = world.context.paths.unreviewed / f"{receipt.manifest_sha256}.tools.json"
    tools = json.loads(kept.read_bytes())
    kept.write_bytes(kept.read_bytes().replace(b"Get the current time", b"Get another thing"))

    with pytest.raises(McpInstallError) as refused:
        world.reinstall("weather-server")

    assert len(tools["tools"]) == len(servers.TOOLS)
    assert refusal(refused) == ("tools-changed", 3)


def test_a_plan_has_one_digest_and_its_lock_replays_it(world: World, tmp_path: Path) -> None:
    first = planned(world, NAME, hosts=CURSOR)
    again = planned(world, NAME, hosts=CURSOR)
    file = tmp_path / "weather.lock"
    file.write_bytes(first.locks[0].read_bytes())
    publish(world.index, "weather-server", "3.0")

    newer = planned(world, NAME, hosts=CURSOR)
    replayed = world.prepare(NAME, hosts=CURSOR, lock_file=file)

    assert first.plan.digest == again.plan.digest == replayed.plan.digest
    assert newer.plan.digest != first.plan.digest
    world.carry_out(replayed)
    assert world.receipts()["weather-server"].version == "2.0"
    assert parse(file.read_bytes(), "x") == unreviewed_records.read(file)


def test_nothing_of_the_last_seven_days_is_taken(world: World) -> None:
    young = datetime.now(UTC) - timedelta(days=6)
    publish(world.index, "weather-server", "3.0", uploaded=young)
    publish(world.index, "sky-maps", "1.1", body=None, uploaded=young)

    (server,) = planned(world, NAME, hosts=CURSOR).plan.servers

    assert server.version == "2.0"
    assert {one.version for one in server.artifacts if one.package == "sky-maps"} == {"1.0"}


def test_an_index_that_tells_no_times_is_refused(world: World) -> None:
    publish(world.index, "timeless", "1.0", uploaded=None)

    with pytest.raises(McpInstallError) as refused:
        world.prepare("pypi:timeless", hosts=CURSOR)

    assert refusal(refused) == ("tool-failed", 5)
    assert "7 days" in refused.value.hint


def test_a_lock_with_young_files_is_refused(world: World, tmp_path: Path) -> None:
    lock = parse(planned(world, NAME, hosts=CURSOR).locks[0].read_bytes(), "x")
    recent = f"{datetime.now(UTC) - timedelta(days=6):%Y-%m-%dT%H:%M:%SZ}".encode()
    text = lock.lock.text.replace(b"2026-01-01T00:00:00Z", recent)
    file = tmp_path / "young.lock"
    file.write_bytes(replace(lock, lock=replace(lock.lock, text=text)).text)

    with pytest.raises(McpInstallError) as refused:
        world.prepare(NAME, hosts=CURSOR, lock_file=file)

    assert refusal(refused) == ("policy-refused", 3)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("pypi:nothing-of-that-name", "not-found"),
        ("pypi:weather-server==9.9", "tool-failed"),
        ("pypi:weather-server@2.0", "name-invalid"),
        ("pypi:weather-server==2.*", "name-invalid"),
        ("pypi:sky-maps", "manifest-invalid"),
        ("npm:weather", "not-supported-yet"),
        ("mcpb:weather.mcpb", "not-supported-yet"),
    ],
)
def test_what_can_not_be_installed_is_refused_precisely(world: World, name: str, code: str) -> None:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.prepare(name, hosts=CURSOR)

    assert str(refused.value.code) == code
    assert refused.value.hint
    world.require_untouched(before)


def test_a_withdrawn_release_needs_to_be_allowed(world: World) -> None:
    for listing in world.index.pages["weather-server"].values():
        listing.yanked = "leaks"

    with pytest.raises(McpInstallError) as refused:
        world.prepare(f"{NAME}==2.0", hosts=CURSOR)
    allowed = planned(world, f"{NAME}==2.0", hosts=CURSOR, allow=frozenset({"yanked"}))

    assert refusal(refused) == ("version-yanked", 3)
    assert allowed.plan.servers[0].version == "2.0"


def test_consent_is_the_name_and_unattended_the_digest(world: World) -> None:
    command = world.command()
    arguments = ("install", NAME, "-H", "cursor")

    planned = command.run(*arguments, "--dry-run")
    digest = planned.stdout.strip()
    command.run(*arguments, "--yes", status=3)
    allowed = (*arguments, "--yes", "--allow", "unreviewed")
    command.run(*allowed, status=4)
    command.run(*allowed, "--expect-digest", f"sha256:{'0' * 64}", status=3)
    assert world.receipts() == {}
    command.run(*allowed, "--expect-digest", digest)

    assert digest[:7] == "sha256:"
    assert "NOT REVIEWED" in planned.stderr
    assert "--lock" in planned.stderr
    assert "nobody declared what it needs" in planned.stderr
    assert "network no" not in planned.stderr
    assert world.starts("cursor", "weather-server")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("clok-server", "its name is nearly that of `clock-server`"),
        ("clockserver", "its name is nearly that of `clock-server`"),
        ("clock-server", "a version of this package was reviewed"),
        ("weather-server", ""),
    ],
)
def test_a_name_near_a_reviewed_one_is_told_before_the_question(
    world: World, name: str, said: str
) -> None:
    kept = world.index.pages.pop(name, None)
    publish(world.index, name, "0.9")

    (server,) = planned(world, f"pypi:{name}", hosts=CURSOR).plan.servers

    world.index.pages.pop(name)
    if kept is not None:
        world.index.pages[name] = kept
    warnings = server.reviewed.registry.warnings
    assert [one[: len(said)] for one in warnings] == ([said] if said else [])
    assert all("`mcpi install clock`" in one for one in warnings)
    assert set(warnings) <= set(render_plan.guidance(server.reviewed.manifest,
                                                     server.reviewed.registry))  # fmt: skip


def test_what_its_source_says_survives_the_questions(world: World) -> None:
    publish(world.index, "clocks-server", "1.0")
    request = Request(names=("pypi:clocks-server",), hosts=CURSOR)

    drafted = install.draft(request, world.context).request  # as where inputs or hosts are asked
    prepared = install.prepare(drafted, world.context, stage=False)
    install.discard(prepared)

    registry = prepared.plan.servers[0].reviewed.registry
    assert registry.warnings
    assert registry.address.startswith("http://127.0.0.1")


def test_what_nothing_uses_any_more_is_deleted_but_not_whose_name_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = world.context.paths.unreviewed

    def kept() -> list[str]:
        return sorted(path.name for path in folder.iterdir() if path.is_file())

    world.install(NAME, hosts=CURSOR)
    used = kept()
    (folder / f"{'0' * 64}.json").write_text("of an installation that failed")
    (folder / f"{'0' * 64}.tools.json").write_text("{}")
    (folder / "notes.json").write_text("not ours")
    world.uninstall("weather-server")
    after_uninstallation = kept()
    monkeypatch.setattr(limits, "HISTORY_DAYS", -1)
    world.install("clock", hosts=CURSOR)
    world.install("notes", hosts=CURSOR)
    world.install("maps", hosts=CURSOR)

    assert len(used) == 2
    assert after_uninstallation == sorted([*used, "notes.json"])
    assert kept() == ["notes.json"]
    assert len(list((folder / "names").iterdir())) == 1


def test_a_damaged_history_costs_no_more_than_disk_space(world: World) -> None:
    world.install(NAME, hosts=CURSOR)
    (record,) = (world.data / "history").glob("2*.json")
    record.write_text("{")
    world.uninstall("weather-server")

    assert any(world.context.paths.unreviewed.glob("*.json"))
    world.require_clean()


def test_of_two_servers_each_has_the_permissions_that_somebody_declared(world: World) -> None:
    command = world.command()

    both = command.run("install", "clock", NAME, "-H", "cursor", "--dry-run").stderr
    shown = command.answer("install", "clock", NAME, "-H", "cursor", "--dry-run")

    assert "NOT enforced)\n  clock  network" in both
    assert "nobody declared what it needs, and nothing" in both
    assert "(weather-server)" in both
    first, second = shown["plan"]["servers"]
    assert (first["permissions"]["enforced"], second["permissions"]) == (False, None)
