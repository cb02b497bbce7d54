"""The system's policy is read only where nobody but root can have written it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits, policy_files
from mcpinstall.system.machine import Machine
from tests.builders import access_lists, policies

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.fixture
def policy(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return policies.of_system("", monkeypatch)


def refusal() -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        policy_files.read_system(Machine.current())
    return refused.value


def test_the_places_are_compiled_in() -> None:
    assert policy_files.SYSTEM_FOLDERS == {
        "linux": "/etc/mcpinstall",
        "darwin": "/Library/Application Support/mcpinstall",
        "win32": "C:\\ProgramData\\mcpinstall",
    }
    assert frozenset({0}) == policy_files._ADMINISTRATORS


def test_a_policy_of_the_administrator_is_read(policy: Path) -> None:
    assert policy_files.read_system(Machine.current()) == b"schema = 1\n"


def test_without_a_folder_or_a_file_there_is_none(policy: Path) -> None:
    policy.unlink()
    assert policy_files.read_system(Machine.current()) is None
    policy.parent.rmdir()
    assert policy_files.read_system(Machine.current()) is None


@pytest.mark.parametrize("mode", [0o666, 0o646, 0o602])
def test_a_file_that_others_can_write_is_refused(policy: Path, mode: int) -> None:
    policy.chmod(mode)

    assert refusal().code is ErrorCode.POLICY_UNSAFE


@pytest.mark.parametrize("present", [True, False])
def test_so_is_a_folder_also_without_a_file(policy: Path, present: bool) -> None:
    policy.parent.chmod(0o777)
    if not present:
        policy.unlink()

    assert refusal().code is ErrorCode.POLICY_UNSAFE


def test_so_is_one_in_a_folder_that_others_can_write(policy: Path) -> None:
    policy.parent.parent.chmod(0o777)

    assert refusal().code is ErrorCode.POLICY_UNSAFE


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("which", ["file", "folder", "above", "group"])
def test_what_is_not_roots_is_refused(policy: Path, which: str) -> None:
    if which == "group":
        os.chown(policy, 0, 12345)
        policy.chmod(0o664)
    else:
        place = {"file": policy, "folder": policy.parent, "above": policy.parent.parent}[which]
        os.chown(place, 12345, 0)

    assert refusal().code is ErrorCode.POLICY_UNSAFE


@pytest.mark.parametrize("which", ["file", "folder", "broken"])
def test_links_are_refused_wherever_they_lead(policy: Path, which: str) -> None:
    place = policy.parent if which == "folder" else policy
    moved = place.rename(place.with_name("moved"))
    place.symlink_to("/nowhere" if which == "broken" else moved)

    error = refusal()

    assert error.code is ErrorCode.POLICY_UNSAFE
    assert "it is a link" in error.message


def test_what_is_no_file_is_refused(policy: Path) -> None:
    policy.unlink()
    os.mkfifo(policy)

    assert refusal().code is ErrorCode.POLICY_UNSAFE


def test_one_that_is_too_large_is_refused(policy: Path) -> None:
    policy.write_bytes(b"#" * (limits.POLICY_BYTES + 1))

    assert refusal().code is ErrorCode.FILE_UNREADABLE


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
def test_a_folder_that_this_user_may_not_enter_does_not_pass_for_an_empty_one(
    policy: Path,
) -> None:
    policy.parent.chmod(0o700)
    machine = Machine.current()
    above = [folder for folder in policy.parents if folder.stat().st_mode & 0o5 != 0o5]
    modes = {folder: folder.stat().st_mode & 0o7777 for folder in above if folder != policy.parent}
    for folder, mode in modes.items():
        folder.chmod(mode | 0o5)
    os.seteuid(65534)
    try:
        with pytest.raises(McpInstallError) as refused:
            policy_files.read_system(machine)
    finally:
        os.seteuid(0)
        for folder, mode in modes.items():
            folder.chmod(mode)

    assert refused.value.code is ErrorCode.DISK_FAILED


def test_an_access_list_is_looked_at(policy: Path) -> None:
    access_lists.give(policy, allowed=6)

    assert refusal().code is ErrorCode.POLICY_UNSAFE


def test_projects_are_the_working_folder_and_all_above(tmp_path: Path) -> None:
    machine = replace(Machine.current(), cwd=Path("/a/b"))

    assert policy_files.project_paths(machine) == tuple(
        Path(f"{folder}/.mcpinstall/policy.toml") for folder in ("/a/b", "/a", "")
    )


def test_another_unix_keeps_it_where_most_do(policy: Path) -> None:
    machine = replace(Machine.current(), platform="freebsd14")

    assert policy_files.system_path(machine) == policy
