"""Read a file of the corpora into the servers that rules judge, by the host table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcpinstall.hosts import edits
from mcpinstall.hosts.table import find_rows
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.host import HostRow
from tests.builders.audited import server

_PROJECT = "/home/ana/code/app"


def servers(text: str, host: str) -> Iterator[AuditedServer]:
    """Yield the servers of a file, without `env` and `cmd /c` before the program."""
    row = find_rows(host)
    if row.scope == "user-per-project":
        text = text.replace(f'"{_PROJECT}"', '"<absolute project path>"')
    for name, entry in edits.servers(text.encode(), row).items():
        if isinstance(entry, dict):
            yield _server(name, entry, row)


def _server(name: str, entry: dict[str, Any], row: HostRow) -> AuditedServer:
    rest = dict(entry)
    shape, remote = row.entry, row.remote
    command = rest.pop(shape.command_key, [])
    words = [*([command] if isinstance(command, str) else command), *rest.pop(shape.args_key, [])]
    variables = rest.pop(shape.env_key, {})
    while words[:1] in (["env"], ["/usr/bin/env"], ["cmd"], ["op"]):
        words = [word for word in words[1:] if word not in ("/c", "-S", "run", "--", "TZ=UTC")]
    url = rest.pop(remote.url_key or "url", None)
    headers = entry
    for key in remote.headers_key or ("headers",):
        headers = headers.get(key, {})
    rest.pop("headers", None)
    project = row.scope == "project"
    return server(
        *words, name=name, host=row.id, env=variables, url=url, headers=headers, others=rest,
        scope=FileScope.PROJECT if project else FileScope.USER,
    )  # fmt: skip
