"""Every server of the bundled registry, as a user has it: installed into a host, started by what
the host's file says, compared with what was reviewed, verified, and taken out again.

`CATALOGUE_SHARD=2/4` runs the second of four parts; without it all run, spread over the workers.
Inputs are those of the review's own probe: no real key is anywhere, and no tool is called.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from mcpinstall.model import lock_authoring, manifest_text, server_text
from mcpinstall.model.environment import Command as Start
from mcpinstall.model.manifest import Manifest, ProbeSettings
from mcpinstall.model.tools import ToolList
from mcpinstall.planning.questions import questions
from mcpinstall.probing import compare, parse_tools, probe, probe_inputs
from mcpinstall.system.machine import Machine
from tests.builders.command import Command
from tests.builders.interpreters import interpreter
from tests.conftest import ROOT

pytestmark = pytest.mark.network

MANIFESTS = [
    path.with_name("manifest.toml") for path in sorted(ROOT.glob("manifests/*/*/*/*lock*"))
]
USERS_FILE = b'{\n  "mcpServers": {\n    "mine": {"command": "/bin/mine", "args": []}\n  }\n}\n'


def shard() -> list[Path]:
    """Return the manifests of this run's part."""
    number, _, parts = os.environ.get("CATALOGUE_SHARD", "1/1").partition("/")
    return MANIFESTS[int(number) - 1 :: int(parts)]


def name_of(path: Path) -> str:
    """Return `namespace/server`, from the path of a manifest."""
    return "/".join(path.parts[-4:-2])


def settings(path: Path, given: Mapping[str, tuple[str, ...]]) -> tuple[list[str], dict[str, str]]:
    """Return the words that answer every input, and the variables that its secrets refer to."""
    (package,) = server_text.parse((path.parent / "server.json").read_bytes(), "").packages
    words: list[str] = []
    variables: dict[str, str] = {}
    for question in questions(package):
        for value in given.get(question.name, ()):
            if question.secret:
                variables[f"CATALOGUE_{question.name}"] = value
            shown = f"env:CATALOGUE_{question.name}" if question.secret else value
            words += ["--set", f"{question.name}={shown}"]
    return words, variables


def python_for(manifest: Manifest) -> list[str]:
    """Return the words that name an interpreter, where ours is none that the server allows."""
    requires = manifest.local.requires_python
    if SpecifierSet(requires).contains(".".join(map(str, sys.version_info[:3]))):
        return []
    wanted = [f"{major}.{minor}" for major, minor in lock_authoring.pythons(requires)]
    found = next(filter(None, map(interpreter, wanted)), None)
    if found is None:
        pytest.skip(f"needs Python {wanted[0]}")
    return ["--python", found]


def listed(file: Path, variables: Mapping[str, str]) -> ToolList:
    """Start what the host's file says, as the host does, and return the tools that it shows."""
    entry = json.loads(file.read_bytes())["mcpServers"]["tried"]
    environment = tuple(
        (name, re.sub(r"\$\{env:(\w+)\}", lambda found: variables[found[1]], value))
        for name, value in entry.get("env", {}).items()
    )
    start = Start(executable=entry["command"], arguments=tuple(entry["args"]))
    return probe(
        start, settings=ProbeSettings(), environment=environment, machine=Machine.current()
    ).tools


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for this worker: the servers have most of their dependencies in common."""
    return tmp_path_factory.mktemp("downloads")


@pytest.mark.parametrize("path", shard(), ids=name_of)
def test_a_server_is_installed_listed_verified_and_taken_out(
    path: Path, home: Path, tmp_path: Path, downloads: Path
) -> None:
    manifest = manifest_text.parse(path.read_bytes())
    reviewed = parse_tools((path.parent / "tools.json").read_bytes())
    python = python_for(manifest)
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir()
    file.write_bytes(USERS_FILE)
    with probe_inputs(manifest.probe) as given:
        words, secrets = settings(path, given)
        mcpi = Command(home, tmp_path, {"XDG_CACHE_HOME": str(downloads), **secrets})

        mcpi.run(
            "install", name_of(path), "--host", "cursor", "--as", "tried", "--yes", *python, *words
        )

        assert reviewed.tools
        assert compare(reviewed, listed(file, secrets), manifest.varies, {}) == ()
        assert "unchanged since review" in mcpi.run("test", "tried").stdout
        assert "no findings" in mcpi.run("verify", "tried").stdout
        mcpi.run("uninstall", "tried", "--yes")
    assert file.read_bytes() == USERS_FILE
    assert mcpi.answer("list")["servers"] == []
