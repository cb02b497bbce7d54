"""Loaders of the commands of who writes manifests and owns a registry."""

from __future__ import annotations

from collections.abc import Callable

Function = Callable[..., int]


def manifest_sign() -> Function:
    """Load `mcpi manifest sign`."""
    from mcpinstall.cli.sign import sign

    return sign


def manifest_verify() -> Function:
    """Load `mcpi manifest verify`."""
    from mcpinstall.cli.manifest_verify import verify

    return verify


def registry_key() -> Function:
    """Load `mcpi registry key`."""
    from mcpinstall.cli.registry_owner import key

    return key


def registry_init() -> Function:
    """Load `mcpi registry init`."""
    from mcpinstall.cli.registry_owner import init

    return init


def registry_publish() -> Function:
    """Load `mcpi registry publish`."""
    from mcpinstall.cli.registry_owner import publish

    return publish


def registry_delegate() -> Function:
    """Load `mcpi registry delegate`."""
    from mcpinstall.cli.registry_owner import delegate

    return delegate


def registry_rotate() -> Function:
    """Load `mcpi registry rotate`."""
    from mcpinstall.cli.registry_owner import rotate

    return rotate
