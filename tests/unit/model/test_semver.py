"""Versions of Semantic Versioning: order, and ranges of advisories of npm packages."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import McpInstallError
from mcpinstall.model import advisory as model
from mcpinstall.model import advisory_text, semver
from tests.builders import advisories
from tests.builders.advisories import advisory

ORDER = (
    "0.0.0-0", "0.0.0", "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
    "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0-1",
    "2.0.0--", "2.0.0",
)  # fmt: skip
"""Of https://semver.org/spec/v2.0.0.html#spec-item-11, and some more."""


@pytest.mark.parametrize(("lower", "higher"), tuple(itertools.pairwise(ORDER)))
def test_versions_are_in_the_order_of_the_specification(lower: str, higher: str) -> None:
    assert semver.key(lower) < semver.key(higher)


def test_what_stands_behind_a_plus_does_not_count() -> None:
    assert semver.key("1.0.0+build.1") == semver.key("1.0.0") == semver.key("1.0.0+x-y")


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.x", "1.2.3-", "1.2.3+", "1.2.3-a..b",
     "1.2.3 ", "1.2.3\n", "^1.2.3", "-1.2.3", "1.2.٣", "9" * 300, "1.2.3-" + "a" * 300],
)  # fmt: skip
def test_anything_else_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="Semantic"):
        semver.key(text)


@given(st.text(max_size=300) | st.from_regex(r"[0-9.+\-a-z]{1,60}", fullmatch=True))
def test_any_text_is_a_version_or_none(text: str) -> None:
    try:
        found = semver.key(text)
    except ValueError:
        return
    assert found == semver.key(text.partition("+")[0])


BELOW = (("introduced", "0"), ("fixed", "1.5.0"))
TWICE = (("introduced", "1.0.0"), ("fixed", "1.0.2"), ("introduced", "3.0.0-rc.1"),
         ("last_affected", "3.2.5"))  # fmt: skip


@pytest.mark.parametrize(
    ("said", "version", "affected"),
    [
        (BELOW, "1.4.99", True), (BELOW, "1.5.0", False), (BELOW, "1.5.0+x", False),
        (BELOW, "1.5.0-rc.1", True), (BELOW, "1.10.0", False), (BELOW, "0.0.0-0", True),
        (TWICE, "0.9.9", False), (TWICE, "1.0.0-rc.1", False), (TWICE, "1.0.1", True),
        (TWICE, "1.0.2", False), (TWICE, "3.0.0-beta", False), (TWICE, "3.0.0-rc.1", True),
        (TWICE, "3.2.5", True), (TWICE, "3.2.6-0", False), (TWICE, "3.2.6", False),
    ],
)  # fmt: skip
def test_a_range_of_npm_has_a_version_or_not(
    said: tuple[tuple[str, str], ...], version: str, affected: bool
) -> None:
    assert model.affects_npm(advisory("GHSA-x", *said), version) is affected


def test_pep_440_would_say_otherwise() -> None:
    """A post-release of Python is a pre-release of npm."""
    record = advisory("GHSA-x", ("introduced", "0"), ("fixed", "1.0.0"))

    assert model.affects_npm(record, "1.0.0-1")
    assert not model.affects(record, "1.0.0-1")


def test_a_listed_version_is_compared_as_a_version() -> None:
    record = advisory("GHSA-x", ("introduced", "9.0.0"), versions=("1.0.0", "strange"))

    assert model.affects_npm(record, "1.0.0+build")
    assert not model.affects_npm(record, "1.0.1")


def test_a_withdrawn_record_is_about_nothing() -> None:
    record = advisory("GHSA-x", *BELOW, withdrawn=advisories.today())

    assert not model.affects_npm(record, "1.0.0")


def test_the_lowest_fix_above_a_version_is_by_the_same_order() -> None:
    record = advisory("GHSA-x", ("introduced", "0"), ("fixed", "1.10.0"), ("introduced", "2.0.0"),
                      ("fixed", "2.9.0"))  # fmt: skip

    assert model.fixed_after(record, "1.9.0", npm=True) == "1.10.0"
    assert model.fixed_after(record, "2.0.0-x", npm=True) == "2.9.0"
    assert model.fixed_after(record, "2.9.0", npm=True) == ""


@pytest.mark.parametrize(
    ("package", "version", "fits"),
    [("npm:clock", "1.0.0-x.y", True), ("npm:clock", "1.0", False), ("pypi:clock", "1.0", True),
     ("pypi:clock", "1.0.0-x.y", False)],
)  # fmt: skip
def test_a_file_has_versions_of_its_packages_ecosystem(
    package: str, version: str, fits: bool
) -> None:
    record = advisory("GHSA-x", ("introduced", "0"), ("fixed", version))
    data = advisory_text.dump(advisories.today(), [advisories.SOURCE], {package: [record]})
    ecosystem, _, name = package.partition(":")
    file = advisory_text.read(data, "a file")

    if fits:
        assert file.of(name, ecosystem) == (record,)
        return
    with pytest.raises(McpInstallError) as raised:
        file.of(name, ecosystem)
    assert raised.value.code == "advisories-invalid"
