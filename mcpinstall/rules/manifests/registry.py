"""MV302 to MV308: index, aliases, revocations and dates of the registry itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from mcpinstall.errors import McpInstallError
from mcpinstall.model import advisory_text, registry_text, revocation
from mcpinstall.model.finding import Finding, Severity
from mcpinstall.model.registry import IndexRow
from mcpinstall.rules.manifests.facts import MANIFEST, RegistryFacts, rule
from mcpinstall.rules.manifests.reading import INDEX, REGISTRY, TRUST_ROOT

INDEX_STALE = rule(302, "index-stale", Severity.HIGH, "`index.toml` is not what the manifests make")
INDEX_UNPINNED = rule(303, "index-unpinned", Severity.HIGH, "`registry.toml` pins another index")
ALIAS_OF_NOTHING = rule(304, "alias-of-nothing", Severity.HIGH, "An alias stands for no server")
ALIAS_CLASHES = rule(305, "alias-clashes", Severity.HIGH, "An alias is the name of another server")
REVOCATION_OF_NOTHING = rule(
    306, "revocation-of-nothing", Severity.MEDIUM, "What is revoked isn't there"
)
ALL_REVOKED = rule(
    307, "all-revoked", Severity.HIGH, "Every version of an alias's server is revoked"
)
REGISTRY_DATES = rule(
    308, "registry-dates", Severity.MEDIUM, "The registry is expired, or from the future"
)

ADVISORIES_INVALID = rule(
    310, "advisories-invalid", Severity.HIGH, "The file of advisories is damaged, or not pinned"
)

TRUST_ROOT_UNPINNED = rule(
    311, "trust-root-unpinned", Severity.HIGH, "The Sigstore trust root is not the pinned one"
)

_AHEAD = timedelta(hours=26)  # a date somewhere on earth is that far ahead of UTC


def index(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield the rows that are not what the manifests in the folder make."""
    if registry.rows is None:
        return
    made = {(row.name, row.version): row for row in _rows(registry)}
    unparsed = {v.where for v in registry.versions if v.manifest is None}
    found = {(row.name, row.version): row for row in registry.rows}
    for number, row in enumerate(registry.rows):
        where = f"{row.name}/{row.version}"
        key = _difference(row, made.get((row.name, row.version)))
        if key and where not in unparsed:
            what = "has no manifest" if key == "name" else f"has another `{key}` in its manifest"
            yield registry.finding(
                INDEX_STALE, INDEX, f"`{where}` {what}", at=f"servers[{number}].{key}",
                subject=where, fix=_again(registry),
            )  # fmt: skip
    for row in made.values():
        if (row.name, row.version) not in found:
            where = f"{row.name}/{row.version}"
            yield registry.finding(
                INDEX_STALE, INDEX, f"`{where}` is not in the index", subject=where,
                fix=_again(registry),
            )  # fmt: skip
    document = registry.documents[INDEX]
    printed = registry_text.dump_index(registry.rows)
    if printed != document.data:
        yield registry.finding(
            INDEX_STALE, INDEX, "the index is not written as it is generated",
            location=document.difference(printed), fix=_again(registry),
        )  # fmt: skip


def _again(registry: RegistryFacts) -> str:
    return f"write it again: `mcpi manifest index {registry.path}`"


def pinned(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield a `registry.toml` that pins another index than the one beside it."""
    document = registry.documents.get(INDEX)
    if registry.file is None or document is None or registry.file.index == document.sha256:
        return
    yield registry.finding(
        INDEX_UNPINNED, REGISTRY, "`index.toml` is not the file that is pinned", at="index",
        fix=f"review the index, then `mcpi manifest index {registry.path}`",
    )  # fmt: skip


def advisories(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield a file of advisories that is missing, pinned by nothing, or another one."""
    if registry.file is None:
        return
    document, wanted = registry.documents.get(advisory_text.NAME), registry.file.advisories
    if document is None and wanted:
        why = f"`{advisory_text.NAME}` is pinned, and not there"
    elif document is not None and document.sha256 != wanted:
        why = f"`{advisory_text.NAME}` is not the file that is pinned"
    else:
        return
    yield registry.finding(ADVISORIES_INVALID, REGISTRY, why, at="advisories")


def trust_root(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield a Sigstore trust root that is missing, pinned by nothing, or another one."""
    if registry.file is None:
        return
    document, wanted = registry.documents.get(TRUST_ROOT), registry.file.trusted_root
    if document is None and wanted:
        why = f"`{TRUST_ROOT}` is pinned, and not there"
    elif document is not None and document.sha256 != wanted:
        why = f"`{TRUST_ROOT}` is not the file that is pinned"
    else:
        return
    yield registry.finding(
        TRUST_ROOT_UNPINNED, REGISTRY, why, at="trusted-root",
        fix="find out who changed it: it decides whose attestations are believed",
    )  # fmt: skip


def damaged_advisories(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield a file of advisories of which some record can't be read; all of them are."""
    document = registry.documents.get(advisory_text.NAME)
    if document is None:
        return
    try:
        for _ in advisory_text.read(document.data, document.name).every():
            pass
    except McpInstallError as error:
        yield registry.finding(ADVISORIES_INVALID, REGISTRY, error.message, at="advisories")


def aliases(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield aliases of nothing, and aliases that are the last part of another server's name."""
    if registry.file is None or registry.rows is None:
        return
    known = {row.name for row in registry.rows}
    for alias, full in registry.file.aliases:
        if full not in known:
            yield registry.finding(
                ALIAS_OF_NOTHING, REGISTRY, f"`{full}` is not in the index", at=f"aliases.{alias}"
            )
            continue
        meant = sorted(name for name in known - {full} if name.rpartition("/")[2].lower() == alias)
        if meant:
            yield registry.finding(
                ALIAS_CLASHES, REGISTRY,
                f"`{alias}` stands for `{full}`, and `{meant[0]}` is named so",
                at=f"aliases.{alias}", fix="choose another alias",
            )  # fmt: skip


def revocations(registry: RegistryFacts) -> Iterator[Finding]:
    """Yield revocations of nothing, and aliases that lead to revoked versions only."""
    if registry.file is None or registry.rows is None:
        return
    known = {(row.name, row.version) for row in registry.rows}
    names = {name for name, _ in known}
    revoked = registry.file.revocations
    for number, item in enumerate(revoked):
        if not isinstance(item, revocation.Revocation):
            continue
        if item.version and item.name in names and (item.name, item.version) not in known:
            yield registry.finding(
                REVOCATION_OF_NOTHING, REGISTRY,
                f"`{item.name}` {item.version} is not in the index",
                at=f"revocations[{number}].version",
            )  # fmt: skip
    for alias, full in registry.file.aliases:
        versions = [pair for pair in known if pair[0] == full]
        if versions and all(revocation.is_withdrawn(*pair, revoked) for pair in versions):
            yield registry.finding(
                ALL_REVOKED, REGISTRY, f"`{alias}` leads to revoked versions only",
                at=f"aliases.{alias}", fix="add a version that is not, or take the alias out",
            )  # fmt: skip


def dates(registry: RegistryFacts, now: datetime) -> Iterator[Finding]:
    """Yield a registry that has expired, ends before it begins, or begins tomorrow."""
    found = registry.file
    if found is None:
        return
    if found.expires <= now or found.expires <= found.issued:
        yield registry.finding(
            REGISTRY_DATES, REGISTRY, f"it expired {found.expires:%Y-%m-%d}", at="expires",
            fix="issue it again",
        )  # fmt: skip
    elif found.issued > now + _AHEAD:
        yield registry.finding(
            REGISTRY_DATES, REGISTRY, f"it is issued in the future, {found.issued:%Y-%m-%d}",
            at="issued",
        )  # fmt: skip


def _rows(registry: RegistryFacts) -> Iterator[IndexRow]:
    for version in registry.versions:
        manifest = version.manifest
        if manifest is not None:
            yield IndexRow(
                name=manifest.name,
                version=manifest.version,
                title=manifest.title,
                summary=manifest.summary,
                sha256=version.file(MANIFEST).sha256,
            )


def _difference(row: IndexRow, made: IndexRow | None) -> str:
    """Return the first key in which a row is not the one that its manifest makes, or nothing."""
    if made is None:
        return "name"
    pairs: Mapping[str, tuple[str, str]] = {
        "title": (row.title, made.title),
        "summary": (row.summary, made.summary),
        "sha256": (row.sha256, made.sha256),
    }
    return next((key for key, (ours, theirs) in pairs.items() if ours != theirs), "")
