"""Pruning a TUF registry: what a client may ask for stays, what it can't goes."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import McpInstallError
from mcpinstall.operations import registry_folder, registry_owner
from mcpinstall.registries.tuf_prune import Unused
from tests.builders.advisories import advise, advisory, file
from tests.builders.registry_folders import NAME, RegistryFolder, manifest, server_json
from tests.builders.sigstore_instance import Instance
from tests.builders.tuf_world import TufWorld, lonely_context


@pytest.fixture
def tuf(tmp_path: Path) -> TufWorld:
    """A registry whose first server was replaced by another after a day."""
    folder = RegistryFolder(tmp_path / "manifests").add(alias="clock")
    (tmp_path / "user").mkdir()
    made = TufWorld(
        root=tmp_path, manifests=folder.folder, context=lonely_context(tmp_path / "user")
    )
    made.begin().publish()
    made.publish(source=other(made).folder, now=made.later(days=1))
    return made


def other(tuf: TufWorld, version: str = "2.0.0") -> RegistryFolder:
    folder = RegistryFolder(tuf.root / f"manifests-{version}").add(alias="clock")
    folder.add(manifest(version=version), server=server_json(version=version))
    return folder


def pruned(tuf: TufWorld, *, days: float, dry_run: bool = False) -> Unused:
    return registry_owner.prune(tuf.folder, tuf.at(tuf.later(days=days)), dry_run=dry_run)


def there(tuf: TufWorld) -> set[str]:
    return {str(path.relative_to(tuf.folder)) for path in tuf.folder.rglob("*") if path.is_file()}


def found(tuf: TufWorld, *, days: float, version: str) -> int:
    """How many files a newcomer gets: the record, and four of the server."""
    user = tuf.root / f"newcomer-{days}"
    user.mkdir()
    newcomer = TufWorld(root=tuf.root, manifests=tuf.manifests, context=lonely_context(user))
    registry = registries.open_tuf(
        newcomer.trust(), newcomer.context.paths, tuf.later(days=days),
        machine=newcomer.context.machine, strict=True,
    )  # fmt: skip
    assert registry.find(NAME, version).manifest.version == version
    cached = (newcomer.context.paths.cache / "tuf").rglob("*")
    return sum(path.is_file() for path in cached)


def test_nothing_goes_that_a_snapshot_in_force_names(tuf: TufWorld) -> None:
    before = there(tuf)

    assert pruned(tuf, days=6.9).paths == ()
    assert there(tuf) == before


def test_what_only_expired_snapshots_name_goes(tuf: TufWorld) -> None:
    tuf.renew(now=tuf.later(days=7.5))
    before = there(tuf)
    (tuf.folder / "metadata" / "notes.txt").write_text("ours")
    (tuf.folder / "index.html").write_text("ours")

    planned = pruned(tuf, days=7.5, dry_run=True)
    assert before < there(tuf)
    done = pruned(tuf, days=7.5)

    assert done == planned
    gone = before - there(tuf)
    assert len(gone) == len(done.paths)
    assert {"metadata/1.snapshot.json", "metadata/1.targets.json"} <= gone
    assert any(name.startswith("targets/servers/") for name in gone)
    assert "metadata/1.root.json" in there(tuf)
    assert {"metadata/notes.txt", "index.html"} <= there(tuf)
    assert found(tuf, days=7.5, version="2.0.0") == 5
    assert pruned(tuf, days=7.5).paths == ()


def test_a_file_that_is_not_named_any_more_goes(tuf: TufWorld) -> None:
    folder = RegistryFolder(tuf.root / "alone")
    folder.add(manifest(version="3.0.0"), server=server_json(version="3.0.0"))
    tuf.publish(source=folder.folder, now=tuf.later(days=2))
    tuf.renew(now=tuf.later(days=9.5))
    before = {name for name in there(tuf) if name.startswith("files/")}

    pruned(tuf, days=9.5)

    after = {name for name in there(tuf) if name.startswith("files/")}
    assert after < before
    assert found(tuf, days=9.5, version="3.0.0") == 5


def test_what_waits_for_signatures_stays(tuf: TufWorld) -> None:
    tuf.stage("targets-1", source=other(tuf, "4.0.0").folder)

    pruned(tuf, days=20)

    tuf.sign("targets-2", "online")
    assert found(tuf, days=0, version="4.0.0") == 5


def test_advisories_and_trust_root_in_force_stay_and_older_ones_go(tuf: TufWorld) -> None:
    old, new = (file(date(2026, 11, day), other=advisory()) for day in (1, 2))
    folder, root = other(tuf, "5.0.0"), Instance().trusted_root
    (folder.folder / registries.TRUSTED_ROOT).write_bytes(root)
    folder.file = replace(folder.file, trusted_root=hashlib.sha256(root).hexdigest())
    for days, data in ((2, old), (3, new)):
        advise(folder, data)
        tuf.publish(source=folder.folder, now=tuf.later(days=days))
    tuf.renew(now=tuf.later(days=11))

    pruned(tuf, days=11)

    kept = {name.removeprefix("files/") for name in there(tuf)}
    assert hashlib.sha256(new).hexdigest() in kept
    assert hashlib.sha256(root).hexdigest() in kept
    assert hashlib.sha256(old).hexdigest() not in kept


def test_nobody_prunes_while_somebody_publishes(tuf: TufWorld) -> None:
    done: list[Unused] = []
    pruning = threading.Thread(target=lambda: done.append(pruned(tuf, days=0.1)))

    with registry_folder.alone(tuf.folder, tuf.context):
        pruning.start()
        pruning.join(0.5)
        assert done == []
    pruning.join()

    assert len(done) == 1


def test_a_registry_that_is_broken_is_left_as_it_is(tuf: TufWorld) -> None:
    tuf.renew(now=tuf.later(days=7.5))
    (path,) = (path for path in (tuf.folder / "files").iterdir() if b"2.0.0" in path.read_bytes()
               and b"[review" in path.read_bytes())  # fmt: skip
    path.write_bytes(path.read_bytes() + b"\n")
    before = there(tuf)

    with pytest.raises(McpInstallError):
        pruned(tuf, days=7.5)

    assert there(tuf) == before
