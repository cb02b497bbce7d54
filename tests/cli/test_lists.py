"""The commands that only look."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import layout, render_lists
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.revocation import Revocation, Withdrawal
from mcpinstall.operations import direct
from mcpinstall.operations.catalog import Shown
from tests.builders import plans
from tests.cli.conftest import Mcpi, Operations

WITHDRAWAL = Withdrawal(
    code=ErrorCode.VERSION_REVOKED, what="`git` 1", reason="it sends mail\x1b[2J",
    date="2026-11-23",
)  # fmt: skip


def installed(**states: str) -> tuple[SimpleNamespace, ...]:
    """Return installed entries with their states."""
    return tuple(
        SimpleNamespace(
            receipt=plans.receipt(name),
            state=state.removeprefix("revoked "),
            withdrawal=WITHDRAWAL if state.startswith("revoked ") else None,
        )
        for name, state in states.items()
    )


def host(product: str, title: str, *, found: bool = True, **changes: object) -> SimpleNamespace:
    """Return what is known about a host."""
    values: dict[str, Any] = {
        "row": plans.row(product, title),
        "path": plans.HOME / f".{product}/mcp.json",
        "found": found,
        "exists": True,
        "servers": (object(), object()),
        "ours": (),
        "problem": None,
        "why_not": "",
        "advice": "",
        "choices": (),
    }
    values.update(changes)
    values["writable"] = not values["why_not"] and values["problem"] is None
    return SimpleNamespace(**values)


@pytest.fixture
def three_hosts(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcpinstall.operations import inventory

    states = (
        host("cursor", "Cursor", ours=("git",)),
        host("code", "VS Code", problem="`mcp.json` is not valid JSON: line 3, column 1"),
        host("zed", "Zed", found=False, exists=False),
    )
    monkeypatch.setattr(inventory, "host_states", lambda _: states)


def test_list(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = installed(git="ok", time="environment missing")

    assert mcpi("list").out == snapshot("""\
name  version     hosts   state
git   2026.10.19  cursor  ok
time  2026.10.19  cursor  environment missing
""")


def test_list_tells_what_was_revoked(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = installed(git="revoked ok", time="revoked environment missing")

    assert mcpi("list", columns=100).out == snapshot("""\
name  version     hosts   state
git   2026.10.19  cursor  REVOKED: it sends mail\\x1b[2J (2026-11-23)
time  2026.10.19  cursor  REVOKED: it sends mail\\x1b[2J (2026-11-23); environment missing
""")


def test_mcpi_alone_tells_what_was_revoked(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = installed(time="environment missing", git="revoked ok")

    assert mcpi(columns=100).out == snapshot("""\
Installed
  name  version     hosts   state
  time  2026.10.19  cursor  environment missing
  git   2026.10.19  cursor  REVOKED: it sends mail\\x1b[2J (2026-11-23)

Hosts on this machine
  none found

Next
  mcpi uninstall git   its registry revoked it
  mcpi search TEXT     find a server
  mcpi --help          every command
""")


def test_an_empty_list_has_no_data(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = ()

    ran = mcpi("list")

    assert (ran.status, ran.out) == (0, "")
    assert ran.err == "nothing is installed; `mcpi search TEXT` finds servers\n"
    assert mcpi("list", "--quiet").err == ""


def test_search(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = (
        IndexRow(name=plans.GIT, version="1", title="", summary="of Git", sha256="", alias="git"),
    )

    ran = mcpi("search", "git")

    assert ran.out.splitlines() == [
        "name  version  full name                                  summary",
        f"git   1        {plans.GIT}  of Git",
    ]


def test_search_on_a_screen() -> None:
    rows = (
        IndexRow(name=plans.GIT, version="1", title="", summary="of Git", sha256="", alias="git"),
        IndexRow(name="io.example/x", version="2", title="", summary="it " * 20, sha256=""),
    )

    assert layout.plain(render_lists.servers(rows, 60)) == snapshot("""\
git 1 — of Git
  io.github.modelcontextprotocol/server-git
io.example/x 2 — it it it it it it it it it it it it it it
  ↳ it it it it it it \n\
""")


def test_a_search_without_result(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = ()

    ran = mcpi("search", "\x1b[2J")

    assert (ran.status, ran.err) == (0, "no server matches `\\x1b[2J`\n")


def test_a_search_names_the_registry_that_fails(
    mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch, operations: Operations
) -> None:
    from mcpinstall.operations import catalog

    def search(*_: object, failed: catalog.Failed, **__: object) -> tuple[IndexRow, ...]:
        failed("corp", McpInstallError(ErrorCode.REGISTRY_STALE, "expired\x1b[2J"))
        return ()

    monkeypatch.setattr(catalog, "search", search)

    ran = mcpi("search", "git", "--quiet")

    assert ran.status == 0
    assert ran.err == snapshot(
        "not searched: the registry `corp` (registry-stale): expired\\x1b[2J\n"
    )


@pytest.mark.usefixtures("three_hosts")
def test_hosts(mcpi: Mcpi) -> None:
    ran = mcpi("hosts")

    assert ran.out == snapshot("""\
host    program  servers  ours  file
cursor  found    2        git   /home/ada/.cursor/mcp.json
code    found    -        -     `mcp.json` is not valid JSON: line 3, column 1
""")
    assert ran.err == (
        "1 more are supported but not found; `--all` lists them\n"
        "`--verbose` says what to do where a file is not written\n"
    )


@pytest.mark.usefixtures("three_hosts")
def test_all_hosts(mcpi: Mcpi) -> None:
    assert mcpi("hosts", "--all").out.splitlines()[-1] == snapshot(
        "zed     not found  -        -     /home/ada/.zed/mcp.json (no such file yet)"
    )


def test_a_host_that_is_not_written_says_why(
    mcpi: Mcpi, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcpinstall.operations import inventory

    states = (
        host("raycast", "Raycast", path=None, exists=False, why_not="it has no file for servers"),
        host("void", "Void", row=plans.row("void", "Void", status="archived"), exists=False),
    )
    monkeypatch.setattr(inventory, "host_states", lambda _: states)

    assert mcpi("hosts").out == snapshot("""\
host     program  servers  ours  file
raycast  found    -        -     not written, `--print` only: it has no file for servers
void     found    -        -     /home/ada/.void/mcp.json (archived, no such file yet)
""")


def test_hosts_with_what_to_do(
    mcpi: Mcpi, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcpinstall.operations import inventory

    paths = (plans.HOME / "Code/mcp.json", plans.HOME / "Cursor/mcp.json")
    states = (
        host("cursor", "Cursor"),
        host(
            "roo-code", "Roo Code", path=None, exists=False, choices=paths,
            problem="Roo Code has 2 configuration files", advice="name the one in use",
        ),
        host(
            "raycast", "Raycast", path=None, exists=False, advice="copy this",
            why_not="it has no file for servers",
        ),
    )  # fmt: skip
    monkeypatch.setattr(inventory, "host_states", lambda _: states)

    ran = mcpi("hosts", "--verbose")

    assert ran.out == snapshot("""\
host      program  servers  ours  file
cursor    found    2        -     /home/ada/.cursor/mcp.json
roo-code  found    -        -     Roo Code has 2 configuration files
raycast   found    -        -     not written, `--print` only: it has no file for servers

Cursor
  --host  cursor
  file    /home/ada/.cursor/mcp.json
  written yes
  after   restart Cursor

Roo Code
  --host  roo-code
  or      /home/ada/Code/mcp.json
  or      /home/ada/Cursor/mcp.json
  written no: Roo Code has 2 configuration files
  do      name the one in use

Raycast
  --host  raycast
  written no: it has no file for servers
  do      copy this
""")
    assert ran.err == ""


def test_history(mcpi: Mcpi, operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcpinstall.operations import undo

    operations.prepared = (plans.record(), plans.record("uninstall", id="20261121T090000Z-00aa11"))
    monkeypatch.setattr(undo, "undone", lambda _: {"20261121T090000Z-00aa11"})

    assert mcpi("history").out == snapshot("""\
id                       when                     change                  servers
20261122T134501Z-3f9a12  2026-11-22 13:45:01 UTC  install                 git
20261121T090000Z-00aa11  2026-11-21 09:00:00 UTC  uninstall (taken back)  git
""")


def test_show(mcpi: Mcpi, operations: Operations) -> None:
    token = plans.question(
        "TOKEN", description="of your forge", secret=True, required=False, default=None
    )
    operations.prepared = Shown(
        reviewed=plans.reviewed(),
        questions=(plans.question(), token),
        versions=("2026.10.19", "2026.9.1"),
        receipts=(plans.receipt(),),
        revoked_versions=(),
    )

    assert mcpi("show", "git").out == snapshot("""\
Git 2026.10.19
  io.github.modelcontextprotocol/server-git
  read, search and change one Git repository

  CERTIFIED
  registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed
  not done: source-read
  review claimed by Grace, 2026-11-20

package     pypi mcp-server-git 2026.10.19
python      >=3.11
platforms   linux-x86_64-glibc, macos-arm64
publisher   the index has no attestations for it
versions    2026.10.19, 2026.9.1
installed   as git

input                             needed            meaning
--set repository=PATH             required          the Git repository to work on
--secret-from-env TOKEN=VARIABLE  optional, secret  of your forge

2 tools: git_diff, git_log
""")


def test_show_guesses_no_transport_of_an_address(mcpi: Mcpi, operations: Operations) -> None:
    server = direct.server("https://mcp.example.com/sse")
    operations.prepared = Shown(reviewed=server, questions=(), versions=(), receipts=())
    assert "streamable-http (or `--transport sse`) https://mcp.example.com/sse" in _words(mcpi)

    there = plans.receipt("old", transport="sse", url="https://mcp.example.com/sse")
    operations.prepared = replace(operations.prepared, receipts=(there,))
    assert "remote sse https://mcp.example.com/sse" in _words(mcpi)


def _words(mcpi: Mcpi) -> str:
    return " ".join(mcpi("show", "remote:https://mcp.example.com/sse").out.split())


def test_show_tells_what_was_revoked(mcpi: Mcpi, operations: Operations) -> None:
    reviewed = plans.reviewed()
    revoked = (
        Revocation(name=plans.GIT, version="2026.10.19", reason="it leaks", date="2026-11-23"),
    )
    operations.prepared = Shown(
        reviewed=replace(
            reviewed, registry=replace(reviewed.registry, revocations=revoked),
            discounted=("the review of `Eve` does not count: revoked, bought (2026-11-20)",),
        ),
        questions=(), versions=("2026.10.19", "2026.9.1"), receipts=(),
        revoked_versions=("2026.10.19",),
    )  # fmt: skip

    assert mcpi("show", "git").out == snapshot("""\
Git 2026.10.19
  io.github.modelcontextprotocol/server-git
  read, search and change one Git repository

  REVOKED: `io.github.modelcontextprotocol/server-git` 2026.10.19: it leaks (2026-11-23)
  CERTIFIED
  registry: bundled (issued 2026-11-22)
  criteria: locked, inspected, probed
  not done: source-read
  review claimed by Grace, 2026-11-20
  ! the review of `Eve` does not count: revoked, bought (2026-11-20)

package     pypi mcp-server-git 2026.10.19
python      >=3.11
platforms   linux-x86_64-glibc, macos-arm64
publisher   the index has no attestations for it
versions    2026.10.19 (REVOKED), 2026.9.1
installed   no

2 tools: git_diff, git_log
""")


def test_test(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = SimpleNamespace(
        receipt=plans.receipt(), tools=("git_diff", "git_log"), differences=(),
        protocol="2026-07-28", seconds=0.66, reviewed=True, seen_first=False,
            authorization="",
    )  # fmt: skip

    ran = mcpi("test", "git")

    assert (ran.status, ran.out) == (
        0,
        snapshot("""\
git 2026.10.19 answers: 2 tools, unchanged since review (protocol 2026-07-28, 0.7 s)
  git_diff, git_log
"""),
    )


def test_a_test_that_finds_other_tools_ends_with_3(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = SimpleNamespace(
        receipt=plans.receipt(), tools=("git_diff",), differences=("- git_log", "+ git_push"),
        protocol="2026-07-28", seconds=0.66, reviewed=True, seen_first=False,
            authorization="",
    )  # fmt: skip

    ran = mcpi("test", "git")

    assert (ran.status, ran.out) == (
        3,
        snapshot("""\
git 2026.10.19 answers: 1 tool, NOT as reviewed (protocol 2026-07-28, 0.7 s)
  | - git_log
  | + git_push
"""),
    )


def verified(*findings: SimpleNamespace, problem: McpInstallError | None = None) -> SimpleNamespace:
    """Return what `verify` found out about one entry."""
    failed = CheckResult(check=Check.ENVIRONMENT, outcome=Outcome.FAILED, evidence="2 files differ")
    return SimpleNamespace(
        entry_name="git", name=plans.GIT, version="2026.10.19", findings=findings,
        checks=(plans.CHECKS[0], *([failed] if findings else [])),
        anchor="registry bundled, serial 1", problem=problem,
    )  # fmt: skip


def test_verify_with_what_could_not_be_checked_ends_with_5(
    mcpi: Mcpi, operations: Operations
) -> None:
    problem = McpInstallError(ErrorCode.OFFLINE_MISSING, "1 file is damaged in the store")
    operations.prepared = (verified(problem=problem), verified())

    ran = mcpi("verify")

    assert ran.status == 5
    assert "error[offline-missing]: 1 file is damaged in the store" in ran.err
    assert "git 2026.10.19   no findings, not fully checked\n" in ran.out
    assert "git 2026.10.19   no findings\n" in ran.out


def test_verify(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = (verified(),)

    ran = mcpi("verify")

    assert (ran.status, ran.out) == (
        0,
        snapshot("""\
git 2026.10.19   no findings
  1 registry  verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  anchor: registry bundled, serial 1
"""),
    )


def test_verify_with_findings_ends_with_1(mcpi: Mcpi, operations: Operations) -> None:
    finding = SimpleNamespace(check=Check.ENVIRONMENT, subject="lib/x.py", message="is changed")
    operations.prepared = (verified(finding), verified())

    ran = mcpi("verify", "git")

    assert (ran.status, ran.out) == (
        1,
        snapshot("""\
git 2026.10.19   1 finding
  1 registry     verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  7 environment  failed    2 files differ
  finding: environment: `lib/x.py` is changed
  anchor: registry bundled, serial 1

git 2026.10.19   no findings
  1 registry  verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  anchor: registry bundled, serial 1
"""),
    )


def test_cache(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = SimpleNamespace(files=1612, bytes=10_123_456)

    assert mcpi("cache", "size").out == ("10.1 MB in 1,612 files, ~/.cache/mcpinstall\n")
    assert mcpi("cache", "prune").err == "deleted 1,612 files, 10.1 MB freed\n"


@pytest.mark.usefixtures("three_hosts")
def test_mcpi_alone(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = installed(git="ok")
    assert mcpi().out == snapshot("""\
Installed
  name  version     hosts   state
  git   2026.10.19  cursor  ok

Hosts on this machine
  Cursor   /home/ada/.cursor/mcp.json
  VS Code  `mcp.json` is not valid JSON: line 3, column 1

Next
  mcpi verify        check what is installed
  mcpi doctor        say what is wrong with a host's file
  mcpi search TEXT   find a server
  mcpi --help        every command
""")

    operations.prepared = ()
    assert mcpi().out.partition("Next\n")[2] == snapshot("""\
  mcpi install time   a first server: it tells the time
  mcpi doctor         say what is wrong with a host's file
  mcpi search TEXT    find a server
  mcpi --help         every command
""")

    operations.prepared = installed(git="environment missing")
    assert "mcpi reinstall git" in mcpi().out
