"""`run.py`, which entries in hosts start: nobody notices that it was there."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcpinstall.environments import launcher_text
from tests.builders.launchable import Launchable

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX"),
]

COPIES = """
import sys
while data := sys.stdin.buffer.read(4096):
    sys.stdout.buffer.write(data)
sys.stderr.write("said\\n")
"""


def test_pipes_carry_every_byte(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096 + b"\r\n\x1a\0"

    done = Launchable.made(tmp_path, COPIES).run(data=data)

    assert (done.stdout, done.stderr, done.returncode) == (data, b"said\n", 0)


@pytest.mark.parametrize("status", [0, 1, 5, 42, 255])
def test_the_exit_code_is_the_servers(tmp_path: Path, status: int) -> None:
    assert Launchable.made(tmp_path, f"raise SystemExit({status})").run().returncode == status


def test_arguments_arrive_as_they_are(tmp_path: Path) -> None:
    words = ["--", "", "a b", "$HOME", "`id`", "*", "é", "\n", "--entry", "-X"]

    done = Launchable.made(tmp_path, "import sys; print(ascii(sys.argv[1:]))").run(*words)

    assert ast.literal_eval(done.stdout.decode()) == words


def test_folder_mask_and_environment_are_the_hosts(tmp_path: Path) -> None:
    made = Launchable.made(
        tmp_path, "import os; m = os.umask(0); print(ascii([os.getcwd(), m, dict(os.environ)]))"
    )
    (tmp_path / "work").mkdir()

    done = subprocess.run(
        made.through, capture_output=True, check=True, timeout=60, cwd=tmp_path / "work",
        env={"PATH": "", "ODD": "\udcff", "HOME": "/nonexistent"}, umask=0o027,
    )  # fmt: skip

    folder, mask, environment = ast.literal_eval(done.stdout.decode())
    assert (folder, mask) == (str(tmp_path / "work"), 0o027)
    assert environment.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # Python's own
    assert environment == {"PATH": "", "ODD": "\udcff", "HOME": "/nonexistent"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_reaches_the_server_itself(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(7))\n"
        "print(__import__('os').getpid(), flush=True)\n"
        "while True: time.sleep(60)\n"
    )
    with subprocess.Popen(Launchable.made(tmp_path, program).through, stdout=subprocess.PIPE,
                          env={}) as server:  # fmt: skip
        assert server.stdout is not None
        assert int(server.stdout.readline()) == server.pid  # no process stands between
        server.send_signal(number)
        assert server.wait(60) == 7


def test_signals_are_as_the_host_left_them(tmp_path: Path) -> None:
    """Python ignores broken pipes; a server that is no Python must not inherit that."""
    program = "import signal; print([int(signal.getsignal(n)) for n in (13, 25, 2)])"
    made = Launchable.made(tmp_path)
    native = tmp_path / "native"
    native.write_text("#!/bin/sh\ngrep SigIgn /proc/self/status || echo SigIgn: 0\n")
    native.chmod(0o755)
    python = made.current / "bin" / "python"
    real = python.resolve()
    run = [str(real), *made.through[1:]]
    python.unlink()
    python.symlink_to(native)

    done = subprocess.run(run, capture_output=True, check=True, timeout=60, env={}, text=True)

    assert int(done.stdout.split()[1], 16) & (1 << 12) == 0, program


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_stay_closed(tmp_path: Path, closed: str) -> None:
    report = tmp_path / "report"
    program = (
        "import os\n"
        "found = []\n"
        "for n in range(3):\n"
        "    try: os.fstat(n); found.append(n)\n"
        "    except OSError: pass\n"
        f"open({str(report)!r}, 'w').write(repr(found))\n"
    )
    made = Launchable.made(tmp_path, program)

    for command in (made.direct, made.through):
        subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command], env={}, check=True,
            timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        found = report.read_text()
        report.unlink()
        assert found == repr([n for n in range(3) if f"{n}" not in closed.replace("&", "")])


def test_it_imports_nothing_of_ours_and_nothing_slow() -> None:
    script = (
        "import sys; sys.argv = ['run.py', 'x', '--']\n"
        f"try: exec(compile({launcher_text.text()!r}, 'run.py', 'exec'), "
        "{'__name__': '__main__', '__file__': '/nonexistent/a/b/run.py'})\n"
        "except SystemExit: pass\n"
        "print(sorted(sys.modules))\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", script], capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip

    loaded = set(ast.literal_eval(done.stdout))
    slow = {"asyncio", "cryptography", "ctypes", "enum", "jeepney", "json", "keyring", "pathlib",
            "re", "secretstorage", "socket", "subprocess", "typing"}  # fmt: skip
    assert "mcpinstall" not in launcher_text.text().decode().replace("`mcpinstall`", "").split()
    assert loaded & slow == set()


def test_without_its_environment_it_says_so(tmp_path: Path) -> None:
    made = Launchable.made(tmp_path)
    command = [str(Path(sys.executable).resolve()), *made.through[1:]]
    (made.current / "bin" / "python").unlink()

    done = subprocess.run(command, capture_output=True, text=True, check=False, env={}, timeout=60)

    assert done.returncode == 5
    assert done.stderr.startswith("error: ")
    assert "hint: run `mcpi reinstall`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_without_a_keyring_starts_nothing(tmp_path: Path) -> None:
    done = Launchable.made(tmp_path, "print('started')", "TOKEN").run()

    assert (done.returncode, done.stdout) == (5, b"")
    assert b"(mcpinstall: keyring-unavailable)" in done.stderr
    assert b"Traceback" not in done.stderr
