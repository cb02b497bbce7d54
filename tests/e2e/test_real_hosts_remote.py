"""Real hosts read the entry of a remote server, connect to it, and send the token that it wants."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.builders.command import Command
from tests.builders.real_hosts import RealHosts, install_once
from tests.builders.sdk_servers import install_once as install_sdk
from tests.builders.sdk_servers import running

pytestmark = [pytest.mark.network, pytest.mark.e2e]

HOSTS = ("codex", "gemini-cli", "qwen-code")
FILES = {
    ".codex/config.toml": '# my settings\nmodel = "o9"   # keep\n',
    ".gemini/settings.json": '{\n  // seen by me\n  "ui": {"theme": "Default"}\n}\n',
    ".qwen/settings.json": '{\n\t"$version": 4,\n\t"mcpServers": {}\n}',
}


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_sdk(tmp_path_factory.getbasetemp().parent / "sdk-servers")


@pytest.fixture
def real_hosts(home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> RealHosts:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("needs npm")
    work = tmp_path / "work"
    work.mkdir()
    shared = tmp_path_factory.getbasetemp().parent / "real-hosts"
    hosts = RealHosts(programs=install_once(shared), home=home, work=work)
    for name, text in FILES.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text)
    hosts.trust()
    return hosts


def installed(mcpi: Command, *words: str) -> None:
    """Install an unreviewed server as a script does: look at the plan first, then agree to it."""
    digest = mcpi.run("install", *words, "--dry-run").stdout.strip()
    mcpi.run("install", *words, "--yes", "--allow", "unreviewed", "--expect-digest", digest)


def test_three_hosts_connect_to_a_protected_server_and_get_their_files_back(
    real_hosts: RealHosts, sdk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = [word for host in HOSTS for word in ("--host", host)]
    mcpi = Command(home=real_hosts.home, cwd=real_hosts.work, variables=real_hosts.environment())

    with running(sdk, "new", protected=True) as server:
        monkeypatch.setenv("CLOCK_TOKEN", server.token)
        name = f"remote:{server.url}"
        installed(mcpi, name, "--as", "clock", "--set", "token=env:CLOCK_TOKEN", *flags)

        assert real_hosts.codex_tools()["clock"] == {"now"}
        for host in ("gemini", "qwen"):
            assert connected(real_hosts, host), host
        monkeypatch.setenv("CLOCK_TOKEN", "wrong")
        for host in ("gemini", "qwen"):
            assert not connected(real_hosts, host), host

    for name in FILES:
        assert server.token not in (real_hosts.home / name).read_text()
    mcpi.run("uninstall", "clock", "--yes")
    assert {name: (real_hosts.home / name).read_text() for name in FILES} == FILES


@pytest.mark.parametrize("version", ["new", "old"])
def test_two_hosts_connect_over_the_old_transport(
    real_hosts: RealHosts, sdk: Path, version: str
) -> None:
    mcpi = Command(home=real_hosts.home, cwd=real_hosts.work, variables=real_hosts.environment())
    flags = ["--transport", "sse", "--host", "gemini-cli", "--host", "qwen-code"]

    with running(sdk, version, "sse") as server:
        installed(mcpi, f"remote:{server.url}", "--as", "clock", *flags)
        for host in ("gemini", "qwen"):
            assert connected(real_hosts, host), host


def connected(real_hosts: RealHosts, host: str) -> bool:
    """Tell whether a host says that it reached the server."""
    lines = real_hosts.listed(host).splitlines()
    line = next(line for line in lines if " clock: " in line)
    return line.endswith(" Connected")
