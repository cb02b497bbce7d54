"""Attack T24: a proposal to a repository hides a fault from the audit in its CI.

Who: the author of a fork: of every file that is checked out, of names and links.
Stopped by: suppressions count as the base has them; all known files are looked for, in whatever
folder; nothing of the repository is imported, started or read as an option.
Twin: `test_what_its_base_accepts_is_accepted`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.builders.action_runner import CLEAN, CLEAR, Runner, accept, committed, put

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("bash") is None, reason="needs POSIX"
)
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
RUN = 2


@pytest.fixture
def runner(tmp_path: Path, home: Path) -> Runner:
    workspace = tmp_path / "repository"
    workspace.mkdir(mode=0o700)
    return Runner(tmp_path, workspace).installed()


@needs_git
def test_what_a_pull_request_accepts_of_itself_counts_for_nothing(runner: Runner) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAN)
    runner.pull_base = committed(runner.workspace)
    put(runner.workspace, ".mcp.json", docs=CLEAR)
    accept(runner)
    committed(runner.workspace)

    done = runner.step(RUN, command="audit")

    assert done.returncode == 1, done.stderr
    assert "MA401" in done.stdout


@needs_git
def test_what_its_base_accepts_is_accepted(runner: Runner) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAR)
    accepted = accept(runner)
    runner.pull_base = committed(runner.workspace)
    put(runner.workspace, "sub/.mcp.json", other=CLEAN)
    more = accepted.replace("docs", "other")
    (runner.workspace / "mcpi-audit.toml").write_text(accepted + more, encoding="utf-8")
    committed(runner.workspace)

    done = runner.step(RUN, command="audit")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@needs_git
def test_without_the_base_nothing_passes(runner: Runner) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAR)
    accept(runner)
    committed(runner.workspace)
    runner.pull_base = "1" * 40

    done = runner.step(RUN, command="audit")

    assert done.returncode == 5
    assert "fetch it first" in done.stderr


@needs_git
def test_only_what_is_new_counts_where_that_is_asked_for(runner: Runner) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAR)
    base = committed(runner.workspace)

    assert runner.step(RUN, command="audit").returncode == 1
    assert runner.step(RUN, command="audit", changed_since=base).returncode == 0
    put(runner.workspace, ".mcp.json", docs=CLEAR, more=CLEAR)
    assert runner.step(RUN, command="audit", changed_since=base).returncode == 1


NAMES = ("--fail-on=never", "-x", "a\nb", "$(touch ran)", "`touch ran`", "::error::a",
         "é \u202e %0A", "a'b\"c", "\\")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_is_looked_into(runner: Runner, name: str) -> None:
    put(runner.workspace, f"{name}/.mcp.json", docs=CLEAR)

    done = runner.step(RUN, command="audit")

    assert done.returncode == 1, done.stderr
    assert "MA401" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert not (runner.workspace / "ran").exists()


@pytest.mark.parametrize("text", ["$(touch ran)`touch ran`; touch ran #", "--list-hosts", "'\""])
@pytest.mark.parametrize("name", ["paths", "base", "changed_since", "format", "fail_on", "persona"])
def test_no_input_is_read_as_code_or_option(runner: Runner, name: str, text: str) -> None:
    put(runner.workspace, ".mcp.json", docs=CLEAR)
    (runner.workspace / "mcpi-audit.toml").touch()

    done = runner.step(RUN, command="audit", **{name: text})

    assert done.returncode in (2, 5), done.stdout + done.stderr
    assert not (runner.workspace / "ran").exists()


def test_nothing_of_the_repository_is_imported_or_started(runner: Runner) -> None:
    ran = runner.workspace / "ran"
    for name in ("json.py", "mcpinstall/__init__.py", "typer.py", "sitecustomize.py", "git"):
        path = runner.workspace / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("open('ran', 'w').close()\n", encoding="utf-8")
        path.chmod(0o755)
    put(runner.workspace, ".mcp.json", a={"command": "sh", "args": ["-c", f"touch {ran}"]},
        b={"command": "./git", "args": []})  # fmt: skip

    done = runner.step(RUN, command="audit")

    assert done.returncode == 1, done.stderr
    assert not ran.exists()


def test_a_file_behind_a_link_to_a_folder_is_found(runner: Runner) -> None:
    put(runner.workspace, "elsewhere/mcp.json", docs=CLEAR)
    (runner.workspace / ".cursor").symlink_to("elsewhere")
    (runner.workspace / "loop").symlink_to(".")

    done = runner.step(RUN, command="audit")

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error file=.cursor/mcp.json,title=MA401")


@pytest.mark.parametrize("name", [".Cursor/MCP.json", ".MCP.JSON"])
def test_a_name_in_other_letters_is_found(runner: Runner, name: str) -> None:
    put(runner.workspace, name, docs=CLEAR)

    assert "MA401" in runner.step(RUN, command="audit").stdout
