"""`mcpi doctor`: everything that could keep a server from starting, on one page.

Only files are read: no server starts, nothing is fetched, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations import doctor_hosts, doctor_servers, doctor_state, policies
from mcpinstall.operations.context import Context
from mcpinstall.operations.doctor_hosts import Looked
from mcpinstall.operations.doctor_servers import Examined
from mcpinstall.operations.doctor_state import State
from mcpinstall.operations.trouble import Trouble, Unseen

_INSTALLED = "installed servers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was looked at, and what is wrong with it."""

    servers: tuple[Examined, ...]
    hosts: Looked
    state: State
    troubles: tuple[Trouble, ...]
    unseen: tuple[Unseen, ...]
    """What could not be looked at, and why."""

    @property
    def knows_servers(self) -> bool:
        """Tell whether it could be read what is installed."""
        return all(one.subject != _INSTALLED for one in self.unseen)


def examine(context: Context, *, full: bool = False) -> Report:
    """Look at installed servers, at every host's files and at mcpinstall's own state.

    Installed files are compared with the receipts' digests; with `full`, as `mcpi verify` does,
    with the checked archives.
    """
    unseen: list[Unseen] = []
    troubles: list[Trouble] = []
    try:
        servers = doctor_servers.examine(context, full=full)
    except McpInstallError as error:
        servers = ()
        unseen.append(Unseen(subject=_INSTALLED, error=error))
        if error.code is ErrorCode.STATE_INVALID:
            troubles.append(doctor_state.damaged(error))
    unseen += _policy(context)
    looked = doctor_hosts.look(context, doctor_servers.told(servers, context))
    state = doctor_state.look(context)
    troubles += [one for server in servers for one in server.troubles]
    troubles += [*looked.troubles, *state.troubles]
    told = {one.error.message for one in unseen}
    unseen += [one for s in servers for one in s.unseen if one.error.message not in told]
    unseen += looked.unseen
    return Report(
        servers=servers,
        hosts=looked,
        state=state,
        troubles=tuple(_once(troubles)),
        unseen=tuple(unseen),
    )


def _policy(context: Context) -> tuple[Unseen, ...]:
    """Return why the policy of today can't be told, if it can't: then nothing can be installed."""
    try:
        policies.load(context)
    except McpInstallError as error:
        return (Unseen(subject="policy", error=error),)
    return ()


def _once(troubles: Iterable[Trouble]) -> Iterable[Trouble]:
    """Return each trouble once; what several products say of one file names them all."""
    found: dict[object, Trouble] = {}
    seen = {(one.kind, one.path, one.entry, one.subject): one for one in troubles}.values()
    for one in seen:
        key = (one.kind, one.path, one.entry, one.message, one.fix)
        same = found.get(key if one.path else one)
        found[key if one.path else one] = (
            one if same is None else replace(same, subject=f"{same.subject}, {one.subject}")
        )
    return found.values()
