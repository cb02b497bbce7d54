"""More real hosts, from npm and PyPI: those that list their servers without an account."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from mcpinstall.system import files

SECONDS = 180
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, kw_only=True)
class ListingHost:
    """One host: what is installed, what its user had in its file, what is asked of it."""

    product: str
    """As `--host` takes it."""
    package: str
    """Exact version: what a host answers is compared word by word."""
    program: str
    """Below `node_modules`, or below the environment's `bin`; a glob, for platforms differ."""
    file: str
    """Below the home folder."""
    content: str
    """Has a server `mine` that no program stands for, in an odd but legal spelling."""
    words: tuple[str, ...] = ("mcp", "list")
    connects: str = ""
    """What the line of a server says that it has reached, where it tries."""
    test: tuple[str, ...] = ()
    """What makes it connect to `time` and name the tools, where it has that."""
    rewrites: bool = False
    """It saves its file when it is started."""
    adds: str = ""
    """What it puts into its file once, when it is started."""


LISTING_HOSTS = (
    ListingHost(
        product="opencode",
        package="opencode-ai@1.18.33",
        program="opencode-*/bin/opencode",
        file=".config/opencode/opencode.jsonc",
        content="{\n  // mine\n"
        '\t"mcp": {"mine": {"type": "local", "command": ["/bin/false"],},},  /* end */\n}',
        connects="connected",
        adds='  "$schema": "https://opencode.ai/config.json",\n',
    ),
    ListingHost(
        product="claude-code",
        package="@anthropic-ai/claude-code@2.1.330",
        program="@anthropic-ai/claude-code-*/claude",
        file=".claude.json",
        content='{"numStartups": 3,\r\n\t"mcpServers":{"mine":{"command":"/bin/false","args":[]}}}',
        connects="Connected",
        rewrites=True,
    ),
    ListingHost(
        product="mcporter",
        package="mcporter@0.12.3",
        program=".bin/mcporter",
        file=".mcporter/mcporter.json",
        content='// mine\n{"mcpServers": {\n  "mine": {"command": "/bin/false"}, // tail\n}}\n',
        words=("list",),
        connects="2 tools",
        test=("list", "time"),
    ),
    ListingHost(
        product="copilot-cli",
        package="@github/copilot@1.0.102",
        program=".bin/copilot",
        file=".copilot/mcp-config.json",
        content='{"mcpServers":{"mine":{"type":"local","command":"/bin/false","args":[]}}}\r\n',
    ),
    ListingHost(
        product="auggie",
        package="@augmentcode/auggie@0.36.0",
        program=".bin/auggie",
        file=".augment/settings.json",
        content='{\n // mine\n "mcpServers": {"mine": {"command": "/bin/false", "args": []}}\n}',
    ),
    ListingHost(
        product="amp",
        package="@sourcegraph/amp@0.0.1790142911-g7618fb",
        program="@ampcode/cli-*/amp",
        file=".config/amp/settings.json",
        content='{\n  // mine\n  "amp.mcpServers": {"mine": {"command": "/bin/false",},},\n}\n',
    ),
    ListingHost(
        product="hermes",
        package="hermes-agent[mcp]==0.19.0",
        program="hermes",
        file=".hermes/config.yaml",
        test=("mcp", "test", "time"),
        content="# mine\nmcp_servers:\n    mine: {command: /bin/false, args: []}  # tail\n",
    ),
)


def is_from_npm(host: ListingHost) -> bool:
    """Tell whether a host is a package of npm; the others are of PyPI."""
    return "==" not in host.package


def install_once(folder: Path, host: ListingHost) -> Path:
    """Install a host below `folder` unless it is there; return its program."""
    own = folder / host.product
    own.mkdir(parents=True, exist_ok=True)
    with files.locked(own / "lock", seconds=600):
        if not (own / "done").exists():
            (_from_npm if is_from_npm(host) else _from_pypi)(own, host.package)
            (own / "done").touch()
    below = own / ("node_modules" if is_from_npm(host) else "bin")
    return min(below.glob(host.program))


def _from_npm(folder: Path, package: str) -> None:
    npm = shutil.which("npm")
    assert npm is not None
    _run([npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
          "--prefix", folder, package], folder)  # fmt: skip


def _from_pypi(folder: Path, package: str) -> None:
    uv = find_uv_bin()
    _run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder], folder)
    _run([uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", package], folder)


def _run(words: list[str | Path], folder: Path) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=600, cwd=folder)


def asker(host: ListingHost, program: Path, home: Path, work: Path) -> Callable[..., list[str]]:
    """Return what asks a host for its servers: the lines that it prints."""
    around = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}

    def asked(*words: str) -> list[str]:
        done = subprocess.run(
            [program, *(words or host.words)], env={**around, "HOME": str(home), "NO_COLOR": "1"},
            cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS,
            check=False,
        )  # fmt: skip
        return _COLOUR.sub("", done.stdout + done.stderr).splitlines()

    return asked
