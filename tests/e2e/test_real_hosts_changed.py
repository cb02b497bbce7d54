"""Real hosts read what an adoption and fixes made of their files, and connect to it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from uv import find_uv_bin

from mcpinstall.operations import audit, fix_commit, fixing
from tests.builders import osv
from tests.builders.adopted_changes import adopt
from tests.builders.canaries import token
from tests.builders.index_server import IndexServer
from tests.builders.osv import record
from tests.builders.real_hosts import RealHosts, install_once
from tests.builders.world import World

pytestmark = [pytest.mark.network, pytest.mark.e2e]

PATH = os.environ["PATH"]
FILES = {
    "codex": ".codex/config.toml",
    "gemini-cli": ".gemini/settings.json",
    "qwen-code": ".qwen/settings.json",
}
PROGRAMS = {"gemini-cli": "gemini", "qwen-code": "qwen"}
"""Those of them whose list says which servers answered."""

SERVER = """
for request in requests():
    wanted = request.get("params", {}).get("protocolVersion", "")
    answer(request, {}) if request["method"] == "ping" else legacy(request, protocol=wanted)
"""
"""What speaks each host's own protocol; their lists ask with a ping."""

CODEX = """\
# my settings
model = "o9"   # keep
"""
CODEX_TICK = """
[mcp_servers.tick] # clock
command = 'uvx' # runner
args = [
  "clock-server", # server
  "--zone=Oslo",
]

[mcp_servers.tick.env]
LEVEL = "debug"
"""
JSON_TICK = """{
  // seen by me
  "$version": 4,
  "ui": {"theme": "Default"},
  "mcpServers": {
    "tick": {"env": {"LEVEL": "debug"}, "args": ["clock-server", "--zone=Oslo"], // mine
      "command": "uvx"}
  }
}
"""


@pytest.fixture
def real(
    world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> RealHosts:
    if shutil.which("npm", path=PATH) is None or shutil.which("node", path=PATH) is None:
        pytest.skip("needs npm")
    uvx = str(Path(find_uv_bin()).parent)
    monkeypatch.setenv("PATH", os.pathsep.join((uvx, PATH)))
    shared = tmp_path_factory.getbasetemp().parent / "real-hosts"
    world.more_hosts = {name: FILES[name] for name in PROGRAMS}
    world.offer("clock", "9.9", body=SERVER)  # the version that the record calls fixed
    world.offer("notes", "2.0", body=SERVER)
    config = world.home / ".config" / "uv"  # (hosts hand few variables on)
    config.mkdir(parents=True, mode=0o700)
    (config / "uv.toml").write_text(f'[[index]]\nurl = "{world.index.url}"\ndefault = true\n')
    hosts = RealHosts(programs=install_once(shared), home=world.home, work=Path.cwd())
    for name in PROGRAMS:
        world.file(name).parent.mkdir(mode=0o700)
    hosts.trust()
    return hosts


def answering(real: RealHosts, *names: str) -> dict[str, set[str]]:
    """Return the hosts that connect to each server; fail for one that doesn't see it."""
    tools = real.codex_tools()
    found = {name: {"codex"} if tools[name] else set() for name in names}
    for host, program in PROGRAMS.items():
        lines = real.listed(program).splitlines()
        for name, hosts in found.items():
            line = next(one for one in lines if f" {name}: " in one)
            hosts.update({host} if line.endswith(" Connected") else ())
    return found


def fixed(world: World, *names: str, online: bool = False) -> list[str]:
    """Fix all that can be; return the names of the remedies."""
    wanted = audit.Wanted(online=online)
    prepared = fixing.prepare(wanted, frozenset(names), world.context)
    for _ in fix_commit.commit(prepared):
        pass
    return sorted({one.fixer for file in prepared.files for one in file.fixed})


def test_three_hosts_connect_to_what_was_adopted_and_restored(
    world: World, real: RealHosts
) -> None:
    world.file("codex").write_text(CODEX + CODEX_TICK)
    for name in PROGRAMS:
        world.file(name).write_text(JSON_TICK)
    before = world.host_files()

    adopt(world)
    assert answering(real, "tick") == {"tick": set(FILES)}

    toml, gemini, qwen = (world.file(name) for name in FILES)
    toml.write_text(toml.read_text().replace("'--zone'", "'--odd'").replace('"--zone"', '"--odd"'))
    address = '"httpUrl": "http://127.0.0.1:9/", "env"'
    gemini.write_text(gemini.read_text().replace('"env"', address))
    qwen.write_text(qwen.read_text().replace('"command": "', '"command": "/nonexistent/'))
    assert answering(real, "tick") == {"tick": {"codex"}}
    assert fixed(world) == ["restore-entry"]
    assert answering(real, "tick") == {"tick": set(FILES)}

    world.uninstall("tick")
    assert {name: world.file(name).read_bytes() for name in FILES} == {
        name: before[name] for name in FILES
    }


@pytest.fixture
def advisories(world: World) -> object:
    with IndexServer() as service:
        osv.configure(world.context, service.origin)
        osv.serve(
            service,
            record("MAL-2026-1", "npm:@scope/evil", "2.0.0"),
            record("GHSA-aaaa-bbbb-cccc", "PyPI:clock-server", "1.0"),
        )
        yield service


def entries(secret: str) -> dict[str, dict[str, object]]:
    """Return servers, each with a fault that another remedy takes away."""
    return {
        "loose": {"command": "uvx", "args": ["notes-server"]},
        "old": {"command": "uvx", "args": ["clock-server==1.0"]},
        "hidden": {
            "command": "uvx", "args": ["notes-server==2.0"], "env": {"GITHUB_TOKEN": secret},
        },
        "split": {"command": "uvx notes-server==2.0"},
        "evil": {"command": "npx", "args": ["-y", "@scope/evil@2.0.0"]},
    }  # fmt: skip


def test_three_hosts_read_what_fixes_wrote_and_connect_to_it(
    world: World, real: RealHosts, advisories: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = token("github")
    monkeypatch.setenv("GITHUB_TOKEN", secret)
    written = entries(secret)
    lines = [CODEX]
    for name, entry in written.items():
        lines += [f"\n[mcp_servers.{name}] # {name}"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items() if key != "env"]
        lines += [f'env = {{ GITHUB_TOKEN = "{secret}" }} # mine'] if "env" in entry else []
    world.file("codex").write_text("\n".join(lines))
    for name in PROGRAMS:
        text = json.dumps({"$version": 4, "mcpServers": written}, indent=2)
        world.file(name).write_text(f"// mine\n{text}\n")
    before = world.host_files()
    uvx = [str(Path(find_uv_bin()).with_name("uvx")), "notes-server"]
    subprocess.run(uvx, input="", text=True, check=True, capture_output=True, timeout=60)

    done = fixed(
        world, "pin", "move-secret", "switch-off", "raise-version", online=True
    )  # fmt: skip

    assert done == ["close-permissions", "move-secret", "pin", "raise-version", "split-command",
                    "switch-off"]  # fmt: skip
    for name in FILES:
        assert secret not in world.file(name).read_text()
        assert "notes-server==2.0" in world.file(name).read_text()
    names = ("loose", "old", "hidden", "split")
    assert answering(real, *names) == {name: set(FILES) for name in names}
    listed = real.listed("codex")
    assert re.search(r"(?m)^evil .* disabled", listed), listed

    world.undo()
    world.undo()
    world.undo()
    assert world.host_files() == before
