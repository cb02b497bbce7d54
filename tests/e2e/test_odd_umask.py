"""Whatever the umask, what is made is its user's alone."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import replace

import pytest

from tests.builders.odd_places import ENTRY, Place

if os.name != "posix":
    pytest.skip("needs POSIX", allow_module_level=True)

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("umask", [0o000, 0o777], ids=oct)
def test_what_is_made_is_private_whatever_the_umask(place: Place, umask: int) -> None:
    shutil.rmtree(place.home / ".codex")
    (place.home / ".cursor").chmod(0o755)
    place.host_file().chmod(0o640)
    odd = replace(place, options={"umask": umask})

    odd.install()

    odd.require_working()
    private = [place.home / name for name in (".local", ".cache", ".codex")]
    made = [path for top in private for path in (top, *top.rglob("*"))]
    assert len(made) > 30
    for path in made:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            assert stat.S_IMODE(mode) == 0o700, path
        elif "uv" in path.parts:
            continue  # uv chooses modes of its own, in a folder of ours
        elif stat.S_ISREG(mode) and "servers" not in path.parts:
            assert not stat.S_IMODE(mode) & 0o077, path
            assert mode & stat.S_IRUSR, path
        elif stat.S_ISREG(mode):
            assert not mode & 0o022, path
    assert stat.S_IMODE(place.host_file().stat().st_mode) == 0o640
    assert stat.S_IMODE(place.host_file("codex").stat().st_mode) == 0o600
    odd.run("uninstall", ENTRY, "-y")
    assert stat.S_IMODE(place.host_file().stat().st_mode) == 0o640
    assert not (place.home / ".codex" / "config.toml").exists()
