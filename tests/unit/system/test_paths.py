"""Where state lies, and which folders are refused for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.machine import Machine
from mcpinstall.system.paths import state_paths


def machine(home: Path, platform: str = "linux", **environ: str) -> Machine:
    return Machine(platform=platform, home=home, environ=environ, cwd=home)


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
    value = "state" if case == "relative" else str(root)

    with pytest.raises(McpInstallError) as refused:
        state_paths(machine(tmp_path, MCPI_HOME=value))

    assert refused.value.code is ErrorCode.STATE_UNSAFE
