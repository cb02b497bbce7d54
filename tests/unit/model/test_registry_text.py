"""`registry.toml` and `index.toml`: printed and read back, or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text
from mcpinstall.model.manifest import CRITERIA
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.registry_text import RegistryFile, ReviewRules
from mcpinstall.model.revocation import PublisherRevocation, ReviewerRevocation, Revocation

words = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=20)
short = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,20}", fullmatch=True)
names = st.from_regex(r"[a-z0-9]{2,8}/[a-z0-9]{1,8}", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}", fullmatch=True)
digests = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
times = st.datetimes(timezones=st.just(UTC))
days = st.dates().map(lambda day: day.isoformat())
filled = words.filter(str.strip)
numbers = st.from_regex(r"[0-9]{1,20}", fullmatch=True)
revocations = st.one_of(
    st.builds(Revocation, name=names, version=st.just("") | versions, reason=words, date=days),
    st.builds(PublisherRevocation, issuer=filled, repository=filled, reason=words, date=days),
    st.builds(PublisherRevocation, issuer=filled, repository_id=numbers, reason=words, date=days),
    st.builds(PublisherRevocation, issuer=filled, owner_id=numbers, reason=words, date=days),
    st.builds(
        ReviewerRevocation, reviewer=filled, since=st.just("") | days, reason=words, date=days
    ),
)
files = st.builds(
    RegistryFile,
    name=short,
    serial=st.integers(1, 2**53),
    issued=times,
    expires=times,
    index=digests,
    owner=words,
    aliases=st.dictionaries(short, names, max_size=3).map(
        lambda found: tuple(sorted(found.items()))
    ),
    review=st.none()
    | st.builds(
        ReviewRules,
        reviewers=st.integers(1, 20),
        criteria=st.lists(st.sampled_from(CRITERIA), unique=True).map(tuple),
    ),
    revocations=st.lists(revocations, max_size=4).map(tuple),
    advisories=st.just("") | digests,
)
rows = st.lists(
    st.builds(
        IndexRow, name=names, version=versions, title=words, summary=words, sha256=digests,
        alias=st.just(""),
    ),
    max_size=4,
    unique_by=lambda row: (row.name, row.version),
)  # fmt: skip


def registry(issued: str) -> bytes:
    file = RegistryFile(
        name="a", serial=1, issued=datetime(2026, 11, 22, tzinfo=UTC),
        expires=datetime(2026, 11, 23, tzinfo=UTC), index="a" * 64, owner="ann",
    )  # fmt: skip
    return registry_text.dump(file).replace(b"2026-11-22 00:00:00+00:00", issued.encode())


@given(files)
def test_a_registry_is_read_back_as_it_was_printed(file: RegistryFile) -> None:
    assert registry_text.parse(registry_text.dump(file), "registry.toml") == file


@given(rows)
def test_an_index_is_read_back_as_it_was_printed(listed: list[IndexRow]) -> None:
    found = registry_text.parse_index(registry_text.dump_index(listed), "index.toml")

    assert found == tuple(sorted(listed, key=lambda row: (row.name, row.version)))


def test_a_time_in_another_zone_is_the_same_time() -> None:
    found = registry_text.parse(registry("2026-11-22T02:00:00+02:00"), "registry.toml")

    assert found.issued == datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "issued",
    ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-22T00:00:00", "2026-11-22"],
)
def test_a_time_that_is_none_in_utc_is_refused(issued: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        registry_text.parse(registry(issued), "registry.toml")

    assert refused.value.code is ErrorCode.REGISTRY_INVALID
    assert "`issued`" in refused.value.message


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError):
        registry_text.parse(data, "registry.toml")
    try:
        registry_text.parse_index(data, "index.toml")
    except McpInstallError as error:
        assert error.code is ErrorCode.REGISTRY_INVALID  # noqa: PT017 (either outcome is right)
