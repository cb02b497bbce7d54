"""Where interpreters are looked for, and which of them is taken for what."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mcpinstall.environments import choose_interpreter, examine, interpreter
from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.environments import machine_at

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
OWN = ".".join(str(number) for number in sys.version_info[:3])
MINOR = OWN.rpartition(".")[0]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our own interpreter, while we claim to run on one that is gone."""
    own = interpreter.own_base()
    monkeypatch.setattr(interpreter, "own_base", lambda: Path("/nowhere/python3"))
    return own


def script(path: Path, text: str) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def shim(path: Path, own: Path, more: str = "") -> Path:
    """A program that starts our own interpreter."""
    return script(path, f'"{own}" "$@"{more}')


def refusal(path: Path, folder: Path) -> str:
    with pytest.raises(McpInstallError) as refused:
        examine(path, machine_at(folder))
    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED
    return refused.value.message


# Candidates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"]
)
def test_an_interpreter_on_path_is_found_by_any_usual_name(
    tmp_path: Path, elsewhere: Path, name: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / name).symlink_to(elsewhere)
    machine = machine_at(tmp_path, environ={"PATH": str(tmp_path / "bin")})

    assert choose_interpreter(">=3.11", machine).path == elsewhere
    assert choose_interpreter(">=3.11", machine, MINOR).path == elsewhere


@pytest.mark.parametrize("requested", [MINOR, OWN, f"python{MINOR}", f"python{OWN}"])
def test_a_version_is_found_by_its_own_name(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, requested: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / f"python{MINOR}").symlink_to(elsewhere)
    monkeypatch.setattr(interpreter, "_NAMES", ())
    machine = machine_at(tmp_path, environ={"PATH": str(tmp_path / "bin")})

    assert choose_interpreter(">=3.11", machine, requested).path == elsewhere


@pytest.mark.parametrize("requested", [None, MINOR])
def test_the_base_of_our_own_interpreter_needs_no_path(
    tmp_path: Path, requested: str | None
) -> None:
    machine = machine_at(tmp_path, environ={})

    assert choose_interpreter(">=3.11", machine, requested).path == interpreter.own_base()


def test_a_path_that_begins_like_a_version_is_a_path(tmp_path: Path) -> None:
    machine = machine_at(tmp_path)
    script(machine.cwd / "3.12x", "exit 0")
    (machine.home / "python").symlink_to(interpreter.own_base())

    with pytest.raises(McpInstallError) as refused:
        choose_interpreter(">=3.11", machine, "3.12x")
    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED

    found = choose_interpreter(">=3.11", machine, "3.1/../../home/python")
    assert found.path == interpreter.own_base()


@pytest.mark.parametrize(
    ("requested", "words"), [(None, "Python >=3.99"), ("3.1", "(3.1)"), ("2.7", "(2.7)")]
)
def test_what_was_wanted_is_told(tmp_path: Path, requested: str | None, words: str) -> None:
    with pytest.raises(McpInstallError) as missing:
        choose_interpreter(">=3.99", machine_at(tmp_path, environ={}), requested)

    assert missing.value.code is ErrorCode.INTERPRETER_MISSING
    assert missing.value.message.endswith(words)


# What is no interpreter ------------------------------------------------------------------------


def test_a_batch_file_is_not_started(tmp_path: Path) -> None:
    path = script(tmp_path / "bin" / "python.bat", f"touch {tmp_path}/started")

    assert "batch file" in refusal(path, tmp_path)
    assert not (tmp_path / "started").exists()


def test_a_folder_or_a_file_that_is_not_executable_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    script(tmp_path / "file", "exit 0").chmod(0o644)

    for name in ("folder", "file"):
        assert "no program of that name" in refusal(tmp_path / name, tmp_path)


def pretending(tmp_path: Path, executable: Path) -> Path:
    """A program that answers like Python, and says that it is `executable`."""
    change = f's#"executable": "[^"]*"#"executable": "{executable}"#'
    return shim(tmp_path / "shims" / "python3", interpreter.own_base(), f" | sed '{change}'")


def test_the_program_that_a_shim_names_is_checked_too(tmp_path: Path) -> None:
    batch = script(tmp_path / "bin" / "python.cmd", "exit 0")
    open_ = script(tmp_path / "open" / "python3", "exit 0")
    open_.parent.chmod(0o777)

    assert "batch file" in refusal(pretending(tmp_path, batch), tmp_path)
    assert "other users can write" in refusal(pretending(tmp_path, open_), tmp_path)


def test_an_answer_counts_only_where_the_program_ended_well(tmp_path: Path) -> None:
    path = shim(tmp_path / "bin" / "python3", interpreter.own_base(), "; exit 1")

    assert "does not answer like a Python" in refusal(path, tmp_path)


@pytest.mark.parametrize("more", [0, 1])
def test_an_answer_has_a_greatest_length(tmp_path: Path, more: int) -> None:
    own = interpreter.own_base()
    fill = f'{{ print; n = {1024 * 1024 + more} - length; while (n-- > 1) print "" }}'
    path = shim(tmp_path / "bin" / "python3", own, f" | awk '{fill}'")

    if more:
        assert "does not answer like a Python" in refusal(path, tmp_path)
    else:
        assert examine(path, machine_at(tmp_path)).path == own


# Virtual environments --------------------------------------------------------------------------


def copied(tmp_path: Path, home: str | Path, name: str = "python3") -> Path:
    """A virtual environment whose interpreter is a copy, with this base."""
    path = script(tmp_path / "env" / "bin" / name, "exit 9")
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {home}\n")
    return path


@pytest.mark.parametrize("base", ["python3", "python", "python.exe", "python3.99"])
def test_the_base_of_a_copy_is_found_by_any_usual_name(tmp_path: Path, base: str) -> None:
    own = interpreter.own_base()
    shim(tmp_path / "base" / base, own)

    found = examine(copied(tmp_path, tmp_path / "base", "python3.99"), machine_at(tmp_path))

    assert found.path == own


def test_the_base_of_a_copy_is_no_virtual_environment(tmp_path: Path) -> None:
    shim(tmp_path / "other" / "bin" / "python3", interpreter.own_base())
    (tmp_path / "other" / "pyvenv.cfg").write_text("home = /usr/bin\n")

    assert "whose base is not there" in refusal(
        copied(tmp_path, tmp_path / "other" / "bin"), tmp_path
    )


def test_the_base_of_a_copy_is_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim(tmp_path / "base" / "python3", interpreter.own_base())
    monkeypatch.chdir(tmp_path)

    assert "whose base is not there" in refusal(copied(tmp_path, "base"), tmp_path)


def test_a_configuration_further_up_makes_no_virtual_environment(tmp_path: Path) -> None:
    own = interpreter.own_base()
    (tmp_path / "pyvenv.cfg").write_text("home = /nowhere\n")
    path = shim(tmp_path / "base" / "bin" / "python3", own)

    assert examine(path, machine_at(tmp_path)).path == own
    assert examine(copied(tmp_path, path.parent), machine_at(tmp_path)).path == own
