"""`mcpi manifest index`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mcpinstall.cli import options
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit

if TYPE_CHECKING:
    from mcpinstall.cli.layout import Screen
    from mcpinstall.operations.manifest_index import Listing

_DEFAULT = Path("manifests")


def index(
    context: typer.Context,
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="The registry's folder.")
    ] = _DEFAULT,
    yes: options.Yes = False,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Write `index.toml` again, and `registry.toml` that pins it, after a manifest was edited.

    A manifest that was edited is printed again, without comments.  The serial grows, and the
    dates begin anew.  Drafts are left out.  No index is asked.
    """
    from mcpinstall.cli import change, dialog
    from mcpinstall.operations import manifest_index

    session: Session = context.obj
    session.begin(as_json=as_json, quiet=quiet, verbose=verbose)
    with session.working() as world:
        listing = manifest_index.prepare(folder, world)
    ui = session.ui
    if listing.why and not yes:
        change.require_person(session)
        ui.insist(_screen(listing, ui.width))
        dialog.consent(ui, dialog.Asked(text=_question(listing)))
    else:
        ui.say(_screen(listing, ui.width))
    with session.working(acting=True) as world:
        paths = manifest_index.commit(listing, world)
    ui.say(_written(listing, paths, ui.width))
    if session.as_json:
        outcome = "done" if paths else "nothing-to-do"
        session.answer(outcome=outcome, **_object(listing, paths))
    return Exit.DONE


def _question(listing: Listing) -> str:
    from mcpinstall.cli import words

    if not listing.printed:
        return "Write `index.toml` and `registry.toml`?"
    return f"Write {words.count(len(listing.printed), 'manifest')}, `index.toml`, `registry.toml`?"


def _rows(listing: Listing) -> list[tuple[str, str]]:
    """Return what is new, other and gone: a sign, and name and version."""
    before = {(row.name, row.version): row for row in listing.before}
    after = {(row.name, row.version): row for row in listing.after}
    signs = [("+", key) for key in after if key not in before]
    signs += [("~", key) for key in after if key in before and before[key] != after[key]]
    signs += [("-", key) for key in before if key not in after]
    return [(sign, " ".join(key)) for sign, key in sorted(signs, key=lambda row: row[1])]


def _screen(listing: Listing, width: int) -> Screen:
    from mcpinstall.cli.layout import CONTINUED, Line, Tone, broken, wrapped

    rows: list[Line] = []
    for why in listing.why:
        rows += wrapped(why, width, CONTINUED, Tone.WARN)
    for sign, text in _rows(listing):
        rows += broken(text, width, f"  {sign} ")
    if not listing.why:
        rows += wrapped("Index and registry file are what the manifests make.", width)
    return tuple(rows)


def _written(listing: Listing, paths: tuple[Path, ...], width: int) -> Screen:
    from mcpinstall.cli.layout import broken, wrapped
    from mcpinstall.registries import REGISTRY_SIGNATURES
    from mcpinstall.system import files

    rows = [row for path in paths for row in broken(str(path), width, "wrote ")]
    if paths and files.exists(listing.folder / REGISTRY_SIGNATURES):
        rows += wrapped("The registry's signature has to be made again.", width)
    return tuple(rows)


def _object(listing: Listing, paths: tuple[Path, ...]) -> dict[str, Any]:
    signs = {"+": "new", "~": "changed", "-": "gone"}
    return {
        "folder": str(listing.folder),
        "why": list(listing.why),
        "rows": [{"change": signs[sign], "version": text} for sign, text in _rows(listing)],
        "written": [str(path) for path in paths],
    }
