"""What `mcpi audit` prints, in each format, and how it ends."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import Mcpi

CLEARTEXT = {"mcpServers": {"docs": {"type": "http", "url": "http://docs.example.com/mcp"}}}
CLEAN = {"mcpServers": {"docs": {"type": "http", "url": "https://docs.example.com/mcp"}}}


@pytest.fixture
def project(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "code"
    folder.mkdir(mode=0o700)
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def timeless(text: str) -> str:
    """What was printed, without how old the advisories are today."""
    rows = text.splitlines(keepends=True)
    assert sum(row.startswith("  advisories are of 2") for row in rows) == 1
    return "".join(row for row in rows if not row.startswith("  advisories are of 2"))


def entry(mcpi: Mcpi) -> dict[str, Any]:
    (found,) = json.loads(mcpi("audit", "--json").out)["findings"]
    return dict(found)


def test_a_machine_without_hosts_is_said_to_be_one(project: Path, mcpi: Mcpi) -> None:
    ran = mcpi("audit")

    assert ran.status == 0
    assert ran.out == snapshot("0 servers: no findings\n")
    assert "no file of a known host is here" in ran.err


def test_a_clean_file(project: Path, mcpi: Mcpi) -> None:
    put(project / ".cursor/mcp.json", CLEAN)

    ran = mcpi("audit")

    assert (ran.status, timeless(ran.out)) == (0, snapshot("1 server: no findings\n"))


def test_a_finding_is_shown_with_its_line(project: Path, home: Path, mcpi: Mcpi) -> None:
    put(home / ".cursor/mcp.json", CLEARTEXT)

    ran = mcpi("audit")

    assert ran.status == 1
    assert timeless(ran.out) == snapshot("""\
~/.cursor/mcp.json
  5:14 high MA401 cleartext-remote  docs
    `docs.example.com` is reached by `http`, which everybody on the way can read and change
     5 |       "url": "***************************"
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    why: A remote server is reached without encryption (docs/audit-rules.md#ma401-cleartext-remote)
    fix: write `https://`

1 server: 1 finding (1 high)
  1 finding goes by `mcpi audit --fix --unsafe-fix use-https`
""")


def test_the_users_files_and_those_of_all_folders_up_to_the_repository_are_read(
    project: Path, home: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = project / "a" / "b"
    inner.mkdir(parents=True)
    put(home / ".cursor/mcp.json", CLEAN)
    put(project / ".mcp.json", CLEAN)
    put(inner / ".vscode/mcp.json", {"servers": CLEAN["mcpServers"]})
    monkeypatch.chdir(inner)

    found = json.loads(mcpi("audit", "--json").out)["files"]

    assert {(one["path"], one["host"]) for one in found} == {
        ("~/.cursor/mcp.json", "cursor-user"),
        ("~/code/.mcp.json", "claude-code-project"),
        (".vscode/mcp.json", "vscode-workspace"),
    }


def test_projects_of_claude_code_are_read_wherever_we_are(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    put(home / ".claude.json", {"projects": {"/elsewhere": CLEARTEXT}})

    ran = mcpi("audit", "--json")

    assert [one["server"] for one in json.loads(ran.out)["findings"]] == ["docs"]


@pytest.mark.parametrize(
    ("threshold", "status"), [("low", 1), ("high", 1), ("critical", 0), ("never", 0)]
)
def test_the_threshold_decides_the_status_and_hides_nothing(
    project: Path, mcpi: Mcpi, threshold: str, status: int
) -> None:
    put(project / ".mcp.json", CLEARTEXT)

    ran = mcpi("audit", "--fail-on", threshold)

    assert ran.status == status
    assert "MA401" in ran.out


def test_what_could_not_be_read_is_no_success(project: Path, mcpi: Mcpi) -> None:
    (project / ".mcp.json").write_text("[", encoding="utf-8")

    ran = mcpi("audit")

    assert ran.status == 5
    assert ran.out == snapshot("""\
not checked: .mcp.json: could not read it: line 1, column 2: expecting value (host-config-invalid)
  hint: its host may read it otherwise; repair it, then audit it again

0 servers: no findings, but not all was checked
""")


def test_a_finding_counts_more_than_what_could_not_be_read(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", CLEARTEXT)
    (project / ".cursor").mkdir()
    (project / ".cursor/mcp.json").write_text("nonsense", encoding="utf-8")

    assert mcpi("audit").status == 1


@pytest.mark.parametrize("name", ["missing.json", "empty"])
def test_a_named_path_with_nothing_in_it_is_no_success(
    project: Path, mcpi: Mcpi, name: str
) -> None:
    (project / "empty").mkdir()

    assert mcpi("audit", name).status == 5


def test_a_named_file_is_read_by_its_name_and_by_its_shape(
    project: Path, tmp_path: Path, mcpi: Mcpi
) -> None:
    put(project / "x/.cursor/mcp.json", CLEARTEXT)
    put(project / "anything.json", {"servers": CLEARTEXT["mcpServers"]})
    (project / "codex.toml").write_text('[mcp_servers.docs]\nurl = "http://a.example"\n')

    ran = mcpi("audit", "x/.cursor/mcp.json", "anything.json", "codex.toml", "--json")

    document = json.loads(ran.out)
    assert {(one["path"], one["host"]) for one in document["files"]} == {
        ("x/.cursor/mcp.json", "cursor-user"),
        ("anything.json", ""),
        ("codex.toml", ""),
    }
    assert {one["file"] for one in document["findings"] if one["rule"] == "MA401"} == {
        "x/.cursor/mcp.json", "anything.json", "codex.toml",
    }  # fmt: skip


def test_a_named_folder_is_a_project(project: Path, mcpi: Mcpi) -> None:
    put(project / "other/.mcp.json", CLEARTEXT)

    assert mcpi("audit").status == 0
    assert mcpi("audit", "other").status == 1


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("cursor", json.dumps(CLEARTEXT)),
        ("codex", '[mcp_servers.docs]\nurl = "http://docs.example.com/mcp"\n'),
        ("hermes", "mcp_servers:\n  docs:\n    url: http://docs.example.com/mcp\n"),
    ],
)
def test_standard_input_is_read_as_a_hosts_file(
    project: Path, mcpi: Mcpi, host: str, text: str
) -> None:
    ran = mcpi("audit", "-", "--host", host, "--json", typed=text, terminal=False)

    found = json.loads(ran.out)["findings"]
    assert ran.status == 1
    assert [(one["rule"], one["file"], one["line"]) for one in found] == [
        ("MA401", "<stdin>", found[0]["line"])
    ]
    assert found[0]["line"] > 0


def test_one_host_can_be_chosen(project: Path, home: Path, mcpi: Mcpi) -> None:
    put(home / ".cursor/mcp.json", CLEARTEXT)

    assert mcpi("audit", "--host", "cursor").status == 1
    assert mcpi("audit", "--host", "claude-desktop").status == 0
    assert mcpi("audit", "--host", "nothing").status == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "html"),
        ("--fail-on", "bad"),
        ("--persona", "nobody"),
        ("--json", "--format", "sarif"),
        ("-", "-"),
    ],
)
def test_nonsense_is_wrong_usage(project: Path, mcpi: Mcpi, words: tuple[str, ...]) -> None:
    assert mcpi("audit", *words).status == 2


def test_every_path_is_listed_with_its_state(project: Path, home: Path, mcpi: Mcpi) -> None:
    put(home / ".cursor/mcp.json", CLEAN)
    real = put(home / "dotfiles/mcp.json", CLEAN)
    (project / ".mcp.json").symlink_to(real)

    ran = mcpi("audit", "--list-hosts", "--json")
    rows = json.loads(ran.out)["places"]
    states = {(one["path"], one["host"]): (one["state"], one["target"]) for one in rows}

    assert ran.status == 0
    assert states["~/.cursor/mcp.json", "cursor-user"] == ("found", "")
    assert states[".mcp.json", "claude-code-project"] == ("link", os.path.realpath(real))
    assert states["~/.codex/config.toml", "codex-user"] == ("absent", "")
    assert "absent  ~/.codex/config.toml  (codex-user)" in mcpi("audit", "--list-hosts").out
    assert mcpi("audit", "--list-hosts", "--format", "sarif").status == 2


# Suppressions ------------------------------------------------------------------------------------


def ignore(folder: Path, **fields: object) -> None:
    rows = [f"{key} = {json.dumps(value)}" for key, value in fields.items() if key != "expires"]
    rows += [f"expires = {fields['expires']}"] if "expires" in fields else []
    text = "\n".join(["[[ignore]]", *rows, ""])
    (folder / "mcpi-audit.toml").write_text(text, encoding="utf-8")


def accepted(found: dict[str, Any], **changes: object) -> dict[str, object]:
    return {
        "rule": found["rule"], "server": found["server"], "entry": found["entry"],
        "reason": "a test network", **changes,
    }  # fmt: skip


def test_an_accepted_finding_is_counted_and_does_not_fail(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", CLEARTEXT)
    ignore(project, **accepted(entry(mcpi)))

    ran = mcpi("audit")

    assert ran.status == 0
    assert timeless(ran.out) == snapshot("""\
1 server: no findings
  1 finding is suppressed (`--no-ignores` shows them)
""")
    (suppressed,) = json.loads(mcpi("audit", "--json").out)["suppressed"]
    assert (suppressed["rule"], suppressed["reason"]) == ("MA401", "a test network")
    assert mcpi("audit", "--no-ignores").status == 1


@pytest.mark.parametrize("name", ["docs", 'my "docs"\\ 文档'])
def test_what_verbose_prints_accepts_the_finding(project: Path, mcpi: Mcpi, name: str) -> None:
    put(project / ".cursor/mcp.json", {"mcpServers": {name: CLEARTEXT["mcpServers"]["docs"]}})
    assert "accept:" not in mcpi("audit").out
    shown = mcpi("audit", "--verbose", columns=200).out

    lines = [row for row in shown.splitlines() if row.startswith("    accept: ")]
    tables = [row.removeprefix("    accept: ").replace("  ", "\n") for row in lines]
    text = "".join(f'[[ignore]]\n{keys}\nreason = "a test"\n' for keys in tables)
    (project / "mcpi-audit.toml").write_text(text, encoding="utf-8")

    ran = mcpi("audit", "--fail-on", "low")
    assert (ran.status, "suppressed" in ran.out) == (0, True)


def test_a_finding_names_its_server_on_a_screen_and_in_markdown(project: Path, mcpi: Mcpi) -> None:
    put(project / ".cursor/mcp.json", CLEARTEXT)

    assert "MA401 cleartext-remote  docs\n" in mcpi("audit").out
    written = mcpi("audit", "--format", "markdown").out
    assert "1 server, 1 finding\n" in written
    assert "MA401 cleartext-remote `docs`: " in written


def test_a_suppression_lapses_when_the_entry_changes(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", CLEARTEXT)
    ignore(project, **accepted(entry(mcpi)))
    put(
        project / ".mcp.json",
        {"mcpServers": {"docs": {"type": "http", "url": "http://other.example.com/mcp"}}},
    )

    ran = mcpi("audit")

    assert ran.status == 1
    assert "was for another entry than the one there now" in ran.out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"expires": "2020-01-01"}, "ended on 2020-01-01"),
        ({"server": "other"}, "is not needed"),
        ({"host": "cursor-user"}, "is not needed"),
        ({"rule": "MA999"}, "is not needed"),
    ],
)
def test_a_suppression_that_accepts_nothing_is_told(
    project: Path, mcpi: Mcpi, changes: dict[str, object], said: str
) -> None:
    put(project / ".mcp.json", CLEARTEXT)
    ignore(project, **accepted(entry(mcpi), **changes))

    ran = mcpi("audit")

    assert ran.status == 1
    assert said in ran.out


def test_a_projects_suppression_speaks_of_its_own_files_only(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    put(home / ".cursor/mcp.json", CLEARTEXT)
    ignore(project, **accepted(entry(mcpi)))

    assert mcpi("audit").status == 1


@pytest.mark.parametrize("missing", ["rule", "server", "entry", "reason"])
def test_a_suppression_that_is_not_whole_is_an_error(
    project: Path, mcpi: Mcpi, missing: str
) -> None:
    put(project / ".mcp.json", CLEARTEXT)
    whole = accepted(entry(mcpi))
    ignore(project, **{key: value for key, value in whole.items() if key != missing})

    ran = mcpi("audit")

    assert ran.status == 5
    assert f"needs the text `{missing}`" in ran.err


@pytest.mark.parametrize("rule", ["MA501", "MA601", "MA704", "blanket-auto-approve", "*"])
def test_a_rule_cannot_be_switched_off_without_a_server(
    project: Path, mcpi: Mcpi, rule: str
) -> None:
    put(project / ".mcp.json", CLEAN)
    ignore(project, rule=rule, reason="it is fine")

    ran = mcpi("audit")

    assert ran.status == 5
    assert "needs the text `server`" in ran.err


@pytest.mark.parametrize("server", ["*", "a*", "[ab]", ".*"])
def test_a_servers_name_is_no_pattern(project: Path, mcpi: Mcpi, server: str) -> None:
    put(project / ".gemini/settings.json", {"mcpServers": {"a": {"command": "x", "trust": True}}})
    found = entry(mcpi)
    assert found["rule"] == "MA501"
    ignore(project, **accepted(found, server=server))
    assert mcpi("audit").status == 1

    ignore(project, **accepted(found))

    assert mcpi("audit").status == 0


def test_what_is_about_a_whole_file_is_accepted_by_its_fingerprint(
    project: Path, mcpi: Mcpi
) -> None:
    put(project / ".claude/settings.json", {"enableAllProjectMcpServers": True})
    found = entry(mcpi)
    assert (found["rule"], found["server"], found["entry"]) == ("MA501", "", "")
    ignore(project, rule="MA501", fingerprint=found["fingerprint"], reason="all of it is ours")
    assert mcpi("audit").status == 0
    put(project / ".vscode/settings.json", {"chat.tools.autoApprove": True})
    assert entry(mcpi)["file"] == ".vscode/settings.json"

    put(project / ".claude/settings.json", {"env": {"ANTHROPIC_BASE_URL": "https://a.example"}})

    ran = mcpi("audit")
    assert ran.status == 1
    assert "the suppression of MA501 for a whole file is not needed" in ran.out


def test_a_fingerprint_accepts_nothing_of_a_server(project: Path, mcpi: Mcpi) -> None:
    """It would still fit when the rest of the entry has changed."""
    put(project / ".mcp.json", CLEARTEXT)
    found = entry(mcpi)
    ignore(project, rule=found["rule"], fingerprint=found["fingerprint"], reason="a test")
    assert mcpi("audit").status == 1

    ignore(project, **accepted(found, fingerprint=found["fingerprint"]))

    assert mcpi("audit").status == 5


@pytest.mark.parametrize(
    "text", ["ignore = 3", "ignore = [3]", "[other]", "[[ignore]]\nx = 1", "["]
)
def test_nonsense_in_that_file_is_an_error(project: Path, mcpi: Mcpi, text: str) -> None:
    (project / "mcpi-audit.toml").write_text(text, encoding="utf-8")

    assert mcpi("audit").status == 5


def test_the_digest_of_an_entry_depends_on_no_secret(project: Path, mcpi: Mcpi) -> None:
    def digest(secret: str) -> str:
        server = {
            "url": f"http://u:{secret}@a.example/x?token={secret}",
            "headers": {"X-Key": secret},
            "env": {"TOKEN": secret},
            "args": ["--password", secret, f"--token={secret}"],
            "command": "x",
        }
        put(project / ".mcp.json", {"mcpServers": {"docs": server}})
        found = json.loads(mcpi("audit", "--json").out)["findings"]
        return str(next(one["entry"] for one in found if one["server"]))

    assert digest("hunter2") == digest(secrets.token_hex(20))


def test_a_baseline_leaves_only_what_is_new(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", CLEARTEXT)
    assert mcpi("audit", "--save-baseline", "known.json").status == 1

    assert mcpi("audit", "--baseline", "known.json").status == 0
    assert json.loads(mcpi("audit", "--baseline", "known.json", "--json").out)["known"] == 1
    other = {"type": "http", "url": "http://other.example.com/mcp"}
    put(project / ".mcp.json", {"mcpServers": {**CLEARTEXT["mcpServers"], "other": other}})
    assert mcpi("audit", "--baseline", "known.json").status == 1


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema": "mcpi.audit-baseline/v1", "fingerprints": [1]}', "[" * 99_999],
)
def test_a_baseline_that_is_none_is_an_error(project: Path, mcpi: Mcpi, text: str) -> None:
    (project / "known.json").write_text(text, encoding="utf-8")

    assert mcpi("audit", "--baseline", "known.json").status == 5


# Formats -----------------------------------------------------------------------------------------


def test_sarif_has_regions_fingerprints_and_no_home_folder(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    put(home / ".cursor/mcp.json", CLEARTEXT)

    text = mcpi("audit", "--format", "sarif").out
    run = json.loads(text)["runs"][0]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]

    assert str(home) not in text
    assert place["artifactLocation"] == {"uri": ".cursor/mcp.json", "uriBaseId": "HOME"}
    assert set(run["originalUriBaseIds"]) == {"SRCROOT", "HOME"}
    assert place["region"] == {"startLine": 5, "startColumn": 14, "endLine": 5, "endColumn": 43}
    assert len(result["partialFingerprints"]["mcpi/v1"]) == 64


def test_a_fingerprint_stays_where_lines_and_folders_change(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    put(project / ".mcp.json", CLEARTEXT)
    before = entry(mcpi)["fingerprint"]
    text = "\n\n\n" + json.dumps({"other": 1, **CLEARTEXT}, indent=8)
    (project / ".mcp.json").write_text(text, encoding="utf-8")

    assert entry(mcpi)["fingerprint"] == before


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit", "markdown"])
def test_two_runs_say_the_same(project: Path, mcpi: Mcpi, form: str) -> None:
    put(project / ".mcp.json", CLEARTEXT)

    first, second = (mcpi("audit", "--format", form) for _ in range(2))

    assert first == second
    assert first.status == 1
