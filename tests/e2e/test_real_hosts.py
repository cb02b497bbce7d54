"""Real hosts read our entries, start the servers, and get their files back byte for byte."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builders.command import Command
from tests.builders.real_hosts import RealHosts, install_once

pytestmark = [pytest.mark.network, pytest.mark.e2e]

SERVERS = ("time", "fetch", "git")

CODEX = """# my settings
model = "o9"   # keep

[mcp_servers.mine]
command = "true"
"""
GEMINI = '{\n  // seen by me\n  "ui": {"theme": "Default"}\n}\n'
QWEN = '{\n\t"$version": 4,\n\t"mcpServers": {}\n}'


@pytest.fixture
def real_hosts(home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> RealHosts:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("needs npm")
    shared = tmp_path_factory.getbasetemp().parent / "real-hosts"
    work = tmp_path / "work"
    work.mkdir()
    hosts = RealHosts(programs=install_once(shared), home=home, work=work)
    hosts.trust()
    for name, text in _files(home).items():
        name.parent.mkdir(exist_ok=True)
        name.write_text(text)
    return hosts


def _files(home: Path) -> dict[Path, str]:
    return {
        home / ".codex" / "config.toml": CODEX,
        home / ".gemini" / "settings.json": GEMINI,
        home / ".qwen" / "settings.json": QWEN,
    }


def test_three_hosts_connect_to_three_servers_and_get_their_files_back(
    real_hosts: RealHosts,
) -> None:
    repository = real_hosts.home / "code"
    repository.mkdir()
    subprocess.run(["git", "init", "-q", repository], check=True)
    flags = itertools.chain.from_iterable(
        ("--host", h) for h in ("codex", "gemini-cli", "qwen-code")
    )

    mcpi = Command(home=real_hosts.home, cwd=real_hosts.work, variables=real_hosts.environment())

    mcpi.run("install", *SERVERS, "--set", f"repository={repository}", *flags, "--yes")

    tools = real_hosts.codex_tools()
    assert set(SERVERS) <= set(tools)
    assert "get_current_time" in tools["time"]
    assert "git_status" in tools["git"]
    for host in ("gemini", "qwen"):
        listed = real_hosts.listed(host)
        for server in SERVERS:
            line = next(line for line in listed.splitlines() if f" {server}: " in line)
            assert line.endswith("Connected"), line

    for server in ("fetch", "time", "git"):
        mcpi.run("uninstall", server, "--yes")
    assert {path: path.read_text() for path in _files(real_hosts.home)} == _files(real_hosts.home)
    assert not list((mcpi.data / "servers").iterdir())
