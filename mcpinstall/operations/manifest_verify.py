"""`mcpi manifest verify`: what CI runs over a folder of manifests before people look at it.

Nothing of a package runs unless `probe` is asked for.  What a version's bytes alone decide is
remembered by their digest; dates, signatures and earlier states are looked at each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.errors import McpInstallError
from mcpinstall.model import advisory_text, manifest_text
from mcpinstall.model.finding import Finding, Report, Unchecked
from mcpinstall.operations import (
    manifest_base,
    manifest_folders,
    manifest_known,
    manifest_signatures,
    manifest_start,
    manifest_wheels,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_folders import FolderFiles, RegistryFiles, is_chosen
from mcpinstall.operations.manifest_results import Remembered, Results, document_key, version_key
from mcpinstall.rules import manifests
from mcpinstall.rules.manifests import history, reading
from mcpinstall.rules.manifests.facts import MANIFEST, RegistryFacts, Version, Wheels

TOOL = "mcpi manifest verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be verified, and how deep."""

    paths: tuple[Path, ...] = ()
    """Registries, or anything below one; the working folder's own when empty."""
    base: str = ""
    """Commit against which nothing published may have changed."""
    changed_since: str = ""
    """Commit since which a version must have changed to be looked at."""
    offline: bool = False
    files_only: bool = False
    """Wheels are left alone."""
    probe: bool = False
    """Start every server: this runs code of its packages."""


@dataclass(slots=True)
class _Run:
    """What one run gathers."""

    wanted: Wanted
    context: Context
    results: Results
    findings: list[Finding]
    unchecked: list[Unchecked]
    subjects: list[str]
    left_out: list[str]

    def failed(self, subject: str, error: McpInstallError) -> None:
        """Note that something could not be looked at."""
        self.unchecked.append(
            Unchecked(subject=subject, code=str(error.code), message=error.message, hint=error.hint)
        )


def verify(wanted: Wanted, context: Context) -> Report:
    """Verify folders of manifests.

    Raises:
        McpInstallError: `not-found` for a path in no registry or an unknown commit; `tool-failed`
            without git.
    """
    run = _Run(wanted, context, Results(context.paths.checked), [], [], [], [])
    cwd = context.machine.cwd
    for root, chosen in manifest_folders.roots(wanted.paths, cwd).items():
        files = manifest_folders.read(root, cwd)
        run.unchecked += files.unread
        _registry(run, files, chosen)
    return Report(
        tool=TOOL,
        rules=manifests.RULES,
        subjects=tuple(sorted(run.subjects)),
        findings=tuple(sorted(dict.fromkeys(run.findings), key=lambda one: one.order)),
        unchecked=tuple(run.unchecked),
        left_out=tuple(dict.fromkeys((*_left_out(wanted), *run.left_out))),
    )


def _left_out(wanted: Wanted) -> Iterator[str]:
    if wanted.files_only:
        yield "wheels were not looked at (`--files-only`)"
    elif wanted.offline:
        yield "the index was not asked: withdrawn releases are not known (`--offline`)"
    if not wanted.base:
        yield "nothing was compared with an earlier state (`--base`)"
    if not wanted.probe:
        yield "no server was started (`--probe`)"


def _registry(run: _Run, files: RegistryFiles, chosen: frozenset[str] | None) -> None:
    earlier, repository = None, None
    if run.wanted.base or run.wanted.changed_since:
        repository = manifest_base.Repository(files.root, run.context)
    if run.wanted.changed_since and repository:
        since = manifest_base.before(repository, run.wanted.changed_since)
        changed = manifest_base.changed(files.folders, since)
        chosen = frozenset(one for one in changed if is_chosen(one, chosen))
    if run.wanted.base and repository:
        earlier = manifest_base.before(repository, run.wanted.base)
        if not earlier.files and earlier.registry is None:
            run.left_out.append(f"`{files.path}` has no manifests at `{run.wanted.base}`")
    every = tuple(_known(folder) for folder in files.folders)
    facts = reading.registry(files.path, files.documents, every, files.strangers)
    run.findings += manifests.of_registry(facts, run.context.now)
    _advisory_file(run, facts)
    if earlier is not None:
        now = manifest_base.blobs(files.folders, earlier)
        promises = manifest_base.promises(files.folders)
        run.findings += history.versions(facts, earlier, now, promises)
        run.findings += history.aliases(facts, earlier)
    meant = [folder for folder in files.folders if is_chosen(folder.where, chosen)]
    known = [version for version in every if is_chosen(version.where, chosen)]
    for version in known:
        run.findings += manifests.of_today(version, facts.file, run.context.now)
        run.subjects.append(version.where)
    _signatures(run, facts, known, files.root)
    _versions(run, facts, meant)


def _advisory_file(run: _Run, facts: RegistryFacts) -> None:
    document = facts.documents.get(advisory_text.NAME)
    if document is None:
        return
    key = document_key(document)
    known = run.results.remembered(key)
    found = [*manifests.of_advisories(facts)] if known is None else known.findings
    run.findings += found
    if known is None:
        run.results.keep(key, found)


def _signatures(run: _Run, facts: RegistryFacts, versions: Sequence[Version], root: Path) -> None:
    try:
        signers = manifest_signatures.signing_of(root, run.context)
        if signers is None:
            run.left_out.append("signatures: your configuration names nobody who may sign it")
        else:
            run.findings += manifest_signatures.check(facts, versions, signers, run.context)
    except McpInstallError as error:
        run.failed("signatures", error)


def _known(folder: FolderFiles) -> Version:
    """Return a version with its manifest parsed, which is all that its registry is judged by."""
    manifest = None
    if MANIFEST in folder.documents:
        try:
            manifest = manifest_text.parse(folder.documents[MANIFEST].data, MANIFEST)
        except McpInstallError:
            manifest = None  # told when the version itself is judged
    return Version(
        where=folder.where, path=folder.path, documents=folder.documents, manifest=manifest
    )


def _versions(run: _Run, facts: RegistryFacts, folders: Sequence[FolderFiles]) -> None:
    """Judge versions by their files and wheels; what is known of the same bytes is not repeated."""
    depth = "files" if run.wanted.files_only else "wheels"
    fresh: list[tuple[str, Version]] = []
    known: list[tuple[FolderFiles, Remembered]] = []
    for folder in folders:
        key = version_key(folder, depth)
        remembered = run.results.remembered(key)
        if remembered is None:
            fresh.append((key, _parsed(folder)))
        else:
            run.findings += remembered.findings
            known.append((folder, remembered))
    _judge(run, fresh)
    _advisories(run, facts, known, [version for _, version in fresh])
    if run.wanted.files_only:
        return
    everything = [version for _, version in fresh]
    if run.wanted.probe or not run.wanted.offline:
        everything += [_parsed(folder) for folder, _ in known]
    else:
        everything += [_parsed(folder) for folder, one in known if one.published]
    _publishers(run, facts, everything)
    if not run.wanted.offline:
        _withdrawn(run, everything)
    if run.wanted.probe:
        _probe(run, everything)


def _advisories(
    run: _Run,
    facts: RegistryFacts,
    known: Sequence[tuple[FolderFiles, Remembered]],
    fresh: Sequence[Version],
) -> None:
    try:
        files = manifest_known.advisory_files(facts, run.context)
        again = [
            _parsed(folder)
            for folder, one in known
            if manifest_known.is_affected(one.packages, files)
        ]
        for version in (*fresh, *again):
            run.findings += manifest_known.affected(version, files)
    except McpInstallError as error:
        run.failed("advisories", error)


def _publishers(run: _Run, facts: RegistryFacts, versions: Iterable[Version]) -> None:
    for version in versions:
        try:
            run.findings += manifest_known.publisher(
                version, facts, run.context, offline=run.wanted.offline
            )
        except McpInstallError as error:
            run.failed(version.where, error)


def _parsed(folder: FolderFiles) -> Version:
    return reading.version(
        folder.where, folder.path, folder.documents, folder.strangers, folder.unread
    )


def _judge(run: _Run, fresh: Sequence[tuple[str, Version]]) -> None:
    examined = manifest_wheels.Examined()
    if not run.wanted.files_only:
        artifacts = manifest_wheels.artifacts_of(version.lock for _, version in fresh)
        examined = manifest_wheels.examine(
            artifacts, run.results, run.context, offline=run.wanted.offline
        )
    for key, version in fresh:
        run.context.progress.step(f"checking {version.where}")
        found = [*manifests.of_content(version)]
        unknown: tuple[Unchecked, ...] = ()
        if not run.wanted.files_only:
            found += manifests.of_wheels(version, examined.wheels(version.lock))
            unknown = examined.unchecked(version.lock, version.where)
        run.findings += found
        run.unchecked += unknown
        if not unknown:
            run.results.keep(key, found, version)


def _withdrawn(run: _Run, versions: Sequence[Version]) -> None:
    artifacts = manifest_wheels.artifacts_of(version.lock for version in versions)
    yanked, problem = manifest_wheels.withdrawn(artifacts, run.context)
    if problem is not None:
        run.failed("withdrawn releases", problem)
    for version in versions:
        names = [one.filename for one in manifest_wheels.artifacts_of([version.lock])]
        pairs = tuple((name, yanked[name]) for name in names if name in yanked)
        run.findings += manifests.of_wheels(version, Wheels(yanked=pairs))


def _probe(run: _Run, versions: Iterable[Version]) -> None:
    for version in versions:
        try:
            run.findings += manifest_start.start(version, run.context, offline=run.wanted.offline)
        except McpInstallError as error:
            run.failed(version.where, error)
