"""From installed entries to what hosts start after an update: the same, or something else.

Where a new version is started as the old one was, the entries stay, byte for byte, and no host
file is touched.  Where it is not, each entry is made anew from what its user set before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mcpinstall import hosts, registries
from mcpinstall.model.host import HostChange, HostRow
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer, ReviewState
from mcpinstall.model.secret import KeptSecret
from mcpinstall.operations import (
    configure,
    describing,
    host_changes,
    install,
    lookup,
    revoked,
    secret_places,
    seen_tools,
    server_plans,
    settings,
    starts,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.prepared import HostChoice, MissingInput, Replacement


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An installed server, and what is to take its place."""

    receipts: tuple[Receipt, ...]
    """Of all its entries."""
    server: ReviewedServer
    before: ReviewedServer | None
    """What is installed; None where its registry does not describe it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What all entries of an update come to."""

    servers: tuple[ServerPlan, ...]
    siblings: tuple[ServerPlan, ...]
    """Further entries of the same servers."""
    changes: tuple[HostChange, ...]
    rows: tuple[HostRow, ...]
    """Hosts that have one of the entries."""
    kept: tuple[KeptSecret, ...]
    dropped: tuple[tuple[str, str], ...]
    """Entry name and input, where the new version has no such input any more."""


def target(receipts: tuple[Receipt, ...], server: ReviewedServer, context: Context) -> Target:
    """Return what an update is about; the installed version is described by its registry."""
    return Target(receipts=receipts, server=server, before=starts.described(receipts[0], context))


# Entries ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One entry of an update."""

    target: Target
    receipt: Receipt
    given: tuple[tuple[str, str], ...]
    """What the user sets now, by input."""

    @property
    def stays(self) -> bool:
        """Tell whether hosts keep the entry as it is."""
        before = self.target.before
        if before is None or self.receipt.is_remote or self.given:
            return False
        return starts.are_alike(before, self.target.server)

    def request(self, request: Request, context: Context) -> tuple[Request, tuple[str, ...]]:
        """Return the request that makes the entry anew, and the inputs that fall away.

        Raises:
            McpInstallError: `input-missing` for a secret that only a host's file has.
        """
        receipt, server = self.receipt, self.target.server
        asked = server_plans.questions(server, receipt.transport)
        known = {question.name for question in asked}
        set_before = [one for one in receipt.inputs if one.source == "user"]
        gone = tuple(one.name for one in set_before if one.name not in known)
        left = replace(receipt, inputs=tuple(one for one in receipt.inputs if one.name in known))
        names = {name for name, _ in self.given}
        configure.require_secrets(left, names)
        python = None
        if not receipt.is_remote:
            found = server_plans.interpreter_of(server, receipt, request, context)
            python = str(found.path)
        return replace(
            request,
            names=(),
            hosts=receipt.hosts,
            settings=(*configure.settings_kept(left, names), *self.given),
            entry_name=receipt.entry_name,
            transport=receipt.transport,
            python=python,
            extra_arguments=receipt.extra_arguments,
        ), gone


def _entries(targets: Sequence[Target], request: Request) -> Iterator[_Entry]:
    """Yield every entry of an update with what is set for it now.

    Raises:
        McpInstallError: `input-unknown`, `input-invalid`.
    """
    every = [(target, receipt) for target in targets for receipt in target.receipts]
    known = {
        receipt.entry_name: [
            one.name for one in server_plans.questions(target.server, receipt.transport)
        ]
        for target, receipt in every
    }
    values = settings.by_entry(request.settings, known)
    for one, receipt in every:
        given = values[receipt.entry_name].items()
        pairs = tuple((name, text) for name, texts in given for text in texts)
        yield _Entry(target=one, receipt=receipt, given=pairs)


def missing(
    wanted: Target, request: Request, targets: Sequence[Target], context: Context
) -> Iterator[MissingInput]:
    """Yield the inputs that the new version of one server needs and nobody gave yet.

    Raises:
        McpInstallError: as `planned`.
    """
    for entry in _entries(targets, request):
        if entry.target is not wanted or _as_it_stands(entry, request, context) is not None:
            continue
        merged, _ = entry.request(request, context)
        server, receipt = wanted.server, entry.receipt
        values = install.input_values((server,), merged)
        of_entry = values[lookup.entry_name(server, receipt.entry_name)]
        asked = server_plans.missing(server, of_entry, merged, context)
        yield from (MissingInput(entry_name=receipt.entry_name, question=one) for one in asked)
        if not asked:
            yield from install.missing_secrets((server,), values, _rows(receipt), merged, context)


def planned(targets: Sequence[Target], request: Request, context: Context) -> Planned:
    """Return what hosts start afterwards, and how their files change for it.

    Raises:
        McpInstallError: for inputs, interpreter, platform, or a host that can't be written.
    """
    servers: dict[str, ServerPlan] = {}
    siblings: list[ServerPlan] = []
    kept: list[KeptSecret] = []
    dropped: list[tuple[str, str]] = []
    anew: list[tuple[ServerPlan, Receipt]] = []
    for entry in _entries(targets, request):
        receipt, server = entry.receipt, entry.target.server
        plan = _as_it_stands(entry, request, context)
        if plan is None:
            merged, gone = entry.request(request, context)
            dropped += [(receipt.entry_name, name) for name in gone]
            values = install.input_values((server,), merged)[receipt.entry_name]
            made = server_plans.plan(server, values, merged, context)
            placed = secret_places.placed((made,), _rows(receipt), merged, context)
            (plan,), kept = placed.servers, [*kept, *placed.kept]
            anew.append((plan, receipt))
        key = receipt.entry_name if receipt.is_remote else plan.slug
        if key in servers:
            siblings.append(plan)
        else:
            servers[key] = plan
    ids = dict.fromkeys(row for one in targets for r in one.receipts for row in r.hosts)
    return Planned(
        servers=tuple(servers.values()),
        siblings=tuple(siblings),
        changes=_changes(anew, request, context),
        rows=tuple(hosts.find_rows(row) for row in ids),
        kept=tuple(kept),
        dropped=tuple(dropped),
    )


def _as_it_stands(entry: _Entry, request: Request, context: Context) -> ServerPlan | None:
    """Return the plan of an entry that hosts keep as it is; None for one that is made anew."""
    if not entry.stays:
        return None
    receipt = entry.receipt
    plan = server_plans.in_the_place_of(receipt, entry.target.server, request, context)
    # There the entry itself names the interpreter.
    on_windows = context.machine.platform == "win32"
    return None if on_windows and str(plan.python.path) != receipt.python_path else plan


def _changes(
    entries: Sequence[tuple[ServerPlan, Receipt]], request: Request, context: Context
) -> tuple[HostChange, ...]:
    """Return the change of every host file that has one of these entries."""
    found: list[HostChange] = []
    for row_id in dict.fromkeys(row for _, receipt in entries for row in receipt.hosts):
        there = [plan for plan, receipt in entries if row_id in receipt.hosts]
        choice = HostChoice(chosen=(hosts.find_rows(row_id),), candidates=(), preselected=())
        proposed = host_changes.proposed(there, choice, request, context, configuring=False)
        found += proposed.changes
    return tuple(found)


def _rows(receipt: Receipt) -> tuple[HostRow, ...]:
    return tuple(hosts.find_rows(row) for row in receipt.hosts)


# What changed ----------------------------------------------------------------------------------


def of_installation(
    servers: Sequence[ServerPlan], request: Request, context: Context
) -> tuple[Replacement, ...]:
    """Return what an installation puts in the place of another version, each compared.

    All entries of a server that runs here have one version; of one that runs elsewhere, each has
    its own.

    Raises:
        McpInstallError: as `compared`.
    """
    found = []
    for server in servers:
        there = tuple(
            one
            for one in server_plans.receipts_of(server.slug, context)
            if server.remote is None or one.entry_name == server.entry.name
        )
        if there and there[0].manifest_sha256 != server.reviewed.manifest_sha256:
            wanted = target(there, server.reviewed, context)
            found.append(_replacement(wanted, server, request, context))
    return tuple(found)


def compared(wanted: Target, plan: Planned, request: Request, context: Context) -> Replacement:
    """Compare what is there with what takes its place: of the files, only those of this machine.

    Raises:
        McpInstallError: `digest-mismatch` for a stored or offered file with other bytes.
    """
    entries = {receipt.entry_name for receipt in wanted.receipts}
    main = next(one for one in plan.servers if one.entry.name in entries)
    found = _replacement(wanted, main, request, context)
    dropped = (
        f"`{name}` has no input `{one}` any more: what you set is dropped"
        for name, one in plan.dropped
        if name in entries
    )
    siblings = tuple(one for one in plan.siblings if one.entry.name in entries)
    return replace(found, notes=(*found.notes, *dropped), siblings=siblings)


def _replacement(
    wanted: Target, main: ServerPlan, request: Request, context: Context
) -> Replacement:
    comparison = None
    if wanted.before is not None:
        there = {sha256 for _, sha256 in wanted.receipts[0].artifacts}
        comparison = describing.compare_servers(
            _narrowed(wanted.before, there),
            _narrowed(wanted.server, {one.sha256 for one in main.artifacts}),
            context,
            offline=request.offline,
            look_up=False,
        )
    return Replacement(
        slug=main.slug,
        before=wanted.receipts,
        server=wanted.server,
        comparison=comparison,
        notes=tuple(_notes(wanted, main, request, context)),
    )


def _narrowed(server: ReviewedServer, digests: set[str]) -> ReviewedServer:
    """Return a server with the files of this machine alone in its lock."""
    packages = [
        replace(package, wheels=tuple(one for one in package.wheels if one.sha256 in digests))
        for package in server.lock.packages
    ]
    kept = tuple(package for package in packages if package.wheels)
    return replace(server, lock=replace(server.lock, packages=kept))


def _notes(wanted: Target, main: ServerPlan, request: Request, context: Context) -> Iterator[str]:
    receipt, server = wanted.receipts[0], wanted.server
    name, version = receipt.entry_name, server.manifest.version
    if (why := revoked.one(receipt, context)) is not None:
        yield f"`{name}` {receipt.version}, which is installed, is REVOKED: {why.reason}"
    if version == receipt.version:
        yield f"`{name}` has the same version, but its source describes other files now"
    elif not registries.is_newer(version, receipt.version):
        yield f"`{name}` {version} is OLDER than {receipt.version}, which is installed"
    was = receipt.review == ReviewState.CERTIFIED.value
    if was and server.registry.review is not ReviewState.CERTIFIED:
        yield f"`{name}` {receipt.version} is CERTIFIED; {version} is NOT REVIEWED"
    if seen_tools.are_compared_later(main, wanted.before, offline=request.offline):
        yield (
            f"the tools of `{name}` {version} are not known yet: it is "
            f"{'asked' if receipt.is_remote else 'started'} after your yes, and "
            "where they differ you are asked once more, before anything is switched"
        )
    if wanted.before is None:
        yield (
            f"`{name}` {receipt.version} is not described by its registry any more, so what "
            "changed can't be told"
        )
