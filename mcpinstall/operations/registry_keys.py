"""Where the keys of a registry's owner are: in encrypted files, in devices, in services."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.secret import Secret
from mcpinstall.operations.context import Context

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

Passphrase = Callable[[Path], Secret]
"""Asks for the passphrase of a key, unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A key in a device or a service."""

    public: Path
    """File of its public half."""
    uri: str
    """Such as `hsm:2?label=registry`, `awskms:alias/registry`."""


KeyAt: TypeAlias = Path | Elsewhere
"""A file of a private key, or where it is instead."""


def elsewhere(text: str) -> Elsewhere:
    """Read `FILE.pub=URI`.

    Raises:
        McpInstallError: `input-invalid`.
    """
    public, equals, uri = text.partition("=")
    if not (public and equals and uri):
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{text}` doesn't say where a key is",
            hint="write `FILE.pub=URI`, such as `release.pub=awskms:alias/release`",
        )
    return Elsewhere(public=Path(public), uri=uri)


def open_keys(keys: Sequence[KeyAt], ask: Passphrase, context: Context) -> list[Signer]:
    """Open keys for signing.

    Raises:
        McpInstallError: what opening one refuses.
    """
    return [_open(key, ask, context) for key in dict.fromkeys(keys)]


def _open(key: KeyAt, ask: Passphrase, context: Context) -> Signer:
    cwd = context.machine.cwd
    if isinstance(key, Elsewhere):
        from mcpinstall.registries import tuf_elsewhere

        pin = functools.cache(lambda: ask(Path(key.uri)))  # asked once, for all that it signs
        return tuf_elsewhere.signer(cwd / key.public, key.uri, pin)
    from mcpinstall.registries import tuf_keys

    return tuf_keys.signer(cwd / key, ask(key))
