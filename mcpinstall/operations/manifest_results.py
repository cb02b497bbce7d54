"""What rules found, kept by the digest of everything that it depends on.

Kept are only facts that bytes alone decide.  An entry that can't be read is as good as none.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import mcpinstall
from mcpinstall.errors import McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.document import Document
from mcpinstall.model.finding import Finding, Location
from mcpinstall.model.manifest import HookKind
from mcpinstall.operations.manifest_folders import FolderFiles
from mcpinstall.rules import manifests
from mcpinstall.rules.manifests.facts import NeededHook, Version, WheelFacts
from mcpinstall.system import files, limits

_RULES = {rule.id: rule for rule in manifests.RULES}
_DECIDING = ("model", "registries", "rules", "verification")
"""Packages of ours whose code decides what is found: with other code, nothing is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the bytes of one version alone decide."""

    findings: tuple[Finding, ...]
    packages: tuple[tuple[str, str], ...]
    """Name and version of what its lock holds, to compare with the advisories of today."""
    published: bool
    """Whether the manifest names a publisher, whose attestations are verified each time."""


class Results:
    """A folder of the user's cache with results in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remembered(self, key: str) -> Remembered | None:
        """Return what is remembered under a key, or None."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            document = self._read(key)
            return Remembered(
                findings=tuple(
                    Finding(
                        rule=_RULES[item.pop("rule")],
                        location=Location(**item.pop("location")),
                        **item,
                    )
                    for item in document["findings"]
                ),
                packages=tuple((str(name), str(number)) for name, number in document["packages"]),
                published=bool(document["published"]),
            )
        return None

    def keep(self, key: str, found: Iterable[Finding], version: Version | None = None) -> None:
        """Keep what was found, and what to ask again about a version."""
        locked = version.lock.packages if version and version.lock else ()
        document = {
            "findings": [{**asdict(one), "rule": one.rule.id} for one in found],
            "packages": [[one.name, one.version] for one in locked],
            "published": bool(version and version.manifest and version.manifest.publisher),
        }
        self._write(key, document)

    def wheel(self, artifact: Artifact) -> WheelFacts | None:
        """Return what is known of a wheel, or None."""
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            item = self._read(_wheel_key(artifact))["wheel"]
            hooks = tuple(
                NeededHook(member=one["member"], sha256=one["sha256"], kind=HookKind(one["kind"]))
                for one in item.pop("hooks")
            )
            return replace(
                WheelFacts(**item),
                hooks=hooks,
                scripts=tuple(str(name) for name in item["scripts"]),
            )
        return None

    def keep_wheel(self, artifact: Artifact, facts: WheelFacts) -> None:
        """Keep what inspection found in a wheel."""
        self._write(_wheel_key(artifact), {"wheel": asdict(facts)})

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def _read(self, key: str) -> dict[str, Any]:
        try:
            data = files.read_optional(self._path(key), limits.STATE_BYTES)
        except McpInstallError:
            return {}
        return dict(json.loads(data or b"{}"))

    def _write(self, key: str, document: object) -> None:
        """Write without waiting for the disk: what a crash leaves unreadable is found again."""
        path = self._path(key)
        files.private_folder(self._folder)
        files.private_folder(path.parent)
        temporary = path.with_name(f".{secrets.token_hex(8)}.mcpi")
        with files.disk_errors(f"write `{path}`"):
            temporary.write_bytes(json.dumps(document).encode())
            temporary.replace(path)


def version_key(folder: FolderFiles, depth: str) -> str:
    """Return the key of one version's results; `depth` says how deep was looked."""
    parts = [rules_digest(), depth, folder.path, *folder.strangers]
    parts += [f"{name}:{one.sha256}" for name, one in sorted(folder.documents.items())]
    return _digest(parts)


def document_key(document: Document) -> str:
    """Return the key of what is wrong with one file by itself."""
    return _digest([rules_digest(), "file", document.path, document.sha256])


@functools.cache
def rules_digest() -> str:
    """Return a digest of the code that decides what is found."""
    found = hashlib.sha256(mcpinstall.__version__.encode())
    package = Path(mcpinstall.__file__).parent
    for name in _DECIDING:
        for path in sorted((package / name).rglob("*.py")):
            found.update(path.relative_to(package).as_posix().encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _wheel_key(artifact: Artifact) -> str:
    words = (artifact.filename, artifact.package, artifact.version, str(artifact.size))
    return _digest([rules_digest(), "wheel", *words, artifact.sha256])


def _digest(parts: Iterable[str]) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
