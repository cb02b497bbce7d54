"""`mcpi audit` starts, resolves and writes nothing: an audit hook in its process listens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.hosts import candidates, find_rows
from mcpinstall.operations import audit
from mcpinstall.system.machine import Machine
from tests.audit_corpora.corpus import CLEAN, host_of
from tests.builders.command import ROOT
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World

LISTENER = """
import json, os, sys
seen = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def hook(event, args):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn",
                         "os.spawn", "os.system", "os.startfile", "shutil.", "urllib.")):
        seen.append(f"{{event}} {{args[1]}}" if event == "socket.bind" else event)
    elif event == "open" and isinstance(args[2], int) and args[2] & WRITING:
        seen.append(f"open for writing: {{args[0]}}")
    elif event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink",
                   "os.truncate", "os.chmod", "os.chown", "os.utime"):
        seen.append(f"{{event}} {{args[0]}}")
sys.addaudithook(hook)
sys.dont_write_bytecode = True
from mcpinstall import cli
{provocation}
status = cli.run({words!r})
heavy = [n for n in ("httpx", "sigstore", "tuf", "rich.markdown", "pydantic") if n in sys.modules]
print(json.dumps({{"status": status, "seen": seen, "heavy": heavy}}), file=sys.stderr)
"""


def ran(
    home: Path, words: list[str], provocation: str = "", cwd: str = "work"
) -> dict[str, object]:
    script = LISTENER.format(words=words, provocation=provocation)
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=home / cwd, check=False,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stderr.splitlines()[-1])
    return found


@pytest.fixture
def configured(home: Path) -> Path:
    """A home whose files name programs, packages, addresses and images of all kinds."""
    work = home / "work"
    (work / ".git").mkdir(parents=True)
    marker = home / "ran"
    servers = {
        "program": {"command": "/bin/sh", "args": ["-c", f"touch {marker}"]},
        "npm": {"command": "npx", "args": ["-y", "some-server@latest"]},
        "python": {"command": "uvx", "args": ["some-server"]},
        "image": {"command": "docker", "args": ["run", "some/image"]},
        "remote": {"url": "http://mcp.example.com/x"},
    }
    (work / ".mcp.json").write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
    (home / ".codex").mkdir()
    (home / ".codex/config.toml").write_text('[mcp_servers.a]\ncommand = "x"\n', encoding="utf-8")
    (home / ".hermes").mkdir()
    (home / ".hermes/config.yaml").write_text(
        "mcp_servers:\n  a:\n    command: x\n", encoding="utf-8"
    )
    return home


def everything_below(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """What stands below a folder: times of content and of names, and sizes."""
    stats = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {path: (one.st_mtime_ns, one.st_mode, one.st_size) for path, one in stats.items()}


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit", "markdown"])
def test_an_audit_starts_resolves_and_writes_nothing(configured: Path, form: str) -> None:
    before = everything_below(configured)

    found = ran(configured, ["audit", "--format", form, "--persona", "auditor"])

    assert found == {"status": 1, "seen": [], "heavy": []}
    assert everything_below(configured) == before


@pytest.mark.parametrize("words", [["--persona", "regular"], ["--persona", "pedantic"],
                                   ["--list-hosts"], [".mcp.json"], ["."], ["--no-ignores"],
                                   ["-", "--host", "cursor"]])  # fmt: skip
def test_so_does_one_for_any_reader_and_of_any_place(configured: Path, words: list[str]) -> None:
    before = everything_below(configured)

    found = ran(configured, ["audit", *words])

    assert (found["seen"], found["heavy"]) == ([], [])
    assert found["status"] in (0, 1)
    assert everything_below(configured) == before


def test_so_does_one_of_every_host_of_the_table(configured: Path) -> None:
    """Each file of the table that a home can have, with servers in it."""
    for path in CLEAN:
        row = find_rows(host_of(path))
        machine = replace(Machine.current(), home=configured, cwd=configured / "work", environ={})
        for place in candidates(row, machine):
            if "*" not in str(place) and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(path.read_bytes())
    before = everything_below(configured)

    found = ran(configured, ["audit", "--persona", "auditor", "--json"])

    assert (found["seen"], found["heavy"]) == ([], [])
    assert everything_below(configured) == before
    assert len(before) > 150


@pytest.mark.e2e
@pytest.mark.parametrize("form", ["text", "json"])
def test_so_does_one_of_servers_that_mcpinstall_installed(world: World, form: str) -> None:
    """Receipts, records, environments and the registry are read; code waits in it."""
    world.install("clock", hosts=["cursor", "codex"])
    (folder,) = world.generations()
    (site,) = folder.glob("lib/python3.*/site-packages")
    site.chmod(0o755)
    marker = world.home / "ran"
    hook = site / "evil.pth"
    hook.write_text(f"import os; os.system('touch {marker}')\n", encoding="utf-8")
    before = everything_below(world.home)
    report = audit.audit(audit.Wanted(), world.context)
    assert {"MA802"} <= {one.rule.id for one in report.findings}, "they were looked at"

    found = ran(world.home, ["audit", "--format", form, "--persona", "auditor"], cwd=".")

    assert found == {"status": 1, "seen": [], "heavy": []}
    assert everything_below(world.home) == before
    assert not marker.exists()


URLLIB3 = ["socket.__new__", "socket.bind ('::1', 0)"]
"""What urllib3, which python-tuf imports, does when it is loaded: does this machine know IPv6?"""


@pytest.mark.e2e
@pytest.mark.parametrize("state", ["as it was saved", "damaged", "gone"])
def test_so_does_one_of_servers_of_a_tuf_registry(world: World, state: str) -> None:
    """What was saved of it is verified in memory; python-tuf's own client would save it again."""
    tuf = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    tuf.begin().publish()
    with Site(tuf.folder) as tuf.site:
        tuf.trust()
        world.install("corp:clock", hosts=["cursor"])
        tuf.site.requests.clear()
        (metadata,) = world.context.paths.registries.glob("*/metadata")
        if state == "damaged":
            (metadata / "snapshot.json").write_bytes(b"{")
        elif state == "gone":
            shutil.rmtree(metadata.parent)
        before = everything_below(world.home)

        found = ran(world.home, ["audit", "--persona", "auditor"], cwd=".")

    assert found["heavy"] == ["tuf"]
    assert found["seen"] in ([], URLLIB3)
    assert tuf.site.requests == []
    assert everything_below(world.home) == before


@pytest.mark.e2e
def test_python_tuf_is_loaded_only_for_servers_of_such_a_registry(world: World) -> None:
    tuf = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    tuf.begin().publish()
    tuf.trust()
    world.install("clock", hosts=["cursor"])

    assert ran(world.home, ["audit"], cwd=".")["heavy"] == []


PROVOCATIONS = {
    "subprocess.Popen": "import subprocess; subprocess.run(['true'])",
    "os.system": "import os; os.system('true')",
    "os.fork": "import os; os.fork() or os._exit(0)",
    "os.posix_spawn": "import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
    "os.exec": "import os\ntry: os.execv('/nothing', ['x'])\nexcept OSError: pass",
    "socket.getaddrinfo": "import socket; socket.getaddrinfo('localhost', 1)",
    "socket.connect": "import socket; socket.socket(socket.AF_INET).connect_ex(('127.0.0.1', 9))",
    "open for writing: x": "open('x', 'w').close()",
    "os.mkdir": "import os; os.mkdir('made')",
    "os.rename": "import os; open('y', 'w').close(); os.rename('y', 'z')",
    "os.chmod": "import os; os.chmod('.', 0o700)",
}  # fmt: skip


@pytest.mark.parametrize("event", PROVOCATIONS)
def test_the_listener_hears_what_it_listens_for(configured: Path, event: str) -> None:
    assert event in str(ran(configured, ["audit"], PROVOCATIONS[event])["seen"])
