"""Attack T21: a registry forgets what it revoked, so that a bad version is installed again.

Who: a mirror, the network, whoever can replace a folder; an owner who hides a mistake.
Stopped by: check 1: what is revoked is remembered by root when it is read, and only a higher
serial takes a revocation back; a signed registry's own versions only grow.
Twin: `test_the_same_state_and_a_newer_one_are_accepted`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.registry import TufSource
from mcpinstall.model.revocation import AnyRevocation, ReviewerRevocation, Revocation
from mcpinstall.registries import Registry
from mcpinstall.system import limits, revocation_memory
from mcpinstall.system.paths import StatePaths
from tests.builders.registry_folders import NAME, RegistryFolder, manifest, server_json
from tests.builders.tuf_world import Site, TufWorld, lonely_context

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FACTS = {"reason": "it was stolen", "date": "2026-11-23"}
SERVER = Revocation(name=NAME, **FACTS)


@pytest.fixture
def paths(tmp_path: Path) -> StatePaths:
    tmp_path.chmod(0o700)
    return StatePaths(config=tmp_path / "c", data=tmp_path / "d", cache=tmp_path / "e")


@pytest.fixture
def folder(tmp_path: Path, paths: StatePaths) -> RegistryFolder:
    """A registry with serial 2 that was read once, and has revoked its only server."""
    made = RegistryFolder(tmp_path / "r").add(alias="clock").withdraw(SERVER)
    registries.note_revocations(opened(made, paths).state, paths)
    return made


def opened(folder: RegistryFolder, paths: StatePaths) -> Registry:
    return registries.open_folder(folder.folder, paths, NOW)


def say(folder: RegistryFolder, serial: int, *revocations: AnyRevocation) -> None:
    folder.file = replace(folder.file, revocations=revocations)
    folder.publish(serial=serial)


def remembered(folder: RegistryFolder, paths: StatePaths) -> tuple[AnyRevocation, ...]:
    root = opened(folder, paths).state.root_digest
    return revocation_memory.known(root, paths)


def test_the_same_state_and_a_newer_one_are_accepted(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    assert opened(folder, paths).state.revocations == (SERVER,)
    say(folder, 2, SERVER, Revocation(name="com.example/x", **FACTS))
    assert len(opened(folder, paths).state.revocations) == 2
    say(folder, 3)

    assert opened(folder, paths).find(NAME).manifest.name == NAME
    registries.note_revocations(opened(folder, paths).state, paths)
    assert remembered(folder, paths) == ()


@pytest.mark.parametrize("serial", [1, 2])
@pytest.mark.parametrize(
    "others",
    [
        (),
        (Revocation(name="com.example/x", **FACTS),),
        (replace(SERVER, version="9.9"),),
        (ReviewerRevocation(reviewer="x", **FACTS),),
    ],
    ids=["nothing", "another", "less", "a reviewer"],
)
def test_less_under_no_higher_serial_is_refused(
    folder: RegistryFolder, paths: StatePaths, serial: int, others: tuple[AnyRevocation, ...]
) -> None:
    say(folder, serial, *others)

    with pytest.raises(McpInstallError) as refused:
        opened(folder, paths)

    assert refused.value.code is ErrorCode.REGISTRY_ROLLED_BACK
    assert "it was stolen" in refused.value.message


def test_an_older_state_takes_nothing_out_of_what_is_remembered(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    root = opened(folder, paths).state.root_digest
    other = Revocation(name="com.example/x", **FACTS)

    revocation_memory.note(root, 1, (other,), paths)
    assert revocation_memory.known(root, paths) == (SERVER, other)
    revocation_memory.note(root, 2, (), paths)

    assert revocation_memory.recall(root, paths).serial == 2
    assert revocation_memory.known(root, paths) == (SERVER, other)


def test_floods_of_one_serial_leave_the_memory_bounded(
    folder: RegistryFolder, paths: StatePaths
) -> None:
    root = opened(folder, paths).state.root_digest
    for turn in range(3):
        flood = [Revocation(name=f"com.example/x{turn}-{n}", **FACTS) for n in range(1000)]
        revocation_memory.note(root, 2, flood, paths)

    found = revocation_memory.known(root, paths)
    assert len(found) == 1000
    assert SERVER in found


def test_a_registry_file_without_end_is_not_read(folder: RegistryFolder, paths: StatePaths) -> None:
    with (folder.folder / "registry.toml").open("ab") as file:
        file.write(b"# " + b"x" * limits.REGISTRY_BYTES)

    with pytest.raises(McpInstallError):
        opened(folder, paths)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"serial": 1}', b'{"serial": 1, "revocations": [{"name": "x"}]}']
)
def test_a_damaged_memory_is_told_and_not_taken_for_an_empty_one(
    folder: RegistryFolder, paths: StatePaths, text: bytes
) -> None:
    (file,) = paths.registries.glob("*.revoked")
    file.write_bytes(text)
    if text == b'{"serial": 1}':
        assert remembered(folder, paths) == ()
        return

    with pytest.raises(McpInstallError) as refused:
        opened(folder, paths)

    assert refused.value.code is ErrorCode.STATE_UNSAFE
    assert str(file) in refused.value.message


# Signed registries -------------------------------------------------------------------------------


@pytest.fixture
def tuf(tmp_path: Path) -> Iterator[TufWorld]:
    """A signed registry that revoked 1.3.0 in its second state."""
    folder = RegistryFolder(tmp_path / "manifests").add(alias="clock")
    folder.add(manifest(version="1.3.0"), server=server_json(version="1.3.0"))
    (tmp_path / "user").mkdir()
    made = TufWorld(
        root=tmp_path, manifests=folder.folder, context=lonely_context(tmp_path / "user")
    )
    made.begin().publish()
    shutil.copytree(made.folder, tmp_path / "old")
    folder.withdraw(Revocation(name=NAME, version="1.3.0", **FACTS))
    made.publish()
    with Site(made.folder) as made.site:
        yield made


def asked(tuf: TufWorld, source: TufSource) -> Registry:
    return registries.open_tuf(
        source, tuf.context.paths, tuf.now, machine=tuf.context.machine, strict=True
    )


def test_a_signed_revocation_counts_and_is_remembered(tuf: TufWorld) -> None:
    source = tuf.trust()

    assert asked(tuf, source).find(NAME).manifest.version == "1.2.0"
    with pytest.raises(McpInstallError) as refused:
        asked(tuf, source).find(NAME, "1.3.0")
    assert refused.value.code is ErrorCode.VERSION_REVOKED
    assert [row.version for row in asked(tuf, source).search("clock")] == ["1.2.0"]
    (known,) = revocation_memory.known(source.root, tuf.context.paths)
    assert known.reason == "it was stolen"


@pytest.mark.parametrize(
    "names",
    [("timestamp.json",), ("timestamp.json", "1.snapshot.json", "1.targets.json")],
    ids=["timestamp", "everything that names it"],
)
def test_an_older_snapshot_does_not_bring_a_version_back(
    tuf: TufWorld, names: tuple[str, ...]
) -> None:
    source = tuf.trust()
    for name in names:
        shutil.copyfile(tuf.root / "old" / "metadata" / name, tuf.metadata / name)

    with pytest.raises(McpInstallError) as refused:
        asked(tuf, source)

    assert refused.value.code is ErrorCode.REGISTRY_ROLLED_BACK
    assert len(revocation_memory.known(source.root, tuf.context.paths)) == 1


def test_an_older_snapshot_without_its_timestamp_changes_nothing(tuf: TufWorld) -> None:
    source = tuf.trust()
    for path in (tuf.root / "old" / "metadata").glob("*.json"):
        if path.name != "timestamp.json":
            shutil.copyfile(path, tuf.metadata / path.name)

    assert asked(tuf, source).find(NAME).manifest.version == "1.2.0"
