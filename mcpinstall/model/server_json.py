"""`server.json`, the official format, as values (schema 2025-12-11).  Parsed by `server_text`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

STDIO = "stdio"
STREAMABLE_HTTP = "streamable-http"
SSE = "sse"
REMOTE_TRANSPORTS = (STREAMABLE_HTTP, SSE)
"""Transports of a remote server, the better first: the other one is deprecated."""
TRANSPORTS = (STDIO, *REMOTE_TRANSPORTS)


class InputFormat(StrEnum):
    """Form of an input's value."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    FILEPATH = "filepath"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A value that is fixed, has a default, or must be given by the user."""

    description: str = ""
    required: bool = False
    format: InputFormat = InputFormat.STRING
    value: str | None = None
    """Fixed text; `{name}` in it stands for one of `variables`."""
    secret: bool = False
    default: str | None = None
    placeholder: str | None = None
    choices: tuple[str, ...] = ()
    variables: tuple[tuple[str, Input], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionalArgument:
    """An argument given by its place."""

    input: Input
    hint: str | None = None
    """`valueHint`: a label, which also names the input."""
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArgument:
    """An argument given as `--name value`."""

    name: str
    """The flag, dashes included."""
    input: Input
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentInput:
    """An environment variable of the server."""

    name: str
    input: Input


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderInput:
    """An HTTP header that a client of a remote server sends."""

    name: str
    input: Input


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteServer:
    """One way to use the server where it runs: its address, over HTTP."""

    transport: str
    """`streamable-http` or `sse`."""
    url: str
    """Address; `{name}` in it stands for one of `variables`."""
    headers: tuple[HeaderInput, ...] = ()
    variables: tuple[tuple[str, Input], ...] = ()

    def input_names(self) -> Iterator[str]:
        """Yield every name by which an input of it can be meant."""
        yield from (name for name, _ in self.variables)
        for header in self.headers:
            yield header.name
            yield from (name for name, _ in header.input.variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One way to get the server as a package."""

    registry_type: str
    identifier: str
    version: str | None
    transport: str
    registry_base_url: str | None = None
    file_sha256: str | None = None
    runtime_hint: str | None = None
    runtime_arguments: tuple[PositionalArgument | NamedArgument, ...] = ()
    arguments: tuple[PositionalArgument | NamedArgument, ...] = ()
    environment: tuple[EnvironmentInput, ...] = ()

    def input_names(self) -> Iterator[str]:
        """Yield every name by which an input of it can be meant."""
        for argument in self.arguments:
            yield from (name for name, _ in argument.input.variables)
            if isinstance(argument, NamedArgument):
                yield argument.name.lstrip("-")
            elif argument.hint:
                yield argument.hint
        for variable in self.environment:
            yield variable.name
            yield from (name for name, _ in variable.input.variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerJson:
    """What a `server.json` says, after schema and semantic rules."""

    name: str
    description: str
    version: str
    title: str | None = None
    repository: str | None = None
    packages: tuple[Package, ...] = ()
    remotes: tuple[RemoteServer, ...] = ()
