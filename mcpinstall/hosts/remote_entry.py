"""The entry of a remote server in each host's own spelling."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import secret_text
from mcpinstall.model.host import EnvironmentValue, HostRow, Remote, RemoteShape, SecretPlace

_TITLES = {"streamable-http": "streamable HTTP", "sse": "SSE"}
_BEARER = "Bearer "
_VARIABLE = re.compile(r"\$\{?\s*[A-Za-z_][A-Za-z0-9_]*")


def why_not(row: HostRow, transport: str) -> str:
    """Return why this host takes no server over `transport`, as the end of a sentence."""
    if row.remote.why:
        return row.remote.why
    if _constants(row.remote, transport) is None:
        return f"it is not known to speak {_TITLES[transport]}"
    return ""


def value(row: HostRow, name: str, remote: Remote) -> dict[str, object]:
    """Return the value of a remote server's entry; its texts are known to be taken literally.

    Raises:
        McpInstallError: `host-unsupported` for a transport, a header or a secret that this host
            has no spelling for.
    """
    shape, constants = row.remote, _constants(row.remote, remote.transport)
    if constants is None or shape.why:
        raise _no_transport(row, remote)
    url_key = shape.sse_url_key if remote.transport == "sse" else shape.url_key
    name_key = shape.name_key or row.entry.name_key
    found: dict[str, object] = {name_key: name} if name_key else {}
    found |= {**dict(constants), url_key: remote.url}
    if shape.names_key and any(header.secret for header in remote.headers):
        _require_plain(row, remote)
    for key, part in _headers(row, name, remote.headers).items():
        found[key] = part
    return found


def address_keys(row: HostRow) -> tuple[str, ...]:
    """Return every field in which a host reads an address, the one that wins first."""
    shape = row.remote
    return tuple(dict.fromkeys((*shape.older_url_keys, shape.url_key, shape.sse_url_key)))


def keys(row: HostRow) -> tuple[str, ...]:
    """Return the fields of an entry that decide where its host connects, and what it sends."""
    shape = row.remote
    chosen = {key for key, _ in (*(shape.http or ()), *(shape.sse or ())) if key in _CHOOSING}
    own = (*address_keys(row), *shape.headers_key[:1], shape.bearer_key,
           shape.variables_key, shape.auth_key, shape.names_key)  # fmt: skip
    return tuple(dict.fromkeys((*sorted(chosen), *filter(None, own), *_ALSO_SENDING)))


def url_of(row: HostRow, fields: dict[object, object]) -> str | None:
    """Return the address in an entry, wherever its host reads it."""
    for key in dict.fromkeys((*address_keys(row), "url")):
        if isinstance(found := fields.get(key), str):
            return found
    return None


_CHOOSING = ("type", "transport")
"""Fields that choose the transport; others, such as `enabled`, are the user's to change."""

_ALSO_SENDING = ("headersHelper", "oauth", "bearer_token", "api_key_env", "query")
"""Fields that we never write, and that change what is sent."""


def _constants(shape: RemoteShape, transport: str) -> tuple[tuple[str, str | bool], ...] | None:
    return shape.sse if transport == "sse" else shape.http


def _headers(row: HostRow, name: str, headers: Sequence[EnvironmentValue]) -> dict[str, object]:
    """Return the fields that hold headers; each secret in the best way that the host has."""
    shape = row.remote
    texts: dict[str, str] = {}
    variables: dict[str, str] = {}
    fields: dict[str, object] = {}
    named = [_named(row, name, item) for item in headers]
    for item in named:
        if item.place is SecretPlace.HOST:
            texts[item.name] = secret_text.named(row, name, item) or ""
        elif item.reference is None:
            texts[item.name] = item.value or ""
        elif shape.template:
            texts[item.name] = item.prefix + shape.template.replace("%s", item.reference)
        elif shape.variables_key and not item.prefix:
            variables[item.name] = item.reference
        else:
            fields |= _referenced(row, item, fields)
    if shape.names_key and (names := [item.reference for item in named if item.reference]):
        fields[shape.names_key] = list(dict.fromkeys(names))
    if shape.variables_key and variables:
        fields[shape.variables_key] = variables
    return {**_nested(row, texts, fields), **fields}


def _require_plain(row: HostRow, remote: Remote) -> None:
    """Refuse a `$NAME` of somebody else's beside variables of ours, which the host would fill in.

    The host puts them into the address, too, which stands in logs (T23).
    """
    texts = (remote.url, *(header.value or header.prefix for header in remote.headers))
    if found := next(filter(None, map(_VARIABLE.search, texts)), None):
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} could put a secret in the place of `{found[0]}`, in an address or header",
            hint="choose another host",
        )


def _named(row: HostRow, entry_name: str, item: EnvironmentValue) -> EnvironmentValue:
    """Return a secret that its host looks up by a name alone with that name (Goose)."""
    by_name = row.remote.names_key and secret_text.named(row, entry_name, item) is None
    if item.place is not SecretPlace.HOST or not by_name:
        return item
    name = re.sub(r"[^A-Z0-9]|^(?=[0-9])", "_", f"{entry_name}_{item.name}".upper())
    return dataclasses.replace(item, reference=name, place=SecretPlace.VARIABLE)


def _referenced(
    row: HostRow, item: EnvironmentValue, fields: dict[str, object]
) -> dict[str, object]:
    """Return the field that names the variable of one header."""
    shape = row.remote
    bearer = item.name.lower() == "authorization" and item.prefix == _BEARER
    if shape.bearer_key and bearer:
        return {shape.bearer_key: item.reference}
    if shape.auth_key and shape.auth_key not in fields:
        known = {
            "variable": item.reference or "",
            "header": item.name,
            "text": f"{item.prefix}{{token}}",
        }
        filled = {
            key: known[text.strip("{}")] if text.startswith("{") else text
            for key, text in shape.auth
        }
        return {shape.auth_key: filled}
    raise _no_reference(row, item)


def _nested(row: HostRow, texts: dict[str, str], fields: dict[str, object]) -> dict[str, object]:
    """Return the literal headers below their way of keys."""
    shape = row.remote
    if not texts:
        return {}
    if not shape.headers_key:
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} sends no headers of our choice, and the server wants "
            f"{', '.join(f'`{name}`' for name in texts)}",
            hint="choose another host",
        )
    if shape.auth_key in fields:
        raise McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} takes either one header with a secret or other headers, and the server "
            "wants both",
            hint="choose another host",
        )
    found: dict[str, object] = dict(texts)
    for key in reversed(shape.headers_key):
        found = {key: found}
    return found


def _no_reference(row: HostRow, item: EnvironmentValue) -> McpInstallError:
    shape = row.remote
    if shape.variables_key:
        return McpInstallError(
            ErrorCode.HOST_UNSUPPORTED,
            f"{row.title} takes the whole text of `{item.name}` from a variable, and can't put "
            f"`{item.prefix.strip()}` before it",
            hint="choose another host",
        )
    ways = f": `{shape.bearer_key}` is for a bearer token alone" if shape.bearer_key else ""
    return McpInstallError(
        ErrorCode.HOST_UNSUPPORTED,
        f"{row.title} can't take the header `{item.name}` from the variable `{item.reference}`"
        f"{ways}",
        hint=f"paste the entry without it and sign in or add the header in {row.title} itself, or "
        "let the secret stand in its file in clear text with `--plaintext-secrets`",
    )


def _no_transport(row: HostRow, remote: Remote) -> McpInstallError:
    others = [title for kind, title in _TITLES.items() if not why_not(row, kind)]
    hint = row.remote.instead or "choose another host"
    if others:
        hint = f"it speaks {' and '.join(others)}: `--transport` chooses it if the server does, too"
    return McpInstallError(
        ErrorCode.HOST_UNSUPPORTED,
        f"{row.title} can't have the server at `{remote.url}`: {why_not(row, remote.transport)}",
        hint=hint,
    )
