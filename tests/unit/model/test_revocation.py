"""What a registry takes back: who is meant, and what of it is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text, revocation, revocation_text
from mcpinstall.model.backing import Backing
from mcpinstall.model.registry_text import RegistryFile
from mcpinstall.model.revocation import (
    AnyRevocation,
    PublisherRevocation,
    ReviewerRevocation,
    Revocation,
)

ISSUER = "https://issuer.example.com"
BACKING = Backing(
    issuer=ISSUER, repository="https://forge.example.com/ada/clock", repository_id="11",
    owner_id="7", reviews=(("Ada", "2026-11-20"), ("Bob", "2026-11-22")), needed=1,
)  # fmt: skip
FACTS = {"reason": "stolen", "date": "2026-11-23"}


def publisher(**which: str) -> PublisherRevocation:
    return PublisherRevocation(issuer=which.pop("issuer", ISSUER), **which, **FACTS)


def reviewer(name: str, since: str = "") -> ReviewerRevocation:
    return ReviewerRevocation(reviewer=name, since=since, **FACTS)


def code(*revocations: AnyRevocation, backing: Backing = BACKING) -> ErrorCode | None:
    found = revocation.withdrawal("com.example/clock", "1.2", backing, revocations)
    return None if found is None else found.code


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("com.example/clock", "1.2", ErrorCode.VERSION_REVOKED),
        ("com.example/clock", "", ErrorCode.SERVER_REVOKED),
        ("com.example/CLOCK", "", ErrorCode.SERVER_REVOKED),
        ("com.example/clock", "1.2.0", None),
        ("com.example/clock2", "1.2", None),
        ("com.example/clock2", "", None),
    ],
)
def test_a_version_and_a_server(name: str, version: str, expected: ErrorCode | None) -> None:
    assert code(Revocation(name=name, version=version, **FACTS)) is expected


def test_the_narrowest_reason_is_told() -> None:
    whole = Revocation(name="com.example/clock", **FACTS)
    one = replace(whole, version="1.2", reason="this one leaks")

    found = revocation.withdrawal("com.example/clock", "1.2", BACKING, (whole, one))

    assert found is not None
    assert found.sentence == "`com.example/clock` 1.2 was revoked: this one leaks (2026-11-23)"


@pytest.mark.parametrize(
    "meant",
    [
        publisher(repository="https://forge.example.com/ada/clock"),
        publisher(repository="https://Forge.example.com/Ada/Clock.git"),
        publisher(repository="https://forge.example.com/ada/clock/"),
        publisher(repository_id="11"),
        publisher(owner_id="7"),
        publisher(issuer=ISSUER + "/", owner_id="7"),
    ],
)
def test_a_publisher_is_meant_by_any_of_three(meant: PublisherRevocation) -> None:
    assert code(meant) is ErrorCode.PUBLISHER_REVOKED


@pytest.mark.parametrize(
    "other",
    [
        publisher(repository="https://forge.example.com/ada/clock2"),
        publisher(repository_id="1"),
        publisher(repository_id="7"),
        publisher(owner_id="11"),
        publisher(issuer="https://other.example.com", owner_id="7"),
    ],
)
def test_another_publisher_is_not_meant(other: PublisherRevocation) -> None:
    assert code(other) is None


def test_a_manifest_without_a_publisher_is_nobodys() -> None:
    assert code(publisher(owner_id="7"), backing=replace(BACKING, issuer="")) is None
    assert code(publisher(owner_id="7"), backing=Backing()) is None


def test_a_server_with_another_reviewer_stays() -> None:
    assert code(reviewer("Ada")) is None
    assert code(reviewer("Ada"), reviewer("Bob")) is ErrorCode.REVIEWER_REVOKED
    assert code(reviewer("Ada"), backing=replace(BACKING, needed=2)) is ErrorCode.REVIEWER_REVOKED


def test_other_spellings_of_a_reviewer_are_the_same_reviewer() -> None:
    alone = replace(BACKING, reviews=(("Ada  Lovelace", "2026-11-20"),))

    assert code(reviewer("ada lovelace "), backing=alone) is ErrorCode.REVIEWER_REVOKED
    twice = replace(BACKING, reviews=(*BACKING.reviews, ("BOB", "2026-11-22")), needed=2)
    assert code(reviewer("Ada"), backing=twice) is ErrorCode.REVIEWER_REVOKED


def test_reviews_before_the_day_still_count() -> None:
    alone = replace(BACKING, reviews=(("Ada", "2026-11-20"),))

    assert code(reviewer("Ada", "2026-11-21"), backing=alone) is None
    assert code(reviewer("Ada", "2026-11-20"), backing=alone) is ErrorCode.REVIEWER_REVOKED


def test_what_nobody_reviewed_has_no_reviewer_to_lose() -> None:
    assert code(reviewer("Ada"), backing=Backing()) is None


# Text --------------------------------------------------------------------------------------------

FILE = RegistryFile(
    name="a", serial=1, issued=datetime(2026, 11, 22, tzinfo=UTC),
    expires=datetime(2026, 11, 23, tzinfo=UTC), index="a" * 64, owner="ann",
)  # fmt: skip


def parsed(block: str) -> tuple[AnyRevocation, ...]:
    text = registry_text.dump(FILE).decode() + f"\n[[revocations]]\n{block}\n"
    return registry_text.parse(text.encode(), "registry.toml").revocations


END = 'reason = "r"\ndate = "2026-11-23"'


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ('version = "1"', "name"),
        ('name = "com.example/x"\nversion = ""', "version"),
        ('name = "com.example/x"\nissuer = "https://a"', "name"),
        ('name = "com.example/x"\nreviewer = "Ada"', "name"),
        ('issuer = "https://a"', "issuer"),
        ('issuer = " "\nowner-id = "1"', "issuer"),
        ('issuer = "https://a"\nowner-id = "1"\nrepository-id = "2"', "issuer"),
        ('issuer = "https://a"\nowner-id = "ada"', "owner-id"),
        ('issuer = "https://a"\nrepository = ""', "repository"),
        ('repository = "https://a/b"', "repository"),
        ('reviewer = ""', "reviewer"),
        ('reviewer = "Ada"\nsince = "yesterday"', "since"),
        ('reviewer = "Ada"\nsince = ""', "since"),
        ('reviewer = "Ada"\nfrom = "2026-11-23"', "from"),
    ],
)
def test_a_block_that_is_none_of_the_kinds_is_refused(block: str, told: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        parsed(f"{block}\n{END}")

    assert refused.value.code is ErrorCode.REGISTRY_INVALID
    assert f"revocations[0].{told}`" in refused.value.message


def test_a_list_as_long_as_is_read_is_read_and_a_longer_one_refused() -> None:
    most = [Revocation(name="com.example/x", version=str(n), **FACTS) for n in range(1000)]
    text = registry_text.dump(replace(FILE, revocations=tuple(most)))
    assert registry_text.parse(text, "registry.toml").revocations == tuple(most)

    longer = registry_text.dump(replace(FILE, revocations=(*most, most[0])))
    with pytest.raises(McpInstallError) as refused:
        registry_text.parse(longer, "registry.toml")

    assert "more than 1000" in refused.value.message
    assert revocation_text.MOST == 1000
