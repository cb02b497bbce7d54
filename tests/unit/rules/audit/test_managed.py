"""Rules about what mcpinstall installed, on facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mcpinstall.model import advisory_text
from mcpinstall.model.advisory import Advisory, AdvisorySource, Bound, Event
from mcpinstall.model.finding import Severity
from mcpinstall.model.osv_text import ASKED
from mcpinstall.rules.audit import SERVER_CHECKS
from mcpinstall.rules.audit.known_bad import exact_packages
from mcpinstall.rules.audit.machine_facts import MachineFacts, Managed, Revoked
from mcpinstall.rules.audit.rule import Hit
from tests.unit.rules.audit.launches import server

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"


LOW = "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"
START = Event(bound=Bound.INTRODUCED, version="0")


def record(name: str, *, asked: bool = False, **changes: object) -> Advisory:
    events = (Event(bound=Bound.INTRODUCED, version="0"), Event(bound=Bound.FIXED, version="2.0"))
    fields = {"severity": HIGH, "aliases": (), "withdrawn": None, **changes}
    return Advisory(
        id=name, modified=date(2026, 1, 1), ranges=(events,), source=ASKED if asked else 0,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def advisories() -> advisory_text.AdvisoryFile:
    source = AdvisorySource(
        name="x", date=date(2026, 1, 1), licence="CC0-1.0", link="https://h.example/{id}"
    )
    packages = {
        "pypi:holes": [record("GHSA-a", aliases=("CVE-2026-1",))],
        "pypi:evil": [record("GHSA-b"), record("MAL-1", severity=LOW)],
        "pypi:two": [record("GHSA-c", severity=LOW), record("GHSA-d")],
        "pypi:always": [replace(record("GHSA-e"), ranges=((START,),))],
        "npm:holes": [record("GHSA-f")],
    }
    data = advisory_text.dump(date(2026, 1, 1), [source], packages)
    return advisory_text.read(data, "advisories.jsonl")


SHIPPED = advisories()


def hits(managed: Managed | None = None, *argv: str, **facts: object) -> list[Hit]:
    known = MachineFacts(advisories=SHIPPED, managed=managed, **facts)  # type: ignore[arg-type]
    one = server(*(argv or ("/home/me/x",)))
    return [hit for _, check in SERVER_CHECKS for hit in check(one, known)]


def ids(managed: Managed | None = None, *argv: str, **facts: object) -> list[str]:
    return sorted(hit.rule.id for hit in hits(managed, *argv, **facts))


@pytest.mark.parametrize(
    ("managed", "rule"),
    [
        (Managed(entry_name="time", drift="has another `args` than mcpinstall wrote"), "MA111"),
        (Managed(entry_name="time", is_missing=True), "MA111"),
        (Managed(entry_name="time", drift="starts otherwise", is_missing=True), "MA111"),
        (Managed(entry_name="time", tampered=("`a.py` was changed",)), "MA801"),
        (Managed(entry_name="time", hooks=("`a.pth` runs code",)), "MA802"),
        (Managed(entry_name="time", regressed="it was certified"), "MA803"),
        (Managed(entry_name="time", packages=(("holes", "1.0"),)), "MA106"),
        (Managed(entry_name="time", packages=(("evil", "1.0"),)), "MA105"),
    ],
)
def test_one_fact_is_one_finding(managed: Managed, rule: str) -> None:
    assert ids(managed) == [rule]


@pytest.mark.parametrize(
    "managed",
    [
        None,
        Managed(entry_name="time"),
        Managed(entry_name="time", packages=(("holes", "2.0"), ("fine", "1.0"))),
    ],
)
def test_what_is_as_it_was_is_silent(managed: Managed | None) -> None:
    assert ids(managed) == []


def test_a_revoked_server_is_told_by_its_own_rule() -> None:
    why = Revoked(entry_names=("time",), sentence="it was revoked")

    assert ids(Managed(entry_name="time"), revoked=why) == ["MA804"]


def test_a_command_to_copy_holds_a_name_as_one_word() -> None:
    (hit,) = hits(Managed(entry_name="a; rm -rf ~", is_missing=True))

    assert hit.fix == "`mcpi reinstall 'a; rm -rf ~'`"


def test_hooks_of_others_are_medium() -> None:
    (hit,) = hits(hooks=("`a.pth` runs code",))

    assert (hit.rule.id, hit.severity) == ("MA802", Severity.MEDIUM)


def test_what_osv_says_of_an_environment_is_told() -> None:
    online = {("pypi", "fine", "1.0"): (record("GHSA-new", asked=True),)}

    (hit,) = hits(Managed(entry_name="time", packages=(("fine", "1.0"),)), online=online)

    assert (hit.rule.id, hit.severity) == ("MA106", Severity.HIGH)
    assert "`fine` 1.0" in hit.message


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (record("GHSA-new", asked=True), "GHSA-a, GHSA-new"),
        (record("GHSA-a", asked=True), "GHSA-a"),
        (record("CVE-2026-1", asked=True), "GHSA-a"),
        (record("PYSEC-1", asked=True, aliases=("GHSA-a",)), "GHSA-a"),
        (record("GHSA-old", asked=True, withdrawn=date(2026, 1, 2)), "GHSA-a"),
    ],
)
def test_what_both_know_is_told_once(found: Advisory, shown: str) -> None:
    online = {("pypi", "holes", "1.0"): (found,)}

    (hit,) = hits(None, "uvx", "Holes==1.0", online=online)

    assert hit.message.endswith(f": {shown}")


def test_another_version_than_the_asked_one_has_no_answer() -> None:
    online = {("pypi", "fine", "1.0"): (record("GHSA-new", asked=True),)}

    assert ids(None, "uvx", "fine==1.1", online=online) == []
    assert ids(None, "uvx", "fine==1.0", online=online) == ["MA106"]


def test_of_a_package_in_an_environment_the_worst_is_told() -> None:
    evil, two = hits(Managed(entry_name="time", packages=(("evil", "1.0"), ("two", "1.0"))))

    assert (evil.rule.id, evil.severity, evil.fix) == ("MA105", None, "mcpi uninstall time")
    assert evil.message.endswith("is known to be malicious: MAL-1")
    assert (two.rule.id, two.severity) == ("MA106", Severity.HIGH)
    assert two.message.endswith("has known vulnerabilities: GHSA-c, GHSA-d")
    assert two.fix.startswith("`mcpi update time`")


def test_a_record_is_read_where_it_is_from() -> None:
    online = {("pypi", "fine", "1.0"): (record("MAL-9", asked=True),)}

    (shipped,) = hits(None, "uvx", "evil==1.0")
    (asked,) = hits(None, "uvx", "fine==1.0", online=online)

    assert shipped.fix.endswith("https://h.example/MAL-1")
    assert asked.fix.endswith("https://osv.dev/vulnerability/MAL-9")


def test_a_version_that_is_not_known_is_not_said_to_be_vulnerable() -> None:
    assert ids(None, "uvx", "always") == ["MA102"]
    assert ids(None, "uvx", "always==1.0") == ["MA106"]
    assert ids(None, "uvx", "evil") == ["MA102"]  # (not every version is malicious)


def test_what_is_asked_online_is_what_is_started_at_an_exact_version() -> None:
    def asked(managed: Managed | None, *argv: str) -> list[tuple[str, str, str]]:
        facts = MachineFacts(managed=managed, locked={"npm:d": "4.0.0"})
        return list(exact_packages(server(*argv), facts))

    assert asked(None, "uvx", "--with", "B_b==2", "--with", "c", "A==1") == [
        ("pypi", "a", "1"), ("pypi", "b-b", "2"),
    ]  # fmt: skip
    assert asked(None, "npx", "@S/a@v1.2.3") == [("npm", "@S/a", "1.2.3")]
    assert asked(None, "npx", "d") == [("npm", "d", "4.0.0")]
    assert asked(None, "cargo", "install", "a@1.2.3") == []
    assert asked(None, "npx", "e") == []
    assert asked(Managed(entry_name="t", packages=(("X_y", "3"),)), "x") == [("pypi", "x-y", "3")]


ONE_ZERO = Event(bound=Bound.INTRODUCED, version="1.0")
FIXED, LAST = (Event(bound=bound, version="2.0") for bound in (Bound.FIXED, Bound.LAST_AFFECTED))


@pytest.mark.parametrize(
    ("ranges", "fields", "is_every"),
    [
        (((START,),), {}, True),
        (((START, FIXED), (START,)), {}, True),
        (((START,),), {"versions": ("1.0",)}, True),
        (((START, FIXED),), {}, False),
        (((START, LAST),), {}, False),
        (((START, FIXED, replace(ONE_ZERO, version="3.0")),), {}, False),
        (((ONE_ZERO,),), {}, False),
        ((), {"versions": ("1.0",)}, False),
        (((START,),), {"withdrawn": date(2026, 1, 2)}, False),
    ],
)
def test_a_package_is_malicious_whatever_its_version_where_every_one_is(
    ranges: tuple[tuple[Event, ...], ...], fields: dict[str, object], is_every: bool
) -> None:
    source = AdvisorySource(
        name="x", date=date(2026, 1, 1), licence="CC0-1.0", link="https://h.example/{id}"
    )
    one = Advisory(id="MAL-1", modified=date(2026, 1, 1), ranges=ranges, **fields)  # type: ignore[arg-type]
    data = advisory_text.dump(date(2026, 1, 1), [source], {"pypi:x": [one]})
    facts = MachineFacts(advisories=advisory_text.read(data, "advisories.jsonl"))

    found = [hit.rule.id for _, check in SERVER_CHECKS for hit in check(server("uvx", "x"), facts)]

    assert found == (["MA105"] if is_every else ["MA102"])


def test_two_records_of_one_fault_are_told_once() -> None:
    both = (record("GHSA-x", asked=True, aliases=("CVE-1",)), record("CVE-1", asked=True))

    (hit,) = hits(None, "uvx", "fine==1.0", online={("pypi", "fine", "1.0"): both})

    assert hit.message.endswith(": GHSA-x")
