"""Attack T05: a right signature, by the wrong identity.

Who: whoever can start a workflow at the forge: another one, of a fork, of a name that was taken
over, from a branch.
Stopped by: 1: issuer, repository, its number and its owner's, workflow, reference and runner, each
as the user's configuration says.
Twin: `test_the_workflow_that_the_configuration_names_is_believed`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.publisher import ref_fits
from mcpinstall.model.registry import ReviewState
from tests.builders.signed_folders import SignedFolder, named_workflow
from tests.builders.sigstore_instance import Identity, person, workflow

OURS = "https://forge.example/acme/registry"


@pytest.fixture
def folder(tmp_path: Path) -> SignedFolder:
    made = SignedFolder(tmp_path)
    made.trust(named_workflow("release", workflow(), ref="refs/tags/v*"))
    return made


@pytest.mark.parametrize("ref", ["refs/tags/v1", "refs/tags/v2.0.1-rc.1"])
def test_the_workflow_that_the_configuration_names_is_believed(
    folder: SignedFolder, ref: str
) -> None:
    folder.sign(workflow(ref=ref))

    assert folder.found().registry.review is ReviewState.CERTIFIED


OTHERS = {
    "another workflow": workflow(path=".github/workflows/test.yml"),
    "a workflow of nearly that path": workflow(path="x/.github/workflows/sign.yml"),
    "a fork": workflow("https://forge.example/eve/registry", ids=("2002", "99")),
    "a name that begins alike": workflow(f"{OURS}-tools", ids=("2002", "77")),
    "the name, taken over": workflow(ids=("2002", "77")),
    "another owner": workflow(ids=("1001", "99")),
    "a branch": workflow(ref="refs/heads/main"),
    "a branch named as a tag": workflow(ref="refs/heads/refs/tags/v1"),
    "a tag below the tag": workflow(ref="refs/tags/v1/evil"),
    "a runner of the owner's own": workflow(runner="self-hosted"),
    "a person with that name": person(workflow().name, workflow().issuer),
    "a self-made issuer": Identity(
        name=workflow().name, issuer="https://evil.example", claims=workflow().claims
    ),
    "a claim that lacks its reference": Identity(
        name=workflow().name,
        issuer=workflow().issuer,
        claims={number: text for number, text in workflow().claims.items() if number != 14},
    ),
}


@pytest.mark.parametrize("identity", OTHERS.values(), ids=OTHERS)
def test_any_other_is_refused(folder: SignedFolder, identity: Identity) -> None:
    folder.sign(identity)

    with pytest.raises(McpInstallError) as refused:
        folder.found()

    assert refused.value.code is ErrorCode.SIGNATURE_INVALID


@pytest.mark.parametrize(
    ("ref", "rule", "fits"),
    [
        ("refs/tags/v1", "refs/tags/*", True),
        ("refs/tags/v1", "refs/tags/v1", True),
        ("refs/tags/v1", "refs/tags/v", False),
        ("refs/tags/v1", "refs/tags/v?", False),
        ("refs/tags/v1", "refs/tags/.*", False),
        ("refs/tags/", "refs/tags/*", False),
        ("refs/tags/a/b", "refs/tags/*", False),
        ("refs/tags/a/b", "refs/tags/*/*", True),
        ("refs/tags/v1\n", "refs/tags/v1", False),
        ("", "*", False),
        ("", "", False),
    ],
)
def test_a_rule_for_references_is_literal_but_for_its_star(ref: str, rule: str, fits: bool) -> None:
    assert ref_fits(ref, rule) is fits
