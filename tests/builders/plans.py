"""Plans, receipts and records made by hand, as the command line gets them from operations."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcpinstall.cli.render_diff import FileDiff
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.environment import Command, Interpreter
from mcpinstall.model.host import (
    Chain,
    EnvironmentValue,
    Format,
    HostChange,
    HostFile,
    HostRow,
    Patch,
    SecretStyle,
    ServerEntry,
)
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.lock import Lock
from mcpinstall.model.manifest import (
    Audience,
    Integrates,
    Manifest,
    PackageChoice,
    Permissions,
    ProbeSettings,
    Review,
)
from mcpinstall.model.plan import Plan, Request, ServerPlan
from mcpinstall.model.receipt import FileChange, HistoryRecord, Receipt
from mcpinstall.model.registry import RegistryKind, RegistryState, ReviewedServer, ReviewState
from mcpinstall.model.server_json import InputFormat, ServerJson
from mcpinstall.model.tools import ToolList
from mcpinstall.operations.prepared import Done, Prepared
from mcpinstall.planning.questions import Question

HOME = Path("/home/ada")
SERVERS = HOME / ".local/share/mcpinstall/servers"
DIGEST = "5f0c" * 16
SHA = "ab" * 32
GIT = "io.github.modelcontextprotocol/server-git"

DIFF = (
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
    f'+      "command": "{SERVERS}/git-1a2b3c4d5e6f/current/bin/python"',
    "+    }",
    "   }",
    " }",
)


def row(product: str = "cursor", title: str = "Cursor", **changes: object) -> HostRow:
    """Return a host."""
    values: dict[str, Any] = {
        "id": f"{product}-user",
        "product": product,
        "title": title,
        "format": Format.JSON,
        "scope": "user",
        "paths": (("linux", (f"~/.{product}/mcp.json",)),),
        "path_pick": "single",
        "overrides": (),
        "programs": (product,),
        "applications": (),
        "servers_key": ("mcpServers",),
        "secret_style": SecretStyle.TEMPLATE,
        "secret_template": "${env:%s}",
        "name_pattern": ".*",
        "reserved_names": (),
        "literal_dollar": False,
        "rewrites_file": False,
        "reload": f"restart {title}",
        "bom": "reject",
    }
    values.update(changes)
    return HostRow(**values)


def change(
    host: HostRow | None = None,
    *,
    content: bytes | None = b'{"mcpServers": {}}',
    after: bytes | None = b"{}",
    target: Path | None = None,
    warnings: tuple[str, ...] = (),
) -> HostChange:
    """Return a change of a host's file."""
    found = host or row()
    path = HOME / f".{found.product}/mcp.json"
    chain = Chain(row_id=found.id)
    return HostChange(
        file=HostFile(row=found, path=path, target=target or path, content=content),
        after=after,
        chain_before=chain,
        chain_after=chain,
        warnings=warnings,
    )


def diff(of: HostChange | None = None, lines: tuple[str, ...] = DIFF) -> FileDiff:
    """Return a change with its diff."""
    return FileDiff(change=of or change(), lines=lines)


def registry(**changes: object) -> RegistryState:
    """Return the bundled registry."""
    values: dict[str, Any] = {
        "name": "bundled",
        "kind": RegistryKind.BUNDLED,
        "root_digest": "0" * 64,
        "serial": 1,
        "issued": datetime(2026, 11, 22, tzinfo=UTC),
        "expires": datetime(2027, 5, 21, tzinfo=UTC),
        "review": ReviewState.CERTIFIED,
        "check": verified(Check.REGISTRY, "shipped with mcpinstall 0.1.0, fresh, not rolled back"),
        "stale": False,
    }
    values.update(changes)
    return RegistryState(**values)


def verified(check: Check, evidence: str) -> CheckResult:
    """Return a good outcome."""
    return CheckResult(check=check, outcome=Outcome.VERIFIED, evidence=evidence)


CHECKS = (
    verified(Check.REGISTRY, "shipped with mcpinstall 0.1.0, fresh, not rolled back"),
    verified(Check.MANIFEST, "4 files match their sha256"),
    verified(Check.POLICY, "built-in default: certified; none yanked"),
    verified(Check.DOWNLOADS, "32 files, 10.1 MB, sha256"),
    CheckResult(
        check=Check.PUBLISHER,
        outcome=Outcome.ABSENT,
        evidence="the manifest names no publisher identity",
    ),
    verified(Check.ARCHIVES, "1,612 members, no start-up hooks"),
    *(
        CheckResult(check=check, outcome=Outcome.NOT_YET, evidence="")
        for check in (Check.ENVIRONMENT, Check.ANSWERS, Check.HOST_FILES)
    ),
)


def manifest(**changes: object) -> Manifest:
    """Return the manifest of a reviewed server."""
    values: dict[str, Any] = {
        "name": GIT,
        "version": "2026.10.19",
        "title": "Git",
        "summary": "read, search and change one Git repository",
        "try_sentence": "What changed in the last commit?",
        "files": (("server.json", SHA),),
        "package": PackageChoice(
            registry_type="pypi",
            identifier="mcp-server-git",
            version="2026.10.19",
            script="mcp-server-git",
            requires_python=">=3.11",
            platforms=("linux-x86_64-glibc", "macos-arm64"),
        ),
        "publisher": None,
        "publisher_absent": "the index has no attestations for it",
        "permissions": Permissions(read=("{repository}",), write=("{repository}",), exec=("git",)),
        "probe": ProbeSettings(),
        "hooks": (),
        "varies": (),
        "audience": Audience.EVERYONE,
        "integrates": Integrates.LOCAL,
        "reviews": (
            Review(by="Grace", on="2026-11-20", criteria=("locked", "inspected", "probed")),
        ),
    }
    values.update(changes)
    return Manifest(**values)


def reviewed(of: Manifest | None = None, state: RegistryState | None = None) -> ReviewedServer:
    """Return what a registry says about a server."""
    found = of or manifest()
    return ReviewedServer(
        registry=state or registry(),
        manifest=found,
        manifest_sha256=SHA,
        server=ServerJson(name=found.name, description=found.summary, version=found.version),
        lock=Lock(requires_python=">=3.11", packages=(), text=b"", sha256=SHA),
        tools=ToolList(tools=({"name": "git_diff"}, {"name": "git_log"})),
        check=verified(Check.MANIFEST, "4 files match their sha256"),
    )


def server(
    of: ReviewedServer | None = None,
    *,
    entry: str = "git",
    arguments: tuple[str, ...] = ("--repository", "/home/ada/code/app"),
    extra: tuple[str, ...] = (),
    env: tuple[EnvironmentValue, ...] = (),
    **changes: object,
) -> ServerPlan:
    """Return one server of a plan."""
    home = SERVERS / f"{entry}-1a2b3c4d5e6f"
    whole = (
        "-I", "-B", "-X", "utf8", str(home / "current/start.py"), *arguments, *extra,
    )  # fmt: skip
    command = Command(executable=str(home / "current/bin/python"), arguments=whole)
    values: dict[str, Any] = {
        "reviewed": of or reviewed(),
        "entry": ServerEntry(name=entry, command=command.executable, args=whole, env=env),
        "slug": home.name,
        "generation": "g1",
        "command": command,
        "argv_template": ("{home}/current/bin/python",),
        "inputs": (InputValue(name="repository", value="/home/ada/code/app"),),
        "extra_arguments": extra,
        "interpreter": Interpreter(
            path=Path("/usr/bin/python3.12"), version="3.12.4", sha256=SHA, markers=(), tags=()
        ),
        "artifacts": (
            Artifact(
                filename="mcp_server_git-2026.10.19-py3-none-any.whl",
                package="mcp-server-git",
                version="2026.10.19",
                size=23_456,
                sha256=SHA,
            ),
        ),
    }
    values.update(changes)
    return ServerPlan(**values)


def prepared(
    *servers: ServerPlan,
    changes: tuple[HostChange, ...] | None = None,
    checks: tuple[CheckResult, ...] = CHECKS,
    action: str = "install",
    print_rows: tuple[HostRow, ...] = (),
) -> Prepared:
    """Return a prepared installation; without servers, of git into Cursor."""
    plan = Plan(
        servers=servers or (server(),),
        changes=(change(),) if changes is None else changes,
        checks=checks,
        digest=DIGEST,
        home=SERVERS,
    )
    return Prepared(
        request=Request(names=("git",)),
        action=action,
        plan=plan,
        print_rows=print_rows,
        printed=(),
        started=time.monotonic(),
        staging=None,
    )


def unreviewed() -> Prepared:
    """Return the plan of a server that nobody reviewed."""
    state = registry(name="mine", kind=RegistryKind.FOLDER, review=ReviewState.UNREVIEWED)
    return prepared(server(reviewed(manifest(reviews=()), state)))


def receipt(entry: str = "git", **changes: object) -> Receipt:
    """Return the receipt of an installed entry."""
    values: dict[str, Any] = {
        "entry_name": entry,
        "name": GIT,
        "version": "2026.10.19",
        "title": "Git",
        "registry_name": "bundled",
        "registry_root": "0" * 64,
        "review": "certified",
        "generation": "g1",
        "manifest_sha256": SHA,
        "lock_sha256": SHA,
        "tools_sha256": SHA,
        "tree_sha256": SHA,
        "plan_digest": DIGEST,
        "python_path": "/usr/bin/python3.12",
        "python_version": "3.12.4",
        "python_sha256": SHA,
        "argv_template": ("{home}/current/bin/python",),
        "inputs": (),
        "extra_arguments": (),
        "hosts": ("cursor-user",),
        "artifacts": (),
        "checks": CHECKS[:1],
        "platform": "linux-x86_64-glibc",
        "machine": SHA,
        "installed": "2026-11-22T13:45:01Z",
        "tool_version": "0.1.0",
    }
    values.update(changes)
    return Receipt(**values)


def record(action: str = "install", **changes: object) -> HistoryRecord:
    """Return a finished change."""
    values: dict[str, Any] = {
        "id": "20261122T134501Z-3f9a12",
        "action": action,
        "entries": ("git",),
        "files": (
            FileChange(
                row_id="cursor-user",
                path_sha256=SHA,
                before_sha256=SHA,
                after_sha256=SHA,
                patch=Patch(offset=0, removed=b"", inserted=b"x"),
            ),
        ),
        "chains_before": (),
        "chains_after": (),
        "receipts_before": (),
        "receipts_after": (receipt(),),
    }
    values.update(changes)
    return HistoryRecord(**values)


def done(
    action: str = "install",
    *,
    receipts: tuple[Receipt, ...] | None = None,
    printed: tuple[tuple[str, str], ...] = (),
) -> Done:
    """Return a finished change with its receipts."""
    return Done(
        record=record(action),
        receipts=(receipt(),) if receipts is None else receipts,
        printed=printed,
    )


def question(name: str = "repository", **changes: object) -> Question:
    """Return a question that a server asks."""
    values: dict[str, Any] = {
        "name": name,
        "description": "the Git repository to work on",
        "required": True,
        "secret": False,
        "format": InputFormat.FILEPATH,
        "choices": (),
        "default": None,
        "placeholder": None,
        "repeated": False,
        "environment": False,
    }
    values.update(changes)
    return Question(**values)
