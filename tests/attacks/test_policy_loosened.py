"""Attack T12: a policy file of a lower level allows what one of a higher level forbids.

Who: the author of a repository in whose folder mcpi runs; a user against the administrator.
Stopped by: every rule of every file holds by itself (check 3); a rule or an exception that would
loosen another file's is an error that names both.
Twin: `test_what_every_file_allows_is_installed`, `test_an_exception_of_its_own_file_is_used`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import install, undo
from tests.builders import policies
from tests.builders.world import World

pytestmark = pytest.mark.e2e

TODAY = datetime.now(UTC).date()
EXCEPTION = '[[exceptions]]\nrule = "deny-names"\nnames = ["*/clock"]\nreason = "r"\nuntil = {}\n'


def refused(world: World, *names: str, **request: object) -> McpInstallError:
    """Try to install; nothing may come of it."""
    before = world.host_files()
    asked = len(world.index.requests)
    with pytest.raises(McpInstallError) as error:
        world.install(*(names or ("clock",)), hosts=["cursor"], **request)
    assert world.host_files() == before
    assert world.homes() == []
    assert len(world.index.requests) == asked, "something was downloaded"
    return error.value


@pytest.mark.parametrize(
    ("system", "lower"),
    [
        ("deny-names = ['*/clock']\n", EXCEPTION.format("2099-01-01")),
        ("deny-names = ['*/clock']\nreviewed-only = true\n", "reviewed-only = false\n"),
        ("hosts = ['zed']\n", "hosts = ['zed', 'cursor']\n"),
        ("registries = ['remote']\n", "registries = ['bundled']\n"),
    ],
)
@pytest.mark.parametrize("level", ["user", "project", "folder above the project"])
def test_an_attempt_to_loosen_is_an_error_that_names_both_files(
    world: World, monkeypatch: pytest.MonkeyPatch, system: str, lower: str, level: str
) -> None:
    upper = policies.of_system(system, monkeypatch)
    if level == "user":
        path = policies.of_user(lower, world.home)
    else:
        path = policies.of_project(lower, None if level == "project" else Path.cwd().parent)

    error = refused(world)

    assert error.code is ErrorCode.POLICY_LOOSENED
    assert f"`{upper}`" in error.message
    assert f"`{path}`" in error.message


def test_no_option_loosens_a_policy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    policies.of_system("reviewed-only = true\nforbid-plaintext-secrets = true\n", monkeypatch)

    error = refused(
        world, "remote:https://mcp.example.com/mcp", allow=frozenset({"unreviewed"}),
        unattended=True, plaintext_secrets=True, offline=True, settings=(("token", "x"),),
    )  # fmt: skip

    assert error.code is ErrorCode.POLICY_REFUSED
    assert "`reviewed-only`" in error.message
    assert "`forbid-plaintext-secrets`" in error.message


def test_an_exception_that_has_ended_lets_nothing_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = TODAY - timedelta(days=1)
    policies.of_system("deny-names = ['*']\n" + EXCEPTION.format(yesterday), monkeypatch)

    error = refused(world)

    assert error.code is ErrorCode.POLICY_REFUSED
    assert f"its exception ended on {yesterday}" in error.message


def test_a_rule_that_comes_between_the_plan_and_the_yes_is_obeyed(world: World) -> None:
    prepared = world.prepare("clock", hosts=["cursor"])
    policies.of_project("deny-names = ['*/clock']\n")
    before = world.host_files()

    with pytest.raises(McpInstallError) as error:
        world.carry_out(prepared)

    assert error.value.code is ErrorCode.PLAN_CHANGED
    assert world.host_files() == before
    world.require_clean()


@pytest.mark.parametrize("pruned", [False, True])
def test_undo_brings_nothing_back_that_is_forbidden_by_now(
    world: World, monkeypatch: pytest.MonkeyPatch, pruned: bool
) -> None:
    world.install("clock", hosts=["cursor"])
    prepared = None
    world.uninstall("clock")
    if pruned:
        prepared = undo.prepare(None, world.context)
    before = world.host_files()
    policies.of_system("deny-names = ['*/clock']\n", monkeypatch)

    with pytest.raises(McpInstallError) as error:
        if prepared is not None:
            undo.commit(prepared, world.context)
        else:
            world.undo()

    assert error.value.code is ErrorCode.POLICY_REFUSED
    assert world.host_files() == before


def test_what_every_file_allows_is_installed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    system = policies.of_system("reviewed-only = true\nhosts = ['cursor', 'codex']\n", monkeypatch)
    user = policies.of_user("deny-names = ['*/notes']\n", world.home)
    project = policies.of_project("hosts = ['cursor']\ntransports = ['stdio']\n")

    prepared = world.prepare("clock", hosts=["cursor"])

    assert [origin.path for origin in prepared.plan.policy.origins] == [
        str(path) for path in (system, user, project)
    ]
    assert world.carry_out(prepared) is not None
    assert refused_host(world, "codex").code is ErrorCode.POLICY_REFUSED
    world.uninstall("clock")


def refused_host(world: World, host: str) -> McpInstallError:
    with pytest.raises(McpInstallError) as error:
        install.discard(world.prepare("clock", hosts=[host]))
    return error.value


def test_an_exception_of_its_own_file_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies.of_system("deny-names = ['*']\n" + EXCEPTION.format(TODAY), monkeypatch)

    done = world.install("clock", hosts=["cursor"])

    assert done is not None
    (check,) = [one for one in done.receipts[0].checks if one.check.title == "policy"]
    assert f"exception to `deny-names` until {TODAY} (r)" in check.evidence
    assert refused_name(world, "notes").code is ErrorCode.POLICY_REFUSED


def refused_name(world: World, name: str) -> McpInstallError:
    with pytest.raises(McpInstallError) as error:
        install.discard(world.prepare(name, hosts=["cursor"]))
    return error.value
