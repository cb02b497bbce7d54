"""Put servers that are used where they run into a world's registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mcpinstall.model.manifest import Integrates, RemoteChoice, Review
from mcpinstall.probing import canonical_tools
from tests.builders import registry_folders
from tests.builders.servers import TOOLS
from tests.builders.world import NAMESPACE, World

TOKEN_HEADER = {
    "name": "Authorization", "value": "Bearer {token}", "isRequired": True, "isSecret": True,
    "variables": {"token": {"description": "Token of the service", "isSecret": True}},
}  # fmt: skip


PROBED = Review(by="somebody", on="2026-11-22", criteria=("probed",))
"""What can be claimed of a server without a package, whose tools were seen."""


def remote(url: str, *, transport: str = "streamable-http", **more: object) -> dict[str, Any]:
    """One item of `remotes` in a `server.json`."""
    return {"type": transport, "url": url, **more}


def offer_remote(
    world: World,
    *remotes: dict[str, Any],
    name: str = "cloud",
    version: str = "1.0",
    reviewed: Sequence[object] | None = TOOLS,
    integrates: Integrates = Integrates.CLOUD,
) -> None:
    """Put a server with these remotes, and no package, into the registry."""
    full = f"{NAMESPACE}/{name}"
    described = replace(
        registry_folders.manifest(full, version),
        package=None,
        remotes=_choices(remotes),
        integrates=integrates,
        reviews=() if reviewed is None else (PROBED,),
    )
    server = {
        "$schema": registry_folders.SCHEMA,
        "name": full,
        "description": "Works on a cloud service",
        "version": version,
        "remotes": list(remotes),
    }
    tools = None if reviewed is None else canonical_tools(list(reviewed)).text
    world.registry.add_remote(described, json.dumps(server).encode(), tools, alias=name)


def _choices(remotes: Sequence[dict[str, Any]]) -> tuple[RemoteChoice, ...]:
    return tuple(RemoteChoice(transport=one["type"], url=one["url"]) for one in remotes)
