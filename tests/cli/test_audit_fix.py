"""`mcpi audit --fix`: its screens, its question, its statuses, and that no secret is on any."""

from __future__ import annotations

import json
import secrets
import shlex
import subprocess
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import Mcpi

SPLIT = {"command": "npx -y some-server@1.0.0"}
DIGEST = "sha256:" + 32 * "0f"
SUDO = {"command": "sudo", "args": ["uvx", "some-server==1.0"]}


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "code"
    folder.mkdir(mode=0o700)
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "UV_CACHE_DIR", "npm_config_cache"):
        monkeypatch.delenv(variable, raising=False)
    return folder


def put(path: Path, **servers: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps({"mcpServers": servers}, indent=2) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def timeless(text: str) -> str:
    """What was printed, without what a day changes: the age of advisories, ids and times."""
    return "".join(
        row for row in text.splitlines(keepends=True) if not row.startswith("  advisories are of 2")
    )


def test_a_dry_run_shows_what_goes_and_what_stays(project: Path, mcpi: Mcpi) -> None:
    file = put(project / ".mcp.json", a=SPLIT, b=SUDO, c={"command": "uvx", "args": ["nobodys"]})
    before = file.read_bytes()

    ran = mcpi("audit", "--fix", "--dry-run")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == snapshot("""\
~/code/.mcp.json  (Claude Code (project))               2 lines added, 1 removed
    @@ -1,7 +1,8 @@
     {
       "mcpServers": {
         "a": {
    -      "command": "npx -y some-server@1.0.0"
    +      "command": "npx",
    +      "args": ["-y", "some-server@1.0.0"]
         },
         "b": {
           "command": "…",
  MA707 a: put each argument into a list of its own

not fixed: MA102 .mcp.json:17: no version of `nobodys` is on this machine (name
  the version: `nobodys==X.Y.Z`)
1 finding by name only: `--unsafe-fix drop-privilege`

Dry run: nothing was changed.
""")
    assert file.read_bytes() == before


def test_what_stays_is_told_once_though_its_place_moves(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", a={"command": "npx -y some-server"})

    ran = mcpi("audit", "--fix", "--dry-run")

    assert ran.err.count("not fixed: MA101") == 1


def test_a_yes_writes_and_what_is_left_is_reported(project: Path, mcpi: Mcpi) -> None:
    file = put(project / ".mcp.json", a=SPLIT, b=SUDO)

    ran = mcpi("audit", "--fix", "--unsafe-fix", "drop-privilege", typed="y\n")

    assert ran.status == 0
    assert timeless(ran.out) == snapshot("2 servers: no findings\n")
    assert ran.err == snapshot("""\
~/code/.mcp.json  (Claude Code (project))               3 lines added, 3 removed
    @@ -1,12 +1,12 @@
     {
       "mcpServers": {
         "a": {
    -      "command": "npx -y some-server@1.0.0"
    +      "command": "npx",
    +      "args": ["-y", "some-server@1.0.0"]
         },
         "b": {
    -      "command": "sudo",
    +      "command": "uvx",
           "args": [
    -        "uvx",
             "…"
           ]
         }
  MA707 a: put each argument into a list of its own
  MA205 b: start `uvx` without `sudo` (unsafe: drop-privilege)
  ! what needs the rights of another user does not work any more

Nothing has been written yet.
Fix 2 findings in 1 file? [y/N, d diff, ? help] \n\
Fixed 2 findings in 1 file
  Claude Code (project): start a new Claude Code session
  `mcpi undo` takes the last file's change back

""")
    assert json.loads(file.read_text())["mcpServers"] == {
        "a": {"command": "npx", "args": ["-y", "some-server@1.0.0"]},
        "b": {"command": "uvx", "args": ["some-server==1.0"]},
    }


@pytest.mark.parametrize("typed", ["\n", "n\n", ""])
def test_without_a_yes_nothing_is_written(project: Path, mcpi: Mcpi, typed: str) -> None:
    file = put(project / ".mcp.json", a=SPLIT)
    before = file.read_bytes()

    ran = mcpi("audit", "--fix", typed=typed)

    assert ran.status in (4, 130)
    assert file.read_bytes() == before


def test_without_a_terminal_and_a_yes_nothing_is_written(project: Path, mcpi: Mcpi) -> None:
    file = put(project / ".mcp.json", a=SPLIT)
    before = file.read_bytes()

    ran = mcpi("audit", "--fix", terminal=False)

    assert ran.status == 4
    assert "look at the diff with `--dry-run`, then answer it with `--yes`" in ran.err
    assert file.read_bytes() == before


def test_yes_answers_and_what_remains_fails_the_gate(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", a=SPLIT, b=SUDO)

    ran = mcpi("audit", "--fix", "--yes", terminal=False)

    assert ran.status == 1
    assert "MA205" in ran.out
    assert "MA707" not in ran.out


def test_nothing_to_fix_is_a_report(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", a={"command": "uvx", "args": ["some-server==1.0"]})

    ran = mcpi("audit", "--fix")

    assert (ran.status, timeless(ran.out)) == (0, "1 server: no findings\n")


def test_an_unsafe_fix_may_be_named_by_its_rule(project: Path, mcpi: Mcpi) -> None:
    file = put(project / ".mcp.json", a={"command": "uvx", "args": ["accesscontrol==4.1"]})

    ran = mcpi("audit", "--fix", "--unsafe-fix", "MA106", typed="y\n")

    assert ran.status == 0
    assert timeless(ran.out) == snapshot("1 server: no findings\n")
    assert ran.err == snapshot("""\
~/code/.mcp.json  (Claude Code (project))                1 line added, 1 removed
    @@ -3,7 +3,7 @@
         "a": {
           "command": "uvx",
           "args": [
    -        "accesscontrol==4.1"
    +        "accesscontrol==4.3"
           ]
         }
       }
  MA106 a: name `accesscontrol==4.3` in the place of `accesscontrol==4.1`
    (unsafe: raise-version)
  ! no index was asked: start the server once to see that this version is there

Nothing has been written yet.
Fix 1 finding in 1 file? [y/N, d diff, ? help] \n\
Fixed 1 finding in 1 file
  Claude Code (project): start a new Claude Code session
  `mcpi undo` takes the last file's change back

""")
    assert json.loads(file.read_text())["mcpServers"]["a"]["args"] == ["accesscontrol==4.3"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--unsafe-fix", "MA707"], "`--unsafe-fix` does not know `MA707`"),
        (["--unsafe-fix", "MA107"], "`--unsafe-fix` does not know `MA107`"),
        (["-", "--fix", "--host", "cursor"], "standard input can't be fixed"),
        (["--fix", "--format", "sarif"], "`--fix` writes no report as `sarif`"),
        (["--fix", "--format", "junit"], "`--fix` writes no report as `junit`"),
        (["--fix", "--list-hosts"], "`--fix` and `--list-hosts` exclude each other"),
        (["--fix", "--save-baseline", "x"], "`--fix` and `--save-baseline` exclude each other"),
        (["--unsafe-fix", "everything"], "`--unsafe-fix` does not know `everything`"),
        (["--unsafe-fix", "split-command"], "`--unsafe-fix` does not know `split-command`"),
        (["--yes"], "`--yes` and `--dry-run` belong to `--fix`"),
    ],
)
def test_what_says_nothing_together_is_wrong_usage(
    project: Path, mcpi: Mcpi, arguments: list[str], said: str
) -> None:
    file = put(project / ".mcp.json", a=SPLIT)
    before = file.read_bytes()

    ran = mcpi("audit", *arguments)

    assert ran.status == 2
    assert said in ran.err
    assert "hint:" in ran.err or "hint" in ran.out
    assert file.read_bytes() == before


def test_json_tells_the_same(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", a=SPLIT, b=SUDO)

    planned = json.loads(mcpi("audit", "--fix", "--dry-run", "--json", terminal=False).out)
    done = json.loads(mcpi("audit", "--fix", "--yes", "--json", terminal=False).out)

    (fix,) = planned["fixes"]
    assert (planned["outcome"], done["outcome"]) == ("planned", "done")
    assert fix["fixed"] == snapshot(
        [
            {
                "rule": "MA707",
                "server": "a",
                "fixer": "split-command",
                "safe": True,
                "eased": False,
                "what": "put each argument into a list of its own",
                "notes": [],
            }
        ]
    )
    assert planned["not_fixed"] == snapshot(
        [
            {
                "rule": "MA205",
                "server": "b",
                "file": ".mcp.json",
                "line": 8,
                "fixer": "drop-privilege",
                "reason": "",
                "hint": "",
            }
        ]
    )
    assert any('"args": ["-y", "some-server@1.0.0"]' in row for row in fix["diff"])
    assert fix["record"] is None
    assert done["fixes"][0]["record"]
    assert [one["rule"] for one in done["audit"]["findings"]] == ["MA205"]


def test_history_and_undo_know_a_fix(project: Path, mcpi: Mcpi) -> None:
    file = put(project / ".mcp.json", a=SPLIT)
    before = file.read_bytes()
    mcpi("audit", "--fix", "--yes")

    history = mcpi("history").out
    taken_back = mcpi("undo", typed="y\n")

    assert "fix" in history
    assert "claude-code-project" in history
    assert taken_back.status == 0
    assert "Take back the fix of claude-code-project and change 1 file?" in taken_back.err
    assert file.read_bytes() == before


def test_no_secret_is_ever_on_a_screen(project: Path, home: Path, mcpi: Mcpi) -> None:
    token, other = "ghp_" + secrets.token_hex(18), "sk-ant-" + secrets.token_hex(24)
    put(
        project / ".mcp.json",
        a={"command": f"npx -y some-server@1.0.0 --token {token}"},
        b={"command": "sudo", "args": ["x", "--api-key", other], "env": {"GITHUB_TOKEN": token}},
        c={"url": f"http://mcp.example.org/sse?token={other}", "headers": {"X-API-Key": token}},
        e={"command": "docker", "args": ["run", "--env", f"BASH_ENV=/{token}", f"i@{DIGEST}"]},
        d={"command": "npx -y some-server@1.0.0 --password hunter2 --pin=swordfish --api-key=open"},
    )
    names = "move-secret,drop-privilege,use-https,remove-variable"
    printed = ""
    for arguments in (["--dry-run"], ["--dry-run", "--json"], ["--yes"], ["--yes", "--json"]):
        ran = mcpi("audit", "--fix", "--unsafe-fix", names, *arguments, terminal=False)
        printed += ran.out + ran.err
    printed += mcpi("history", "--json").out + mcpi("undo", "--yes").err

    assert "move-secret" in printed
    assert "take `--env BASH_ENV` out" in printed
    assert token not in printed
    assert other not in printed
    assert token[8:20] not in printed
    assert '"args": ["-y", "some-server@1.0.0", "--password", "…"' in printed
    assert "hunter2" not in printed
    assert "--api-key=open" not in printed
    names_of_files = " ".join(str(path) for path in home.rglob("*"))
    assert token not in names_of_files


# Commands that a report prints -------------------------------------------------------------------


def commands(text: str) -> list[list[str]]:
    """Return the commands of a report: what stands behind `fix:`, and in its last lines."""
    found = [row.partition("fix: ")[2] for row in text.splitlines() if "    fix: " in row]
    found += [row.split("`")[1] for row in text.splitlines() if " go" in row and " by `" in row]
    return [shlex.split(one) for one in found if one.startswith(("mcpi ", "chmod "))]


def test_every_command_that_a_report_prints_takes_its_finding_away(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    """Each kind: rights, safe fixes, unsafe fixes by name, with a path that has a blank in it."""
    token = "ghp_" + secrets.token_hex(18)
    inner = project / "an app"
    file = put(
        inner / ".mcp.json",
        a=SPLIT, b=SUDO, c={"command": "x", "env": {"LD_PRELOAD": "/x", "GITHUB_TOKEN": token}},
        d={"type": "http", "url": "http://mcp.example.org/sse"},
    )  # fmt: skip
    file.chmod(0o644)
    printed = commands(mcpi("audit", "an app").out)
    assert [words[:2] for words in printed] == [
        ["chmod", "600"], ["mcpi", "audit"], ["mcpi", "audit"],
    ]  # fmt: skip

    for words in printed:
        if words[0] == "chmod":
            path = words[2].replace("~", str(home), 1)
            assert subprocess.run([*words[:2], path], check=False).returncode == 0
        else:
            mcpi(*words[1:], "--yes", terminal=False)

    assert timeless(mcpi("audit", "an app").out) == "4 servers: no findings\n"


def test_a_report_names_the_reviewed_server_that_takes_its_place(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", a={"command": "uvx", "args": ["mcp-server-time"]})

    (words,) = commands(mcpi("audit").out)

    assert words == ["mcpi", "install", "time"]
    assert mcpi("show", *words[2:]).status == 0


def test_a_value_that_is_glued_to_its_option_is_not_in_the_diff(project: Path, mcpi: Mcpi) -> None:
    arguments = ["uvx", "-v", "-pSesame", "--loud"]
    put(project / ".mcp.json", b={"command": "sudo", "args": arguments})

    shown = mcpi("audit", "--fix", "--unsafe-fix", "drop-privilege", "--dry-run").err
    told = mcpi("audit", "--fix", "--unsafe-fix", "drop-privilege", "--dry-run", "--json").out

    assert "Sesame" not in shown + told
    assert '"--loud"' in shown
    assert '"-v"' in shown
