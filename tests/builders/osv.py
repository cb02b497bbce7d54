"""OSV's interface on loopback: honest about its records until a test makes it lie."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mcpinstall.operations.context import Context
from tests.builders.index_server import IndexServer, Reply, Request

BATCH = "/v1/querybatch"


def record(name: str, package: str, version: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a record as OSV has it; `package` is `PyPI:NAME` or `npm:NAME`."""
    ecosystem, _, plain = package.partition(":")
    events = [{"introduced": "0"}, {"fixed": "9.9"}]
    return {
        "id": name,
        "schema_version": "1.7.3",
        "modified": "2026-11-20T01:02:03.123456Z",
        "published": "2026-11-19T00:00:00Z",
        "summary": "Reads what it should not",
        "details": "More of it.\n\n* with Markdown \u202e",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": plain, "purl": f"pkg:x/{plain}"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
                "versions": [version],
                "database_specific": {"source": "https://h.example/x", "score": 1.5},
            }
        ],
        "references": [{"type": "WEB", "url": "https://h.example/"}],
        **changes,
    }


def json_reply(value: object) -> Reply:
    return Reply(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def serve(server: IndexServer, *records: Mapping[str, Any], page: int = 1000) -> None:
    """Answer questions from these records; of one package at most `page` at once."""

    def batch(request: Request) -> Reply:
        results = []
        for query in json.loads(request.body)["queries"]:
            wanted = query["package"]
            ids = [one["id"] for one in records if _is_about(one, wanted, query["version"])]
            start = int(query.get("page_token", "0"))
            found: dict[str, Any] = {}
            if ids[start:]:
                rows = ids[start : start + page]
                found["vulns"] = [{"id": one, "modified": "2026-11-20T01:02:03Z"} for one in rows]
            if ids[start + page :]:
                found["next_page_token"] = str(start + page)
            results.append(found)
        return json_reply({"results": results})

    server.answer(BATCH, batch)
    for one in records:
        server.answer(f"/v1/vulns/{one['id']}", json_reply(one))


def configure(context: Context, address: str) -> None:
    """Name the interface in the user's configuration."""
    folder = context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = f'schema = 1\n\n[advisories]\nosv = "{address}"\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")


def questions(server: IndexServer) -> list[dict[str, Any]]:
    """Return every query that was sent."""
    sent = (one.body for one in server.requests if one.path == BATCH)
    return [query for body in sent for query in json.loads(body)["queries"]]


def _is_about(one: Mapping[str, Any], wanted: Mapping[str, str], version: str) -> bool:
    return any(
        (affected["package"]["ecosystem"], affected["package"]["name"])
        == (wanted["ecosystem"], wanted["name"])
        and version in affected["versions"]
        for affected in one["affected"]
    )
