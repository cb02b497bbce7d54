"""Questions about a host's file before the plan: which one is meant, and its byte-order mark."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.operations.prepared import FileQuestion, HostChoice, SkippedHost
from tests.builders import plans
from tests.cli.conftest import Mcpi, Operations

HERE, THERE = Path("/home/ada/Code/mcp.json"), Path("/home/ada/Cursor/mcp.json")


def choice(*paths: Path) -> HostChoice:
    """A host that is chosen, with a question about its file."""
    row = plans.row("roo-code", "Roo Code")
    return HostChoice(
        chosen=(row,), candidates=(), preselected=(),
        questions=(FileQuestion(row=row, paths=paths),),
    )  # fmt: skip


def test_the_file_that_is_picked_is_named_for_its_host(mcpi: Mcpi, operations: Operations) -> None:
    operations.hosts = choice(HERE, THERE)

    ran = mcpi("install", "git", "-H", "roo-code", "-H", "codex", typed="3\nx\n2\ny\n")

    assert ran.status == 0
    assert operations.requests[-1].hosts == ("codex", f"roo-code-user={THERE}")
    assert ran.err[: ran.err.index("Which one is in use?")] == snapshot("""\
Roo Code has several files, and reads only one of them:
   1  /home/ada/Code/mcp.json
   2  /home/ada/Cursor/mcp.json
""")


def test_no_file_is_an_answer_as_well(mcpi: Mcpi, operations: Operations) -> None:
    operations.hosts = choice(HERE, THERE)

    ran = mcpi("install", "git", typed="n\n")

    assert ran.status == 4
    assert operations.requests == []


@pytest.mark.parametrize(
    ("typed", "strip"),
    [("\ny\n", True), ("y\ny\n", True), ("n\ny\n", False), ("?\nno\ny\n", False)],
)
def test_a_mark_may_go_or_stay(
    mcpi: Mcpi,
    operations: Operations,
    typed: str,
    strip: bool,
) -> None:
    operations.hosts = choice(HERE)

    ran = mcpi("install", "git", typed=typed)

    assert ran.status == 0
    assert operations.requests[-1].strip_bom is strip
    assert ran.err[: ran.err.index("Take it off")] == snapshot("""\
`/home/ada/Code/mcp.json` begins with a byte-order mark, three invisible bytes:
  ↳ Roo Code rejects such a file
""")


def test_who_said_it_with_a_flag_is_not_asked(mcpi: Mcpi, operations: Operations) -> None:
    operations.hosts = choice(HERE)

    ran = mcpi("install", "git", "--strip-bom", typed="y\n")

    assert "Take it off" not in ran.err
    assert operations.requests[-1].strip_bom


def test_without_a_terminal_nothing_is_asked_and_the_mark_stays(
    mcpi: Mcpi, operations: Operations
) -> None:
    operations.hosts = choice(HERE)

    mcpi("install", "git", "--yes", terminal=False)

    assert not operations.requests[-1].strip_bom


def test_hosts_that_can_not_take_it_are_named_on_the_plan(
    mcpi: Mcpi, operations: Operations
) -> None:
    error = McpInstallError(
        ErrorCode.HOST_UNSUPPORTED, "mcpi does not write to Raycast: \x1b[2J", hint="copy this"
    )
    skipped = SkippedHost(row=plans.row("raycast", "Raycast"), error=error)
    operations.prepared = dataclasses.replace(plans.prepared(), skipped=(skipped,))

    ran = mcpi("install", "git", "-H", "all", "--dry-run")
    answer = mcpi("install", "git", "-H", "all", "--dry-run", "--json").out

    assert "not Raycast: mcpi does not write to Raycast: \\x1b[2J\n    copy this\n" in ran.err
    assert '"skipped": [\n      {\n        "host": "raycast-user"' in answer
