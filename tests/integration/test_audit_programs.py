"""MA208 of a program without a path: what PATH has of it, on the disk of this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.fixture
def tools(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of PATH with the program `clock-server`."""
    project = home / "code"
    (project / ".git").mkdir(mode=0o700, parents=True)
    project.chmod(0o700)
    monkeypatch.chdir(project)
    folder = home / "tools"
    folder.mkdir(mode=0o755)
    (folder / "clock-server").write_text("#!/bin/sh\n", encoding="utf-8")
    (folder / "clock-server").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def found(mcpi: Mcpi, **entry: object) -> list[dict[str, Any]]:
    document = {"mcpServers": {"clock": {"command": "clock-server", **entry}}}
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")
    Path(".mcp.json").chmod(0o600)
    rows = json.loads(mcpi("audit", "--json").out)["findings"]
    return [one for one in rows if one["rule"] == "MA208"]


def test_a_program_in_a_folder_that_others_write_is_low(tools: Path, mcpi: Mcpi) -> None:
    assert found(mcpi) == []

    tools.chmod(0o777)

    (one,) = found(mcpi)
    assert (one["severity"], one["counts"]) == ("low", False)
    assert f"`{tools}`" in one["message"]


def test_what_a_link_on_path_leads_to_counts(tools: Path, home: Path, mcpi: Mcpi) -> None:
    real = home / "real"
    real.mkdir(mode=0o755)
    (tools / "clock-server").rename(real / "clock-server")
    (tools / "clock-server").symlink_to(real / "clock-server")
    assert found(mcpi) == []

    real.chmod(0o777)

    assert len(found(mcpi)) == 1


def test_a_program_that_is_not_there_or_is_looked_for_elsewhere_is_none(
    tools: Path, mcpi: Mcpi
) -> None:
    tools.chmod(0o777)

    assert found(mcpi, env={"PATH": "/usr/bin"}) == []
    assert found(mcpi, command="no-such-program") == []
    assert found(mcpi, command="./clock-server") == []


def test_standard_input_may_be_of_another_machine(tools: Path, mcpi: Mcpi) -> None:
    tools.chmod(0o777)
    text = json.dumps({"mcpServers": {"clock": {"command": "clock-server"}}})

    ran = mcpi("audit", "-", "--host", "cursor", "--json", typed=text, terminal=False)

    assert json.loads(ran.out)["findings"] == []
