from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.environments import trust
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import permissions
from tests.builders.environments import machine_at

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def program(folder: Path) -> Path:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = folder / "python3"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    return path


def refused(path: Path, folder: Path, **changes: object) -> McpInstallError:
    with pytest.raises(McpInstallError) as error:
        trust.require_trusted(path, machine_at(folder, **changes))
    assert error.value.code is ErrorCode.INTERPRETER_REFUSED
    return error.value


def refusal(path: Path, folder: Path, **changes: object) -> str:
    return refused(path, folder, **changes).message


def test_a_program_in_a_folder_of_our_own_is_trusted(tmp_path: Path) -> None:
    trust.require_trusted(program(tmp_path / "python" / "bin"), machine_at(tmp_path))


def test_a_program_inside_the_working_directory_is_refused(tmp_path: Path) -> None:
    path = program(tmp_path / "clone" / "bin")

    assert "inside the working directory" in refusal(path, tmp_path, cwd=tmp_path / "clone")


def test_standing_in_home_refuses_no_interpreter_below_it(tmp_path: Path) -> None:
    path = program(tmp_path / "home" / ".versions" / "bin")

    trust.require_trusted(path, machine_at(tmp_path, cwd=tmp_path / "home"))


def test_standing_in_the_root_folder_refuses_nothing(tmp_path: Path) -> None:
    trust.require_trusted(program(tmp_path / "bin"), machine_at(tmp_path, cwd=Path("/")))


def test_a_refusal_says_what_to_do_instead(tmp_path: Path) -> None:
    path = program(tmp_path / "project" / "bin")
    (tmp_path / "project" / "setup.py").touch()

    here = refused(path, tmp_path, cwd=tmp_path / "project").hint
    elsewhere = refused(path, tmp_path).hint

    assert "in another folder" in here
    assert "`--python`" in elsewhere


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py", "setup.cfg", "package.json"])
def test_a_program_inside_a_project_is_refused(tmp_path: Path, name: str) -> None:
    path = program(tmp_path / "project" / "tools" / "bin")
    (tmp_path / "project" / name).touch()

    assert "inside the project" in refusal(path, tmp_path)


def test_a_git_checkout_is_no_project_for_version_managers_are_such(tmp_path: Path) -> None:
    path = program(tmp_path / "manager" / "versions" / "bin")
    (tmp_path / "manager" / ".git").mkdir()

    trust.require_trusted(path, machine_at(tmp_path))


def test_a_stray_project_file_in_home_refuses_nothing(tmp_path: Path) -> None:
    path = program(tmp_path / "home" / "python" / "bin")
    (tmp_path / "home" / "pyproject.toml").touch()

    trust.require_trusted(path, machine_at(tmp_path))


@posix
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_place_that_everybody_can_write_to_is_refused(tmp_path: Path, depth: int) -> None:
    path = program(tmp_path / "open" / "bin")
    place = (path, *path.parents)[depth]
    place.chmod(0o757)

    assert f"other users can write to `{place}`" in refusal(path, tmp_path)


@posix
def test_a_sticky_folder_above_is_no_danger(tmp_path: Path) -> None:
    path = program(tmp_path / "sticky" / "bin")
    (tmp_path / "sticky").chmod(0o1777)

    trust.require_trusted(path, machine_at(tmp_path))


@posix
def test_a_sticky_bit_on_the_program_itself_excuses_nothing(tmp_path: Path) -> None:
    path = program(tmp_path / "bin")
    path.chmod(0o1757)

    assert "other users can write" in refusal(path, tmp_path)


@posix
def test_a_folder_of_a_shared_group_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(tmp_path / "bin")
    monkeypatch.setattr(permissions, "_is_closed", lambda *_: False)
    path.parent.chmod(0o775)

    assert "other users can write" in refusal(path, tmp_path)


@posix
@pytest.mark.parametrize("depth", [0, 1])
def test_a_place_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    path = program(tmp_path / "bin")
    place = (path, *path.parents)[depth]
    if os.geteuid() == 0:
        os.chown(place, 12_345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12_345)

    assert "belongs to another user" in refusal(path, tmp_path)


@posix
def test_a_place_of_root_is_trusted_by_every_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)

    trust.require_trusted(Path("/bin/sh").resolve(), machine_at(tmp_path))


def test_a_path_with_hidden_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        trust.require_trusted(tmp_path / "a\nb", machine_at(tmp_path))

    assert refused.value.code is ErrorCode.TEXT_HOSTILE
