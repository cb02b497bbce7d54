"""The only module that prints or asks.

Standard output carries data, standard error words.  Every text is escaped on its way out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable
from typing import NoReturn, TextIO

from mcpinstall.cli import layout
from mcpinstall.cli.layout import Line
from mcpinstall.cli.progress import GatedProgress, SpokenProgress, TerminalProgress
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.text import printable, printable_document

_WIDTH = 80  # columns where nothing says how wide the screen is
_HEIGHT = 24  # lines, likewise
_UNBOUNDED = 1_000_000  # columns of a file or pipe: its reader wraps


class Ui:
    """One process's screen: what is shown, what is asked, how talkative it is."""

    def __init__(
        self,
        *,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        quiet: bool = False,
        verbose: bool = False,
    ) -> None:
        self._in = stdin or sys.stdin
        self._out = stdout or sys.stdout
        self._err = stderr or sys.stderr
        self.quiet = quiet
        self.verbose = verbose
        self.progress = self._listener()

    def _listener(self) -> GatedProgress:
        if self.quiet:
            return GatedProgress()
        if _is_terminal(self._err) and not _is_dumb():
            return TerminalProgress(self._err, lambda text: _emit(self._err, text), self.width)
        return SpokenProgress(self.note) if self.verbose else GatedProgress()

    @property
    def interactive(self) -> bool:
        """Whether a person reads the words and can answer."""
        return _is_terminal(self._in) and _is_terminal(self._err)

    @property
    def width(self) -> int:
        """Columns of the screen that words go to."""
        return _screen(self._err)[0]

    @property
    def error_width(self) -> int:
        """The same for errors, which a log or a search wants on one line."""
        return self.width if _is_terminal(self._err) else _UNBOUNDED

    @property
    def height(self) -> int | None:
        """Lines of the screen that words go to; None when it is no screen."""
        return _screen(self._err)[1] if _is_terminal(self._err) else None

    @property
    def data_width(self) -> int:
        """Columns of the screen that data goes to; unbounded for a file or pipe."""
        return _screen(self._out)[0] if _is_terminal(self._out) else _UNBOUNDED

    def say(self, lines: Iterable[Line]) -> None:
        """Write words, unless asked to be quiet."""
        if not self.quiet:
            self.insist(lines)

    def note(self, text: str) -> None:
        """Write one sentence of words, unless asked to be quiet."""
        self.say(layout.wrapped(text, self.width, "    "))

    def insist(self, lines: Iterable[Line]) -> None:
        """Write words even when asked to be quiet: what a question or error rests on."""
        _write(self._err, lines)

    def data(self, lines: Iterable[Line]) -> None:
        """Write data in lines."""
        _write(self._out, lines)

    def raw(self, text: str) -> None:
        """Write data that another program reads; escaped only where a person looks at it."""
        shown = printable_document(text) if _is_terminal(self._out) else text
        _emit(self._out, shown if shown.endswith("\n") else f"{shown}\n")

    def ask(self, question: str, choices: str = "") -> str:
        """Return the answer to `question`, without surrounding space.

        `choices` stand behind it, on a line of their own where both don't fit.  Keys that were
        pressed before the question stood there don't count.

        Raises:
            McpInstallError: `declined` when the input ends.
        """
        _forget_typed_ahead(self._in)
        whole, room = f"{question} {choices}".rstrip(), self.width - 1
        parts = (whole,) if layout.cells(printable(whole)) < room else (question, choices)
        asked = [row for part in parts if part for row in layout.wrapped(part, room)]
        _write(self._err, asked[:-1])
        _emit(self._err, f"{_text(self._err, asked[-1:])} ")
        try:
            answer = self._in.readline()
        except UnicodeDecodeError:
            return ""
        except KeyboardInterrupt:
            _emit(self._err, "\n")
            raise
        except OSError:  # the terminal went away, and we were asked to outlive it
            declined("the terminal is gone")
        if not answer:
            _emit(self._err, "\n")
            declined("the input ended before an answer")
        return answer.strip()

    def ask_hidden(self, question: str) -> str:
        """Return the answer to `question`, which the terminal does not show."""
        import getpass

        _forget_typed_ahead(self._in)
        if self._in is not sys.stdin:
            return self.ask(question)
        try:
            return getpass.getpass(f"{printable(question)} ", stream=self._err)
        except UnicodeDecodeError:
            return ""
        except KeyboardInterrupt:
            _emit(self._err, "\n")
            raise
        except OSError:
            declined("the terminal is gone")
        except EOFError:
            declined("the input ended before an answer")


def declined(why: str) -> NoReturn:
    """Refuse for want of consent: `why` is the fact."""
    raise McpInstallError(ErrorCode.DECLINED, why)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _screen(stream: TextIO) -> tuple[int, int]:
    """Return columns and lines: `COLUMNS` and `LINES`, else the terminal's own."""
    columns, lines = _WIDTH, _HEIGHT
    with contextlib.suppress(OSError, ValueError):
        columns, lines = os.get_terminal_size(stream.fileno())
    return _variable("COLUMNS", columns or _WIDTH), _variable("LINES", lines or _HEIGHT)


def _variable(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return (
        int(value) if value.isascii() and value.isdigit() and 0 < int(value) < 10_000 else default
    )


def _is_dumb() -> bool:
    """Tell whether the terminal says that it obeys no codes, so neither colour nor erasing."""
    return os.environ.get("TERM") == "dumb"


def _colour(stream: TextIO) -> bool:
    if os.environ.get("NO_COLOR") or _is_dumb():
        return False
    if os.name == "nt" and not {"WT_SESSION", "ConEmuANSI", "TERM_PROGRAM"} & os.environ.keys():
        return False  # an old console shows the codes themselves
    return _is_terminal(stream)


def _text(stream: TextIO, lines: Iterable[Line]) -> str:
    painted = layout.styled(lines) if _colour(stream) else layout.plain(lines)
    return painted.removesuffix("\n")


def _write(stream: TextIO, lines: Iterable[Line]) -> None:
    found = tuple(lines)
    if found:
        _emit(stream, f"{_text(stream, found)}\n")


def _emit(stream: TextIO, text: str) -> None:
    """Write `text`; a reader that went away is no error, a full disk is one.

    Raises:
        McpInstallError: `disk-failed`.
    """
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        silence(stream)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        gone = _has_hung_up(stream, error)
        silence(stream)
        if not gone:
            raise McpInstallError(
                ErrorCode.DISK_FAILED, f"could not write the output: {error.strerror or error}"
            ) from None


def _has_hung_up(stream: TextIO, error: OSError) -> bool:
    """Tell whether the terminal behind `stream` was closed, which is a reader that went away."""
    with contextlib.suppress(OSError, ValueError):
        return error.errno == errno.EIO and stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)
    return False


def silence(stream: TextIO) -> None:
    """Lead `stream` to nowhere, so that nothing more fails on it, not even the exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _forget_typed_ahead(stream: TextIO) -> None:
    """Drop what was typed while nothing was asked: it can't be an answer."""
    if not _is_terminal(stream):
        return
    with contextlib.suppress(Exception):  # no real terminal: nothing was typed ahead
        if sys.platform == "win32":
            import msvcrt

            while msvcrt.kbhit():
                msvcrt.getwch()
        else:
            import termios

            termios.tcflush(stream.fileno(), termios.TCIFLUSH)
