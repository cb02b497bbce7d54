"""Markdown of what changed in every manifest since a commit: `action_diff.py BASE [PATH]…`.

`--beside FILE` puts a report first; both together fit into one comment.  A version that is new is
compared with the newest one that was there of its server, else with nothing.  Nothing of a package
runs, and no link is followed.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mcpinstall.cli import markdown_changes
from mcpinstall.cli.markdown_changes import code
from mcpinstall.errors import McpInstallError
from mcpinstall.model.manifest_text import FILES
from mcpinstall.model.registry import IndexRow
from mcpinstall.operations import manifest_base, manifest_diff, manifest_folders
from mcpinstall.operations.context import Context
from mcpinstall.registries.names import newest
from mcpinstall.rules.manifests.history import Before

LIMIT = 65_000
"""Characters of a comment; GitHub takes 65,536."""
RESERVE = 5_000
"""Characters for the names of what did not fit; a name is cut at 300."""
MOST = 15
"""Of them that are named."""
NAMES = ("manifest.toml", *FILES)


def written(place: Path, files: Mapping[str, bytes]) -> str:
    """Write one version's files into the folder `place`; return it."""
    place.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (place / name).write_bytes(data)
    return str(place)


def earlier(where: str, before: Before) -> str:
    """Return the version that users of this one had at the commit, or nothing."""
    if where in before.files:
        return where
    server = where.rpartition("/")[0]
    rows = [
        IndexRow(name=server, version=one.rpartition("/")[2], title="", summary="", sha256="")
        for one in before.files
        if one.rpartition("/")[0] == server
    ]
    return f"{server}/{newest(rows).version}" if rows else ""


def published(where: str, before: Before, repository: manifest_base.Repository) -> dict[str, bytes]:
    """Return a version's files at the commit."""
    blobs = {name: before.files[where][name] for name in NAMES if name in before.files[where]}
    contents = repository.contents(blobs.values())
    return {name: contents[blob] for name, blob in blobs.items()}


def diffs(root: Path, base: str, context: Context) -> Iterator[tuple[str, str]]:
    """Yield each version of one registry that changed, and Markdown of it.

    Files of both sides are copied below the working folder, which is scratch: what is read has
    been read once, and from no link.
    """
    repository = manifest_base.Repository(root, context)
    before = manifest_base.before(repository, base)
    folders = manifest_folders.read(root, context.machine.cwd).folders
    changed = manifest_base.changed(folders, before)
    for folder in folders:
        if folder.where not in changed:
            continue
        old, left = earlier(folder.where, before), manifest_diff.NOTHING
        if old:
            left = written(Path("before", old), published(old, before, repository))
        files = {name: document.data for name, document in folder.documents.items()}
        right = written(Path("after", folder.where), files)
        yield folder.where, compared(folder.where, left, right, context)
    for where in sorted(before.files.keys() - {folder.where for folder in folders}):
        yield where, f"### {code(where)}\n\nIs gone.\n"


def compared(where: str, left: str, right: str, context: Context) -> str:
    """Return one comparison, or why there is none."""
    try:
        return markdown_changes.diff(manifest_diff.diff(left, right, context))
    except McpInstallError as error:
        return f"### {code(where)}\n\n**not compared**: {code(error.message)} ({error.code})\n"


def comment(report: str, found: Iterable[tuple[str, str]]) -> str:
    """Return the report and as many comparisons as fit, each whole; the others by name."""
    kept = [report] if report else []
    room, missing = LIMIT - RESERVE - len(report), []
    for where, text in found:
        if len(text) + 1 > room:
            missing.append(where)
            continue
        room -= len(text) + 1
        kept.append(text)
    if missing:
        names = ", ".join(map(code, missing[:MOST]))
        kept.append(f"**{len(missing)} more did not fit here** (`mcpi manifest diff`): {names}\n")
    return "\n".join(kept)


def main() -> None:
    """Print the comment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--beside", type=Path)
    wanted = parser.parse_args()
    context = Context.current()
    report = ""
    if wanted.beside and wanted.beside.is_file():  # without a report, what changed still counts
        report = wanted.beside.read_text(encoding="utf-8")
    roots = manifest_folders.roots(wanted.paths, context.machine.cwd)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        found = [pair for root in roots for pair in diffs(root, wanted.base, context)]
        os.chdir(context.machine.cwd)
    sys.stdout.write(comment(report, found))


if __name__ == "__main__":
    try:
        main()
    except McpInstallError as error:
        raise SystemExit(f"error: {error.message} ({error.code})") from None
