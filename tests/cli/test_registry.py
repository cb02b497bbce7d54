"""`mcpi registry …`: keys, publication, trust, as their users type them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.builders.registry_folders import RegistryFolder, manifest, server_json
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


def stage(mcpi: Mcpi, site: Path) -> str:
    """Stage a second server and return the digest of the change."""
    folder = RegistryFolder(site.parent / "more").add(alias="clock")
    folder.add(manifest("com.example/notes"), server=server_json("com.example/notes"))
    assert owner(mcpi, "publish", "site", "--from", "more", "--stage") == 0
    digest = json.loads(mcpi("registry", "sign", "site", "--json").out)["sha256"]
    assert isinstance(digest, str)
    return digest


def without_digests(text: str) -> str:
    return re.sub(r"[0-9a-f]{64}", "<sha256>", re.sub(r"\b[0-9a-f]{16}\b", "<key>", text))


def test_what_is_staged_is_shown_and_waits(mcpi: Mcpi, site: Path) -> None:
    digest = stage(mcpi, site)

    ran = mcpi("registry", "sign", "site")

    assert ran.status == 0, ran.err
    assert f"sha256:{digest}" in ran.out + ran.err
    assert without_digests(ran.out + ran.err) == snapshot("""\
targets 2
  registry.toml - index =
  ↳ "<sha256>"
  registry.toml + index =
  ↳ "<sha256>"
  signed by nobody; needs 1 of 1

bins- 2
  com.example/notes: 1.2.0 added
  ↳ (sha256:<sha256>)
  search index: 1 parts change
  signed by nobody; needs 1 of 1

sha256:<sha256>

targets waits for: <key>
""")


def test_a_change_is_signed_by_one_holder_and_then_the_machine(mcpi: Mcpi, site: Path) -> None:
    digest = stage(mcpi, site)
    sign = ("registry", "sign", "site", "--passphrase-stdin", "--yes")
    words = (*sign, "--key", "targets.pem", "--json")
    refused = mcpi(*words, typed=PASS, terminal=False)
    assert refused.status == 4
    assert f"--expect-digest {digest}" in refused.err
    other = mcpi(*words, "--expect-digest", "0" * 64, typed=PASS, terminal=False)
    assert other.status == 3

    first = mcpi(*words, "--expect-digest", digest, typed=PASS, terminal=False)
    assert first.status == 0, first.err
    found = json.loads(first.out)
    assert (found["outcome"], found["signed"]) == ("staged", ["targets"])
    assert sorted(found["missing"]) == ["snapshot", "timestamp"]

    last = mcpi(*sign, "--key", "online.pem", "--expect-digest", digest, typed=PASS, terminal=False)
    assert last.status == 0, last.err
    assert "live: state 2" in last.out + last.err
    assert mcpi("registry", "sign", "site").status == 5


def test_a_holder_says_no(mcpi: Mcpi, site: Path) -> None:
    digest = stage(mcpi, site)

    ran = mcpi("registry", "sign", "site", "--key", "targets.pem", typed="n\n")

    assert ran.status == 4
    assert "Sign it?" in ran.err
    assert json.loads(mcpi("registry", "sign", "site", "--json").out)["sha256"] == digest


def test_pruning_says_what_goes(mcpi: Mcpi, site: Path) -> None:
    stray = site / "files" / ("0" * 64)
    stray.write_bytes(b"x" * 2000)

    planned = mcpi("registry", "prune", "site", "--dry-run")
    assert (planned.status, planned.err) == (0, "1 file would go: 2.0 kB\n")
    assert stray.exists()

    assert json.loads(mcpi("registry", "prune", "site", "--json").out)["files"] == 1
    assert not stray.exists()
