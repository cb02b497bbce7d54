"""Attack T44: what waits for signatures is changed between two holders, or signed by an outsider.

Who: whoever carries or keeps the registry's folder between the holders of its keys.
Stopped by: check 1 at the owner's: a signature that is there must verify; each holder sees what
changes, under one digest, and signs the bytes that were shown; no client reads what waits.
Twin: `test_holders_sign_one_after_the_other`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import Key

from mcpinstall import registries
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.registry import TufSource
from mcpinstall.operations import registry_owner, registry_signing
from mcpinstall.operations.registry_owner import Delegation, Held, Rotation
from mcpinstall.operations.registry_signing import Waiting
from mcpinstall.registries import tuf_keys
from tests.builders.registry_folders import NAME, RegistryFolder, manifest, server_json
from tests.builders.tuf_world import ROLES, Site, TufWorld, ask, lonely_context


@pytest.fixture
def tuf(tmp_path: Path) -> Iterator[TufWorld]:
    """A registry with one server, whose namespace needs Ana and Bob."""
    folder = RegistryFolder(tmp_path / "manifests").add(alias="clock")
    (tmp_path / "user").mkdir()
    made = TufWorld(
        root=tmp_path, manifests=folder.folder, context=lonely_context(tmp_path / "user")
    )
    made.begin().publish()
    for name in ("ana", "bob", "mallory"):
        made.new_key(name)
    registry_owner.delegate(
        made.folder,
        Delegation(namespace="io.github.user", held=made.held("ana", "bob", threshold=2)),
        [made.key(key) for key in ("targets-1", "targets-2", "online", "ana", "bob")],
        ask,
        made.at(made.now),
    )
    with Site(made.folder) as made.site:
        yield made


@pytest.fixture
def source(tuf: TufWorld) -> TufSource:
    return tuf.trust()


def version(tuf: TufWorld, source: TufSource) -> str:
    """What a client finds."""
    registry = registries.open_tuf(
        source, tuf.context.paths, tuf.now, machine=tuf.context.machine, strict=True
    )
    return registry.find(NAME).manifest.version


def next_version(tuf: TufWorld) -> Path:
    folder = RegistryFolder(tuf.root / "manifests-2").add(alias="clock")
    folder.add(manifest(version="1.3.0"), server=server_json(version="1.3.0"))
    return folder.folder


def waiting(tuf: TufWorld) -> Waiting:
    return registry_signing.waiting(tuf.folder, tuf.at(tuf.now))


def lines(tuf: TufWorld) -> str:
    return "\n".join(line for one in waiting(tuf).changes for line in one.lines)


def staged(tuf: TufWorld, role: str) -> Path:
    (path,) = (tuf.folder / "staged").glob(f"*.{role}.json")
    return path


def edit(path: Path, *, strip: bool = False) -> dict[str, Any]:
    """Let a role be good for a month only, not as long as its holders said."""
    document: dict[str, Any] = json.loads(path.read_bytes())
    soon = datetime.now(UTC) + timedelta(days=30)
    document["signed"]["expires"] = f"{soon:%Y-%m-%dT%H:%M:%SZ}"
    if strip:
        document["signatures"] = []
    path.write_text(json.dumps(document))
    return document


def refused_signing(tuf: TufWorld, *keys: str) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        tuf.sign(*keys)
    return refused.value


def test_holders_sign_one_after_the_other(tuf: TufWorld, source: TufSource) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    assert f"{NAME}: 1.3.0 added" in lines(tuf)
    digest = waiting(tuf).digest
    assert version(tuf, source) == "1.2.0"

    second = tuf.sign("bob", "targets-2")

    assert set(second.roles) == {"ns-io.github.user", "targets"}
    assert set(second.missing) == {"snapshot", "timestamp"}
    assert waiting(tuf).digest == digest
    tuf.renew()
    assert version(tuf, source) == "1.2.0"
    assert tuf.sign("online").state is not None
    assert version(tuf, source) == "1.3.0"
    assert not (tuf.folder / "staged").exists()


def test_a_file_that_was_changed_after_a_signature_is_refused(
    tuf: TufWorld, source: TufSource
) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    edit(staged(tuf, "ns-io.github.user"))

    refused = refused_signing(tuf, "bob")

    assert refused.code is ErrorCode.REGISTRY_INVALID
    assert "was changed after" in refused.message
    assert version(tuf, source) == "1.2.0"


def test_a_change_without_its_signatures_begins_anew(tuf: TufWorld, source: TufSource) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    digest = waiting(tuf).digest
    edit(staged(tuf, "ns-io.github.user"), strip=True)
    assert waiting(tuf).digest != digest
    assert list(tuf.sign("bob", "targets-2", "online").missing) == ["ns-io.github.user"]
    assert version(tuf, source) == "1.2.0"


def test_a_file_that_is_exchanged_behind_the_screen_is_not_what_gets_signed(
    tuf: TufWorld,
) -> None:
    tuf.stage(source=next_version(tuf))
    shown = waiting(tuf)
    path = staged(tuf, "ns-io.github.user")
    honest = json.loads(path.read_bytes())["signed"]
    edit(path)

    registry_signing.sign(shown, [tuf.key("bob")], ask, tuf.at(tuf.now))

    assert json.loads(path.read_bytes())["signed"] == honest
    assert waiting(tuf).digest == shown.digest


def test_a_change_that_is_overtaken_while_somebody_reads_it_is_not_signed(
    tuf: TufWorld, source: TufSource
) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    shown = waiting(tuf)
    other = RegistryFolder(tuf.root / "manifests-3").add(alias="clock")
    other.add(manifest(version="1.4.0"), server=server_json(version="1.4.0"))
    tuf.publish("ana", "bob", "targets-1", "targets-2", "online", source=other.folder)
    keys = [tuf.key(name) for name in ("bob", "targets-2", "online")]

    with pytest.raises(McpInstallError) as refused:
        registry_signing.sign(shown, keys, ask, tuf.at(tuf.now))

    assert refused.value.code is ErrorCode.REGISTRY_INVALID
    assert version(tuf, source) == "1.4.0"


def test_somebody_who_is_not_in_the_role_signs_nothing(tuf: TufWorld) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))

    refused = refused_signing(tuf, "bob", "mallory")

    assert refused.code is ErrorCode.INPUT_INVALID
    assert len(json.loads(staged(tuf, "ns-io.github.user").read_bytes())["signatures"]) == 1


def test_a_signature_of_somebody_who_is_not_in_the_role_is_refused(tuf: TufWorld) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    path = staged(tuf, "ns-io.github.user")
    document = json.loads(path.read_bytes())
    document["signatures"].append({"keyid": "0" * 64, "sig": "00"})
    path.write_text(json.dumps(document))

    assert refused_signing(tuf, "bob").code is ErrorCode.REGISTRY_INVALID


def test_one_holder_does_not_count_twice(tuf: TufWorld, source: TufSource) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))

    assert list(tuf.sign("ana", "targets-2", "online").missing) == ["ns-io.github.user"]
    assert version(tuf, source) == "1.2.0"


def test_records_that_are_not_what_the_role_says_are_refused(tuf: TufWorld) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    for path in (tuf.folder / "targets" / "servers").rglob("*.toml"):
        path.write_bytes(path.read_bytes().replace(b"1.3.0", b"1.9.9"))

    assert refused_signing(tuf, "bob").code is ErrorCode.DIGEST_MISMATCH


def test_a_change_of_another_state_than_the_live_one_is_refused(tuf: TufWorld) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    kept = tuf.root / "kept"
    shutil.copytree(tuf.folder / "staged", kept)
    tuf.sign("bob", "targets-2", "online")
    shutil.copytree(kept, tuf.folder / "staged")

    assert refused_signing(tuf, "bob").code is ErrorCode.REGISTRY_INVALID


def test_no_role_of_another_name_or_kind_waits(tuf: TufWorld) -> None:
    tuf.stage("ana", "targets-1", source=next_version(tuf))
    path = staged(tuf, "ns-io.github.user")
    path.rename(path.with_name("1.ns-com.example.json"))

    assert refused_signing(tuf, "bob").code is ErrorCode.REGISTRY_INVALID


def test_a_root_is_rotated_by_its_holders_one_after_the_other(
    tuf: TufWorld, source: TufSource
) -> None:
    assert version(tuf, source) == "1.2.0"
    change = Rotation(role="targets", add=(tuf.key("ana"),), threshold=3)
    tuf.rotate(change, "root-1", stage=True)
    assert "targets: 3 of 3 keys must sign (was 2 of 2)" in lines(tuf)

    for holder in ("root-2", "targets-1", "targets-2"):
        assert tuf.sign(holder).missing
    tuf.renew()
    assert version(tuf, source) == "1.2.0"
    assert not (tuf.metadata / "2.root.json").exists()
    assert tuf.sign("ana", "online").state is not None

    assert version(tuf, source) == "1.2.0"
    assert (tuf.metadata / "2.root.json").exists()


def test_a_first_root_is_signed_by_its_holders_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    tuf = TufWorld(root=tmp_path, manifests=tmp_path, context=lonely_context(tmp_path / "user"))
    tuf.key("x").parent.mkdir()
    for name in ROLES:
        tuf.new_key(name)
    others = tuple(tuf.key(f"{name}").with_suffix(".pem.pub") for name in ("root-2", "root-3"))
    roles = {
        "root": Held(keys=(tuf.key("root-1"), *others), threshold=2),
        "targets": tuf.held("targets-1"),
        "online": tuf.held("online"),
    }
    registry_owner.begin(tuf.folder, roles, ask, tuf.at(tuf.now), stage=True)
    assert not tuf.metadata.exists()

    done = tuf.sign("root-3")

    assert (done.roles, dict(done.missing), done.state) == (("root",), {}, None)
    assert (tuf.metadata / "1.root.json").exists()


# What no screen would show -----------------------------------------------------------------------


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a staged role that nobody has signed yet in another way."""
    document: dict[str, Any] = json.loads(path.read_bytes())
    change(document["signed"])
    document["signatures"] = []
    path.write_text(json.dumps(document))


def test_another_key_under_the_id_of_an_old_one_is_refused(
    tuf: TufWorld, source: TufSource
) -> None:
    assert version(tuf, source) == "1.2.0"
    tuf.rotate(Rotation(role="targets", add=(tuf.key("ana"),)), stage=True)

    def steal(root: dict[str, Any]) -> None:
        mallory = tuf_keys.public(tuf.key("mallory"))
        for one in root["keys"].values():
            one["keyval"]["public"] = mallory.keyval["public"]

    changed(staged(tuf, "root"), steal)

    refused = refused_signing(tuf, "root-1")

    assert refused.code is ErrorCode.REGISTRY_INVALID
    assert "another one than its id says" in refused.message


def _everything(targets: dict[str, Any], mallory: Key) -> None:
    targets["delegations"]["roles"][0]["paths"] = ["servers/*/*"]


def _bins(targets: dict[str, Any], mallory: Key) -> None:
    targets["delegations"]["keys"][mallory.keyid] = mallory.to_dict()
    targets["delegations"]["roles"][-1]["keyids"].append(mallory.keyid)


def _another_role(targets: dict[str, Any], mallory: Key) -> None:
    targets["delegations"]["keys"][mallory.keyid] = mallory.to_dict()
    role = {**targets["delegations"]["roles"][0], "name": "more", "keyids": [mallory.keyid]}
    targets["delegations"]["roles"].insert(0, role | {"threshold": 1})


def _key_of_a_namespace(targets: dict[str, Any], mallory: Key) -> None:
    keyid = targets["delegations"]["roles"][0]["keyids"][0]
    targets["delegations"]["keys"][keyid] = mallory.to_dict()


def _not_last(targets: dict[str, Any], mallory: Key) -> None:
    targets["delegations"]["roles"][0]["terminating"] = False


def _own_record(targets: dict[str, Any], mallory: Key) -> None:
    (fact,) = targets["targets"].values()
    targets["targets"]["servers/io.github.user/clock.toml"] = fact


def _for_ever(targets: dict[str, Any], mallory: Key) -> None:
    targets["expires"] = "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "change",
    [_everything, _bins, _another_role, _key_of_a_namespace, _not_last, _own_record, _for_ever],
    ids=lambda one: one.__name__.strip("_"),
)
def test_what_no_holder_would_be_shown_is_refused(
    tuf: TufWorld, change: Callable[[dict[str, Any], Key], None]
) -> None:
    tuf.stage(source=next_version(tuf))
    mallory = tuf_keys.public(tuf.key("mallory"))
    changed(staged(tuf, "targets"), lambda signed: change(signed, mallory))

    refused = refused_signing(tuf, "targets-1")

    assert refused.code is ErrorCode.REGISTRY_INVALID
    assert "--stage" in refused.hint


def _no_such_key(targets: dict[str, Any]) -> None:
    targets["delegations"]["roles"][0]["keyids"][0] = "0" * 64


def _a_key_of_another_kind(targets: dict[str, Any]) -> None:
    targets["delegations"]["roles"][0]["keyids"][0] = None


def _a_fraction(targets: dict[str, Any]) -> None:
    targets["targets"]["registry.toml"]["length"] = 1.5


def _half_a_character(targets: dict[str, Any]) -> None:
    targets["targets"]["\ud800"] = targets["targets"]["registry.toml"]


@pytest.mark.parametrize(
    "change",
    [_no_such_key, _a_key_of_another_kind, _a_fraction, _half_a_character],
    ids=lambda one: one.__name__.strip("_"),
)
def test_what_can_not_be_used_is_refused_and_no_bug(
    tuf: TufWorld, change: Callable[[dict[str, Any]], None]
) -> None:
    tuf.stage(source=next_version(tuf))
    changed(staged(tuf, "targets"), change)

    assert refused_signing(tuf, "targets-1").code is ErrorCode.REGISTRY_INVALID
    with pytest.raises(McpInstallError) as refused:
        registry_owner.prune(tuf.folder, tuf.at(tuf.now), dry_run=True)
    assert refused.value.code is ErrorCode.REGISTRY_INVALID


def test_reviewers_of_a_namespace_give_it_to_nobody_unseen(tuf: TufWorld) -> None:
    tuf.stage(source=next_version(tuf))
    targets = json.loads(staged(tuf, "targets").read_bytes())["signed"]

    def hand_on(signed: dict[str, Any]) -> None:
        signed["delegations"] = targets["delegations"]

    changed(staged(tuf, "ns-io.github.user"), hand_on)

    assert refused_signing(tuf, "ana").code is ErrorCode.REGISTRY_INVALID
