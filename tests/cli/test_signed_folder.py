"""What the screen says of a folder that is signed, unsigned, or signed by others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.registry_folders import NAME
from tests.builders.signed_folders import ADA, EVE, SignedFolder, named
from tests.cli.conftest import Mcpi


@pytest.fixture
def folder(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> SignedFolder:
    place = tmp_path / "state"
    place.mkdir()
    monkeypatch.setenv("MCPI_HOME", str(place))
    made = SignedFolder(place)
    made.trust(named("somebody", ADA))
    return made


def test_a_signed_server_is_certified_and_its_review_claimed(
    folder: SignedFolder, mcpi: Mcpi
) -> None:
    folder.sign(ADA)

    ran = mcpi("show", f"mine:{NAME}")

    assert ran.status == 0
    assert "CERTIFIED" in ran.out
    assert "review claimed by somebody, 2026-11-22" in ran.out


def test_a_signed_review_is_told_from_a_claimed_one(folder: SignedFolder, mcpi: Mcpi) -> None:
    folder.review(ADA)
    folder.sign(ADA)

    assert "review signed by somebody, 2026-11-22" in mcpi("show", f"mine:{NAME}").out


def test_too_few_reviews_are_not_reviewed(folder: SignedFolder, mcpi: Mcpi) -> None:
    rule = {"namespaces": ["*"], "signers": ["somebody", "eve"], "threshold": 2}
    folder.trust(named("somebody", ADA), named("eve", EVE), reviewers=[rule])
    folder.review(ADA)
    folder.sign(ADA)

    ran = mcpi("show", f"mine:{NAME}")

    assert "NOT REVIEWED" in ran.out
    assert "review signed by somebody, 2026-11-22" in ran.out


def test_a_folder_that_others_signed_is_refused(folder: SignedFolder, mcpi: Mcpi) -> None:
    folder.sign(EVE)

    ran = mcpi("show", f"mine:{NAME}", "--json")

    assert ran.status == 3
    assert json.loads(ran.out)["error"]["code"] == "signature-invalid"
    assert "signature 1: failed" in ran.err


def test_evidence_from_outside_can_not_move_the_cursor(folder: SignedFolder, mcpi: Mcpi) -> None:
    folder.write_signatures([b'{"mediaType": "\\u001b[2J\\u202e"}'])

    ran = mcpi("show", f"mine:{NAME}")

    assert ran.status == 3
    assert "\x1b" not in ran.err + ran.out
    assert "\u202e" not in ran.err + ran.out
