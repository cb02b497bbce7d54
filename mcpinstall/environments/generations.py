"""A server's home: its generations, and which of them is `current`."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePath, PurePosixPath

from mcpinstall.environments import launcher_text, tree
from mcpinstall.environments.layout import LOCK_NAME
from mcpinstall.environments.start_template import LAUNCH
from mcpinstall.environments.trust import require_program
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import Command, Interpreter, StagedEnvironment
from mcpinstall.system import files, launcher, locking
from mcpinstall.system.files import disk_errors
from mcpinstall.system.homes import CURRENT, current, generation_name, is_generation_name
from mcpinstall.system.machine import Machine

_LAUNCHER = "launch.py"
_CONFIGURATION_BYTES = 64 * 1024  # bytes; our own `pyvenv.cfg` has four lines
_LEFT_BEHIND = re.compile(r"\..+\.(?:gone|partial)|\.current\.[0-9a-f]{12}")


def new_generation(version: str, now: datetime | None = None) -> str:
    """Return a new folder name: time, version, chance; sorted by name is sorted by age."""
    moment = now or datetime.now(UTC)
    time = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z"
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", version)[:40].strip("-.")
    return f"{time}-{readable}-{secrets.token_hex(3)}"


def command(
    home: Path,
    arguments: tuple[str, ...],
    machine: Machine,
    interpreter: Interpreter | None = None,
) -> Command:
    """Return what a host starts: whatever generation is `current` then.

    Raises:
        McpInstallError: `not-supported-yet` on Windows when `interpreter`, which the command
            starts there, is not given.
    """
    if machine.platform != "win32":
        return _through_link(home / CURRENT, arguments)
    if interpreter is None:
        raise McpInstallError(
            ErrorCode.NOT_SUPPORTED_YET, "a command on Windows needs its interpreter"
        )
    return _by_base(interpreter.path, home / _LAUNCHER, arguments)


def launcher_command(
    home: Path,
    entry_name: str,
    arguments: tuple[str, ...],
    machine: Machine,
    interpreter: Interpreter | None = None,
) -> Command:
    """Return what a host starts so that a server gets its secrets from the keyring.

    It needs nothing of mcpinstall's own installation: `run.py` is part of the environment.

    Raises:
        McpInstallError: as `command`.
    """
    words = (entry_name, "--", *arguments)
    if machine.platform == "win32":
        direct = command(home, (), machine, interpreter)
        return _by_base(Path(direct.executable), home / launcher.NAME, words)
    flags = ("-I", "-S", "-B", "-X", "utf8")
    folder = home / CURRENT
    return Command(
        executable=str(folder / "bin" / "python"),
        arguments=(*flags, str(folder / launcher.NAME), *words),
    )


def command_template(home: str, arguments: tuple[str, ...]) -> Command:
    """Return the command in the form that is the same on every system, for digests."""
    return _through_link(PurePosixPath(home) / CURRENT, arguments)


def generation_command(generation: Path, arguments: tuple[str, ...], machine: Machine) -> Command:
    """Return the command that starts one generation in place, `current` or not."""
    if machine.platform != "win32":
        return _through_link(generation, arguments)
    text = files.read_bounded(generation / "pyvenv.cfg", _CONFIGURATION_BYTES).decode()
    executable = next(
        line.partition(" = ")[2] for line in text.splitlines() if line.startswith("executable = ")
    )
    return _by_base(Path(executable), generation / "start.py", arguments)


def _through_link(folder: PurePath, arguments: tuple[str, ...]) -> Command:
    flags = ("-I", "-B", "-X", "utf8")
    return Command(
        executable=str(folder / "bin" / "python"),
        arguments=(*flags, str(folder / "start.py"), *arguments),
    )


def _by_base(python: Path, program: Path, arguments: tuple[str, ...]) -> Command:
    require_program(python)
    flags = ("-I", "-S", "-B", "-X", "utf8")
    return Command(executable=str(python), arguments=(*flags, str(program), *arguments))


def is_startable(generation: Path) -> bool:
    """Tell whether a generation is in place and its interpreter still exists."""
    python = generation / "bin" / "python"
    return (
        not generation.is_symlink()
        and (generation / "start.py").is_file()
        and (not python.is_symlink() or os.access(python, os.X_OK))
    )


def place(staged: StagedEnvironment, home: Path, *, waited: bool = True) -> Path:
    """Move a staged environment to its name below `home` and return that path.

    One that `waited`, for an answer or for another server, is measured again: it was compared
    minutes ago.  So is a copy, across file systems.

    Raises:
        McpInstallError: `environment-differs`, `disk-failed`.
    """
    target = files.private_folder(home) / generation_name(staged.generation)
    with disk_errors(f"put the environment at `{target}`"):
        if target.exists() or target.is_symlink():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        if waited:
            _require_unchanged(staged.path, staged)
        try:
            staged.path.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(staged, target)
        files.sync_folder(home)
    return target


def _copy(staged: StagedEnvironment, target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    try:
        _copy_tree(staged.path, partial)
        _require_unchanged(partial, staged)
        partial.rename(target)
    except BaseException:
        with contextlib.suppress(McpInstallError):
            files.remove_tree(partial)
        raise
    with contextlib.suppress(McpInstallError):  # whoever staged it looks after its folder
        files.remove_tree(staged.path)


def _require_unchanged(path: Path, staged: StagedEnvironment) -> None:
    if tree.measure(path) != staged.tree:
        raise McpInstallError(
            ErrorCode.ENVIRONMENT_DIFFERS,
            "the environment changed after it was checked",
            hint="nothing of it was started; check the disk, then try again",
        )


def _copy_tree(source: Path, target: Path) -> None:
    """Copy files, modes and links; stops at the first error, which `copytree` does not."""
    target.mkdir(mode=0o700)
    for path in source.iterdir():
        if path.is_symlink():
            (target / path.name).symlink_to(path.readlink())
        elif path.is_dir():
            _copy_tree(path, target / path.name)
        else:
            shutil.copy(path, target / path.name)


def switch(home: Path, generation: str | None, platform: str = sys.platform) -> None:
    """Make `generation` the one that hosts start, in one step; None: there is none any more.

    Raises:
        McpInstallError: `disk-failed`; what was current is current still, unless all that failed
            was to make the switch last.
    """
    link = home / CURRENT
    if generation is None:
        with disk_errors(f"delete `{link}`"):
            for path in (link, home / _LAUNCHER, home / launcher.NAME):
                if os.path.lexists(path):  # else a read-only file system would refuse
                    path.unlink(missing_ok=True)
        return
    if not (home / generation_name(generation)).is_dir():
        raise _unsafe(f"`{generation}`, which is not there,")
    if platform == "win32":
        files.write_atomic(home / _LAUNCHER, LAUNCH.encode("ascii"))
        files.write_atomic(home / launcher.NAME, launcher_text.text())
        files.write_atomic(link, f"{generation}\n".encode("ascii"))
        return
    temporary = home / f".{CURRENT}.{secrets.token_hex(6)}"
    with disk_errors(f"switch `{link}`"):
        try:
            temporary.symlink_to(generation)
            temporary.replace(link)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        files.sync_folder(home)


def prune(
    home: Path, keep: int = 2, *, back: Callable[[], str | None] = lambda: None
) -> tuple[str, ...]:
    """Delete the generations that are not current, not among the last `keep`, and not running.

    The one that `back` names, where a rollback leads, stays in the place of the older of the last;
    it is asked only when something would go.
    Also deletes what a process that died left half done.  Returns the names of the deleted
    generations.

    Raises:
        McpInstallError: `disk-failed`, or `lock-unsupported` where nobody knows what runs.
    """
    if home.is_symlink() or not home.is_dir():  # behind a link nothing is ours to delete
        return ()
    with disk_errors(f"look at `{home}`"):
        for path in [path for path in home.iterdir() if _LEFT_BEHIND.fullmatch(path.name)]:
            path.unlink() if path.is_symlink() else files.remove_tree(path)
        if not keep:  # a generation that somebody linked goes as a link; what is behind it stays
            for path in [path for path in home.iterdir() if _is_linked_generation(path)]:
                path.unlink()
        names = sorted(path.name for path in home.iterdir() if _is_generation(path))
    last = names[-keep:] if keep else []
    if len(last) < len(names) and last and (before := back()) in names:
        last = [*last[1:], before]
    kept = {current(home), *last}
    return tuple(name for name in names if name not in kept and _delete_unused(home / name))


def discard(generation: Path) -> None:
    """Delete a generation or a staged environment, running or not.

    Raises:
        McpInstallError: `disk-failed`.
    """
    files.remove_tree(generation)


def discard_unused(generation: Path, *, seconds: float = 0) -> None:
    """Delete a generation unless a server runs from it; then a later `prune` does it.

    A server that is about to end has `seconds` for it.

    Raises:
        McpInstallError: `disk-failed`, or `lock-unsupported` where nobody knows what runs.
    """
    if generation.is_dir() and not generation.is_symlink():
        _delete_unused(generation, seconds)


def discard_if_empty(home: Path) -> None:
    """Delete the folder of a server that has no generation left.

    Raises:
        McpInstallError: `disk-failed`.
    """
    files.remove_empty(home)


def _delete_unused(generation: Path, seconds: float = 0) -> bool:
    """Delete a generation unless a server runs from it; tell whether it is gone.

    The lock is held until the generation has lost its name: a server that starts meanwhile
    notices (`start_template`).
    """
    try:
        with _held(generation / LOCK_NAME, seconds), disk_errors(f"delete `{generation}`"):
            gone = _renamed(generation)
    except McpInstallError as error:
        if error.code is ErrorCode.STATE_BUSY:
            return False
        raise
    if gone is not None:
        files.remove_tree(gone)
    return gone is not None


def _held(lock: Path, seconds: float) -> contextlib.AbstractContextManager[None]:
    """Return the lock of a generation; Windows renames no folder with an open file in it."""
    if os.name == "nt" or not lock.exists():
        return contextlib.nullcontext()
    return locking.hold(lock, seconds=seconds, shared=False)


def _renamed(generation: Path) -> Path | None:
    """Take a generation's name away and return where it is; None when it is in use on Windows."""
    gone = generation.with_name(f".{generation.name}.gone")
    try:
        generation.rename(gone)
    except PermissionError:
        if os.name != "nt":  # there, a file of it is open
            raise
        return None
    except OSError as error:
        if error.errno != errno.EXDEV:  # a folder of a lower layer can't be renamed
            raise
        return generation
    return gone


def _is_generation(path: Path) -> bool:
    return is_generation_name(path.name) and path.is_dir() and not path.is_symlink()


def _is_linked_generation(path: Path) -> bool:
    return path.name != CURRENT and is_generation_name(path.name) and path.is_symlink()


def _unsafe(what: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.STATE_UNSAFE,
        f"{what} is not a generation of this server",
        hint="run `mcpi reinstall` for the server",
    )
