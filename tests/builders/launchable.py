"""A server's home as `install` leaves it, with any program in it, for the launcher to start."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.environments import launcher_text
from mcpinstall.model import names
from mcpinstall.system import launcher

ENTRY, ROOT, NAME = "tiny", "0" * 64, "io.github.user/tiny"
TOKEN = "0123456789abcdef"


@dataclass
class Launchable:
    """One server, its receipt, and how it is started."""

    data: Path

    @classmethod
    def made(cls, folder: Path, program: str = "", *secrets: str) -> Launchable:
        """Make the home of a server that is this text of Python."""
        found = cls(folder / "data")
        (found.current / "bin").mkdir(parents=True)
        (found.current / "bin" / "python").symlink_to(Path(sys.executable).resolve())
        (found.current / "start.py").write_text(program)
        (found.current / launcher.NAME).write_bytes(launcher_text.text())
        inputs = [{"name": name, "keyring": TOKEN} for name in secrets]
        record = {"entry_name": ENTRY, "registry_root": ROOT, "name": NAME, "inputs": inputs}
        receipts = found.data / "receipts"
        receipts.mkdir()
        (receipts / f"{ENTRY}.json").write_text(json.dumps({"schema": 1, "record": record}))
        return found

    @property
    def slug(self) -> str:
        return names.slug(ROOT, NAME)

    @property
    def current(self) -> Path:
        return self.data / "servers" / self.slug / "current"

    @property
    def direct(self) -> list[str]:
        """What a host starts without a secret in the keyring."""
        python = str(self.current / "bin" / "python")
        return [python, "-I", "-B", "-X", "utf8", str(self.current / "start.py")]

    @property
    def through(self) -> list[str]:
        """What a host starts with one."""
        python, run = str(self.current / "bin" / "python"), str(self.current / launcher.NAME)
        return [python, "-I", "-S", "-B", "-X", "utf8", run, ENTRY, "--"]

    def account(self, name: str) -> str:
        """The account of one of its secrets."""
        return launcher.account(str(self.data), self.slug, ENTRY, name, TOKEN)

    def run(self, *words: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Start it with no environment at all."""
        return subprocess.run(
            [*self.through, *words], input=data, capture_output=True, check=False, timeout=60,
            env={},
        )  # fmt: skip
