"""Whom a package was first seen from: kept once, never passed over, never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.publisher import (
    FirstSeen,
    Identity,
    Origin,
    PackageFile,
    PackagePublisher,
    ServerPublishers,
)
from mcpinstall.operations import publisher_records
from mcpinstall.operations.context import Context
from mcpinstall.operations.provenance import Source

ACME = Identity(
    issuer="https://i.example", repository="https://f.example/acme/x", repository_id="1",
    owner_id="2", workflow="r.yml", ref="refs/tags/*", runner="",
)  # fmt: skip
THIEF = Identity(
    issuer="https://i.example", repository="https://f.example/thief/x", repository_id="3",
    owner_id="4", workflow="r.yml", ref="refs/tags/*", runner="",
)  # fmt: skip


def first(identity: Identity, index: str = "a", package: str = "clock") -> ServerPublishers:
    origin = Origin(digest=index * 64, address=f"https://{index}.example")
    publisher = PackagePublisher(package=package, identity=identity)
    return ServerPublishers(
        slug="s",
        check=CheckResult(check=Check.PUBLISHER, outcome=Outcome.VERIFIED, evidence=""),
        to_keep=(FirstSeen(origin=origin, publisher=publisher),),
    )


@pytest.fixture
def context(home: Path) -> Context:
    del home
    return Context.current()


def test_each_index_is_remembered_by_itself(context: Context) -> None:
    publisher_records.keep([first(ACME), first(THIEF, "b"), first(THIEF, "a", "other")], context)

    assert publisher_records.seen("clock", context).identities == {"a" * 64: ACME, "b" * 64: THIEF}
    assert publisher_records.seen("Clock", context).identities == {}


def test_who_comes_second_does_not_take_the_place(context: Context) -> None:
    publisher_records.keep([first(ACME)], context)
    publisher_records.keep([first(ACME)], context)

    with pytest.raises(McpInstallError) as refused:
        publisher_records.keep([first(THIEF)], context)

    assert refused.value.code == "plan-changed"
    assert publisher_records.seen("clock", context).identities == {"a" * 64: ACME}


@pytest.mark.parametrize("damage", [b"", b"{}", b"x", b'{"schema":1,"record":{"package":"clock"}}'])
def test_a_damaged_record_stops(context: Context, damage: bytes) -> None:
    publisher_records.keep([first(ACME)], context)
    path = Path(publisher_records.seen("clock", context).place)
    path.write_bytes(damage)

    with pytest.raises(McpInstallError) as refused:
        publisher_records.seen("clock", context)

    assert refused.value.code == "state-invalid"
    assert "first seen" in refused.value.hint


def test_the_record_of_another_package_is_none(context: Context) -> None:
    publisher_records.keep([first(ACME)], context)
    path = Path(publisher_records.seen("clock", context).place)
    other = Path(publisher_records.seen("notes", context).place)
    path.rename(other)

    with pytest.raises(McpInstallError) as refused:
        publisher_records.seen("notes", context)

    assert refused.value.code == "state-invalid"


def test_a_kind_of_package_that_nobody_can_verify_yet_is_unsupported(context: Context) -> None:
    file = PackageFile(
        ecosystem="npm", package="clock", version="1", filename="clock-1.tgz", sha256="0" * 64
    )

    found = Source(context).of(file, [b"{}"], None)

    assert (found.outcome, found.signers) == (Outcome.UNSUPPORTED, ())
