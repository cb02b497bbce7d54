"""The page of `mcpi doctor`, on a screen and in JSON."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import layout, render_doctor
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts.surveying import SeenFile, SeenServer
from mcpinstall.model.text import printable
from mcpinstall.operations.cache import CacheSize
from mcpinstall.operations.doctor import Report
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.trouble import Trouble, Unseen
from tests.builders import plans
from tests.builders.hosts import put
from tests.cli.conftest import Mcpi

HOSTILE = "a\x1b[2J\u202e\nfix nothing"


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def test_a_machine_without_anything_is_in_order(mcpi: Mcpi) -> None:
    ran = mcpi("doctor", columns=100)

    assert ran.status == 0
    assert ran.out == snapshot("""\
Installed  nothing by mcpinstall

hosts    0 files with 0 servers in all
state    ~/.local/share/mcpinstall
cache    0 files, 0 bytes

Nothing is wrong
""")


def test_a_damaged_receipt_does_not_pass_for_nothing_installed(mcpi: Mcpi, home: Path) -> None:
    put(home / ".local/share/mcpinstall/receipts/git.json", "{")
    for folder in (home / ".local/share/mcpinstall", home / ".local/share/mcpinstall/receipts"):
        folder.chmod(0o700)

    ran = mcpi("doctor", columns=100)

    assert ran.status == 1
    assert ran.out.startswith("Installed  can't be told: see below\n")
    assert "record-damaged  mcpinstall: " in ran.out


def test_one_page_tells_what_is_wrong_and_what_to_do(mcpi: Mcpi, home: Path) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {"gone": {"command": "/nowhere/server"}}})
    put(home / ".gemini/settings.json", '{\n  "mcpServers": }')

    ran = mcpi("doctor", columns=100)

    assert ran.status == 1
    assert ran.out == snapshot("""\
Installed  nothing by mcpinstall

hosts    2 files, 1 of them not read, with 1 server in all
state    ~/.local/share/mcpinstall
cache    0 files, 0 bytes

file-invalid  Gemini CLI: the configuration of Gemini CLI can't be edited as JSON with comments: line 2, column 17: expecting value
  in  ~/.gemini/settings.json
  fix correct it in an editor

command-missing  Cursor: `gone` starts `/nowhere/server`, which is not there
  in  ~/.cursor/mcp.json
  fix install that program again, correct the path, or delete the entry; `mcpi why gone` tells where it comes from

2 findings; each is explained in docs/doctor.md
""")


def test_a_folder_in_the_place_of_a_hosts_file_is_told(mcpi: Mcpi, home: Path) -> None:
    (home / ".cursor/mcp.json").mkdir(parents=True)

    ran = mcpi("doctor", columns=200)

    assert ran.status == 5
    assert f"Cursor: `{home}/.cursor/mcp.json`" in ran.out + ran.err
    assert "1 file, 1 of them not read, with 0 servers" in ran.out
    assert "Nothing is wrong, 1 not looked at" in ran.out


def test_doctor_in_json(mcpi: Mcpi, home: Path) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {"gone": {"command": "/nowhere/server"}}})

    ran = mcpi("doctor", "--json")

    answer = json.loads(ran.out.replace(str(home), "~"))
    assert answer.pop("schema") == 1
    assert answer == snapshot(
        {
            "command": "doctor",
            "findings": [
                {
                    "kind": "command-missing",
                    "subject": "Cursor",
                    "message": "`gone` starts `/nowhere/server`, which is not there",
                    "fix": "install that program again, correct the path, or delete the entry; `mcpi why gone` tells where it comes from",
                    "path": "~/.cursor/mcp.json",
                }
            ],
            "not_looked_at": [],
            "servers": [],
            "files": [{"host": "cursor-user", "path": "~/.cursor/mcp.json", "servers": ["gone"]}],
            "state": {
                "data": "~/.local/share/mcpinstall",
                "cache_files": 0,
                "cache_bytes": 0,
                "busy": False,
            },
        }
    )


def test_the_page_with_installed_servers() -> None:
    receipt = plans.receipt()
    trouble = Trouble(
        kind=Kind.ENTRY_GONE, subject="git (in Cursor)", message="has no entry `git` any more",
        fix="`mcpi configure git` writes it again", path=plans.HOME / ".cursor/mcp.json",
    )  # fmt: skip
    error = McpInstallError(ErrorCode.FILE_UNREADABLE, "too long", hint="look at it")
    seen = SeenFile(
        row=plans.row(),
        path=plans.HOME / ".cursor/mcp.json",
        servers=tuple(SeenServer(name=name, command="/bin/sh") for name in ("git", "own")),
    )
    found = SimpleNamespace(
        servers=(
            SimpleNamespace(receipt=receipt, anchor="", troubles=(trouble,), unseen=()),
            SimpleNamespace(
                receipt=plans.receipt("time"), anchor="registry bundled, serial 1", troubles=(),
                unseen=(),
            ),
        ),
        hosts=SimpleNamespace(files=(seen, seen)),  # of two hosts
        state=SimpleNamespace(
            data=plans.HOME / ".local/share/mcpinstall", cache=CacheSize(files=31, bytes=10_100_000),
            busy=True,
        ),
        troubles=(trouble,),
        unseen=(Unseen(subject="Zed: `~/.config/zed/settings.json`", error=error),),
    )  # fmt: skip

    assert layout.plain(render_doctor.report(cast("Report", found), plans.HOME, 80)) == snapshot("""\
installed  version     state         hosts
git        2026.10.19  1 finding     cursor
time       2026.10.19  as installed  cursor

compared with registry bundled, serial 1
hosts    1 file with 2 servers in all
state    ~/.local/share/mcpinstall
cache    31 files, 10.1 MB
now      another `mcpi` is at work: what it changes is not looked at

entry-gone  git (in Cursor): has no entry `git` any more
  in  ~/.cursor/mcp.json
  fix `mcpi configure git` writes it again

not looked at  Zed: `~/.config/zed/settings.json`: too long
  fix look at it

1 finding, 1 not looked at; each is explained in docs/doctor.md
""")


def test_hostile_text_of_a_hosts_file_stays_within_its_line(mcpi: Mcpi, home: Path) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {HOSTILE: {"command": f"/{HOSTILE}"}}})

    ran = mcpi("doctor", columns=60)

    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    assert not [line for line in ran.out.splitlines() if line.startswith("fix nothing")]
    why = mcpi("why", HOSTILE, columns=60)
    assert (why.status, "\x1b" in why.out, "\u202e" in why.out) == (0, False, False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("npx -y server --token not-to-be-shown", "npx …"),
        ("/bin/sh -c not-to-be-shown", "/bin/sh …"),
        ("/nowhere/else\tnot-to-be-shown", "/nowhere/else …"),
    ],
)
def test_arguments_written_where_the_program_belongs_are_not_shown(
    mcpi: Mcpi, home: Path, text: str, shown: str
) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {"github": {"command": text}}})

    for command in (("doctor",), ("why", "github")):
        for option in ((), ("--json",)):
            ran = mcpi(*command, *option)
            assert "not-to-be-shown" not in ran.out + ran.err
    assert f"`{shown}`" in mcpi("doctor").out
    assert shown in mcpi("why", "github").out


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_page_tells_the_same_at_any_width_as_in_json(
    mcpi: Mcpi, home: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {"a b": {"command": "/nowhere/" + "x" * 90}}})
    put(home / ".gemini/settings.json", '{\n  "mcpServers": }')
    put(Path(".mcp.json"), {"mcpServers": {HOSTILE: {"command": "no-such-program"}}})
    monkeypatch.setattr("mcpinstall.cli.ui.Ui.data_width", columns)

    page = "".join(mcpi("doctor").out.split()).replace("↳", "")

    answer = json.loads(mcpi("doctor", "--json").out)
    assert len(answer["findings"]) == 3
    for one in answer["findings"]:
        for field in ("kind", "subject", "message", "fix"):
            assert "".join(printable(one[field]).split()) in page
    assert "3findings" in page
