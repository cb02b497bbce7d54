"""Changes of what a server is started with, or where it runs: inputs and remotes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields

from mcpinstall.model.server_json import (
    EnvironmentInput,
    HeaderInput,
    Input,
    NamedArgument,
    Package,
    PositionalArgument,
    RemoteServer,
)
from mcpinstall.planning.change import Change, ChangeKind, counted, gone, new, note, same
from mcpinstall.planning.change_manifest import differing
from mcpinstall.planning.described import Described

Argument = PositionalArgument | NamedArgument


def compare_inputs(before: Described, after: Described) -> Iterator[Change]:
    """Yield what changed of arguments, variables, remotes and their headers."""
    left, right = chosen_package(before), chosen_package(after)
    yield from _arguments(left, right)
    was, now = (_variables(package.environment if package else ()) for package in (left, right))
    yield from differing(ChangeKind.ENVIRONMENT, was, now)
    yield from _remotes(before, after)
    yield from _not_chosen(before, after)


def chosen_package(described: Described) -> Package | None:
    """Return the package of `server.json` that the manifest names, if it does."""
    choice = described.manifest.package
    if choice is None:
        return None
    wanted = (choice.registry_type, choice.identifier, choice.version, "stdio")
    for package in described.server.packages:
        found = (package.registry_type, package.identifier, package.version, package.transport)
        if found == wanted:
            return package
    return None


def _arguments(left: Package | None, right: Package | None) -> Iterator[Change]:
    for subject in ("arguments", "runtime_arguments"):
        before, after = _template(left, subject), _template(right, subject)
        if before != after:
            yield Change(
                kind=ChangeKind.ARGUMENTS,
                subject=subject.replace("_", " "),
                before=counted(len(before), "argument"),
                after=counted(len(after), "argument"),
                lines=(
                    *((gone(text),) for text in before if text not in after),
                    *((new(text),) for text in after if text not in before),
                )
                or tuple(note(f"{place}. ", same(text)) for place, text in enumerate(after, 1)),
            )


def _template(package: Package | None, field: str) -> list[str]:
    """Return the arguments of a package, one line each."""
    return [] if package is None else [_argument(one) for one in getattr(package, field)]


def _argument(argument: Argument) -> str:
    name = argument.name if isinstance(argument, NamedArgument) else f"<{argument.hint or ''}>"
    return f"{name}{' …' if argument.repeated else ''} {_input(argument.input)}"


def _input(wanted: Input) -> str:
    """Return what an input says besides the defaults, as JSON; its lines can't be broken."""
    plain = Input()
    said = {
        field.name: asdict(wanted)[field.name]
        for field in fields(wanted)
        if getattr(wanted, field.name) != getattr(plain, field.name)
    }
    return json.dumps(said, sort_keys=True, ensure_ascii=False)


def _variables(found: Iterable[EnvironmentInput | HeaderInput]) -> dict[str, str]:
    return {one.name: _input(one.input) for one in found}


# Remotes ---------------------------------------------------------------------------------------


def _remotes(before: Described, after: Described) -> Iterator[Change]:
    old, new_ = _chosen(before), _chosen(after)
    went, came = sorted(old.keys() - new_.keys()), sorted(new_.keys() - old.keys())
    for transport in sorted({key[0] for key in (*went, *came)}):
        was = [url for kind, url in went if kind == transport]
        now = [url for kind, url in came if kind == transport]
        kind = ChangeKind.REMOTE_ADDRESS if was else ChangeKind.REMOTE_ADDED
        yield Change(
            kind=kind if now else ChangeKind.REMOTE_REMOVED,
            subject=transport,
            before=", ".join(was),
            after=", ".join(now),
        )
    for key in sorted(new_):
        yield from differing(ChangeKind.HEADERS, _asked(old.get(key)), _asked(new_[key]))
    if not went and not came and list(old) != list(new_):
        yield Change(
            kind=ChangeKind.USE,
            subject="recommended remote",
            before=next(iter(old))[1],
            after=next(iter(new_))[1],
        )


def _chosen(described: Described) -> dict[tuple[str, str], RemoteServer | None]:
    """Return the reviewed remotes in the manifest's order, by transport and address."""
    known = {(one.transport, one.url): one for one in described.server.remotes}
    return {
        (one.transport, one.url): known.get((one.transport, one.url))
        for one in described.manifest.remotes
    }


def _asked(remote: RemoteServer | None) -> dict[str, str]:
    if remote is None:
        return {}
    inputs = {f"{remote.url} {{{name}}}": _input(value) for name, value in remote.variables}
    headers = {f"{remote.url} {name}": text for name, text in _variables(remote.headers).items()}
    return inputs | headers


def _not_chosen(before: Described, after: Described) -> Iterator[Change]:
    """Yield that `server.json` says something else of what the manifest doesn't use."""
    was, now = _unused(before), _unused(after)
    if was != now:
        yield Change(
            kind=ChangeKind.OTHER,
            subject="server.json: packages and remotes that are not used",
            before=", ".join(sorted(was - now)),
            after=", ".join(sorted(now - was)),
        )


def _unused(described: Described) -> frozenset[str]:
    used, remotes = chosen_package(described), _chosen(described)
    packages = (
        json.dumps(asdict(one), sort_keys=True) for one in described.server.packages if one != used
    )
    others = (
        json.dumps(asdict(one), sort_keys=True)
        for one in described.server.remotes
        if (one.transport, one.url) not in remotes
    )
    return frozenset((*packages, *others))
