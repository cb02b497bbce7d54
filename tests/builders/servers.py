"""MCP servers of a few lines, honest and hostile, written at test time and run by this Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mcpinstall.model.environment import Command
from mcpinstall.model.manifest import ProbeSettings
from mcpinstall.probing import ProbeResult, probe
from mcpinstall.system.machine import Machine

CLOCK: dict[str, Any] = {
    "name": "get_current_time",
    "description": "Get the current time in a zone",
    "inputSchema": {
        "type": "object",
        "properties": {"zone": {"type": "string", "description": "IANA name, or 'UTC'"}},
        "required": ["zone"],
    },
}
CONVERTER: dict[str, Any] = {
    "name": "convert_time",
    "description": "Convert a time between zones",
    "inputSchema": {"type": "object", "properties": {}},
    "annotations": {"readOnlyHint": True},
}
TOOLS = (CLOCK, CONVERTER)
"""What an honest server shows, deliberately not sorted."""

_COMMON = """
import json, os, signal, subprocess, sys, time
TOOLS = json.loads({tools!r})
IDENTITY = {{"name": "clock", "version": "1.0"}}

def write(message):
    sys.stdout.write(json.dumps({{"jsonrpc": "2.0", **message}}) + "\\n")
    sys.stdout.flush()

def answer(request, result):
    write({{"id": request["id"], "result": result}})

def refuse(request, code, message="no", **more):
    write({{"id": request["id"], "error": {{"code": code, "message": message, **more}}}})

def requests():
    for line in sys.stdin:
        yield json.loads(line)

def modern(request, tools=TOOLS):
    if request["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] != "2026-07-28":
        refuse(request, -32022, data={{"supported": ["2026-07-28"], "requested": "?"}})
    elif request["method"] == "server/discover":
        answer(request, {{
            "resultType": "complete",
            "supportedVersions": ["2026-07-28"],
            "capabilities": {{"tools": {{}}}},
            "_meta": {{"io.modelcontextprotocol/serverInfo": IDENTITY}},
        }})
    elif request["method"] == "tools/list":
        answer(request, {{"resultType": "complete", "tools": tools, "ttlMs": 0}})

def legacy(request, tools=TOOLS, protocol="2025-11-25"):
    if request["method"] == "initialize":
        answer(request, {{
            "protocolVersion": protocol, "capabilities": {{"tools": {{}}}}, "serverInfo": IDENTITY,
        }})
    elif request["method"] == "tools/list":
        answer(request, {{"tools": tools}})
    elif "id" in request:
        refuse(request, -32601, "method not found")
"""

MODERN = "for request in requests(): modern(request)"
"""A server of 2026-07-28."""

LEGACY = "for request in requests(): legacy(request)"
"""A server of 2025-11-25: an unknown first request gets an error."""


def module(body: str = MODERN, *, tools: object = TOOLS) -> str:
    """Return a server as a module of a package; its entry point is `main`."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"{_COMMON.format(tools=json.dumps(tools))}\ndef main():\n{lines}\n"


def server(folder: Path, body: str = MODERN, *, tools: object = TOOLS) -> Command:
    """Write a server to `folder` and return the command that starts it.

    `body` has the functions above; it may use `\\n` freely, for it is a whole program.
    """
    script = folder / "server.py"
    script.write_text(_COMMON.format(tools=json.dumps(tools)) + body, encoding="utf-8")
    return Command(executable=sys.executable, arguments=("-I", "-S", str(script)))


def probed(
    command: Command,
    *,
    seconds: float = 10.0,
    machine: Machine | None = None,
    environment: tuple[tuple[str, str], ...] = (),
) -> ProbeResult:
    """Probe a server with nothing set but what the test says."""
    settings = ProbeSettings(environment=environment)
    return probe(command, settings=settings, machine=machine or Machine.current(), seconds=seconds)
