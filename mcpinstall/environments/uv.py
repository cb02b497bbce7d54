"""uv: the program that unpacks wheels, from its own distribution."""

from __future__ import annotations

import contextlib
import functools
import re
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import Interpreter
from mcpinstall.system import files, process
from mcpinstall.system.machine import Machine

_OLDEST = (0, 13, 9)
"""The version whose installer the checks were written against."""


@functools.cache
def uv_program() -> Path:
    """Return the absolute path of uv's program as its distribution recorded it.

    A program of that name found elsewhere could be any version, so it is not looked for.

    Raises:
        McpInstallError: `tool-failed` when uv is missing or older than 0.13.9.
    """
    from importlib import metadata  # late: it loads the parser of e-mail

    try:
        distribution = metadata.distribution("uv")
    except metadata.PackageNotFoundError:
        raise _unusable("it is not installed beside mcpinstall") from None
    version = distribution.version
    if tuple(int(number) for number in re.findall(r"\d+", version)[:3]) < _OLDEST:
        raise _unusable(f"version {version} is older than 0.13.9")
    for recorded in distribution.files or ():
        if recorded.name in ("uv", "uv.exe"):
            path = Path(str(distribution.locate_file(recorded))).resolve()
            if path.is_file():
                return path
    raise _unusable("its distribution holds no program")


_QUIET = (
    "--no-config", "--offline", "--no-python-downloads", "--no-progress", "--quiet",
    "--color", "never",
)  # fmt: skip


_CACHE = "uv"
"""Name of uv's cache, in the private folder that environments are staged in."""


def introduce(uv: Path, interpreter: Interpreter, folder: Path, machine: Machine) -> None:
    """Let uv ask the base interpreter for its facts, and keep them in `folder` for `unpack`.

    It takes a third of `unpack` and needs none of the wheels, so it can be done before they are
    there.  Whatever goes wrong here, `unpack` meets and tells.
    """
    with contextlib.suppress(McpInstallError):
        process.run(
            [uv, *_QUIET, "--cache-dir", folder / _CACHE, "python", "find", interpreter.path],
            environment=_environment(folder, machine),
        )


def unpack(
    uv: Path, lock: Path, *, interpreter: Interpreter, target: Path, machine: Machine
) -> None:
    """Unpack the wheels that `lock` selects, and that lie beside it, below the folder `target`.

    `target` is `FOLDER/NAME/environment`.  Only the base interpreter is asked for its facts:
    nothing in `target` is started.  uv's cache is in `FOLDER`, and gone afterwards: the hard
    links out of it, which save writing everything twice, are then the only name of their bytes.

    Raises:
        McpInstallError: `tool-failed`, with what uv said as evidence, or `disk-failed`.
    """
    cache = target.parent.parent / _CACHE
    done = process.run(
        [
            uv, *_QUIET, "--cache-dir", cache, "pip", "sync", lock,
            "--python", interpreter.path, "--prefix", target,
            "--require-hashes", "--no-build", "--no-index", "--no-sources",
            "--link-mode", "hardlink",
        ],
        environment=_environment(target.parent, machine),
    )  # fmt: skip
    if done.returncode != 0:
        process.require_no_disk_error(done, "unpack the checked files")
        raise McpInstallError(
            ErrorCode.TOOL_FAILED,
            "uv could not unpack the checked files",
            hint="nothing was changed; look at the disk space, then try again",
            evidence=done.stderr.decode("utf-8", "replace"),
        )
    files.remove_tree(cache)


def _environment(private: Path, machine: Machine) -> dict[str, str]:
    """Return uv's environment; temporary files lie in a folder of ours."""
    folder = str(private)
    return process.child_environment(machine, {"TMPDIR": folder, "TMP": folder, "TEMP": folder})


def _unusable(why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.TOOL_FAILED,
        f"`uv` can't be used: {why}",
        hint="install mcpinstall again, with all its dependencies",
    )
