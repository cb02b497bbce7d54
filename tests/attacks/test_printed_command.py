"""Attack T29: a name in a project's file becomes a command in the shell of whoever mends it.

Who: the author of a cloned repository, or any program that writes a host's file.
Stopped by: `mcpi doctor` and `mcpi why` print commands as a shell reads them: one word stays one
word, no option, and what can't be typed is left out.
Not stopped: a reader who types something else.
Twin: `test_a_plain_name_is_printed_plain`.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from mcpinstall.operations import doctor
from mcpinstall.operations.context import Context

NAMES = (
    "a; touch taken", "a && touch taken", "$(touch taken)", "a' ; touch taken '", "a\ntouch taken",
    "a | touch taken", "-rf", "--json", "a b", "~root", "*", "é`touch taken`", "\\", "#",
)  # fmt: skip


@pytest.fixture
def work(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cloned project; `mcpi` only writes down what it was given."""
    for name in ("work", "bin"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    fake = tmp_path / "bin/mcpi"
    fake.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > given\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    return tmp_path / "work"


def fix(work: Path, name: str) -> str:
    servers = {"mcpServers": {name: {"command": "/nowhere/server"}}}
    (work / ".mcp.json").write_text(json.dumps(servers))
    (trouble,) = doctor.examine(Context.current()).troubles
    return trouble.fix


def typed(work: Path, command: str) -> list[str]:
    """Return the words that the command gets when a shell reads the line."""
    (work / "given").unlink(missing_ok=True)
    subprocess.run(["/bin/sh", "-c", command], cwd=work, check=True, capture_output=True)
    return (work / "given").read_text().split("\0")[:-1]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_one_word_of_the_command_that_is_printed(work: Path, name: str) -> None:
    found = re.search("`(mcpi why .*)` tells where", fix(work, name))

    if found is None:
        assert "\n" in name
    else:
        apart = ["--"] if name.startswith("-") else []
        assert typed(work, found[1]) == ["why", *apart, name]
    assert not (work / "taken").exists()


def test_a_folders_name_stays_one_word_too(work: Path, home: Path) -> None:
    folder = home / "a; touch taken"
    folder.mkdir()
    (folder / "mcp.json").write_text('{"mcpServers": {"a": {"command": "/bin/sh"}}}')
    (folder / "mcp.json").chmod(0o666)
    (home / ".cursor").symlink_to(folder)

    (trouble,) = doctor.examine(Context.current()).troubles

    subprocess.run(["/bin/sh", "-c", trouble.fix.strip("`")], cwd=work, check=True)
    assert not (work / "taken").exists()
    assert doctor.examine(Context.current()).troubles == ()


def test_a_plain_name_is_printed_plain(work: Path) -> None:
    printed = fix(work, "github")

    assert printed.endswith("; `mcpi why github` tells where it comes from")
    assert typed(work, "mcpi why github") == ["why", "github"]
