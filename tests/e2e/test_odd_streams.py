"""Standard streams that are closed, full, left by their reader, or of another encoding."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.builders.command import program
from tests.builders.odd_places import ENTRY, INSTALL, SECONDS, Ended, Place

if os.name != "posix":
    pytest.skip("needs POSIX", allow_module_level=True)

pytestmark = pytest.mark.e2e

FULL = Path("/dev/full")
WORDS = " ".join(INSTALL)

needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs Linux")


def through_a_shell(place: Place, words: str, redirected: str) -> Ended:
    """Run the command with redirections of a shell, where `LEFT` is a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    redirected = redirected.replace("LEFT", str(writer))
    done = subprocess.run(
        ["/bin/bash", "-c", f'"$0" {words} {redirected}', program()],
        env=place.environment(), cwd=place.cwd, check=False, timeout=SECONDS, capture_output=True,
        pass_fds=(writer,),
    )  # fmt: skip
    os.close(writer)
    err = (done.stderr + done.stdout).decode("utf-8", "backslashreplace")
    assert "Traceback" not in err, err
    assert "Exception ignored" not in err, err
    return Ended(done.returncode, "", err)


@pytest.mark.parametrize("redirected", ["<&- >&- 2>&-", ">&LEFT 2>&LEFT"])
def test_a_change_is_made_whole_whoever_listens(place: Place, redirected: str) -> None:
    assert through_a_shell(place, f"{WORDS} -y --json", redirected).status == 0
    place.require_working()

    assert through_a_shell(place, f"uninstall {ENTRY} -y", redirected).status == 0
    place.require_nothing_installed()


@pytest.mark.parametrize("redirected", [">&-", "<&- >&- 2>&-", ">&LEFT 2>&LEFT"])
@pytest.mark.parametrize("words", ["--version", "install --help", "list", "hosts --all --json"])
def test_words_to_nobody_are_no_failure(place: Place, words: str, redirected: str) -> None:
    assert through_a_shell(place, words, redirected).status == 0


@needs_full
@pytest.mark.parametrize("words", ["--version", "install --help", "hosts --all", "list --json"])
def test_an_answer_that_can_not_be_written_is_a_failure(place: Place, words: str) -> None:
    assert through_a_shell(place, words, f">{FULL}").status == 5


@needs_full
def test_nothing_is_changed_when_its_plan_can_not_be_shown(place: Place) -> None:
    assert through_a_shell(place, f"{WORDS} -y", f"2>{FULL}").status == 5
    place.require_nothing_installed()


@needs_full
def test_a_change_whose_answer_can_not_be_written_is_made_and_says_so(place: Place) -> None:
    ended = through_a_shell(place, f"{WORDS} -y --json", f">{FULL}")

    assert ended.status == 5
    assert ended.refused("disk-failed")
    assert "the change was made" in ended.err
    place.require_working()


@pytest.mark.parametrize("redirected", ["</dev/null", "<&- >&- 2>&-"])
def test_without_a_terminal_nothing_is_asked_and_nothing_done(
    place: Place, redirected: str
) -> None:
    assert through_a_shell(place, WORDS, redirected).status == 4
    place.require_nothing_installed()


def test_an_answer_that_was_piped_in_is_none(place: Place) -> None:
    ended = place.run(*INSTALL, status=4, stdin=None, input=b"y\ny\n" + f"{ENTRY}\n".encode())

    assert ended.refused("consent-unavailable")
    place.require_nothing_installed()


ENCODINGS = {
    "C": {"LANG": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "no UTF-8 mode": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("variables", ENCODINGS.values(), ids=ENCODINGS)
def test_text_that_an_encoding_lacks_is_escaped(place: Place, variables: dict[str, str]) -> None:
    odd = place.with_variables(**variables)

    ended = odd.run(*INSTALL, "--dry-run")

    assert "clock 1.0" in ended.err
    assert ended.out.startswith("sha256:")
    odd.require_unchanged()


def test_the_same_bytes_are_written_in_every_encoding(place: Place) -> None:
    home = str(place.home / "Zoë שלום")
    odd = place.with_variables(PYTHONIOENCODING="ascii", LANG="C", MCPI_HOME=home)

    odd.install()

    assert odd.entry("cursor")[0].startswith(home)
    odd.require_working()
    listed = odd.run("list", "--json").out
    assert listed.isascii()
    assert json.loads(listed)["servers"]
    odd.run("uninstall", ENTRY, "-y")
    odd.require_nothing_installed()


def test_a_path_that_an_encoding_lacks_is_refused(place: Place) -> None:
    """Only where Python is told twice not to use UTF-8; then paths have no text."""
    home = str(place.home / "Zoë שלום")
    odd = place.with_variables(**ENCODINGS["no UTF-8 mode"], MCPI_HOME=home)

    assert odd.install(status=5).refused("host-unsupported")
    odd.require_nothing_installed()
