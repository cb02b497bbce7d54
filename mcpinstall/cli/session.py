"""One run of one command: its screen, its context, and what of it is data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mcpinstall.cli.ui import Ui

if TYPE_CHECKING:
    from mcpinstall.operations.context import Context

SCHEMA = 1
"""Version of what `--json` prints; a higher one may drop or rename fields."""


class Session:
    """What every command gets from `main` and gives its words to."""

    def __init__(self, command: str, extra_arguments: tuple[str, ...] = ()) -> None:
        self.command = command
        self.extra_arguments = extra_arguments
        """What stood behind `--`."""
        self.as_json = False
        self.acting = False
        """Between the yes and the end: an interruption leaves more to say."""
        self.changed = False
        """The change was made; what fails now fails to say so."""
        self.also: dict[str, object] = {}
        """What a command answers beside the fields that all changes have."""
        self.ui = Ui()
        self._context: Context | None = None
        self._answered = False

    def begin(self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        """Take over the options that every command has."""
        self.as_json = as_json
        self.ui = Ui(quiet=quiet, verbose=verbose)

    @property
    def context(self) -> Context:
        """What operations need; recovers first what a dead process left."""
        if self._context is None:
            from mcpinstall.operations.context import Context
            from mcpinstall.operations.settling import settle

            self._context = Context.current(self.ui.progress)
            for note in settle(self._context):
                self.ui.note(note)
        return self._context

    @property
    def looking(self) -> Context:
        """The same for a command that shows an unfinished change and takes nothing back."""
        if self._context is None:
            from mcpinstall.operations.context import Context

            self._context = Context.current(self.ui.progress)
        return self._context

    @property
    def home(self) -> Path:
        """The folder that `~` stands for."""
        return self.context.machine.home

    @contextlib.contextmanager
    def working(self, *, acting: bool = False) -> Iterator[Context]:
        """Show progress while the block works."""
        context = self.context
        self.acting = acting
        with self.ui.progress.shown():
            yield context
            self.changed = self.changed or acting
        self.acting = False

    def answer(self, **fields: object) -> None:
        """Print the envelope of `--json`: one document, whatever still fails after it."""
        if not self._answered:
            self._answered = True
            self.ui.raw(envelope(self.command, {**fields, **self.also}))


def envelope(command: str, fields: Mapping[str, object]) -> str:
    """Return `{"schema": 1, "command": …, …}`, ASCII, for programs and safe on a terminal."""
    import json

    return json.dumps({"schema": SCHEMA, "command": command, **fields}, indent=2)
