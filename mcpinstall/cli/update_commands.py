"""The commands that move installed servers from version to version: their part of the table."""

from __future__ import annotations

from mcpinstall.cli.command import Command, Function


def _update() -> Function:
    from mcpinstall.cli.update import update

    return update


def _outdated() -> Function:
    from mcpinstall.cli.outdated import outdated

    return outdated


def _rollback() -> Function:
    from mcpinstall.cli.rollback import rollback

    return rollback


def _hold() -> Function:
    from mcpinstall.cli.hold import hold

    return hold


def _unhold() -> Function:
    from mcpinstall.cli.hold import unhold

    return unhold


_CHANGE, _LOOK = "Change", "Look"

UPDATE_COMMANDS = (
    Command(
        "update", "Move servers to newer versions", _CHANGE, _update,
        ("mcpi update", "mcpi update time --dry-run", "mcpi update time --to 2026.10.19"),
        ("upgrade",),
    ),
    Command(
        "rollback", "Go back to the version before an update", _CHANGE, _rollback,
        ("mcpi rollback time", "mcpi rollback"),
    ),
    Command("hold", "Keep servers in their version", _CHANGE, _hold, ("mcpi hold time",)),
    Command("unhold", "Let servers be updated again", _CHANGE, _unhold, ("mcpi unhold time",)),
    Command(
        "outdated", "Say for which servers there is something newer", _LOOK, _outdated,
        ("mcpi outdated", "mcpi outdated --check", "mcpi outdated time --json"),
    ),
)  # fmt: skip
