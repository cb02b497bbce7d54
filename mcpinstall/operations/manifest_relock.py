"""`mcpi manifest lock`: the same server with newer packages, and what a person decided kept.

`prepare` writes nothing but caches and runs nothing.  A version that somebody may have keeps its
content: what is locked again is a new one, `1.2+lock.1` after `1.2` (decision 0014).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, lock_text, server_text
from mcpinstall.model.lock_authoring import MadeWith
from mcpinstall.model.manifest import Hook, Manifest
from mcpinstall.model.names import normalized_package
from mcpinstall.operations import (
    authoring_attestations,
    authoring_folders,
    authoring_index,
    authoring_inspection,
    authoring_locking,
    authoring_tools,
    describing,
    manifest_new,
    manifest_proposal,
    registry_folder,
    unreviewed_locking,
)
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.authoring_locking import Closure, Wanted
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_diff import Diff
from mcpinstall.operations.manifest_present import Present, present, same_files
from mcpinstall.operations.manifest_proposal import Member, Proposal, ToAccept
from mcpinstall.planning import proposals
from mcpinstall.system.throwaway import throwaway_folder

_AGAIN = re.compile(r"(?P<version>.+)\+lock\.(?P<number>[0-9]{1,4})")
_OWED = "nobody has accepted it yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says of a new lock."""

    version: str | None = None
    """Of the package; None keeps it."""
    upgrade: bool = False
    """Take the newest version of the package that is old enough."""
    age: timedelta = unreviewed_locking.MINIMUM_AGE
    in_place: bool = False
    """The version was never published: it may change."""
    pythons: tuple[str, ...] = ()
    accept: Mapping[str, str] = field(default_factory=dict)
    """sha256 of a member of a wheel → why it is accepted."""
    drop_holds: tuple[str, ...] = ()
    """Packages that the lock holds back no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relock:
    """One version, locked again."""

    before: Present
    proposal: Proposal | None
    """None where nothing is newer."""
    notes: tuple[str, ...] = ()
    problem: McpInstallError | None = None
    """Why this one of several can't be locked again; the others go on."""


def prepare_all(chosen: Sequence[Path], options: Options, context: Context) -> tuple[Relock, ...]:
    """Lock several versions again; one that can't be locked stops no other.

    Raises:
        McpInstallError: What `prepare` raises, where only one was asked for; `usage` for a reason
            that is for nothing.
    """
    if len(chosen) == 1:
        found: tuple[Relock, ...] = (prepare(chosen[0], options, context),)
    else:
        found = tuple(_tried(folder, options, context) for folder in chosen)
    proposed = [one.proposal for one in found if one.proposal is not None]
    manifest_proposal.require_used(options.accept if proposed else {}, proposed)
    return found


def _tried(folder: Path, options: Options, context: Context) -> Relock:
    before = present(folder)
    try:
        return prepare(folder, options, context)
    except McpInstallError as error:
        return Relock(before=before, proposal=None, notes=(error.message,), problem=error)


def prepare(folder: Path, options: Options, context: Context) -> Relock:
    """Lock one version again and inspect the wheels; nothing is written but caches.

    Raises:
        McpInstallError: What `manifest new` refuses with; `server-exists` for a version that is
            there, `publisher-mismatch` for files of somebody else.
    """
    before = present(folder, editable=options.in_place)
    into = _registry_folder(folder, before.manifest)
    if before.is_draft and not options.in_place:
        raise _usage(
            f"`{folder}` is a draft", f"finish it: `mcpi manifest lock {folder} --in-place --probe`"
        )
    if before.manifest.package is None:
        return Relock(before=before, proposal=None, notes=("it has no package to lock",))
    closure = _closure(before, options, context)
    same = same_files(closure.lock, before.lock)
    if same and not options.in_place:
        return Relock(before=before, proposal=None, notes=("nothing is newer",))
    examined = authoring_inspection.examined(closure.lock, context)
    manifest, server = _described(before, closure, options)
    if options.in_place and manifest.version != before.manifest.version:
        raise _usage(
            f"`{folder}` would become {manifest.version}, which has another folder",
            "without `--in-place`; of a draft: remove it, and `mcpi manifest new`",
        )
    draft = Draft(
        manifest=manifest,
        server=server,
        constraints=closure.lock.constraints,
        exclude_newer=closure.lock.exclude_newer,
    )
    to_accept = manifest_proposal.to_accept(examined)
    proposal = Proposal(
        target=_target(folder, manifest),
        registry=registry_folder.present(into),
        draft=draft,
        server=server_text.parse(server, "server.json"),
        closure=closure,
        to_accept=to_accept,
        pythons=manifest_new.pythons_here(manifest.local, options.pythons, context),
        attestations=authoring_attestations.carried(draft, closure.lock, context, registry=into),
        facts=(),
        tools=before.tools,
        reasons=_kept_reasons(before, to_accept)
        | manifest_proposal.given(to_accept, options.accept),
    )
    return Relock(before=before, proposal=manifest_proposal.checked(proposal), notes=_notes(before))


def _closure(before: Present, options: Options, context: Context) -> Closure:
    """Return what is locked now, of a package that its index still offers."""
    choice = before.manifest.local
    name = normalized_package(choice.identifier)
    described = proposals.package_of(server_text.parse(before.server, "server.json"), choice)
    home = authoring_index.home_of(name, described, context)
    found = authoring_locking.closure(_wanted(before, options, context), context)
    authoring_index.require_offered(home, found.lock, name)
    unreviewed_locking.require_old_enough(found.lock, context.now)
    return found


def _usage(message: str, hint: str) -> McpInstallError:
    return McpInstallError(ErrorCode.USAGE, message, hint=hint)


def _registry_folder(folder: Path, manifest: Manifest) -> Path:
    """Return the folder that the folder of one version lies in, three levels above.

    Raises:
        McpInstallError: `manifest-invalid` where it does not lie as its name and version say.
    """
    whole = folder.absolute()
    if whole.parts[-3:] != (*manifest.name.split("/"), manifest.version):
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID,
            f"`{folder}` is not the folder of `{manifest.name}` {manifest.version}",
            hint="a version lies in `NAMESPACE/SERVER/VERSION`",
        )
    return folder.parent.parent.parent


def _wanted(before: Present, options: Options, context: Context) -> Wanted:
    choice = before.manifest.local
    return Wanted(
        identifier=choice.identifier,
        version=None if options.upgrade else options.version or choice.version,
        platforms=choice.platforms,
        requires_python=choice.requires_python,
        made_with=MadeWith(
            constraints=_holds(before, options.drop_holds),
            exclude_newer=manifest_proposal.newest_time(context.now, options.age),
        ),
    )


def _holds(before: Present, dropped: Sequence[str]) -> tuple[str, ...]:
    """Return the requirements that still hold packages back.

    Raises:
        McpInstallError: `usage` for a package that the lock does not hold.
    """
    held = [(lock_text.held_package(text), text) for text in before.lock.constraints]
    for name in dropped:
        if normalized_package(name) not in dict(held):
            raise _usage(
                f"the lock of `{before.manifest.name}` does not hold `{name}` back",
                f"it holds {', '.join(f'`{text}`' for _, text in held) or 'nothing'}",
            )
    gone = {normalized_package(name) for name in dropped}
    return tuple(text for name, text in held if name not in gone)


def _described(before: Present, closure: Closure, options: Options) -> tuple[Manifest, bytes]:
    """Return manifest and `server.json` of the new version; reviews were of other files."""
    old = before.manifest
    name = normalized_package(old.local.identifier)
    package = next(one.version for one in closure.lock.packages if one.name == name)
    version = _version(old, package, options)
    choice = replace(
        old.local,
        version=package,
        requires_python=closure.lock.requires_python,
        platforms=closure.wanted.platforms,
    )
    reviews = old.reviews if same_files(closure.lock, before.lock) else ()
    manifest = replace(old, version=version, package=choice, reviews=reviews, files=(), hooks=())
    if (version, package) == (old.version, old.local.version):
        return manifest, before.server
    return manifest, _renumbered(before.server, old, version, package)


def _version(old: Manifest, package: str, options: Options) -> str:
    again = _AGAIN.fullmatch(old.version)
    plain, number = (again["version"], int(again["number"])) if again else (old.version, 0)
    if package == old.local.version:
        return old.version if options.in_place else f"{plain}+lock.{number + 1}"
    if plain != old.local.version:
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`server.json` has a version of its own ({plain}), and its package is {package} now",
            hint="take its publisher's newer `server.json`: `mcpi manifest new`",
        )
    return package


def _renumbered(server: bytes, old: Manifest, version: str, package: str) -> bytes:
    document = json_text.parse(server, "server.json")
    if not isinstance(document, dict):
        raise McpInstallError(ErrorCode.SERVER_JSON_INVALID, "`server.json` is not an object")
    packages = document.get("packages")
    choice = old.local
    renewed = [
        {**one, "version": package}
        if isinstance(one, Mapping)
        and tuple(one.get(key) for key in ("registryType", "identifier", "version"))
        == (choice.registry_type, choice.identifier, choice.version)
        else one
        for one in (packages if isinstance(packages, list) else [])
    ]
    changed = {**document, "version": version, "packages": renewed}
    return json_text.printed(changed, "server.json")


def _target(folder: Path, manifest: Manifest) -> Path:
    target = folder.parent / manifest.version
    if target != folder and target.exists():
        raise McpInstallError(
            ErrorCode.SERVER_EXISTS,
            f"there is `{target}` already",
            hint="lock that one: it is the newer",
        )
    return target


def _kept_reasons(before: Present, to_accept: Sequence[ToAccept]) -> dict[Member, str]:
    """Return the reasons that were given for the same bytes of the same package."""
    known = {
        (_package(hook), hook.kind, hook.sha256): hook.reason for hook in before.manifest.hooks
    }
    return {
        one.key: known.get((one.package, one.hooks[0].kind, one.hooks[0].sha256), "")
        for one in to_accept
    }


def _package(hook: Hook) -> str:
    return normalized_package(hook.wheel.partition("-")[0])


def _notes(before: Present) -> tuple[str, ...]:
    found = []
    if before.tools.known:
        found.append("its tools are those that were seen before: `--probe` starts it")
    if before.manifest.reviews:
        found.append("reviews are of the files before, and are left out")
    return tuple(found)


def probe(relock: Relock, context: Context) -> Relock:
    """Start the server, compare its tools with what varies, and take what it shows.

    Raises:
        McpInstallError: `probe-failed`, or `tools-changed` for a difference from start to start.
    """
    proposal = relock.proposal
    if proposal is None:
        return relock
    tools = authoring_tools.tools(
        proposal.draft, proposal.lock, proposal.hooks, context,
        pythons=proposal.pythons,
    )  # fmt: skip
    notes = tuple(note for note in relock.notes if "tools" not in note)
    return replace(relock, proposal=replace(proposal, tools=tools), notes=notes)


def probe_all(done: Sequence[Relock], context: Context) -> list[Relock]:
    """Start several servers; one that does not start stops no other.

    Raises:
        McpInstallError: What `probe` raises, where only one was asked for.
    """
    if len(done) == 1:
        return [probe(done[0], context)]
    return [_probed(one, context) for one in done]


def _probed(relock: Relock, context: Context) -> Relock:
    try:
        return probe(relock, context)
    except McpInstallError as error:
        return replace(relock, proposal=None, notes=(error.message,), problem=error)


def changes(relock: Relock, context: Context) -> Diff | None:
    """Return what a reviewer must see; None for a draft, which nobody has compared before.

    Raises:
        McpInstallError: `digest-mismatch`, `disk-failed`.
    """
    proposal = relock.proposal
    before = relock.before
    if proposal is None or not proposal.tools.known or before.is_draft or before.edited:
        return None
    owed = {key: reason or _OWED for key, reason in proposal.reasons.items()}
    proposal = replace(proposal, reasons=owed)
    with throwaway_folder() as folder:
        authoring_folders.place(folder / "after", manifest_proposal.texts_of(proposal))
        after = registries.one_version(folder / "after")
        return Diff(
            sources=(str(before.folder), str(proposal.target)),
            comparison=describing.compare_servers(
                registries.one_version(before.folder), after, context
            ),
        )


def commit(done: Sequence[Relock], context: Context) -> tuple[Path, ...]:
    """Write every version that was locked again, then each registry once.

    Raises:
        McpInstallError: `server-exists` for a version that somebody wrote meanwhile,
            `disk-failed`.
    """
    around: dict[Path, list[Relock]] = {}
    for one in done:
        if one.proposal is not None:
            around.setdefault(one.proposal.target.parent.parent.parent, []).append(one)
    written: list[Path] = []
    for folder, ones in around.items():
        with registry_folder.alone(folder, context):
            written += _committed(folder, ones, context)
    return tuple(written)


def _committed(folder: Path, done: Sequence[Relock], context: Context) -> tuple[Path, ...]:
    registry_folder.present(folder)  # what could not be listed is not written
    found = [(one.proposal, one.before.folder) for one in done if one.proposal is not None]
    for proposal, before in found:
        authoring_folders.place(
            proposal.target, manifest_proposal.texts_of(proposal), again=proposal.target == before
        )
    targets = tuple(proposal.target for proposal, _ in found)
    if all(proposal.owed for proposal, _ in found):
        return targets
    return (*targets, *registry_folder.renew(folder, context.now))
