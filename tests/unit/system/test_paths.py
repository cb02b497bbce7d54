"""Where state lies, and which folders are refused for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import require_own_state, state_paths


def machine(home: Path, platform: str = "linux", **environ: str) -> Machine:
    return Machine(platform=platform, home=home, environ=environ, cwd=home)


STATE = ("", "/history", "/hosts", "/publishers", "/receipts", "/registries", "/servers",
         "/unreviewed")  # fmt: skip


def test_state_follows_the_base_directories(tmp_path: Path) -> None:
    paths = state_paths(machine(tmp_path, XDG_DATA_HOME=str(tmp_path / "data")))

    assert paths.data == tmp_path / "data" / "mcpinstall"
    assert paths.config == tmp_path / ".config" / "mcpinstall"
    assert paths.cache == tmp_path / ".cache" / "mcpinstall"


def test_a_relative_base_directory_is_passed_over(tmp_path: Path) -> None:
    paths = state_paths(machine(tmp_path, XDG_DATA_HOME="data"))

    assert paths.data == tmp_path / ".local" / "share" / "mcpinstall"


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_macos_uses_the_folders_of_unix(tmp_path: Path, platform: str) -> None:
    assert " " not in str(state_paths(machine(tmp_path, platform)).data.relative_to(tmp_path))


def test_windows_keeps_state_in_local_application_data(tmp_path: Path) -> None:
    paths = state_paths(machine(tmp_path, "win32", LOCALAPPDATA=str(tmp_path / "Local")))

    assert paths.data == tmp_path / "Local" / "mcpinstall" / "Data"


def test_one_folder_can_hold_all_of_it(tmp_path: Path) -> None:
    root = tmp_path / "state"
    root.mkdir(mode=0o700)

    paths = state_paths(machine(tmp_path, MCPI_HOME=str(root)))

    assert {paths.config.parent, paths.data.parent, paths.cache.parent} == {root}


@pytest.mark.parametrize("case", ["relative", "writable", "link", "file"])
def test_a_folder_that_is_not_ours_alone_is_refused(tmp_path: Path, case: str) -> None:
    root = tmp_path / "state"
    if case == "writable":
        root.mkdir()
        root.chmod(0o777)
    elif case == "link":
        (tmp_path / "real").mkdir(mode=0o700)
        root.symlink_to(tmp_path / "real")
    elif case == "file":
        root.touch()
    user = machine(tmp_path, MCPI_HOME="state" if case == "relative" else str(root))

    with pytest.raises(McpInstallError) as refused:
        require_own_state(state_paths(user), user)

    assert refused.value.code is ErrorCode.STATE_UNSAFE


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("folder", ["", *(f"data{name}" for name in STATE)])
def test_state_that_others_can_write_to_is_refused_before_it_is_read(
    tmp_path: Path, folder: str
) -> None:
    user = machine(tmp_path, MCPI_HOME=str(tmp_path / "state"))
    (tmp_path / "state" / folder).mkdir(parents=True)
    for part in ("", *(f"data{name}" for name in STATE)):
        place = tmp_path / "state" / part
        if place.is_dir():
            place.chmod(0o777 if part == folder else 0o700)

    with pytest.raises(McpInstallError) as refused:
        require_own_state(state_paths(user), user)

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    (tmp_path / "state" / folder).chmod(0o700)
    require_own_state(state_paths(user), user)


def test_a_home_that_is_not_there_is_refused(tmp_path: Path) -> None:
    user = machine(tmp_path / "nobody")

    with pytest.raises(McpInstallError) as refused:
        require_own_state(state_paths(user), user)

    assert refused.value.code is ErrorCode.STATE_UNSAFE
