"""Environments built by the real uv from tiny wheels, and their servers started as hosts do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import pytest

from mcpinstall import environments
from mcpinstall.model.artifact import EntryPoint
from mcpinstall.model.environment import Command
from mcpinstall.system.homes import CURRENT
from tests.builders.environments import (
    Server,
    build_wheel,
    interpreter,
    machine_at,
    pythons,
    server_files,
    stage_server,
)

pytestmark = pytest.mark.e2e
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
every_python = pytest.mark.parametrize("python", pythons(), ids=lambda path: path.name)


@dataclass(frozen=True)
class Said:
    """What the tiny server says about where it runs."""

    text: str
    prefix: str
    executable: str
    program: str
    arguments: tuple[str, ...]


def said(lines: list[str]) -> Said:
    text, prefix, executable, program, *arguments = lines
    return Said(text, prefix, executable, program, tuple(arguments))


def run(command: Command, folder: Path, **variables: str) -> Said:
    """Start a server as a host does and return what it says."""
    ran = subprocess.run(
        command.argv, cwd=folder, capture_output=True, text=True, check=False, timeout=30,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)} | variables,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return said(ran.stdout.splitlines())


@contextlib.contextmanager
def running(command: Command) -> Iterator[subprocess.Popen[str]]:
    """Start a server that waits for a line of input."""
    with subprocess.Popen(
        [*command.argv, "--wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def stream(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def put_in_place(server: Server, platform: str = sys.platform) -> Path:
    placed = environments.place(server.staged, server.home)
    environments.switch(server.home, server.staged.generation, platform)
    return placed


@every_python
def test_a_server_starts_through_current_from_its_own_generation(
    python: Path, tmp_path: Path
) -> None:
    server = stage_server(tmp_path, python=interpreter(python))
    placed = put_in_place(server)

    found = run(environments.command(server.home, ("--x", "a b"), machine_at(tmp_path)), tmp_path)

    assert found == Said(
        text="one",
        prefix=str(placed),
        executable=str(placed / "bin" / "python"),
        program=str(placed / "bin" / "tiny-server"),
        arguments=("--x", "a b"),
    )
    assert environments.measure(placed) == server.staged.tree


@every_python
def test_a_generation_starts_before_it_is_current(python: Path, tmp_path: Path) -> None:
    server = stage_server(tmp_path, python=interpreter(python))
    placed = environments.place(server.staged, server.home)

    found = run(environments.generation_command(placed, (), machine_at(tmp_path)), tmp_path)

    assert (found.text, found.prefix) == ("one", str(placed))


@every_python
def test_a_start_through_current_needs_no_second_interpreter(python: Path, tmp_path: Path) -> None:
    server = stage_server(tmp_path, python=interpreter(python))
    put_in_place(server)
    start = server.home / CURRENT / "start.py"
    start.chmod(0o600)
    start.write_text(start.read_text().replace("os.execv(", "sys.exit('started again' or "))

    found = run(environments.command(server.home, (), machine_at(tmp_path)), tmp_path)

    assert found.text == "one"


@posix
@every_python
def test_on_windows_the_launcher_starts_what_the_pointer_names(
    python: Path, tmp_path: Path
) -> None:
    machine = machine_at(tmp_path, platform="win32")
    base = interpreter(python)
    wheels = tmp_path / "wheels-one"
    wheels.mkdir()
    server = stage_server(tmp_path, (build_wheel(wheels, server_files()),), python=base)
    site = server.staged.path / "lib" / f"python{'.'.join(base.version.split('.')[:2])}"
    plan = environments.layout(
        base, EntryPoint(name="tiny-server", module="tiny_server", attribute="main"),
        server.home / server.staged.generation, "win32",
    )  # fmt: skip
    site.rename(server.staged.path / "Lib")  # uv lays files out for the system that it runs on
    for path, text in plan.texts:
        (server.staged.path / path).unlink()
        (server.staged.path / path).write_bytes(text)
    rebuilt = replace(server.staged, tree=environments.measure(server.staged.path))
    placed = put_in_place(replace(server, staged=rebuilt), "win32")

    for command in (
        environments.command(server.home, ("--x",), machine, base),
        environments.generation_command(placed, ("--x",), machine),
    ):
        found = run(command, tmp_path)
        assert (found.text, found.prefix, found.arguments) == ("one", str(placed), ("--x",))
        assert found.executable == str(base.path)


@posix
def test_a_running_server_keeps_its_generation_after_a_switch(tmp_path: Path) -> None:
    first = stage_server(tmp_path, text="one")
    put_in_place(first)
    command = environments.command(first.home, (), machine_at(tmp_path))
    with running(command) as process:
        assert stream(process.stdout).readline() == "one\n"

        put_in_place(stage_server(tmp_path, text="two"))
        stream(process.stdin).write("go on\n")
        stream(process.stdin).flush()

        assert stream(process.stdout).read().splitlines()[-1] == "late one"
    assert run(command, tmp_path).text == "two"


@posix
def test_pruning_keeps_the_generation_of_a_running_server(tmp_path: Path) -> None:
    first = stage_server(tmp_path, text="one")
    old = put_in_place(first)
    with running(environments.command(first.home, (), machine_at(tmp_path))) as process:
        assert stream(process.stdout).readline() == "one\n"
        put_in_place(stage_server(tmp_path, text="two"))

        assert environments.prune(first.home, keep=1) == ()
        assert old.exists()

    assert environments.prune(first.home, keep=1) == (old.name,)


@posix
def test_a_child_of_the_server_does_not_keep_its_generation(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels-one"
    wheels.mkdir()
    spawning = (
        "import subprocess, sys\n"
        "def main():\n"
        "    child = subprocess.Popen(['/bin/sleep', '30'], close_fds=False)\n"
        "    print(child.pid, flush=True)\n"
    )
    server = stage_server(tmp_path, (build_wheel(wheels, {"tiny_server/__init__.py": spawning}),))
    placed = environments.place(server.staged, server.home)
    command = environments.generation_command(placed, (), machine_at(tmp_path))
    with subprocess.Popen(command.argv, stdout=subprocess.PIPE, text=True) as process:
        child = int(stream(process.stdout).readline())
        process.wait()

        pruned = environments.prune(server.home, keep=0)
        os.kill(child, signal.SIGKILL)

    assert pruned == (placed.name,)


@posix
def test_a_switch_during_the_start_cannot_mix_two_generations(tmp_path: Path) -> None:
    """The interpreter starts from one generation, and `start.py` is already the next one's."""
    first, second = stage_server(tmp_path, text="one"), stage_server(tmp_path, text="two")
    put_in_place(first)
    placed = put_in_place(second)
    late = Command(
        executable=str(server_python(first)),
        arguments=("-I", "-B", "-X", "utf8", str(placed / "start.py"), "--x"),
    )

    found = run(late, tmp_path)

    assert (found.text, found.prefix, found.arguments) == ("two", str(placed), ("--x",))


@posix
@pytest.mark.skipif(len(pythons()) < 2, reason="needs two versions of Python")
def test_a_switch_to_another_python_during_the_start_starts_again(tmp_path: Path) -> None:
    first = stage_server(tmp_path, text="one", python=interpreter(pythons()[0]))
    second = stage_server(tmp_path, text="two", python=interpreter(pythons()[-1]))
    put_in_place(first)
    placed = put_in_place(second)
    late = Command(
        executable=str(server_python(first)),
        arguments=("-I", "-B", "-X", "utf8", str(placed / "start.py")),
    )

    found = run(late, tmp_path)

    assert (found.text, found.prefix) == ("two", str(placed))
    assert found.executable == str(placed / "bin" / "python")


@posix
def test_a_module_loaded_through_current_starts_the_server_again(tmp_path: Path) -> None:
    """An accepted start-up hook ran before `start.py`, maybe that of another generation."""
    wheels = tmp_path / "wheels-one"
    wheels.mkdir()
    files = server_files() | {"hook.pth": "import hooked\n", "hooked.py": ""}
    server = stage_server(tmp_path, (build_wheel(wheels, files),))
    placed = put_in_place(server)

    found = run(environments.command(server.home, ("--x",), machine_at(tmp_path)), tmp_path)

    assert (found.text, found.prefix, found.arguments) == ("one", str(placed), ("--x",))


def server_python(server: Server) -> Path:
    return server.home / server.staged.generation / "bin" / "python"


@posix
def test_variables_and_files_of_the_folder_do_not_reach_a_server(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    put_in_place(server)
    evil = tmp_path / "evil"
    (evil / "tiny_server").mkdir(parents=True)
    (evil / "tiny_server" / "__init__.py").write_text("raise SystemExit(9)\n")
    (evil / "sitecustomize.py").write_text("raise SystemExit(9)\n")

    command = environments.command(server.home, (), machine_at(tmp_path))
    found = run(command, evil, PYTHONPATH=str(evil), PYTHONSTARTUP=str(evil / "sitecustomize.py"))

    assert found.text == "one"


@posix
def test_a_server_writes_nothing_into_its_environment(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    placed = put_in_place(server)
    for path in placed.rglob("*.pyc"):
        path.unlink()
    before = environments.measure(placed)

    run(environments.command(server.home, (), machine_at(tmp_path)), tmp_path)

    assert environments.measure(placed) == before


@posix
def test_tampering_in_place_is_found_and_named(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    placed = put_in_place(server)
    plan = environments.layout(
        interpreter(),
        server.verified[0].inspection.scripts[0],
        placed,
        machine_at(tmp_path).platform,
    )
    expected = environments.expected_files(server.verified, plan)
    part = next(placed.rglob("part.py"))
    part.chmod(0o600)
    part.write_text("TEXT = 'evil'\n")
    part.chmod(0o444)
    compiled = next(placed.rglob("late.*.pyc"))
    compiled.chmod(0o600)
    compiled.write_bytes(b"evil")
    compiled.chmod(0o444)
    (part.parent / "planted.pth").write_text("import os\n")

    found = environments.differences(environments.read_tree(placed), expected)

    site = part.parent.relative_to(placed).as_posix()
    assert found == (
        f"`{site}/part.py` has other bytes",
        f"`{site}/planted.pth` belongs to no archive",
    )
    assert environments.measure(placed) != server.staged.tree


@posix
def test_workers_that_a_server_spawns_run_in_its_generation(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels-one"
    wheels.mkdir()
    text = (
        "import multiprocessing, sys\n"
        "def where(_):\n"
        "    return sys.prefix\n"
        "def main():\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print('one', *pool.map(where, [0]), sys.executable, sys.argv[0], sep='\\n')\n"
    )
    server = stage_server(tmp_path, (build_wheel(wheels, {"tiny_server/__init__.py": text}),))
    placed = put_in_place(server)

    found = run(environments.command(server.home, (), machine_at(tmp_path)), tmp_path)

    assert found.prefix == str(placed)
