"""Whether an advisory is about a version: OSV's evaluation, with versions of PEP 440."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from mcpinstall.model import advisory as model
from mcpinstall.model.advisory import Bound, Event
from tests.builders.advisories import advisory
from tests.builders.watchdog import ends

Said = tuple[tuple[str, str], ...]
FROM_START: Said = (("introduced", "0"),)
BELOW_2: Said = (("introduced", "0"), ("fixed", "2.0"))
TWICE: Said = (
    ("introduced", "1.0.0"), ("fixed", "1.0.2"), ("introduced", "3.0.0"), ("fixed", "3.2.5"),
)  # fmt: skip
LAST: Said = (("introduced", "1.0"), ("last_affected", "1.4"))


@pytest.mark.parametrize(
    ("said", "version", "affected"),
    [
        # Examples of the OSV schema: `introduced: "0"` sorts before every version.
        (FROM_START, "0.0.1", True),
        (FROM_START, "99!1.0", True),
        (FROM_START, "0a1.dev0", True),
        (BELOW_2, "1.9.9", True),
        (BELOW_2, "2.0", False),
        (BELOW_2, "2.0.0", False),
        (BELOW_2, "2.1", False),
        # Several pairs of events in one range.
        (TWICE, "0.9", False),
        (TWICE, "1.0.0", True),
        (TWICE, "1.0.1", True),
        (TWICE, "1.0.2", False),
        (TWICE, "2.9", False),
        (TWICE, "3.0.0", True),
        (TWICE, "3.2.4", True),
        (TWICE, "3.2.5", False),
        # `last_affected` is affected itself.
        (LAST, "1.4", True),
        (LAST, "1.4.1", False),
        (LAST, "1.4.post1", False),
        ((("introduced", "1.4"), ("last_affected", "1.4")), "1.4", True),
        ((("introduced", "1.4"), ("last_affected", "1.4")), "1.5", False),
        # A pre-release comes before its release, a post-release after it.
        (BELOW_2, "2.0rc1", True),
        (BELOW_2, "2.0.dev3", True),
        (BELOW_2, "2.0.post1", False),
        ((("introduced", "0"), ("fixed", "2.0rc1")), "2.0b2", True),
        ((("introduced", "0"), ("fixed", "2.0rc1")), "2.0rc1", False),
        ((("introduced", "2.0"),), "2.0rc1", False),
        # An epoch comes before all else.
        (BELOW_2, "1!1.0", False),
        ((("introduced", "1!0"), ("fixed", "1!2")), "5.0", False),
        ((("introduced", "1!0"), ("fixed", "1!2")), "1!1.5", True),
        # A local version is its public one, unless the range speaks of local ones.
        (LAST, "1.4+cpu", True),
        (BELOW_2, "2.0+cpu", False),
        (BELOW_2, "1.0+cpu", True),
        ((("introduced", "0"), ("fixed", "1.0+patched.1")), "1.0+patched.1", False),
        ((("introduced", "0"), ("fixed", "1.0+patched.1")), "1.0", True),
        # 10 is more than 9.
        ((("introduced", "1.9"), ("fixed", "1.10")), "1.9.5", True),
        ((("introduced", "1.9"), ("fixed", "1.10")), "1.11", False),
    ],
)  # fmt: skip
def test_a_range_has_a_version_or_not(said: Said, version: str, affected: bool) -> None:
    assert model.affects(advisory("A-1", *said), version) is affected


@pytest.mark.parametrize(
    ("version", "affected"),
    [("1.0", True), ("1.0.0", True), ("1.1", False), ("1.0+cpu", True), ("1.0.1", False)],
)
def test_a_version_may_be_listed(version: str, affected: bool) -> None:
    listed = advisory(ranges=(), versions=("0.9", "1.0", "1.2-not-pep440"))

    assert model.affects(listed, version) is affected


def test_a_withdrawn_advisory_is_about_nothing() -> None:
    assert model.affects(advisory(), "1.0")
    assert not model.affects(advisory(withdrawn=date(2026, 11, 2)), "1.0")


def test_the_next_fix_is_told_not_the_first_one() -> None:
    found = advisory("A-1", *TWICE)

    assert model.fixed_after(found, "1.0.1") == "1.0.2"
    assert model.fixed_after(found, "3.1") == "3.2.5"
    assert model.fixed_after(found, "4.0") == ""


@pytest.mark.parametrize("id_", ["MAL-2025-1", "PYSEC-2025-1"])
def test_what_is_malicious_is_said_by_a_flag_or_an_id(id_: str) -> None:
    assert advisory(id_).is_malicious is id_.startswith("MAL-")
    assert advisory(id_, malicious=True).is_malicious
    assert advisory("GHSA-1", aliases=("MAL-2025-2",)).is_malicious


versions = st.builds(
    lambda epoch, release, rest: f"{epoch}{'.'.join(map(str, release))}{rest}",
    st.sampled_from(["", "1!"]),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
    st.sampled_from(["", "a1", "rc1", ".post1", ".dev1"]),
)
bounds_of_ranges = versions.filter(lambda text: text != model.BEGINNING)  # (that is no version)
ordered = st.lists(bounds_of_ranges, min_size=2, max_size=6, unique_by=Version).map(
    lambda found: sorted(found, key=Version)
)


@given(ordered, versions, st.randoms(use_true_random=False))
def test_a_range_is_the_union_of_its_pairs_in_whatever_order(
    bounds: list[str], version: str, random: st.DrawFn
) -> None:
    said = [
        Event(bound=Bound.FIXED if number % 2 else Bound.INTRODUCED, version=one)
        for number, one in enumerate(bounds)
    ]
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    at = Version(version)
    pairs = [(Version(low), Version(high)) for low, high in zip(bounds[::2], bounds[1::2])]  # noqa: B905
    inside = any(low <= at < high for low, high in pairs)
    open_end = len(bounds) % 2 == 1 and at >= Version(bounds[-1])

    found = advisory(ranges=(tuple(shuffled),))

    assert model.affects(found, version) is (inside or open_end)


@given(versions, versions)
def test_the_last_affected_version_is_the_end(last: str, version: str) -> None:
    found = advisory("A-1", ("introduced", "0"), ("last_affected", last))

    assert model.affects(found, version) is (Version(version) <= Version(last))


# The version to go to -----------------------------------------------------------------------------

fixes = st.lists(st.tuples(versions, versions), min_size=1, max_size=4)


@given(fixes, versions)
def test_the_version_to_go_to_is_the_lowest_fixed_one_that_nothing_is_about(
    said: list[tuple[str, str]], version: str
) -> None:
    records = [
        advisory(f"GHSA-{n}", ("introduced", low), ("fixed", high))
        for n, (low, high) in enumerate(said)
    ]
    free = [
        one
        for _, one in said
        if Version(one) > Version(version) and not any(model.affects(r, one) for r in records)
    ]
    wanted = min(free, key=lambda one: (Version(one).is_prerelease, Version(one)), default="")

    found = model.first_fixed(records, version)

    assert (found and Version(found)) == (wanted and Version(wanted))


def test_withdrawn_records_say_nothing_and_open_ones_everything() -> None:
    known = advisory("GHSA-1", ("introduced", "0"), ("fixed", "2.0"))
    later = advisory("GHSA-2", ("introduced", "0"), ("fixed", "3.0"))

    assert model.first_fixed([known, later], "1.0") == "3.0"
    withdrawn = replace(later, withdrawn=date(2026, 1, 1))
    assert model.first_fixed([known, withdrawn], "1.0") == "2.0"
    assert model.first_fixed([known, advisory("GHSA-3", ranges=())], "1.0") == ""
    assert model.first_fixed([known], "no version") == ""


@pytest.mark.parametrize("npm", [False, True])
@pytest.mark.parametrize("count", [4_900, 60_000])
def test_a_record_of_a_hostile_service_takes_no_minutes(count: int, *, npm: bool) -> None:
    said = [("introduced", "0")]
    for number in range(count):  # none of them helps: it is there again
        said += [("fixed", f"1.{number}.0"), ("introduced", f"1.{number}.0")]

    with ends(20):
        assert model.first_fixed([advisory("GHSA-1", *said)], "0.5.0", npm=npm) == ""
