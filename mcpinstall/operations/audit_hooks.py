"""Start-up hooks of a virtual environment that others made: told from its files, read only.

Looked at is the first level of its `site-packages`, a bounded number of names.  What a package
brought says its RECORD, with a digest; what is in none is a finding.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.model import start_up
from mcpinstall.system import limits
from mcpinstall.system.files import read_optional

_LINKS = 8  # links from a program's name to its place
_NAMES = 20_000  # of one folder; 400 packages have 1,000
_HOOKS = 20  # that are read
_SHOWN = 3  # in one message
_CONFIGURATION = "pyvenv.cfg"


def environment_of(program: Path) -> Path | None:
    """Return the virtual environment in which a program lies, or that a link to it leads into."""
    for _ in range(_LINKS):
        folder = program.parent.parent
        try:
            if program.parent.name in {"bin", "Scripts"} and (folder / _CONFIGURATION).is_file():
                return folder
            program = program.parent / program.readlink()
        except (OSError, ValueError):
            return None
    return None


def hooks(environment: Path) -> Iterator[str]:
    """Yield what runs code at each start of its Python, and that no package of it brought."""
    found = [
        path.name
        for site in _sites(environment)
        for path in islice(_candidates(site), _HOOKS)
        if _is_foreign(path, site)
    ]
    yield from (f"`{name}` runs code, and no package brought it" for name in found[:_SHOWN])
    if len(found) > _SHOWN:
        yield f"and {len(found) - _SHOWN} more"


def _sites(environment: Path) -> Iterator[Path]:
    for folder in ("lib", "Lib"):
        try:
            with os.scandir(environment / folder) as entries:
                found = [entry.name for entry in islice(entries, _NAMES)]
        except OSError:
            continue
        for name in sorted(found):
            if name.startswith("python"):
                yield environment / folder / name / "site-packages"
            elif name == "site-packages":
                yield environment / folder / name


def _candidates(site: Path) -> Iterator[Path]:
    try:
        with os.scandir(site) as entries:
            names = [entry.name for entry in islice(entries, _NAMES)]
    except OSError:
        return
    yield from (site / name for name in sorted(names) if start_up.is_candidate(name))


def _is_foreign(path: Path, site: Path) -> bool:
    """Tell whether a candidate runs code and stands, as it is, in no RECORD."""
    try:
        if path.is_dir():
            inner = path / "__init__.py"
            return inner.is_file() and not _is_recorded(inner, site)
        if not path.is_file():
            return False
        with path.open("rb") as file:
            data = file.read(start_up.READ)
    except OSError:
        return False
    if not start_up.runs(path.name, data) or start_up.is_usual(path.name, data):
        return False
    return not _is_recorded(path, site)


def _is_recorded(path: Path, site: Path) -> bool:
    try:
        data = read_optional(path, limits.ARCHIVE_TEXT) or b""
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
        name = path.relative_to(site).as_posix().encode()
        line = b"\n" + name + b",sha256=" + digest
        with os.scandir(site) as entries:
            folders = [e.path for e in islice(entries, _NAMES) if e.name.endswith(".dist-info")]
        records = (read_optional(Path(one) / "RECORD", limits.ARCHIVE_TEXT) for one in folders)
        return any(line in b"\n" + record for record in records if record)
    except (McpInstallError, OSError):
        return False
