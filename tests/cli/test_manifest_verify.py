"""What `mcpi manifest verify` prints, in each format, and how it ends."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import reports
from mcpinstall.cli.layout import plain
from mcpinstall.cli.reports import fields, text
from mcpinstall.model.finding import Finding, Location, Report, Severity, Unchecked
from mcpinstall.rules import manifests
from tests.builders.index_server import IndexServer
from tests.builders.manifest_folders import ManifestFolder
from tests.builders.schemas import SARIF, faults
from tests.cli.conftest import Mcpi

HOSTILE = "a\n::error::x\r\x1b[2J\u202e]]></failure><b>`@everyone` [a](http://b) {0} 50%, a:b |"
"""Begins a line, a command, an escape, a tag, a code span, a mention, a link and a property."""


@pytest.fixture
def folder(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> ManifestFolder:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    with IndexServer() as index:
        return ManifestFolder(work / "manifests", index)


def verify(mcpi: Mcpi, *words: str) -> Any:  # noqa: ANN401
    return mcpi("manifest", "verify", "--files-only", *words)


def report(message: str = HOSTILE, **more: Any) -> Report:  # noqa: ANN401
    rule = manifests.RULES[0]
    place = Location(file="a/b:c,d.toml", line=3, column=5, end_line=3, end_column=9)
    found = Finding(
        rule=rule, location=more.pop("location", place), message=message, subject="x/y/1",
        fix=message, evidence=message, excerpt="key = 'value'",
    )  # fmt: skip
    gap = Unchecked(subject="x/y/1", code="offline-missing", message=message)
    return Report(
        tool="mcpi manifest verify", rules=manifests.RULES, subjects=("x/y/1",),
        findings=(found,), unchecked=(gap,), left_out=("no server was started (`--probe`)",),
    )  # fmt: skip


def test_a_clean_registry(folder: ManifestFolder, mcpi: Mcpi) -> None:
    ran = verify(mcpi)

    assert ran.status == 0
    assert ran.out == snapshot("""\
2 manifests: no findings
  wheels were not looked at (`--files-only`)
  nothing was compared with an earlier state (`--base`)
  no server was started (`--probe`)
  signatures: your configuration names nobody who may sign it
""")


def test_findings_are_shown_with_their_lines(folder: ManifestFolder, mcpi: Mcpi) -> None:
    folder.edit("manifest.toml", 'audience = "everyone"', 'audience = "all"')
    folder.edit("server.json", "Tells", "Told").seal()
    folder.edit("tools.json", "Convert a", "Convert the")

    ran = verify(mcpi)

    assert ran.status == 1
    assert ran.out == snapshot("""\
manifests/io.github.user/clock/1.2.0/manifest.toml
  7:1 high MV101 manifest-invalid
    `audience` is none of `everyone`, `technical`
     7 | audience = "all"
       | ^^^^^^^^^^^^^^^^

2 manifests: 1 finding (1 high)
  wheels were not looked at (`--files-only`)
  nothing was compared with an earlier state (`--base`)
  no server was started (`--probe`)
  signatures: your configuration names nobody who may sign it
""")


def test_a_mark_stands_under_the_place(folder: ManifestFolder, mcpi: Mcpi) -> None:
    folder.edit("server.json", '"stdio"', '"pipe"').seal()

    rows = verify(mcpi).out.splitlines()

    place = next(n for n, row in enumerate(rows) if '"type": "pipe"' in row)
    assert rows[place].index('"type"') == rows[place + 1].index("^")
    assert rows[place + 1].count("^") == len('"type": "pipe"')


@pytest.mark.parametrize(
    ("threshold", "status"), [("low", 1), ("medium", 1), ("high", 0), ("never", 0)]
)
def test_the_threshold_decides_the_status_and_hides_nothing(
    folder: ManifestFolder, mcpi: Mcpi, threshold: str, status: int
) -> None:
    folder.path("setup.py").write_text("", encoding="utf-8")

    ran = verify(mcpi, "--fail-on", threshold)

    assert ran.status == status
    assert "MV113 file-unknown" in ran.out


def test_what_could_not_be_looked_at_is_no_success(folder: ManifestFolder, mcpi: Mcpi) -> None:
    ran = mcpi("manifest", "verify", "--offline")

    assert ran.status == 5
    assert "not checked: io.github.user/clock/1.2.0" in ran.out


@pytest.mark.parametrize(
    "words",
    [("--format", "html"), ("--fail-on", "bad"), ("--json", "--format", "sarif"), ("--probe",)],
)
def test_nonsense_is_wrong_usage(
    folder: ManifestFolder, mcpi: Mcpi, words: tuple[str, ...]
) -> None:
    assert verify(mcpi, *words).status == 2


def test_servers_are_started_after_a_yes_only(folder: ManifestFolder, mcpi: Mcpi) -> None:
    assert mcpi("manifest", "verify", "--probe", terminal=False).status == 4
    assert mcpi("manifest", "verify", "--probe", typed="n\n").status == 4


def test_json_is_versioned(folder: ManifestFolder, mcpi: Mcpi) -> None:
    folder.edit("manifest.toml", 'audience = "everyone"', 'audience = "all"').seal()

    ran = verify(mcpi, "--json")

    document = json.loads(ran.out)
    assert (ran.status, document["schema"], document["command"]) == (1, 1, "manifest verify")
    (found,) = document["findings"]
    assert (found["rule"], found["line"], found["column"]) == ("MV101", 7, 1)
    assert found["excerpt"] == 'audience = "all"'


@pytest.mark.parametrize("form", [form for form in reports.FORMATS if form != "text"])
def test_two_runs_print_the_same(folder: ManifestFolder, mcpi: Mcpi, form: str) -> None:
    folder.edit("manifest.toml", 'audience = "everyone"', 'audience = "all"').seal()
    folder.path("setup.py").write_text("", encoding="utf-8")

    first, second = verify(mcpi, "--format", form), verify(mcpi, "--format", form)

    assert first.out == second.out
    assert "MV101" in first.out


def test_sarif_has_real_regions_and_rules(folder: ManifestFolder, mcpi: Mcpi) -> None:
    folder.edit("manifest.toml", 'audience = "everyone"', 'audience = "all"').seal()

    document = json.loads(verify(mcpi, "--format", "sarif").out)
    assert faults(document, SARIF) == []

    (run,) = document["runs"]
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]
    (place,) = result["locations"]
    assert document["version"] == "2.1.0"
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "MV101"
    assert all(0 < float(rule["properties"]["security-severity"]) <= 10 for rule in rules)
    assert place["physicalLocation"] == snapshot(
        {
            "artifactLocation": {
                "uri": "manifests/io.github.user/clock/1.2.0/manifest.toml",
                "uriBaseId": "SRCROOT",
            },
            "region": {"startLine": 7, "startColumn": 1, "endLine": 7, "endColumn": 17},
        }
    )


def test_a_fingerprint_outlives_other_lines(folder: ManifestFolder, mcpi: Mcpi) -> None:
    def fingerprint() -> object:
        (run,) = json.loads(verify(mcpi, "--format", "sarif").out)["runs"]
        return next(r["partialFingerprints"] for r in run["results"] if r["ruleId"] == "MV603")

    folder.edit("manifest.toml", 'by = "ada"', 'by = "user"').seal()
    before = fingerprint()
    folder.edit("manifest.toml", "network = []", 'network = [\n    "a.example",\n]').seal()

    assert fingerprint() == before


def test_no_command_of_github_begins_in_text_from_outside() -> None:
    printed = reports.document("github")(report())

    rows = printed.splitlines()
    assert len(rows) == 2
    assert all(row.startswith("::error") for row in rows)
    assert "file=a/b%3Ac%2Cd.toml,title=MV101 manifest-invalid,line=3" in rows[0]
    assert "\x1b" not in printed


def test_github_gets_no_more_annotations_than_it_shows() -> None:
    one = report("x")
    many = Report(tool=one.tool, rules=one.rules, subjects=(), findings=one.findings * 12)

    rows = reports.document("github")(many).splitlines()

    assert len(rows) == 11
    assert rows[-1] == "::error::2 more findings are not annotated"


def test_junit_is_xml_whatever_a_text_says() -> None:
    tree = ET.fromstring(reports.document("junit")(report()))  # noqa: S314 (our own)

    (case,) = tree
    assert [part.tag for part in case] == ["failure", "error"]
    assert (tree.get("tests"), tree.get("failures"), tree.get("errors")) == ("1", "1", "1")
    assert case[0].get("message", "").startswith("a\\n::error::x")


def test_markdown_holds_text_from_outside_in_code() -> None:
    rows = reports.document("markdown")(report()).splitlines()

    (row,) = [row for row in rows if "MV101" in row]
    head, message, between, fix, end = row.split("``")
    assert "@everyone" in message
    assert "@everyone" in fix
    assert "@" not in head + between + end


def test_sarif_messages_hold_no_links_or_arguments() -> None:
    document = json.loads(reports.document("sarif")(report()))
    assert faults(document, SARIF) == []

    (result,) = document["runs"][0]["results"]
    assert "\\[a\\](http://b)" in result["message"]["text"]
    assert "{{0}}" in result["message"]["text"]
    assert document["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_sarif_paths_are_relative_or_files() -> None:
    for name, wanted in (
        ("a b/c.toml", {"uri": "a%20b/c.toml", "uriBaseId": "SRCROOT"}),
        ("/home/x/c.toml", {"uri": "file:///home/x/c.toml"}),
    ):
        document = json.loads(reports.document("sarif")(report(location=Location(file=name))))
        assert faults(document, SARIF) == []
        (place,) = document["runs"][0]["results"][0]["locations"]
        assert place["physicalLocation"] == {"artifactLocation": wanted}


def test_the_screen_shows_no_line_of_a_text_from_outside() -> None:
    printed = plain(text.write(report(), 80))

    assert not any(row.startswith("::error") for row in printed.splitlines())
    assert "\x1b" not in printed


def test_json_fields_hold_the_text_as_it_is() -> None:
    found: Any = fields.write(report())["findings"]

    assert found[0]["message"] == HOSTILE


def test_severities_are_ordered() -> None:
    assert [one.rank for one in Severity] == [0, 1, 2, 3]
    assert report().at_or_above(Severity.HIGH) != ()
    assert report().at_or_above(Severity.CRITICAL) == ()
    assert report().at_or_above(None) == ()
