"""`mcpi uninstall` and `mcpi undo`."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from mcpinstall.operations.prepared import PreparedRemoval, PreparedUndo
from tests.builders import plans
from tests.cli.conftest import Mcpi, Operations


@pytest.fixture
def removal(operations: Operations) -> Operations:
    operations.prepared = PreparedRemoval(
        receipts=(plans.receipt(),),
        changes=(plans.change(),),
        servers_removed=(plans.GIT,),
        notes=("`git` is not in `~/.zed/mcp.json` any more (Zed)",),
    )
    operations.done = plans.done("uninstall", receipts=())
    return operations


@pytest.fixture
def undoing(operations: Operations) -> Operations:
    operations.prepared = PreparedUndo(record=plans.record(), changes=(plans.change(),))
    operations.done = plans.done("undo", receipts=())
    return operations


def test_uninstall_shows_what_goes_and_asks(mcpi: Mcpi, removal: Operations) -> None:
    ran = mcpi("uninstall", "git", typed="y\n")

    assert (ran.status, ran.out) == (0, "")
    assert ran.err == snapshot("""\
git 2026.10.19
  io.github.modelcontextprotocol/server-git
  The environment of io.github.modelcontextprotocol/server-git will be deleted
  ! `git` is not in `~/.zed/mcp.json` any more (Zed)

/home/ada/.cursor/mcp.json  (Cursor)                    4 lines added, 1 removed
    @@ -1,5 +1,12 @@
     {
       "mcpServers": {
         "weather": {
           "command": "…"
    -    }
    +    },
    +    "git": {
    +      "command": "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6
  ↳ f/current/bin/python"
    +    }
       }
     }

Nothing has been changed yet.
Uninstall git and change 1 file? [y/N, d diff, ? help] Uninstalled git
  Cursor: restart Cursor
  `mcpi undo` takes it back
""")
    assert removal.calls == ["commit"]


def test_undo_shows_what_comes_back_and_asks(mcpi: Mcpi, undoing: Operations) -> None:
    ran = mcpi("undo", typed="?\ny\n")

    assert (ran.status, ran.out) == (0, "")
    assert ran.err == snapshot("""\
Installation of git   2026-11-22 13:45:01 UTC
  20261122T134501Z-3f9a12

/home/ada/.cursor/mcp.json  (Cursor)                    4 lines added, 1 removed
    @@ -1,5 +1,12 @@
     {
       "mcpServers": {
         "weather": {
           "command": "…"
    -    }
    +    },
    +    "git": {
    +      "command": "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6
  ↳ f/current/bin/python"
    +    }
       }
     }

Nothing has been changed yet.
Take back the installation of git and change 1 file? [y/N, d diff, ? help]   y  do it
  n  stop; nothing is written (also Enter, or Ctrl-C)
  d  show the whole diff of every file
Take back the installation of git and change 1 file? [y/N, d diff, ? help] Took back the installation of git
  Cursor: restart Cursor
""")
    assert undoing.calls == ["commit"]


@pytest.mark.parametrize("command", [("uninstall", "git"), ("undo",)])
def test_a_no_or_nobody_changes_nothing(
    mcpi: Mcpi, operations: Operations, command: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("removal" if command[0] == "uninstall" else "undoing")

    assert mcpi(*command, typed="n\n").status == 4
    assert mcpi(*command, terminal=False).status == 4
    assert mcpi(*command, "--dry-run", terminal=False).status == 0
    assert operations.calls == []


@pytest.mark.parametrize("command", [("rm", "git"), ("undo", plans.record().id)])
def test_yes_needs_no_terminal(
    mcpi: Mcpi, operations: Operations, command: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("removal" if command[0] == "rm" else "undoing")

    assert mcpi(*command, "--yes", terminal=False).status == 0
    assert operations.calls == ["commit"]
