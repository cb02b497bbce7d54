"""The part of the table of commands that is for authors and reviewers of manifests."""

from __future__ import annotations

from mcpinstall.cli.command import Command, Function


def _manifest_verify() -> Function:
    from mcpinstall.cli.manifest_verify import verify

    return verify


def _manifest_sign() -> Function:
    from mcpinstall.cli.sign import sign

    return sign


_PUBLISH = "Publish"

AUTHOR_COMMANDS = (
    Command(
        "manifest verify",
        "Check manifests before people review",
        _PUBLISH,
        _manifest_verify,
        ("mcpi manifest verify manifests", "mcpi manifest verify --changed-since main --offline"),
    ),
    Command(
        "manifest sign",
        "Sign a registry, or a review",
        _PUBLISH,
        _manifest_sign,
        ("mcpi manifest sign site", "mcpi manifest sign site/com.example/clock/1.2/manifest.toml"),
    ),
)
