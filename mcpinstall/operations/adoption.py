"""`mcpi adopt`: what hosts start today, and which of it mcpinstall can take over.

Looking runs, resolves and writes nothing.  Each entry that is chosen is a `Request` of
`install`, with its own plan and its own question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from mcpinstall import hosts
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import names
from mcpinstall.model.adoption import NOTHING_KEPT, Adoption, KeptFields
from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.host import HostRow
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import (
    adoption_launch,
    audit,
    install,
    server_plans,
)
from mcpinstall.operations.adoption_launch import Launch
from mcpinstall.operations.adoption_packages import Found, ReviewedPackages
from mcpinstall.operations.audit_files import ReadFile
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import Prepared
from mcpinstall.planning import adopting
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.rules.audit.secrets import is_secret_itself, told_name

_MALICIOUS, _VULNERABLE = "MA105", "MA106"
_SCOPES = {
    FileScope.PROJECT: "it stands in a file of a project, which others share; `mcpi install` adds "
    "a server to your own host",
    FileScope.MANAGED: "an administrator set it",
    FileScope.PLUGIN: "a plugin brings it",
}


class Standing(StrEnum):
    """What can become of an entry."""

    OFFERED = "offered"
    MANAGED = "managed"
    """mcpinstall installed it."""
    LEFT = "left"
    """It can't be taken over; `why_not` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One host's file in which the entry stands."""

    row: HostRow | None
    """None where the host can't be told."""
    path: Path
    shown: str
    digest: str = ""
    """Of the entry, while it is offered; never written or shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Entries of one name that start the same, and what they can become."""

    name: str
    places: tuple[Place, ...]
    starts: str
    """In plain words."""
    standing: Standing
    finding: AuditFinding | None = None
    """The gravest thing that `mcpi audit` finds in it."""
    why_not: str = ""
    """End of a sentence."""
    spec: str = ""
    """What `mcpi install` takes for the server that takes its place."""
    version: str = ""
    """Of that server, where its registry is asked already."""
    is_certified: bool = False
    is_disabled: bool = False
    settings: tuple[tuple[str, str], ...] = ()
    extra_arguments: tuple[str, ...] = ()
    python: str | None = None
    launch: Launch | None = None
    keeps: KeptFields = NOTHING_KEPT
    stays: tuple[str, ...] = ()
    """Other fields that stay as they are, by name."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What hosts start today."""

    offers: tuple[Offer, ...]
    unread: tuple[Unchecked, ...]
    """Files that could not be read."""

    @property
    def offered(self) -> tuple[Offer, ...]:
        """Those that can be adopted."""
        return tuple(one for one in self.offers if one.standing is Standing.OFFERED)


def survey(products: Sequence[str], context: Context) -> Survey:
    """Return every server of the hosts' files here; with `products`, of these hosts only.

    Raises:
        McpInstallError: `host-unknown`; `config-invalid` as of `audit.audit`.
    """
    wanted = [audit.Wanted(host=one) for one in products] or [audit.Wanted()]
    looker = _Looker(context)
    for one in wanted:
        read = audit.looked_at(one, context.machine)
        looker.add(read, audit.audit(one, context, read).findings)
    return Survey(offers=looker.together(), unread=tuple(looker.unread))


def unpinned(wanted: audit.Wanted, context: Context) -> Survey:
    """Return the entries that `wanted` audits, and that fetch their server anew at each start.

    Raises:
        McpInstallError: as `survey`.
    """
    read = audit.looked_at(wanted, context.machine)
    paths = {one.place.path for one in read if isinstance(one, ReadFile)}
    found = survey((wanted.host,) if wanted.host else (), context)
    offers = tuple(
        one
        for one in found.offers
        if one.launch is not None
        and not one.launch.version
        and {place.path for place in one.places} <= paths
    )
    return Survey(offers=offers, unread=())


def request(offer: Offer, base: Request) -> Request:
    """Return the installation that takes the entries of an offer over."""
    launch = offer.launch
    return replace(
        base,
        names=(offer.spec,),
        hosts=tuple(f"{one.row.id}={one.path}" for one in offer.places if one.row is not None),
        settings=(*offer.settings, *base.settings),
        entry_name=offer.name,
        python=base.python or offer.python,
        extra_arguments=offer.extra_arguments,
        adopted=Adoption(
            keeps=offer.keeps,
            starts=launch.shown if launch else "",
            digests=tuple((one.row.id, one.digest) for one in offer.places if one.row is not None),
            script=launch.script if launch else "",
            stays=offer.stays,
            notes=offer.notes,
        ),
    )


def prepare(wanted: Request, context: Context, *, stage: bool = True) -> Prepared:
    """Decide and check as `install.prepare` does, for one request of `request`.

    Raises:
        McpInstallError: `not-adoptable`, `host-config-changed` where the entry is not what it was
            when it was listed, and what an installation refuses with.
    """
    try:
        return install.prepare(wanted, context, stage=stage, action="adopt")
    except McpInstallError as error:
        # An adopted entry keeps its name: no `--as`.
        if error.code is ErrorCode.SERVER_EXISTS and "--as" in error.hint:
            error.hint = (
                f"`mcpi why {wanted.entry_name}` says what is installed; give it the same inputs "
                "with `mcpi configure`, or rename the entry in the host's file, then adopt it"
            )
        raise


class _Looker:
    """Goes through files, server by server."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._packages = ReviewedPackages(context)
        self._found: list[Offer] = []
        self._seen: set[tuple[Path, str]] = set()
        self.unread: list[Unchecked] = []

    @cached_property
    def _receipts(self) -> Mapping[str, Receipt]:
        return {one.entry_name: one for one in ReceiptStore(self._context.paths).receipts()}

    def add(self, read: Sequence[ReadFile | Unchecked], findings: Sequence[object]) -> None:
        """Take the servers of files, with what was found in them."""
        worst = _worst(findings)
        for file in read:
            if isinstance(file, Unchecked):
                self.unread.append(file)
                continue
            for server in file.servers:
                if (file.place.path, server.pointer) not in self._seen:
                    self._seen.add((file.place.path, server.pointer))
                    finding = worst.get((file.shown, told_name(server.name.text)))
                    self._found.append(self._offer(server, file, finding))

    def together(self) -> tuple[Offer, ...]:
        """Return offers, those that are the same in several hosts as one."""
        grouped: dict[Offer, Offer] = {}
        for one in self._found:
            key = replace(one, places=(), finding=None, stays=())
            known = grouped.get(key)
            grouped[key] = one if known is None else _merged(known, one)
        return tuple(grouped.values())

    def _offer(self, server: AuditedServer, file: ReadFile, finding: AuditFinding | None) -> Offer:
        place = Place(row=file.place.row, path=file.place.path, shown=file.shown)
        bare = Offer(
            name=told_name(server.name.text),
            places=(place,),
            starts=adoption_launch.words(server),
            standing=Standing.LEFT,
            finding=finding,
            is_disabled=server.is_disabled,
        )
        receipt = self._receipts.get(server.name.text)
        if receipt is not None and server.host in receipt.hosts:
            return replace(
                bare, standing=Standing.MANAGED, starts=f"{receipt.name} {receipt.version}"
            )
        launch = adoption_launch.read(server, file.facts)
        if isinstance(launch, str):
            return replace(bare, why_not=launch)
        bare = replace(bare, launch=launch)
        if why := self._place_problem(server, place, finding):
            return replace(bare, why_not=why)
        return self._of_launch(bare, launch, server)

    def _place_problem(
        self, server: AuditedServer, place: Place, finding: AuditFinding | None
    ) -> str:
        """Return why nothing that stands there, or is named so, can be taken over."""
        if server.scope is not FileScope.USER:
            return _SCOPES[server.scope]
        if finding is not None and finding.rule.id == _MALICIOUS:
            return "its package is known to be malicious: take it out"
        if is_secret_itself(server.name.text):
            return "its name is a secret: give it another name, and revoke the secret"
        try:
            names.entry_name(server.name.text)
        except McpInstallError:
            return "mcpi can't have a server of that name: letters, digits, `-` and `_`, at most 64"
        if place.row is None:
            return "nobody can tell which host reads it"
        if why := hosts.why_not(place.row, self._context.machine):
            return f"mcpi does not write to {place.row.title}: {why}"
        if place.row.list_field:
            return f"{place.row.title} lists its servers, and mcpi can't change one in place there"
        return ""

    def _of_launch(self, bare: Offer, launch: Launch, server: AuditedServer) -> Offer:
        vulnerable = bare.finding is not None and bare.finding.rule.id == _VULNERABLE
        version = "" if vulnerable else launch.version
        found = self._packages.find(launch.package, version)
        offer = _reviewed(bare, launch, found) if found else _unreviewed(bare, launch, version)
        if isinstance(offer, str):
            return replace(bare, why_not=offer)
        other = self._receipts.get(bare.name)
        if other is not None and found is not None and other.name != found.server.manifest.name:
            return replace(bare, why_not=f"`{bare.name}` is the name of another installed server")
        return self._of_entry(offer, server)

    def _of_entry(self, offer: Offer, server: AuditedServer) -> Offer:
        """Return the offer with what stays of the entry, as the strict reader sees it."""
        (place,) = offer.places
        row, machine = place.row, self._context.machine
        if row is None:
            return offer
        try:
            file = hosts.read(row, machine, place.path)
            there = {one.name: one for one in hosts.entries(file)}.get(offer.name)
            content = file.content or b""
            keeps = hosts.kept_fields(content, row, offer.name)
            digest = hosts.entry_digest(content, row, offer.name)
            hosts.require_exchangeable(content, row, offer.name)
        except McpInstallError as error:
            return replace(offer, standing=Standing.LEFT, why_not=error.message)
        words = tuple(one.text for one in server.argv)
        if there is None or (there.command or "", *there.args) != words:
            why = "programs read its file differently; repair the file first"
            return replace(offer, standing=Standing.LEFT, why_not=why)
        return replace(
            offer,
            places=(replace(place, digest=digest),),
            keeps=keeps,
            stays=tuple(sorted({*server.others, *keeps.keys} - {"type"})),
        )


def _reviewed(bare: Offer, launch: Launch, found: Found) -> Offer | str:
    """Return the offer of a server that a registry describes, or why it can't be."""
    manifest = found.server.manifest
    if names.normalized_package(manifest.local.script) != names.normalized_package(launch.script):
        return (
            f"it starts `{launch.script}`, and what was reviewed starts `{manifest.local.script}`"
        )
    if launch.specifier and not _fits(found.package_version, launch.specifier):
        wanted = f"{launch.package}{launch.specifier}"
        return f"it wants `{wanted}`, and {found.package_version} was reviewed"
    try:
        package = server_plans.package_of(found.server)
        mapped = adopting.mapped(package, launch.arguments)
    except McpInstallError as error:  # also of a description that wants a secret as an argument
        return error.message
    if mapped.problem:
        return mapped.problem
    return replace(
        bare,
        standing=Standing.OFFERED,
        spec=found.spec,
        version=manifest.version,
        is_certified=found.is_certified,
        settings=mapped.settings,
        extra_arguments=mapped.extra,
        python=launch.python,
        notes=(
            *_version_notes(launch, found.package_version),
            *(
                f"the server's description adds the argument `{one}`"
                for one in adopting.added(package, launch.arguments)
            ),
        ),
    )


def _unreviewed(bare: Offer, launch: Launch, version: str) -> Offer | str:
    """Return the offer of a package that nobody reviewed, locked as it is now."""
    if launch.specifier:
        return f"it wants a range of versions (`{launch.specifier}`); name one"
    return replace(
        bare,
        standing=Standing.OFFERED,
        spec=f"pypi:{launch.package}{f'=={version}' if version else ''}",
        version=version,
        extra_arguments=launch.arguments,
        python=launch.python,
        notes=tuple(_version_notes(launch, version)),
    )


def _version_notes(launch: Launch, version: str) -> Iterator[str]:
    if launch.version and launch.version != version:
        yield (
            f"the version changes: `{launch.package}` {launch.version} is what hosts start now, "
            f"{version or 'the newest that is old enough'} takes its place"
        )
    if not launch.version:
        yield "until now whatever version is newest starts, each time; from now on this one"


def _fits(version: str, specifier: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(specifier).contains(version)
    except InvalidSpecifier:
        return False


def _merged(one: Offer, two: Offer) -> Offer:
    findings = [found for found in (one.finding, two.finding) if found is not None]
    worst = max(findings, key=lambda found: found.rule.severity.rank, default=None)
    stays = tuple(sorted({*one.stays, *two.stays}))
    return replace(one, places=(*one.places, *two.places), finding=worst, stays=stays)


def _worst(findings: Sequence[object]) -> dict[tuple[str, str], AuditFinding]:
    """Return the gravest finding of each server, by file and name."""
    found: dict[tuple[str, str], AuditFinding] = {}
    for one in findings:
        if not isinstance(one, AuditFinding) or one.location is None:
            continue
        key = (one.location.file, one.server)
        known = found.get(key)
        if known is None or one.rule.severity.rank > known.rule.severity.rank:
            found[key] = one
    return found
