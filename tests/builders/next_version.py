"""A newer version of `clock` that changes what an update must show."""

from __future__ import annotations

import hashlib

from mcpinstall.model.manifest import Hook, HookKind, Publisher
from tests.builders import servers, wheels
from tests.builders.world import World

CLOCK = {**servers.CLOCK, "description": "Get the current time in any zone, and keep it"}
"""Its tool with another text."""

_HOOK = b"import clock_server\n"
_PART = "zone_data"


def offer(
    world: World,
    version: str = "2.0",
    *,
    shows: object = CLOCK,
    reviewed: object = CLOCK,
    publisher: Publisher | None = None,
) -> None:
    """Offer a version with a start-up hook, one more dependency, and another tool text.

    `shows` is the tool that it really shows, `reviewed` the one in its `tools.json`.
    """
    wheel = f"clock_server-{version}-py3-none-any.whl"
    data = wheels.wheel(
        {
            "clock_server/__init__.py": servers.module(tools=[shows, servers.CONVERTER]).encode(),
            "clock_server.pth": _HOOK,
            f"clock_server-{version}.dist-info/entry_points.txt": (
                b"[console_scripts]\nclock-server = clock_server:main\n"
            ),
        },
        name="clock_server",
        version=version,
    )
    hook = Hook(
        wheel=wheel, member="clock_server.pth", sha256=hashlib.sha256(_HOOK).hexdigest(),
        kind=HookKind.STARTUP, reason="sets the zone early",
    )  # fmt: skip
    world.offer(
        "clock", version, data=data, hooks=[hook], lock=dependency(world),
        tools=[shows, servers.CONVERTER], reviewed=[reviewed, servers.CONVERTER],
        publisher=publisher,
    )  # fmt: skip


def dependency(world: World) -> str:
    """Publish one more package, and return what a lock says of it."""
    data = wheels.wheel({f"{_PART}/__init__.py": b"ZONES = 1\n"}, name=_PART, version="3.0")
    filename = f"{_PART}-3.0-py3-none-any.whl"
    world.index.publish(filename, data)
    digest = hashlib.sha256(data).hexdigest()
    return f"""
[[packages]]
name = "zone-data"
version = "3.0"
wheels = [
    {{ path = "{filename}", size = {len(data)}, hashes = {{ sha256 = "{digest}" }} }},
]
"""
