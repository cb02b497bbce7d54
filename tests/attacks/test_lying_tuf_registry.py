"""Attack T21, for signed registries: replayed, frozen, mixed, forged, endless; a revoked key.

And what a mirror leads to, and what somebody wrote into the files of it that are saved here.

Who: a mirror, the network, whoever can replace the registry's files; a thief of one key.
Stopped by: check 1: every role by its threshold, expiry, versions that only grow, one snapshot
over all roles, bounded lengths.
Twin: `test_an_honest_publication_is_accepted`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.registry import TufSource
from mcpinstall.operations import lookup
from mcpinstall.operations.registry_owner import Rotation
from mcpinstall.registries import Registry
from tests.builders.registry_folders import NAME, RegistryFolder, manifest, server_json
from tests.builders.tuf_world import Site, TufWorld, lonely_context


@pytest.fixture
def tuf(tmp_path: Path) -> Iterator[TufWorld]:
    folder = RegistryFolder(tmp_path / "manifests").add(alias="clock")
    (tmp_path / "user").mkdir()
    made = TufWorld(
        root=tmp_path, manifests=folder.folder, context=lonely_context(tmp_path / "user")
    )
    made.begin().publish()
    with Site(made.folder) as made.site:
        yield made


@pytest.fixture
def source(tuf: TufWorld) -> TufSource:
    return tuf.trust()


def opened(tuf: TufWorld, source: TufSource, **later: float) -> Registry:
    return registries.open_tuf(
        source,
        tuf.context.paths,
        tuf.later(**later),
        machine=tuf.context.machine,
        strict=True,
    )


def refusal(tuf: TufWorld, source: TufSource, **later: float) -> ErrorCode:
    with pytest.raises(McpInstallError) as refused:
        opened(tuf, source, **later).find(NAME)
    return refused.value.code


def kept(tuf: TufWorld, name: str = "old") -> Path:
    """Keep a copy of what the owner has published so far."""
    copy = tuf.root / name
    shutil.copytree(tuf.folder, copy)
    return copy


def put_back(tuf: TufWorld, copy: Path, *names: str) -> None:
    for name in names:
        shutil.copyfile(copy / "metadata" / name, tuf.metadata / name)


def with_second_version(tuf: TufWorld) -> None:
    folder = RegistryFolder(tuf.root / "manifests-2").add(alias="clock")
    folder.add(manifest(version="1.3.0"), server=server_json(version="1.3.0"))
    tuf.publish(source=folder.folder)


def test_an_honest_publication_is_accepted(tuf: TufWorld, source: TufSource) -> None:
    assert opened(tuf, source).find(NAME).manifest.version == "1.2.0"

    tuf.renew()

    found = opened(tuf, source)
    assert found.find(NAME).manifest.version == "1.2.0"
    assert found.state.serial == 2
    assert "authentic" in found.state.check.evidence
    assert "fresh until" in found.state.check.evidence
    assert "not rolled back" in found.state.check.evidence


def test_a_replayed_state_is_refused(tuf: TufWorld, source: TufSource) -> None:
    old = kept(tuf)
    tuf.renew()
    assert opened(tuf, source).state.serial == 2

    put_back(tuf, old, "timestamp.json")

    assert refusal(tuf, source) is ErrorCode.REGISTRY_ROLLED_BACK


def test_a_frozen_registry_is_stale_and_installs_nothing_new(
    tuf: TufWorld, source: TufSource
) -> None:
    assert opened(tuf, source, days=1.9).find(NAME).manifest.name == NAME
    assert refusal(tuf, source, days=2.1) is ErrorCode.REGISTRY_STALE
    with pytest.raises(McpInstallError) as refused:
        lookup.reviewed(f"corp:{NAME}", tuf.at(tuf.later(days=2.1)))
    assert refused.value.code is ErrorCode.REGISTRY_STALE


def test_what_has_expired_is_still_authentic_for_what_is_installed(
    tuf: TufWorld, source: TufSource
) -> None:
    assert opened(tuf, source).find(NAME).manifest.name == NAME

    stale = registries.open_tuf(
        source, tuf.context.paths, tuf.later(days=400), machine=tuf.context.machine, offline=True
    )

    assert stale.state.stale
    assert "STALE since" in stale.state.check.evidence
    assert stale.find(NAME).manifest.version == "1.2.0"


def test_a_clock_turned_back_makes_nothing_fresh_again(tuf: TufWorld, source: TufSource) -> None:
    state = opened(tuf, source).state
    registries.remember(state, tuf.context.paths, now=tuf.later(days=3))

    assert refusal(tuf, source, days=1) is ErrorCode.REGISTRY_STALE


def test_two_states_mixed_are_refused(tuf: TufWorld, source: TufSource) -> None:
    old = kept(tuf)
    with_second_version(tuf)
    number = json.loads((tuf.metadata / "2.snapshot.json").read_bytes())
    changed = [
        name.removesuffix(".json")
        for name, meta in number["signed"]["meta"].items()
        if meta["version"] == 2
    ]
    assert changed
    for name in changed:
        shutil.copyfile(old / "metadata" / f"1.{name}.json", tuf.metadata / f"2.{name}.json")

    assert refusal(tuf, source) is ErrorCode.REGISTRY_ROLLED_BACK


@pytest.mark.parametrize("role", ["timestamp", "1.snapshot", "1.targets", "1.bins-"])
def test_a_forged_role_is_refused(tuf: TufWorld, source: TufSource, role: str) -> None:
    shutil.rmtree(tuf.context.paths.registries)  # (else what was saved is not asked for again)
    path = tuf.metadata / f"{role}.json"
    document = json.loads(path.read_bytes())
    document["signed"]["x-more"] = "forged"
    path.write_text(json.dumps(document))

    assert refusal(tuf, source) is ErrorCode.REGISTRY_INVALID


def test_one_signature_where_two_are_needed_is_refused(tuf: TufWorld, source: TufSource) -> None:
    shutil.rmtree(tuf.context.paths.registries)
    path = tuf.metadata / "1.targets.json"
    document = json.loads(path.read_bytes())
    assert len(document["signatures"]) == 2
    del document["signatures"][1]
    path.write_text(json.dumps(document))

    assert refusal(tuf, source) is ErrorCode.REGISTRY_INVALID


def test_a_revoked_key_signs_nothing_any_more(tuf: TufWorld, source: TufSource) -> None:
    stolen = kept(tuf)
    old_key = json.loads((tuf.metadata / "timestamp.json").read_bytes())["signatures"][0]["keyid"]
    new = tuf.new_key("online-2")
    change = Rotation(role="online", add=(new,), revoke=(old_key,))
    tuf.rotate(change, "root-1", "root-2", "targets-1", "targets-2", "online-2")
    assert opened(tuf, source).find(NAME).manifest.name == NAME

    thief = TufWorld(root=tuf.root, manifests=tuf.manifests, context=tuf.context)
    shutil.copytree(stolen, tuf.root / "thief" / "site")
    thief.root = tuf.root / "thief"
    shutil.copytree(tuf.root / "keys", thief.root / "keys")
    for _ in range(3):
        thief.renew()
    put_back(tuf, thief.folder, "timestamp.json", "1.snapshot.json")

    assert refusal(tuf, source) is ErrorCode.REGISTRY_INVALID


def test_a_root_that_the_old_keys_did_not_sign_is_refused(tuf: TufWorld, source: TufSource) -> None:
    other = TufWorld(root=tuf.root / "other", manifests=tuf.manifests, context=tuf.context)
    other.root.mkdir()
    other.begin().rotate(Rotation(role="online", threshold=1), "root-1", "root-2")
    put_back(tuf, other.folder, "2.root.json")

    assert refusal(tuf, source) is ErrorCode.REGISTRY_INVALID


def test_endless_metadata_is_cut_off(tuf: TufWorld, source: TufSource) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    assert tuf.site is not None
    tuf.site.lie = lambda path: endless() if path.endswith("timestamp.json") else None

    assert refusal(tuf, source) is ErrorCode.REGISTRY_UNAVAILABLE


def test_an_endless_record_is_cut_off(tuf: TufWorld, source: TufSource) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    assert tuf.site is not None
    tuf.site.lie = lambda path: endless() if path.startswith("/targets/servers/") else None

    assert refusal(tuf, source) is ErrorCode.REGISTRY_UNAVAILABLE


@pytest.mark.parametrize("folder", ["targets/servers", "files"])
def test_a_file_of_other_bytes_is_refused(tuf: TufWorld, source: TufSource, folder: str) -> None:
    for path in (tuf.folder / folder).rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes() + b"\n")

    assert refusal(tuf, source) in (ErrorCode.DIGEST_MISMATCH, ErrorCode.REGISTRY_UNAVAILABLE)


def test_a_poisoned_cache_of_targets_is_fetched_again(tuf: TufWorld, source: TufSource) -> None:
    assert opened(tuf, source).find(NAME).manifest.name == NAME
    poisoned = [path for path in tuf.context.paths.cache.rglob("*") if path.is_file()]
    for path in poisoned:
        path.write_bytes(b"poison" * 10_000)

    assert poisoned
    assert opened(tuf, source).find(NAME).manifest.version == "1.2.0"


def test_an_old_state_shown_to_a_newcomer_counts_for_two_days_at_most(
    tuf: TufWorld, source: TufSource, tmp_path: Path
) -> None:
    old = kept(tuf)
    with_second_version(tuf)
    tuf.renew(now=tuf.later(days=2))
    put_back(tuf, old, "timestamp.json")
    (tmp_path / "newcomer").mkdir()
    newcomer = replace(tuf, context=lonely_context(tmp_path / "newcomer"))

    known = newcomer.trust()

    assert opened(newcomer, known, days=1.9).find(NAME).manifest.version == "1.2.0"
    shutil.rmtree(newcomer.context.paths.registries)
    assert refusal(newcomer, known, days=2.1) is ErrorCode.REGISTRY_STALE


def saved(tuf: TufWorld) -> Path:
    (folder,) = tuf.context.paths.registries.glob("*/metadata")
    return folder


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets", "bins-"])
def test_saved_metadata_that_was_poisoned_is_not_believed(
    tuf: TufWorld, source: TufSource, role: str
) -> None:
    assert opened(tuf, source).find(NAME).manifest.version == "1.2.0"
    path = saved(tuf) / f"{role}.json"
    document = json.loads(path.read_bytes())
    document["signed"].update(
        {"x-more": "forged", "version": 99, "expires": "2099-01-01T00:00:00Z"}
    )
    path.unlink()
    path.write_text(json.dumps(document))

    found = opened(tuf, source)

    assert found.find(NAME).manifest.version == "1.2.0"
    assert found.state.serial == 1
    assert found.state.expires < tuf.later(days=3)


def test_saved_metadata_of_another_registry_is_not_believed_offline(
    tuf: TufWorld, source: TufSource
) -> None:
    other = TufWorld(root=tuf.root / "other", manifests=tuf.manifests, context=tuf.context)
    other.root.mkdir()
    other.begin().publish()
    assert opened(tuf, source).find(NAME).manifest.version == "1.2.0"
    for name in ("timestamp.json", "snapshot.json", "targets.json", "bins-.json"):
        published = next(other.metadata.glob(f"*{name}"))
        (saved(tuf) / name).unlink()
        shutil.copyfile(published, saved(tuf) / name)

    with pytest.raises(McpInstallError) as refused:
        registries.open_tuf(
            source, tuf.context.paths, tuf.now, machine=tuf.context.machine, offline=True
        )

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


@pytest.mark.parametrize(
    "where", ["{url}{path}", "file:///etc/hostname", "http://192.0.2.1/", "ftp://127.0.0.1/"]
)
@pytest.mark.parametrize("what", ["timestamp.json", "/targets/servers/"])
def test_a_redirect_to_nowhere_good_is_not_followed(
    tuf: TufWorld, source: TufSource, where: str, what: str
) -> None:
    site = tuf.site
    assert site is not None

    def elsewhere(path: str) -> str | None:
        return where.format(url=site.url, path=path) if what in path else None

    site.leads_to = elsewhere

    assert refusal(tuf, source) is ErrorCode.REGISTRY_UNAVAILABLE


def test_a_redirect_to_a_forger_is_refused_and_to_a_mirror_is_followed(
    tuf: TufWorld, source: TufSource
) -> None:
    mirror = kept(tuf, "mirror")
    assert tuf.site is not None
    with Site(mirror) as other:
        tuf.site.leads_to = lambda path: f"{other.url}{path}"
        assert opened(tuf, source).find(NAME).manifest.version == "1.2.0"
        tuf.renew()
        path = mirror / "metadata" / "timestamp.json"
        document = json.loads((tuf.metadata / "timestamp.json").read_bytes())
        document["signed"]["expires"] = "2099-01-01T00:00:00Z"
        path.write_text(json.dumps(document))

        assert refusal(tuf, source) is ErrorCode.REGISTRY_INVALID


def test_an_exchanged_root_is_refused(tuf: TufWorld, source: TufSource) -> None:
    path = registries.root_path(source.root, tuf.context.paths)
    path.write_bytes(path.read_bytes() + b" ")

    assert refusal(tuf, source) is ErrorCode.REGISTRY_INVALID
