"""What `mcpi manifest verify` remembers counts only as this very program wrote it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.model.finding import Report
from mcpinstall.operations import manifest_verify
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_verify import Wanted
from tests.builders.manifest_folders import NOW, ManifestFolder
from tests.conftest import ROOT

needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def verified(**wanted: Any) -> Report:  # noqa: ANN401
    return manifest_verify.verify(Wanted(**wanted), replace(Context.current(), now=NOW))


def ids(report: Report) -> list[str]:
    return [one.rule.id for one in report.findings]


@pytest.fixture
def defective(folder: ManifestFolder) -> ManifestFolder:
    """A registry with one finding, which is remembered."""
    folder.edit("pylock.toml", "upload-time = 2026-10-01T00:00:00Z, ", "").seal()
    assert ids(verified()) == ["MV403"]
    return folder


def entries() -> list[Path]:
    return sorted(Context.current().paths.checked.rglob("*.json"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("message", 7), ("message", None), ("subject", ["x"]), ("rule", "MV999"), ("rule", []),
        ("location", {"file": 5}), ("location", []), ("location", {"file": "x", "line": "1"}),
        ("fix", {}), ("excerpt", 0), ("evidence", True), ("why", 1.5),
    ],
)  # fmt: skip
def test_a_finding_that_is_none_is_no_memory(
    defective: ManifestFolder, name: str, value: object
) -> None:
    for path in entries():
        document = json.loads(path.read_bytes())
        for found in document.get("findings", ()):
            found[name] = value
        path.write_text(json.dumps(document), encoding="utf-8")

    report = verified()

    assert ids(report) == ["MV403"]
    assert report.findings[0].message


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b"\xff", b"7", b'"x"', b"[]", b"null", b'{"findings": "MV403"}', b"",
     b'{"findings": [], "packages": 5, "published": 0}', b'{"wheel": {"hooks": "x"}}',
     b'{"wheel": {"refusal": "", "hooks": [], "scripts": "clock", "licensed": 1}}'],
)  # fmt: skip
def test_no_document_in_the_memory_is_a_bug(defective: ManifestFolder, data: bytes) -> None:
    for path in entries():
        path.write_bytes(data)

    assert ids(verified()) == ["MV403"]


@needs_posix
def test_a_memory_that_others_can_write_to_is_none(defective: ManifestFolder) -> None:
    for path in entries():
        path.write_text(json.dumps({"findings": [], "packages": [], "published": False}))
    checked = Context.current().paths.checked
    assert ids(verified()) == [], "the twin: what the user alone can write is believed"

    checked.chmod(0o777)

    assert ids(verified()) == ["MV403"]


@needs_posix
def test_a_memory_that_is_a_link_is_none(defective: ManifestFolder, tmp_path: Path) -> None:
    for path in entries():
        path.write_text(json.dumps({"findings": [], "packages": [], "published": False}))
    checked = Context.current().paths.checked
    checked.rename(tmp_path / "elsewhere")
    checked.symlink_to(tmp_path / "elsewhere")

    assert ids(verified()) == ["MV403"]


def test_without_a_memory_all_is_looked_at_again(folder: ManifestFolder) -> None:
    checked = Context.current().paths.checked
    checked.parent.mkdir(parents=True, exist_ok=True)
    checked.touch()  # no folder can be made there

    assert ids(verified()) == []
    assert ids(verified()) == []
    assert checked.is_file()


def unchecked(program: Path) -> list[str]:
    """What another copy of the program could not look at, without network and wheels."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mcpinstall", "manifest", "verify", "--offline", "--json"],
        env={**os.environ, "PYTHONPATH": str(program)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [one["code"] for one in json.loads(done.stdout)["unchecked"]]


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("rules/manifests/artifacts.py", False),
        ("operations/manifest_wheels.py", False),
        ("system/limits.py", False),
        ("verification/inspection.py", False),
        ("cli/gate.py", True),
    ],
)
def test_only_what_the_same_code_found_is_remembered(
    folder: ManifestFolder, tmp_path: Path, file: str, counts: bool
) -> None:
    other = tmp_path / "other"
    shutil.copytree(
        ROOT / "mcpinstall", other / "mcpinstall", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "manifests", other / "mcpinstall" / "_manifests")
    verified()
    shutil.rmtree(Context.current().paths.artifacts)
    assert unchecked(other) == [], "the same code remembers, wherever it lies"

    path = other / "mcpinstall" / file
    path.write_text(path.read_text(encoding="utf-8") + "\n# other\n", encoding="utf-8")

    assert (unchecked(other) == []) is counts
