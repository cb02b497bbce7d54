"""Real terminals: narrow, dumb, resized, closed at the question, interrupted in the middle."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.odd_places import ENTRY, INSTALL, Place

if os.name != "posix":
    pytest.skip("needs POSIX", allow_module_level=True)

from tests.builders.terminals import Terminal, at_a_terminal

pytestmark = pytest.mark.e2e

QUESTION = "Install clock and change 2 files?"
CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def test_the_whole_cycle_by_hand(place: Place) -> None:
    with at_a_terminal(place, *INSTALL) as terminal:
        terminal.until(QUESTION)
        place.require_unchanged()
        terminal.type("d\n")
        terminal.until(QUESTION)
        terminal.type("y\n")
        assert terminal.status() == 0
    place.require_working()
    with at_a_terminal(place, "uninstall", ENTRY) as terminal:
        terminal.until("?")
        terminal.type("yes\n")
        assert terminal.status() == 0
    place.require_nothing_installed()


Act = Callable[[Terminal], object]
NO: dict[str, tuple[Act, int]] = {
    "no": (lambda terminal: terminal.type("n\n"), 4),
    "enter": (lambda terminal: terminal.type("\n"), 4),
    "end of input": (lambda terminal: terminal.type("\x04"), 4),
    "interrupt": (lambda terminal: terminal.type("\x03"), 130),
    "quit": (lambda terminal: terminal.type("\x1c"), -signal.SIGQUIT),
    "terminate": (lambda terminal: terminal.signal(signal.SIGTERM), -signal.SIGTERM),
    "hang up": (lambda terminal: terminal.signal(signal.SIGHUP), -signal.SIGHUP),
    "close": (lambda terminal: terminal.close(), -signal.SIGHUP),
}


@pytest.mark.parametrize("what", NO)
def test_all_but_a_yes_at_the_question_is_a_no(place: Place, what: str) -> None:
    act, status = NO[what]
    with at_a_terminal(place, *INSTALL) as terminal:
        terminal.until(QUESTION)

        act(terminal)

        assert terminal.status() == status
    place.require_nothing_installed()


def test_a_terminal_that_goes_away_is_a_no_also_to_who_outlives_it(place: Place) -> None:
    with at_a_terminal(place, *INSTALL, ignores_hang_up=True) as terminal:
        terminal.until(QUESTION)

        terminal.close()

        assert terminal.status() == 4
    place.require_nothing_installed()


def test_a_terminal_that_goes_away_after_the_yes_takes_nothing_back(place: Place) -> None:
    with at_a_terminal(place, *INSTALL, ignores_hang_up=True) as terminal:
        terminal.until(QUESTION)
        terminal.type("y\n")
        terminal.until("asking")

        terminal.close()

        assert terminal.status() == 0
    place.require_working()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_change_that_is_stopped_in_the_middle_is_taken_back(
    place: Place, number: signal.Signals
) -> None:
    with at_a_terminal(place, *INSTALL) as terminal:
        terminal.until(QUESTION)
        terminal.type("y\n")
        terminal.until("asking")

        terminal.signal(number)

        assert terminal.status() in (130, -number)
    place.run("list")
    place.require_nothing_installed()


def test_keys_pressed_before_the_question_are_no_answer(place: Place) -> None:
    with at_a_terminal(place, *INSTALL) as terminal:
        terminal.type("y\ny\n")
        terminal.until(QUESTION)

        terminal.type("n\n")

        assert terminal.status() == 4
    place.require_nothing_installed()


def test_keys_that_are_no_text_are_no_answer(place: Place) -> None:
    with at_a_terminal(place, *INSTALL) as terminal:
        terminal.until(QUESTION)

        os.write(terminal.descriptor, b"y\xff\xfe\n")
        terminal.until(QUESTION)
        terminal.type("n\n")

        assert terminal.status() == 4
    place.require_nothing_installed()


def test_a_terminal_may_be_resized_at_the_question(place: Place) -> None:
    with at_a_terminal(place, *INSTALL) as terminal:
        terminal.until(QUESTION)
        terminal.resize(5, 20)
        terminal.type("?\n")
        terminal.until("help]")

        terminal.type("n\n")

        assert terminal.status() == 4


@pytest.mark.parametrize("columns", [40, 20, 1])
def test_every_word_of_a_command_is_shown_on_a_narrow_terminal(place: Place, columns: int) -> None:
    with at_a_terminal(place, *INSTALL, columns=columns) as terminal:
        terminal.until("help]")
        terminal.type("d\n")
        terminal.until("help]")
        terminal.type("n\n")
        assert terminal.status() == 4

    shown = CODES.sub("", terminal.shown).replace("\n  ↳ ", "")
    assert f"{place.data}/servers/" in shown
    assert re.search(r"/current/start\.py", shown)
    widest = max(map(len, CODES.sub("", terminal.shown).replace("\r", "\n").split("\n")))
    assert widest <= max(columns, 20) + len("[y/N, d diff, c checks, ? help] ")


SIZES = ("0", "-5", "9" * 30, "many", "١٢", "")


@pytest.mark.parametrize("variable", ["COLUMNS", "LINES"])
def test_sizes_that_make_no_sense_are_passed_over(place: Place, variable: str) -> None:
    for value in SIZES:
        with at_a_terminal(place.with_variables(**{variable: value}), "list") as terminal:
            assert terminal.status() == 0, value


TERMINALS = ("dumb", "", "nonsense", "xterm-256color")


@pytest.mark.parametrize("name", TERMINALS)
def test_a_terminal_of_any_name_can_be_answered_at(place: Place, name: str) -> None:
    with at_a_terminal(place.with_variables(TERM=name), *INSTALL) as terminal:
        terminal.until(QUESTION)
        terminal.type("n\n")
        assert terminal.status() == 4
    if name == "dumb":
        assert "\x1b" not in terminal.shown


@pytest.mark.parametrize("forced", [{"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_no_colour_is_none_whatever_else_is_set(place: Place, forced: dict[str, str]) -> None:
    with at_a_terminal(place.with_variables(**forced), *INSTALL) as terminal:
        terminal.until(QUESTION)
        terminal.type("n\n")
        assert terminal.status() == 4
    assert not re.search(r"\x1b\[[0-9;]*m", terminal.shown)


def test_no_variable_colours_what_is_no_terminal(place: Place) -> None:
    forced = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "TTY_COMPATIBLE": "1", "TERM": "xterm"}

    ended = place.with_variables(**forced).install("--dry-run")

    assert "\x1b" not in ended.err + ended.out


def test_a_terminal_alone_is_not_asked_when_the_answer_is_a_pipe(
    place: Place, tmp_path: Path
) -> None:
    """Words go to a file, so nobody reads the plan: there is no consent."""
    with (tmp_path / "words").open("wb") as words:
        reader, writer = os.openpty()
        ended = place.run(*INSTALL, status=4, stdin=writer, stderr=words)
        os.close(reader)
        os.close(writer)

    assert ended.status == 4
    assert b"error[consent-unavailable]" in (tmp_path / "words").read_bytes()
    place.require_nothing_installed()
