"""Values as the objects that `--json` prints.  No secret, no value outside our entries.  Pure.

Every envelope is `{"schema": 1, "command": …}` and these fields.  Fields may be added; dropping or
renaming one raises the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mcpinstall.cli import json_adopt, render_policy, render_publishers
from mcpinstall.errors import McpInstallError

if TYPE_CHECKING:
    from mcpinstall.cli.render_diff import FileDiff
    from mcpinstall.model.checks import CheckResult
    from mcpinstall.model.host import EnvironmentValue
    from mcpinstall.model.plan import ServerPlan
    from mcpinstall.model.receipt import HistoryRecord, Receipt
    from mcpinstall.model.registry import IndexRow
    from mcpinstall.model.revocation import Withdrawal
    from mcpinstall.operations.catalog import Shown
    from mcpinstall.operations.installed import Installed
    from mcpinstall.operations.inventory import HostState
    from mcpinstall.operations.prepared import Done, Prepared
    from mcpinstall.operations.secret_store import SecretState
    from mcpinstall.operations.test_server import TestResult
    from mcpinstall.operations.verify import VerifiedEntry
    from mcpinstall.planning.questions import Question

Object = dict[str, object]


def error(failure: McpInstallError, after: str) -> Object:
    """Return a failure; `after` says what it left."""
    return {
        "code": str(failure.code),
        "message": failure.message,
        "hint": failure.hint,
        "evidence": failure.evidence,
        "after": after,
        "exit_status": int(failure.code.exit_status),
    }


def checks(results: Sequence[CheckResult]) -> list[Object]:
    """Return the outcomes of checks."""
    return [
        {
            "number": int(result.check),
            "name": result.check.title,
            "outcome": str(result.outcome),
            "evidence": result.evidence,
        }
        for result in results
    ]


# Changes ---------------------------------------------------------------------------------------


def plan(prepared: Prepared, diffs: Sequence[FileDiff]) -> Object:
    """Return everything that one yes would do."""
    return {
        "digest": f"sha256:{prepared.plan.digest.removeprefix('sha256:')}",
        "action": prepared.action,
        **json_adopt.taken_over(prepared.request.adopted),
        **({"locks": [str(path) for path in prepared.locks]} if prepared.locks else {}),
        "servers": [
            {
                **_server(server),
                "publishers": [
                    found
                    for one in prepared.plan.publishers
                    if one.slug == server.slug
                    for found in render_publishers.as_objects(one.verified)
                ],
                "starts": _starts(server, prepared),
            }
            for server in prepared.plan.servers
        ],
        "checks": checks(prepared.plan.checks),
        "policy": render_policy.as_object(prepared.plan.policy),
        "files": files(diffs),
        "print_for": [row.id for row in prepared.print_rows],
        "skipped": [
            {
                "host": one.row.id,
                "code": str(one.error.code),
                "message": one.error.message,
                "hint": one.error.hint,
            }
            for one in prepared.skipped
        ],
    }


def _starts(server: ServerPlan, prepared: Prepared) -> list[Object]:
    """Return what each host starts, and with which variables: a secret's place is its choice."""
    from mcpinstall.cli import render_command

    return [
        {
            "hosts": [row.id for row in rows],
            "command": [entry.command, *entry.args] if entry.remote is None else None,
            "environment": [variable(value) for value in entry.env],
        }
        for entry, rows in render_command.alike(server, prepared)
    ]


def files(diffs: Sequence[FileDiff]) -> list[Object]:
    """Return the changes of host files, values outside our entries redacted."""
    return [
        {
            "host": diff.change.file.row.id,
            "path": str(diff.change.file.path),
            "target": str(diff.change.file.target),
            "created": diff.change.file.content is None,
            "removed": diff.change.after is None,
            "diff": list(diff.lines),
            "warnings": list(diff.change.warnings),
        }
        for diff in diffs
    ]


def _server(server: ServerPlan) -> Object:
    manifest, registry = server.reviewed.manifest, server.reviewed.registry
    allowed = manifest.permissions
    return {
        "name": server.name,
        "version": server.version,
        "entry": server.entry.name,
        "review": str(registry.review),
        "criteria": list(manifest.criteria),
        "registry": {
            "name": registry.name,
            "serial": registry.serial,
            "issued": registry.issued.isoformat(),
            "expires": registry.expires.isoformat(),
            "stale": registry.stale,
        },
        "transport": server.remote.transport if server.remote else "stdio",
        "advice": server.advice or None,
        "remote": _remote(server),
        "command": list(server.command.argv) if server.remote is None else [],
        "unreviewed_arguments": list(server.extra_arguments),
        "environment": [variable(value) for value in server.entry.env],
        "permissions": None
        if server.reviewed.unreviewed is not None  # nobody declared any
        else {
            "enforced": False,
            "network": list(allowed.network),
            "read": list(allowed.read),
            "write": list(allowed.write),
            "exec": list(allowed.exec),
        },
        "interpreter": None
        if server.interpreter is None
        else {
            "path": str(server.interpreter.path),
            "version": server.interpreter.version,
            "sha256": server.interpreter.sha256,
        },
        "artifacts": [
            {"filename": a.filename, "size": a.size, "sha256": a.sha256} for a in server.artifacts
        ],
        "already_installed": server.already_installed,
    }


def _remote(server: ServerPlan) -> Object | None:
    remote, entry = server.remote, server.entry.remote
    if remote is None or entry is None:
        return None
    return {
        "url": remote.url,
        "url_template": remote.url_template,
        "headers": [variable(header) for header in entry.headers],
        "authorization": list(remote.declared),
    }


def variable(value: EnvironmentValue) -> Object:
    """Return one variable of an entry; of a secret, never the value."""
    return {
        "name": value.name,
        "secret": value.secret,
        "reference": value.reference,
        "place": str(value.place) if value.secret and value.place else None,
        "value": None if value.secret else value.value,
    }


def done(finished: Done) -> Object:
    """Return a finished change."""
    return {
        "change": record(finished.record),
        "entries": [receipt(one) for one in finished.receipts],
        "printed": [{"host": title, "entry": text} for title, text in finished.printed],
        "notes": list(finished.notes),
        "probe_seconds": round(finished.probe_seconds, 3),
    }


def taken_away(finished: Done | None, diffs: Sequence[FileDiff], notes: Sequence[str]) -> Object:
    """Return what `uninstall` or `undo` did, or would do."""
    if finished is not None:
        return {"outcome": "done", **done(finished)}
    return {"outcome": "planned", "files": files(diffs), "notes": list(notes)}


def record(one: HistoryRecord) -> Object:
    """Return a change as history keeps it."""
    return {
        "id": one.id,
        "action": one.action,
        "entries": list(one.entries),
        "hosts": [change.row_id for change in one.files],
        "undoes": one.undoes,
    }


# Lists -----------------------------------------------------------------------------------------


def receipt(one: Receipt) -> Object:
    """Return an installed entry."""
    return {
        "entry": one.entry_name,
        "name": one.name,
        "version": one.version,
        "title": one.title,
        "registry": one.registry_name,
        "review": one.review,
        "hosts": list(one.hosts),
        "transport": one.transport,
        "url": one.url or None,
        "headers": list(one.headers),
        "python": None
        if one.is_remote
        else {"path": one.python_path, "version": one.python_version},
        "plan_digest": f"sha256:{one.plan_digest.removeprefix('sha256:')}",
        "installed": one.installed,
        "hold": one.hold.value or None,
        "publishers": render_publishers.as_objects(one.publishers),
        "checks": checks(one.checks),
    }


def installed(one: Installed) -> Object:
    """Return an installed entry and its state."""
    return {**receipt(one.receipt), "state": one.state, "revoked": revoked(one.withdrawal)}


def revoked(why: Withdrawal | None) -> Object | None:
    """Return why a registry revoked a server, or null."""
    if why is None:
        return None
    return {"code": str(why.code), "what": why.what, "reason": why.reason, "date": why.date}


def host(state: HostState) -> Object:
    """Return what is known about a host; of its servers, the names alone."""
    return {
        "id": state.row.id,
        "title": state.row.title,
        "found": state.found,
        "path": str(state.path) if state.path else None,
        "exists": state.exists,
        "servers": [server.name for server in state.servers],
        "ours": list(state.ours),
        "problem": state.problem,
        "status": state.row.status,
        "why_not": state.why_not or None,
        "writable": state.writable,
        "advice": state.advice or None,
        "choices": [str(path) for path in state.choices],
        "after_a_change": state.row.reload,
    }


def secret(state: SecretState) -> Object:
    """Return where a secret is; never the secret."""
    return {
        "entry": state.entry_name,
        "name": state.name,
        "host": state.row_id or None,
        "place": str(state.place),
        "variable": state.reference,
        "stored": state.stored,
    }


def row(one: IndexRow) -> Object:
    """Return a search result."""
    return {
        "name": one.name,
        "alias": one.alias or None,
        "version": one.version,
        "title": one.title,
        "summary": one.summary,
        "sha256": one.sha256,
    }


def not_searched(name: str, failure: McpInstallError) -> Object:
    """Return which registry could not be searched, and why."""
    return {
        "registry": name,
        "code": str(failure.code),
        "message": failure.message,
        "hint": failure.hint,
    }


def shown(one: Shown) -> Object:
    """Return everything about one server of a registry."""
    manifest, registry = one.reviewed.manifest, one.reviewed.registry
    return {
        "name": manifest.name,
        "version": manifest.version,
        "title": manifest.title,
        "summary": manifest.summary,
        "review": str(registry.review),
        "criteria": list(manifest.criteria),
        "registry": registry.name,
        "manifest_sha256": one.reviewed.manifest_sha256,
        "package": None
        if manifest.package is None
        else {
            "registry_type": manifest.package.registry_type,
            "identifier": manifest.package.identifier,
            "version": manifest.package.version,
            "requires_python": manifest.package.requires_python,
            "platforms": list(manifest.package.platforms),
        },
        "remotes": [{"transport": transport, "url": url} for transport, url in one.remotes],
        "audience": str(manifest.audience),
        "integrates": str(manifest.integrates),
        "inputs": [_input(question) for question in one.questions],
        "revoked": revoked(one.reviewed.withdrawal),
        "discounted_reviews": list(one.reviewed.discounted),
        "versions": list(one.versions),
        "revoked_versions": list(one.revoked_versions),
        "entries": [receipt.entry_name for receipt in one.receipts],
        "tools": [tool.get("name") for tool in one.reviewed.tools.tools if isinstance(tool, dict)],
    }


def _input(question: Question) -> Object:
    return {
        "name": question.name,
        "description": question.description,
        "required": question.required,
        "secret": question.secret,
        "format": str(question.format),
        "choices": list(question.choices),
        "default": None if question.secret else question.default,
    }


def tested(result: TestResult) -> Object:
    """Return what a server answered."""
    return {
        "entry": result.receipt.entry_name,
        "version": result.receipt.version,
        "protocol": result.protocol,
        "seconds": round(result.seconds, 3),
        "tools": list(result.tools),
        "reviewed": result.reviewed,
        "seen_first": result.seen_first,
        "authorization": result.authorization or None,
        "differences": list(result.differences),
    }


def verified(entry: VerifiedEntry) -> Object:
    """Return what was found out about an installed entry."""
    return {
        "entry": entry.entry_name,
        "name": entry.name,
        "version": entry.version,
        "checks": checks(entry.checks),
        "findings": [
            {
                "check": int(f.check),
                "kind": str(f.kind),
                "subject": f.subject,
                "message": f.message,
            }
            for f in entry.findings
        ],
        "anchor": entry.anchor,
        "problem": None if entry.problem is None else str(entry.problem.code),
    }
