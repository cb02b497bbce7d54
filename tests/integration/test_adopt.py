"""Adopt a real server that `uvx` starts, from the real index, as a user does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpinstall.model.environment import Command as Start
from mcpinstall.model.manifest import ProbeSettings
from mcpinstall.probing import probe
from mcpinstall.system.machine import Machine
from tests.builders.command import Command

pytestmark = pytest.mark.network


def test_a_server_of_the_catalogue_is_adopted_answers_and_goes_back(
    home: Path, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    mcpi = Command(home=home, cwd=tmp_path / "work")
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir(mode=0o700)
    file.write_text(
        json.dumps(
            {
                "mcpServers": {
                    "clock": {
                        "command": "uvx",
                        "args": ["mcp-server-time", "--local-timezone", "Asia/Tokyo"],
                        "env": {"LEVEL": "debug"},
                    }
                }
            }
        )
    )
    before = file.read_bytes()

    mcpi.run("adopt", "clock", "--yes")

    entry = json.loads(file.read_bytes())["mcpServers"]["clock"]
    assert entry["args"][-2:] == ["--local-timezone", "Asia/Tokyo"]
    assert entry["env"] == {"LEVEL": "debug"}
    start = Start(executable=entry["command"], arguments=tuple(entry["args"]))
    found = probe(start, settings=ProbeSettings(), environment=(), machine=Machine.current())
    assert "Asia/Tokyo" in json.dumps(found.tools.tools)
    assert "no findings" in mcpi.run("verify").stdout
    assert "MA1" not in mcpi.run("audit", "--fail-on", "never").stdout

    mcpi.run("undo", "--yes")

    assert file.read_bytes() == before
