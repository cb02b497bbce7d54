"""`mcpi` alone: what is installed, which hosts are here, and what comes next."""

from __future__ import annotations

from mcpinstall.cli import render_lists
from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit
from mcpinstall.operations import installed, inventory


def welcome(session: Session) -> int:
    """Show where things stand."""
    rows = installed.installed(session.context)
    states = inventory.host_states(session.context)
    session.ui.data(render_lists.welcome(rows, states, session.home, session.ui.data_width))
    return Exit.DONE
