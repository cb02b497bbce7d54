"""A server that is used for long: it imports a module only when a tool is called."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.builders import servers, wheels
from tests.builders.world import World

MODULES = tuple("abcdefgh")
"""Modules of its package that nothing has imported yet."""

_LAZY = """\
import importlib
for request in requests():
    if request["method"] == "tools/call":
        found = importlib.import_module(__name__ + "." + request["params"]["name"])
        answer(request, {"said": found.SAID, "prefix": sys.prefix})
    else:
        modern(request)
"""


def offer(world: World, version: str = "1.0", name: str = "lazy") -> None:
    """Offer a server whose modules say its version."""
    stem = f"{name}_server"
    members = {
        f"{stem}/__init__.py": servers.module(_LAZY).encode(),
        f"{stem}-{version}.dist-info/entry_points.txt": (
            f"[console_scripts]\n{name}-server = {stem}:main\n".encode()
        ),
        **{f"{stem}/{one}.py": f"SAID = '{one} of {version}'\n".encode() for one in MODULES},
    }
    world.offer(name, version, data=wheels.wheel(members, name=stem, version=version))


@dataclass
class Running:
    """A process that a host has started."""

    process: subprocess.Popen[str]
    generation: Path

    def says(self, module: str) -> str:
        """Call a tool that imports `module`."""
        result = self.ask("tools/call", name=module)
        assert Path(result["prefix"]) == self.generation
        return str(result["said"])

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
        message = {"jsonrpc": "2.0", "id": 1, "method": method,
                   "params": {**parameters, "_meta": meta}}  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer["result"]  # type: ignore[no-any-return]


@contextlib.contextmanager
def running(command: Sequence[str], current: Path) -> Iterator[Running]:
    """Start a server as its host does, wait until it answers, and end it after the block."""
    generation = current.resolve()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            found = Running(process, generation)
            found.ask("server/discover")
            yield found
        finally:
            process.kill()


def home_of(world: World) -> Path:
    """Return the home of that server."""
    (home,) = (world.data / "servers").glob("lazy-*")
    return home
