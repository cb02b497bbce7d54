"""The files that unpacking adds to a wheel's own: known by name, checked, deleted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mcpinstall.environments.layout import LOCK_NAME, Layout
from mcpinstall.model.artifact import Scheme, VerifiedArtifact, WheelFile

_LARGEST = 64 * 1024  # bytes of a file that uv generates; they have about 200

Known = Callable[[bytes], bool]
"""Tells whether a file holds what the closed list says."""


def clear(root: Path, verified: Sequence[VerifiedArtifact], plan: Layout) -> None:
    """Delete what is on the closed list below `root`, and make each RECORD the wheel's own.

    A file that is not on the list, or that holds something else, is left for the comparison
    to find.  Wheels' scripts and data, which the manifest accepted, are not needed and go too.
    """
    own = {
        f"{plan.site}/{file.path}"
        for one in verified
        for file in one.inspection.files
        if file.scheme is Scheme.SITE
    }
    for one in verified:
        for path, known in _added(one, plan):
            place = root / path
            if path not in own and _is_regular(place) and known(place.read_bytes()):
                place.unlink()
        record = root / plan.site / one.inspection.dist_info / "RECORD"
        if _is_regular(record):
            record.unlink()
            record.write_bytes(one.inspection.record)
    lock = root / LOCK_NAME
    if _is_regular(lock) and lock.stat().st_size == 0:
        lock.unlink()
    _drop_empty_folders(root)


def _added(one: VerifiedArtifact, plan: Layout) -> Iterator[tuple[str, Known]]:
    """Yield everything that installing this wheel adds besides its site files."""
    information = f"{plan.site}/{one.inspection.dist_info}"
    yield f"{information}/INSTALLER", b"uv".__eq__
    yield f"{information}/REQUESTED", b"".__eq__
    yield f"{information}/uv_cache.json", _is_json_object
    yield f"{information}/direct_url.json", _is_json_object
    for script in (*(script.name for script in one.inspection.scripts), *_of_pip(one, plan)):
        for ending in ("", ".exe"):
            yield f"{plan.scripts}/{script}{ending}", _is_anything
    for file in one.inspection.files:
        yield from _other_scheme(file, one, plan)


def _of_pip(one: VerifiedArtifact, plan: Layout) -> tuple[str, ...]:
    """Return the scripts that installers give `pip` alone, named after the Python in use."""
    if one.artifact.package != "pip":
        return ()
    version = plan.headers.rpartition("python")[2]
    return (f"pip{version.partition('.')[0]}", f"pip{version}")


def _other_scheme(
    file: WheelFile, one: VerifiedArtifact, plan: Layout
) -> Iterator[tuple[str, Known]]:
    def holds_the_same(data: bytes) -> bool:
        return hashlib.sha256(data).hexdigest() == file.sha256

    if file.scheme is Scheme.SCRIPTS:
        yield f"{plan.scripts}/{file.path}", _is_anything  # the first line is rewritten
    elif file.scheme is Scheme.COMPILED:
        yield f"{plan.site}/{file.path}", holds_the_same
    elif file.scheme is Scheme.DATA:
        yield file.path, holds_the_same
    elif file.scheme is Scheme.HEADERS:
        yield f"{plan.headers}/{one.artifact.package}/{file.path}", holds_the_same


def _is_anything(data: bytes) -> bool:
    del data  # never started: it is deleted in this step
    return True


def _is_json_object(data: bytes) -> bool:
    with contextlib.suppress(ValueError, RecursionError):
        return len(data) <= _LARGEST and isinstance(json.loads(data), dict)
    return False


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _drop_empty_folders(root: Path) -> None:
    for folder, _, _ in os.walk(root, topdown=False):
        if Path(folder) != root and not os.listdir(folder):  # noqa: PTH208 (text is quicker)
            Path(folder).rmdir()
