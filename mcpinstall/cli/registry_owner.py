"""`mcpi registry key`, `init`, `publish`, `delegate`, `rotate`: for the owner of a registry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session

if TYPE_CHECKING:
    from mcpinstall.model.secret import Secret
    from mcpinstall.operations.registry_keys import Elsewhere, Passphrase
    from mcpinstall.registries.tuf_publish import Published
    from mcpinstall.registries.tuf_roots import RootFacts

_Folder: TypeAlias = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The registry: what a web server will serve.")
]
_Keys: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--key", metavar="FILE", help="Key to sign with; repeatable.")
]
Signers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--signer", metavar="PUB=URI", help="Key in a device or service; repeatable."),
]
_Stage: TypeAlias = Annotated[
    bool, typer.Option("--stage", help="Leave it for `mcpi registry sign`; no client reads it yet.")
]
_Stdin: TypeAlias = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Read one passphrase from standard input.")
]


def key(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file of the key.")],
    stdin: _Stdin = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Make an ed25519 key: FILE, encrypted with a passphrase, and FILE.pub, for others."""
    from mcpinstall.errors import ErrorCode, McpInstallError
    from mcpinstall.operations import registry_owner

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    ask = passphrases(session, stdin=stdin)
    passphrase = ask(file)
    if not stdin and ask(Path(f"{file} (again)")) != passphrase:
        raise McpInstallError(ErrorCode.INPUT_INVALID, "the two passphrases differ")
    keyid = registry_owner.make_key(file, passphrase, session.context)
    session.ui.note(f"`{file}` is key {keyid}")
    if session.as_json:
        session.answer(outcome="done", key=keyid)
    return 0


def init(
    context: typer.Context,
    *,
    folder: _Folder,
    root_key: Annotated[
        list[Path], typer.Option("--root-key", metavar="FILE", help="Key of the root; repeatable.")
    ],
    targets_key: Annotated[
        list[Path],
        typer.Option("--targets-key", metavar="FILE", help="Key of the reviewers; repeatable."),
    ],
    online_key: Annotated[
        list[Path],
        typer.Option("--online-key", metavar="FILE", help="Key of the machine that publishes."),
    ],
    root_threshold: Annotated[int, typer.Option(min=1, help="Root keys that must sign.")] = 1,
    targets_threshold: Annotated[int, typer.Option(min=1, help="Reviewers that must sign.")] = 1,
    signers: Signers = None,
    stage: _Stage = False,
    stdin: _Stdin = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Begin a TUF registry in FOLDER: sign its first root with all keys of the root."""
    from mcpinstall.operations import registry_owner
    from mcpinstall.operations.registry_owner import Held

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    roles = {
        "root": Held(keys=tuple(root_key), threshold=root_threshold),
        "targets": Held(keys=tuple(targets_key), threshold=targets_threshold),
        "online": Held(keys=tuple(online_key), threshold=1),
    }
    ask = passphrases(session, stdin=stdin)
    facts = registry_owner.begin(
        folder, roles, ask, session.context, others=elsewhere(signers), stage=stage
    )
    _tell_root(session, facts, "give users `metadata/1.root.json`, and tell them elsewhere: ")
    return 0


def publish(
    context: typer.Context,
    *,
    folder: _Folder,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="MANIFESTS", help="Folder registry to publish."),
    ] = None,
    keys: _Keys = None,
    signers: Signers = None,
    stage: _Stage = False,
    stdin: _Stdin = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Check and sign a folder of manifests; without `--from`, sign again what expires soon.

    The timestamp is good for 2 days: run it without `--from` every day.
    """
    from mcpinstall.operations import registry_owner

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    ask = passphrases(session, stdin=stdin)
    held_keys = (*(keys or ()), *elsewhere(signers))
    done = registry_owner.publish(folder, source, held_keys, ask, session.context, stage=stage)
    _tell(session, done, stage=stage)
    return 0


def delegate(
    context: typer.Context,
    *,
    folder: _Folder,
    namespace: Annotated[
        str,
        typer.Argument(metavar="NAMESPACE", help="Part before the slash of its servers' names."),
    ],
    to: Annotated[
        list[Path] | None,
        typer.Option("--to", metavar="FILE", help="Public key of a reviewer; none: take it back."),
    ] = None,
    threshold: Annotated[int, typer.Option(min=1, help="Reviewers that must sign.")] = 1,
    keys: _Keys = None,
    signers: Signers = None,
    stage: _Stage = False,
    stdin: _Stdin = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Give a namespace to reviewers of its own: nobody else's signature counts for it."""
    from mcpinstall.operations import registry_owner
    from mcpinstall.operations.registry_owner import Delegation, Held

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    held = Held(keys=tuple(to), threshold=threshold) if to else None
    change = Delegation(namespace=namespace, held=held)
    ask = passphrases(session, stdin=stdin)
    held_keys = (*(keys or ()), *elsewhere(signers))
    done = registry_owner.delegate(folder, change, held_keys, ask, session.context, stage=stage)
    _tell(session, done, stage=stage)
    return 0


def rotate(
    context: typer.Context,
    *,
    folder: _Folder,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="`root`, `targets` or `online`.")],
    more: Annotated[
        list[Path] | None,
        typer.Option("--add", metavar="FILE", help="Public key to add; repeatable."),
    ] = None,
    revoke: Annotated[
        list[str] | None,
        typer.Option("--revoke", metavar="KEY", help="Id of a key to revoke; repeatable."),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, help="Keys that must sign from now on.")
    ] = None,
    keys: _Keys = None,
    signers: Signers = None,
    stage: _Stage = False,
    stdin: _Stdin = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Change the keys of a role: a new root, and what the role signed is signed again."""
    from mcpinstall.operations import registry_owner
    from mcpinstall.operations.registry_owner import Rotation

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet)
    change = Rotation(
        role=role, add=tuple(more or ()), revoke=tuple(revoke or ()), threshold=threshold
    )
    ask = passphrases(session, stdin=stdin)
    held_keys = (*(keys or ()), *elsewhere(signers))
    facts = registry_owner.rotate(folder, change, held_keys, ask, session.context, stage=stage)
    _tell_root(session, facts, "clients follow by themselves; new ones may begin with either: ")
    return 0


def elsewhere(texts: Sequence[str] | None) -> tuple[Elsewhere, ...]:
    """Return the keys that are in no file."""
    from mcpinstall.operations import registry_keys

    return tuple(registry_keys.elsewhere(text) for text in texts or ())


def passphrases(session: Session, *, stdin: bool) -> Passphrase:
    """Return what asks for passphrases: unseen, or all the same one from standard input."""
    from mcpinstall.cli import dialog, secret
    from mcpinstall.errors import ErrorCode, McpInstallError
    from mcpinstall.model.secret import Secret

    given = Secret(secret.from_standard_input()) if stdin else None

    def ask(path: Path) -> Secret:
        if given is not None:
            return given
        if not session.ui.interactive:
            raise McpInstallError(
                ErrorCode.INPUT_MISSING,
                "there is no terminal to ask for a passphrase at",
                hint="give it on standard input: `--passphrase-stdin`",
            )
        return Secret(dialog.hidden(session.ui, f"Passphrase of {path}:"))

    return ask


_STAGED = "waits for signatures: `mcpi registry sign FOLDER`; no client reads it yet"


def _tell(session: Session, done: Published, *, stage: bool) -> None:
    from mcpinstall.cli import words

    if stage:
        _tell_staged(session, done.signed)
        return

    signed = words.count(len(done.signed), "role")
    servers = words.count(done.servers, "server")
    session.ui.note(f"state {done.state}: {servers}, {signed} signed anew")
    if session.as_json:
        session.answer(
            outcome="done", state=done.state, servers=done.servers, signed=list(done.signed)
        )


def _tell_staged(session: Session, roles: Sequence[str]) -> None:
    session.ui.note(f"{', '.join(roles)}: {_STAGED}" if roles else "nothing changes")
    if session.as_json:
        session.answer(outcome="staged" if roles else "done", waiting=list(roles))


def _tell_root(session: Session, facts: RootFacts | None, what: str) -> None:
    if facts is None:
        _tell_staged(session, ("root",))
        return
    keys = f"{facts.threshold} of {len(facts.keys)} keys"
    session.ui.note(f"root {facts.version}, signed by {keys}; {what}sha256 {facts.sha256}")
    if session.as_json:
        session.answer(
            outcome="done", root=facts.sha256, version=facts.version, keys=list(facts.keys)
        )
