"""Isolated environments built from verified files only."""

from __future__ import annotations

from mcpinstall.environments.generations import (
    command,
    command_template,
    discard,
    discard_if_empty,
    discard_unused,
    generation_command,
    is_startable,
    launcher_command,
    new_generation,
    place,
    prune,
    switch,
)
from mcpinstall.environments.interpreter import choose_interpreter, examine
from mcpinstall.environments.layout import layout
from mcpinstall.environments.staging import environment_check, stage
from mcpinstall.environments.tree import (
    TreeEntry,
    differences,
    expected_files,
    measure,
    read_tree,
    summed_up,
)
from mcpinstall.environments.uv import introduce, uv_program
from mcpinstall.model.names import normalized_package as normalized
from mcpinstall.system.homes import current, server_home

__all__ = [
    "TreeEntry",
    "choose_interpreter",
    "command",
    "command_template",
    "current",
    "differences",
    "discard",
    "discard_if_empty",
    "discard_unused",
    "environment_check",
    "examine",
    "expected_files",
    "generation_command",
    "introduce",
    "is_startable",
    "launcher_command",
    "layout",
    "measure",
    "new_generation",
    "normalized",
    "place",
    "prune",
    "read_tree",
    "server_home",
    "stage",
    "summed_up",
    "switch",
    "uv_program",
]
