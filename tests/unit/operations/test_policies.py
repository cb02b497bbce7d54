"""What a policy is told of a server: facts that somebody vouches for, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.model.registry import ReviewedServer, ReviewState
from mcpinstall.operations import policies
from mcpinstall.system.paths import StatePaths
from tests.builders import plans, registry_folders
from tests.builders.registry_folders import ISSUED, NAME, RegistryFolder

UPLOADED = datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
RECEIPT = plans.receipt(name=NAME, artifacts=(("a.whl", "a" * 64), ("b.whl", "b" * 64)))


@pytest.fixture
def server(tmp_path: Path) -> ReviewedServer:
    """A server of a folder whose lock has a time for its wheel."""
    text = registry_folders.lock().replace(
        b"size = 1000,", b"size = 1000, upload-time = 2026-11-02T03:04:05Z,"
    )
    folder = RegistryFolder(tmp_path / "r").add(locked=text).folder
    paths = StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")
    return registries.open_folder(folder, paths, datetime(2026, 12, 1, tzinfo=UTC)).find(NAME)


def certified(server: ReviewedServer) -> ReviewedServer:
    return replace(server, registry=replace(server.registry, review=ReviewState.CERTIFIED))


def test_times_of_a_lock_count_where_a_registry_vouches_for_it(server: ReviewedServer) -> None:
    assert policies.of_receipt(RECEIPT, server).released is None
    assert policies.of_receipt(RECEIPT, certified(server)).released == UPLOADED


def test_one_wheel_without_a_time_is_as_old_as_the_registry(server: ReviewedServer) -> None:
    (package,) = server.lock.packages
    other = replace(package.wheels[0], sha256="b" * 64, uploaded=None)
    lock = replace(server.lock, packages=(replace(package, wheels=(*package.wheels, other)),))

    found = policies.of_receipt(RECEIPT, certified(replace(server, lock=lock)))

    assert found.released == ISSUED


def test_of_a_remote_server_nothing_was_locked_or_inspected(server: ReviewedServer) -> None:
    review = replace(server.manifest.reviews[0], criteria=("locked", "inspected", "probed"))
    reviewed = replace(server, manifest=replace(server.manifest, reviews=(review,)))
    remote = replace(RECEIPT, transport="sse", url="https://A.Example.com./mcp")

    here, there = (policies.of_receipt(one, certified(reviewed)) for one in (RECEIPT, remote))

    assert here.criteria == ("locked", "inspected", "probed")
    assert (there.criteria, there.address) == (("probed",), "a.example.com")
    assert there.transport == "sse"
