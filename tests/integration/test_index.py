"""The index that uv uses on this machine, as it really answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from uv import find_uv_bin

from mcpinstall.indexes import Index, Store, effective_index, fetch_artifacts, simple_page
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits
from mcpinstall.system.fetch import Client
from mcpinstall.system.machine import Machine

pytestmark = pytest.mark.network

PACKAGES = ("idna", "sniffio", "typing-inspection")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("MCPI_HOME", str(tmp_path / "state"))
    return Machine.current()


@pytest.fixture
def index(machine: Machine) -> Index:
    return effective_index(machine, Path(find_uv_bin()))


def smallest_wheel(index: Index, machine: Machine, package: str) -> Artifact:
    """Return a package's smallest wheel, as a lock would name it."""
    source = index.sources[-1]
    with Client(source.url.text, machine=machine, credentials=source.credentials) as client:
        answer = client.get_bytes(
            source.page(package),
            limit=limits.INDEX_PAGE_BYTES,
            headers={"accept": simple_page.ACCEPT},
        )
    assert answer is not None
    rows = json.loads(answer.body)["files"]
    wheels = [row for row in rows if row["filename"].endswith(".whl") and not row["yanked"]]
    row = min(wheels, key=lambda row: row["size"])
    return Artifact(
        filename=row["filename"], package=package, version=row["filename"].split("-")[1],
        size=row["size"], sha256=row["hashes"]["sha256"],
    )  # fmt: skip


def test_files_come_from_the_index_and_then_from_the_store(
    index: Index, machine: Machine, tmp_path: Path
) -> None:
    artifacts = [smallest_wheel(index, machine, package) for package in PACKAGES]
    store = Store(tmp_path / "store")

    fetched = fetch_artifacts(artifacts, index=index, store=store, machine=machine)
    again = fetch_artifacts(artifacts, index=None, store=store, machine=machine, offline=True)

    assert fetched.downloaded_bytes == sum(artifact.size for artifact in artifacts)
    assert fetched.yanked_checked
    assert fetched.yanked == ()
    assert again.from_store == len(artifacts)


def test_a_package_that_nobody_has_published_has_no_page(index: Index, machine: Machine) -> None:
    source = index.sources[-1]
    with Client(source.url.text, machine=machine, credentials=source.credentials) as client:
        assert client.get_bytes(source.page("mcpinstall-no-such-package-2"), limit=10_000) is None
