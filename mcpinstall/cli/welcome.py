"""`mcpi` alone: what is installed, which hosts are here, and what comes next."""

from __future__ import annotations

from mcpinstall.cli.session import Session
from mcpinstall.errors import Exit


def welcome(session: Session) -> int:
    """Show where things stand."""
    from mcpinstall.cli import json_output, render_lists
    from mcpinstall.operations import installed, inventory

    rows = installed.installed(session.context)
    states = inventory.host_states(session.context)
    if session.as_json:
        session.answer(
            servers=[json_output.installed(row) for row in rows],
            hosts=[json_output.host(state) for state in states if state.found],
        )
    else:
        session.ui.data(render_lists.welcome(rows, states, session.home, session.ui.data_width))
    return Exit.DONE
