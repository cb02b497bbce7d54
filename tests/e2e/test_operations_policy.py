"""Policies in whole operations: who asks them, what they know of a plan, what they leave alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.model.plan import Request
from mcpinstall.operations import configure, doctor, install, lookup, reinstall, undo, verify
from mcpinstall.operations import policies as operation
from mcpinstall.operations.context import Context
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.prepared import Prepared
from tests.builders import policies
from tests.builders.world import World

pytestmark = pytest.mark.e2e

FORBIDDEN = "deny-names = ['*/clock']\n"


def refusal(
    world: World, *names: str, hosts: tuple[str, ...] = ("cursor",), **request: object
) -> str:
    """Try to install; return why policy refuses."""
    with pytest.raises(McpInstallError) as error:
        install.discard(world.prepare(*names, hosts=hosts, **request))
    assert error.value.code is ErrorCode.POLICY_REFUSED
    return error.value.message


# Commands --------------------------------------------------------------------------------------


def test_every_command_that_builds_or_writes_asks_and_uninstalling_does_not(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    installed = world.host_files()
    policies.of_user(FORBIDDEN, world.home)
    empty = Request(names=())
    shutil.rmtree(world.context.paths.artifacts)  # whatever they fetch is seen
    asked = len(world.index.requests)

    commands: list[Callable[[], Prepared]] = [
        lambda: world.prepare("clock", hosts=["codex"]),
        lambda: configure.prepare("clock", empty, world.context),
        lambda: reinstall.prepare("clock", world.context, request=empty),
    ]
    for prepare in commands:
        with pytest.raises(McpInstallError) as error:
            prepare()
        assert error.value.code is ErrorCode.POLICY_REFUSED

    assert world.host_files() == installed
    assert len(world.index.requests) == asked
    world.uninstall("clock")
    with pytest.raises(McpInstallError) as error:
        world.undo()
    assert error.value.code is ErrorCode.POLICY_REFUSED
    world.require_clean()


def test_undo_takes_back_the_installation_of_what_is_forbidden_by_now(world: World) -> None:
    before = world.host_files()
    world.install("clock", hosts=["cursor"])
    policies.of_user(FORBIDDEN, world.home)

    world.undo()

    assert world.host_files() == before


def test_undo_brings_back_what_is_allowed(world: World) -> None:
    world.install("notes", hosts=["cursor"])
    installed = world.host_files()
    world.uninstall("notes")
    policies.of_user(FORBIDDEN, world.home)

    undo.commit(undo.prepare(None, world.context), world.context)

    assert world.host_files() == installed


def test_verify_and_doctor_tell_what_is_forbidden_by_now(world: World) -> None:
    world.install("clock", "notes", hosts=["cursor"])
    path = policies.of_user(FORBIDDEN, world.home)

    found = {entry.entry_name: entry for entry in verify.verify((), world.context)}
    told = [
        one for one in doctor.examine(world.context).troubles if one.kind is Kind.POLICY_FORBIDS
    ]

    (finding,) = found["clock"].findings
    assert (finding.check, finding.kind) == (Check.POLICY, Kind.POLICY_FORBIDS)
    assert str(path) in finding.message
    assert found["notes"].is_clean
    (check,) = [one for one in found["notes"].checks if one.check is Check.POLICY]
    assert check.outcome is Outcome.VERIFIED
    assert [one.subject for one in told] == ["clock"]
    assert "`mcpi uninstall clock`" in told[0].fix
    judged = {one.entry_name: one for one in operation.judge_installed(
        operation.load(world.context), world.context)}  # fmt: skip
    assert judged["clock"].refusals
    assert not judged["notes"].refusals


def test_doctor_tells_once_of_a_policy_that_cannot_be_used(world: World) -> None:
    world.install("clock", "notes", hosts=["cursor"])
    policies.of_user("no-such-key = 1\n", world.home)

    report = doctor.examine(world.context)

    assert [one.subject for one in report.unseen] == ["policy"]
    assert report.unseen[0].error.code is ErrorCode.POLICY_INVALID


# Plans -----------------------------------------------------------------------------------------


def test_the_digest_is_the_same_under_any_policy(world: World) -> None:
    first = world.prepare("clock", hosts=["cursor"])
    policies.of_project("reviewed-only = true\nhosts = ['cursor']\n")
    second = world.prepare("clock", hosts=["cursor"])

    assert first.plan.digest == second.plan.digest
    assert first.plan.policy != second.plan.policy
    (check,) = [one for one in second.plan.checks if one.check is Check.POLICY]
    assert "2 rules of `" in check.evidence
    for prepared in (first, second):
        install.discard(prepared)


def test_only_hosts_that_are_allowed_get_an_entry(world: World) -> None:
    policies.of_user("hosts = ['codex']\n", world.home)

    assert "its entry is for `cursor`" in refusal(world, "clock")
    assert "its entry is for `cursor`" in refusal(world, "clock", hosts=("codex", "cursor"))
    assert "its entry is for `cursor`" in refusal(world, "clock", print_only=True)
    assert "for no known host" in refusal(world, "clock", hosts=(), print_only=True)
    assert world.install("clock", hosts=["codex"]) is not None


def test_addresses_of_remote_servers_are_limited(world: World) -> None:
    policies.of_user("remote-hosts = ['*.example.com']\n", world.home)
    wanted: dict[str, Any] = {"offline": True, "hosts": ("cursor",)}

    assert "it runs at `example.org`" in refusal(world, "remote:https://example.org/mcp", **wanted)
    assert "it runs at `b.example.com.evil.example`" in refusal(
        world, "remote:https://b.example.com.evil.example/a.example.com", **wanted
    )
    prepared = world.prepare("remote:https://MCP.example.com/mcp", **wanted)
    install.discard(prepared)
    assert prepared.plan.servers[0].remote is not None


def test_a_secret_in_clear_text_is_refused_and_a_reference_is_not(world: World) -> None:
    policies.of_user("forbid-plaintext-secrets = true\n", world.home)
    secret = [{"name": "TOKEN", "isSecret": True, "isRequired": True, "description": "A token"}]
    world.offer("vault", environment=secret)

    assert "`TOKEN` would stand in a host's file in clear text" in refusal(
        world, "vault", settings=(("TOKEN", "x" * 12),), plaintext_secrets=True
    )
    assert world.install("vault", hosts=["cursor"], settings=(("TOKEN", "env:TOKEN"),)) is not None


def test_so_is_an_entry_with_one_that_is_to_be_built_again(world: World) -> None:
    secret = [{"name": "TOKEN", "isSecret": True, "isRequired": True, "description": "A token"}]
    world.offer("vault", environment=secret)
    world.install(
        "vault", hosts=["cursor"], settings=(("TOKEN", "x" * 12),), plaintext_secrets=True
    )
    policies.of_user("forbid-plaintext-secrets = true\n", world.home)

    with pytest.raises(McpInstallError, match="`TOKEN` would stand"):
        reinstall.prepare("vault", world.context, request=Request(names=()))


# How old files are -----------------------------------------------------------------------------


def test_without_times_a_file_is_as_old_as_the_registry_that_names_it(world: World) -> None:
    policies.of_user("min-release-age-days = 2\n", world.home)  # the registry was issued yesterday

    assert "its newest file was published on" in refusal(world, "clock")
    policies.of_user("min-release-age-days = 1\n", world.home)
    assert world.install("clock", hosts=["cursor"]) is not None


def test_a_folder_that_nobody_vouches_for_says_nothing_of_times(world: World) -> None:
    (world.home / ".config" / "mcpinstall").mkdir(parents=True, mode=0o700)
    (world.home / ".config" / "mcpinstall" / "config.toml").write_text(
        "schema = 1\n[[registries]]\nname = 'mine'\nkind = 'folder'\n"
        f"path = '{world.registry.folder}'\n"
    )
    policies.of_project("min-release-age-days = 1\n")

    assert "nobody vouches for when" in refusal(world, "mine:clock")
    policies.of_project("registries = ['bundled']\n")
    assert "it comes from `mine` (sha256:" in refusal(world, "mine:clock")


def test_times_come_from_the_lock_of_a_registry_that_vouches_for_it(home: Path) -> None:
    context = Context.current()
    bundled = registries.open_bundled(context.paths, context.now)
    (judged,) = operation.judge(["time"], policies.parsed("min-release-age-days = 3650\n"), context)
    server = lookup.reviewed("time", context)
    times = [wheel.uploaded for one in server.lock.packages for wheel in one.wheels]
    newest = max(time for time in times if time is not None)

    assert None not in times
    assert newest < bundled.state.issued
    assert f"published on {newest:%Y-%m-%d}" in judged.refusals[0]
    day = replace(context, now=newest + timedelta(days=5))
    rule = policies.parsed("min-release-age-days = 5\n")
    assert [one.refusals for one in operation.judge(["time"], rule, day)] == [()]
    earlier = replace(day, now=day.now - timedelta(seconds=1))
    assert [len(one.refusals) for one in operation.judge(["time"], rule, earlier)] == [1]
    assert datetime.now(UTC) > newest
