"""Values that a probe gives to a server's inputs: no folder of the user among them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from mcpinstall.model.manifest import ProbeSettings
from mcpinstall.system.files import disk_errors
from mcpinstall.system.throwaway import throwaway_folder

EMPTY = "{empty}"
"""Stands for a new empty folder."""

GIT = "{git}"
"""Stands for a new folder that is an empty git repository."""

_GIT_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tlogallrefupdates = true\n"


@contextlib.contextmanager
def probe_inputs(settings: ProbeSettings) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Give each input's values, folders made for those that stand for one; gone afterwards.

    An input that is named several times has several values.
    """
    with throwaway_folder() as folder:
        values: dict[str, tuple[str, ...]] = {}
        for number, (name, value) in enumerate(settings.inputs):
            with disk_errors("make a folder for the probe"):
                values[name] = (*values.get(name, ()), _value(value, folder / f"{number}"))
        yield values


def _value(value: str, folder: Path) -> str:
    if value not in (EMPTY, GIT):
        return value
    folder.mkdir(mode=0o700)
    if value == GIT:
        _make_repository(folder / ".git")
    return str(folder)


def _make_repository(folder: Path) -> None:
    """Write what git takes for a repository (gitrepository-layout(5)) without running git."""
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
        (folder / name).mkdir(parents=True, mode=0o700)
    (folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii", newline="\n")
    (folder / "config").write_text(_GIT_CONFIG, encoding="ascii", newline="\n")
