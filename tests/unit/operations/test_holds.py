"""Whether the user typed a version."""

from __future__ import annotations

import pytest

from mcpinstall.operations.holds import is_exact


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("time", False),
        ("time@2026.10.19", True),
        ("io.github.user/clock@1.0", True),
        ("site:clock", False),
        ("site:clock@1.0", True),
        ("mcp:io.github.user/clock", False),
        ("mcp:io.github.user/clock@1.0", True),
        ("pypi:weather", False),
        ("pypi:weather==1.0", True),
        ("remote:https://me@example.org/mcp", False),
        ("remote:https://example.org/mcp?a==b", False),
        ("pypi", False),
        ("pypi@1.0", True),
    ],
)
def test_a_version_that_was_typed(spec: str, *, expected: bool) -> None:
    assert is_exact(spec) is expected
