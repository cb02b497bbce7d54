"""What a server offers, asked in either era, over whatever carries the messages."""

from __future__ import annotations

import time

from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.model.tools import ToolList
from mcpinstall.probing import eras
from mcpinstall.probing.eras import Greeting
from mcpinstall.probing.messages import Messenger, failure
from mcpinstall.system import limits

Offered = tuple[Greeting, ToolList]


def modern(messenger: Messenger, deadline: float) -> Offered | None:
    """Return what a server of today offers; None when it is an older one.

    Raises:
        McpInstallError: `probe-failed`.
    """
    silence = min(deadline, time.monotonic() + limits.PROBE_DISCOVER_SECONDS)
    greeting = eras.discover(messenger, silence)
    return (greeting, _tools(messenger, greeting, deadline)) if greeting else None


def legacy(messenger: Messenger, deadline: float) -> Offered:
    """Return what a server offers after `initialize`.

    Raises:
        McpInstallError: `probe-failed`.
    """
    greeting = eras.initialize(messenger, deadline)
    return greeting, _tools(messenger, greeting, deadline)


def _tools(messenger: Messenger, greeting: Greeting, deadline: float) -> ToolList:
    tools = canonical_tools(eras.list_tools(messenger, greeting, deadline))
    if len(tools.text) > limits.TOOLS_BYTES:
        raise failure(f"the tool list is larger than {limits.TOOLS_BYTES} bytes")
    return tools
