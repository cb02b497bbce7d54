"""`mcpi manifest new`: from a package, an entry or a `server.json` to a manifest's folder.

`prepare` writes nothing but caches and runs nothing; `probe` runs the server, after its own yes;
`commit` writes, after another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mcpinstall import environments, probing
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_authoring, manifest_text, platforms, server_text
from mcpinstall.model.lock_authoring import MadeWith
from mcpinstall.model.manifest import (
    Audience,
    Manifest,
    PackageChoice,
    Publisher,
    RemoteChoice,
)
from mcpinstall.model.names import normalized_package
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.server_json import ServerJson
from mcpinstall.operations import (
    authoring_folders,
    authoring_index,
    authoring_inspection,
    authoring_locking,
    authoring_publishers,
    authoring_tools,
    look_alikes,
    manifest_proposal,
    manifest_sources,
    registry_folder,
    unreviewed_locking,
)
from mcpinstall.operations.authoring import Draft
from mcpinstall.operations.authoring_inspection import Examined
from mcpinstall.operations.authoring_locking import Wanted
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_proposal import (
    Proposal,
    checked,
    given,
    newest_time,
    require_new,
    require_used,
    texts_of,
    to_accept,
)
from mcpinstall.operations.manifest_sources import Source
from mcpinstall.planning import proposals

_TITLE = 100  # characters
_SUMMARY = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says of a new manifest."""

    into: Path
    platforms: tuple[str, ...] = ()
    """Empty for every platform that there is."""
    pythons: tuple[str, ...] = ()
    """Interpreters to start it with; empty for all that are here."""
    name: str | None = None
    script: str | None = None
    accept: Mapping[str, str] = field(default_factory=dict)
    """sha256 of a member of a wheel → why it is accepted."""
    offline: bool = False


def prepare(spec: str, options: Options, context: Context) -> Proposal:
    """Resolve, lock and inspect; nothing is written but caches, and nothing of it runs.

    Raises:
        McpInstallError: `not-found`, `tool-failed` for what does not resolve,
            `archive-refused`, `manifest-invalid`, `server-exists` for a folder that is there,
            or the refusal of a parser.
    """
    registry = registry_folder.present(options.into)
    source = manifest_sources.read(spec, context, offline=options.offline)
    if source.server is not None:
        require_new(options.into, source.server.name, source.server.version)
    if not source.identifier:
        return _remote(source, options, registry)
    return _local(source, options, registry, context)


def _remote(source: Source, options: Options, registry: RegistryFile | None) -> Proposal:
    """Return the proposal of a server that is only used where it runs."""
    server = source.server
    if server is None:
        raise McpInstallError(ErrorCode.USAGE, "there is neither a package nor a remote")
    remotes = tuple(
        RemoteChoice(transport=one.transport, url=one.url)
        for one in sorted(server.remotes, key=lambda one: one.transport != "streamable-http")
    )
    manifest = replace(_manifest(server, None), remotes=remotes)
    return checked(
        Proposal(
            target=require_new(options.into, server.name, server.version),
            registry=registry,
            draft=Draft(manifest=manifest, server=source.document),
            server=server,
            closure=None,
            to_accept=(),
            pythons=(),
            attestations=b"",
            facts=source.facts,
            named=_named(source, options),
        )
    )


def _local(
    source: Source, options: Options, registry: RegistryFile | None, context: Context
) -> Proposal:
    name = normalized_package(source.identifier)
    if options.offline:
        raise McpInstallError(
            ErrorCode.OFFLINE_MISSING,
            f"`{name}` can't be resolved without its index",
            hint="leave out `--offline`",
        )
    home = authoring_index.home_of(name, source.package, context)
    closure = authoring_locking.closure(_wanted(source, options, context), context)
    authoring_index.require_offered(home, closure.lock, name)
    own = next(one for one in closure.lock.packages if one.name == name)
    unreviewed_locking.require_old_enough(closure.lock, context.now)
    examined = authoring_inspection.examined(closure.lock, context, package=name)
    root = next(one for one in examined if one.artifact.package == name)
    document, server = _server(source, options, root)
    if options.name != server.name:
        manifest_proposal.require_same_package(options.into, server.name, source.identifier)
    choice = PackageChoice(
        registry_type="pypi",
        identifier=source.identifier,
        version=own.version,
        script=_script(root, source, options),
        requires_python=closure.lock.requires_python,
        platforms=closure.wanted.platforms,
    )
    publisher, absent, attestations = authoring_publishers.attested(
        own.wheels, options.into, context
    )
    manifest = _manifest(server, choice, publisher=publisher, absent=absent)
    stated = closure.wanted.made_with
    found = to_accept(examined)
    proposal = Proposal(
        target=require_new(options.into, server.name, server.version),
        registry=registry,
        draft=Draft(
            manifest=manifest,
            server=document,
            constraints=stated.constraints,
            exclude_newer=stated.exclude_newer,
        ),
        server=server,
        closure=closure,
        to_accept=found,
        pythons=pythons_here(choice, options.pythons, context),
        attestations=attestations,
        facts=(*source.facts, *_facts(name, context)),
        named=_named(source, options),
        reasons=given(found, options.accept),
    )
    require_used(options.accept, [proposal])
    return checked(proposal)


def _named(source: Source, options: Options) -> str:
    """Return why the server has its full name."""
    if source.from_registry:
        return "an MCP registry and its README say so"
    if source.server is not None:
        return "its `server.json` says so; nobody proved that it may"
    if options.name:
        return "you named it so"
    return "its README or its address says so; nobody proved that it may"


def _wanted(source: Source, options: Options, context: Context) -> Wanted:
    for one in options.platforms:
        if one not in platforms.PLATFORMS:
            raise McpInstallError(
                ErrorCode.USAGE,
                f"`{one}` is no platform that is known",
                hint=f"known are {', '.join(platforms.PLATFORMS)}",
            )
    return Wanted(
        identifier=source.identifier,
        version=source.version,
        platforms=tuple(dict.fromkeys(options.platforms)) or tuple(platforms.PLATFORMS),
        requires_python=unreviewed_locking.PYTHONS,
        made_with=MadeWith(exclude_newer=newest_time(context.now, unreviewed_locking.MINIMUM_AGE)),
    )


def _server(source: Source, options: Options, root: Examined) -> tuple[bytes, ServerJson]:
    if source.server is not None:
        if source.from_registry:
            unreviewed_locking.require_back_reference(
                root.metadata, source.server.name, root.artifact
            )
        return source.document, source.server
    document = manifest_sources.described_by(
        root.metadata, source.identifier, root.artifact.version, options.name
    )
    return document, server_text.parse(document, f"METADATA of `{root.artifact.filename}`")


def _script(root: Examined, source: Source, options: Options) -> str:
    offered = [script.name for script in root.scripts]
    if options.script is not None:
        if options.script in offered:
            return options.script
        raise McpInstallError(
            ErrorCode.USAGE,
            f"`{source.identifier}` has no script `{options.script}`",
            hint=f"it has {', '.join(f'`{one}`' for one in offered) or 'none'}",
        )
    wanted = unreviewed_locking.Wanted(
        identifier=source.identifier, version=source.version, scripts=source.scripts
    )
    try:
        return unreviewed_locking.chosen_script(offered, wanted)
    except McpInstallError as error:
        if len(offered) > 1:
            error.hint = "say which one starts the server: `--script NAME`"
        raise


def pythons_here(choice: PackageChoice, asked: Sequence[str], context: Context) -> tuple[str, ...]:
    """Return the interpreters that a server is started with: those asked for, else all here.

    Raises:
        McpInstallError: `interpreter-missing` for one that was asked for.
    """
    if asked:
        for python in asked:
            environments.choose_interpreter(choice.requires_python, context.machine, python)
        return tuple(asked)
    found: list[str] = []
    for major, minor in lock_authoring.pythons(choice.requires_python):
        try:
            environments.choose_interpreter(
                choice.requires_python, context.machine, f"{major}.{minor}"
            )
        except McpInstallError:
            continue
        found.append(f"{major}.{minor}")
    return tuple(found)


def _facts(name: str, context: Context) -> tuple[str, ...]:
    told = look_alikes.warning(name, context)
    return (told,) if told else ()


def _manifest(
    server: ServerJson,
    choice: PackageChoice | None,
    *,
    publisher: Publisher | None = None,
    absent: str = "nothing of it comes from an index",
) -> Manifest:
    """Return a manifest that claims nothing that nobody has decided."""
    package = proposals.package_of(server, choice)
    title = server.title or server.name.rsplit("/", 1)[-1]
    return Manifest(
        name=server.name,
        version=server.version,
        title=title[:_TITLE],
        summary=server.description[:_SUMMARY],
        try_sentence="Which tools do you have?",
        files=(),
        package=choice,
        publisher=publisher,
        publisher_absent="" if publisher else absent,
        permissions=proposals.permissions(server, package),
        probe=proposals.probe(package),
        hooks=(),
        varies=(),
        audience=Audience.TECHNICAL,
        integrates=proposals.integrates(server, package),
        reviews=(),
    )


# After the questions ----------------------------------------------------------------------------


def probe(proposal: Proposal, context: Context) -> Proposal:
    """Start the server under every Python, or ask its remotes; return it with its tools.

    Where they differ, `[[tools.varies]]` is proposed.

    Raises:
        McpInstallError: `probe-failed`, or `tools-changed` for what can't be declared.
    """
    seen = authoring_tools.observed(
        proposal.draft, proposal.lock, proposal.hooks, context,
        pythons=proposal.pythons,
    )  # fmt: skip
    if not seen:
        return proposal
    starts = [probing.Start(python=one.python, number=one.number, tools=one.tools) for one in seen]
    varies = probing.propose([one for one in starts if one.python] or starts[:1])
    for one in seen[1:]:
        authoring_tools.require_same(varies, seen[0], one)
    manifest = replace(proposal.draft.manifest, varies=varies)
    return checked(
        replace(proposal, draft=replace(proposal.draft, manifest=manifest), tools=seen[0].tools)
    )


def commit(proposal: Proposal, context: Context) -> tuple[Path, ...]:
    """Write the folder, and index and registry file around it if it is complete.

    Returns what was written.

    Raises:
        McpInstallError: `server-exists`, `disk-failed`.
    """
    found = texts_of(proposal)
    target, into = proposal.target, proposal.target.parent.parent.parent
    with registry_folder.alone(into, context):
        registry_folder.present(into)  # what could not be listed is not written
        authoring_folders.place(target, found)
        if proposal.owed:
            return (target,)
        manifest_text.parse(found["manifest.toml"])
        return (target, *registry_folder.renew(into, context.now))
