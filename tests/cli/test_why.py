"""The page of `mcpi why`, on a screen and in JSON."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from inline_snapshot import snapshot

from mcpinstall.cli import json_doctor, json_output, layout, render_why
from mcpinstall.errors import ErrorCode
from mcpinstall.model.host import EnvironmentValue
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.revocation import Withdrawal
from mcpinstall.operations.why import Origin, Place, PlaceState, Reason
from tests.builders import plans
from tests.builders.hosts import put
from tests.cli.conftest import Mcpi


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
        "reviewers": (),
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
It goes in that host's settings, or in an editor; `mcpi adopt` says whether a verified server can take its place
""")
    assert "not-to-be-shown" not in mcpi("why", "github", "--json").out


def test_why_of_a_remote_server_shows_no_more_than_its_host(mcpi: Mcpi, home: Path) -> None:
    url = "https://me:not-to-be-shown@mcp.example.com/not-to-be-shown?key=not-to-be-shown"
    put(home / ".cursor/mcp.json", {"mcpServers": {"github": {"url": url}}})

    ran = mcpi("why", "github")

    assert "    connects to https://mcp.example.com\n" in ran.out
    assert "not-to-be-shown" not in ran.out
    answer = json.loads(mcpi("why", "github", "--json").out)
    assert answer["others"][0]["address"] == "https://mcp.example.com"
    assert "not-to-be-shown" not in json.dumps(answer)


def test_why_tells_what_was_revoked() -> None:
    why = Withdrawal(
        code=ErrorCode.SERVER_REVOKED, what="`io.example/git`", reason="abandoned",
        date="2026-11-23",
    )  # fmt: skip
    discounted = ("the review of `Eve` does not count: revoked, bought (2026-11-20)",)
    one = origin(withdrawal=why, discounted=discounted)

    screen = render_why.reason(Reason(name="git", origins=(one,), others=()), plans.HOME, 80)

    assert layout.plain(screen) == snapshot("""\
git 2026.10.19
  io.github.modelcontextprotocol/server-git
  REVOKED: `io.example/git`: abandoned (2026-11-23)
  installed  2026-11-22T13:45:01Z by mcpinstall 0.1.0
  change     2026-11-22 13:45:01 UTC  install  20261122T134501Z-3f9a12
  registry   bundled (certified)
  review     the review of `Eve` does not count: revoked, bought (2026-11-20)
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


def test_why_of_a_name_that_stands_nowhere(mcpi: Mcpi, home: Path) -> None:
    put(home / ".cursor/mcp.json", {"mcpServers": {"github": {"command": "npx"}}})

    ran = mcpi("why", "githup")

    assert (ran.status, ran.out) == (5, "")
    assert ran.err == snapshot("""\
error[not-installed]: `githup` stands in no host's file, and mcpinstall did not
    install it

hint: did you mean `github`?
""")


def test_why_never_denies_what_stands_in_a_file_that_it_could_not_read(
    mcpi: Mcpi, home: Path
) -> None:
    put(home / ".cursor/mcp.json", '{"mcpServers": {"fetch": {"command": "uvx"},}}')

    ran = mcpi("why", "fetch")

    assert (ran.status, ran.out) == (5, "")
    said = "".join(line.removeprefix("  ↳ ") for line in ran.err.splitlines())
    assert "`fetch` stands in no host's file that could be read" in said
    assert f"{home}/.cursor/mcp.json: the configuration of Cursor can't be edited" in said
    assert "`mcpi doctor`" in said


def test_why_tells_of_files_that_it_could_not_read(mcpi: Mcpi, home: Path) -> None:
    put(home / ".gemini/settings.json", {"mcpServers": {"fetch": {"command": "uvx"}}})
    put(home / ".cursor/mcp.json", '{"mcpServers": {"fetch": {"command": "uvx"},}}')

    ran = mcpi("why", "fetch")

    assert ran.status == 0
    assert ran.out.replace(str(home), "~") == snapshot("""\
fetch: not written by mcpinstall
  host       Gemini CLI: ~/.gemini/settings.json (not by mcpinstall)
    uvx
It goes in that host's settings, or in an editor; `mcpi adopt` says whether a verified server can take its place

not read: ~/.cursor/mcp.json: the configuration of Cursor can't be edited as JSON: line 1, column 44: a comma stands before `}`
""")
    (unread,) = json.loads(mcpi("why", "fetch", "--json").out)["not_read"]
    assert (unread["subject"], unread["code"]) == (
        str(home / ".cursor/mcp.json"),
        "host-config-invalid",
    )


def test_why_in_json_holds_no_secret() -> None:
    clear = EnvironmentValue(name="TOKEN", value="not-to-be-shown", secret=True)
    found = Reason(name="git", origins=(origin(environment=(clear,)),), others=())

    answer = json_doctor.reason(found)

    assert "not-to-be-shown" not in json.dumps(answer)
    (server,) = cast("list[dict[str, object]]", answer["servers"])
    receipt = {key: server.pop(key) for key in json_output.receipt(found.origins[0].receipt)}
    assert receipt == json_output.receipt(found.origins[0].receipt)
    assert answer == snapshot(
        {
            "name": "git",
            "servers": [
                {
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
                    "revoked": None,
                    "discounted_reviews": [],
                    "removed_by": "mcpi uninstall git",
                }
            ],
            "others": [],
            "not_read": [],
        }
    )
