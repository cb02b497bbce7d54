"""What `mcpi adopt` lists, asks and refuses; nothing of it is installed here."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import Mcpi

SERVERS = {
    "time": {
        "command": "uvx", "args": ["mcp-server-time", "--local-timezone=Oslo"],
        "env": {"LEVEL": "hush"}, "autoApprove": ["now"],
    },
    "fetch": {"command": "pipx", "args": ["run", "mcp-server-fetch==0.1"], "disabled": True},
    "lone": {"command": "uvx", "args": ["lone-server"]},
    "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv"]},
    "far": {"url": "https://mcp.example.com/mcp?key=hush"},
    "root": {"command": "sudo", "args": ["uvx", "mcp-server-git"]},
}  # fmt: skip


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "code"
    (folder / ".git").mkdir(parents=True, mode=0o700)
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, servers: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps({"mcpServers": servers}, indent=2) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def anyway(text: str) -> str:
    """What was printed, whichever versions of servers are bundled today."""
    return re.sub(r"\b20\d\d\.\d+\.\d+\b", "VERSION", text)


def test_the_list_says_what_starts_what_is_wrong_and_what_becomes_of_it(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    before = put(home / ".cursor/mcp.json", SERVERS).read_bytes()
    put(home / ".gemini/settings.json", {"time": SERVERS["time"]})
    put(project / ".mcp.json", {"time": SERVERS["time"]})

    ran = mcpi("adopt", terminal=False)

    assert ran.status == 0
    assert anyway(ran.out) == snapshot("""\
 1 time  Gemini CLI and Cursor
      starts  uvx mcp-server-time, whatever version is newest at each start
      wrong   MA102 `uvx` fetches whatever version is newest: `mcp-server-time`
      adopt   `time` VERSION, certified
 2 fetch (off)  Cursor
      starts  pipx run mcp-server-fetch==0.1, this version
      wrong   nothing that the audit knows of
      adopt   `fetch` VERSION, certified, in the place of 0.1
 3 lone  Cursor
      starts  uvx lone-server, whatever version is newest at each start
      wrong   MA102 `uvx` fetches whatever version is newest: `lone-server`
      adopt   `pypi:lone-server`, locked on the spot; NOT REVIEWED: nobody vouches for it
   files  Cursor
      starts  npx @modelcontextprotocol/server-filesystem, whatever version is newest at each start
      wrong   MA101 `npx` fetches whatever version is newest: `@modelcontextprotocol/server-filesystem`
      adopt   no: it is an npm package, which can't be installed yet; `mcpi audit` says how to name its version
   far  Cursor
      starts  a remote server
      wrong   nothing that the audit knows of
      adopt   no: it is a remote server: nothing of it runs here
   root  Cursor
      starts  uvx mcp-server-git, whatever version is newest at each start, through `sudo`
      wrong   MA205 `sudo` starts the server with other rights than its user's
      adopt   no: it is started with more rights, by `sudo`; mcpi never does that
   time  Claude Code (project)
      starts  uvx mcp-server-time, whatever version is newest at each start
      wrong   MA102 `uvx` fetches whatever version is newest: `mcp-server-time`
      adopt   no: it stands in a file of a project, which others share; `mcpi install` adds a server to your own host
""")
    assert ran.err == snapshot("`mcpi adopt time` adopts one of them, `mcpi adopt --all` all\n")
    assert (home / ".cursor/mcp.json").read_bytes() == before


def test_the_list_as_json(project: Path, home: Path, mcpi: Mcpi) -> None:
    put(home / ".cursor/mcp.json", {name: SERVERS[name] for name in ("time", "far")})

    ran = mcpi("adopt", "--json")

    assert ran.status == 0
    assert "hush" not in ran.out
    assert json.loads(anyway(ran.out)) == snapshot(
        {
            "schema": 1,
            "command": "adopt",
            "servers": [
                {
                    "name": "time",
                    "places": [{"host": "cursor-user", "path": "~/.cursor/mcp.json"}],
                    "starts": "uvx mcp-server-time, whatever version is newest at each start",
                    "disabled": False,
                    "standing": "offered",
                    "why_not": "",
                    "finding": {
                        "rule": "MA102",
                        "severity": "medium",
                        "message": "`uvx` fetches whatever version is newest: `mcp-server-time`",
                    },
                    "becomes": {"name": "time", "version": "VERSION", "certified": True},
                    "settings": [["local-timezone", "Oslo"]],
                    "arguments": [],
                    "keeps": {"environment": ["LEVEL"], "fields": ["autoApprove"]},
                    "notes": [
                        "until now whatever version is newest starts, each time; from now on this one"
                    ],
                },
                {
                    "name": "far",
                    "places": [{"host": "cursor-user", "path": "~/.cursor/mcp.json"}],
                    "starts": "a remote server",
                    "disabled": False,
                    "standing": "left",
                    "why_not": "it is a remote server: nothing of it runs here",
                    "finding": None,
                    "becomes": None,
                    "settings": [],
                    "arguments": [],
                    "keeps": {"environment": [], "fields": []},
                    "notes": [],
                },
            ],
            "unread": [],
        }
    )


def test_only_the_entries_of_one_host(project: Path, home: Path, mcpi: Mcpi) -> None:
    put(home / ".cursor/mcp.json", {"time": SERVERS["time"]})
    put(home / ".gemini/settings.json", {"lone": SERVERS["lone"]})

    ran = mcpi("adopt", "--host", "gemini-cli", terminal=False)

    assert "lone" in ran.out
    assert "time" not in ran.out


def test_nothing_to_adopt(project: Path, home: Path, mcpi: Mcpi) -> None:
    assert mcpi("adopt").out == "No host here has a server.\n"
    put(home / ".cursor/mcp.json", {"far": SERVERS["far"]})

    ran = mcpi("adopt")

    assert (ran.status, ran.err) == (0, "nothing to adopt\n")


def test_a_file_that_cannot_be_read_is_no_success(project: Path, home: Path, mcpi: Mcpi) -> None:
    put(home / ".cursor/mcp.json", {}).write_text("[")

    ran = mcpi("adopt", terminal=False)

    assert ran.status == 5
    assert "! ~/.cursor/mcp.json: could not read it" in ran.out


@pytest.mark.parametrize(
    ("arguments", "ends"),
    [
        (("--yes",), (2, "which servers are meant is not said")),
        (("--dry-run",), (2, "which servers are meant is not said")),
        (("time", "--all"), (2, "`--all` stands without names")),
        (("--all", "--expect-digest", "sha256:0"), (2, "name one server")),
        (("nowhere",), (5, "no host's file has a server named `nowhere`")),
        (("far",), (5, "`far` can't be adopted: it is a remote server")),
        (("root",), (5, "it is started with more rights, by `sudo`")),
        (("files",), (5, "it is an npm package")),
        (("time", "--host", "no-such-host"), (2, "no-such-host")),
        (("time", "fetch", "--set", "a=b"), (2, "inputs are those of one server")),
        (("time", "fetch", "--json", "--dry-run"), (2, "`--json` answers for one plan")),
    ],
)
def test_what_can_not_be_done_is_told(
    project: Path, home: Path, mcpi: Mcpi, arguments: tuple[str, ...], ends: tuple[int, str]
) -> None:
    put(home / ".cursor/mcp.json", SERVERS)

    ran = mcpi("adopt", *arguments, terminal=False)

    assert ran.status == ends[0]
    assert ends[1] in ran.err


def test_a_name_that_starts_different_things_must_be_told_apart(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    put(home / ".cursor/mcp.json", {"time": SERVERS["time"]})
    put(home / ".gemini/settings.json", {"time": SERVERS["lone"]})

    ran = mcpi("adopt", "time", terminal=False)

    assert ran.status == 2
    assert "`time` starts different things in Gemini CLI and Cursor" in ran.err


def test_an_empty_answer_adopts_nothing(project: Path, home: Path, mcpi: Mcpi) -> None:
    put(home / ".cursor/mcp.json", SERVERS)

    ran = mcpi("adopt", typed="nonsense\n0\n99999999999\n\n")

    assert ran.status == 0
    assert ran.err.count("type numbers from 1 to 3") == 3
    assert ran.err.endswith("nothing to adopt\n")
