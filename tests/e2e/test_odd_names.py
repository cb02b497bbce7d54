"""Homes and state folders whose names mean something to a shell, a format, a terminal or Python."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.builders.odd_places import Place, Shop, at

if os.name != "posix":
    pytest.skip("needs POSIX", allow_module_level=True)

pytestmark = pytest.mark.e2e

QUOTED = '-rf:it\'s "a b" $(touch x)`touch y`;touch z&#?%20*'
ESCAPED = " a\\b\n%s{0}\t[bold]\x1b[2J\r"
COMPOSED = unicodedata.normalize("NFC", "Zoë Å")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
NAMES = {
    "quoted": QUOTED,
    "escaped": ESCAPED,
    "from right to left, 200 bytes": "\u202eexe.\u05d0\U0001f468\u200d\U0001f469".ljust(180, "a"),
}
PATH_MAX = 4096  # bytes of a path on Linux, with its end


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_home_may_have_any_name(shop: Shop, tmp_path: Path, name: str) -> None:
    place = at(shop, tmp_path, name)

    place.require_whole_cycle()

    assert sorted(tmp_path.iterdir()) == sorted({place.home, place.cwd})
    assert list(place.cwd.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_home_beside_one_of_the_same_look_is_the_one_that_is_meant(
    shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Place(shop=shop, home=tmp_path / DECOMPOSED, cwd=tmp_path / "other").furnish()
    place = at(shop, tmp_path, COMPOSED)

    place.install()
    other.require_nothing_installed()
    other.require_whole_cycle()

    place.require_working()


def test_state_caches_and_temporary_files_may_lie_at_any_name(place: Place) -> None:
    folders = {
        variable: place.home.parent / f"{variable} {ESCAPED}"
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR")
    }
    folders["TMPDIR"].mkdir(mode=0o700)
    moved = place.with_variables(**{name: str(path) for name, path in folders.items()})

    moved.require_whole_cycle()

    assert (folders["XDG_DATA_HOME"] / "mcpinstall" / "history").is_dir()
    assert list(folders["TMPDIR"].iterdir()) == []
    assert sorted(place.home.iterdir()) == [place.home / ".codex", place.home / ".cursor"]


def test_all_state_in_one_folder_may_lie_at_any_name(place: Place) -> None:
    (place.home / "a").mkdir(mode=0o700)
    moved = place.with_variables(MCPI_HOME=str(place.home / "a" / ".." / QUOTED))

    moved.require_whole_cycle()


def test_a_name_that_a_host_would_take_for_a_variable_is_refused(
    shop: Shop, tmp_path: Path
) -> None:
    place = at(shop, tmp_path, "${HOME}")

    assert place.install(status=5).refused("host-unsupported")
    place.require_nothing_installed()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_name_that_is_no_text_is_refused_before_the_question(shop: Shop, tmp_path: Path) -> None:
    place = at(shop, tmp_path, os.fsdecode(b"a\xff"))

    ended = place.install(status=5)

    assert ended.refused("host-unsupported")
    assert "not UTF-8" in ended.err
    place.require_nothing_installed()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_a_cache_whose_name_is_no_text_is_refused_before_the_question(place: Place) -> None:
    cache = place.home / os.fsdecode(b"a\xff")

    ended = place.with_variables(XDG_CACHE_HOME=str(cache)).install(status=3)

    assert ended.refused("state-unsafe")
    assert "Nothing has been written yet" not in ended.err
    place.require_nothing_installed()


def test_two_entries_may_not_differ_in_case_only(place: Place) -> None:
    """On a disk that sees no difference one receipt would take the place of the other."""
    place.install()

    ended = place.install("--as", "CLOCK", status=3)

    assert ended.refused("server-exists")
    place.require_working()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize(
    ("length", "fits"), [(PATH_MAX - 600, True), (PATH_MAX - 500, False), (PATH_MAX - 1, False)]
)
def test_a_path_is_short_enough_or_refused(place: Place, length: int, fits: bool) -> None:
    above = len(os.fsencode(place.home)) + 1
    moved = place.with_variables(
        MCPI_HOME=str(place.home / "/".join(["d" * 200] * 20)[: length - above])
    )
    if fits:
        moved.require_whole_cycle()
        return

    ended = moved.install(status=3)

    assert ended.refused("state-unsafe")
    place.require_nothing_installed()
