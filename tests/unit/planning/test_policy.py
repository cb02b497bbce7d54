"""Check 3: the built-in policy, and the words for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Outcome
from mcpinstall.model.registry import ReviewedServer, ReviewState
from mcpinstall.model.revocation import Revocation
from mcpinstall.planning import policy
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import NAME, RegistryFolder

YANKED = (("x-1-py3-none-any.whl", "broken"),)


@pytest.fixture
def certified(tmp_path: Path) -> ReviewedServer:
    folder = RegistryFolder(tmp_path / "r").add().folder
    paths = StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")
    server = registries.open_folder(folder, paths, datetime(2026, 12, 1, tzinfo=UTC)).find(NAME)
    return replace(server, registry=replace(server.registry, review=ReviewState.CERTIFIED))


def changed(server: ReviewedServer, **keys: object) -> ReviewedServer:
    return replace(server, registry=replace(server.registry, **keys))  # type: ignore[arg-type]


def test_a_certified_server_is_accepted(certified: ReviewedServer) -> None:
    found = policy.check(certified)

    assert found.outcome is Outcome.VERIFIED
    assert found.evidence == "built-in default: certified; none yanked"


def test_offline_nothing_is_known_of_yanked_files(certified: ReviewedServer) -> None:
    found = policy.check(certified, frozenset(), (), "offline")

    assert found.evidence == "built-in default: certified; yanked not checked (offline)"


def test_an_unreviewed_server_needs_leave_when_nobody_reads_the_screen(
    certified: ReviewedServer,
) -> None:
    unreviewed = changed(certified, review=ReviewState.UNREVIEWED)

    with pytest.raises(McpInstallError) as refused:
        policy.check(unreviewed, unattended=True)

    assert refused.value.code is ErrorCode.POLICY_REFUSED
    allowed = policy.check(unreviewed, frozenset({"unreviewed"}), unattended=True)
    assert "NOT REVIEWED" in allowed.evidence
    assert "NOT REVIEWED" in policy.check(unreviewed).evidence
    assert "NOT REVIEWED" in policy.check(unreviewed, frozenset({"unreviewed"})).evidence


def test_a_yanked_file_needs_leave(certified: ReviewedServer) -> None:
    with pytest.raises(McpInstallError) as refused:
        policy.check(certified, frozenset({"stale"}), YANKED)

    assert refused.value.code is ErrorCode.VERSION_YANKED
    found = policy.check(certified, frozenset({"yanked"}), YANKED)
    assert found.evidence.endswith("yanked but allowed: `x-1-py3-none-any.whl` (broken)")


def test_a_stale_registry_needs_a_reader_or_leave(certified: ReviewedServer) -> None:
    stale = changed(certified, stale=True)

    with pytest.raises(McpInstallError) as refused:
        policy.check(stale, unattended=True)

    assert refused.value.code is ErrorCode.REGISTRY_STALE
    for found in (policy.check(stale), policy.check(stale, frozenset({"stale"}), unattended=True)):
        assert found.evidence.endswith("registry stale since 2027-05-21")


def test_no_leave_is_given_for_a_revoked_version(certified: ReviewedServer) -> None:
    item = Revocation(name=NAME, version="1.2.0", reason="sends mail", date="2026-11-23")
    revoked = changed(certified, revocations=(item,))

    with pytest.raises(McpInstallError) as refused:
        policy.check(revoked, frozenset({"unreviewed", "stale", "yanked", "vulnerable"}))

    assert refused.value.code is ErrorCode.VERSION_REVOKED
