"""`mcpi registry …`: keys, publication, trust, as their users type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders.registry_folders import RegistryFolder
from tests.cli.conftest import Mcpi

PASS = "correct horse " + "battery"


@pytest.fixture
def site(mcpi: Mcpi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry in the folder `site`, made by its owner's commands."""
    monkeypatch.chdir(tmp_path)
    RegistryFolder(tmp_path / "manifests").add(alias="clock")
    for name in ("root.pem", "targets.pem", "online.pem"):
        assert owner(mcpi, "key", name) == 0
    keys = ("--root-key", "root.pem", "--targets-key", "targets.pem", "--online-key", "online.pem")
    assert owner(mcpi, "init", "site", *keys) == 0
    signing = ("--key", "targets.pem", "--key", "online.pem")
    assert owner(mcpi, "publish", "site", "--from", "manifests", *signing) == 0
    return tmp_path / "site"


def owner(mcpi: Mcpi, *words: str) -> int:
    with_pass = ("registry", *words, "--passphrase-stdin")
    return mcpi(*with_pass, typed=PASS, terminal=False).status


def root_of(site: Path) -> str:
    return str(site / "metadata" / "1.root.json")


def test_a_root_is_shown_and_confirmed(mcpi: Mcpi, site: Path) -> None:
    ran = mcpi("registry", "add", "corp", str(site), "--root", root_of(site), typed="y\n")

    assert ran.status == 0, ran.err
    assert "signed  by 1 of 1 keys" in ran.err
    digest = json.loads(mcpi("registry", "list", "--json").out)["registries"][1]["root"]
    assert f"sha256:{digest}" in ran.err.replace("\n", "").replace("↳ ", "").replace(" ", "")
    shown = mcpi("show", "corp:clock")
    assert shown.status == 0, shown.err
    assert "mcpi install corp:clock" in shown.out


def test_a_no_leaves_nothing(mcpi: Mcpi, site: Path, home: Path) -> None:
    ran = mcpi("registry", "add", "corp", str(site), "--root", root_of(site), typed="n\n")

    assert ran.status == 4
    assert len(json.loads(mcpi("registry", "list", "--json").out)["registries"]) == 1


def test_yes_alone_does_not_answer_for_a_root(mcpi: Mcpi, site: Path) -> None:
    words = ("registry", "add", "corp", str(site), "--root", root_of(site), "--yes")
    refused = mcpi(*words, terminal=False)
    assert refused.status == 4
    assert mcpi(*words, "--expect-root", "0" * 64, terminal=False).status == 3

    digest = refused.err.split("--expect-root ")[1].split()[0].strip("`")
    assert mcpi(*words, "--expect-root", digest, terminal=False).status == 0


def test_a_registry_is_refreshed_and_removed(mcpi: Mcpi, site: Path) -> None:
    mcpi("registry", "add", "corp", str(site), "--root", root_of(site), typed="y\n")
    assert owner(mcpi, "publish", "site", "--key", "online.pem") == 0

    found = json.loads(mcpi("registry", "refresh", "corp", "--json").out)["registries"][0]

    assert (found["serial"], found["check"]) == (2, "verified")
    assert mcpi("registry", "refresh", "other").status == 5
    assert mcpi("registry", "remove", "corp").status == 0
    assert mcpi("registry", "remove", "corp").status == 5


@pytest.mark.parametrize("text", ["short", "another passphrase"])
def test_a_passphrase_that_is_short_or_wrong_is_refused(mcpi: Mcpi, site: Path, text: str) -> None:
    make = ("registry", "key", "new.pem", "--passphrase-stdin")
    assert mcpi(*make, typed=text, terminal=False).status == (2 if text == "short" else 0)
    renew = ("registry", "publish", "site", "--key", "online.pem", "--passphrase-stdin")
    refused = mcpi(*renew, typed=text, terminal=False)

    assert refused.status == 2
    assert text not in refused.err


def test_a_key_is_encrypted_and_its_owners_alone(mcpi: Mcpi, site: Path) -> None:
    key = site.parent / "root.pem"

    assert b"ENCRYPTED" in key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0


def test_a_role_whose_keys_are_missing_is_named(mcpi: Mcpi, site: Path) -> None:
    words = ("registry", "rotate", "site", "online", "--threshold", "1", "--key", "online.pem")

    ran = mcpi(*words, "--passphrase-stdin", typed=PASS, terminal=False)

    assert ran.status == 2
    assert "`root` needs 1 signatures" in ran.err
