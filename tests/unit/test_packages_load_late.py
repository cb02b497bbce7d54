"""Packages that load their modules when they are asked: all that they offer is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.builders.command import ROOT


def python(script: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("package", ["hosts", "registries"])
def test_everything_that_is_offered_is_there(package: str) -> None:
    """In a new process: in this one other tests have asked for most of it."""
    loaded = python(
        f"from mcpinstall import {package} as package\n"
        "for name in reversed(package.__all__):\n"
        "    found = getattr(package, name)\n"
        "    assert name.isupper() or found.__name__ == name, name\n"
        "assert not hasattr(package, 'nothing')\n"
        "print(len(package.__all__))"
    )

    assert int(loaded) > 15


def test_an_audit_loads_nothing_that_writes() -> None:
    loaded = set(python("import sys, mcpinstall.operations.audit; print(*sys.modules)").split())

    assert "mcpinstall.hosts.audited" in loaded
    assert not loaded & {"mcpinstall.hosts.edits", "mcpinstall.hosts.writing",
                         "mcpinstall.registries.mcp_api", "httpx"}  # fmt: skip
