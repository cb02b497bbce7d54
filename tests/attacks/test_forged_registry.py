"""Attack T44: a registry in a folder is not the one that its owners signed.

Who: whoever can write to the folder, or serves it: a share, a mirror, a stolen drive.
Stopped by: check 1: `registry.toml` is verified against those whom the user's configuration names,
before anything is read from it; it pins every other file.
Twin: `test_a_registry_that_enough_owners_signed_is_certified`,
`test_without_signers_in_the_configuration_a_folder_is_as_before`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Outcome
from mcpinstall.model.registry import ReviewState
from mcpinstall.model.signing import Subject
from mcpinstall.registries import REGISTRY_SIGNATURES
from mcpinstall.signatures import REGISTRY_TYPE, REVIEW_TYPE
from tests.builders.registry_folders import manifest
from tests.builders.signed_folders import ADA, BOB, EVE, SignedFolder, named, named_workflow
from tests.builders.sigstore_instance import Instance, person, workflow


@pytest.fixture
def folder(tmp_path: Path) -> SignedFolder:
    made = SignedFolder(tmp_path)
    made.trust(named("ada", ADA), named("bob", BOB), threshold=2)
    made.sign(ADA, BOB)
    return made


def refusal(folder: SignedFolder) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        folder.found()
    assert refused.value.code is ErrorCode.SIGNATURE_INVALID
    return refused.value


def test_a_registry_that_enough_owners_signed_is_certified(folder: SignedFolder) -> None:
    state = folder.found().registry

    assert state.review is ReviewState.CERTIFIED
    assert state.check.outcome is Outcome.VERIFIED
    assert state.check.evidence == "signed by ada, bob (2 of 2 needed), fresh, not rolled back"


def test_a_stranger_among_the_signatures_does_no_harm(folder: SignedFolder) -> None:
    folder.sign(EVE, BOB, ADA)

    assert folder.found().registry.review is ReviewState.CERTIFIED


def test_one_changed_byte_is_refused(folder: SignedFolder) -> None:
    path = folder.registry.folder / "registry.toml"
    path.write_bytes(path.read_bytes() + b"\n")

    assert "the digest differs" in refusal(folder).evidence


def test_another_server_beside_the_signed_ones_is_refused(folder: SignedFolder) -> None:
    folder.registry.add(manifest("com.example/more"))

    refusal(folder)


def test_a_registry_without_its_signatures_is_refused(folder: SignedFolder) -> None:
    (folder.registry.folder / REGISTRY_SIGNATURES).unlink()

    assert refusal(folder).evidence == "there is no signature"


def test_fewer_than_the_threshold_are_refused(folder: SignedFolder) -> None:
    folder.sign(ADA)

    assert "needs the signatures of 2 of 2" in refusal(folder).message


def test_one_owner_who_signs_twice_is_one(folder: SignedFolder) -> None:
    folder.sign(ADA, ADA)

    refusal(folder)


def test_one_person_under_two_names_of_the_configuration_is_one(folder: SignedFolder) -> None:
    workflow = person("https://forge.example/acme/registry/sign.yml@refs/tags/v1")
    folder.trust(named("ada", workflow), named("again", workflow), threshold=2)
    folder.sign(workflow, workflow)

    with pytest.raises(McpInstallError) as refused:
        folder.found()

    assert refused.value.code is ErrorCode.CONFIG_INVALID


def test_the_same_name_of_another_issuer_is_somebody_else(folder: SignedFolder) -> None:
    folder.sign(person(ADA.name, "https://other.example"), BOB)

    refusal(folder)


def test_a_signature_by_another_instance_is_refused(folder: SignedFolder) -> None:
    folder.instance = Instance()
    folder.sign(ADA, BOB)

    refusal(folder)


def test_the_instance_comes_from_the_configuration_alone(folder: SignedFolder) -> None:
    other = Instance()
    folder.instance = other
    folder.sign(ADA, BOB)
    for name in ("instance.json", "trusted_root.json", "config.toml"):
        (folder.registry.folder / name).write_bytes(other.trusted_root)

    refusal(folder)


def test_a_signed_review_is_no_signed_registry(folder: SignedFolder) -> None:
    text = (folder.registry.folder / "registry.toml").read_bytes()
    subject = Subject(name="registry.toml", sha256=hashlib.sha256(text).hexdigest())
    signed = [folder.instance.sign_statement(subject, REVIEW_TYPE, one) for one in (ADA, BOB)]
    folder.write_signatures(signed)

    assert "statement of another kind" in refusal(folder).evidence


def test_a_signature_over_another_file_is_refused(folder: SignedFolder) -> None:
    text = (folder.registry.folder / "registry.toml").read_bytes()
    subject = Subject(name="other.toml", sha256=hashlib.sha256(text).hexdigest())
    signed = [folder.instance.sign_statement(subject, REGISTRY_TYPE, one) for one in (ADA, BOB)]
    folder.write_signatures(signed)

    refusal(folder)


def test_an_old_registry_stays_signed_and_is_refused_by_its_serial(folder: SignedFolder) -> None:
    from mcpinstall import registries

    file, signed = (folder.registry.folder / n for n in ("registry.toml", REGISTRY_SIGNATURES))
    before = file.read_bytes(), signed.read_bytes()
    folder.registry.publish(serial=7)
    folder.sign(ADA, BOB)
    registries.remember(folder.found().registry, folder.paths)
    file.write_bytes(before[0])
    signed.write_bytes(before[1])

    with pytest.raises(McpInstallError) as refused:
        folder.found()

    assert refused.value.code is ErrorCode.REGISTRY_ROLLED_BACK


def test_without_signers_in_the_configuration_a_folder_is_as_before(folder: SignedFolder) -> None:
    table = f'name = "mine"\nkind = "folder"\npath = "{folder.registry.folder.as_posix()}"\n'
    (folder.paths.config / "config.toml").write_text(f"schema = 1\n[[registries]]\n{table}")

    state = folder.found().registry

    assert state.review is ReviewState.UNREVIEWED
    assert state.check.outcome is Outcome.ABSENT
    assert "your configuration names no signers" in state.check.evidence


def test_one_identity_that_two_signers_describe_is_one(folder: SignedFolder) -> None:
    robot = workflow()
    folder.trust(named_workflow("release", robot), named("robot", robot), threshold=2)
    folder.sign(robot, robot)

    assert "signed twice" in refusal(folder).evidence
