"""The edge to the terminal: colour, encodings, readers that go away."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcpinstall.cli.layout import Segment, Tone, line
from mcpinstall.cli.progress import TerminalProgress
from mcpinstall.cli.ui import Ui
from mcpinstall.errors import ErrorCode, McpInstallError
from tests.cli.conftest import Screen

RED = line(Segment("red", Tone.BAD))


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
@pytest.mark.usefixtures("home")
def test_colour_is_for_terminals(
    terminal: bool,
    variables: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = Screen(terminal=terminal)

    Ui(stdout=screen).data([RED])

    assert ("\x1b[1;31mred\x1b[0m" in screen.getvalue()) == coloured


def test_a_character_that_the_screen_cannot_show_is_escaped() -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")

    Ui(stderr=screen).say([line("a · b")])

    assert screen.buffer.getvalue() == b"a \\xb7 b\n"


class Full(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_an_error_and_no_bug() -> None:
    with pytest.raises(McpInstallError) as refused:
        Ui(stdout=Full()).data([RED])

    assert refused.value.code is ErrorCode.DISK_FAILED


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
@pytest.mark.parametrize("arguments", [["--help"], ["hosts", "--all", "--json"]], ids=" ".join)
def test_a_reader_that_goes_away_is_no_error(home: Path, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    ran = subprocess.run(
        [sys.executable, "-c", "from mcpinstall.cli import main; main()", *arguments],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        check=False,
    )

    os.close(writer)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_answers_without_a_terminal_are_not_taken() -> None:
    assert not Ui(stdin=Screen("y\n"), stderr=Screen(terminal=False)).interactive
    assert not Ui(stdin=Screen("y\n", terminal=False), stderr=Screen()).interactive
    assert Ui(stdin=Screen("y\n"), stderr=Screen()).interactive


@pytest.fixture
def progress() -> tuple[TerminalProgress, Screen]:
    screen = Screen()
    return TerminalProgress(screen, lambda text: print(text, end="", file=screen), 40), screen


def test_progress_is_silent_while_the_question_stands(
    progress: tuple[TerminalProgress, Screen],
) -> None:
    listener, screen = progress
    with listener.shown():
        listener.step("downloading 32 \x1b[2J files, and quite a few more of them")
    shown = screen.getvalue()

    listener.step("building")
    listener.transferred(1, 2)

    assert screen.getvalue() == shown
    assert shown == "\r\x1b[2Kdownloading 32 \\x1b[2J files, and quit…\r\x1b[2K"


def test_bytes_and_rate_are_shown_and_taken_away(
    progress: tuple[TerminalProgress, Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    listener, screen = progress

    with listener.shown():
        listener.step("downloading [bold]")
        listener.transferred(1_000_000, 10_100_000)
        listener.transferred(10_100_000, 10_100_000)

    assert "downloading [bold]" in screen.getvalue()
    assert "1.0/10.1 MB" in screen.getvalue()


def test_a_terminal_that_obeys_no_codes_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen()

    ui = Ui(stderr=screen)
    with ui.progress.shown():
        ui.progress.step("downloading")
        ui.progress.transferred(1, 2)

    assert screen.getvalue() == ""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize(
    ("closed", "status"),
    [("install time <&-", 4), ("list >&-", 0), ("list 2>&-", 0), ("nonsense <&- >&- 2>&-", 2)],
)
def test_a_closed_stream_is_no_bug(home: Path, closed: str, status: int) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m mcpinstall {closed}', sys.executable],
        env={"HOME": str(home), "PATH": "", "UV_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Traceback" not in ran.stdout + ran.stderr
    assert ran.returncode == status
