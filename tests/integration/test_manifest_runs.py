"""How `mcpi manifest verify` runs: what it remembers, compares, starts, and could not look at."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text, provenance_text
from mcpinstall.model.finding import Report
from mcpinstall.model.manifest import Review
from mcpinstall.model.registry_text import ReviewRules
from mcpinstall.model.revocation import ReviewerRevocation
from mcpinstall.operations import cache, manifest_results, manifest_verify
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_verify import Wanted
from tests.builders import advisories, attested, servers
from tests.builders.index_server import IndexServer
from tests.builders.manifest_folders import CLOCK, NOTES, NOW, VERSION, ManifestFolder, lock
from tests.builders.signed_folders import ADA, EVE, SignedFolder, named
from tests.builders.sigstore_instance import Identity, Instance
from tests.conftest import ROOT

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def verified(*paths: Path, **wanted: object) -> Report:
    context = replace(Context.current(), now=NOW)
    return manifest_verify.verify(Wanted(paths=paths, **wanted), context)  # type: ignore[arg-type]


def ids(report: Report) -> list[str]:
    return [one.rule.id for one in report.findings]


# What is remembered ------------------------------------------------------------------------------


def test_wheels_that_nobody_could_look_into_are_told(folder: ManifestFolder) -> None:
    report = verified(offline=True)

    assert {gap.code for gap in report.unchecked} == {"offline-missing"}
    assert {gap.subject for gap in report.unchecked} == set(report.subjects)


def test_what_was_not_looked_at_is_not_remembered_as_clean(folder: ManifestFolder) -> None:
    verified(offline=True)

    assert verified(offline=True).unchecked


def test_an_unchanged_manifest_is_not_inspected_again(folder: ManifestFolder) -> None:
    assert verified().findings == ()
    shutil.rmtree(Context.current().paths.artifacts)

    assert verified(offline=True).unchecked == ()


def test_a_changed_manifest_with_known_wheels_needs_no_wheel(folder: ManifestFolder) -> None:
    assert verified().findings == ()
    shutil.rmtree(Context.current().paths.artifacts)
    folder.edit("pylock.toml", 'created-by = "uv"', 'created-by = "me"').seal()

    report = verified(offline=True)

    assert (report.findings, report.unchecked) == ((), ())


def test_a_remembered_finding_is_found_again_at_its_place(folder: ManifestFolder) -> None:
    folder.edit("pylock.toml", "upload-time = 2026-10-01T00:00:00Z, ", "").seal()
    first = verified()

    assert ids(first) == ["MV403"]
    assert verified(offline=True).findings == first.findings


def test_a_spoiled_memory_is_no_memory(folder: ManifestFolder) -> None:
    folder.edit("pylock.toml", "upload-time = 2026-10-01T00:00:00Z, ", "").seal()
    verified()
    for path in Context.current().paths.checked.rglob("*.json"):
        path.write_bytes(b'{"findings": [{"rule": "MV999"}], "wheel": 7}')

    assert ids(verified()) == ["MV403"]


def test_other_rules_remember_nothing(
    folder: ManifestFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified()
    shutil.rmtree(Context.current().paths.artifacts)
    monkeypatch.setattr(manifest_results, "rules_digest", lambda: "another program")

    assert verified(offline=True).unchecked


def test_pruning_the_cache_forgets(folder: ManifestFolder) -> None:
    verified()
    cache.prune(Context.current(), days=1)
    shutil.rmtree(Context.current().paths.artifacts)
    assert verified(offline=True).unchecked == ()

    cache.prune(Context.current())

    assert verified(offline=True).unchecked


def test_dates_are_looked_at_each_time(folder: ManifestFolder) -> None:
    verified()
    context = replace(Context.current(), now=NOW.replace(year=2028))

    report = manifest_verify.verify(Wanted(offline=True), context)

    assert ids(report) == ["MV308"]


def test_a_withdrawn_file_is_found_though_everything_is_remembered(
    folder: ManifestFolder,
) -> None:
    verified()
    artifact = folder.publish("notes_server", folder.wheels["notes_server"])
    folder.index.listing(artifact).yanked = "broken"

    assert ids(verified()) == ["MV507"]
    assert ids(verified(offline=True)) == []


def test_an_index_that_is_gone_is_told(
    folder: ManifestFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified()
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")

    report = verified()

    assert [gap.subject for gap in report.unchecked] == ["withdrawn releases"]


def test_files_alone_need_no_index(folder: ManifestFolder, index: IndexServer) -> None:
    report = verified(files_only=True)

    assert (report.findings, report.unchecked) == ((), ())
    assert index.asked() == []
    assert any("--files-only" in sentence for sentence in report.left_out)


def test_the_registry_that_ships_has_no_findings(home: Path) -> None:
    wanted = Wanted(paths=(ROOT / "manifests",), files_only=True)

    report = manifest_verify.verify(wanted, Context.current())

    assert report.subjects
    assert (report.findings, report.unchecked) == ((), ())


# What is meant -----------------------------------------------------------------------------------


def test_a_file_stands_for_its_version(folder: ManifestFolder) -> None:
    for path in (folder.path("manifest.toml"), folder.path("pylock.toml").parent):
        assert verified(path, files_only=True).subjects == (f"{CLOCK}/{VERSION}",)


def test_a_folder_stands_for_the_versions_below_it(folder: ManifestFolder) -> None:
    assert len(verified(files_only=True).subjects) == 2
    for below in (CLOCK.split("/")[0], CLOCK):
        subjects = verified(folder.folder / below, files_only=True).subjects
        assert subjects == (f"{CLOCK}/{VERSION}",)


def test_a_file_of_the_registry_stands_for_all_of_it(folder: ManifestFolder) -> None:
    assert len(verified(folder.folder / "index.toml", files_only=True).subjects) == 2


def test_a_folder_outside_of_registries_is_refused(folder: ManifestFolder, tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as error:
        verified(tmp_path)

    assert error.value.code is ErrorCode.NOT_FOUND


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_link_is_not_followed(folder: ManifestFolder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not for a report", encoding="utf-8")
    (folder.path("tools.json")).unlink()
    (folder.path("tools.json")).symlink_to(secret)

    report = verified(files_only=True)

    assert set(ids(report)) == {"MV112", "MV113"}
    assert "not for a report" not in repr(report)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user other than root")
def test_a_file_that_cannot_be_read_is_told(folder: ManifestFolder) -> None:
    folder.path("tools.json").chmod(0)

    report = verified(files_only=True)

    assert [gap.code for gap in report.unchecked] == ["file-unreadable"]


def test_a_file_that_is_too_long_is_told(folder: ManifestFolder) -> None:
    folder.path("server.json").write_bytes(b" " * (300 * 1024))

    report = verified(files_only=True)

    assert [gap.code for gap in report.unchecked] == ["file-unreadable"]


# An earlier state --------------------------------------------------------------------------------


def git(folder: ManifestFolder, *words: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(
        ["git", *names, *words], cwd=folder.folder.parent, check=True, capture_output=True
    )


@pytest.fixture
def committed(folder: ManifestFolder) -> ManifestFolder:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


@needs_git
def test_nothing_changed_is_nothing_found(committed: ManifestFolder) -> None:
    assert verified(base="main", files_only=True).findings == ()


@needs_git
def test_a_registry_that_is_new_has_no_earlier_state(committed: ManifestFolder) -> None:
    committed.folder.rename("servers")

    report = verified(Path("servers"), base="main", changed_since="main", files_only=True)

    assert (report.findings, len(report.subjects)) == ((), 2)
    assert "`servers` has no manifests at `main`" in report.left_out


@needs_git
def test_a_published_version_keeps_its_content(committed: ManifestFolder) -> None:
    committed.edit("server.json", "Tells", "Told").seal().describe(serial=2)

    report = verified(base="main", files_only=True)

    (found,) = report.findings
    assert found.rule.id == "MV701"
    assert found.location.line == committed.line_of("manifest.toml", '"server.json" =')


@needs_git
def test_a_published_manifest_may_be_reviewed_again(committed: ManifestFolder) -> None:
    committed.edit("manifest.toml", 'by = "ada"', 'by = "bob"').seal().describe(serial=2)

    assert verified(base="main", files_only=True).findings == ()


@needs_git
def test_a_published_manifest_permits_no_more(committed: ManifestFolder) -> None:
    committed.edit("manifest.toml", "write = []", 'write = [\n    "{folder}",\n]').seal()
    committed.describe(serial=2)

    (found,) = verified(base="main", files_only=True).findings

    assert (found.rule.id, found.message) == (
        "MV701",
        "`manifest.toml` is another one than at `main`",
    )


@needs_git
def test_an_alias_is_never_pointed_elsewhere(committed: ManifestFolder) -> None:
    committed.describe(serial=2, aliases=(("clock", NOTES), ("notes", NOTES)))

    report = verified(base="main", files_only=True)

    found = {one.rule.id: one.location.line for one in report.findings}
    assert found["MV702"] == committed.line_of("registry.toml", "clock =")


@needs_git
def test_an_alias_that_was_taken_out_is_given_to_nobody_else(committed: ManifestFolder) -> None:
    committed.describe(serial=2, aliases=(("notes", NOTES),))
    git(committed, "commit", "-qam", "the alias is gone")
    committed.describe(serial=3, aliases=(("clock", NOTES),))

    found = [
        one for one in verified(base="main", files_only=True).findings if one.rule.id == "MV702"
    ]

    assert [one.message for one in found] == [f"`clock` stood for `{CLOCK}`"]
    committed.describe(serial=3, aliases=(("clock", CLOCK), ("notes", NOTES)))
    assert "MV702" not in ids(verified(base="main", files_only=True)), "it may come back"


@needs_git
def test_an_earlier_registry_that_nobody_can_read_hides_no_other(committed: ManifestFolder) -> None:
    path = committed.folder / "registry.toml"
    readable = path.read_bytes()
    path.write_text("x = [\n")
    git(committed, "commit", "-qam", "damaged")
    path.write_bytes(readable)
    committed.describe(serial=2, aliases=(("notes", NOTES),))
    git(committed, "commit", "-qam", "the alias is gone")
    committed.describe(serial=3, aliases=(("clock", NOTES),))

    assert "MV702" in ids(verified(base="main", files_only=True))


@needs_git
def test_a_change_raises_the_serial(committed: ManifestFolder) -> None:
    committed.describe(owner="somebody else")

    (found,) = verified(base="main", files_only=True).findings

    assert found.rule.id == "MV703"
    assert found.location.line == committed.line_of("registry.toml", "serial =")


@needs_git
def test_a_published_version_stays(committed: ManifestFolder) -> None:
    shutil.rmtree(committed.folder / "com.example")

    report = verified(base="main", files_only=True)

    assert "MV704" in ids(report)


@needs_git
def test_only_what_changed_is_looked_at(committed: ManifestFolder) -> None:
    assert verified(changed_since="main", files_only=True).subjects == ()
    committed.edit("server.json", "Tells", "Told")

    assert verified(changed_since="main", files_only=True).subjects == (f"{CLOCK}/{VERSION}",)


@needs_git
def test_a_home_inside_of_the_repository_hides_it_not(
    committed: ManifestFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = committed.folder.parent / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))

    assert verified(base="main", files_only=True).findings == ()


@needs_git
def test_no_repository_above_the_home_is_looked_at(
    folder: ManifestFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = folder.folder.parent
    git(folder, "init", "-q", str(work.parent))
    monkeypatch.setenv("HOME", str(work))

    with pytest.raises(McpInstallError) as error:
        verified(base="HEAD", files_only=True)

    assert error.value.code is ErrorCode.NOT_FOUND
    assert "lies in no git repository" in error.value.message


@needs_git
@pytest.mark.parametrize("ref", ["nowhere", "--output=x", "-h", "main:x"])
def test_a_commit_that_is_unknown_is_told(committed: ManifestFolder, ref: str) -> None:
    with pytest.raises(McpInstallError) as error:
        verified(base=ref, files_only=True)

    assert error.value.code is ErrorCode.NOT_FOUND


def test_a_machine_without_git_is_told(
    folder: ManifestFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(McpInstallError) as error:
        verified(base="main", files_only=True)

    assert error.value.code is ErrorCode.TOOL_FAILED
    assert "git" in error.value.message


@needs_git
def test_a_hostile_repository_runs_nothing(committed: ManifestFolder, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n", encoding="utf-8")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "core.editor"):
        git(committed, "config", key, str(script))
    hook = committed.folder.parent / ".git" / "hooks" / "post-checkout"
    shutil.copy(script, hook)

    assert verified(base="main", files_only=True).findings == ()
    assert not ran.exists()


# Started -----------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_a_server_that_starts_with_its_tools_is_clean(folder: ManifestFolder) -> None:
    report = verified(folder.path("manifest.toml"), probe=True)

    assert (report.findings, report.unchecked) == ((), ())


@pytest.mark.e2e
def test_other_tools_than_reviewed_are_found(folder: ManifestFolder) -> None:
    folder.edit("tools.json", "Convert a time", "Convert the time").seal()

    (found,) = verified(folder.path("tools.json"), probe=True).findings

    assert (found.rule.id, found.location.file.rpartition("/")[2]) == ("MV802", "tools.json")
    assert "convert_time" in found.evidence


@pytest.mark.e2e
def test_a_server_that_does_not_answer_is_found(folder: ManifestFolder) -> None:
    dead = servers.module("def main():\n    raise SystemExit('no')\n")
    artifact = folder.publish("notes_server", folder.wheel("notes_server", module=dead.encode()))
    folder.path("pylock.toml", NOTES).write_bytes(lock(artifact))
    folder.seal()

    (found,) = verified(folder.path("tools.json", NOTES), probe=True).findings

    assert found.rule.id == "MV801"
    assert found.location.line == folder.line_of("manifest.toml", "script =", NOTES)


def test_nothing_of_a_package_runs_unasked(folder: ManifestFolder, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    module = f"open({json.dumps(str(ran))}, 'w').close()\ndef main(): pass\n".encode()
    artifact = folder.publish("notes_server", folder.wheel("notes_server", module=module))
    folder.path("pylock.toml", NOTES).write_bytes(lock(artifact))
    folder.seal()

    assert verified().findings == ()
    assert not ran.exists()


# Signed ------------------------------------------------------------------------------------------


@pytest.fixture
def signed(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> SignedFolder:
    place = tmp_path / "state"
    place.mkdir()
    made = SignedFolder(place)
    rule = {"namespaces": ["*"], "signers": ["somebody"], "threshold": 1}
    made.trust(named("somebody", ADA), reviewers=[rule])
    made.review(ADA)
    made.sign(ADA)
    return made


def of_signatures(folder: SignedFolder) -> list[str]:
    wanted = Wanted(paths=(folder.registry.folder,), files_only=True)
    report = manifest_verify.verify(wanted, folder.context)
    assert report.unchecked == ()
    assert not any("signatures" in sentence for sentence in report.left_out)
    return [rule for rule in ids(report) if rule in ("MV606", "MV607")]


def test_signatures_that_hold_are_verified(signed: SignedFolder) -> None:
    assert of_signatures(signed) == []


def test_a_registry_that_changed_after_it_was_signed_is_found(signed: SignedFolder) -> None:
    signed.registry.publish(serial=2)

    assert of_signatures(signed) == ["MV606"]


def test_somebody_elses_signature_does_not_count(signed: SignedFolder) -> None:
    signed.sign(EVE)

    assert of_signatures(signed) == ["MV606"]


def test_a_review_that_nobody_signed_is_found(signed: SignedFolder) -> None:
    signed.registry.path("manifest.sigstore.json").unlink()

    assert of_signatures(signed) == ["MV607"]


def test_signatures_that_nobody_could_verify_are_told(folder: ManifestFolder) -> None:
    report = verified(files_only=True)

    assert any(sentence.startswith("signatures:") for sentence in report.left_out)


# Known elsewhere ---------------------------------------------------------------------------------


def test_an_advisory_of_today_is_found_though_everything_is_remembered(
    folder: ManifestFolder,
) -> None:
    verified()
    data = advisories.file(NOW.date(), clock_server=advisories.advisory())
    (folder.folder / "advisories.jsonl").write_bytes(data)
    folder.describe(advisories=hashlib.sha256(data).hexdigest())

    (found,) = verified(offline=True).findings

    assert (found.rule.id, found.location.line) == ("MV508", 7)
    assert "PYSEC-2026-1" in found.message


def test_a_damaged_record_of_advisories_is_found(folder: ManifestFolder) -> None:
    data = advisories.file(NOW.date(), clock_server=advisories.advisory())
    data = data.replace(b'"fixed"', b'"mixed"')
    (folder.folder / "advisories.jsonl").write_bytes(data)
    folder.describe(advisories=hashlib.sha256(data).hexdigest())

    for _ in range(2):
        report = verified(files_only=True)
        assert [(one.rule.id, one.location.line) for one in report.findings] == [
            ("MV310", folder.line_of("registry.toml", "advisories ="))
        ]


@pytest.fixture
def instance(folder: ManifestFolder) -> Instance:
    """A private Sigstore instance that this user believes; the manifest names a publisher."""
    made = Instance()
    config = Context.current().paths.config
    config.mkdir(parents=True, mode=0o700)
    (config / "sigstore.json").write_bytes(made.trusted_root)
    text = 'schema = 1\n\n[publishers]\ntrust-config = "sigstore.json"\n'
    (config / "config.toml").write_text(text, encoding="utf-8")
    folder.redescribe(publisher=attested.PUBLISHER, publisher_absent="").seal()
    return made


def carried(folder: ManifestFolder, instance: Instance, identity: Identity) -> None:
    artifact = folder.artifact("clock_server")
    subject = attested.subject_of(artifact)
    one = json_text.canonical(attested.attestation(instance, subject, identity))
    folder.carry(provenance_text.dump_carried({artifact.filename: [one]}))


def test_attestations_of_the_named_publisher_are_verified(
    folder: ManifestFolder, instance: Instance
) -> None:
    carried(folder, instance, attested.release("1.2.0"))

    assert verified().findings == ()
    assert verified(offline=True).unchecked == ()


def test_attestations_that_an_index_offers_count(
    folder: ManifestFolder, instance: Instance
) -> None:
    artifact = folder.artifact("clock_server")
    attested.attest(folder.index, artifact, instance, attested.release("1.2.0"))

    assert verified().findings == ()
    assert [gap.code for gap in verified(offline=True).unchecked] == ["offline-missing"]


def test_another_publisher_is_found_each_time(folder: ManifestFolder, instance: Instance) -> None:
    thief = attested.release("1.2.0", repository="https://forge.example/thief/clock")
    carried(folder, instance, thief)

    for offline in (False, True):
        (found,) = verified(offline=offline).findings
        assert found.rule.id == "MV608"
        assert found.location.line == folder.line_of("manifest.toml", "[publisher]")


def test_a_revoked_reviewer_does_not_count(folder: ManifestFolder) -> None:
    gone = ReviewerRevocation(reviewer="Ada", reason="left", date="2026-11-23")
    folder.describe(revocations=(gone,))

    report = verified(files_only=True)

    assert {(one.rule.id, one.subject) for one in report.findings} >= {
        ("MV601", f"{CLOCK}/{VERSION}")
    }
    assert not any(one.subject.startswith(NOTES) for one in report.findings)


@pytest.mark.parametrize(
    ("other", "people"),
    [
        ("Ada Lovelace", 1),
        ("ada  lovelace", 1),
        ("ADA LOVELACE", 1),
        ("@adalovelace", 1),
        ("Ada Love lace", 1),
        ("Ada Lovelac", 2),
    ],
)
def test_one_person_in_two_spellings_is_one_reviewer(
    folder: ManifestFolder, other: str, people: int
) -> None:
    both = tuple(
        Review(by=name, on="2026-11-20", criteria=("locked", "inspected", "probed"))
        for name in ("Ada Lovelace", other)
    )
    folder.redescribe(reviews=both).describe(review=ReviewRules(reviewers=2))

    found = {one.subject for one in verified(files_only=True).findings if one.rule.id == "MV601"}

    assert (f"{CLOCK}/{VERSION}" in found) == (people < 2)
