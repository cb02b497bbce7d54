"""Install real servers from the real index, into an empty home, as a user does."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mcpinstall.model.environment import Command as Start
from mcpinstall.model.manifest import ProbeSettings
from mcpinstall.probing import probe
from mcpinstall.system.machine import Machine
from tests.builders.command import Command
from tests.builders.interpreters import interpreter

pytestmark = pytest.mark.network

PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@pytest.fixture
def mcpi(home: Path, tmp_path: Path) -> Command:
    cwd = tmp_path / "work"
    cwd.mkdir()
    return Command(home=home, cwd=cwd)


def entry_of(printed: str) -> Start:
    """Return what a host would start, from the printed entry."""
    (server,) = json.loads(printed)["mcpServers"].values()
    return Start(executable=server["command"], arguments=tuple(server["args"]))


def tools_of(start: Start) -> set[str]:
    found = probe(start, settings=ProbeSettings(), environment=(), machine=Machine.current())
    return {str(tool["name"]) for tool in found.tools.tools if isinstance(tool, dict)}


def test_time_answers_after_one_command_and_one_yes(mcpi: Command) -> None:
    printed = mcpi.run("install", "time", "--yes").stdout

    assert tools_of(entry_of(printed)) == {"convert_time", "get_current_time"}
    assert "no findings" in mcpi.run("verify").stdout


def test_nothing_but_caches_is_written_without_a_yes(mcpi: Command) -> None:
    (mcpi.home / ".codex").mkdir()

    done = mcpi.run("install", "time", "--host", "codex", status=4)

    assert "consent-unavailable" in done.stderr
    assert sorted(p.name for p in mcpi.home.iterdir()) == [".cache", ".codex"]
    assert not list((mcpi.home / ".codex").iterdir())
    staging = mcpi.home / ".cache" / "mcpinstall" / "staging"
    assert [path for path in staging.iterdir() if path.is_dir()] == []


def test_a_dry_run_prints_the_digest_that_an_unattended_run_can_expect(mcpi: Command) -> None:
    digest = mcpi.run("install", "time", "--print", "--dry-run").stdout.strip()

    refused = mcpi.run(
        "install", "time", "--print", "--yes", "--expect-digest", "sha256:" + "0" * 64, status=3
    )
    mcpi.run("install", "time", "--print", "--yes", "--expect-digest", digest)

    assert "plan-changed" in refused.stderr


@pytest.mark.parametrize("zone", ["Europe/Oslo", "Asia/Tokyo", "UTC"])
def test_the_time_zone_makes_no_difference(mcpi: Command, zone: str) -> None:
    here = Command(home=mcpi.home, cwd=mcpi.cwd, variables={"TZ": zone})

    here.run("install", "time", "--yes", "--print")

    assert "unchanged since review" in here.run("test", "time").stdout


@pytest.mark.parametrize("version", PYTHONS)
def test_every_supported_python_runs_the_server(mcpi: Command, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"needs Python {version}")

    printed = mcpi.run("install", "time", "--yes", "--print", "--python", python).stdout

    assert tools_of(entry_of(printed)) == {"convert_time", "get_current_time"}
    assert (mcpi.generation() / "lib" / f"python{version}").is_dir()


def test_a_hostile_working_folder_changes_nothing(mcpi: Command) -> None:
    canary = mcpi.home / "canary"
    plant_traps(mcpi.cwd, canary)

    planned = mcpi.answer("install", "time", "--print", "--dry-run")["plan"]["digest"]
    printed = mcpi.run("install", "time", "--print", "--yes").stdout

    elsewhere = Command(home=mcpi.home, cwd=mcpi.home)
    assert planned == elsewhere.answer("install", "time", "--print", "--dry-run")["plan"]["digest"]
    assert not canary.exists()
    assert tools_of(entry_of(printed)) == {"convert_time", "get_current_time"}
    assert "no findings" in mcpi.run("verify", "--strict").stdout
    assert not canary.exists()


def plant_traps(folder: Path, canary: Path) -> None:
    """Put every file into a folder that uv, npm, Python or we might obey; each leaves a trace."""
    python = f"open({str(canary)!r}, 'w').close()\n"
    (folder / "sitecustomize.py").write_text(python)
    (folder / "usercustomize.py").write_text(python)
    (folder / "httpx.py").write_text(python)
    (folder / "mcp_server_time.py").write_text(python)
    (folder / ".python-version").write_text("3.8\n")
    (folder / "uv.toml").write_text(
        'index-url = "http://127.0.0.1:9/simple"\nno-verify-hashes = true\n'
    )
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "trap"\nversion = "1"\nrequires-python = "<3"\n'
        '[[tool.uv.index]]\nurl = "http://127.0.0.1:9/simple"\ndefault = true\n'
    )
    (folder / ".npmrc").write_text("registry=http://127.0.0.1:9/\nignore-scripts=false\n")
    (folder / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/simple\n")
    bin_folder = folder / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").write_text("home = /nonexistent\n")
    for name in ("python", "python3", "uv"):
        program = bin_folder / name
        program.write_text(f"#!/bin/sh\ntouch {canary}\n")
        program.chmod(0o755)
        shutil.copy(program, folder / name)


def test_reinstall_switches_under_a_running_server(mcpi: Command) -> None:
    start = entry_of(mcpi.run("install", "time", "--yes", "--print").stdout)
    old = mcpi.generation()
    with subprocess.Popen(
        start.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        ask(server, 1, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                      "clientInfo": {"name": "test", "version": "1"}})  # fmt: skip

        for _ in range(3):
            mcpi.run("reinstall", "time", "--yes")

        server.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        arguments = {"name": "get_current_time", "arguments": {"timezone": "UTC"}}
        assert "datetime" in json.dumps(ask(server, 2, "tools/call", arguments))
        assert old.is_dir()
        server.stdin.close()
        assert server.wait(timeout=30) == 0
    mcpi.run("reinstall", "time", "--yes")
    assert not old.exists()
    assert "no findings" in mcpi.run("verify").stdout


def ask(
    server: subprocess.Popen[str], number: int, method: str, parameters: Mapping[str, object]
) -> object:
    assert server.stdin is not None
    assert server.stdout is not None
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
    server.stdin.write(json.dumps(message) + "\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())["result"]


def test_a_filled_store_needs_no_network(mcpi: Command) -> None:
    mcpi.run("install", "time", "--yes", "--print")
    mcpi.run("uninstall", "time", "--yes")
    dead = Command(
        home=mcpi.home, cwd=mcpi.cwd,
        variables={"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "NO_PROXY": "*"},
    )  # fmt: skip

    dead.run("install", "time", "--yes", "--print", "--offline")

    assert "no findings" in dead.run("verify").stdout


def test_an_empty_store_without_network_says_what_is_missing(mcpi: Command) -> None:
    done = mcpi.run("install", "time", "--yes", "--print", "--offline", status=5)

    assert "offline-missing" in done.stderr
    assert not mcpi.data.exists() or not list((mcpi.data).glob("servers/*"))


def test_huge_and_commented_host_files_survive_byte_for_byte(mcpi: Command) -> None:
    claude = mcpi.home / ".claude.json"
    code = mcpi.home / ".config" / "Code" / "User" / "mcp.json"
    code.parent.mkdir(parents=True)
    before = {claude: huge_json(10 * 1024 * 1024), code: COMMENTED.encode()}
    for path, data in before.items():
        path.write_bytes(data)

    mcpi.run("install", "time", "--host", "claude-code", "--host", "vscode", "--yes")
    between = {path: path.read_bytes() for path in before}
    mcpi.run("uninstall", "time", "--yes")

    assert b'"time"' in between[claude]
    assert all(between[path] != before[path] for path in before)
    assert {path: path.read_bytes() for path in before} == before


def huge_json(size: int) -> bytes:
    """Return strict JSON as Claude Code keeps it: many projects with long histories."""
    history = [{"display": f"line {n} " + "x" * 200, "pastedContents": {}} for n in range(100)]
    one = len(json.dumps(history))
    projects = {f"/home/user/project-{n}": {"history": history} for n in range(size // one + 1)}
    return json.dumps({"numStartups": 7, "projects": projects, "mcpServers": {}}, indent=2).encode()


COMMENTED = """\
// My servers.
{
\t/* one for work, */ "servers": {
\t\t// "old": { "command": "nothing" },
\t\t"work": { "type": "stdio", "command": "work", "args": ["a", /* b */ "c",], }, // trailing
\t\t/* the end */
\t},
\t"inputs": [], // none
}
// after all
"""
