"""What rules found, kept by the digest of everything that it depends on.

Kept are only facts that bytes alone decide.  An entry that can't be read is as good as none.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import operator
import secrets
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
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
_OTHER_WORK = ("cli", "hosts", "keyrings", "receipts")
"""Packages of ours that decide nothing of what is found; with other code of the rest, or another
Python, nothing is remembered."""
_SPOILED = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the bytes of one version alone decide."""

    findings: tuple[Finding, ...]
    packages: tuple[tuple[str, str], ...]
    """Name and version of what its lock holds, to compare with the advisories of today."""
    published: bool
    """Whether the manifest names a publisher, whose attestations are verified each time."""


class Results:
    """A folder of the user's cache with results in it; none where others can write to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ours = False
        with contextlib.suppress(McpInstallError):
            files.private_folder(folder)
            self._ours = True

    def remembered(self, key: str) -> Remembered | None:
        """Return what is remembered under a key, or None."""
        with contextlib.suppress(*_SPOILED):
            document = self._read(key)
            return Remembered(
                findings=tuple(_finding(item) for item in document["findings"]),
                packages=tuple((_text(name), _text(one)) for name, one in document["packages"]),
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
        with contextlib.suppress(*_SPOILED):
            item = self._read(_wheel_key(artifact))["wheel"]
            return WheelFacts(
                filename=artifact.filename,
                refusal=_text(item["refusal"]),
                hooks=tuple(_hook(one) for one in item["hooks"]),
                scripts=tuple(_text(name) for name in _list(item["scripts"])),
                licensed=item["licensed"] is True,
            )
        return None

    def keep_wheel(self, artifact: Artifact, facts: WheelFacts) -> None:
        """Keep what inspection found in a wheel."""
        self._write(_wheel_key(artifact), {"wheel": asdict(facts)})

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def _read(self, key: str) -> dict[str, Any]:
        if not self._ours:
            return {}
        try:
            data = files.read_optional(self._path(key), limits.STATE_BYTES)
        except McpInstallError:
            return {}
        return dict(json.loads(data or b"{}"))

    def _write(self, key: str, document: object) -> None:
        """Write without waiting for the disk: what isn't kept, or is unreadable, is found again."""
        if not self._ours:
            return
        path = self._path(key)
        temporary = path.with_name(f".{secrets.token_hex(8)}.mcpi")
        with contextlib.suppress(McpInstallError), files.disk_errors(f"write `{path}`"):
            files.private_folder(path.parent)
            temporary.write_bytes(json.dumps(document).encode())
            temporary.replace(path)


def _finding(item: dict[str, Any]) -> Finding:
    """Return a finding as it was kept, with every value of the kind that it was."""
    words = ("message", "subject", "fix", "evidence", "excerpt", "why")
    place = item["location"]
    numbers = ("line", "column", "end_line", "end_column")
    return Finding(
        rule=_RULES[_text(item["rule"])],
        location=Location(
            file=_text(place["file"]), **{name: operator.index(place[name]) for name in numbers}
        ),
        **{name: _text(item[name]) for name in words},
    )


def _hook(item: dict[str, Any]) -> NeededHook:
    return NeededHook(
        member=_text(item["member"]), sha256=_text(item["sha256"]), kind=HookKind(item["kind"])
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def version_key(folder: FolderFiles, depth: str) -> str:
    """Return the key of one version's results; `depth` says how deep was looked."""
    parts = [rules_digest(), depth, folder.path, *folder.strangers, "unread", *folder.unread]
    parts += [f"{name}:{one.sha256}" for name, one in sorted(folder.documents.items())]
    return _digest(parts)


def document_key(document: Document) -> str:
    """Return the key of what is wrong with one file by itself."""
    return _digest([rules_digest(), "file", document.path, document.sha256])


@functools.cache
def rules_digest() -> str:
    """Return a digest of the code that decides what is found."""
    import packaging

    words = (mcpinstall.__version__, sys.version, packaging.__version__)
    found = hashlib.sha256("\0".join(words).encode())
    package = Path(mcpinstall.__file__).parent
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if place.parts[0] not in _OTHER_WORK:
            found.update(place.as_posix().encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _wheel_key(artifact: Artifact) -> str:
    words = (artifact.filename, artifact.package, artifact.version, str(artifact.size))
    return _digest([rules_digest(), "wheel", *words, artifact.sha256])


def _digest(parts: Iterable[str]) -> str:
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
