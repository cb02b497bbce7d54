"""From answers to the address and headers of a remote server; which transport to recommend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import remote_url
from mcpinstall.model.host import EnvironmentValue, SecretPlace
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.manifest import Integrates, Manifest
from mcpinstall.model.server_json import SSE, STDIO, HeaderInput, RemoteServer
from mcpinstall.planning.inputs import Answers, Around, answered, input_texts, kept_value
from mcpinstall.planning.questions import Question, of_remote, prefix_of

__all__ = ["Resolved", "Transports", "questions", "resolve", "transports"]

questions = of_remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A remote server's address and headers, and what is still missing."""

    url: str
    """Empty while something is missing."""
    headers: tuple[EnvironmentValue, ...]
    values: tuple[InputValue, ...]
    missing: tuple[Question, ...]


def resolve(
    remote: RemoteServer,
    given: Mapping[str, Sequence[str]],
    around: Around,
) -> Resolved:
    """Return address and headers of `remote` for what the user gave (`--set`).

    An optional header without an answer is left out.  A secret is a reference to a variable that
    the user names; none is taken for its name alone, for it would leave this machine.

    Raises:
        McpInstallError: `input-unknown`, `input-invalid`, `policy-refused`.
    """
    answers = answered(of_remote(remote), given, around)
    missing = tuple(answers.missing)
    _require_no_credential(remote.url)
    return Resolved(
        url="" if missing else _url(remote, answers),
        headers=tuple(value for header in remote.headers for value in _header(header, answers)),
        values=tuple(answers.values),
        missing=missing,
    )


def address(
    remote: RemoteServer,
    given: Mapping[str, Sequence[str]],
    around: Around,
) -> str:
    """Return the address alone, for values of its variables.

    Raises:
        McpInstallError: `input-invalid`.
    """
    bare = replace(remote, headers=())
    return resolve(bare, given, around).url


def _url(remote: RemoteServer, answers: Answers) -> str:
    values = {
        name: text
        for name, wanted in remote.variables
        for text in input_texts(wanted, name, answers.texts)[:1]
    }
    try:
        return remote_url.filled(remote.url, values)
    except ValueError as error:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"the address of the server can't be made: {error}",
            hint="give another value with `--set`",
        ) from None


def _header(header: HeaderInput, answers: Answers) -> list[EnvironmentValue]:
    wanted, name = header.input, header.name
    asked = name if wanted.value is None else next((inner for inner, _ in wanted.variables), "")
    prefix = prefix_of(wanted)
    if prefix is not None and asked in answers.kept:
        return [kept_value(name, asked, answers, prefix)]
    secret = wanted.secret or any(inner.secret for _, inner in wanted.variables)
    found = input_texts(wanted, name, answers.texts)[:1]
    for text in found:
        if not text.isascii() or not text or text != text.strip():
            raise McpInstallError(
                ErrorCode.INPUT_INVALID,
                f"the header `{name}` would be empty, or hold characters that no header can, or a "
                "space at an end",
                hint=f"give it as `--set {asked}=…`",
            )
    place = SecretPlace.CLEAR if secret else None
    return [EnvironmentValue(name=name, value=text, secret=secret, place=place) for text in found]


def _require_no_credential(url: str) -> None:
    if name := remote_url.credential_in(url):
        raise McpInstallError(
            ErrorCode.POLICY_REFUSED,
            f"the address of the server holds a credential (`{name}`), which hosts and proxies "
            "write into their logs",
            hint="give it as a header instead, if the server takes one",
        )


# Which transport -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Transports:
    """Ways to use one server, and the one that is taken."""

    chosen: str
    """`stdio`, `streamable-http` or `sse`."""
    advice: str = ""
    """The recommendation and its reason; nothing where there is only one way."""


def transports(manifest: Manifest, wanted: str | None) -> Transports:
    """Return the transport that was asked for, else the recommended one (design §1).

    Raises:
        McpInstallError: `input-invalid` for one that the server does not offer.
    """
    remote = tuple(dict.fromkeys(choice.transport for choice in manifest.remotes))
    offered = ((STDIO,) if manifest.package else ()) + tuple(sorted(remote, key=SSE.__eq__))
    if wanted is not None and wanted not in offered:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{manifest.name}` has no transport `{wanted}`",
            hint=f"it has {', '.join(f'`{one}`' for one in offered)}",
        )
    best = _best(manifest, offered)
    if len(offered) == 1:
        return Transports(chosen=best)
    return Transports(chosen=wanted or best, advice=_advice(offered, best))


def _best(manifest: Manifest, offered: Sequence[str]) -> str:
    remote = [one for one in offered if one != STDIO]
    if STDIO in offered and (not remote or manifest.integrates is Integrates.LOCAL):
        return STDIO
    return remote[0]


def _advice(offered: Sequence[str], best: str) -> str:
    if STDIO not in offered:
        return f"`{best}` is recommended: `sse` is its predecessor, which hosts are dropping"
    if best == STDIO:
        why = "it works on things of this machine, which a server elsewhere does not reach"
    else:
        why = "it works on a cloud service: used where it runs, no program of it runs here"
    others = " or ".join(f"`--transport {one}`" for one in offered if one != best)
    return f"`{best}` is recommended: {why}; {others} chooses otherwise"
