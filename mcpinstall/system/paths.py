"""Where state is kept: platformdirs (on macOS its Unix folders), or below `MCPI_HOME`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.files import require_own_folder
from mcpinstall.system.machine import Machine

_NAME = "mcpinstall"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePaths:
    """The folders of one user's state; made when they are first needed."""

    config: Path
    data: Path
    cache: Path

    @property
    def servers(self) -> Path:
        """Homes of installed servers: `<slug>/<generation>/`."""
        return self.data / "servers"

    @property
    def receipts(self) -> Path:
        """One file for each installed server: `<slug>.json`."""
        return self.data / "receipts"

    @property
    def history(self) -> Path:
        """Finished changes, and the journal of one that runs."""
        return self.data / "history"

    @property
    def hosts(self) -> Path:
        """Our entries in each host file: `<row id>.json`."""
        return self.data / "hosts"

    @property
    def registries(self) -> Path:
        """Highest serial and latest time seen, per registry."""
        return self.data / "registries"

    @property
    def lock(self) -> Path:
        """The lock that every change holds."""
        return self.data / "lock"

    @property
    def artifacts(self) -> Path:
        """Content-addressed store of downloaded files."""
        return self.cache / "artifacts" / "sha256"

    @property
    def staging(self) -> Path:
        """Environments that are being built."""
        return self.cache / "staging"


def state_paths(machine: Machine) -> StatePaths:
    """Return where state is kept for the user of `machine`; nothing is made yet.

    Raises:
        McpInstallError: `state-unsafe` for a relative home or `MCPI_HOME`, or another user's home.
    """
    if not machine.home.is_absolute():
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            "`HOME` is not an absolute path, so state would lie in the working directory",
            hint="set it to your home folder",
        )
    _refuse_foreign_home(machine)
    override = machine.environ.get("MCPI_HOME", "")
    if override:
        root = Path(override)
        if not root.is_absolute():
            raise McpInstallError(
                ErrorCode.STATE_UNSAFE,
                "`MCPI_HOME` is not an absolute path",
                hint="set it to a folder of your own, such as `/home/you/mcpi`",
            )
        if root.exists() or root.is_symlink():
            require_own_folder(root)
        return StatePaths(config=root / "config", data=root / "data", cache=root / "cache")
    if machine.platform == "win32":
        local = Path(machine.environ.get("LOCALAPPDATA") or machine.home / "AppData" / "Local")
        base = local / _NAME
        return StatePaths(config=base / "Config", data=base / "Data", cache=base / "Cache")
    return StatePaths(
        config=_xdg(machine, "XDG_CONFIG_HOME", ".config") / _NAME,
        data=_xdg(machine, "XDG_DATA_HOME", ".local/share") / _NAME,
        cache=_xdg(machine, "XDG_CACHE_HOME", ".cache") / _NAME,
    )


def _xdg(machine: Machine, variable: str, default: str) -> Path:
    """Return an XDG base directory; a relative value is ignored, as the specification says."""
    value = machine.environ.get(variable, "")
    return Path(value) if value and Path(value).is_absolute() else machine.home / default


def _refuse_foreign_home(machine: Machine) -> None:
    if os.name != "posix" or os.geteuid() != 0 or not machine.home.exists():
        return
    if machine.home.stat().st_uid != 0:
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            f"running as root in the home of another user (`{machine.home}`)",
            hint="run `mcpi` as that user, without `sudo`",
        )
