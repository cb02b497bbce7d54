"""Where state is kept: platformdirs (on macOS its Unix folders), or below `MCPI_HOME`."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system.files import disk_errors, require_own_folder, unsafe
from mcpinstall.system.machine import Machine
from mcpinstall.system.permissions import exchangeable_above

_NAME = "mcpinstall"
_ROOM = 512  # bytes of a path below a folder of ours: our own names, then a member's 240


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
    def unreviewed(self) -> Path:
        """Locks of servers that nobody reviewed, their first tools, and the names' indexes."""
        return self.data / "unreviewed"

    @property
    def publishers(self) -> Path:
        """Whom each package that nobody reviewed was first seen from: `<digest>.json`."""
        return self.data / "publishers"

    @property
    def attestations(self) -> Path:
        """Attestations that were verified once, by the sha256 of their file."""
        return self.cache / "attestations"

    @property
    def locks(self) -> Path:
        """Locks of shown plans, for `--lock`: `<digest>.json`."""
        return self.cache / "locks"

    @property
    def tuf(self) -> Path:
        """Files of TUF registries: `<root>/<digest>`."""
        return self.cache / "tuf"

    @property
    def lock(self) -> Path:
        """The lock that every change holds."""
        return self.data / "lock"

    @property
    def artifacts(self) -> Path:
        """Content-addressed store of downloaded files."""
        return self.cache / "artifacts" / "sha256"

    @property
    def checked(self) -> Path:
        """What rules found in manifests and wheels, by the digest of what they looked at."""
        return self.cache / "checked"

    @property
    def staging(self) -> Path:
        """Environments that are being built."""
        return self.cache / "staging"


def state_paths(machine: Machine) -> StatePaths:
    """Return where state is kept for the user of `machine`; nothing is made yet.

    Raises:
        McpInstallError: `state-unsafe` for a home or an `MCPI_HOME` that is no absolute path.
    """
    if not machine.home.is_absolute():
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            "`HOME` is not an absolute path, so state would lie in the working directory",
            hint="set it to your home folder",
        )
    override = machine.environ.get("MCPI_HOME", "")
    if override:
        root = Path(override)
        if not root.is_absolute():
            raise McpInstallError(
                ErrorCode.STATE_UNSAFE,
                "`MCPI_HOME` is not an absolute path",
                hint="set it to a folder of your own, such as `/home/you/mcpi`",
            )
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


def require_own_state(paths: StatePaths, machine: Machine) -> None:
    """Refuse state that others could plant or exchange, before any of it is read.

    A record says what recovery and `undo` write into hosts' files, so reading one is enough.
    What is missing must be in a folder where it can be made.

    Raises:
        McpInstallError: `state-unsafe`, or `disk-failed` where a folder can't be looked at.
    """
    _require_home(machine.home)
    _require_room(paths.data)
    _require_room(paths.cache)
    override = machine.environ.get("MCPI_HOME", "")
    if override:
        _require_own(Path(override))
    _require_own(paths.data)
    for folder in (
        paths.servers, paths.receipts, paths.history, paths.hosts, paths.registries,
        paths.unreviewed, paths.publishers,
    ):  # fmt: skip
        if os.path.lexists(folder):
            require_own_folder(folder)
    _refuse_foreign(machine.home, paths)


def _require_home(home: Path) -> None:
    with disk_errors(f"look at the home folder `{home}`"):
        there = home.is_dir()
    if not there:
        raise McpInstallError(
            ErrorCode.STATE_UNSAFE,
            f"there is no home folder `{home}`",
            hint="set `HOME` to your home folder",
        )


def _require_room(folder: Path) -> None:
    """Refuse a path so long that files of an environment could have none below it."""
    if os.name == "posix":
        longest = os.pathconf("/", "PC_PATH_MAX") - _ROOM
        if len(os.fsencode(folder)) > longest:
            raise McpInstallError(
                ErrorCode.STATE_UNSAFE,
                f"the path of a state folder is longer than {longest} bytes",
                hint="set `MCPI_HOME` to a folder with a shorter path",
            )


def _require_own(folder: Path) -> None:
    """Refuse a folder that is not ours alone or, where it is missing, can't be made so."""
    with disk_errors(f"look at the folder `{folder}`"):
        there = nearest_existing(folder)
        usable = there.is_dir()
    if there == folder:
        require_own_folder(folder)
    elif not usable:
        raise unsafe(folder, f"`{there}` is not a folder")
    elif others := exchangeable_above(folder):
        raise unsafe(folder, f"other users can write to `{others}`, which it is in")


def nearest_existing(path: Path) -> Path:
    """Return `path`, or the nearest folder above it that exists; a link counts as existing.

    Raises:
        OSError: where that can't be found out.
    """
    for place in (path, *path.parents):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            place.lstat()
            return place
    return Path(path.anchor)


def _refuse_foreign(home: Path, paths: StatePaths) -> None:
    """Refuse to be root in folders of another user: they could exchange what root relies on."""
    if os.name != "posix" or os.geteuid() != 0:
        return
    if home.stat().st_uid != 0:
        raise _foreign("home", home)
    for folder in (paths.config, paths.data, paths.cache):
        with disk_errors(f"look at the folder `{folder}`"):
            there = nearest_existing(folder)
            for place in (there, *there.parents):
                if place.stat().st_uid != 0:
                    raise _foreign("folder", place)


def _foreign(what: str, place: Path) -> McpInstallError:
    return McpInstallError(
        ErrorCode.STATE_UNSAFE,
        f"running as root in the {what} of another user (`{place}`)",
        hint="run `mcpi` as that user, without `sudo`; or, in a container, with a home of root's "
        "own (`HOME=/root mcpi ...`)",
    )
