"""Numbers, sizes and paths as people read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.cli import words


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (10_123_456, "10.1 MB"),
        (2_500_000_000_000, "2,500.0 GB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert words.size(size) == text


def test_counts() -> None:
    assert words.count(1, "file") == "1 file"
    assert words.count(1612, "entry") == "1,612 entries"


def test_lists() -> None:
    assert words.listed([]) == ""
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("path", "text"),
    [("/home/ada", "~"), ("/home/ada/x", "~/x"), ("/home/adam", "/home/adam"), ("/srv", "/srv")],
)
def test_paths(path: str, text: str) -> None:
    assert words.path(path, Path("/home/ada")) == text


def test_times() -> None:
    assert words.record_time("20261122T134501Z-3f9a12") == "2026-11-22 13:45:01 UTC"
    assert words.record_time("what") == "unknown time"
