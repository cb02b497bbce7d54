"""Bundles that others made: each verifies, or is refused, as whoever made it says."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from mcpinstall import signatures
from mcpinstall.model.checks import Outcome
from mcpinstall.model.signing import PersonSigner, Signer, Subject, WorkflowSigner
from mcpinstall.signatures import PUBLIC, TrustRoot, pep740

FORGE = "https://token.actions.githubusercontent.com"
LOGIN = "https://github.com/login/oauth"
PUBLISH, PROVENANCE = "/attestations/publish/v1", "https://slsa.dev/provenance/v1"

PERSON = PersonSigner(issuer=LOGIN, identity="william@yossarian.net")


def released(repository: str, repository_id: str) -> WorkflowSigner:
    """A release of one owner, by a tag."""
    return WorkflowSigner(
        issuer=FORGE,
        repository=f"https://github.com/trailofbits/{repository}",
        repository_id=repository_id,
        owner_id="2314423",
        workflow=".github/workflows/release.yml",
        ref="refs/tags/v*",
        runner="github-hosted",
    )


ATTESTATIONS = released("pypi-attestations", "772247423")
MODELS = released("pypi-attestation-models", "772247423")
GITLAB = WorkflowSigner(
    issuer="https://gitlab.com",
    repository="https://gitlab.com/facutuesca/gitlab-oidc-project",
    repository_id="55235664",
    owner_id="12885801",
    workflow=".gitlab-ci.yml",
    ref="refs/heads/main",
    runner="gitlab-hosted",
)
CIRCLE = PersonSigner(
    issuer="https://oidc.circleci.com",
    identity="https://circleci.com/api/v2/projects/fdd9283f-e619-46af-8f9c-851f7d3e8b2b/"
    "pipeline-definitions/8e4f8ab2-8d7c-4827-9f15-de076d6d647f",
)
CLOUD = PersonSigner(
    issuer="https://accounts.google.com",
    identity="919436158236-compute@developer.gserviceaccount.com",
)
BEACON = PersonSigner(
    issuer=FORGE,
    identity="https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main",
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def root_of(name: str, bundles: Path) -> TrustRoot:
    """An instance by its name: `staging` is known by the root that a conformance case brings."""
    places = {
        "staging": "conformance/rekor2-dsse-happy-path/trusted_root.json",
        "mock": "mock/trusted_root.json",
        "mock with its services": "mock/trust_config.v1.json",
        "gh": "gh/trusted_root.json",
    }
    return PUBLIC if name == "public" else TrustRoot((bundles / places[name]).read_bytes())


def kind_of(bundle: bytes, ending: str) -> str:
    """The type of a bundle's statement: that of PEP 740 begins with the host of an index."""
    payload = base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])
    kind: str = json.loads(payload)["predicateType"]
    assert kind.endswith(ending)
    return kind


def attestations(path: Path) -> list[bytes]:
    """The bundles of an attestation, or of every one of a provenance document."""
    document = json.loads(path.read_bytes())
    if "attestation_bundles" not in document:
        return [pep740.bundle(path.read_bytes())]
    return [
        pep740.bundle(json.dumps(one).encode())
        for group in document["attestation_bundles"]
        for one in group["attestations"]
    ]


ATTESTED = [
    ("circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl", ".provenance", "public",
     CIRCLE, PUBLISH),
    ("circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl", ".publish.attestation",
     "public", CIRCLE, PUBLISH),
    ("gcb_attestation_test-0.0.0.tar.gz", ".provenance", "public", CLOUD, PUBLISH),
    ("gitlab_oidc_project-0.0.3.tar.gz", ".publish.attestation", "public", GITLAB, PUBLISH),
    ("pypi_attestation_models-0.0.4a2.tar.gz", ".attestation", "public", MODELS, PUBLISH),
    ("pypi_attestations-0.0.19.tar.gz", ".provenance", "public", ATTESTATIONS, PUBLISH),
    ("pypi_attestations-0.0.19.tar.gz", ".publish.attestation", "public", ATTESTATIONS, PUBLISH),
    ("pypi_attestations-0.0.19.tar.gz", ".slsa.attestation", "public", ATTESTATIONS, PROVENANCE),
    ("rfc8785-0.1.2-py3-none-any.whl", ".attestation", "staging", PERSON, PUBLISH),
    ("rfc8785-0.1.2-py3-none-any.whl", ".publish.attestation", "staging", PERSON, PUBLISH),
]  # fmt: skip
OTHER_INSTANCE = {"public": "staging", "staging": "public"}


@pytest.mark.parametrize(("name", "ending", "instance", "signer", "kind"), ATTESTED)
def test_attestations_of_an_index_verify_for_their_file_alone(
    *, shared_data: Path, name: str, ending: str, instance: str, signer: Signer, kind: str
) -> None:
    folder = shared_data / "bundles"
    root, other = (root_of(one, folder) for one in (instance, OTHER_INSTANCE[instance]))
    subject = Subject(name=name, sha256=sha256(folder / "pypi" / name))
    found = attestations(folder / "pypi" / f"{name}{ending}")
    assert found
    for bundle in found:
        wanted_kind = kind_of(bundle, kind)

        def outcome(
            wanted: Subject = subject,
            of: TrustRoot = root,
            kind: str = wanted_kind,
            data: bytes = bundle,
        ) -> Outcome:
            return signatures.verify_statement(wanted, data, signer, of, (kind,)).outcome

        assert outcome() is Outcome.VERIFIED
        assert outcome(Subject(name=name, sha256="0" * 64)) is Outcome.FAILED
        assert outcome(Subject(name=f"x{name}", sha256=subject.sha256)) is Outcome.FAILED
        assert outcome(kind="https://in-toto.io/attestation/vulns") is Outcome.FAILED
        assert outcome(of=other) is Outcome.FAILED


def test_an_attestation_without_its_file_is_refused(shared_data: Path) -> None:
    name = "spt3g-1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    folder = shared_data / "bundles"
    (bundle,) = attestations(folder / "pypi" / f"{name}.publish.attestation")
    root, kind = root_of("staging", folder), kind_of(bundle, PUBLISH)
    for subject in (Subject(name=name, sha256="0" * 64), Subject(name="other.whl", sha256="0")):
        verdict = signatures.verify_statement(subject, bundle, PERSON, root, (kind,))

        assert verdict.outcome is Outcome.FAILED


MAINTAINER = PersonSigner(
    issuer="https://oauth2.sigstore.dev/auth", identity="maintainer@example.com"
)
RELEASE = WorkflowSigner(
    issuer=FORGE,
    repository="https://github.com/trailofbits/rfc8785.py",
    repository_id="768213997",
    owner_id="2314423",
    workflow=".github/workflows/release.yml",
    ref="refs/tags/v0.1.2",
)
JKU = PersonSigner(issuer=LOGIN, identity="jku@goto.fi")
BRIAN = PersonSigner(issuer=LOGIN, identity="brian@dehamer.com")
VERIFIED, FAILED, UNSUPPORTED = Outcome.VERIFIED, Outcome.FAILED, Outcome.UNSUPPORTED


@pytest.mark.parametrize(
    ("bundle", "file", "instance", "signer", "outcome"),
    [
        ("sigstore/bundle_v3.txt.sigstore", "sigstore/bundle_v3.txt", "staging", PERSON, VERIFIED),
        ("sigstore/bundle_v3.txt.sigstore", "sigstore/bundle_v3.txt", "public", PERSON, FAILED),
        ("sigstore/bundle_v3.txt.sigstore", "sigstore/bundle_v3_alt.txt", "staging", JKU, FAILED),
        ("sigstore/bundle_v3_alt.txt.sigstore", "sigstore/bundle_v3_alt.txt", "staging", PERSON,
         VERIFIED),
        ("sigstore/bundle_v3_github.whl.sigstore", "sigstore/bundle_v3_github.whl", "public",
         RELEASE, VERIFIED),
        ("sigstore/bundle_v3_github.whl.sigstore", "sigstore/bundle_v3_github.whl", "gh", RELEASE,
         VERIFIED),
        ("sigstore/bundle_v3_github.whl.sigstore", "sigstore/bundle_v3.txt", "public", RELEASE,
         FAILED),
        ("sigstore/bundle_v3_no_signed_time.txt.sigstore.json",
         "sigstore/bundle_v3_no_signed_time.txt", "staging", PERSON, FAILED),
        ("sigstore/staging-rekor-v2.txt.sigstore.json", "sigstore/staging-rekor-v2.txt", "staging",
         JKU, VERIFIED),
        ("sigstore/staging-rekor-v2.txt.sigstore.json", "sigstore/staging-rekor-v2.txt", "public",
         JKU, FAILED),
        ("sigstore/othername.sigstore.json", "sigstore/bundle_v3.txt", "public", PERSON, FAILED),
        ("sigstore/public-key-validity.sigstore.json", "sigstore/bundle_v3.txt", "public", PERSON,
         UNSUPPORTED),
        ("sigstore/Python-3.12.5.tgz.sigstore", "sigstore/bundle_v3.txt", "public", PERSON,
         UNSUPPORTED),
        ("mock/artifact.sigstore.json", "mock/artifact.bin", "mock", MAINTAINER, VERIFIED),
        ("mock/artifact.sigstore.json", "mock/artifact.bin", "mock with its services", MAINTAINER,
         VERIFIED),
        ("mock/artifact.sigstore.json", "mock/artifact.bin", "public", MAINTAINER, FAILED),
        ("mock/artifact.sigstore.json", "mock/artifact.bin", "mock", PERSON, FAILED),
    ],
)  # fmt: skip
def test_signatures_over_files(
    *, shared_data: Path, bundle: str, file: str, instance: str, signer: Signer, outcome: Outcome
) -> None:
    folder = shared_data / "bundles"
    data, root = (folder / bundle).read_bytes(), root_of(instance, folder)

    verdict = signatures.verify_file(sha256(folder / file), data, signer, root)

    assert verdict.outcome is outcome, verdict
    assert (verdict.signed_by is not None) == (outcome is VERIFIED)


DEMO = WorkflowSigner(
    issuer=FORGE,
    repository="https://github.com/malancas/attest-demo",
    repository_id="804070735",
    owner_id="16248153",
    workflow=".github/workflows/shared.yml",
    ref="refs/heads/*",
    runner="github-hosted",
)
OLD = "https://slsa.dev/provenance/v0.2"


@pytest.mark.parametrize(
    ("bundle", "subject", "instance", "signer", "kind", "outcome"),
    [
        ("gh/reusable-workflow-attestation.sigstore.json",
         ("github_provenance_demo-0.0.0-py3-none-any.whl", "gh/reusable-workflow-artifact"),
         "gh", DEMO, PROVENANCE, VERIFIED),
        ("gh/reusable-workflow-attestation.sigstore.json",
         ("github_provenance_demo-0.0.0-py3-none-any.whl", "mock/artifact.bin"),
         "gh", DEMO, PROVENANCE, FAILED),
        ("mock/dsse.sigstore.json", ("m.json", "mock/artifact.bin"), "mock", MAINTAINER,
         "https://example.org/x/v1", VERIFIED),
        ("sigstore/a.dsse.staging-rekor-v2.txt.sigstore.json",
         ("a.txt", "conformance/a.txt"), "staging", BEACON, PROVENANCE,
         VERIFIED),
        ("sigstore/dsse.sigstore.json", ("slsa-provenance-0.0.7.tgz", "mock/artifact.bin"),
         "public", BRIAN, OLD, UNSUPPORTED),
        ("sigstore/dsse-2sigs.sigstore.json", ("slsa-provenance-0.0.7.tgz", "mock/artifact.bin"),
         "public", BRIAN, OLD, UNSUPPORTED),
        ("pypi/pypi_attestation_models-0.0.4a2.tar.gz.sigstore",
         ("pypi_attestation_models-0.0.4a2.tar.gz", "pypi/pypi_attestation_models-0.0.4a2.tar.gz"),
         "public", MODELS, PUBLISH, VERIFIED),
        ("pypi/rfc8785-0.1.2-py3-none-any.whl.sigstore",
         ("rfc8785-0.1.2-py3-none-any.whl", "pypi/rfc8785-0.1.2-py3-none-any.whl"),
         "staging", PERSON, PUBLISH, VERIFIED),
        ("pypi/rfc8785-0.1.2-py3-none-any.whl.sigstore",
         ("rfc8785-0.1.2-py3-none-any.whl", "pypi/rfc8785-0.1.2-py3-none-any.whl"),
         "staging", ATTESTATIONS, PUBLISH, FAILED),
    ],
)  # fmt: skip
def test_signed_statements(
    *,
    shared_data: Path,
    bundle: str,
    subject: tuple[str, str],
    instance: str,
    signer: Signer,
    kind: str,
    outcome: Outcome,
) -> None:
    folder = shared_data / "bundles"
    data, root = (folder / bundle).read_bytes(), root_of(instance, folder)
    wanted = Subject(name=subject[0], sha256=sha256(folder / subject[1]))

    verdict = signatures.verify_statement(wanted, data, signer, root, (kind_of(data, kind),))

    assert verdict.outcome is outcome, verdict


def test_every_bundle_of_the_data_is_tried_here(shared_data: Path) -> None:
    said = Path(__file__).read_text(encoding="utf-8")
    tried = {f"{name}{ending}" for name, ending, *_ in ATTESTED}
    names = [
        path.name
        for folder in ("sigstore", "gh", "mock", "pypi")
        for path in (shared_data / "bundles" / folder).iterdir()
        if ".sigstore" in path.name or path.name.endswith((".attestation", ".provenance"))
    ]

    spt3g = ("spt3g-1.0",)
    assert len(names) > 25
    assert [n for n in names if n not in said and n not in tried and not n.startswith(spt3g)] == []
