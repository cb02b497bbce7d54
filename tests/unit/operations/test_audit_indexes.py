"""Files of package indexes of any content: what they say, or that they can't be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpinstall.operations.audit_indexes import Indexes
from mcpinstall.rules.audit.machine_facts import IndexSetting
from mcpinstall.system.machine import Machine

WORDS = st.sampled_from([
    "registry", "=", "\n", "[global]", "[install]", "index-url", "http://a.example", " ", "\t",
    "[[", "index", "]]", "url", "'", '"', "[", "]", "{", "}", ",", "extra-index-url", "[tool.uv]",
    "pip", "[tool.uv.pip]", "explicit", "true", "strict-ssl", "false", "@s:", "${A}", "#", ";",
    ":", "%", "1", "\x00", "\u00e9", "trusted-host", "index-strategy", "unsafe-x",
    "allow-insecure-host", ".",
])  # fmt: skip
TEXTS = st.lists(WORDS, max_size=25).map(lambda words: "".join(words).encode())


@pytest.fixture
def machine(home: Path) -> Machine:
    (home / "project").mkdir()
    return replace(Machine.current(), home=home, cwd=home / "project", environ={})


@pytest.mark.parametrize(
    "name", [".npmrc", ".config/uv/uv.toml", ".pip/pip.conf", "project/.npmrc", "project/uv.toml",
             "project/pyproject.toml"],
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(
    data=st.binary(max_size=60) | st.lists(WORDS, max_size=25).map(lambda w: "".join(w).encode())
)
def test_any_bytes_are_settings_or_can_not_be_read(
    machine: Machine, home: Path, name: str, data: bytes
) -> None:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    indexes = Indexes(machine)

    found = (*indexes.own, *indexes.of_project(home / "project"))

    assert all(isinstance(one, IndexSetting) for one in found)
    assert indexes.known <= {one.address for one in found}
    path.unlink()
