from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from mcpinstall import environments
from mcpinstall.environments import facts, interpreter
from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.environments import machine_at, pythons

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
OWN = ".".join(str(number) for number in sys.version_info[:3])


def script(folder: Path, name: str, text: str) -> Path:
    """Write a program that is no Python, or pretends to be one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def refusal(path: Path, folder: Path) -> str:
    with pytest.raises(McpInstallError) as refused:
        environments.examine(path, machine_at(folder))
    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED
    return refused.value.message


def test_the_base_of_our_own_interpreter_is_chosen_never_our_environment(tmp_path: Path) -> None:
    found = environments.choose_interpreter(">=3.11", machine_at(tmp_path))

    assert found.path == interpreter.own_base()
    assert not found.path.is_symlink()
    assert not (found.path.parent.parent / "pyvenv.cfg").exists()
    assert found.version == OWN
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert dict(found.markers)["python_full_version"] == OWN
    assert found.tags[0].startswith(f"cp{sys.version_info[0]}{sys.version_info[1]}-")


@pytest.mark.parametrize("python", pythons(), ids=lambda path: path.name)
def test_an_interpreter_says_the_same_in_our_process_and_in_its_own(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = environments.examine(python, machine_at(tmp_path))
    monkeypatch.setattr(interpreter, "own_base", lambda: Path("/nowhere"))

    assert environments.examine(python, machine_at(tmp_path)) == found


@pytest.mark.parametrize("python", pythons(), ids=lambda path: path.name)
def test_a_requested_path_is_used(python: Path, tmp_path: Path) -> None:
    found = environments.choose_interpreter(">=3.11", machine_at(tmp_path), str(python))

    assert found.path == python


def test_a_requested_version_is_used(tmp_path: Path) -> None:
    minor = OWN.rpartition(".")[0]

    for wanted in (OWN, minor, f"python{minor}"):
        found = environments.choose_interpreter(">=3.11", machine_at(tmp_path), wanted)
        assert found.version == OWN


def test_a_version_is_compared_by_its_parts(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as missing:
        environments.choose_interpreter(">=3.11", machine_at(tmp_path, environ={}), "3.1")

    assert missing.value.code is ErrorCode.INTERPRETER_MISSING


def test_a_requested_path_that_does_not_fit_is_missing_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as missing:
        environments.choose_interpreter(">=3.99", machine_at(tmp_path), sys.executable)

    assert missing.value.code is ErrorCode.INTERPRETER_MISSING
    assert ">=3.99" in missing.value.message


def test_an_older_python_on_path_serves_when_our_own_is_too_new(tmp_path: Path) -> None:
    others = [python for python in pythons() if python != interpreter.own_base()]
    if not others:
        pytest.skip("needs a second Python")
    version = environments.examine(others[0], machine_at(tmp_path)).version
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / f"python{version.rpartition('.')[0]}").symlink_to(others[0])
    machine = machine_at(tmp_path, environ={"PATH": str(bin_folder)})

    assert environments.choose_interpreter(f"=={version}", machine).path == others[0]


def test_a_version_range_that_is_none_is_the_manifests_fault(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        environments.choose_interpreter("newest", machine_at(tmp_path))

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


@posix
def test_a_virtual_environment_stands_for_its_base(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", symlinks=True, with_pip=False)

    found = environments.examine(tmp_path / "env" / "bin" / "python", machine_at(tmp_path))

    assert found.path == interpreter.own_base()


@posix
def test_a_virtual_environment_made_of_copies_stands_for_its_base(tmp_path: Path) -> None:
    folder = tmp_path / "env" / "bin"
    folder.mkdir(parents=True)
    shutil.copy(interpreter.own_base(), folder / "python3")
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {interpreter.own_base().parent}\n")

    found = environments.examine(folder / "python3", machine_at(tmp_path))

    assert found.path == interpreter.own_base()


@pytest.mark.parametrize("told", [True, False])
def test_our_own_base_is_found_from_a_virtual_environment_made_of_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    own = interpreter.own_base()
    if told:
        copy = shutil.copy(own, tmp_path / "python3")
        monkeypatch.setattr(sys, "executable", str(copy))
    else:  # a Python that names no base has no environment around it
        monkeypatch.setattr(sys, "executable", str(own))
        monkeypatch.delattr(sys, "_base_executable")

    assert interpreter.own_base() == own
    assert environments.examine(own, machine_at(tmp_path)).path == own


def test_the_packaging_that_is_asked_is_loaded_whole_and_from_its_folder(tmp_path: Path) -> None:
    """And nothing that lies beside it."""
    folder = tmp_path / "packaging"
    folder.mkdir()
    (tmp_path / "sysconfig.py").write_text("raise SystemExit(9)\n")
    (folder / "__init__.py").write_text("NAME = 'own'\n")
    (folder / "markers.py").write_text(
        "from packaging import NAME\ndef default_environment(): return {'name': NAME}\n"
    )
    (folder / "tags.py").write_text("def sys_tags(): return ['tag']\n")

    done = subprocess.run(
        [interpreter.own_base(), "-I", "-S", "-B", str(facts.__file__), folder],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    answer = json.loads(done.stdout)
    assert (answer["markers"], answer["tags"]) == ({"name": "own"}, ["tag"])
    assert not list(tmp_path.rglob("__pycache__"))


@posix
def test_a_virtual_environment_without_its_base_is_refused(tmp_path: Path) -> None:
    path = script(tmp_path / "env" / "bin", "python3", "exit 0")
    (tmp_path / "env" / "pyvenv.cfg").write_text("home = /nowhere/bin\n")

    assert "whose base is not there" in refusal(path, tmp_path)


@posix
def test_a_python_of_the_project_we_stand_in_is_refused_and_not_started(tmp_path: Path) -> None:
    machine = machine_at(tmp_path)
    path = script(machine.cwd / "bin", "python3.12", f"touch {tmp_path}/started")

    with pytest.raises(McpInstallError) as refused:
        environments.choose_interpreter(">=3.11", machine, "bin/python3.12")

    assert refused.value.code is ErrorCode.INTERPRETER_REFUSED
    assert str(path) in refused.value.message
    assert not (tmp_path / "started").exists()


@posix
def test_a_refused_python_on_path_is_passed_over_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(tmp_path / "open", "python3.13", "exit 0")
    path.parent.chmod(0o777)
    monkeypatch.setattr(interpreter, "own_base", lambda: tmp_path / "nothing")

    with pytest.raises(McpInstallError) as missing:
        environments.choose_interpreter(
            ">=3.11", machine_at(tmp_path, environ={"PATH": str(path.parent)})
        )

    assert missing.value.code is ErrorCode.INTERPRETER_MISSING
    assert "other users can write" in missing.value.evidence


@posix
@pytest.mark.parametrize(
    "text", ["exit 1", "echo hello", "echo '[]'", "echo '{}'", "echo '{\"executable\": 1}'"]
)
def test_a_program_that_does_not_answer_like_python_is_refused(tmp_path: Path, text: str) -> None:
    refusal(script(tmp_path / "bin", "python3", text), tmp_path)


def test_a_path_with_nothing_is_refused(tmp_path: Path) -> None:
    assert "no program of that name" in refusal(tmp_path / "python3", tmp_path)


@posix
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"implementation": "pypy"}, "pypy"),
        ({"version": "3.10.9"}, "older than 3.11"),
        ({"free_threaded": True}, "free-threaded"),
        ({"debug": True}, "debug"),
    ],
)
def test_an_interpreter_that_no_review_covers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], words: str
) -> None:
    answer = facts.facts() | change
    monkeypatch.setattr(facts, "facts", lambda: answer)

    assert words in refusal(Path(sys.executable), tmp_path)


def test_free_threaded_and_debug_builds_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "gettotalrefcount", raising=False)
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 0}.get)
    plain = facts.facts()
    monkeypatch.setattr(sys, "gettotalrefcount", lambda: 1, raising=False)
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": 1}.get)
    special = facts.facts()

    assert (plain["free_threaded"], plain["debug"]) == (False, False)
    assert (special["free_threaded"], special["debug"]) == (True, True)


@posix
def test_a_shim_is_followed_to_the_interpreter_that_it_starts(tmp_path: Path) -> None:
    path = script(tmp_path / "shims", "python3", f'exec "{interpreter.own_base()}" "$@"')

    assert environments.examine(path, machine_at(tmp_path)).path == interpreter.own_base()


def test_variables_of_the_caller_reach_no_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit(9)\n")
    plain = environments.examine(Path(sys.executable), machine_at(tmp_path))
    monkeypatch.setattr(interpreter, "own_base", lambda: Path("/nowhere"))
    machine = machine_at(tmp_path, environ={"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere"})

    assert environments.examine(plain.path, machine) == plain


def test_a_path_in_home_may_be_written_with_a_tilde(tmp_path: Path) -> None:
    machine = machine_at(tmp_path)
    (machine.home / "python").symlink_to(interpreter.own_base())

    found = environments.choose_interpreter(">=3.11", machine, "~/python")

    assert found.path == interpreter.own_base()


def test_a_requested_path_with_hidden_characters_is_refused(tmp_path: Path) -> None:
    for text in ("bin/\0python", "bin/\u202epython"):
        with pytest.raises(McpInstallError) as refused:
            environments.choose_interpreter(">=3.11", machine_at(tmp_path), text)
        assert refused.value.code is ErrorCode.TEXT_HOSTILE
