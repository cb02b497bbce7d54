"""Options that several commands have, declared once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from mcpinstall.errors import ErrorCode, McpInstallError

Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what is needed.")]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]
Form: TypeAlias = Annotated[
    str,
    typer.Option(
        "--format", metavar="FORMAT", help="text, json, sarif, github, junit or markdown."
    ),
]
Pythons: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--python", metavar="V", help="Interpreter to start it with; repeatable."),
]
Accept: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="SHA256=REASON",
        help="Why a start-up hook or program with these very bytes is accepted; repeatable.",
    ),
]
FailOn: TypeAlias = Annotated[
    str,
    typer.Option("--fail-on", metavar="SEVERITY", help="low, medium, high, critical or never."),
]
Servers: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="NAME[@VERSION]...", help="Servers; one plan for all.")
]
Installed: TypeAlias = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME...]", help="Installed servers; else all.")
]
Some: TypeAlias = Annotated[list[str], typer.Argument(metavar="NAME...", help="Installed servers.")]
Hosts: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        "-H",
        metavar="HOST",
        help="Host, such as `cursor`, `HOST=PATH` for one of its files, or `all`; repeatable.",
    ),
]
Settings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Value of an input, or `SERVER.KEY=VALUE`; repeatable.",
    ),
]
Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", "-y", help="Answer the question with yes; skips no check.")
]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Show what would be done; change nothing.")
]
Digest: TypeAlias = Annotated[
    str | None,
    typer.Option("--expect-digest", metavar="DIGEST", help="Refuse any plan but this one."),
]
Python: TypeAlias = Annotated[
    str | None,
    typer.Option("--python", metavar="PYTHON", help="Interpreter: a path or a version."),
]
Offline: TypeAlias = Annotated[
    bool, typer.Option("--offline", help="Use only what was downloaded before.")
]
Plaintext: TypeAlias = Annotated[
    bool,
    typer.Option("--plaintext-secrets", help="Let secrets stand in host files in clear text."),
]
SecretNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--secret", metavar="NAME",
        help="Ask for this secret, unseen, and keep it in the keyring; repeatable.",
    ),
]  # fmt: skip
SecretsFromEnvironment: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--secret-from-env", metavar="NAME=VARIABLE",
        help="Refer to a variable of yours for this secret; repeatable.",
    ),
]  # fmt: skip
EntryName: TypeAlias = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Name of the entry in the hosts.")
]
Transport: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--transport",
        metavar="TRANSPORT",
        help="`stdio`, `streamable-http` or `sse`, where a server offers several.",
    ),
]
Headers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="NAME",
        help="HTTP header with a secret that a `remote:URL` wants; repeatable.",
    ),
]
LockFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--lock",
        metavar="FILE",
        help="Replay the lock of an earlier plan, for a server that nobody reviewed.",
    ),
]
PrintOnly: TypeAlias = Annotated[
    bool, typer.Option("--print", help="Print the entry; change no host file.")
]
Replace: TypeAlias = Annotated[
    bool, typer.Option("--replace", help="Replace another entry of the same name.")
]
StripBom: TypeAlias = Annotated[
    bool,
    typer.Option("--strip-bom", help="Take a byte-order mark off where the host rejects one."),
]
Allow: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="WHAT",
        help="Accept `unreviewed`, `stale`, `yanked` or `vulnerable`; repeatable.",
    ),
]
AllowBack: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="WHAT",
        help="Accept `vulnerable`: a version with a known vulnerability.",
    ),
]


def secrets(
    in_keyring: list[str] | None, from_environment: list[str] | None
) -> tuple[tuple[str, str], ...]:
    """Return where secrets are to be, as the settings that say so.

    Raises:
        McpInstallError: `usage`; what was typed is not shown, for it may be a secret.
    """
    for name in in_keyring or ():
        if "=" in name:
            raise McpInstallError(
                ErrorCode.USAGE,
                "`--secret` takes a name alone: a secret on the command line is read by others",
                hint="it asks for the secret, unseen",
            )
    pairs = [text.partition("=") for text in from_environment or ()]
    for name, _, variable in pairs:
        if not name or not variable:
            raise McpInstallError(
                ErrorCode.USAGE,
                "`--secret-from-env` takes `NAME=VARIABLE`",
                hint="for example `--secret-from-env TOKEN=MY_TOKEN`",
            )
    kept = [(name, "keyring:") for name in in_keyring or ()]
    return (*kept, *((name, f"env:{variable}") for name, _, variable in pairs))


def settings(texts: list[str] | None) -> tuple[tuple[str, str], ...]:
    """Return `KEY=VALUE` texts as pairs.

    Raises:
        McpInstallError: `usage`; the text is not shown, for it may be a secret.
    """
    pairs = []
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise McpInstallError(
                ErrorCode.USAGE,
                "`--set` takes `KEY=VALUE`",
                hint="for example `--set repository=~/code/app`",
            )
        pairs.append((key, value))
    return tuple(pairs)


def allowances(texts: list[str] | None) -> frozenset[str]:
    """Return what `--allow` accepts.

    Raises:
        McpInstallError: `usage`.
    """
    from mcpinstall.model.plan import ALLOWANCES

    for text in texts or ():
        if text not in ALLOWANCES:
            raise McpInstallError(
                ErrorCode.USAGE,
                f"`--allow` does not know `{text}`",
                hint=f"it takes {', '.join(f'`{word}`' for word in ALLOWANCES)}",
            )
    return frozenset(texts or ())


def exclusive(**given: bool) -> None:
    """Refuse two options that contradict each other.

    Raises:
        McpInstallError: `usage`.
    """
    named = [f"`--{name.replace('_', '-')}`" for name, there in given.items() if there]
    if len(named) > 1:
        raise McpInstallError(ErrorCode.USAGE, f"{' and '.join(named)} exclude each other")


_SHA256 = re.compile(r"(sha256:)?([0-9a-f]{64})")


def accepted(texts: Sequence[str] | None) -> dict[str, str]:
    """Return sha256 → reason of `--accept`.

    Raises:
        McpInstallError: `usage`.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        digest, _, reason = text.partition("=")
        matched = _SHA256.fullmatch(digest.strip())
        if matched is None or not reason.strip():
            raise McpInstallError(
                ErrorCode.USAGE,
                "`--accept` is a sha256, `=` and a reason",
                hint="for example `--accept 'sha256:…=finds its own data'`; the sha256 is on the "
                "screen of the run without it",
            )
        found[matched[2]] = reason.strip()
    return found
