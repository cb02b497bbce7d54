"""Fixtures for every test: an empty home, no network, shared sample data."""

from __future__ import annotations

import functools
import ipaddress
import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from uv import find_uv_bin

from mcpinstall import keyrings
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import policy_files

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
"""The repository."""

HOST_PREFIXES = (
    "MCPI_", "AMP_", "CLAUDE", "CLINE_", "CODEX_", "CONTINUE_", "COPILOT_", "CRUSH_", "CURSOR_",
    "FLATPAK_", "GEMINI_", "GOOSE_", "HERMES_", "KIMI_", "MCPORTER_", "QWEN_", "TERM_PROGRAM",
    "VIBE_", "VSCODE_", "WINDSURF_", "WSL_", "XDG_", "ZED_",
)  # fmt: skip
"""Variables that a host's terminal sets, or that move a configuration folder."""

SCREEN_VARIABLES = (
    "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PY_COLORS",
    "TERMINAL_EMULATOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
)  # fmt: skip
"""Variables that change what a screen looks like."""

INDEX_SECONDS = 5.0
"""How long to wait for the package index before its tests are skipped."""

# A slow machine is no finding; CI tries the same examples every time.
settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", deadline=None)
# Many documents are other ones each time; what fails is printed as a line to repeat it.
settings.register_profile("many", deadline=None, print_blob=True, database=None)
settings.load_profile(
    "many" if os.environ.get("DOCUMENTS") else "ci" if os.environ.get("CI") else "dev"
)


class BlockedConnectionError(AssertionError):
    """A test without the marker `network` wanted to leave this machine.

    Not an `OSError`: the program would take that for a bad network and go on.
    """


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and no variable that leads out of it or changes the screen."""
    return new_home(tmp_path, monkeypatch)


def new_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make such a home in a folder, for as long as `monkeypatch` lasts."""
    for name in list(os.environ):
        if name.upper().startswith(HOST_PREFIXES) or name.upper() in SCREEN_VARIABLES:
            monkeypatch.delenv(name)
    folder = place / "home"
    folder.mkdir(mode=0o700)
    _without_a_keyring(folder, monkeypatch)
    nowhere = dict.fromkeys(policy_files.SYSTEM_FOLDERS, str(place / "etc" / "mcpinstall"))
    monkeypatch.setattr(policy_files, "SYSTEM_FOLDERS", nowhere)  # the shipped one is compiled in
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    if os.name == "nt":
        monkeypatch.setenv("APPDATA", str(folder / "AppData" / "Roaming"))
        monkeypatch.setenv("LOCALAPPDATA", str(folder / "AppData" / "Local"))
        monkeypatch.setenv("ProgramFiles", str(folder / "Program Files"))  # hosts of this machine
    return folder


def _without_a_keyring(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead no test to the keyring of whoever runs it; a test that needs one makes its own."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "no-session"))
    if sys.platform in ("darwin", "win32"):
        monkeypatch.setattr(keyrings, "open_keyring", _no_keyring)


def _no_keyring(platform: str) -> keyrings.Keyring:
    raise McpInstallError(ErrorCode.KEYRING_UNAVAILABLE, f"no test uses the keyring of {platform}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Sample data that lies beside the repository and is not part of it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("shared data not present")
    return folder


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a `network` test where the package index can't be reached."""
    if item.get_closest_marker("network") and not _index_is_reachable():
        pytest.skip("package index not reachable")


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    """Give the next test the umask of this one: the program sets its own."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no connection leave this machine, unless the test is marked `network`."""
    if request.node.get_closest_marker("network"):
        return
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _local_only(getattr(socket.socket, name)))


def _local_only(connect: Callable[[socket.socket, Any], Any]) -> Callable[..., Any]:
    @functools.wraps(connect)
    def checked(self: socket.socket, address: Any) -> Any:  # noqa: ANN401
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            message = f"connection to {address!r}: mark the test `network` or use a local server"
            raise BlockedConnectionError(message)
        return connect(self, address)

    return checked


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@functools.cache
def _index_is_reachable() -> bool:
    """Try to connect to uv's index, or to the proxy in front of it; once per process."""
    index = urlsplit(effective_index())
    proxy = urllib.request.getproxies().get(index.scheme)
    bypassed = index.hostname and urllib.request.proxy_bypass(index.hostname)
    target = urlsplit(proxy) if proxy and not bypassed else index
    if not target.hostname:
        return False
    port = target.port or (80 if target.scheme == "http" else 443)
    try:
        socket.create_connection((target.hostname, port), timeout=INDEX_SECONDS).close()
    except OSError:
        return False
    return True


@functools.cache
def effective_index() -> str:
    """The address of the package index that uv uses on this machine, or nothing."""
    with tempfile.TemporaryDirectory() as empty:
        asked = subprocess.run(
            [find_uv_bin(), "pip", "compile", "--quiet", "--no-header", "--emit-index-url", "-"],
            cwd=empty, input="", capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    words = asked.stdout.split()
    return words[words.index("--index-url") + 1] if "--index-url" in words else ""
