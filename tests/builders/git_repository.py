"""A git repository with hosts' files, made by the real git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path


class GitRepository:
    """A repository with one commit for each `commit`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        """Run git there, and return what it said."""
        who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "gc.auto=0")
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def put(self, name: str, **servers: object) -> Path:
        """Write a file with servers."""
        return self.write(name, json.dumps({"mcpServers": servers}, indent=2))

    def write(self, name: str, text: str) -> Path:
        """Write a file that only this user can read."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def commit(self) -> str:
        """Commit all that is there, and return the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")
