"""Attack T12: the system's policy is planted, moved by a variable, exchanged or taken away.

Who: another user of the machine; a project's environment.
Stopped by: its path is compiled in, no variable moves it; file and folders are root's alone, or
nothing is installed (check 3).
Twin: `test_the_administrators_own_policy_is_obeyed`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import install, policies, verify
from mcpinstall.system import policy_files
from tests.builders import policies as written
from tests.builders.command import Command
from tests.builders.world import World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX"),
]

VARIABLES = (
    "MCPI_HOME", "MCPI_POLICY", "MCPI_SYSTEM_POLICY", "MCPINSTALL_POLICY", "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME", "XDG_DATA_DIRS", "ETC", "SYSCONFDIR", "PREFIX", "DESTDIR", "ProgramData",
    "PROGRAMDATA", "ALLUSERSPROFILE",
)  # fmt: skip


def code_of(world: World) -> ErrorCode:
    before = world.host_files()
    with pytest.raises(McpInstallError) as error:
        install.discard(world.prepare("clock", hosts=["cursor"]))
    assert world.host_files() == before
    return error.value.code


@pytest.mark.parametrize("variable", VARIABLES)
def test_no_variable_moves_it(world: World, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    written.of_system("deny-names = ['*']\n", monkeypatch)
    other = world.root / "other"
    for folder in (other, other / "mcpinstall", other / "etc" / "mcpinstall"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "policy.toml").write_text("schema = 1\nreviewed-only = true\n")
    monkeypatch.setenv(variable, str(other))

    assert code_of(world) is ErrorCode.POLICY_REFUSED


def test_the_shipped_program_looks_in_one_place_whatever_the_variables(home: Path) -> None:
    other = home / "other"
    other.mkdir(mode=0o700)
    command = Command(home=home, cwd=home, variables=dict.fromkeys(VARIABLES, str(other)))

    system, user = command.answer("policy", "show")["places"]

    assert system["path"] == {
        "linux": "/etc/mcpinstall/policy.toml",
        "darwin": "/Library/Application Support/mcpinstall/policy.toml",
    }.get(os.uname().sysname.lower())
    assert user["path"] == str(other / "config" / "policy.toml")


@pytest.mark.parametrize("case", ["writable", "folder", "above", "link", "linked folder"])
def test_one_that_others_could_have_written_stops_everything(
    world: World, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    path = written.of_system("", monkeypatch)
    if case in ("link", "linked folder"):
        place = path if case == "link" else path.parent
        place.symlink_to(place.rename(place.with_name("elsewhere")))
    else:
        {"writable": path, "folder": path.parent, "above": path.parent.parent}[case].chmod(0o777)

    assert code_of(world) is ErrorCode.POLICY_UNSAFE


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
def test_one_of_another_user_stops_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(written.of_system("", monkeypatch), 4242, 0)

    assert code_of(world) is ErrorCode.POLICY_UNSAFE


def test_one_that_is_taken_away_from_an_open_folder_stops_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written.of_system("deny-names = ['*']\n", monkeypatch)
    path.parent.chmod(0o777)
    path.unlink()

    assert code_of(world) is ErrorCode.POLICY_UNSAFE


def test_what_is_installed_is_not_called_verified_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.install("clock", hosts=["cursor"])
    written.of_system("", monkeypatch).chmod(0o666)

    (entry,) = verify.verify((), world.context)

    assert entry.problem is not None
    assert entry.problem.code is ErrorCode.POLICY_UNSAFE
    assert not entry.is_clean


def test_the_administrators_own_policy_is_obeyed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written.of_system("deny-names = ['*/notes']\n", monkeypatch)

    assert world.install("clock", hosts=["cursor"]) is not None
    assert [rule.origin.path for rule in policies.load(world.context).rules] == [str(path)]
    assert path.name == policy_files.POLICY
