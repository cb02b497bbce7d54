"""Update: put newer versions in the place of installed ones, from where those came from.

What is chosen here is asked of nobody again: `prepare` and `commit` rest on the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mcpinstall import environments
from mcpinstall.errors import ErrorCode, Exit, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.model.receipt import Hold, Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.operations import (
    holds,
    install,
    lookup,
    missing_inputs,
    offers,
    publishers,
    replacing,
    seen_tools,
    server_plans,
)
from mcpinstall.operations.context import Context
from mcpinstall.operations.offers import Offer
from mcpinstall.operations.prepared import Draft, HostChoice, Prepared
from mcpinstall.operations.replacing import Target
from mcpinstall.receipts.store import ReceiptStore

_ANY_PYTHON = ">=3"
_NOBODY = HostChoice(chosen=(), candidates=(), preselected=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An installed server that stays as it is, and why."""

    receipt: Receipt
    why: str
    """Empty where nothing newer is there."""
    hint: str = ""
    error: McpInstallError | None = None
    """Its source could not be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an update is about."""

    targets: tuple[Target, ...]
    kept: tuple[Kept, ...]
    pinned: bool
    """The version was named: it is pinned from now on."""

    @property
    def is_complete(self) -> bool:
        """Tell whether every server's source could be asked."""
        return all(one.error is None for one in self.kept)


def servers(names: Sequence[str], context: Context) -> tuple[tuple[Receipt, ...], ...]:
    """Return the entries of each server that is named, or of every one; by server.

    Those that are used where they run may have several versions at once: then by version, too.

    Raises:
        McpInstallError: `not-installed`, `name-ambiguous`.
    """
    store = ReceiptStore(context.paths)
    named = [lookup.installed(name, context) for name in names] or store.receipts()
    slugs = dict.fromkeys(lookup.receipt_slug(one) for one in named)
    found: dict[tuple[str, str], list[Receipt]] = {}
    for slug in slugs:
        for one in server_plans.receipts_of(slug, context):
            found.setdefault((slug, one.manifest_sha256), []).append(one)
    return tuple(map(tuple, found.values()))


def select(
    names: Sequence[str], version: str | None, request: Request, context: Context
) -> Selection:
    """Ask the source of each server, and choose what is to be put in its place.

    Without names, what is held, pinned, or can't be asked is passed over and told.

    Raises:
        McpInstallError: `interpreter-missing` and its like for a Python that is named;
            `not-installed`, `version-held` for a server that is named; what refuses a
            version that is; a refusal of check 1, whichever server it is about.
    """
    if version is not None and len(names) != 1:
        raise McpInstallError(
            ErrorCode.USAGE,
            "`--to` is the version of one server",
            hint="for example `mcpi update time --to 2026.10.19`",
        )
    if request.python is not None:  # else each newer version would seem not to fit it
        environments.choose_interpreter(_ANY_PYTHON, context.machine, request.python)
    targets: list[Target] = []
    kept: list[Kept] = []
    for receipts in servers(names, context):
        if (held := _held(receipts[0], version)) is not None:
            if names:
                raise McpInstallError(ErrorCode.VERSION_HELD, held.why, hint=held.hint)
            kept.append(held)
            continue
        try:
            found, why = _found(receipts[0], version, request, context)
        except McpInstallError as error:
            refused = error.code in offers.PASSED_OVER
            if names:
                raise
            if not (refused or error.code.exit_status is Exit.COULD_NOT):
                name = receipts[0].entry_name
                out = f"this is about `{name}`, which `mcpi hold {name}` leaves out of an update"
                error.hint = "; ".join(filter(None, (error.hint, out)))
                raise
            kept.append(_failed(receipts[0], error, is_asked=refused))
            continue
        if found is None:
            kept.append(why)
        else:
            targets.append(replacing.target(receipts, found, context))
    return Selection(targets=tuple(targets), kept=tuple(kept), pinned=version is not None)


def pin_kept(selection: Selection, context: Context) -> tuple[Receipt, ...]:
    """Pin what was named in the version that it has; return the entries that are new in that.

    Raises:
        McpInstallError: `disk-failed`.
    """
    kept = [one.receipt for one in selection.kept] if selection.pinned else []
    wanted = {(lookup.receipt_slug(one), one.manifest_sha256) for one in kept}
    return holds.pin_as_they_are(wanted, context) if wanted else ()


def with_seen_tools(selection: Selection, context: Context) -> Selection | None:
    """Return the selection with the tools that new versions showed since; None without any.

    Raises:
        McpInstallError: a parser's refusal of a damaged record.
    """
    targets = tuple(
        replace(one, server=seen_tools.with_seen(one.server, context)) for one in selection.targets
    )
    return replace(selection, targets=targets) if targets != selection.targets else None


def _held(receipt: Receipt, version: str | None) -> Kept | None:
    """Return why a server may not be moved, or None."""
    name = receipt.entry_name
    if receipt.hold is Hold.HELD:
        return Kept(
            receipt=receipt,
            why=f"`{name}` is held at {receipt.version}",
            hint=f"`mcpi unhold {name}` lets it go",
        )
    if receipt.hold is Hold.PINNED and version is None:
        return Kept(
            receipt=receipt,
            why=f"`{name}` is pinned: it was installed as exactly {receipt.version}",
            hint=f"`mcpi unhold {name}` lets it go, `mcpi update {name} --to VERSION` moves it",
        )
    return None


def _found(
    receipt: Receipt, version: str | None, request: Request, context: Context
) -> tuple[ReviewedServer | None, Kept]:
    """Return what is to take a server's place, or None and why it stays."""
    if version is not None:
        server = offers.exactly(receipt, version, request, context)
        same = server.manifest_sha256 == receipt.manifest_sha256
        why = Kept(receipt=receipt, why=f"`{receipt.entry_name}` {version} is installed already")
        return None if same else server, why
    offer = offers.offer(receipt, request, context)
    return offers.with_server(offer, request, context), _why(offer)


def _failed(receipt: Receipt, error: McpInstallError, *, is_asked: bool) -> Kept:
    why = f"`{receipt.entry_name}` stays at {receipt.version}: {error.message}"
    hint = f"`mcpi outdated {receipt.entry_name}` says more" if is_asked else error.hint
    return Kept(receipt=receipt, why=why, hint=hint, error=None if is_asked else error)


def _why(offer: Offer) -> Kept:
    """Say why nothing newer takes a server's place."""
    receipt = offer.receipt
    if not offer.refusals:
        told = "; ".join(offer.notes)
        return Kept(receipt=receipt, why=f"`{receipt.entry_name}`: {told}" if told else "")
    newest = offer.refusals[0]
    return Kept(
        receipt=receipt,
        why=f"`{receipt.entry_name}` stays at {receipt.version}: {newest.version} is not offered "
        f"({newest.why})",
        hint=f"`mcpi outdated {receipt.entry_name}` says more",
    )


# The plan --------------------------------------------------------------------------------------


def draft(selection: Selection, request: Request, context: Context) -> Draft:
    """Return the draft of an update: which new inputs are still to be given.

    Raises:
        McpInstallError: `input-unknown`, `input-missing` for a secret that only a host's file has.
    """
    missing = tuple(
        one
        for target in selection.targets
        for one in replacing.missing(target, request, selection.targets, context)
    )
    chosen = tuple(target.server for target in selection.targets)
    return Draft(request=request, servers=chosen, missing=missing, hosts=_NOBODY)


def prepare(selection: Selection, request: Request, context: Context, *, stage: bool) -> Prepared:
    """Do checks 1 to 6 of all new versions, and compare each with what is there.

    Raises:
        McpInstallError: whatever refuses; nothing was changed then.
    """
    missing_inputs.require_none(draft(selection, request, context))
    for target in selection.targets:
        publishers.require_same(target.receipts, target.server)
    planned = replacing.planned(selection.targets, request, context)
    for server in planned.servers:
        server_plans.require_own_index(server, context)
    prepared = install.with_files(
        planned.servers, planned.changes, request, context,
        action="update", stage=stage, rows=planned.rows,
    )  # fmt: skip
    try:
        replacements = tuple(
            replacing.compared(target, planned, request, context) for target in selection.targets
        )
    except BaseException:
        install.discard(prepared)
        raise
    slugs = [one.slug for one in replacements]
    return replace(
        prepared,
        kept=planned.kept,
        replacements=replacements,
        holds=tuple((slug, Hold.PINNED) for slug in slugs) if selection.pinned else (),
    )
