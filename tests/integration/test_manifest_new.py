"""`manifest new` against the real index: the time server, held back where it has no wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall import registries
from mcpinstall.model import tool_text
from mcpinstall.operations import manifest_present, manifest_relock
from mcpinstall.operations.context import Context
from tests.builders.command import ROOT, Command

pytestmark = pytest.mark.network

TIME = "io.github.modelcontextprotocol/server-time"
VERSION = "2026.10.19"


def test_the_time_server_becomes_a_manifest_with_the_tools_that_were_reviewed(
    home: Path, tmp_path: Path
) -> None:
    command = Command(home=home, cwd=tmp_path)

    answer = command.answer(
        "manifest", "new", f"pypi:mcp-server-time=={VERSION}", "--yes", "--probe",
        "--python", "3.11",
    )  # fmt: skip

    folder = tmp_path / answer["folder"]
    reviewed = ROOT / "manifests" / TIME / VERSION
    held = {(one["package"], one["platform"]) for one in answer["lock"]["held_back"]}
    assert ("cryptography", "macos-x86_64") in held
    assert {hook["member"] for hook in answer["hooks"]} >= {"pywin32.pth"}
    assert not answer["complete"], "nobody gave a reason for pywin32.pth"
    made = tool_text.parse_tools((folder / "tools.json").read_bytes())
    assert made == tool_text.parse_tools((reviewed / "tools.json").read_bytes())
    path = folder / "manifest.toml"
    path.write_text(path.read_text("utf-8").replace('reason = ""', 'reason = "read"'), "utf-8")

    command.run("manifest", "lock", str(folder), "--in-place", "--yes")

    found = registries.one_version(folder)
    versions = {one.version for one in found.lock.packages if one.name == "cryptography"}
    assert len(versions) > 1, "other platforms get a newer one"
    assert not manifest_present.present(folder).is_draft


def test_locked_again_the_bundled_server_keeps_what_was_decided(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ROOT / "manifests" / TIME / VERSION
    files = {path.name: path.read_bytes() for path in folder.iterdir()}

    one = manifest_relock.prepare(folder, manifest_relock.Options(), Context.current())

    if one.proposal is not None:  # something is newer by now
        stated = one.before.lock.constraints
        assert one.proposal.draft.manifest.permissions == one.before.manifest.permissions
        assert one.proposal.lock.constraints[: len(stated)] == stated
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
