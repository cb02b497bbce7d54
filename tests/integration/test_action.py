"""`action.yml`, the hook for pre-commit and the workflow, as somebody's repository runs them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcpinstall.model import manifest_text
from mcpinstall.model.manifest import Permissions
from tests.builders.action_runner import (
    ACTION,
    EXPRESSION,
    HOOKS,
    Runner,
    committed,
    document,
    pre_commit,
)
from tests.builders.index_server import IndexServer
from tests.builders.manifest_folders import NOTES, ManifestFolder, lock
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("bash") is None, reason="needs POSIX"
)
WORKFLOW = ROOT / ".github" / "workflows" / "manifests.yml"


@pytest.fixture
def folder(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ManifestFolder]:
    with IndexServer() as index:
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        monkeypatch.setenv("NO_PROXY", "*")
        yield ManifestFolder(tmp_path / "repository" / "manifests", index)


@pytest.fixture
def runner(tmp_path: Path, folder: ManifestFolder) -> Runner:
    return Runner(tmp_path, tmp_path / "repository").installed()


RUN = 2
"""The step of the action that verifies."""


def test_a_clean_repository_passes(runner: Runner) -> None:
    done = runner.step(RUN)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert runner.output.read_text(encoding="utf-8") == "status=0\n"


def test_a_finding_is_annotated_and_fails(runner: Runner, folder: ManifestFolder) -> None:
    folder.edit("manifest.toml", 'audience = "everyone"', 'audience = "all"').seal()

    done = runner.step(RUN)

    where = "manifests/io.github.user/clock/1.2.0/manifest.toml"
    assert done.returncode == 1
    assert done.stdout.startswith(f"::error file={where},title=MV101 manifest-invalid,line=7,")
    assert runner.output.read_text(encoding="utf-8") == "status=1\n"


def test_a_report_is_written_to_a_file(runner: Runner) -> None:
    done = runner.step(RUN, format="sarif", output="found here.sarif", files_only="true")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    report = json.loads((runner.workspace / "found here.sarif").read_text(encoding="utf-8"))
    assert report["version"] == "2.1.0"


def test_paths_stand_on_lines_of_their_own(runner: Runner, folder: ManifestFolder) -> None:
    folder.folder.rename(folder.folder.with_name("my manifests"))

    assert runner.step(RUN, paths="my manifests\n", files_only="true").returncode == 0
    assert runner.step(RUN, paths="manifests").returncode == 5


@pytest.mark.parametrize("text", ["$(touch ran)`touch ran`; touch ran #", "--probe", "'\""])
@pytest.mark.parametrize("name", ["command", "paths", "base", "changed_since", "format", "fail_on"])
def test_an_input_is_never_read_as_code(runner: Runner, name: str, text: str) -> None:
    done = runner.step(RUN, **{"files_only": "true", name: text})

    assert done.returncode in (2, 5), done.stdout + done.stderr
    assert not (runner.workspace / "ran").exists()


def test_no_module_of_the_repository_is_imported(runner: Runner) -> None:
    for name in ("json.py", "mcpinstall/__init__.py", "typer.py", "sitecustomize.py"):
        path = runner.workspace / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("open('ran', 'w').close()\n", encoding="utf-8")

    done = runner.step(RUN, files_only="true")

    assert done.returncode == 0, done.stderr
    assert not (runner.workspace / "ran").exists()


def test_servers_start_only_when_asked(runner: Runner, folder: ManifestFolder) -> None:
    ran = runner.workspace / "ran"
    module = f"open({json.dumps(str(ran))}, 'w').close()\ndef main(): pass\n".encode()
    artifact = folder.publish("notes_server", folder.wheel("notes_server", module=module))
    folder.path("pylock.toml", NOTES).write_bytes(lock(artifact))
    folder.seal()

    assert runner.step(RUN).returncode == 0
    assert not ran.exists()
    assert runner.step(RUN, probe="true", paths="manifests/com.example/notes/1.2.0").returncode == 1
    assert ran.exists()


# What changed ------------------------------------------------------------------------------------


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def next_version(folder: ManifestFolder, version: str, **changes: Any) -> Path:  # noqa: ANN401
    """Put another version of the clock beside the first one."""
    old = folder.path("manifest.toml").parent
    place = old.with_name(version)
    shutil.copytree(old, place)
    path = place / "manifest.toml"
    found = manifest_text.parse(path.read_bytes())
    server = place / "server.json"
    said = json.loads(server.read_bytes())
    server.write_text(json.dumps({**said, "version": version}, indent=2), encoding="utf-8")
    files = (*found.files[:1], ("server.json", _sha256(server)), *found.files[2:])
    path.write_bytes(manifest_text.dump(replace(found, version=version, files=files, **changes)))
    return place


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@needs_git
def test_a_changed_manifest_is_compared_with_the_one_that_was_there(
    runner: Runner, folder: ManifestFolder
) -> None:
    base = committed(runner.workspace)
    folder.redescribe(permissions=Permissions(read=("{folder}",), network=("spy.example",)))

    done = runner.step(RUN, command="diff", base=base)

    assert done.returncode == 0, done.stderr
    assert "### `io.github.user/clock`: `1.2.0` → `1.2.0`" in done.stdout
    assert "`network`: nothing → `spy.example`" in done.stdout
    assert "com.example/notes" not in done.stdout
    assert str(runner.workspace.parent) not in done.stdout
    assert sorted(one.name for one in runner.workspace.iterdir()) == [".git", "manifests"]


@needs_git
def test_a_new_version_is_compared_with_the_newest_before(
    runner: Runner, folder: ManifestFolder
) -> None:
    next_version(folder, "1.10.0", title="Tenth")
    next_version(folder, "1.9.0", title="Ninth")
    base = committed(runner.workspace)
    next_version(folder, "2.0.0", title="Second")

    done = runner.step(RUN, command="diff", base=base)

    assert "`io.github.user/clock`: `1.10.0` → `2.0.0`" in done.stdout, done.stderr
    assert "[-Tenth-]{+Second+}" in done.stdout


@needs_git
def test_a_server_that_is_new_is_compared_with_nothing(
    runner: Runner, folder: ManifestFolder
) -> None:
    clock = folder.folder / "io.github.user"
    clock.rename(runner.temp / "kept")
    base = committed(runner.workspace)
    (runner.temp / "kept").rename(clock)

    done = runner.step(RUN, command="diff", base=base)

    assert done.returncode == 0, done.stderr
    assert "`clock-server`: nothing → `1.2.0`" in done.stdout
    assert "clock_start.pth" in done.stdout


@needs_git
def test_what_changed_stands_below_the_report_and_both_fit(
    runner: Runner, folder: ManifestFolder
) -> None:
    base = committed(runner.workspace)
    for number in range(40):
        next_version(folder, f"2.{number}.0", summary="word " * 50)
    report = runner.workspace / "report.md"
    report.write_text("### the report\n" + "- x\n" * 10_000, encoding="utf-8")

    done = runner.step(RUN, command="diff", base=base, beside="report.md", output="comment.md")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    text = (runner.workspace / "comment.md").read_text(encoding="utf-8")
    assert text.startswith("### the report\n")
    assert "`1.2.0` → `2.0.0`" in text
    assert "more did not fit here" in text
    assert len(text) <= 65_536


@needs_git
def test_a_manifest_that_cannot_be_compared_says_so(runner: Runner, folder: ManifestFolder) -> None:
    base = committed(runner.workspace)
    folder.edit("tools.json", "Convert a", "Convert `[the](https://evil.example)` @you a")
    folder.edit("manifest.toml", "everyone", "everybody", name=NOTES)

    done = runner.step(RUN, command="diff", base=base)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("**not compared**") == 2
    assert "(digest-mismatch)" in done.stdout
    assert "(manifest-invalid)" in done.stdout


@needs_git
def test_a_manifest_that_is_gone_is_told(runner: Runner, folder: ManifestFolder) -> None:
    base = committed(runner.workspace)
    shutil.rmtree(folder.folder / "io.github.user")

    done = runner.step(RUN, command="diff", base=base)

    assert "### `io.github.user/clock/1.2.0`\n\nIs gone." in done.stdout, done.stderr


@needs_git
def test_a_link_in_a_proposal_is_not_followed(
    runner: Runner, folder: ManifestFolder, tmp_path: Path
) -> None:
    base = committed(runner.workspace)
    other = tmp_path / "other.json"
    folder.path("tools.json").rename(other)
    folder.path("tools.json").symlink_to(other)

    done = runner.step(RUN, command="diff", base=base)

    assert "**not compared**" in done.stdout, done.stderr


@needs_git
def test_nothing_of_a_package_runs_for_a_comparison(runner: Runner, folder: ManifestFolder) -> None:
    notes = folder.folder / "com.example"
    notes.rename(runner.temp / "kept")
    base = committed(runner.workspace)
    (runner.temp / "kept").rename(notes)
    ran = runner.workspace / "ran"
    module = f"open({json.dumps(str(ran))}, 'w').close()\ndef main(): pass\n".encode()
    artifact = folder.publish("notes_server", folder.wheel("notes_server", module=module))
    folder.path("pylock.toml", NOTES).write_bytes(lock(artifact))
    folder.seal()

    done = runner.step(RUN, command="diff", base=base)

    assert "1 of 1 files of changed packages inspected" in done.stdout, done.stderr
    assert not ran.exists()


@needs_git
@pytest.mark.parametrize(("base", "status"), [("", 2), ("0" * 40, 2), ("--help", 1), ("f" * 40, 1)])
def test_a_comparison_needs_a_commit(
    runner: Runner, folder: ManifestFolder, base: str, status: int
) -> None:
    committed(runner.workspace)

    done = runner.step(RUN, command="diff", base=base)

    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert "error: " in done.stderr


@pytest.mark.network
def test_the_action_installs_itself(tmp_path: Path, folder: ManifestFolder) -> None:
    runner = Runner(tmp_path, tmp_path / "repository")
    (runner.workspace / "pip.conf").write_text("[global]\nindex-url = nowhere\n", encoding="utf-8")

    installed = runner.step(1)

    assert installed.returncode == 0, installed.stderr
    assert runner.step(RUN, files_only="true").returncode == 0


# The files themselves ----------------------------------------------------------------------------


def scripts() -> Iterator[str]:
    for step in ACTION["runs"]["steps"]:
        yield step.get("run", "")
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in document(path)["jobs"].values():
            for step in job.get("steps", ()):
                yield step.get("run", "")


def test_no_script_has_an_expression_in_it() -> None:
    found = [one for one in scripts() if any("runner." not in e for e in EXPRESSION.findall(one))]

    assert found == []


def used() -> Iterator[str]:
    steps = [*ACTION["runs"]["steps"]]
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        steps += [step for job in document(path)["jobs"].values() for step in job.get("steps", ())]
    yield from (step["uses"] for step in steps if "uses" in step)


def test_every_action_is_pinned_by_its_commit() -> None:
    names = [name for name in used() if not name.startswith("./")]

    assert names
    assert [name for name in names if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []


def test_the_action_needs_no_token() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")

    assert "token" not in text.replace("Needs no token", "")
    assert "secrets." not in text


def test_no_workflow_runs_a_fork_with_rights() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        found = document(path)
        assert "pull_request_target" not in found[True], path
        assert found["permissions"] == {}, path


def test_only_jobs_without_the_forks_files_may_write() -> None:
    jobs = document(WORKFLOW)["jobs"]
    writing = {name: job for name, job in jobs.items() if "write" in job["permissions"].values()}

    assert set(writing) == {"comment", "sign"}
    assert not any("checkout" in step.get("uses", "") for step in jobs["comment"]["steps"])
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]
    assert jobs["sign"]["if"].startswith("github.event_name == 'push'")


def test_the_comment_has_report_and_comparison_of_a_job_that_only_reads() -> None:
    verify = document(WORKFLOW)["jobs"]["verify"]
    with_ = [step["with"] for step in verify["steps"] if step.get("uses") == "./.mcpinstall"]
    temp = "${{ runner.temp }}/"  # a proposal could have a link in the workspace
    (uploaded,) = [s["with"]["path"] for s in verify["steps"] if "upload-artifact" in str(s)]
    (posted,) = [s["run"] for s in document(WORKFLOW)["jobs"]["comment"]["steps"] if "run" in s]
    shown = [s["run"] for s in verify["steps"] if "GITHUB_STEP_SUMMARY" in s.get("run", "")]

    assert verify["permissions"] == {"contents": "read"}
    assert [one.get("command", "verify") for one in with_] == ["verify", "verify", "diff"]
    assert with_[2]["beside"] == with_[1]["output"]
    assert with_[2]["output"] == uploaded == "${{ runner.temp }}/comment.md"
    assert shown == ['cat "$RUNNER_TEMP/comment.md" >>"$GITHUB_STEP_SUMMARY"']
    assert "cat comment.md" in posted
    assert all(one.get("output", temp).startswith(temp) for one in with_)


def test_a_check_is_never_skipped_for_what_passes_for_passed() -> None:
    assert "if" not in document(WORKFLOW)["jobs"]["verify"]


def guards() -> list[str]:
    jobs = document(WORKFLOW)["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    return [
        before["run"] for before, step in pairwise(steps) if "path" in step.get("with", {})
        and "checkout" in step["uses"]
    ]  # fmt: skip


@pytest.mark.parametrize("planted", ["link", "lost link", "folder", "file", "branch", ""])
def test_the_tool_is_laid_over_nothing_of_a_proposal(tmp_path: Path, planted: str) -> None:
    place = tmp_path / ".mcpinstall"
    if "link" in planted:
        place.symlink_to("nowhere" if "lost" in planted else ".")
    elif planted == "folder":
        place.mkdir()
    elif planted == "file":
        place.touch()
    ref = "main" if planted == "branch" else "0" * 40

    scripts = guards()
    done = [
        subprocess.run(["bash", "-e", "-c", one], cwd=tmp_path, env={"REF": ref}, check=False)
        for one in scripts
    ]

    assert len(scripts) == 3
    assert [one.returncode == 0 for one in done] == [not planted] * 3


GH = """#!{python}
import json, os, pathlib, sys
kept = pathlib.Path("kept.json")
comments = json.loads(kept.read_text())
words = sys.argv[2:]
path = next(one for one in words if one.startswith("repos/"))
if "--paginate" in words:
    for one in comments:
        if one["user"]["type"] == "Bot" and one["body"].startswith(os.environ["MARK"]):
            print(one["id"])
    sys.exit()
body = pathlib.Path(next(one for one in words if one.startswith("body=@"))[6:]).read_text()
if "POST" in words:
    assert path.endswith("/issues/7/comments"), path
    comments.append({{"id": 100, "user": {{"type": "Bot"}}, "body": body}})
else:
    (one,) = [one for one in comments if path.endswith(f"/issues/comments/{{one['id']}}")]
    one["body"] = body
kept.write_text(json.dumps(comments))
"""


def test_only_its_own_comment_is_written_anew(tmp_path: Path) -> None:
    (step,) = [s for s in document(WORKFLOW)["jobs"]["comment"]["steps"] if "run" in s]
    mark = step["env"]["MARK"]
    others = [
        {"id": 1, "user": {"type": "Bot"}, "body": "coverage"},
        {"id": 2, "user": {"type": "User"}, "body": f"{mark}\nnot mine"},
    ]
    (tmp_path / "kept.json").write_text(json.dumps(others), encoding="utf-8")
    gh = tmp_path / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(GH.format(python=sys.executable), encoding="utf-8")
    gh.chmod(0o755)
    environment = {
        "PATH": f"{gh.parent}:/usr/bin:/bin", "MARK": mark,
        "COMMENTS": "repos/o/r/issues/7/comments", "COMMENT": "repos/o/r/issues/comments",
    }  # fmt: skip

    for text in ("first", "second"):
        (tmp_path / "comment.md").write_text(text, encoding="utf-8")
        subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, check=True)

    found = json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))
    assert found[:2] == others
    assert [one["body"] for one in found[2:]] == [f"{mark}\nsecond"]


def test_packages_run_only_where_a_maintainer_set_a_label() -> None:
    jobs = document(WORKFLOW)["jobs"]
    probing = [
        name
        for name, job in jobs.items()
        for step in job["steps"]
        if "probe" in step.get("with", {})
    ]

    assert probing == ["probe"]
    assert jobs["probe"]["if"] == (
        "github.event.action == 'labeled' && github.event.label.name == 'probe'"
    )
    assert jobs["probe"]["permissions"] == {"contents": "read"}


def test_what_the_action_installs_is_what_is_tested() -> None:
    pins = re.compile(r"^(\S+==\S+)", re.MULTILINE)
    runtime, tested = (
        set(pins.findall((ROOT / ".ci" / name).read_text(encoding="utf-8")))
        for name in ("runtime.txt", "requirements.txt")
    )

    assert runtime
    assert runtime <= tested


# pre-commit --------------------------------------------------------------------------------------


HOOK = HOOKS["mcpi-manifest-verify"]


def hooked(folder: ManifestFolder) -> subprocess.CompletedProcess[str]:
    """Run the hook as pre-commit does: its entry, then the files that its pattern takes."""
    workspace = folder.folder.parent
    every = [path.relative_to(workspace).as_posix() for path in workspace.rglob("*")]
    names = [name for name in every if re.search(HOOK["files"], name)]
    words = [*HOOK["entry"].split(), *names]
    mcpi = shutil.which(words[0], path=str(Path(sys.executable).parent))
    assert mcpi is not None
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "UV_DEFAULT_INDEX": "http://127.0.0.1:9"}
    return subprocess.run(
        [mcpi, *words[1:]], cwd=workspace, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_hook_passes_clean_manifests_without_an_index(folder: ManifestFolder) -> None:
    other = folder.folder.parent / "tests" / "some" / "mock"
    other.mkdir(parents=True)
    for path in (folder.folder.parent / "pylock.toml", other / "package-lock.json"):
        path.write_text("not a manifest's", encoding="utf-8")

    done = hooked(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 manifests: no findings" in done.stdout


def test_the_hook_stops_a_defect(folder: ManifestFolder) -> None:
    folder.edit("tools.json", "Convert a", "Convert the")

    done = hooked(folder)

    assert done.returncode == 1
    assert "MV111 digest-differs" in done.stdout


def test_a_script_that_the_hook_names_is_there() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    assert HOOK["language"] == "python"
    assert f'\n{HOOK["entry"].split()[0]} = "mcpinstall.cli:main"' in project


def test_this_repository_uses_its_own_hooks() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = config["repos"]

    for used in local["hooks"]:
        offered = dict(HOOKS[used["id"]])
        del offered["description"]
        used.pop("exclude", None)
        assert used == {
            **offered, "language": "system", "entry": f".venv/bin/{offered['entry']}",
        }  # fmt: skip
    assert [one["id"] for one in local["hooks"]] == list(HOOKS)


@pytest.mark.network
@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_pre_commit_installs_and_runs_the_hook(tmp_path: Path, folder: ManifestFolder) -> None:
    tool, mine = tmp_path / "tool", folder.folder.parent
    tool.mkdir()
    for name in ("mcpinstall", "manifests"):
        shutil.copytree(ROOT / name, tool / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tool)
    commit = committed(tool)
    hooks = [{"id": HOOK["id"]}]
    config = {"repos": [{"repo": str(tool), "rev": commit, "hooks": hooks}]}
    (mine / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    committed(mine)

    clean = pre_commit(mine, tmp_path)
    folder.edit("tools.json", "Convert a", "Convert the")
    broken = pre_commit(mine, tmp_path)

    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert broken.returncode == 1
    assert "MV111 digest-differs" in broken.stdout
