"""The weekly run: what it leaves, and that its jobs can do no more than they need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.builders import servers
from tests.builders.command import ROOT, program
from tests.builders.packages import publish
from tests.builders.shell import run
from tests.builders.world import World

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX"),
]

FULL = "io.github.user/weather"


def workflow() -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / "relock.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = YAML(typ="safe").load(text)
    return found


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repository(world: World, tmp_path: Path) -> Path:
    """A repository of manifests, with `weather` and what the world has; nothing is newer."""
    for name in ("weather-server", "sky-maps"):
        world.index.pages.pop(name, None)
    for name in ("clock", "notes", "maps"):  # other tests published to the same index
        page = world.index.pages[f"{name}-server"]
        for filename in [one for one in page if one not in world.wheels]:
            del page[filename]
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(
        world.index, "weather-server", "1.0", requires=("sky-maps",), readme=f"mcp-name: {FULL}"
    )
    into = ("--into", str(world.registry.folder))
    assert run("manifest", "new", "pypi:weather-server", *into, "--yes", "--probe").status == 0
    made = tmp_path / "repository"
    shutil.copytree(world.registry.folder, made / "manifests")
    (made / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "relock", made / ".ci")
    git(made, "init", "--quiet")
    git(made, "add", "-A")
    git(made, "commit", "--quiet", "-m", "first")
    return made


def relocked(repository: Path, world: World) -> dict[str, str]:
    """Run the script of the workflow; return what it gives to the next step."""
    output = repository.parent / "output"
    output.unlink(missing_ok=True)
    around = {**os.environ, "MCPI": program(), "GITHUB_OUTPUT": str(output),
              "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1",
              "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # fmt: skip
    done = subprocess.run(
        ["bash", ".ci/relock"], cwd=repository, env=around, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in output.read_text().splitlines())


def test_where_nothing_is_newer_nothing_is_proposed(repository: Path, world: World) -> None:
    assert relocked(repository, world) == {"changed": "no"}
    assert not (repository / "relock.patch").exists()


def test_what_is_newer_becomes_a_change_and_nothing_of_it_runs(
    repository: Path, world: World
) -> None:
    witness = world.root / "it-ran"
    body = f"open({str(witness)!r}, 'w').close()\n{servers.MODERN}"
    publish(world.index, "weather-server", "1.1", body=body, requires=("sky-maps",))

    assert relocked(repository, world) == {"changed": "yes"}

    report = (repository / "relock.md").read_text()
    assert report.startswith("Asked to review: somebody.  Close this and open it again")
    assert "`io.github.user/weather`: `1.0` → `1.1`" in report
    assert (repository / "relock.txt").read_text() == f"manifests/{FULL}/1.1\n"
    assert not witness.exists()
    git(repository, "reset", "--quiet", "--hard")
    git(repository, "clean", "--quiet", "-fd", "manifests")
    git(repository, "apply", "--index", "--include=manifests/*", "relock.patch")
    changed = git(repository, "diff", "--cached", "--name-only").splitlines()
    assert f"manifests/{FULL}/1.1/manifest.toml" in changed
    assert {"manifests/index.toml", "manifests/registry.toml"} <= set(changed)
    ran = run("manifest", "lock", str(repository / "manifests" / FULL / "1.1"), "--yes")
    assert "Nothing is newer" in ran.seen


def test_every_job_may_do_no_more_than_it_needs() -> None:
    found = workflow()
    jobs = found["jobs"]

    assert found["permissions"] == {}
    assert {name: job["permissions"] for name, job in jobs.items()} == {
        "lock": {"contents": "read"},
        "propose": {"contents": "write", "pull-requests": "write"},
        "probe": {"contents": "read"},
    }
    assert "inputs.probe" in jobs["probe"]["if"]
    assert "workflow_dispatch" in jobs["probe"]["if"]
    assert "probe" not in str(jobs["propose"]["needs"]), "nothing that ran goes into the change"
    for name, job in jobs.items():
        commands = "\n".join(step.get("run", "") for step in job["steps"])
        assert ("--probe" in commands) is (name == "probe")
        assert "secrets." not in str(job)
        assert "${{" not in commands, "text from outside is no part of a script"
        for step in job["steps"]:
            assert (
                re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step.get("uses", "")) or "run" in step
            )
            if step.get("uses", "").startswith("actions/checkout") and name != "propose":
                assert step["with"]["persist-credentials"] is False
