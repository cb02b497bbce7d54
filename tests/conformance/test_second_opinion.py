"""npm's own verifier, `@sigstore/verify`, on the same bundles: where it says otherwise, and why."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from mcpinstall import signatures
from mcpinstall.model.checks import Outcome
from mcpinstall.model.signing import Subject
from mcpinstall.signatures import REVIEW_TYPE, TrustRoot, claims, pep740
from tests.builders import private_instance
from tests.conformance import sigstore_client
from tests.conformance.test_sigstore_cases import CASES, IDENTITY, ISSUER
from tests.conftest import ROOT

PUBLIC = ROOT / "mcpinstall/signatures/trusted_root.json"
STAGING = "conformance/rekor2-dsse-happy-path/trusted_root.json"

FILES = (
    ("sigstore/bundle_v3.txt.sigstore", "sigstore/bundle_v3.txt", STAGING),
    ("sigstore/bundle_v3_alt.txt.sigstore", "sigstore/bundle_v3_alt.txt", STAGING),
    ("sigstore/bundle_v3_github.whl.sigstore", "sigstore/bundle_v3_github.whl", ""),
    ("sigstore/bundle_v3_no_signed_time.txt.sigstore.json",
     "sigstore/bundle_v3_no_signed_time.txt", STAGING),
    ("sigstore/staging-rekor-v2.txt.sigstore.json", "sigstore/staging-rekor-v2.txt", STAGING),
    ("sigstore/a.dsse.staging-rekor-v2.txt.sigstore.json", "conformance/a.txt", STAGING),
    ("sigstore/othername.sigstore.json", "sigstore/bundle_v3.txt", ""),
    ("sigstore/public-key-validity.sigstore.json", "sigstore/bundle_v3.txt", ""),
    ("sigstore/Python-3.12.5.tgz.sigstore", "sigstore/bundle_v3.txt", ""),
    ("sigstore/dsse.sigstore.json", "mock/artifact.bin", ""),
    ("sigstore/dsse-2sigs.sigstore.json", "mock/artifact.bin", ""),
    ("gh/reusable-workflow-attestation.sigstore.json", "gh/reusable-workflow-artifact",
     "gh/trusted_root.json"),
    ("mock/artifact.sigstore.json", "mock/artifact.bin", "mock/trusted_root.json"),
    ("mock/dsse.sigstore.json", "mock/artifact.bin", "mock/trust_config.v1.json"),
)  # fmt: skip
"""Bundle, file and trust root (empty: the public one)."""
OF_STAGING = ("rfc8785", "spt3g")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question to both."""

    name: str
    bundle: Path
    artifact: Path
    root: Path
    identity: str
    issuer: str

    def ours(self) -> bool:
        asked = argparse.Namespace(
            key=None, staging=False, bundle=self.bundle, artifact=str(self.artifact),
            trusted_root=None if self.root == PUBLIC else self.root,
            certificate_identity=self.identity, certificate_oidc_issuer=self.issuer,
        )  # fmt: skip
        return sigstore_client.verified(asked).outcome is Outcome.VERIFIED


class Npm:
    """npm's verifier in a folder."""

    def __init__(self, folder: Path) -> None:
        self._node, self._folder = private_instance.install(folder), folder

    def verdicts(self, cases: list[Case]) -> list[bool]:
        fields = ("bundle", "artifact", "root", "identity", "issuer")
        asked = [{field: str(getattr(case, field)) for field in fields} for case in cases]
        done = subprocess.run(
            [self._node, "verify.mjs"], cwd=self._folder, input=json.dumps(asked),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return [why == "" for why in json.loads(done.stdout)]

    def differences(self, cases: list[Case]) -> dict[str, str]:
        """Who accepts, for each case where not both say the same."""
        found = {}
        for case, theirs in zip(cases, self.verdicts(cases), strict=True):
            if case.ours() != theirs:
                found[case.name] = "npm" if theirs else "ours"
        return found


WORKFLOW = "acme/registry/.github/workflows/sign.yml@refs/heads/main"
TOKEN = {
    "repository": "acme/registry", "repository_id": "1001", "repository_owner_id": "77",
    "ref": "refs/heads/main", "workflow_ref": WORKFLOW, "job_workflow_ref": WORKFLOW,
    "runner_environment": "github-hosted",
}  # fmt: skip


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    return Npm(tmp_path_factory.mktemp("npm"))


def signer_of(bundle: Path) -> tuple[str, str]:
    """Identity and issuer as the certificate itself says, or nobody's."""
    try:
        material = json.loads(bundle.read_bytes())["verificationMaterial"]
        chain = material.get("x509CertificateChain", {}).get("certificates", ())
        raw = (material.get("certificate") or chain[0])["rawBytes"]
        found = claims.signed_by(x509.load_der_x509_certificate(base64.b64decode(raw)))
    except (KeyError, IndexError, ValueError):
        return "nobody@example.com", "https://issuer.example"
    return found.identity, found.issuer


def attested(bundles: Path, folder: Path) -> Iterator[tuple[str, Path, Path, Path]]:
    """Each attestation of an index as a bundle, its file (or another) and its trust root."""
    for path in sorted((bundles / "pypi").glob("*.attestation")):
        staging = path.name.startswith(OF_STAGING)
        kinds = (".publish.attestation", ".slsa.attestation", ".attestation")
        ending = next(kind for kind in kinds if path.name.endswith(kind))
        artifact = path.with_name(path.name.removesuffix(ending))
        made = folder / f"{path.name}.json"
        made.write_bytes(pep740.bundle(path.read_bytes()))
        yield (
            path.name, made,
            artifact if artifact.exists() else bundles / "mock/artifact.bin",
            bundles / STAGING if staging else PUBLIC,
        )  # fmt: skip


def honest(bundles: Path, folder: Path) -> list[Case]:
    """Every bundle of the data with its own file, trust root and signer."""
    found = [
        (bundle, bundles / bundle, bundles / artifact, bundles / root if root else PUBLIC)
        for bundle, artifact, root in FILES
    ]
    found.extend(attested(bundles, folder))
    cases = []
    for name, bundle, artifact, root in found:
        identity, issuer = signer_of(bundle)
        cases.append(Case(name=name, bundle=bundle, artifact=artifact, root=root,
                          identity=identity, issuer=issuer))  # fmt: skip
    return cases


def conformance(bundles: Path) -> Iterator[Case]:
    for name in CASES:
        folder = bundles / "conformance" / name
        root, artifact = folder / "trusted_root.json", folder / "artifact"
        yield Case(
            name=name, bundle=folder / "bundle.sigstore.json",
            artifact=artifact if artifact.exists() else folder.parent / "a.txt",
            root=root if root.exists() else PUBLIC, identity=IDENTITY, issuer=ISSUER,
        )  # fmt: skip


def changed(case: Case, **fields: Any) -> Case:  # noqa: ANN401
    return Case(**{**{name: getattr(case, name) for name in Case.__annotations__}, **fields})


def another_signature(case: Case, folder: Path) -> Case:
    """The same bundle with one bit of its signature changed."""
    document = json.loads(case.bundle.read_bytes())
    holder, key = document.get("messageSignature"), "signature"
    if holder is None:
        holder, key = document["dsseEnvelope"]["signatures"][0], "sig"
    data = bytearray(base64.b64decode(holder[key]))
    data[-1] ^= 1
    holder[key] = base64.b64encode(data).decode()
    made = folder / f"flipped-{Path(case.name).name}"
    made.write_text(json.dumps(document))
    return changed(case, bundle=made)


def hostile(case: Case, bundles: Path, folder: Path) -> Iterator[Case]:
    """What both have to refuse, of a bundle that both accept."""
    staging = bundles / STAGING
    other = PUBLIC if case.root == staging else staging
    name = case.name
    yield changed(case, name=f"{name}: another file", artifact=bundles / "mock/trusted_root.json")
    yield changed(case, name=f"{name}: another instance", root=other)
    yield changed(case, name=f"{name}: another signer", identity=f"x{case.identity}")
    yield changed(case, name=f"{name}: longer name", identity=f"{case.identity}x")
    yield changed(case, name=f"{name}: another issuer", issuer="https://issuer.example")
    yield changed(another_signature(case, folder), name=f"{name}: another signature")


EXPECTED = {
    "intoto-with-custom-trust-root": "npm",
    "rekor2-dsse-happy-path": "ours",
    "sigstore/a.dsse.staging-rekor-v2.txt.sigstore.json": "ours",
    "trust-root-tlog-missing-validity-start_fail": "npm",
}
"""Who accepts what the other refuses; the reasons stand in `docs/verification.md`."""


def test_npm_says_the_same_of_the_real_bundles(shared_data: Path, npm: Npm, tmp_path: Path) -> None:
    bundles = shared_data / "bundles"
    cases = [*honest(bundles, tmp_path), *conformance(bundles)]

    assert sum(case.ours() for case in cases) > 15
    assert npm.differences(cases) == EXPECTED


def test_npm_refuses_too_what_was_changed(shared_data: Path, npm: Npm, tmp_path: Path) -> None:
    bundles = shared_data / "bundles"
    good = [case for case in honest(bundles, tmp_path) if case.ours()]
    cases = [bad for case in good for bad in hostile(case, bundles, tmp_path)]

    assert len(cases) > 60
    accepted = zip(cases, npm.verdicts(cases), strict=True)
    assert [case.name for case, is_good in accepted if is_good] == []
    assert [case.name for case in cases if case.ours()] == []


def test_npm_says_the_same_of_what_we_sign_at_a_private_instance(
    npm: Npm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact, bundle = tmp_path / "manifest.toml", tmp_path / "bundle.json"
    artifact.write_bytes(b"what a reviewer read")
    (tmp_path / "other").write_bytes(b"what nobody read")
    subject = Subject(name=artifact.name, sha256=hashlib.sha256(artifact.read_bytes()).hexdigest())
    identity = f"https://github.com/{WORKFLOW}"
    folder = tmp_path / "instance"
    folder.mkdir()
    with (
        private_instance.started(folder) as config,
        private_instance.forge(private_instance.token(ISSUER, identity, **TOKEN)) as variables,
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        made = signatures.sign(subject, REVIEW_TYPE, TrustRoot(config.read_bytes()), browser=False)
    bundle.write_bytes(made.bundle)
    good = Case(
        name="ours", bundle=bundle, artifact=artifact, root=config, identity=identity, issuer=ISSUER
    )
    bad = [
        changed(good, artifact=tmp_path / "other"), changed(good, root=PUBLIC),
        changed(good, identity=f"x{identity}"), another_signature(good, tmp_path),
    ]  # fmt: skip

    assert good.ours()
    assert npm.verdicts([good, *bad]) == [True, *[False] * len(bad)]
    assert [case.ours() for case in bad] == [False] * len(bad)
