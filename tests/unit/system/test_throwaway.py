"""A folder for one use is gone afterwards, whatever was done in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.system.throwaway import throwaway_folder


def test_a_folder_is_private_and_gone_after_the_block() -> None:
    with throwaway_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert list(folder.iterdir()) == []

    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_shut_folders_go_and_what_links_name_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)

    with throwaway_folder() as folder:
        (folder / "link").symlink_to(kept)
        (folder / "shut" / "inner").mkdir(parents=True)
        (folder / "shut" / "inner").chmod(0)
        (folder / "shut").chmod(0)

    assert not folder.exists()
    assert kept.stat().st_mode & 0o777 == 0o500
