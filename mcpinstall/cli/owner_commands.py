"""The part of the table of commands that is for owners of a registry."""

from __future__ import annotations

from mcpinstall.cli.command import OWN, Command, Function


def _registry_key() -> Function:
    from mcpinstall.cli.registry_owner import key

    return key


def _registry_init() -> Function:
    from mcpinstall.cli.registry_owner import init

    return init


def _registry_publish() -> Function:
    from mcpinstall.cli.registry_owner import publish

    return publish


def _registry_delegate() -> Function:
    from mcpinstall.cli.registry_owner import delegate

    return delegate


def _registry_sign() -> Function:
    from mcpinstall.cli.registry_sign import sign

    return sign


def _registry_rotate() -> Function:
    from mcpinstall.cli.registry_owner import rotate

    return rotate


def _registry_prune() -> Function:
    from mcpinstall.cli.registry_prune import prune

    return prune


OWNER_COMMANDS = (
    Command(
        "registry key",
        "Make a key, encrypted",
        OWN,
        _registry_key,
        ("mcpi registry key root-1.pem",),
    ),
    Command(
        "registry init",
        "Begin a registry that is signed",
        OWN,
        _registry_init,
        ("mcpi registry init site --root-key r.pem --targets-key t.pem --online-key o.pem",),
    ),
    Command(
        "registry publish",
        "Sign manifests, or what expires soon",
        OWN,
        _registry_publish,
        (
            "mcpi registry publish site --from manifests --key t.pem --key o.pem",
            "mcpi registry publish site --key o.pem",
        ),
    ),
    Command(
        "registry sign",
        "Add your signature to what is staged",
        OWN,
        _registry_sign,
        ("mcpi registry sign site", "mcpi registry sign site --key t.pem"),
    ),
    Command(
        "registry delegate",
        "Give a namespace its own reviewers",
        OWN,
        _registry_delegate,
        ("mcpi registry delegate site io.github.user --to ana.pem.pub --key t.pem --key ana.pem",),
    ),
    Command(
        "registry rotate",
        "Change the keys of a role",
        OWN,
        _registry_rotate,
        ("mcpi registry rotate site online --add new.pem.pub --revoke 0a1b2c3d --key a.pem",),
    ),
    Command(
        "registry prune",
        "Delete what no client asks for",
        OWN,
        _registry_prune,
        ("mcpi registry prune site --dry-run",),
    ),
)
