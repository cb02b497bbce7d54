"""Attack T31: somebody else changes an environment, its records or its interpreter.

Who: another user of the machine, where a folder may be written to by all or by a group.
Stopped by: private folders, below folders in which nobody else can rename; check 3 refuses an
interpreter that others can change; `mcpi verify` finds what changed later.
Twin: `test_private_folders_are_used`.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import verify
from mcpinstall.system import permissions
from tests.builders.environments import interpreter
from tests.builders.world import World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX"),
]

STATE = ".local/share/mcpinstall"


def test_private_folders_are_used(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")


def test_nothing_that_is_installed_can_be_written_to_by_others(world: World) -> None:
    world.file("cursor").unlink()
    world.install("clock", hosts=["cursor"])

    tops = (STATE, ".cache/mcpinstall/artifacts", ".cache/mcpinstall/staging")
    paths = [path for top in tops for path in (world.home / top).rglob("*")]
    assert len(paths) > 30
    for path in [*paths, world.file("cursor")]:
        mode = path.lstat().st_mode
        assert stat.S_ISLNK(mode) or not mode & 0o022, path
        assert not stat.S_ISDIR(mode) or stat.S_IMODE(mode) == 0o700, path


@pytest.mark.parametrize("mode", [0o777, 0o770], ids=["everybody", "group"])
@pytest.mark.parametrize(
    "folder",
    [
        STATE, f"{STATE}/servers", f"{STATE}/receipts", f"{STATE}/history", f"{STATE}/hosts",
        ".local/share", ".local", ".cache/mcpinstall/staging", ".cache",
    ],
)  # fmt: skip
def test_a_folder_that_others_can_write_to_is_refused(
    world: World, folder: str, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permissions, "_is_closed", lambda *_: False)
    world.install("notes", hosts=["codex"])
    before = world.host_files(), world.receipts(), world.generations()
    (world.home / folder).chmod(mode)

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor"])

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    assert "chmod" in refused.value.hint
    (world.home / folder).chmod(0o700)
    assert (world.host_files(), world.receipts(), world.generations()) == before
    world.require_clean()


def test_a_home_that_is_a_link_to_somewhere_open_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = world.root / "shared"
    shared.mkdir(mode=0o700)
    (shared / "state").mkdir(mode=0o700)
    shared.chmod(0o777)
    (world.root / "link").symlink_to(shared)
    monkeypatch.setenv("MCPI_HOME", str(world.root / "link" / "state"))
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor"])

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    assert world.host_files() == before


@pytest.mark.parametrize("place", ["file", "folder"])
def test_an_interpreter_that_others_can_change_is_refused(world: World, place: str) -> None:
    folder = world.root / "python"
    folder.mkdir(mode=0o755)
    shutil.copy(interpreter().path, folder / "python3")
    (folder if place == "folder" else folder / "python3").chmod(0o777)
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor"], python=str(folder / "python3"))

    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED
    world.require_untouched(before)


def test_an_environment_that_was_changed_is_found(world: World) -> None:
    world.install("clock", hosts=["cursor"])
    generation = world.generations()[0]
    start: Path = generation / "start.py"
    start.chmod(0o644)
    start.write_text("print('not ours')\n")
    start.chmod(0o444)

    (found,) = verify.verify((), world.context)

    assert any("start.py" in finding.message for finding in found.findings)
