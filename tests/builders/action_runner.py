"""A runner of GitHub's with `action.yml`, and pre-commit with `.pre-commit-hooks.yaml`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from uv import find_uv_bin

from tests.conftest import ROOT

EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def document(path: Path) -> dict[Any, Any]:
    """Return a file of YAML."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


ACTION = document(ROOT / "action.yml")
HOOKS: dict[str, Any] = {
    one["id"]: one
    for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}


class Runner:
    """A runner of GitHub's, as far as a composite action sees one."""

    def __init__(self, folder: Path, workspace: Path) -> None:
        self.temp, self.workspace = folder / "runner temp", workspace
        self.output, self.summary = folder / "output", folder / "summary"
        self.pull_base = ""
        """Commit that a pull request is proposed for; empty where the event is none."""
        self.temp.mkdir()
        self.output.touch()

    def step(self, number: int, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run one `run` step with inputs, the others at their defaults."""
        step = ACTION["runs"]["steps"][number]
        given = {name: str(item["default"]) for name, item in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": os.environ["HOME"],
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **{name: os.environ[name] for name in os.environ if name.startswith("UV_")},
            **{name: self._value(value, given) for name, value in step["env"].items()},
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def _value(self, text: str, inputs: dict[str, str]) -> str:
        (expression,) = EXPRESSION.findall(text)
        if expression == "github.action_path":
            return str(ROOT)
        if expression == "github.event.pull_request.base.sha":
            return self.pull_base
        if expression == "steps.python.outputs.python-path":
            return sys.executable
        kind, _, name = expression.partition(".")
        assert kind == "inputs"
        return inputs[name]

    def installed(self) -> Runner:
        """Put an environment that has everything where the first step would."""
        (self.temp / "mcpinstall").symlink_to(Path(sys.executable).parent.parent)
        return self


def committed(folder: Path) -> str:
    """Make one commit of all that is in a folder; return its id."""
    names = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "one")):
        subprocess.run(["git", *names, *words], cwd=folder, check=True, capture_output=True)
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def pre_commit(folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run pre-commit itself on all files of a repository."""
    environment = {**os.environ, "PRE_COMMIT_HOME": str(cache / "hooks")}
    environment.pop("UV_DEFAULT_INDEX", None)
    return subprocess.run(
        [find_uv_bin(), "tool", "run", "pre-commit", "run", "--all-files"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


# What is audited ---------------------------------------------------------------------------------

CLEAR = {"type": "http", "url": "http://docs.example.com/mcp"}
CLEAN = {"type": "http", "url": "https://docs.example.com/mcp"}


def put(folder: Path, name: str, **servers: object) -> Path:
    """Write a host's file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    key = "servers" if ".vscode" in name else "mcpServers"
    path.write_text(json.dumps({key: servers}, indent=2), encoding="utf-8")
    return path


def accept(runner: Runner) -> str:
    """Accept what is found in `docs`, as a pull request's author would; return the text."""
    done = runner.step(2, command="audit", format="json")
    (found,) = json.loads(done.stdout)["findings"]
    text = (
        f'[[ignore]]\nrule = "{found["rule"]}"\nserver = "docs"\nentry = "{found["entry"]}"\n'
        'reason = "trust me"\n'
    )
    (runner.workspace / "mcpi-audit.toml").write_text(text, encoding="utf-8")
    return text
