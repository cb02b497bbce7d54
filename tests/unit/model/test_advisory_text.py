"""`advisories.jsonl`: one form, one line for each package, nothing read that nobody asks for."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import advisory_text
from mcpinstall.model.advisory import Advisory, Bound, Event
from tests.builders.advisories import SOURCE, advisory, file

ISSUED = date(2026, 11, 2)
GOOD = file(ISSUED, clock=advisory(), notes=advisory("GHSA-abcd", severity="CVSS:3.1/AV:N/AC:L"))
HEAD = GOOD.split(b"\n")[0].decode()


def line(package: str = "pypi:clock", **record: object) -> bytes:
    """A file with one line about one package."""
    fields = {"id": "A-1", "modified": "2026-11-01", **record}
    text = json.dumps({"package": package, "records": [fields]}, sort_keys=True,
                      separators=(",", ":"))  # fmt: skip
    return f"{HEAD}\n{text}\n".encode()


def refused(data: bytes) -> str:
    with pytest.raises(McpInstallError) as error:
        for _ in advisory_text.read(data, "x").every():
            pass
    assert error.value.code in (
        ErrorCode.ADVISORIES_INVALID, ErrorCode.JSON_INVALID, ErrorCode.TEXT_HOSTILE,
    )  # fmt: skip
    return error.value.message


def test_a_package_is_found_by_its_name_and_no_other_line_is_read() -> None:
    broken = GOOD.replace(b'"GHSA-abcd"', b'"GHSA abcd"')

    found = advisory_text.read(broken, "x")

    assert found.of("clock") == (advisory(),)
    assert found.of("nobody") == ()
    assert found.of("clock", "npm") == ()
    assert found.issued == ISSUED
    assert found.link(advisory()) == "https://example.org/advisories/PYSEC-2026-1"
    with pytest.raises(McpInstallError):
        found.of("notes")


ids = st.from_regex(r"[A-Z]{2,5}-[0-9]{1,4}", fullmatch=True)
dates = st.dates()
some_versions = st.sampled_from(["0", "1.0", "2!1.0rc1", "1.0+local.1", "3.0.post1"])
records = st.builds(
    Advisory,
    id=ids,
    aliases=st.lists(ids, max_size=3).map(tuple),
    modified=dates,
    ranges=st.lists(
        st.lists(
            st.builds(Event, bound=st.sampled_from(Bound), version=some_versions),
            min_size=1, max_size=4,
        ).map(tuple),
        max_size=3,
    ).map(tuple),
    versions=st.lists(some_versions, max_size=3).map(tuple),
    severity=st.sampled_from(["", "CVSS:3.1/AV:N/AC:L/PR:N"]),
    malicious=st.booleans(),
    withdrawn=st.none() | dates,
    source=st.sampled_from([0, 1]),
)  # fmt: skip
names = st.from_regex(r"pypi:[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True)


@given(
    dates,
    st.dictionaries(
        names,
        st.lists(records, min_size=1, max_size=3, unique_by=lambda one: one.id).map(
            lambda found: tuple(sorted(found, key=lambda one: one.id))
        ),
        max_size=4,
    ),
)
def test_printing_and_reading_is_the_identity(
    issued: date, packages: dict[str, tuple[Advisory, ...]]
) -> None:
    data = advisory_text.dump(issued, [SOURCE, SOURCE], packages)

    found = advisory_text.read(data, "x")

    assert dict(found.every()) == packages
    assert advisory_text.dump(found.issued, found.sources, dict(found.every())) == data


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no end"),
        (b"{}\n", "`x: line 1.schema` is not a whole number"),
        (GOOD[:-1], "no end"),
        (GOOD + b"\n", "line 4 is not one of a package"),
        (GOOD + GOOD.split(b"\n")[1] + b"\n", "not sorted, or its package comes twice"),
        (GOOD.replace(b"\n", b"\r\n"), "line 1 is written in another form"),
        (GOOD.replace(b"pypi:clock", b"pypi:Clock"), "line 2 is not one of a package"),
        (GOOD.replace(b"pypi:clock", b"cargo:clock"), "line 2 is not one of a package"),
        (line("pypi:a--b"), "is not a normalised name"),
        (line("pypi:a.b"), "is not a normalised name"),
        (GOOD.replace(b'"package":', b'"package": '), "line 2"),
        (GOOD.replace(b'"schema":1', b'"schema":2'), "schema"),
        (GOOD.replace(b'"issued":"2026-11-02"', b'"issued":"2026-11-2"'), "issued"),
        (GOOD.replace(b"https://example", b"javascript:example"), "https address"),
        (GOOD.replace(b"A database", b"A \\u202e database"), "name"),
        ("\ufeff".encode() + GOOD, "is not ASCII"),
        (GOOD.replace(b"A database", "A d\u00e4tabase".encode()), "is not ASCII"),
        (line(id="a b"), "is not the id"),
        (line(id="A-1\u001b[2J"), ""),
        (line(aliases=["A-2"] * 65), "more than 64"),
        (line(extra=1), "is not a known key"),
        (line(modified="yesterday"), "modified"),
        (line(versions=["1"] * 4001), "more than 4000"),
        (line(versions=["1" * 101]), "longer than 100"),
        (line(ranges=[[{"introduced": "1"}]] * 257), "at most 256"),
        (line(ranges=[[{"introduced": "1"}] * 513]), "1 to 512"),
        (line(ranges=[[]]), "1 to 512"),
        (line(ranges=[[{"introduced": "1", "fixed": "2"}]]), "one event"),
        (line(ranges=[[{"limit": "1"}]]), "is not a known key"),
        (line(ranges=[[{"introduced": "one"}]]), "is not a version"),
        (line(ranges=[[{"introduced": "1." * 60 + "1"}]]), "longer than 100"),
        (line(ranges=[["introduced"]]), "is not a table"),
        (line(ranges={"introduced": "1"}), "are not a list"),
        (line(severity="HIGH\u202e"), "severity"),
        (line(severity="very"), "CVSS"),
        (line(malicious="yes"), "neither true nor false"),
        (line(malicious=False), "another form"),
        (line(source=1), "source"),
        (line(source=-1), "source"),
        (line(source=0), "another form"),
        (line(aliases=[]), "another form"),
        (line(ranges=json.loads("[" * 100 + "]" * 100)), "deeper"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(data: bytes, why: str) -> None:
    assert why in refused(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError):
        advisory_text.read(data, "x")
