"""uv: the program that unpacks wheels, from its own distribution."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import Interpreter
from mcpinstall.system import process
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


def unpack(
    uv: Path, lock: Path, *, interpreter: Interpreter, target: Path, machine: Machine
) -> None:
    """Unpack the wheels that `lock` selects, and that lie beside it, below the folder `target`.

    Only the base interpreter is asked for its facts: nothing in `target` is started.  uv's
    cache is a temporary folder beside `target` that uv deletes at the end: the hard links out
    of it, which save writing everything twice, are then the only name of their bytes.

    Raises:
        McpInstallError: `tool-failed`, with what uv said as evidence, or `disk-failed`.
    """
    private = str(target.parent)
    done = process.run(
        [
            uv, "--no-config", "--offline", "--no-python-downloads", "--no-progress", "--quiet",
            "--color", "never", "--no-cache", "pip", "sync", lock,
            "--python", interpreter.path, "--prefix", target,
            "--require-hashes", "--no-build", "--no-index", "--no-sources",
            "--link-mode", "hardlink",
        ],
        environment=process.child_environment(
            machine, {"TMPDIR": private, "TMP": private, "TEMP": private}
        ),
    )  # fmt: skip
    if done.returncode != 0:
        process.require_no_disk_error(done, "unpack the checked files")
        raise McpInstallError(
            ErrorCode.TOOL_FAILED,
            "uv could not unpack the checked files",
            hint="nothing was changed; look at the disk space, then try again",
            evidence=done.stderr.decode("utf-8", "replace"),
        )


def _unusable(why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.TOOL_FAILED,
        f"`uv` can't be used: {why}",
        hint="install mcpinstall again, with all its dependencies",
    )
