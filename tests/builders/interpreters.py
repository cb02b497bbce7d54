"""Interpreters of this machine, by version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def interpreter(version: str) -> str | None:
    """Return a Python of this version: our own, one on PATH, or a version manager's."""
    if sys.version.startswith(version):
        return sys.executable
    found = shutil.which(f"python{version}")
    if (
        found
        and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0
    ):
        return found
    managed = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(
        f"versions/{version}.*/bin/python{version}"
    ))  # fmt: skip
    return str(managed[-1]) if managed else None
