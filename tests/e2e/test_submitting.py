"""What `docs/submitting.md` tells people to type works, in its order."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from mcpinstall.cli import commands
from tests.builders.command import ROOT
from tests.builders.packages import publish
from tests.builders.shell import run
from tests.builders.world import World

pytestmark = pytest.mark.e2e

_CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TYPED = {"manifest new": "y\ny\n", "manifest lock": "y\ny\n"}
_FINDINGS = {"manifest verify": {0, 1}}
"""Commands that may end with findings: nobody has reviewed the server of the page."""


def typed_lines() -> list[list[str]]:
    text = (ROOT / "docs" / "submitting.md").read_text(encoding="utf-8")
    lines = [line for block in _CONSOLE.findall(text) for line in block.splitlines()]
    assert all(line.startswith("$ mcpi ") for line in lines)
    return [shlex.split(line.removeprefix("$ mcpi ")) for line in lines]


def test_its_commands_work_in_their_order(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("weather-server", "sky-maps"):
        world.index.pages.pop(name, None)
    readme = "mcp-name: io.github.user/weather"
    publish(world.index, "sky-maps", "1.0", body=None)
    publish(world.index, "weather-server", "1.0", requires=("sky-maps",), readme=readme)
    shutil.copytree(world.registry.folder, tmp_path / "manifests")
    monkeypatch.chdir(tmp_path)
    done: set[str] = set()

    for line in typed_lines():
        found = commands.find(line)
        if found is None:
            continue
        name = found[0].name
        if name == "manifest lock" and "--in-place" not in line:
            publish(world.index, "sky-maps", "1.1", body=None)

        ran = run(*line, typed=_TYPED.get(name, ""))

        assert ran.status in _FINDINGS.get(name, {0}), (line, ran.seen)
        done.add(name)

    assert {"manifest new", "manifest lock", "manifest diff"} <= done
    assert (tmp_path / "manifests/io.github.user/weather/1.0+lock.1").is_dir()
    assert (tmp_path / "changes.md").exists()
