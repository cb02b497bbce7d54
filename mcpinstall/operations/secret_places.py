"""Where each secret of a plan goes, host by host, and what the keyring gets (design §9).

A secret that nobody placed goes to the host's own input, else to the keyring, else it is a
reference to a variable of the user's.  Clear text is never chosen here.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mcpinstall import environments, keyrings
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import EnvironmentValue, HostRow, SecretPlace, ServerEntry
from mcpinstall.model.plan import Request, ServerPlan
from mcpinstall.model.receipt import HistoryRecord, Receipt
from mcpinstall.model.secret import KeptSecret, Secret
from mcpinstall.operations.context import Context
from mcpinstall.receipts.store import ReceiptStore

_TOKEN_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Servers with the accounts of their secrets, and what the keyring gets after the yes."""

    servers: tuple[ServerPlan, ...]
    kept: tuple[KeptSecret, ...]


# In a host -------------------------------------------------------------------------------------


def entry_for(server: ServerPlan, row: HostRow) -> ServerEntry:
    """Return the entry that one host gets: each secret in its place.

    Raises:
        McpInstallError: `host-unsupported` where the host is to keep a secret and can't.
    """
    entry = server.entry
    if entry.remote is not None:  # whoever sends a header can't be started by us
        hint = "`--secret-from-env INPUT=VARIABLE` refers to a variable of yours"
        headers = tuple(_in_row(one, row, hint, keyring=False) for one in entry.remote.headers)
        return replace(entry, remote=replace(entry.remote, headers=headers))
    hint = "`--secret {}` keeps it in the keyring of your system"
    env = tuple(_in_row(item, row, hint, keyring=server.keyring) for item in entry.env)
    launched = any(item.place is SecretPlace.KEYRING for item in env)
    if launched and server.launcher is not None:
        started = server.launcher
        return replace(entry, command=started.executable, args=started.arguments, env=env)
    return replace(entry, env=env)


def _in_row(item: EnvironmentValue, row: HostRow, hint: str, *, keyring: bool) -> EnvironmentValue:
    if not item.secret:
        return item
    place = item.place or _open_place(row, item, keyring=keyring)
    if place is SecretPlace.HOST and not _can_keep(row, item):
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} does not ask for secrets and keep them",
            hint=hint.format(item.asked),
        )
    if place in (SecretPlace.HOST, SecretPlace.KEYRING):
        return replace(item, reference=None, place=place)
    return replace(item, place=place)


def _open_place(row: HostRow, item: EnvironmentValue, *, keyring: bool) -> SecretPlace:
    if _can_keep(row, item):
        return SecretPlace.HOST
    return SecretPlace.KEYRING if keyring else SecretPlace.VARIABLE


def _can_keep(row: HostRow, item: EnvironmentValue) -> bool:
    """Tell whether a host asks for a secret itself; some know a whole variable only."""
    inputs = row.secret_inputs
    return inputs is not None and (inputs.template is not None or item.is_whole)


def sentences(entry: ServerEntry, row: HostRow, server: ServerPlan) -> tuple[str, ...]:
    """Return what a person must hear of the places of an entry's secrets in one host."""
    values = (*entry.env, *(entry.remote.headers if entry.remote else ()))
    told = []
    asked = [f"`{item.name}`" for item in values if item.place is SecretPlace.HOST]
    if asked and row.secret_inputs is not None:
        told.append(f"{', '.join(asked)}: {row.title} {row.secret_inputs.note}")
    undecided = {item.name for item in server.entry.env if item.secret and item.place is None}
    told += [
        f"there is no keyring here, so `{item.name}` is taken from your variable `{item.reference}`"
        for item in entry.env
        if item.name in undecided and item.place is SecretPlace.VARIABLE
    ]
    return tuple(told)


# In a plan -------------------------------------------------------------------------------------


def use_keyring(
    environment: Iterable[EnvironmentValue], receipt: Receipt | None, context: Context
) -> bool:
    """Tell whether secrets that nobody placed go to the keyring: there is one.

    It is asked for only when there is such a secret.  What an installed entry has there stays
    there, also while nobody can look (in an SSH session).
    """
    undecided = {item.asked for item in environment if item.secret and item.place is None}
    if receipt is not None and any(_token(receipt, name) for name in undecided):
        return True
    return bool(undecided) and keyrings.is_available(context.machine.platform)


def unanswered(
    environment: Sequence[EnvironmentValue],
    entry_name: str,
    rows: Sequence[HostRow],
    request: Request,
    context: Context,
) -> tuple[str, ...]:
    """Return the secrets that the keyring is to hold, and that nobody has given yet.

    Raises:
        McpInstallError: `keyring-unavailable` where it was asked for and is not there.
    """
    receipt = ReceiptStore(context.paths).receipt(entry_name)
    keyring = use_keyring(environment, receipt, context)
    wanted = _for_keyring(environment, rows, keyring=keyring)
    if not wanted:
        return ()
    given = _given(entry_name, request)
    asked = tuple(
        name for name in wanted if name not in given and _is_kept(receipt, name, context) is False
    )
    if asked:
        keyrings.open_keyring(context.machine.platform)  # or refuse, before anybody types it
    return asked


def _for_keyring(
    environment: Iterable[EnvironmentValue], rows: Sequence[HostRow], *, keyring: bool
) -> list[str]:
    """Return the names of the secrets that at least one host gets from the keyring."""
    return [
        item.asked
        for item in environment
        if item.place is SecretPlace.KEYRING
        or (
            item.secret
            and item.place is None
            and any(_open_place(row, item, keyring=keyring) is SecretPlace.KEYRING for row in rows)
        )
    ]


def placed(
    servers: Sequence[ServerPlan], rows: Sequence[HostRow], request: Request, context: Context
) -> Placed:
    """Return the servers of a plan with launcher and accounts, and what is to be stored.

    Raises:
        McpInstallError: `keyring-unavailable` where the keyring was asked for and is not there.
    """
    found = [_placed(server, rows, request, context) for server in servers]
    return Placed(
        servers=tuple(server for server, _ in found),
        kept=tuple(kept for _, several in found for kept in several),
    )


def _placed(
    server: ServerPlan, rows: Sequence[HostRow], request: Request, context: Context
) -> tuple[ServerPlan, tuple[KeptSecret, ...]]:
    if server.remote is not None:
        return server, ()
    receipt = ReceiptStore(context.paths).receipt(server.entry.name)
    keyring = bool(rows) and use_keyring(server.entry.env, receipt, context)
    names = _for_keyring(server.entry.env, rows, keyring=keyring)
    given = _given(server.entry.name, request)
    if any(name in given or not _token(receipt, name) for name in names):
        keyrings.open_keyring(context.machine.platform)  # or refuse: there is something to store
    tokens = {
        name: secrets.token_hex(_TOKEN_BYTES)
        if name in given
        else _token(receipt, name) or secrets.token_hex(_TOKEN_BYTES)
        for name in dict.fromkeys((*names, *_others(receipt, rows)))
        if name in names or name not in given
    }
    inputs = tuple(
        replace(value, keyring=tokens.get(value.name), variables=_variables(server, value.name))
        if value.secret
        else value
        for value in server.inputs
    )
    kept = tuple(
        KeptSecret(
            account=account_of(server.slug, server.entry.name, name, tokens[name], context),
            label=f"{name} of {server.entry.name} (mcpinstall)",
            secret=given[name],
        )
        for name in dict.fromkeys(names)
        if name in given
    )
    launcher = environments.launcher_command(
        environments.server_home(context.paths.servers, server.slug),
        server.entry.name,
        _own_arguments(server, context),
        context.machine,
        server.interpreter,
    )
    return replace(server, inputs=inputs, launcher=launcher, keyring=keyring), kept


def _variables(server: ServerPlan, name: str) -> tuple[tuple[str, str, str], ...]:
    """Return what the launcher sets to a secret, where that is more than its own variable."""
    found = tuple(
        (item.name, item.prefix, item.suffix) for item in server.entry.env if item.asked == name
    )
    return () if found == ((name, "", ""),) else found


def sets_other_text(server: ServerPlan, context: Context) -> bool:
    """Tell whether the launcher of an installed entry is to put other text around a secret."""
    receipt = ReceiptStore(context.paths).receipt(server.entry.name)
    before = {value.name: value.variables for value in receipt.inputs} if receipt else {}
    return any(before.get(value.name, ()) != value.variables for value in server.inputs if receipt)


def _others(receipt: Receipt | None, rows: Sequence[HostRow]) -> tuple[str, ...]:
    """Return the secrets that hosts which are no part of this plan get from the keyring."""
    if receipt is None or set(receipt.hosts) <= {row.id for row in rows}:
        return ()
    return tuple(value.name for value in receipt.inputs if value.keyring)


def _own_arguments(server: ServerPlan, context: Context) -> tuple[str, ...]:
    """Return the arguments of the server itself, without those that start it."""
    home = environments.server_home(context.paths.servers, server.slug)
    bare = environments.command(home, (), context.machine, server.interpreter)
    return server.command.arguments[len(bare.arguments) :]


def _given(entry_name: str, request: Request) -> dict[str, Secret]:
    """Return what was typed for one entry, by the name of its input."""
    prefix = f"{entry_name}."
    return {key.removeprefix(prefix): secret for key, secret in request.secrets}


# In the keyring --------------------------------------------------------------------------------


def account_of(slug: str, entry_name: str, name: str, token: str, context: Context) -> str:
    """Return the account of one secret of an entry."""
    return keyrings.account(str(context.paths.data), slug, entry_name, name, token)


def accounts(receipt: Receipt, context: Context) -> dict[str, str]:
    """Return input → account of the secrets that the keyring has for an entry."""
    from mcpinstall.operations import lookup

    slug = lookup.receipt_slug(receipt)
    return {
        value.name: account_of(slug, receipt.entry_name, value.name, value.keyring, context)
        for value in receipt.inputs
        if value.keyring
    }


def _token(receipt: Receipt | None, name: str) -> str | None:
    if receipt is None:
        return None
    return next((value.keyring for value in receipt.inputs if value.name == name), None)


def _is_kept(receipt: Receipt | None, name: str, context: Context) -> bool | None:
    """Tell whether the keyring has the secret of an installed entry; None if nobody can tell."""
    account = accounts(receipt, context).get(name) if receipt is not None else None
    if account is None:
        return False
    try:
        return keyrings.open_keyring(context.machine.platform).holds(account)
    except McpInstallError:
        return None


def store(kept: Sequence[KeptSecret], context: Context) -> None:
    """Put secrets into the keyring, as a part of a change.

    Raises:
        McpInstallError: `keyring-unavailable`, `keyring-locked`.
    """
    if kept:
        keyring = keyrings.open_keyring(context.machine.platform)
        for one in kept:
            keyring.write(one)


def forget(gone: Sequence[str], context: Context) -> tuple[str, ...]:
    """Delete accounts from the keyring; return a note where that failed."""
    if not gone:
        return ()
    try:
        keyring = keyrings.open_keyring(context.machine.platform)
        for account in gone:
            keyring.delete(account)
    except McpInstallError as error:
        return (_left("may still have", gone, error.message),)
    return ()


def left(record: HistoryRecord, context: Context) -> tuple[str, ...]:
    """Return a note on what a finished change should have taken out of the keyring, and did not.

    Nothing of mcpinstall's leads to it by then, so the person must hear of it.
    """
    gone = record.secrets_removed
    if not gone:
        return ()
    try:
        keyring = keyrings.open_keyring(context.machine.platform)
        there = [account for account in gone if keyring.holds(account)]
    except McpInstallError as error:
        return (_left("may still have", gone, error.message),)
    return (_left("still has", there, "it did not let go of it"),) if there else ()


def _left(has: str, gone: Sequence[str], why: str) -> str:
    listed = ", ".join(f"`{account}`" for account in gone)
    return (
        f"the keyring {has} {listed} of the service `mcpinstall` ({why}); no server uses it: "
        "take it out with the keyring's own program"
    )


def going(before: Sequence[Receipt], after: Sequence[Receipt], context: Context) -> tuple[str, ...]:
    """Return what to tell, before the question, of secrets that leave the keyring for good."""
    stay = {account for one in after for account in accounts(one, context).values()}
    gone = [
        f"`{name}` of `{one.entry_name}`"
        for one in before
        for name, account in accounts(one, context).items()
        if account not in stay
    ]
    end = "leaves the keyring, too, and `mcpi undo` can't bring it back"
    return tuple(f"the secret {secret} {end}" for secret in gone)


def missing(receipt: Receipt, context: Context) -> tuple[str, ...]:
    """Return the secrets of an entry that should be in the keyring, and surely are not."""
    names = accounts(receipt, context)
    return tuple(name for name in names if _is_kept(receipt, name, context) is False)


def lost(receipts: Sequence[Receipt], context: Context) -> tuple[str, ...]:
    """Return a note on each secret of a former receipt that the keyring does not have any more."""
    notes = []
    for receipt in receipts:
        for name in accounts(receipt, context):
            there = _is_kept(receipt, name, context)
            again = f"`mcpi secret set {receipt.entry_name} {name}` stores it again"
            if there is False:
                fact = f"the secret `{name}` of `{receipt.entry_name}` is not in the keyring any"
                notes.append(f"{fact} more: {again}")
            elif there is None:
                fact = f"whether the keyring still has `{name}` of `{receipt.entry_name}` can't be"
                notes.append(f"{fact} told here; if not, {again}")
    return tuple(notes)
