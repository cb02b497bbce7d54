"""What advisories say of the packages of a server: the comparison, the refusals, the words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import advisory_text
from mcpinstall.model.advisory import Advisory
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.planning import advisories
from mcpinstall.system import limits
from tests.builders.advisories import advisory, file

ISSUED = date(2026, 11, 2)
NOW = datetime(2026, 11, 12, tzinfo=UTC)
CLOCK = [("clock", "1.0"), ("notes", "1.0")]
NOBODY: frozenset[str] = frozenset()
ALLOWED = frozenset({"vulnerable"})


def data(issued: date = ISSUED, **packages: Advisory) -> AdvisoryFile:
    return advisory_text.read(file(issued, **packages), "x")


def refusal(known: advisories.Known, allow: frozenset[str] = NOBODY) -> McpInstallError:
    with pytest.raises(McpInstallError) as error:
        advisories.require("ns/clock", known, allow)
    return error.value


def test_packages_that_no_advisory_names_pass_with_the_date_of_the_data() -> None:
    known = advisories.compare(CLOCK, [data(other=advisory())])

    advisories.require("ns/clock", known, NOBODY)

    assert advisories.words(known, NOW) == (
        "no known vulnerability, data of 2026-11-02 (10 days old)",
    )


def test_a_vulnerable_package_is_refused_by_name_advisory_and_fix() -> None:
    known = advisories.compare(CLOCK, [data(clock=advisory(aliases=("CVE-2026-7",)))])

    error = refusal(known)

    assert error.code is ErrorCode.VERSION_VULNERABLE
    assert error.message.endswith(": clock 1.0 (PYSEC-2026-1; fixed in 2.0)")
    assert "--allow vulnerable" in error.hint
    assert error.evidence == (
        "clock 1.0  PYSEC-2026-1 CVE-2026-7\n    https://example.org/advisories/PYSEC-2026-1"
    )
    assert refusal(known, frozenset({"yanked", "stale", "unreviewed"})).code is error.code


def test_allowed_it_is_still_told() -> None:
    known = advisories.compare(CLOCK, [data(clock=advisory("A-1", ("introduced", "0")))])

    advisories.require("ns/clock", known, ALLOWED)

    (words,) = advisories.words(known, NOW)
    assert words.startswith("vulnerable but allowed: clock 1.0 (A-1; no fixed version known), data")


def test_a_malicious_package_is_never_allowed() -> None:
    known = advisories.compare(
        CLOCK, [data(clock=advisory("MAL-2026-1"), notes=advisory("PYSEC-2026-2"))]
    )

    error = refusal(known, ALLOWED)

    assert error.code is ErrorCode.PACKAGE_MALICIOUS
    assert "clock 1.0 (MAL-2026-1; malicious)" in error.message
    assert "notes" not in error.message
    assert "--allow" not in error.hint


def test_what_any_file_says_counts_and_the_newest_date_is_told() -> None:
    old = data(date(2026, 1, 1), clock=advisory("A-1"), notes=advisory("A-2"))
    new = data(ISSUED, clock=advisory("A-1", withdrawn=ISSUED))

    known = advisories.compare(CLOCK, [new, old])

    assert [(one.package, [a.id for a in one.advisories]) for one in known.affected] == [
        ("clock", ["A-1"]), ("notes", ["A-2"]),
    ]  # fmt: skip
    assert known.issued == ISSUED


def test_the_fix_is_one_for_all_advisories_of_a_package() -> None:
    first = data(clock=advisory("A-1", ("introduced", "0"), ("fixed", "1.10")))
    second = data(clock=advisory("A-2", ("introduced", "0"), ("fixed", "1.9")))

    known = advisories.compare(CLOCK, [first, second])

    assert refusal(known).message.endswith("(A-1, A-2; fixed in 1.10)")


def test_many_advisories_are_counted_and_all_stand_in_the_evidence() -> None:
    files = [data(clock=advisory(f"A-{number}")) for number in range(9)]

    error = refusal(advisories.compare(CLOCK, files))

    assert "A-5 and 3 more; fixed in 2.0" in error.message
    assert error.evidence.count("https://") == 9


def test_old_data_is_called_old_after_its_days() -> None:
    last = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(days=limits.ADVISORIES_OLD_DAYS)

    assert advisories.dated(ISSUED, last) == "data of 2026-11-02 (30 days old)"
    assert advisories.dated(ISSUED, last + timedelta(days=1)) == "OLD data of 2026-11-02 (31 days)"
    assert advisories.dated(ISSUED, datetime(2026, 11, 3, tzinfo=UTC)).endswith("(1 day old)")
    assert advisories.dated(ISSUED, datetime(2026, 11, 1, tzinfo=UTC)) == "data of 2026-11-02"


def test_without_a_file_nothing_is_claimed() -> None:
    known = advisories.compare(CLOCK, [], ["`corp` not checked (offline)"])

    assert advisories.words(known, NOW) == (
        "advisories of `corp` not checked (offline)",
        "advisories not checked (there is no file of them)",
    )


def test_a_file_that_is_missing_is_told_beside_what_is_known() -> None:
    known = advisories.compare(CLOCK, [data()], ["`corp` not checked (gone)"])

    assert advisories.words(known, NOW)[1] == "advisories of `corp` not checked (gone)"
