"""MV111 to MV114: the folder holds exactly the files that the manifest pins."""

from __future__ import annotations

from collections.abc import Iterator

from mcpinstall.model.finding import Finding, Location, Severity
from mcpinstall.model.manifest_text import FILES
from mcpinstall.rules.manifests.facts import MANIFEST, RegistryFacts, Version, rule

DIGEST_DIFFERS = rule(111, "digest-differs", Severity.CRITICAL, "A file is not the pinned one")
FILE_MISSING = rule(112, "file-missing", Severity.HIGH, "A pinned file is missing")
FILE_UNKNOWN = rule(113, "file-unknown", Severity.MEDIUM, "A file belongs to nothing")
FOLDER_DIFFERS = rule(
    114, "folder-differs", Severity.HIGH, "The folder has another name than its server"
)


def digests(version: Version) -> Iterator[Finding]:
    """Yield files that are missing, or have other bytes than the manifest pins."""
    if version.manifest is None:
        if MANIFEST not in version.documents:
            why = "the folder has no `manifest.toml`"
            if MANIFEST in version.unread:
                why = f"`{MANIFEST}` could not be read"
            yield version.finding(FILE_MISSING, MANIFEST, why)
        return
    for name, sha256 in version.manifest.files:
        if name not in version.documents:
            what = "could not be read" if name in version.unread else "not there"
            yield version.finding(
                FILE_MISSING, MANIFEST, f"`{name}` is pinned, and {what}", at=f"files.{name}"
            )
        elif version.file(name).sha256 != sha256:
            yield version.finding(
                DIGEST_DIFFERS,
                MANIFEST,
                f"`{name}` is not the file that was reviewed",
                at=f"files.{name}",
                evidence=f"pinned {sha256}\nis     {version.file(name).sha256}",
                fix="review the change, then pin the file again",
            )


def strangers(version: Version) -> Iterator[Finding]:
    """Yield what lies in the folder and is pinned by nothing, so that nobody reviewed it."""
    for path in version.strangers:
        yield Finding(
            rule=FILE_UNKNOWN,
            location=Location(file=path),
            message=f"`{path.rpartition('/')[2]}` is no file of a manifest",
            subject=version.where,
            fix="take it out",
        )
    if version.manifest is None:
        return
    pinned = {name for name, _ in version.manifest.files}
    for name in sorted(version.documents.keys() & set(FILES) - pinned):
        yield version.finding(
            FILE_UNKNOWN, name, f"`{name}` is not pinned by the manifest", fix="take it out"
        )


def beside(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield what lies beside the versions: no index has it, and who looks at a folder sees it."""
    for path in registry.strangers:
        yield Finding(
            rule=FILE_UNKNOWN,
            location=Location(file=path),
            message=f"`{path.rpartition('/')[2]}` belongs to no version",
            subject=path.removeprefix(f"{registry.path}/"),
            fix="take it out",
        )


def folder(version: Version) -> Iterator[Finding]:
    """Yield a manifest that says another name or version than the folders that it lies in."""
    if version.manifest is None:
        return
    name, _, number = version.where.rpartition("/")
    if version.manifest.name != name:
        yield version.finding(
            FOLDER_DIFFERS, MANIFEST, f"the folder is `{name}`", at="name",
            fix="put it into the folder of its name",
        )  # fmt: skip
    elif version.manifest.version != number:
        yield version.finding(
            FOLDER_DIFFERS, MANIFEST, f"the folder is `{number}`", at="version",
            fix="put it into the folder of its version",
        )  # fmt: skip
