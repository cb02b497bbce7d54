"""The 12 cases of sigstore-conformance that the shared data holds, through the adapter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CLIENT = ROOT / "tests/conformance/sigstore_client.py"
IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/"
    ".github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"
EXPECTED_FAILURES = {"intoto-with-custom-trust-root": "unsupported"}
"""Cases that should pass and don't, and what is said: `docs/verification.md` has the reasons."""
CASES = (
    "bundle-from-wrong-instance_fail",
    "bundle-malformed-json_fail",
    "dsse-invalid-sig_fail",
    "happy-path-intoto-in-dsse-v3",
    "happy-path-v0.3",
    "inclusion-proof-corrupted-hash_fail",
    "intoto-with-custom-trust-root",
    "managed-key-no-key_fail",
    "rekor2-dsse-happy-path",
    "rekor2-happy-path",
    "trust-root-tlog-missing-validity-start_fail",
    "wrong-material_fail",
)


def ran(folder: Path, artifact: str) -> subprocess.CompletedProcess[str]:
    root = folder / "trusted_root.json"
    arguments = [
        *("verify-bundle", "--bundle", folder / "bundle.sigstore.json"),
        *("--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER),
        *(("--trusted-root", root) if root.exists() else ()),
        artifact,
    ]
    return subprocess.run(
        [sys.executable, CLIENT, *arguments],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_case_ends_as_its_name_says(shared_data: Path, case: str) -> None:
    folder = shared_data / "bundles/conformance" / case
    artifact = folder / "artifact"
    if not artifact.exists():
        artifact = folder.parent / "a.txt"

    done = ran(folder, str(artifact))

    assert "Traceback" not in done.stderr
    if case.endswith("_fail"):
        assert done.returncode == 1, done.stderr
    elif case in EXPECTED_FAILURES:
        assert done.returncode == 1
        assert done.stderr.startswith(EXPECTED_FAILURES[case])
    else:
        assert done.returncode == 0, done.stderr


def test_no_case_is_left_out(shared_data: Path) -> None:
    folders = (shared_data / "bundles/conformance").iterdir()

    assert sorted(path.name for path in folders if path.is_dir()) == sorted(CASES)
