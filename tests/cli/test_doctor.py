"""The pages of `mcpi doctor` and `mcpi why`, on machines with nothing but hosts' files."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import json_doctor, layout, render_doctor, render_why
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts.survey import SeenFile, SeenServer
from mcpinstall.model.host import EnvironmentValue
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.text import printable
from mcpinstall.operations.cache import CacheSize
from mcpinstall.operations.doctor import Report
from mcpinstall.operations.findings import Kind
from mcpinstall.operations.trouble import Trouble, Unseen
from mcpinstall.operations.why import Origin, Place, PlaceState, Reason
from tests.builders import plans
from tests.cli.conftest import Mcpi

HOSTILE = "a\x1b[2J\u202e\nfix nothing"


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def put(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))


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


def test_one_page_tells_what_is_wrong_and_what_to_do(mcpi: Mcpi, home: Path) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {"gone": {"command": "/nowhere/server"}}})
    put(home / ".gemini/settings.json", '{\n  "mcpServers": }')

    ran = mcpi("doctor", columns=100)

    assert ran.status == 1
    assert ran.out == snapshot("""\
Installed  nothing by mcpinstall

hosts    2 files with 1 server in all
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


def origin(**changes: object) -> Origin:
    """Return where an entry comes from."""
    values: dict[str, Any] = {
        "receipt": plans.receipt(
            inputs=(
                InputValue(name="repository", value="/home/ada/app", source="user"),
                InputValue(name="TOKEN", value=None, source="user", secret=True, reference="GIT"),
            )
        ),
        "command": ("/srv/git/current/bin/python", "-I", "start.py", "--repository", "a b"),
        "environment": (EnvironmentValue(name="TOKEN", reference="GIT", secret=True),),
        "remote": "",
        "current": "20261122T134501423Z-2026.10.19-abc123",
        "records": (plans.record(),),
        "reviews": (),
        "places": (
            Place(
                row=plans.row(), path=plans.HOME / ".cursor/mcp.json", state=PlaceState.AS_WRITTEN
            ),
            Place(row=plans.row("codex", "Codex"), path=None, state=PlaceState.UNREADABLE),
        ),
        "removed_by": "mcpi uninstall git",
    }
    values.update(changes)
    return Origin(**values)


def test_why_on_a_screen() -> None:
    found = Reason(name="git", origins=(origin(),), others=())

    assert layout.plain(render_why.reason(found, plans.HOME, 80)) == snapshot("""\
git 2026.10.19
  io.github.modelcontextprotocol/server-git
  installed  2026-11-22T13:45:01Z by mcpinstall 0.1.0
  change     2026-11-22 13:45:01 UTC  install  20261122T134501Z-3f9a12
  registry   bundled (certified)
  review     none that its registry tells of now
  python     3.12.4 at /usr/bin/python3.12
  built      g1, but 20261122T134501423Z-2026.10.19-abc123 starts
  input      repository = /home/ada/app (user)
  input      TOKEN from your variable GIT
  host       Cursor: ~/.cursor/mcp.json (as written)
  host       Codex: a file that can't be told (unreadable)

Hosts start
  /srv/git/current/bin/python
    -I
    start.py
    --repository
    'a b'
  with the environment variables
    TOKEN  (secret, from your variable GIT)

`mcpi uninstall git` takes it away
""")


def test_why_of_an_entry_that_somebody_else_wrote(mcpi: Mcpi, home: Path) -> None:
    entry = {"command": "npx", "args": ["--token", "not-to-be-shown"]}
    put(home / ".cursor/mcp.json", {"mcpServers": {"github": entry}})

    ran = mcpi("why", "github")

    assert ran.status == 0
    assert ran.out.replace(str(home), "~") == snapshot("""\
github: not written by mcpinstall
  host       Cursor: ~/.cursor/mcp.json (not by mcpinstall)
    npx
    and 2 arguments
It goes in that host's settings, or in an editor; `mcpi install NAME --replace` puts a reviewed server in its place
""")
    assert "not-to-be-shown" not in mcpi("why", "github", "--json").out


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


def test_why_of_a_remote_server_shows_no_more_than_its_host(mcpi: Mcpi, home: Path) -> None:
    url = "https://me:not-to-be-shown@mcp.example.com/not-to-be-shown?key=not-to-be-shown"
    put(home / ".cursor/mcp.json", {"mcpServers": {"github": {"url": url}}})

    ran = mcpi("why", "github")

    assert "    connects to https://mcp.example.com\n" in ran.out
    assert "not-to-be-shown" not in ran.out
    answer = json.loads(mcpi("why", "github", "--json").out)
    assert answer["others"][0]["address"] == "https://mcp.example.com"
    assert "not-to-be-shown" not in json.dumps(answer)


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


def test_why_of_a_name_that_stands_nowhere(mcpi: Mcpi, home: Path) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {"github": {"command": "npx"}}})

    ran = mcpi("why", "githup")

    assert (ran.status, ran.out) == (5, "")
    assert ran.err == snapshot("""\
error[not-installed]: `githup` stands in no host's file, and mcpinstall did not
    install it

hint: did you mean `github`?
""")


def test_why_in_json_holds_no_secret() -> None:
    clear = EnvironmentValue(name="TOKEN", value="not-to-be-shown", secret=True)
    found = Reason(name="git", origins=(origin(environment=(clear,)),), others=())

    answer = json_doctor.reason(found)

    assert "not-to-be-shown" not in json.dumps(answer)
    assert answer == snapshot(
        {
            "name": "git",
            "servers": [
                {
                    "entry": "git",
                    "name": "io.github.modelcontextprotocol/server-git",
                    "version": "2026.10.19",
                    "title": "Git",
                    "registry": "bundled",
                    "review": "certified",
                    "hosts": ["cursor-user"],
                    "transport": "stdio",
                    "url": None,
                    "headers": [],
                    "python": {"path": "/usr/bin/python3.12", "version": "3.12.4"},
                    "plan_digest": "sha256:5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c",
                    "installed": "2026-11-22T13:45:01Z",
                    "checks": [
                        {
                            "number": 1,
                            "name": "registry",
                            "outcome": "verified",
                            "evidence": "shipped with mcpinstall 0.1.0, fresh, not rolled back",
                        }
                    ],
                    "command": [
                        "/srv/git/current/bin/python",
                        "-I",
                        "start.py",
                        "--repository",
                        "a b",
                    ],
                    "environment": [
                        {
                            "name": "TOKEN",
                            "secret": True,
                            "reference": None,
                            "place": None,
                            "value": None,
                        }
                    ],
                    "inputs": [
                        {
                            "name": "repository",
                            "source": "user",
                            "secret": False,
                            "reference": None,
                            "value": "/home/ada/app",
                        },
                        {
                            "name": "TOKEN",
                            "source": "user",
                            "secret": True,
                            "reference": "GIT",
                            "value": None,
                        },
                    ],
                    "unreviewed_arguments": [],
                    "generation": "g1",
                    "current": "20261122T134501423Z-2026.10.19-abc123",
                    "changes": [
                        {
                            "id": "20261122T134501Z-3f9a12",
                            "action": "install",
                            "entries": ["git"],
                            "hosts": ["cursor-user"],
                            "undoes": None,
                        }
                    ],
                    "reviews": [],
                    "places": [
                        {
                            "host": "cursor-user",
                            "path": "/home/ada/.cursor/mcp.json",
                            "state": "as written",
                            "command": None,
                            "arguments": 0,
                            "address": None,
                        },
                        {
                            "host": "codex-user",
                            "path": None,
                            "state": "unreadable",
                            "command": None,
                            "arguments": 0,
                            "address": None,
                        },
                    ],
                    "removed_by": "mcpi uninstall git",
                }
            ],
            "others": [],
        }
    )
