"""Which version comes after which."""

from __future__ import annotations

import itertools

import pytest

from mcpinstall.registries import is_newer, order

ASCENDING = ("not a version", "1.0rc1", "2.0a1", "2.0rc1", "0.9", "1.0", "1.0.post1", "1.9", "1.10")
"""As they are offered: what is no version, then pre-releases, then releases."""

LADDER = ("0.9", "1.0", "1.0.post1", "1.9", "1.10", "2.0", "2026.10.19", "1!0.1")


def test_releases_come_last_and_count_as_numbers() -> None:
    assert tuple(sorted(set(ASCENDING), key=order)) == ASCENDING


@pytest.mark.parametrize(("older", "newer"), list(itertools.combinations(LADDER, 2)))
def test_of_two_releases_exactly_one_is_newer(older: str, newer: str) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@pytest.mark.parametrize("version", LADDER)
def test_no_version_is_newer_than_itself(version: str) -> None:
    assert not is_newer(version, version)
    assert not is_newer(f"{version}.0", version)


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        ("2.0rc1", "1.0", False),
        ("2.0rc2", "2.0rc1", True),
        ("2.0", "2.0rc1", True),
        ("1.0", "2.0rc1", False),
        ("odd", "1.0", False),
        ("1.0", "odd", True),
    ],
)
def test_a_pre_release_follows_a_pre_release_only(
    version: str, than: str, *, expected: bool
) -> None:
    assert is_newer(version, than) is expected
