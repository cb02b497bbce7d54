"""Attack L06: a cache of the user says whose signatures to believe.

Who: another program of the user, once; sigstore's own entry points believe that file from then on.
Stopped by: 1: the trust root is a file of this program, or one in its configuration folder, which
is its user's alone; no cache is read.
Twin: `test_the_honest_root_still_verifies`, `test_a_private_instance_is_the_users_choice`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from mcpinstall import signatures
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Outcome
from mcpinstall.model.registry import ReviewState
from mcpinstall.model.signing import PersonSigner, Verdict
from mcpinstall.signatures import PUBLIC, TrustRoot, verifying
from tests.builders.signed_folders import ADA, SignedFolder, named
from tests.builders.sigstore_instance import Instance

DATA = b"the bytes that are signed"
SIGNER = PersonSigner(issuer=ADA.issuer, identity=ADA.name)


@pytest.fixture
def intruder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance whose root lies in every place where the library looks for the public one."""
    made = Instance()
    for variable, place in (
        ("XDG_CACHE_HOME", home / "caches"),
        ("XDG_DATA_HOME", home / "share"),
    ):
        monkeypatch.setenv(variable, str(place))
        for base in (place, home / ".cache", home / ".local/share", home / "Library/Caches"):
            url = "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
            folder = base / "sigstore-python" / "tuf" / url
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "trusted_root.json").write_bytes(made.trusted_root)
    verifying._verifier.cache_clear()
    return made


def verified(instance: Instance, root: TrustRoot) -> Verdict:
    digest = hashlib.sha256(DATA).hexdigest()
    return signatures.verify_file(digest, instance.sign_file(DATA, ADA), SIGNER, root)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")  # where the cache is, elsewhere
def test_the_library_alone_believes_the_poisoned_cache(intruder: Instance) -> None:
    """Shows that the attack is one: without this, the next test would prove nothing."""
    from sigstore.models import Bundle
    from sigstore.verify import Verifier, policy

    bundle = Bundle.from_json(intruder.sign_file(DATA, ADA))
    library = Verifier.production(offline=True)

    library.verify_artifact(DATA, bundle, policy.Identity(identity=ADA.name, issuer=ADA.issuer))


def test_a_poisoned_cache_changes_nothing(intruder: Instance) -> None:
    assert verified(intruder, PUBLIC).outcome is Outcome.FAILED


def test_the_honest_root_still_verifies(intruder: Instance, shared_data: Path) -> None:
    file = shared_data / "bundles/sigstore/bundle_v3_github.whl"
    release = "https://github.com/trailofbits/rfc8785.py/.github/workflows/release.yml"
    signer = PersonSigner(
        issuer="https://token.actions.githubusercontent.com",
        identity=f"{release}@refs/tags/v0.1.2",
    )
    bundle = file.with_name(f"{file.name}.sigstore").read_bytes()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()

    assert signatures.verify_file(digest, bundle, signer, PUBLIC).outcome is Outcome.VERIFIED


def test_a_private_instance_is_the_users_choice(tmp_path: Path) -> None:
    folder = SignedFolder(tmp_path)
    folder.trust(named("ada", ADA))
    folder.sign(ADA)

    assert folder.found().registry.review is ReviewState.CERTIFIED


def test_without_the_users_choice_the_public_instance_is_meant(tmp_path: Path) -> None:
    folder = SignedFolder(tmp_path)
    folder.trust(named("ada", ADA), instance="")
    folder.sign(ADA)

    with pytest.raises(McpInstallError) as refused:
        folder.found()

    assert refused.value.code is ErrorCode.SIGNATURE_INVALID


@pytest.mark.parametrize("name", ["../instance.json", "/etc/instance.json", ".hidden", "a/b"])
def test_a_trust_root_lies_beside_the_configuration(tmp_path: Path, name: str) -> None:
    folder = SignedFolder(tmp_path)
    folder.trust(named("ada", ADA), instance=name)
    folder.sign(ADA)

    with pytest.raises(McpInstallError) as refused:
        folder.found()

    assert refused.value.code is ErrorCode.CONFIG_INVALID


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"trustedRoot": {}}', b"\xff"])
def test_a_damaged_trust_root_verifies_nothing(tmp_path: Path, text: bytes) -> None:
    folder = SignedFolder(tmp_path)
    folder.trust(named("ada", ADA))
    folder.sign(ADA)
    (folder.paths.config / "instance.json").write_bytes(text)

    with pytest.raises(McpInstallError) as refused:
        folder.found()

    assert refused.value.code is ErrorCode.CONFIG_INVALID
    assert verified(folder.instance, TrustRoot(text)).outcome is Outcome.NOT_CHECKED
