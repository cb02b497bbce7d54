"""`mcpi cache`: everything that can be fetched or made again counts, and goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpinstall.operations import cache
from mcpinstall.operations.context import Context
from tests.builders.tuf_world import lonely_context


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """A user with one file of each kind; the lock of a plan is 40 days old."""
    made = lonely_context(tmp_path)
    paths = made.paths
    for path in (paths.artifacts / "ab" / "abc", paths.attestations / "a.json",
                 paths.locks / "b.json", paths.tuf / "root" / "c"):  # fmt: skip
        path.parent.mkdir(parents=True)
        path.write_bytes(b"12345")
    old = made.now.timestamp() - 40 * 86400
    os.utime(paths.locks / "b.json", (old, old))
    return made


def test_downloads_attestations_locks_and_files_of_registries_count(context: Context) -> None:
    assert cache.size(context) == cache.CacheSize(files=4, bytes=20)


def test_what_is_old_goes_and_then_everything(context: Context) -> None:
    assert cache.prune(context, 30) == cache.CacheSize(files=1, bytes=5)
    assert cache.size(context).files == 3
    assert cache.prune(context).files == 3
    assert cache.size(context) == cache.CacheSize(files=0, bytes=0)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_folder_that_leads_elsewhere_is_left_alone(context: Context, tmp_path: Path) -> None:
    elsewhere = tmp_path / "papers"
    (context.paths.locks).rename(elsewhere)
    context.paths.locks.symlink_to(elsewhere)

    cache.prune(context)

    assert (elsewhere / "b.json").read_bytes() == b"12345"
