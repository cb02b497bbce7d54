"""What the table of commands says of one command."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Function = Callable[..., int]


class Command(NamedTuple):
    """One command: its words, its place in the help, and where its function is."""

    name: str
    """`install`, or two words such as `cache size`."""
    summary: str
    group: str
    load: Callable[[], Function]
    examples: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    """Work as the name does; not listed in the help."""
    passes_arguments: bool = False
    """What follows `--` is meant for the server."""


OWN = "Own a registry"
"""Group of the commands that only the owner of a registry needs."""
