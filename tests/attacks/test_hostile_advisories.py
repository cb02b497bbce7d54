"""Attack T24: a file of advisories breaks, floods or deceives whoever reads it.

Who: the owner of a registry, or a thief of its keys.
Stopped by: check 3: bounded bytes, records, ranges, events and versions; a strict reader; the
same limits on text as everywhere; a package's line is read only when the package is installed.
Twin: `test_a_file_at_its_limits_is_read_in_time`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import advisory, advisory_text
from mcpinstall.model.advisory_text import EVENTS, RANGES, RECORDS, VERSIONS
from mcpinstall.planning import advisories
from mcpinstall.system import files, limits
from tests.builders import advisories as builder
from tests.builders.watchdog import ends

HEAD = builder.file(date(2026, 11, 1)).decode()
CLOCK = [("clock", "1.0")]
REFUSALS = (ErrorCode.ADVISORIES_INVALID, ErrorCode.JSON_INVALID, ErrorCode.TEXT_HOSTILE)


def line(*records: Mapping[str, object]) -> str:
    every = [{"id": f"A-{n:05}", "modified": "2026-11-01", **one} for n, one in enumerate(records)]
    return json.dumps(
        {"package": "pypi:clock", "records": every}, sort_keys=True, separators=(",", ":")
    )


def one(text: str) -> str:
    """A line whose record has `text` in the place of an alias."""
    return line({"aliases": ["X"]}).replace('"X"', text)


def compared(text: str) -> advisories.Known:
    return advisories.compare(CLOCK, [advisory_text.read(f"{HEAD}{text}\n".encode(), "x")])


def test_a_file_at_its_limits_is_read_in_time() -> None:
    # As much as one line can hold: each event and version is looked at once.
    events = [{"introduced" if n % 2 else "fixed": f"{n}.0"} for n in range(EVENTS)]
    ranges = line({"ranges": [events] * 24})
    versions = line({"versions": [f"2.{n}" for n in range(VERSIONS)]})
    records = line(*({"ranges": [[{"introduced": "2.0"}]]} for _ in range(RECORDS)))

    with ends():
        for text in (ranges, versions, records):
            assert len(text) <= advisory_text.LINE_CHARACTERS
            compared(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: line({"ranges": [[{"introduced": "1"}]] * (RANGES + 1)}),
        lambda: line({"ranges": [[{"introduced": "1"}] * (EVENTS + 1)]}),
        lambda: line({"versions": ["1"] * (VERSIONS + 1)}),
        lambda: line(*({} for _ in range(RECORDS + 1))),
        lambda: line({"versions": ["1" * 90] * 8000}),
        lambda: one("[" * 200_000 + "]" * 200_000),
        lambda: one('{"a":' * 50_000 + "1" + "}" * 50_000),
        lambda: one("[" * 60_000),
        lambda: one("9" * 100_000),
        lambda: one("1e999"),
        lambda: one("NaN"),
        lambda: one('"\\u0000"'),
        lambda: one('"\\ud800"'),
        lambda: one('"\\u001b[2J"'),
        lambda: one('"CVE-1\\u202e"'),
        lambda: line({"ranges": [[{"introduced": "1" + ".0" * 40_000}]]}),
        lambda: line({"ranges": [[{"introduced": "1" + "a" * 90 + "!"}]]}),
        lambda: line({"ranges": [[{"fixed": "2\u001b]0;x"}]]}),
        lambda: line({"severity": "CVSS:3.1" + "/A:A" * 5000 + "!"}),
        lambda: line({"id": "A-1</b>\n"}),
        lambda: line({"id": "A" * 100}),
        lambda: line({}) + "\n" + line({}),
        lambda: line({}).replace('"id"', '"id":"A-2","id"'),
        lambda: '{"package":"pypi:' + "a" * 100_000 + '","records":[]}',
        lambda: '{"package":"pypi:' + "a-" * 90 + '","records":[',
        lambda: "\n" * 100_000,
    ],
)
def test_anything_beyond_is_refused_and_in_time(make: Callable[[], str]) -> None:
    text = make()

    with ends(), pytest.raises(McpInstallError) as refused:
        for _ in advisory_text.read(f"{HEAD}{text}\n".encode(), "x").every():
            pass

    assert refused.value.code in REFUSALS
    assert len(refused.value.message) < 2000
    assert not any(mark in refused.value.message for mark in "\x1b\u202e\x00")


def test_a_line_about_another_package_stops_nobody() -> None:
    broken = line({"id": "?"}).replace("pypi:clock", "pypi:other")

    assert compared(broken).affected == ()
    with pytest.raises(McpInstallError):
        compared(line({"id": "?"}))


def test_a_link_can_not_be_made_to_lead_anywhere_else() -> None:
    for link in ("http://example.org/{id}", "https://a@example.org/{id}", "https://x/\\n{id}",
                 "https://example.org/", "https://EXAMPLE.org/{id}?x=\\u001b"):  # fmt: skip
        text = HEAD.replace("https://example.org/advisories/{id}", link)
        with pytest.raises(McpInstallError) as refused:
            advisory_text.read(text.encode(), "x")
        assert refused.value.code in REFUSALS


def test_a_file_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    path = tmp_path / advisory_text.NAME
    path.touch()
    with path.open("r+b") as file:
        file.truncate(limits.ADVISORIES_BYTES + 1)

    with pytest.raises(McpInstallError) as refused:
        files.read_bounded(path, limits.ADVISORIES_BYTES)

    assert refused.value.code is ErrorCode.FILE_UNREADABLE


def test_events_in_a_hostile_order_mean_what_they_mean_in_order() -> None:
    said = [("fixed", "2.0"), ("introduced", "0"), ("introduced", "3.0")]
    found = builder.advisory("A-1", *said)

    assert [advisory.affects(found, v) for v in ("1.0", "2.5", "3.1")] == [True, False, True]
