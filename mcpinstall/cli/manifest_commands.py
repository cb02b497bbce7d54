"""The commands that write, check and sign manifests: their part of the table."""

from __future__ import annotations

from mcpinstall.cli.command import Command, Function


def _new() -> Function:
    from mcpinstall.cli.manifest_new import new

    return new


def _lock() -> Function:
    from mcpinstall.cli.manifest_lock import lock

    return lock


def _index() -> Function:
    from mcpinstall.cli.manifest_index import index

    return index


def _diff() -> Function:
    from mcpinstall.cli.manifest_diff import diff

    return diff


def _verify() -> Function:
    from mcpinstall.cli.manifest_verify import verify

    return verify


def _sign() -> Function:
    from mcpinstall.cli.sign import sign

    return sign


_GROUP = "Publish"

MANIFEST_COMMANDS = (
    Command(
        "manifest new", "Make a manifest from a package or server.json", _GROUP, _new,
        ("mcpi manifest new pypi:mcp-server-time", "mcpi manifest new server.json --into site"),
    ),
    Command(
        "manifest lock", "Lock servers again, to newer packages", _GROUP, _lock,
        (
            "mcpi manifest lock manifests --report changes.md",
            "mcpi manifest lock manifests/io.github.user/clock/1.2 --version 1.3 --probe",
        ),
    ),
    Command(
        "manifest index", "List a registry's manifests again", _GROUP, _index,
        ("mcpi manifest index manifests", "mcpi manifest index site --yes"),
    ),
    Command(
        "manifest diff", "Show what changed between two versions", _GROUP, _diff,
        (
            "mcpi manifest diff time@2026.10.19 manifests/com.example/clock/1.1",
            "mcpi manifest diff installed:time time --format markdown",
        ),
    ),
    Command(
        "manifest verify", "Check manifests before people review", _GROUP, _verify,
        ("mcpi manifest verify manifests", "mcpi manifest verify --changed-since main --offline"),
    ),
    Command(
        "manifest sign", "Sign a registry, or a review", _GROUP, _sign,
        ("mcpi manifest sign site", "mcpi manifest sign site/com.example/clock/1.2/manifest.toml"),
    ),
)  # fmt: skip
