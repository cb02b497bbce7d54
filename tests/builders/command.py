"""The command as its user runs it: a process of its own, one home, one working folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_HALF_WRITTEN = shutil.ignore_patterns("*.pyc.*")
"""Compiled files that another process is about to rename."""


@dataclass(frozen=True)
class Command:
    """`mcpi`, with a home of its own."""

    home: Path
    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    source: Path = ROOT
    """Checkout whose program and registry are used."""

    @property
    def data(self) -> Path:
        """Where the state of this user is."""
        return self.home / ".local" / "share" / "mcpinstall"

    @property
    def program(self) -> str:
        """The installed script."""
        return program()

    def environment(self) -> dict[str, str]:
        """Return the variables that the command gets."""
        return {
            **os.environ,
            "HOME": str(self.home),
            "PYTHONPATH": str(self.source),
            **self.variables,
        }

    def run(self, *words: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run the command to its end; `status=None` accepts any exit status."""
        done = subprocess.run(
            [self.program, *words], env=self.environment(), cwd=self.cwd,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        assert status is None or done.returncode == status, done.stdout + done.stderr
        return done

    def answer(self, *words: str, status: int | None = 0) -> dict[str, Any]:
        """Run the command with `--json` and return what it answered."""
        answer: dict[str, Any] = json.loads(self.run(*words, "--json", status=status).stdout)
        return answer

    def generation(self) -> Path:
        """Return the folder of the one installed server's current generation."""
        (home,) = (self.data / "servers").iterdir()
        return (home / "current").resolve()


def program() -> str:
    """Return the installed script: unlike `python -m` it never looks into the working folder."""
    found = shutil.which("mcpi", path=str(Path(sys.executable).parent))
    assert found is not None
    return found


def copied_checkout(folder: Path) -> Path:
    """Return a copy of program and registry that a test may damage.

    Compiled files come with it: they count as long as their source keeps its time and size.
    """
    target = folder / "checkout"
    target.mkdir()
    for name in ("mcpinstall", "manifests"):
        shutil.copytree(ROOT / name, target / name, ignore=_HALF_WRITTEN)
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def flip(path: Path, place: int | None = None) -> None:
    """Change one bit in the middle of a file, or at `place`."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 1
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(data)
    path.chmod(mode)
