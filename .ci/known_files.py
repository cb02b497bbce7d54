"""Files that MCP hosts read in a project, by the host table.

`known_files.py FOLDER` prints those below a folder, each ended by a zero byte.
`known_files.py --pattern` prints the regular expression that `.pre-commit-hooks.yaml` has.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from mcpinstall.hosts import table
from mcpinstall.hosts.paths import alternatives

MARKS = ("<project>/", "<solution>/", "<deployment>/")


def names() -> list[str]:
    """Return the paths of the table below a project's folder; `*` stands for any name."""
    found = {
        one.removeprefix(mark)
        for row in table()
        for _, templates in (*row.paths, *row.settings)
        for template in templates
        for one in alternatives(template)
        for mark in MARKS
        if one.startswith(mark)
    }
    return sorted(found)


def pattern() -> str:
    """Return a regular expression for all of them, in whatever folder.

    In any letters, too: a file system that knows no difference finds the file.
    """
    every = "|".join(re.escape(name).replace(r"\*", "[^/]+") for name in names())
    return f"(?i)^(?:.*/)?(?:{every})$"


def found(folder: str) -> list[str]:
    """Return the files below a folder that are there, sorted."""
    known, every = re.compile(pattern(), re.DOTALL), set[str]()
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        here = PurePosixPath(Path(where).relative_to(folder).as_posix())
        inside = (str(here / name) for name in files)
        every.update(name for name in inside if known.match(name))
        for name in folders:
            if Path(where, name).is_symlink():
                every.update(behind(Path(folder), here / name))
    return sorted(every)


def behind(folder: Path, link: PurePosixPath) -> Iterator[str]:
    """Yield the files that a host finds through a link to a folder."""
    for parts in (name.split("/") for name in names()):
        for length in range(1, len(parts)):
            ends = [part.lower() for part in link.parts[-length:]]
            if ends == [part.lower() for part in parts[:length]]:
                for path in (folder / link).glob("/".join(parts[length:])):
                    yield path.relative_to(folder).as_posix()


def main() -> None:
    """Print the files, or the expression."""
    if sys.argv[1:] == ["--pattern"]:
        print(pattern())
        return
    out = sys.stdout.buffer
    for name in found(sys.argv[1]):
        out.write(os.fsencode(name) + b"\0")


if __name__ == "__main__":
    main()
