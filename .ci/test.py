"""Run the tests with nothing but Python 3.11 or newer: `python3 .ci/test.py [pytest arguments]`.

Makes `.venv`, installs the locked dependencies by digest and the project itself, then runs pytest.
A second run installs only when the lock or `pyproject.toml` changed; `--only-install` runs no test.
Standard library only; the package index is the one that pip is configured to use.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / ".ci" / "requirements.txt"
VENV = ROOT / ".venv"
STAMP = VENV / "mcpinstall-lock.sha256"
OLDEST = (3, 11)
MOST_WORKERS = 6
ONE_PROCESS = {
    "--numprocesses",
    "--pdb",
    "--collect-only",
    "--co",
    "-h",
    "--help",
    "--inline-snapshot",
}

# A user's pip settings that would install somewhere else; index and proxy settings stay.
ELSEWHERE = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON")

# Hundreds of tests start the program: without compiled files each start compiles all of it.
SLOWER = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"test: {text}", file=sys.stderr, flush=True)


def stop(text: str) -> None:
    """End with a usage error."""
    raise SystemExit(f"error: {text}")


def venv_python() -> Path:
    """Return the path of the virtual environment's interpreter."""
    return VENV / "Scripts" / "python.exe" if os.name == "nt" else VENV / "bin" / "python"


def environment() -> dict:
    """Return the caller's environment without what would lead pip or Python astray."""
    dropped = {*ELSEWHERE, *SLOWER, "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    return {name: value for name, value in os.environ.items() if name.upper() not in dropped}


def run(*arguments: object) -> None:
    """Run the virtual environment's Python, or end with its exit status."""
    done = subprocess.run(
        [str(venv_python()), *map(str, arguments)], cwd=ROOT, env=environment(), check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)


def works() -> bool:
    """Tell whether `.venv` has a Python that starts, is new enough, and has pip."""
    script = f"import sys, pip; raise SystemExit(sys.version_info < {OLDEST})"
    try:
        done = subprocess.run(
            [str(venv_python()), "-I", "-c", script], capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def make_venv() -> None:
    """Make `.venv`, again if it is broken."""
    if works():
        return
    if importlib.util.find_spec("ensurepip") is None:
        stop(
            f"{sys.executable} can't make virtual environments: `ensurepip` is missing\n"
            "hint: on Debian or Ubuntu run `sudo apt install python3-venv`, then this again"
        )
    say(f"making .venv with Python {sys.version.split()[0]}")
    made = subprocess.run(
        [sys.executable, "-I", "-m", "venv", "--clear", str(VENV)], env=environment(), check=False
    )
    if made.returncode:
        stop(f"could not make {VENV}")


def inputs_digest() -> str:
    """Return the digest of everything that decides what is installed."""
    digest = hashlib.sha256()
    for path in (LOCK, ROOT / "pyproject.toml", ROOT / "mcpinstall" / "__init__.py"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Tell whether the last installation had the same inputs and is still the editable one."""
    packages = [VENV / "Lib"] if os.name == "nt" else sorted((VENV / "lib").glob("python*"))
    editable = any(
        '"editable": true' in path.read_text(encoding="utf-8")
        for folder in packages
        for path in folder.glob("site-packages/mcpinstall-*.dist-info/direct_url.json")
    )
    return editable and STAMP.is_file() and STAMP.read_text(encoding="utf-8") == inputs_digest()


def install() -> None:
    """Install the locked dependencies and the project."""
    if is_current():
        return
    STAMP.unlink(missing_ok=True)
    pip = ("-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    say("installing the locked dependencies (by sha256)")
    run(*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", LOCK)
    say("installing mcpinstall, editable")
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    STAMP.write_text(inputs_digest(), encoding="utf-8")


def workers(arguments: list) -> list:
    """Return the options for parallel tests, unless `arguments` decide that.

    A worker without work takes half of another's: tests of the same file take from 1 ms to 20 s.
    """
    decided = any(
        argument.startswith("-n") or argument.split("=")[0] in ONE_PROCESS for argument in arguments
    )
    if decided:
        return []
    processors = os.cpu_count() or 1
    # Some of its time a worker waits for a network, a lock or the end of a process.
    count = min(processors + (processors + 1) // 2, MOST_WORKERS)
    return ["-n", str(count), "--dist", "worksteal"]


def main() -> None:
    """Prepare `.venv` and run pytest in it."""
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        stop(
            f"Python {sys.version.split()[0]} is too old; mcpinstall needs {wanted} or newer\n"
            f"hint: run this file with it, such as `python{wanted} .ci/test.py`"
        )
    make_venv()
    install()
    if sys.argv[1:] == ["--only-install"]:
        return
    run("-m", "pytest", *workers(sys.argv[1:]), *sys.argv[1:])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
