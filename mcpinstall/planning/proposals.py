"""What a person still has to decide about a new manifest: a proposal for each, and why.  Pure.

Nothing here is a fact about the server: a permission is proposed only from what its documents say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import (
    Audience,
    Integrates,
    Manifest,
    PackageChoice,
    Permissions,
    ProbeSettings,
)
from mcpinstall.model.near_names import are_near
from mcpinstall.model.server_json import (
    STDIO,
    Input,
    InputFormat,
    NamedArgument,
    Package,
    ServerJson,
)

_CLIENTS = frozenset({"aiohttp", "httpx", "requests", "urllib3", "websockets"})
"""Packages with which programs reach the network; MCP's own library needs `httpx`."""
_PLACEHOLDER_VALUE = "none"


class Decision(NamedTuple):
    """One thing that a person decides: what is written for now, and why."""

    subject: str
    proposal: str
    why: str


def package_of(server: ServerJson, choice: PackageChoice | None) -> Package | None:
    """Return the package of a `server.json` that a manifest locks and starts; None for none."""
    if choice is None:
        return None
    wanted = (choice.registry_type, choice.identifier, choice.version, STDIO)
    fitting = (
        one
        for one in server.packages
        if (one.registry_type, one.identifier, one.version, one.transport) == wanted
    )
    return next(fitting, None)


def permissions(server: ServerJson, package: Package | None) -> Permissions:
    """Return what can be known: inputs that are paths are read, remotes are reached."""
    if package is None:
        hosts = (urlsplit(remote.url).hostname for remote in server.remotes)
        return Permissions(network=tuple(dict.fromkeys(filter(None, hosts))))
    paths = [name for name, given in inputs(package) if given.format is InputFormat.FILEPATH]
    return Permissions(read=tuple(f"{{{name}}}" for name in dict.fromkeys(paths)))


def integrates(server: ServerJson, package: Package | None) -> Integrates:
    """Return `cloud` for a server that runs elsewhere or asks for a secret."""
    if package is None or any(given.secret for _, given in inputs(package)):
        return Integrates.CLOUD
    del server
    return Integrates.LOCAL


def probe(package: Package | None) -> ProbeSettings:
    """Return harmless values for the inputs without which the server would not start."""
    if package is None:
        return ProbeSettings()
    needed = [
        (name, _harmless(given))
        for name, given in inputs(package)
        if given.required and given.default is None and given.value is None
    ]
    return ProbeSettings(inputs=tuple(sorted(dict(needed).items())))


def inputs(package: Package) -> Iterator[tuple[str, Input]]:
    """Yield every input of a package with the name by which it can be meant."""
    for argument in package.arguments:
        name = argument.name.lstrip("-") if isinstance(argument, NamedArgument) else argument.hint
        yield from _with_variables(name, argument.input)
    for variable in package.environment:
        yield from _with_variables(variable.name, variable.input)


def _with_variables(name: str | None, given: Input) -> Iterator[tuple[str, Input]]:
    if given.variables:
        yield from given.variables
    elif name and given.value is None:
        yield name, given


def _harmless(given: Input) -> str:
    if given.format is InputFormat.FILEPATH:
        return "{empty}"
    if given.format is InputFormat.NUMBER:
        return "1"
    if given.format is InputFormat.BOOLEAN:
        return "false"
    return given.choices[0] if given.choices else _PLACEHOLDER_VALUE


def alias(name: str, taken: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return a short name that is free, and why; empty where there is none.

    `taken` are the short names of a registry, and the servers that they stand for.
    """
    short = re.sub(r"[^a-z0-9.-]+", "-", name.rpartition("/")[2].lower())
    short = re.sub(r"^(mcp-server-|server-|mcp-)|(-mcp-server|-mcp|-server)$", "", short)
    short = short.strip(".-") or name.rpartition("/")[2].lower()
    for known, full in taken:
        if full == name:
            return "", f"`{known}` stands for it already"
        if known == short:
            return "", f"`{short}` is taken by `{full}`"
        if are_near(known, short):
            return "", f"`{short}` could be taken for `{known}`, which is `{full}`"
    return short, "it is free, and no other short name looks like it"


def decisions(
    manifest: Manifest, server: ServerJson, lock: Lock, short: tuple[str, str], *, probed: bool
) -> tuple[Decision, ...]:
    """Return everything that is left to a person, in the order of the manifest."""
    name, why_alias = short
    return (
        Decision("title, summary, try", manifest.title, "from its own words; say them plainly"),
        *_permissions(manifest, lock),
        _audience(manifest),
        _integrates(manifest),
        _publisher(manifest),
        Decision("alias", name or "none", why_alias),
        _criteria(manifest, probed=probed),
        *_inputs(server, manifest),
    )


def _permissions(manifest: Manifest, lock: Lock) -> Iterator[Decision]:
    found, local = manifest.permissions, manifest.package is not None
    clients = sorted(_CLIENTS & {package.name for package in lock.packages})
    why = "the hosts of its remotes" if not local else "no document says; read the source"
    if clients:
        why += f" (the closure has {', '.join(f'`{one}`' for one in clients)})"
    yield Decision("permissions.network", _shown(found.network), why)
    if local:
        why = "its inputs that are paths" if found.read else "no input is a path"
        yield Decision("permissions.read", _shown(found.read), why)
        yield Decision("permissions.write, exec", "nothing", "no document says; read the source")


def _shown(values: Sequence[str]) -> str:
    return ", ".join(values) or "nothing"


def _audience(manifest: Manifest) -> Decision:
    why = "nobody has reviewed it yet" if manifest.audience is Audience.TECHNICAL else "as it was"
    return Decision("audience", manifest.audience.value, why)


def _integrates(manifest: Manifest) -> Decision:
    cloud = manifest.integrates is Integrates.CLOUD
    why = "it runs elsewhere, or wants a secret of a service" if cloud else "it wants no secret"
    return Decision("integrates", manifest.integrates.value, why)


def _publisher(manifest: Manifest) -> Decision:
    if manifest.publisher is None:
        return Decision("publisher", "absent", manifest.publisher_absent)
    one = manifest.publisher
    return Decision(
        "publisher", f"{one.repository} by {one.workflow}", "every wheel of it is attested so"
    )


def _criteria(manifest: Manifest, *, probed: bool) -> Decision:
    done = ["locked", "inspected"] if manifest.package is not None else []
    done += ["probed"] if probed else []
    why = "claim what you did yourself; `source-read` only after reading the source"
    return Decision("reviews.criteria", ", ".join(done) or "none", why)


def _inputs(server: ServerJson, manifest: Manifest) -> Iterator[Decision]:
    package = package_of(server, manifest.package)
    if package is not None and not package.arguments and not package.environment:
        yield Decision("server.json", "no inputs", "add the arguments and variables that it takes")
