"""Attack: a command is so long that the part which does harm is not on the screen.

Who: a publisher, through the arguments of `server.json`; or whoever writes a command to copy.
Stopped by: the question.  The plan shows the whole command, one argument a line, never shortened,
and a line that goes on with the one above can't pass for an argument of its own.
Twin: `test_an_honest_command_is_shown_as_it_is`.
"""

from __future__ import annotations

import pytest

from mcpinstall.cli import layout, render_command, render_plan
from mcpinstall.cli.render_plan import View
from tests.builders import plans

HARM = "--allow-everything"


def shown(*arguments: str, width: int = 80, height: int | None = None) -> list[str]:
    """Return the plan screen of a server with these arguments."""
    view = View(width=width, height=height, home=plans.HOME)
    prepared = plans.prepared(plans.server(arguments=arguments))
    return layout.plain(render_plan.plan(prepared, (plans.diff(),), view)).splitlines()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_long_argument_is_shown_to_its_last_character(width: int) -> None:
    argument = "".join(f"{number:05d}" for number in range(600))

    rows = layout.plain(render_command.argument(argument, width, "    ")).splitlines()

    assert len(argument) == 3000
    assert max(map(len, rows)) <= width
    assert "".join(row[4:] for row in rows) == argument
    assert all(row.startswith(layout.CONTINUED) for row in rows[1:])


def test_two_hundred_arguments_are_all_shown_however_small_the_terminal() -> None:
    arguments = tuple(f"--flag-{number}" for number in range(200))

    rows = shown(*arguments, HARM, height=24)

    assert [row for row in rows if row.strip().startswith("--flag-")] == [
        f"    {argument}" for argument in arguments
    ]
    assert f"    {HARM}" in rows


def test_spaces_do_not_push_an_argument_off_the_screen() -> None:
    rows = shown("harmless" + " " * 500 + HARM)

    assert any(row.startswith(layout.CONTINUED) and HARM in row for row in rows)


def test_an_argument_with_a_line_feed_is_one_argument() -> None:
    rows = shown(f"x\n    {HARM}")

    assert f"    {HARM}" not in rows
    assert f"    'x\\n    {HARM}'" in rows


def test_an_honest_command_is_shown_as_it_is() -> None:
    rows = shown("--repository", "/home/ada/code/app")

    assert rows[-3:-1] == ["    --repository", "    /home/ada/code/app"]
