"""`mcpi manifest sign` against a private Sigstore instance that others wrote."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.model.registry import ReviewState
from mcpinstall.registries import MANIFEST_SIGNATURES, REGISTRY_SIGNATURES
from tests.builders import private_instance
from tests.builders.signed_folders import SignedFolder
from tests.conftest import ROOT

pytestmark = pytest.mark.e2e

FORGE = "https://token.actions.githubusercontent.com"
REPOSITORY = "acme/registry"
WORKFLOW = f"{REPOSITORY}/.github/workflows/sign.yml@refs/heads/main"
CLAIMS = {
    "repository": REPOSITORY,
    "repository_id": "1001",
    "repository_owner_id": "77",
    "ref": "refs/heads/main",
    "workflow_ref": WORKFLOW,
    "job_workflow_ref": WORKFLOW,
    "runner_environment": "github-hosted",
}
SIGNER = {
    "name": "robot",
    "issuer": FORGE,
    "repository": f"https://github.com/{REPOSITORY}",
    "repository-id": "1001",
    "owner-id": "77",
    "workflow": ".github/workflows/sign.yml",
    "ref": "refs/heads/main",
    "runner": "github-hosted",
}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with private_instance.started(tmp_path_factory.mktemp("instance")) as config:
        yield config


@pytest.fixture
def folder(tmp_path: Path, home: Path, instance: Path) -> SignedFolder:
    place = tmp_path / "place"
    place.mkdir()
    made = SignedFolder(place)
    (made.paths.config / "instance.json").write_bytes(instance.read_bytes())
    return made


def ran(
    home: Path, *arguments: str, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    around = {"HOME": str(home), "PYTHONPATH": str(ROOT), "PATH": os.defpath, "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "mcpinstall", "manifest", "sign", *arguments],
        env={**around, **(variables or {})}, cwd=home, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def signed(
    folder: SignedFolder, home: Path, instance: Path, path: Path, **claims: str
) -> dict[str, object]:
    answer = private_instance.token(FORGE, f"https://github.com/{WORKFLOW}", **{**CLAIMS, **claims})
    with private_instance.forge(answer) as variables:
        done = ran(
            home, str(path), "--trust-config", str(instance), "--yes", "--json",
            variables=variables,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert answer not in done.stdout + done.stderr
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_a_job_signs_a_registry_that_its_reader_then_trusts(
    folder: SignedFolder, home: Path, instance: Path
) -> None:
    folder.trust(SIGNER)

    answer = signed(folder, home, instance, folder.registry.folder)

    assert answer["identity"] == f"https://github.com/{WORKFLOW}"
    assert answer["signatures"] == 1
    assert folder.found().registry.review is ReviewState.CERTIFIED
    path = folder.registry.folder / REGISTRY_SIGNATURES
    assert stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444 or os.name == "nt"


def test_signatures_gather_until_the_bytes_change(
    folder: SignedFolder, home: Path, instance: Path
) -> None:
    first = signed(folder, home, instance, folder.registry.folder)
    second = signed(folder, home, instance, folder.registry.folder / "registry.toml")
    folder.registry.publish(serial=2)
    third = signed(folder, home, instance, folder.registry.folder)

    assert [one["signatures"] for one in (first, second, third)] == [1, 2, 1]


def test_another_workflow_signs_and_its_reader_refuses(
    folder: SignedFolder, home: Path, instance: Path
) -> None:
    folder.trust(SIGNER)
    other = f"{REPOSITORY}/.github/workflows/test.yml@refs/heads/main"

    signed(folder, home, instance, folder.registry.folder, workflow_ref=other)

    with pytest.raises(Exception, match="needs the signatures of 1 of 1"):
        folder.found()


def test_a_reviewer_signs_one_manifest(folder: SignedFolder, home: Path, instance: Path) -> None:
    folder.trust({**SIGNER, "name": "somebody"})
    path = folder.registry.path("manifest.toml")

    signed(folder, home, instance, path)
    signed(folder, home, instance, folder.registry.folder)

    assert path.with_name(MANIFEST_SIGNATURES).exists()
    assert folder.found().registry.reviewers == ("somebody",)


def test_what_does_not_hold_together_is_not_signed(
    folder: SignedFolder, home: Path, instance: Path
) -> None:
    folder.registry.swap("pylock.toml", b"")
    for path in (folder.registry.folder, folder.registry.path("manifest.toml")):
        done = ran(home, str(path), "--trust-config", str(instance), "--yes")

        assert done.returncode == 3
        assert "digest-mismatch" in done.stderr
    assert not (folder.registry.folder / REGISTRY_SIGNATURES).exists()


def test_without_an_identity_nothing_is_signed(
    folder: SignedFolder, home: Path, instance: Path
) -> None:
    path = str(folder.registry.folder)

    nobody = ran(home, path, "--trust-config", str(instance), "--yes")
    unasked = ran(home, path, "--trust-config", str(instance))
    refused = ran(
        home, path, "--trust-config", str(instance), "--yes",
        variables={"GITHUB_ACTIONS": "true"},
    )  # fmt: skip

    assert (nobody.returncode, unasked.returncode, refused.returncode) == (5, 4, 5)
    assert "signing-failed" in nobody.stderr
    assert "Traceback" not in nobody.stderr + unasked.stderr + refused.stderr
    assert not (folder.registry.folder / REGISTRY_SIGNATURES).exists()


def test_an_instance_that_is_gone_is_an_error_without_the_token(
    folder: SignedFolder, home: Path, instance: Path, tmp_path: Path
) -> None:
    config = json.loads(instance.read_bytes())
    for service in ("caUrls", "rekorTlogUrls"):
        config["signingConfig"][service][0]["url"] = "http://127.0.0.1:1"
    gone = tmp_path / "gone.json"
    gone.write_text(json.dumps(config))
    answer = private_instance.token(FORGE, "somebody", **CLAIMS)

    with private_instance.forge(answer) as variables:
        done = ran(
            home, str(folder.registry.folder), "--trust-config", str(gone), "--yes",
            variables=variables,
        )  # fmt: skip

    assert done.returncode == 5
    assert "signing-failed" in done.stderr
    assert answer not in done.stderr
    assert "Traceback" not in done.stderr
