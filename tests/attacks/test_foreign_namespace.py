"""Attack T44: reviewers of one namespace vouch for names that aren't theirs.

Who: a reviewer or thief with the key of one namespace; a registry that names what others name.
Stopped by: check 1: a namespace's role speaks for its own paths only, and nobody else for them;
a name asks the registry that its prefix names, and no other.
Twin: `test_reviewers_of_a_namespace_vouch_for_their_own_servers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import registry_text, tuf_layout
from mcpinstall.model.registry import IndexRow
from mcpinstall.operations import lookup, registry_owner
from mcpinstall.operations.registry_owner import Delegation
from mcpinstall.registries import Registry, tuf_keys
from mcpinstall.registries.tuf_repository import Repository
from tests.builders.registry_folders import NAME, RegistryFolder, manifest, server_json
from tests.builders.tuf_world import PASSPHRASE, Site, TufWorld, ask, lonely_context

OTHER = "com.example/notes"


@pytest.fixture
def tuf(tmp_path: Path) -> Iterator[TufWorld]:
    """Ana reviews `io.github.user`, Mallory `com.mallory`; the rest is the registry's own."""
    folder = RegistryFolder(tmp_path / "manifests").add(alias="clock")
    for name in (OTHER, "com.mallory/game"):
        folder.add(manifest(name), server=server_json(name))
    (tmp_path / "user").mkdir()
    made = TufWorld(
        root=tmp_path, manifests=folder.folder, context=lonely_context(tmp_path / "user")
    )
    made.begin().publish()
    for name, namespace in (("ana", "io.github.user"), ("mallory", "com.mallory")):
        made.new_key(name)
        registry_owner.delegate(
            made.folder,
            Delegation(namespace=namespace, held=made.held(name)),
            [made.key(key) for key in ("targets-1", "targets-2", "online", name)],
            ask,
            made.at(made.now),
        )
    with Site(made.folder) as made.site:
        yield made


def opened(tuf: TufWorld) -> Registry:
    source = tuf.trust()
    return registries.open_tuf(
        source, tuf.context.paths, tuf.now, machine=tuf.context.machine, strict=True
    )


def sign_as_mallory(tuf: TufWorld, path: str, *rows: IndexRow) -> None:
    """Sign a record with Mallory's key, and have the machine that publishes include it."""
    keys = [tuf_keys.signer(tuf.key(name), PASSPHRASE) for name in ("mallory", "online")]
    repository = Repository(tuf.folder, keys, tuf.now)
    top = repository.targets()
    assert top is not None
    assert top.signed.delegations is not None
    role = f"{tuf_layout.NAMESPACE}com.mallory"
    target = repository.put_target(path, registry_text.dump_index(rows))
    names = ("targets", *(top.signed.delegations.roles or {}))
    versions = {}
    for name in names:
        found = repository.delegated(name)
        assert found is not None
        versions[name] = found.signed.version
    before = repository.delegated(role)
    assert before is not None
    versions[role] = repository.put_targets(
        role, {**before.signed.targets, path: target}, top.signed
    )
    repository.finish(versions)


def row(name: str, sha256: str = "0" * 64) -> IndexRow:
    return IndexRow(name=name, version="9.9", title="T", summary="S", sha256=sha256)


def test_reviewers_of_a_namespace_vouch_for_their_own_servers(tuf: TufWorld) -> None:
    registry = opened(tuf)

    assert registry.find(NAME).manifest.name == NAME
    assert registry.find(OTHER).manifest.name == OTHER
    sign_as_mallory(tuf, tuf_layout.record("com.mallory/more"), row("com.mallory/more"))
    tuf.name = "again"
    assert [one.version for one in opened(tuf).rows_of("com.mallory/more")] == ["9.9"]


def test_a_record_of_someone_elses_namespace_does_not_count(tuf: TufWorld) -> None:
    sign_as_mallory(tuf, tuf_layout.record(NAME), row(NAME))

    assert [one.version for one in opened(tuf).rows_of(NAME)] == ["1.2.0"]


def test_a_record_of_a_new_name_elsewhere_does_not_count(tuf: TufWorld) -> None:
    name = "com.example/invented"
    sign_as_mallory(tuf, tuf_layout.record(name), row(name))

    assert opened(tuf).rows_of(name) == ()


def test_facts_of_the_registry_are_no_reviewers_to_change(tuf: TufWorld) -> None:
    sign_as_mallory(tuf, tuf_layout.FACTS, row("com.mallory/more"))

    assert dict(opened(tuf).state.aliases) == {"clock": NAME}


def test_a_record_that_names_someone_elses_server_is_refused(tuf: TufWorld) -> None:
    sign_as_mallory(tuf, tuf_layout.record("com.mallory/more"), row(NAME))

    with pytest.raises(McpInstallError) as refused:
        opened(tuf).find("com.mallory/more")

    assert refused.value.code is ErrorCode.REGISTRY_INVALID


def test_without_the_reviewers_key_nothing_of_their_namespace_is_published(
    tuf: TufWorld,
) -> None:
    folder = RegistryFolder(tuf.root / "more").add(alias="clock")
    folder.add(replace(manifest(version="2.0")), server=server_json(version="2.0"))

    with pytest.raises(McpInstallError) as refused:
        tuf.publish("targets-1", "targets-2", "online", "mallory", source=folder.folder)

    assert refused.value.code is ErrorCode.INPUT_MISSING
    assert "ns-io.github.user" in refused.value.message


def test_a_name_without_prefix_never_asks_a_registry_that_was_added(tuf: TufWorld) -> None:
    tuf.trust()
    assert tuf.site is not None
    tuf.site.requests.clear()

    with pytest.raises(McpInstallError) as refused:
        lookup.reviewed(NAME, tuf.at(tuf.now))

    assert refused.value.code is ErrorCode.NOT_FOUND
    assert tuf.site.requests == []
    assert lookup.reviewed(f"corp:{NAME}", tuf.at(tuf.now)).registry.name == "corp"
