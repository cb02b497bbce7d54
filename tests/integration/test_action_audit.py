"""`command: audit` of the action, and the hook: what a fork proposes is judged, and never run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mcpinstall.hosts import audit_places, find_rows
from mcpinstall.system.machine import Machine
from tests.builders.action_runner import (
    CLEAN,
    CLEAR,
    HOOKS,
    Runner,
    committed,
    pre_commit,
    put,
)
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("bash") is None, reason="needs POSIX"
)
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
RUN = 2
HOOK = HOOKS["mcpi-audit"]


@pytest.fixture
def runner(tmp_path: Path, home: Path) -> Runner:
    workspace = tmp_path / "repository"
    workspace.mkdir(mode=0o700)
    return Runner(tmp_path, workspace).installed()


def test_clean_files_pass(runner: Runner) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAN)

    done = runner.step(RUN, command="audit")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert runner.output.read_text(encoding="utf-8") == "status=0\n"
    assert "1 server, 0 findings" in runner.summary.read_text(encoding="utf-8")


def test_a_finding_is_annotated_summed_up_and_fails(runner: Runner) -> None:
    put(runner.workspace, "sub/folder/.vscode/mcp.json", docs=CLEAR)

    done = runner.step(RUN, command="audit")

    assert done.returncode == 1, done.stderr
    where = "sub/folder/.vscode/mcp.json"
    assert done.stdout.startswith(f"::error file={where},title=MA401 cleartext-remote,line=5,")
    assert f"**`{where}`**" in runner.summary.read_text(encoding="utf-8")
    assert runner.output.read_text(encoding="utf-8") == "status=1\n"


def test_a_report_for_code_scanning_is_written(runner: Runner) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAR)

    done = runner.step(RUN, command="audit", format="sarif", output="a b.sarif", fail_on="never")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    report = json.loads((runner.workspace / "a b.sarif").read_text(encoding="utf-8"))
    assert [one["ruleId"] for one in report["runs"][0]["results"]] == ["MA401"]


def test_a_repository_without_such_files_is_told_of(runner: Runner) -> None:
    done = runner.step(RUN, command="audit")

    assert done.returncode == 0, done.stderr
    assert done.stdout == "::notice::no file of a known MCP host is here; nothing was audited\n"


def test_a_repository_without_such_files_has_a_report_all_the_same(runner: Runner) -> None:
    (runner.workspace / "mcpi-audit.toml").write_text("nonsense", encoding="utf-8")

    done = runner.step(RUN, command="audit", format="sarif", output="audit.sarif")

    assert done.returncode == 0, done.stderr
    report = json.loads((runner.workspace / "audit.sarif").read_text(encoding="utf-8"))
    assert report["runs"][0]["results"] == []


def test_a_path_that_is_not_there_fails(runner: Runner) -> None:
    assert runner.step(RUN, command="audit", paths="nothing.json").returncode == 5


# The hook ----------------------------------------------------------------------------------------


def known_files(*words: str) -> bytes:
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "known_files.py", *words], check=True,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip


def test_the_hook_takes_the_files_of_the_host_table() -> None:
    assert known_files("--pattern").decode() == HOOK["files"] + "\n"


def test_the_hook_takes_every_file_that_an_audit_of_a_project_reads(home: Path) -> None:
    folder = home / "work"
    places = audit_places.below(folder, Machine.current())
    names = {place.path.relative_to(folder).as_posix().replace("*", "x") for place in places}

    assert len(names) > 30
    assert {name for name in names if not re.search(HOOK["files"], name)} == set()
    assert not re.search(HOOK["files"], "mcp.json")
    assert find_rows("cursor-project").id == "cursor-project"


def hooked(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the hook as pre-commit does: its entry, its arguments, then the files it takes."""
    every = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    words = [*HOOK["entry"].split(), *HOOK["args"]]
    words += [name for name in every if re.search(HOOK["files"], name)]
    mcpi = shutil.which(words[0], path=str(Path(sys.executable).parent))
    assert mcpi is not None
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HTTPS_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(
        [mcpi, *words[1:]], cwd=folder, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_hook_passes_clean_files_and_those_without_servers(runner: Runner) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAN)
    for name in (".cursor/mcp.json", ".vscode/settings.json", "opencode.json", "sub/.mcp.json"):
        put(runner.workspace, name).write_text("{}", encoding="utf-8")

    done = hooked(runner.workspace)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hook_stops_a_finding_in_a_file_of_any_name(runner: Runner) -> None:
    put(runner.workspace, "--fail-on=never/.mcp.json", docs=CLEAR)

    done = hooked(runner.workspace)

    assert done.returncode == 1
    assert "MA401" in done.stdout


@pytest.mark.network
@needs_git
def test_pre_commit_runs_the_hook(tmp_path: Path, runner: Runner) -> None:
    tool, mine = tmp_path / "tool", runner.workspace
    tool.mkdir()
    for name in ("mcpinstall", "manifests"):
        shutil.copytree(ROOT / name, tool / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tool)
    hooks = [{"id": HOOK["id"]}]
    config = {"repos": [{"repo": str(tool), "rev": committed(tool), "hooks": hooks}]}
    (mine / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    put(mine, "sub/.mcp.json", docs=CLEAN)
    committed(mine)

    clean = pre_commit(mine, tmp_path)
    put(mine, "sub/.mcp.json", docs=CLEAR)
    broken = pre_commit(mine, tmp_path)

    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "Passed" in clean.stdout
    assert broken.returncode == 1
    assert "MA401" in broken.stdout
