"""The folder of one version: it appears whole, and its files are exchanged all at once.

What a run that died had begun is ended by the next one: `settle`.  Names that begin with `.` are
no versions.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text
from mcpinstall.system import files

_STAGED, _OLD = ".mcpi", ".mcpi-old"
"""Ends of the names of folders beside the one that is written."""


def place(target: Path, found: Mapping[str, bytes], *, again: bool = False) -> None:
    """Write the files of one version: its folder appears whole, or not at all.

    With `again` it may be there: its files are exchanged, all at once, and what else lies in it
    stays.

    Raises:
        McpInstallError: `server-exists`, `disk-failed`.
    """
    settle(target)
    if files.exists(target) and not again:
        raise exists(target)
    made = _new_folders(target.parent)
    staged = _beside(target, _STAGED)
    try:
        with files.disk_errors(f"write below `{target.parent}`"):
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.mkdir(mode=0o755)
        for name, data in found.items():
            files.write_atomic(staged / name, data, mode=0o644)
        with files.disk_errors(f"make `{target}`"):
            _exchange(staged, target)
            files.sync_folder(target.parent)
    except BaseException:
        settle(target)
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _exchange(staged: Path, target: Path) -> None:
    if target.exists():
        for path in target.iterdir():
            if path.name not in ("manifest.toml", *manifest_text.FILES):
                _copy(path, staged / path.name)
        target.rename(_beside(target, _OLD))
    staged.rename(target)
    shutil.rmtree(_beside(target, _OLD), ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def settle(target: Path) -> None:
    """Bring one version's folder to its old or its new state, where a run died in between.

    Nobody else writes there now: the caller is `alone`.
    """
    old = _beside(target, _OLD)
    with files.disk_errors(f"restore `{target}`"):
        if old.is_dir() and not os.path.lexists(target):
            old.rename(target)
    for path in (_beside(target, _STAGED), old):
        shutil.rmtree(path, ignore_errors=True)  # (it follows no link)


def unsettled(target: Path) -> bool:
    """Tell whether a run died while it wrote this folder."""
    return any(files.is_folder(_beside(target, end)) for end in (_STAGED, _OLD))


def settle_all(folder: Path) -> None:
    """Settle every version's folder of a registry."""
    for end in (_STAGED, _OLD):
        for path in folder.glob(f"*/*/.*{end}"):
            settle(path.with_name(path.name[1:].removesuffix(end)))


def exists(target: Path) -> McpInstallError:
    """Return the refusal of a version that is there."""
    return McpInstallError(
        ErrorCode.SERVER_EXISTS,
        f"there is `{target}` already",
        hint="a published version keeps its content; `mcpi manifest lock` makes a newer one",
    )


def _beside(target: Path, end: str) -> Path:
    return target.with_name(f".{target.name}{end}")


def _new_folders(folder: Path) -> list[Path]:
    """Return which of a folder and its parents are not there yet, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]
