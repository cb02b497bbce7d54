"""From a reviewed server and the request to what will run, with which interpreter and files."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcpinstall import environments, indexes
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import server_text
from mcpinstall.model.adoption import KeptFields
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.host import EnvironmentValue, ServerEntry
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.names import normalized_package
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.model.registry import ReviewedServer
from mcpinstall.model.server_json import STDIO, EnvironmentInput, Package
from mcpinstall.operations import lookup, remote_plans, settings
from mcpinstall.operations.context import Context
from mcpinstall.planning import inputs, remotes, selection
from mcpinstall.receipts.store import ReceiptStore

HOME_PLACE = "{home}"
"""Stands for the server's home in argument templates."""


def package_of(server: ReviewedServer) -> Package:
    """Return the package of `server.json` that the manifest chose.

    Raises:
        McpInstallError: `manifest-invalid`, or `not-supported-yet` for other package types.
    """
    choice = server.manifest.local
    if choice.registry_type != "pypi":
        raise McpInstallError(
            ErrorCode.NOT_SUPPORTED_YET,
            f"`{server.manifest.name}` is of type `{choice.registry_type}`, which mcpinstall "
            "can't install yet",
            hint="servers of type `pypi` can be installed",
        )
    found = [
        package
        for package in server.server.packages
        if (package.registry_type, package.identifier) == ("pypi", choice.identifier)
    ]
    if not found:
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID, f"`server.json` has no package `{choice.identifier}`"
        )
    # The same package may be there twice: as a web server too, which wants other arguments.
    return next((package for package in found if package.transport == STDIO), found[0])


def resolved(
    server: ReviewedServer, values: Mapping[str, Sequence[str]], request: Request, context: Context
) -> inputs.Resolved:
    """Return arguments and environment of a server for the given input values."""
    kept = keeps(server, request, context)
    return inputs.resolve(
        _without_kept(package_of(server), kept, values) if kept else package_of(server),
        values,
        settings.around(context, plaintext_secrets=request.plaintext_secrets),
    )


def keeps(server: ReviewedServer, request: Request, context: Context) -> KeptFields | None:
    """Return what the entry keeps of one that was adopted, now or before; else None."""
    if request.adopted is not None:
        return request.adopted.keeps
    receipt = ReceiptStore(context.paths).receipt(lookup.entry_name(server, request.entry_name))
    slug = lookup.slug_of(server.registry, server.manifest.name)
    same = receipt is not None and lookup.receipt_slug(receipt) == slug
    return receipt.keeps if receipt is not None and same else None


def _without_kept(
    package: Package, kept: KeptFields, values: Mapping[str, Sequence[str]]
) -> Package:
    """Return a package without the variables that an adopted entry has already."""
    left = tuple(
        one
        for one in package.environment
        if one.name not in (*kept.variables, *kept.forwarded) or _asked(one) & values.keys()
    )
    return replace(package, environment=left)


def _asked(variable: EnvironmentInput) -> set[str]:
    """Return the names of the inputs that a variable is made of."""
    inner = {name for name, _ in variable.input.variables}
    return inner or {variable.name}


def missing(
    server: ReviewedServer, values: Mapping[str, Sequence[str]], request: Request, context: Context
) -> tuple[inputs.Question, ...]:
    """Return the required questions of a server to which `values` has no answer."""
    transport = remotes.transports(server.manifest, request.transport).chosen
    if transport != STDIO:
        return remote_plans.resolved(server, transport, values, request, context).missing
    return resolved(server, values, request, context).missing


def local_environment(
    server: ReviewedServer, values: Mapping[str, Sequence[str]], request: Request, context: Context
) -> tuple[EnvironmentValue, ...]:
    """Return the variables that hosts set for a server; none for one that is used elsewhere."""
    if remotes.transports(server.manifest, request.transport).chosen != STDIO:
        return ()
    return resolved(server, values, request, context).environment


def questions(server: ReviewedServer, transport: str | None = None) -> tuple[inputs.Question, ...]:
    """Return every question of a server, over the transport that is wanted or recommended."""
    chosen = remotes.transports(server.manifest, transport).chosen
    if chosen != STDIO:
        return remotes.questions(remote_plans.described(server, chosen))
    return inputs.questions(package_of(server))


def plan(
    server: ReviewedServer,
    values: Mapping[str, Sequence[str]],
    request: Request,
    context: Context,
) -> ServerPlan:
    """Return what one server's installation will run and needs.

    Raises:
        McpInstallError: for inputs, interpreter or platform; `server-exists` when the entry
            belongs to another server or has other inputs.
    """
    _require_same_program(server, request)
    ways = remotes.transports(server.manifest, request.transport)
    if ways.chosen != STDIO:
        return remote_plans.plan(server, ways, values, request, context)
    found = resolved(server, values, request, context)
    slug = lookup.slug_of(server.registry, server.manifest.name)
    home = environments.server_home(context.paths.servers, slug)
    name = lookup.entry_name(server, request.entry_name)
    present = _in_place(server, slug, request, context)
    interpreter = present[1] if present else _interpreter(server, request.python, "", context)
    arguments = (*found.arguments, *request.extra_arguments)
    command = environments.command(home, arguments, context.machine, interpreter)
    entry = ServerEntry(
        name=name,
        command=command.executable,
        args=command.arguments,
        env=found.environment,
        keeps=keeps(server, request, context),
    )
    template = environments.command_template(
        HOME_PLACE, (*found.template, *request.extra_arguments)
    )
    return ServerPlan(
        reviewed=server,
        entry=entry,
        slug=slug,
        generation=present[0] if present else environments.new_generation(server.manifest.version),
        command=command,
        argv_template=template.argv,
        inputs=found.values,
        extra_arguments=request.extra_arguments,
        interpreter=interpreter,
        artifacts=selection.select(server.lock, interpreter),
        already_installed=present is not None,
        replaces=_other_version(server, slug, context),
        advice=ways.advice,
    )


def _require_same_program(server: ReviewedServer, request: Request) -> None:
    """Refuse to adopt an entry that starts another program of the package.

    Raises:
        McpInstallError: `not-adoptable`.
    """
    wanted = request.adopted.script if request.adopted is not None else ""
    script = server.manifest.local.script if wanted else ""
    if normalized_package(wanted) != normalized_package(script):
        raise McpInstallError(
            ErrorCode.NOT_ADOPTABLE,
            f"hosts start the program `{wanted}` of the package, and mcpinstall would start "
            f"`{script}`",
            hint="`mcpi install` adds the server as another entry",
        )


def _other_version(server: ReviewedServer, slug: str, context: Context) -> str:
    """Return the version that is installed, where it is another one."""
    found = {one.version for one in receipts_of(slug, context)} - {server.manifest.version}
    return next(iter(found), "")


def rebuild(
    receipt: Receipt, request: Request, context: Context, *, withdrawn: bool = False
) -> ServerPlan:
    """Return the plan that builds an installed server's environment anew, for the same Python.

    Its command is not used: the entries in the hosts stay as they are.

    Raises:
        McpInstallError: when its registry does not vouch for that version any more; with
            `withdrawn`, which is for those who only compare, not for its being revoked.
    """
    remote_plans.require_local(receipt)
    server = lookup.of_receipt(receipt, context, withdrawn=withdrawn)
    return in_the_place_of(receipt, server, request, context)


def in_the_place_of(
    receipt: Receipt, server: ReviewedServer, request: Request, context: Context
) -> ServerPlan:
    """Return the plan of a new environment for entries that stay as they are.

    Raises:
        McpInstallError: for interpreter or platform.
    """
    slug = lookup.receipt_slug(receipt)
    home = environments.server_home(context.paths.servers, slug)
    interpreter = interpreter_of(server, receipt, request, context)
    command = environments.command(home, (), context.machine, interpreter)
    return ServerPlan(
        reviewed=server,
        entry=ServerEntry(
            name=receipt.entry_name,
            command=command.executable,
            args=command.arguments,
            keeps=receipt.keeps,
        ),
        slug=slug,
        generation=environments.new_generation(server.manifest.version),
        command=command,
        argv_template=receipt.argv_template,
        inputs=receipt.inputs,
        extra_arguments=receipt.extra_arguments,
        interpreter=interpreter,
        artifacts=selection.select(server.lock, interpreter),
        keeps_entries=True,
    )


def interpreter_of(
    server: ReviewedServer, receipt: Receipt, request: Request, context: Context
) -> Interpreter:
    """Return the interpreter that was asked for, else that of what is installed, else any."""
    return _interpreter(server, request.python, receipt.python_path, context)


def _interpreter(
    server: ReviewedServer, requested: str | None, preferred: str, context: Context
) -> Interpreter:
    """Return the interpreter that was asked for, else the preferred one, else any that fits."""
    requires = server.manifest.local.requires_python
    if requested is None and preferred:
        with contextlib.suppress(McpInstallError):
            return environments.choose_interpreter(requires, context.machine, preferred)
    return environments.choose_interpreter(requires, context.machine, requested)


def _in_place(
    server: ReviewedServer, slug: str, request: Request, context: Context
) -> tuple[str, Interpreter] | None:
    """Return generation and interpreter in place when they are what is asked for, else None."""
    home = environments.server_home(context.paths.servers, slug)
    current = lookup.current_generation(slug, context)
    for receipt in receipts_of(slug, context):
        same = (
            receipt.generation == current
            and receipt.version == server.manifest.version
            and receipt.manifest_sha256 == server.manifest_sha256
            and receipt.lock_sha256 == server.lock.sha256
        )
        if same and current is not None and environments.is_startable(home / current):
            interpreter = _interpreter(server, request.python, receipt.python_path, context)
            if str(interpreter.path) == receipt.python_path:
                return current, interpreter
    return None


def is_in_place(server: ServerPlan, context: Context) -> bool:
    """Tell whether what is current is what the plan shows: of its manifest and its Python.

    It may be a later generation than the plan's: another `mcpi` built the same once more.
    """
    if server.remote is not None:
        return remote_plans.is_in_place(server, context)
    home = environments.server_home(context.paths.servers, server.slug)
    current = lookup.current_generation(server.slug, context)
    if current is None or not environments.is_startable(home / current):
        return False
    shown = (current, server.reviewed.manifest_sha256, str(server.python.path))
    return any(
        (one.generation, one.manifest_sha256, one.python_path) == shown
        for one in receipts_of(server.slug, context)
    )


def receipts_of(slug: str, context: Context) -> tuple[Receipt, ...]:
    """Return the receipts of all entries of one server."""
    store = ReceiptStore(context.paths)
    return tuple(r for r in store.receipts() if lookup.receipt_slug(r) == slug)


def require_compatible(server: ServerPlan, context: Context, *, configuring: bool = False) -> None:
    """Refuse a plan that would change an installed entry under another word.

    Raises:
        McpInstallError: `server-exists`.
    """
    _require_own_letters(server.entry.name, context)
    receipt = ReceiptStore(context.paths).receipt(server.entry.name)
    if receipt is None:
        return
    if (receipt.registry_root, receipt.name) == (
        server.reviewed.registry.root_digest,
        server.name,
    ) and receipt.is_remote != (server.remote is not None):
        raise McpInstallError(
            ErrorCode.SERVER_EXISTS,
            f"`{server.entry.name}` is installed over `{receipt.transport}`",
            hint=f"keep that with `--transport {receipt.transport}`, uninstall it first, or add a "
            "second entry with `--as NAME`",
        )
    if lookup.receipt_slug(receipt) != server.slug:
        raise McpInstallError(
            ErrorCode.SERVER_EXISTS,
            f"`{server.entry.name}` is the name of another server "
            f"(`{receipt.name}` from the registry `{receipt.registry_name}`)",
            hint="choose a name with `--as NAME`",
        )
    before, now = _comparable(receipt.inputs), _comparable(kept_inputs(server))
    same = (before, receipt.extra_arguments) == (now, server.extra_arguments)
    if not configuring and not same:
        change = f"change them with `mcpi configure {server.entry.name} --set KEY=VALUE`"
        if receipt.version != server.version:
            change = f"`mcpi update {server.entry.name} --to {server.version}` keeps them"
        raise McpInstallError(
            ErrorCode.SERVER_EXISTS,
            f"`{server.entry.name}` is installed with other inputs",
            hint=f"{change}, or add a second entry with `--as NAME`",
        )


def _comparable(inputs: tuple[InputValue, ...]) -> tuple[InputValue, ...]:
    """Return inputs without the accounts of secrets: another value is no other input."""
    return tuple(replace(value, keyring=None, variables=()) for value in inputs)


def _require_own_letters(entry_name: str, context: Context) -> None:
    """Refuse a name that differs from another one in case only: many disks see no difference.

    Raises:
        McpInstallError: `server-exists`.
    """
    for other in ReceiptStore(context.paths).receipts():
        if other.entry_name != entry_name and other.entry_name.lower() == entry_name.lower():
            raise McpInstallError(
                ErrorCode.SERVER_EXISTS,
                f"`{entry_name}` differs from the installed `{other.entry_name}` in case only",
                hint="choose another name with `--as NAME`",
            )


def require_own_index(server: ServerPlan, context: Context) -> None:
    """Refuse a package whose `server.json` names another index than the user's.

    Raises:
        McpInstallError: `index-forbidden`.
    """
    if server.remote is not None:
        return
    package = package_of(server.reviewed)
    if package.registry_base_url is not None:
        index = indexes.effective_index(context.machine, environments.uv_program())
        server_text.require_default_index(package, index.url)


def kept_inputs(server: ServerPlan) -> tuple[InputValue, ...]:
    """Return the inputs as a receipt keeps them: without any secret value."""
    return tuple(replace(v, value=None) if v.secret else v for v in server.inputs)
