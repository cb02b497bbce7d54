"""A registry's folder while it is changed: by one process at a time, and readable at any point.

`index.toml` is written before `registry.toml`, which pins it: between the two a reader finds a
digest that does not fit, and refuses.  `mcpi manifest index` writes both again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from mcpinstall.model import registry_text
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.operations import authoring
from mcpinstall.operations.context import Context
from mcpinstall.system import files, limits

VALID = timedelta(days=180)
"""How long a registry's state is fresh after its last change (design §5)."""


@contextlib.contextmanager
def alone(folder: Path, context: Context) -> Iterator[None]:
    """Let nobody else change a registry's folder meanwhile: no other `mcpi` of this user.

    The lock lies in the user's own state: what is in the folder is copied to where it is served.

    Raises:
        McpInstallError: `state-busy`.
    """
    digest = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()
    place = files.private_folder(context.paths.registries)
    with files.locked(place / f"{digest}.lock"):
        yield


def present(folder: Path) -> RegistryFile | None:
    """Return the registry in a folder, whose manifests can all be read; None for no registry.

    Raises:
        McpInstallError: `registry-invalid`, or `manifest-invalid` naming the file.
    """
    path = folder / "registry.toml"
    data = files.read_optional(path, limits.REGISTRY_BYTES)
    if data is None:
        return None
    authoring.index_rows(folder)
    return registry_text.parse(data, str(path))


def renewed(before: RegistryFile, now: datetime) -> RegistryFile:
    """Return the next state of a registry: a higher serial, and its dates."""
    issued = now.replace(microsecond=0)
    return replace(before, serial=before.serial + 1, issued=issued, expires=issued + VALID)


def renew(folder: Path, now: datetime) -> tuple[Path, ...]:
    """Write the next state of a registry, as it is now; return what was written.

    Nothing where the folder is no registry.

    Raises:
        McpInstallError: `registry-invalid`, `manifest-invalid`, `disk-failed`.
    """
    before = present(folder)
    if before is None:
        return ()
    authoring.write_registry(folder, renewed(before, now))
    return (folder / "index.toml", folder / "registry.toml")
