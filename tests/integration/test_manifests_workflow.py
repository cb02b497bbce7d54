"""The job of `manifests.yml` that looks at a pull request, step after step, as a runner does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.model import manifest_text
from mcpinstall.model.manifest import Review
from tests.builders.action_runner import EXPRESSION, Runner, committed, document
from tests.builders.manifest_folders import CLOCK, NOTES, ManifestFolder
from tests.builders.shell import run
from tests.conftest import ROOT
from tests.integration.test_action import folder, runner

__all__ = ["folder", "runner"]

pytestmark = [
    pytest.mark.skipif(
        os.name != "posix" or shutil.which("bash") is None, reason="needs POSIX"
    ),
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
]  # fmt: skip
JOB = document(ROOT / ".github" / "workflows" / "manifests.yml")["jobs"]["verify"]


class Job:
    """The steps of the job but its checkouts, for a change since `base`."""

    def __init__(self, runner: Runner, base: str) -> None:
        self._runner = runner
        self._values = {
            "inputs.paths || 'manifests'": "manifests",
            "github.event.pull_request.base.sha": base,
            "github.event.pull_request.base.sha || github.event.before": base,
            "inputs.tool-ref || github.sha": "0" * 40,
            "runner.temp": str(runner.temp),
        }

    def run(self) -> list[int]:
        """Run all, as `!cancelled()` does; return how the steps ended."""
        return [
            self._step(step)
            for step in JOB["steps"]
            if not step.get("uses", "").startswith("actions/")
        ]

    def _step(self, step: dict[str, Any]) -> int:
        if "uses" in step:
            given = {
                name.replace("-", "_"): self._filled(text) for name, text in step["with"].items()
            }
            return self._runner.step(2, **given).returncode
        environment = {
            "PATH": "/usr/bin:/bin",
            "RUNNER_TEMP": str(self._runner.temp),
            "GITHUB_STEP_SUMMARY": str(self._runner.summary),
            **{name: self._filled(text) for name, text in step.get("env", {}).items()},
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-c", step["run"]],
            cwd=self._runner.workspace, env=environment, check=False,
        ).returncode  # fmt: skip

    def _filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self._values[found[1]], text)


def test_an_honest_change_passes_and_is_shown(runner: Runner, folder: ManifestFolder) -> None:
    base = committed(runner.workspace)
    again = Review(by="cleo", on="2026-11-21", criteria=("locked", "inspected"))
    (first,) = manifest_text.parse(folder.path("manifest.toml").read_bytes()).reviews
    folder.redescribe(reviews=(first, again))
    assert run("manifest", "index", str(folder.folder), "--yes", person=False).status == 0

    ended = Job(runner, base).run()

    summary = runner.summary.read_text(encoding="utf-8")
    assert ended == [0, 0, 0, 0, 0], summary
    assert "1 manifest, 0 findings" in summary
    assert "cleo" in summary
    assert NOTES not in summary


def test_a_defect_fails_and_report_and_comparison_stand_in_the_summary(
    runner: Runner, folder: ManifestFolder
) -> None:
    base = committed(runner.workspace)
    folder.edit("manifest.toml", 'audience = "everyone"', 'audience = "technical"').seal()

    ended = Job(runner, base).run()

    assert ended == [0, 1, 0, 0, 0]
    summary = runner.summary.read_text(encoding="utf-8")
    assert "MV701 version-reused" in summary
    assert "1 manifest, " in summary, "only what changed is looked at"
    assert f"### `{CLOCK}`: `1.2.0` → `1.2.0`" in summary
    assert NOTES not in summary


def test_links_of_a_proposal_lead_nowhere(
    runner: Runner, folder: ManifestFolder, tmp_path: Path
) -> None:
    base = committed(runner.workspace)
    victim = tmp_path / "victim"
    victim.write_text("kept", encoding="utf-8")
    for name in ("report.md", "comment.md"):
        (runner.workspace / name).symlink_to(victim)
    (runner.workspace / ".mcpinstall").symlink_to(".")

    ended = Job(runner, base).run()

    assert ended[0] == 1, "the tool is not laid over the proposal"
    assert victim.read_text(encoding="utf-8") == "kept"
