"""Whatever a server writes is a message, noise, or a failure of the probe."""

from __future__ import annotations

import json
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.text import is_plain
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.probing import eras
from mcpinstall.probing.messages import Messenger
from mcpinstall.system.conversation import Conversation, Stop


class Script:
    """A server that says these lines, whatever it is asked."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.sent: list[bytes] = []

    def send(self, line: bytes) -> None:
        self.sent.append(line)

    def receive(self, deadline: float) -> bytes | Stop:
        del deadline
        return self.lines.pop(0) if self.lines else Stop.ENDED

    def exit_status(self) -> int | None:
        return 0


values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 5) | st.floats() | st.text(max_size=5)
    | st.sampled_from(["2026-07-28", "2025-11-25", "2027-01-01", "\ud800", "\x1b[2J", "ping"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "tools", "name", "nextCursor", "supportedVersions", "protocolVersion", "code",
            "message", "data", "supported", "capabilities", "serverInfo", "version", "resultType",
        ]),
        inner,
        max_size=4,
    ),
    max_leaves=10,
)  # fmt: skip
messages = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0")},
    optional={
        "id": st.integers(1, 4) | values, "result": values, "error": values, "method": values,
    },
)  # fmt: skip
lines = st.binary(max_size=30) | messages.map(lambda said: json.dumps(said).encode())


@given(st.lists(lines, max_size=8))
def test_any_lines_are_a_tool_list_or_a_failure_in_plain_words(said: list[bytes]) -> None:
    script = Script(said)
    messenger = Messenger(cast("Conversation", script))
    try:
        greeting = eras.discover(messenger, 0) or eras.initialize(messenger, 0)
        found = canonical_tools(eras.list_tools(messenger, greeting, 0))
        assert found.text
        assert all(map(is_plain, greeting.server))
    except McpInstallError as error:
        assert error.code is ErrorCode.PROBE_FAILED  # noqa: PT017 (either outcome is right)
        assert all(map(is_plain, error.message))  # noqa: PT017
    for line in script.sent:
        assert b"\n" not in line
        assert json.loads(line)["jsonrpc"] == "2.0"
