"""`--json`: one object on standard output, whatever happens."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from inline_snapshot import snapshot

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check
from mcpinstall.model.host import ConfiguredServer, EnvironmentValue
from mcpinstall.model.registry import IndexRow
from mcpinstall.model.revocation import Withdrawal
from mcpinstall.operations.catalog import Shown
from mcpinstall.operations.findings import Finding
from mcpinstall.operations.prepared import PreparedRemoval
from tests.builders import plans
from tests.cli.conftest import Mcpi, Operations


def answer(mcpi: Mcpi, *arguments: str) -> dict[str, Any]:
    """Return what a command prints."""
    printed: dict[str, Any] = json.loads(mcpi(*arguments, "--json", terminal=False).out)
    return printed


def test_a_plan(mcpi: Mcpi, operations: Operations) -> None:
    assert answer(mcpi, "install", "git", "--dry-run") == snapshot(
        {
            "schema": 1,
            "command": "install",
            "outcome": "planned",
            "plan": {
                "digest": "sha256:5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0c",
                "action": "install",
                "servers": [
                    {
                        "name": "io.github.modelcontextprotocol/server-git",
                        "version": "2026.10.19",
                        "entry": "git",
                        "review": "certified",
                        "criteria": ["locked", "inspected", "probed"],
                        "registry": {
                            "name": "bundled",
                            "serial": 1,
                            "issued": "2026-11-22T00:00:00+00:00",
                            "expires": "2027-05-21T00:00:00+00:00",
                            "stale": False,
                        },
                        "transport": "stdio",
                        "advice": None,
                        "remote": None,
                        "command": [
                            "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python",
                            "-I",
                            "-B",
                            "-X",
                            "utf8",
                            "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py",
                            "--repository",
                            "/home/ada/code/app",
                        ],
                        "unreviewed_arguments": [],
                        "environment": [],
                        "permissions": {
                            "enforced": False,
                            "network": [],
                            "read": ["{repository}"],
                            "write": ["{repository}"],
                            "exec": ["git"],
                        },
                        "interpreter": {
                            "path": "/usr/bin/python3.12",
                            "version": "3.12.4",
                            "sha256": "abababababababababababababababababababababababababababababababab",
                        },
                        "artifacts": [
                            {
                                "filename": "mcp_server_git-2026.10.19-py3-none-any.whl",
                                "size": 23456,
                                "sha256": "abababababababababababababababababababababababababababababababab",
                            }
                        ],
                        "already_installed": False,
                        "publishers": [],
                        "starts": [
                            {
                                "hosts": ["cursor-user"],
                                "command": [
                                    "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python",
                                    "-I",
                                    "-B",
                                    "-X",
                                    "utf8",
                                    "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/start.py",
                                    "--repository",
                                    "/home/ada/code/app",
                                ],
                                "environment": [],
                            }
                        ],
                    }
                ],
                "checks": [
                    {
                        "number": 1,
                        "name": "registry",
                        "outcome": "verified",
                        "evidence": "shipped with mcpinstall 0.1.0, fresh, not rolled back",
                    },
                    {
                        "number": 2,
                        "name": "manifest",
                        "outcome": "verified",
                        "evidence": "4 files match their sha256",
                    },
                    {
                        "number": 3,
                        "name": "policy",
                        "outcome": "verified",
                        "evidence": "built-in default: certified; none yanked",
                    },
                    {
                        "number": 4,
                        "name": "downloads",
                        "outcome": "verified",
                        "evidence": "32 files, 10.1 MB, sha256",
                    },
                    {
                        "number": 5,
                        "name": "publisher",
                        "outcome": "absent",
                        "evidence": "the manifest names no publisher identity",
                    },
                    {
                        "number": 6,
                        "name": "archives",
                        "outcome": "verified",
                        "evidence": "1,612 members, no start-up hooks",
                    },
                    {"number": 7, "name": "environment", "outcome": "not yet run", "evidence": ""},
                    {"number": 8, "name": "answers", "outcome": "not yet run", "evidence": ""},
                    {"number": 9, "name": "host file", "outcome": "not yet run", "evidence": ""},
                ],
                "policy": {"files": [], "rules": []},
                "files": [
                    {
                        "host": "cursor-user",
                        "path": "/home/ada/.cursor/mcp.json",
                        "target": "/home/ada/.cursor/mcp.json",
                        "created": False,
                        "removed": False,
                        "diff": [
                            "--- ~/.cursor/mcp.json",
                            "+++ ~/.cursor/mcp.json",
                            "@@ -1,5 +1,12 @@",
                            " {",
                            '   "mcpServers": {',
                            '     "weather": {',
                            '       "command": "…"',
                            "-    }",
                            "+    },",
                            '+    "git": {',
                            '+      "command": "/home/ada/.local/share/mcpinstall/servers/git-1a2b3c4d5e6f/current/bin/python"',
                            "+    }",
                            "   }",
                            " }",
                        ],
                        "warnings": [],
                    }
                ],
                "print_for": [],
                "skipped": [],
            },
        }
    )


def test_a_finished_change(mcpi: Mcpi, operations: Operations) -> None:
    assert answer(mcpi, "install", "git", "--yes") == snapshot(
        {
            "schema": 1,
            "command": "install",
            "outcome": "done",
            "change": {
                "id": "20261122T134501Z-3f9a12",
                "action": "install",
                "entries": ["git"],
                "hosts": ["cursor-user"],
                "undoes": None,
            },
            "entries": [
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
                    "hold": None,
                    "publishers": [],
                    "checks": [
                        {
                            "number": 1,
                            "name": "registry",
                            "outcome": "verified",
                            "evidence": "shipped with mcpinstall 0.1.0, fresh, not rolled back",
                        }
                    ],
                }
            ],
            "printed": [],
            "notes": [],
            "probe_seconds": 0.0,
        }
    )


def test_what_is_in_place(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = plans.prepared(plans.server(already_installed=True), changes=())

    assert answer(mcpi, "install", "git")["outcome"] == "nothing-to-do"


def test_a_removal(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = PreparedRemoval(
        receipts=(plans.receipt(),), changes=(), servers_removed=(plans.GIT,), notes=("a note",)
    )
    operations.done = plans.done("uninstall", receipts=())

    assert answer(mcpi, "uninstall", "git", "-n") == snapshot(
        {
            "schema": 1,
            "command": "uninstall",
            "outcome": "planned",
            "files": [],
            "notes": ["a note"],
        }
    )
    assert answer(mcpi, "uninstall", "git", "-y")["outcome"] == "done"


def test_a_failure_is_an_object_and_words(mcpi: Mcpi, operations: Operations) -> None:
    operations.refusal = McpInstallError(
        ErrorCode.DIGEST_MISMATCH, "`x` \x1b[2J", hint="look", evidence="a\nb"
    )

    ran = mcpi("install", "git", "--json", terminal=False)

    assert json.loads(ran.out) == snapshot(
        {
            "schema": 1,
            "command": "install",
            "error": {
                "code": "digest-mismatch",
                "message": "`x` \x1b[2J",
                "hint": "look",
                "evidence": """\
a
b\
""",
                "after": "nothing was changed",
                "exit_status": 3,
            },
        }
    )
    assert ran.out.isascii()
    assert ran.err.startswith("error[digest-mismatch]: `x` \\x1b[2J\n")


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (KeyboardInterrupt(), {"code": "interrupted", "exit_status": 130}),
        (ZeroDivisionError(), {"code": "bug", "exit_status": 70}),
    ],
)
def test_every_end_is_an_object(
    mcpi: Mcpi, operations: Operations, failure: BaseException, error: dict[str, object]
) -> None:
    operations.refusal = failure

    assert answer(mcpi, "list") == {"schema": 1, "command": "list", "error": error}


def test_wrong_usage_is_an_object(mcpi: Mcpi) -> None:
    assert answer(mcpi, "list", "--what")["error"]["code"] == "usage"
    assert answer(mcpi, "what")["command"] == "mcpi"


def test_the_lists(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = (SimpleNamespace(receipt=plans.receipt(), state="ok", withdrawal=None),)
    assert answer(mcpi, "list") == snapshot(
        {
            "schema": 1,
            "command": "list",
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
                    "hold": None,
                    "publishers": [],
                    "checks": [
                        {
                            "number": 1,
                            "name": "registry",
                            "outcome": "verified",
                            "evidence": "shipped with mcpinstall 0.1.0, fresh, not rolled back",
                        }
                    ],
                    "state": "ok",
                    "revoked": None,
                }
            ],
        }
    )

    operations.prepared = (
        IndexRow(name=plans.GIT, version="1", title="Git", summary="of", sha256=plans.SHA),
    )
    assert answer(mcpi, "search", "git") == snapshot(
        {
            "schema": 1,
            "command": "search",
            "servers": [
                {
                    "name": "io.github.modelcontextprotocol/server-git",
                    "alias": None,
                    "version": "1",
                    "title": "Git",
                    "summary": "of",
                    "sha256": "abababababababababababababababababababababababababababababababab",
                }
            ],
            "not_searched": [],
        }
    )

    operations.prepared = (plans.record(),)
    assert answer(mcpi, "history") == snapshot(
        {
            "schema": 1,
            "command": "history",
            "changes": [
                {
                    "id": "20261122T134501Z-3f9a12",
                    "action": "install",
                    "entries": ["git"],
                    "hosts": ["cursor-user"],
                    "undoes": None,
                    "taken_back": False,
                }
            ],
        }
    )

    operations.prepared = SimpleNamespace(files=3, bytes=1000)
    assert answer(mcpi, "cache", "prune") == snapshot(
        {"schema": 1, "command": "cache prune", "files": 3, "bytes": 1000}
    )


def test_what_was_revoked(mcpi: Mcpi, operations: Operations) -> None:
    why = Withdrawal(
        code=ErrorCode.REVIEWER_REVOKED, what="the reviewer `Eve`", reason="bought",
        date="2026-11-23",
    )  # fmt: skip
    operations.prepared = (SimpleNamespace(receipt=plans.receipt(), state="ok", withdrawal=why),)

    (server,) = answer(mcpi, "list")["servers"]

    assert server["state"] == "ok"
    assert server["revoked"] == snapshot(
        {
            "code": "reviewer-revoked",
            "what": "the reviewer `Eve`",
            "reason": "bought",
            "date": "2026-11-23",
        }
    )


def test_one_server(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = Shown(
        reviewed=plans.reviewed(), questions=(plans.question(),), versions=("1",), receipts=(),
        revoked_versions=(),
    )  # fmt: skip
    assert answer(mcpi, "show", "git")["server"] == snapshot(
        {
            "name": "io.github.modelcontextprotocol/server-git",
            "version": "2026.10.19",
            "title": "Git",
            "summary": "read, search and change one Git repository",
            "review": "certified",
            "criteria": ["locked", "inspected", "probed"],
            "registry": "bundled",
            "manifest_sha256": "abababababababababababababababababababababababababababababababab",
            "package": {
                "registry_type": "pypi",
                "identifier": "mcp-server-git",
                "version": "2026.10.19",
                "requires_python": ">=3.11",
                "platforms": ["linux-x86_64-glibc", "macos-arm64"],
            },
            "remotes": [],
            "audience": "everyone",
            "integrates": "local",
            "inputs": [
                {
                    "name": "repository",
                    "description": "the Git repository to work on",
                    "required": True,
                    "secret": False,
                    "format": "filepath",
                    "choices": [],
                    "default": None,
                }
            ],
            "revoked": None,
            "discounted_reviews": [],
            "versions": ["1"],
            "revoked_versions": [],
            "entries": [],
            "tools": ["git_diff", "git_log"],
        }
    )

    operations.prepared = SimpleNamespace(
        receipt=plans.receipt(),
        tools=("git_log",),
        differences=(),
        protocol="x",
        seconds=0.6666,
        reviewed=True,
        seen_first=False,
        authorization="",
    )
    assert answer(mcpi, "test", "git")["result"] == snapshot(
        {
            "entry": "git",
            "version": "2026.10.19",
            "protocol": "x",
            "seconds": 0.667,
            "tools": ["git_log"],
            "reviewed": True,
            "seen_first": False,
            "authorization": None,
            "differences": [],
        }
    )

    finding = Finding(check=Check.ENVIRONMENT, subject="lib/x.py", message="is changed")
    operations.prepared = (
        SimpleNamespace(
            entry_name="git", name=plans.GIT, version="1", checks=plans.CHECKS[:1],
            findings=(finding,), anchor="registry bundled, serial 1", problem=None,
        ),
    )  # fmt: skip
    assert answer(mcpi, "verify")["servers"] == snapshot(
        [
            {
                "entry": "git",
                "name": "io.github.modelcontextprotocol/server-git",
                "version": "1",
                "checks": [
                    {
                        "number": 1,
                        "name": "registry",
                        "outcome": "verified",
                        "evidence": "shipped with mcpinstall 0.1.0, fresh, not rolled back",
                    }
                ],
                "findings": [
                    {
                        "check": 7,
                        "kind": "not-as-verified",
                        "subject": "lib/x.py",
                        "message": "is changed",
                    }
                ],
                "anchor": "registry bundled, serial 1",
                "problem": None,
            }
        ]
    )


def test_a_failure_after_the_answer_adds_no_second_document(
    mcpi: Mcpi, operations: Operations
) -> None:
    problem = McpInstallError(ErrorCode.OFFLINE_MISSING, "1 file is damaged in the store")
    operations.prepared = (
        SimpleNamespace(
            entry_name="git", name=plans.GIT, version="1", checks=(), findings=(),
            anchor="registry bundled, serial 1", problem=problem,
        ),
    )  # fmt: skip

    ran = mcpi("verify", "--json")

    assert ran.status == 5
    assert json.loads(ran.out)["servers"][0]["problem"] == "offline-missing"


def test_a_secret_is_in_no_object(mcpi: Mcpi, operations: Operations) -> None:
    env = (EnvironmentValue(name="KEY", value="hunter2", secret=True),)
    operations.prepared = plans.prepared(plans.server(env=env))

    assert "hunter2" not in mcpi("install", "git", "-n", "--json", terminal=False).out


def test_of_other_servers_only_the_names_are_told(
    mcpi: Mcpi, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcpinstall.operations import inventory

    state = SimpleNamespace(
        row=plans.row(), path=plans.HOME / "x.json", found=True, exists=True, ours=("git",),
        servers=(ConfiguredServer(name="other", command="npx", args=("hunter2",)),), problem=None,
        why_not="", writable=True, advice="", choices=(),
    )  # fmt: skip
    monkeypatch.setattr(inventory, "host_states", lambda _: (state,))

    assert answer(mcpi, "hosts") == snapshot(
        {
            "schema": 1,
            "command": "hosts",
            "hosts": [
                {
                    "id": "cursor-user",
                    "title": "Cursor",
                    "found": True,
                    "path": "/home/ada/x.json",
                    "exists": True,
                    "servers": ["other"],
                    "ours": ["git"],
                    "problem": None,
                    "status": "active",
                    "why_not": None,
                    "writable": True,
                    "advice": None,
                    "choices": [],
                    "after_a_change": "restart Cursor",
                }
            ],
        }
    )


def test_mcpi_alone(mcpi: Mcpi, operations: Operations) -> None:
    operations.prepared = ()

    assert answer(mcpi) == {"schema": 1, "command": "mcpi", "servers": [], "hosts": []}
