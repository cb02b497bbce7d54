"""An MCP registry (API v0.1) on loopback that can lie in every field."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.builders.index_server import IndexServer, Reply
from tests.builders.world import World

NEWEST = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
OFFICIAL = "io.modelcontextprotocol.registry/official"


def document(name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a `server.json` of a Python package; `changes` win, None takes a key out."""
    found = {
        "$schema": NEWEST,
        "name": name,
        "description": "Tells the weather",
        "version": "2.0.0",
        "packages": [package()],
        **changes,
    }
    return {key: value for key, value in found.items() if value is not None}


def package(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return one entry of `packages`."""
    return {
        "registryType": "pypi", "identifier": "weather-server", "version": "2.0",
        "transport": {"type": "stdio"}, **changes,
    }  # fmt: skip


def answer(server: object, status: str = "active", message: str = "") -> dict[str, Any]:
    """Return one item as the API gives it."""
    official = {"status": status, "isLatest": True, "publishedAt": "2026-01-01T00:00:00Z"}
    more = {"statusMessage": message} if message else {}
    return {"server": server, "_meta": {OFFICIAL: {**official, **more}}}


def path(name: str, version: str = "latest") -> str:
    """Return where the API has one version."""
    return f"/v0.1/servers/{quote(name, safe='')}/versions/{quote(version, safe='')}"


def json_reply(value: object) -> Reply:
    return Reply(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def serve(
    registry: IndexServer,
    server: dict[str, Any],
    *,
    under: str | None = None,
    status: str = "active",
    message: str = "",
) -> None:
    """Answer about one server, `under` another name to lie."""
    name = under or server["name"]
    reply = json_reply(answer(server, status, message))
    for version in ("latest", str(server.get("version", ""))):
        registry.answer(path(name, version), reply)


def configure(world: World, address: str) -> None:
    """Name the registry in the user's configuration."""
    folder = world.context.paths.config
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = f'schema = 1\n\n[[registries]]\nname = "mcp"\nkind = "mcp"\nurl = "{address}"\n'
    (folder / "config.toml").write_text(text, encoding="utf-8")
