"""Versions of packages that are on this machine already: in caches, and as installed tools.

Only names of folders and small files are read; nothing is run, and no index is asked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.model.names import normalized_package
from mcpinstall.system import limits
from mcpinstall.system.files import read_optional
from mcpinstall.system.machine import Machine

_MOST = 10_000  # entries of one folder that are looked at
_NPM_NAME = re.compile(r"(?:@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*", re.IGNORECASE)
_PYTHON_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WHEEL = re.compile(r"([^-]+)-[^-]+-[^-]+-.+?(?:\.http)?")
_NO_WHEEL = (".msgpack", ".lock")


class FoundVersions:
    """What is on one machine; each package is looked for once."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def __call__(self, kind: str, name: str) -> Sequence[str]:
        """Return the versions of a package, sorted; nothing of what could not be read."""
        key = (kind, name)
        if key not in self._known:
            found = self._found(kind, name)
            self._known[key] = tuple(sorted(set(found)))
        return self._known[key]

    def _found(self, kind: str, name: str) -> Iterator[str]:
        if kind == "npm" and _NPM_NAME.fullmatch(name):
            yield from self._of_npm(name)
        elif kind == "pypi" and _PYTHON_NAME.fullmatch(name):
            yield from self._of_python(normalized_package(name))
        elif kind == "image":
            yield from self._of_podman(name)

    def _of_npm(self, name: str) -> Iterator[str]:
        for folder in _entries(self._npm_cache() / "_npx"):
            data = _json(folder / "node_modules" / name / "package.json")
            version = data.get("version") if isinstance(data, dict) else None
            if isinstance(version, str):
                yield version

    def _npm_cache(self) -> Path:
        named = self._folder("npm_config_cache") or self._folder("NPM_CONFIG_CACHE")
        if named is None and self._machine.platform == "win32":
            local = self._folder("LOCALAPPDATA") or self._machine.home / "AppData/Local"
            return local / "npm-cache"
        return named or self._machine.home / ".npm"

    def _of_python(self, name: str) -> Iterator[str]:
        tools = self._folder("UV_TOOL_DIR") or self._data() / "uv" / "tools"
        for folder in (tools / name, self._data() / "pipx" / "venvs" / name):
            yield from _installed(folder, name)
        cache = self._folder("UV_CACHE_DIR") or self._cache() / "uv"
        for bucket in _entries(cache):
            if bucket.name.startswith("wheels-v"):
                for index in (bucket / "pypi", *_entries(bucket / "index")):
                    yield from _wheels(index / name)

    def _of_podman(self, name: str) -> Iterator[str]:
        """Yield the digests of an image without a tag, or with `latest`, in podman's store."""
        store = self._data() / "containers/storage/overlay-images/images.json"
        data = _json(store)
        for image in data if isinstance(data, list) else ():
            names = image.get("names") if isinstance(image, dict) else None
            digest = image.get("digest") if isinstance(image, dict) else None
            known = isinstance(names, list) and any(_is_named(one, name) for one in names)
            if known and isinstance(digest, str):
                yield digest

    def _data(self) -> Path:
        if self._machine.platform == "win32":
            return self._folder("APPDATA") or self._machine.home / "AppData/Roaming"
        return self._folder("XDG_DATA_HOME") or self._machine.home / ".local/share"

    def _cache(self) -> Path:
        if self._machine.platform == "win32":
            return self._folder("LOCALAPPDATA") or self._machine.home / "AppData/Local"
        return self._folder("XDG_CACHE_HOME") or self._machine.home / ".cache"

    def _folder(self, variable: str) -> Path | None:
        found = Path(self._machine.environ.get(variable, ""))
        return found if found.is_absolute() else None


def _installed(folder: Path, name: str) -> Iterator[str]:
    """Yield the version of a package in a virtual environment."""
    library = folder / "lib"
    places = [one / "site-packages" for one in _entries(library)] + [folder / "Lib/site-packages"]
    for place in places:
        for entry in _entries(place):
            found, dash, version = entry.name.removesuffix(".dist-info").partition("-")
            if dash and entry.name.endswith(".dist-info") and normalized_package(found) == name:
                yield version


def _wheels(folder: Path) -> Iterator[str]:
    """Yield the versions of wheels that were fetched; of others uv only keeps descriptions."""
    for entry in _entries(folder):
        found = _WHEEL.fullmatch(entry.name)
        if found and not entry.name.endswith(_NO_WHEEL):
            yield found[1]


def _is_named(full: object, name: str) -> bool:
    if not isinstance(full, str) or not name:
        return False
    wanted = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return full == wanted or full.removeprefix("docker.io/").removeprefix("library/") == wanted


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return sorted(Path(one.path) for one, _ in zip(found, range(_MOST), strict=False))
    except OSError:
        return []


def _json(path: Path) -> object:
    try:
        data = read_optional(path, limits.STATE_BYTES)
        return json.loads(data) if data else None
    except (McpInstallError, ValueError, RecursionError):
        return None
