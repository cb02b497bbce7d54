"""Inputs of a probe are folders of its own, or the manifest's words."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mcpinstall.model.manifest import ProbeSettings
from mcpinstall.probing import probe_inputs


def test_each_input_gets_its_own_folder_for_the_block_only() -> None:
    settings = ProbeSettings(inputs=(("a", "{empty}"), ("b", "{empty}"), ("mode", "fast")))

    with probe_inputs(settings) as values:
        (first,), (second,) = values["a"], values["b"]
        assert values["mode"] == ("fast",)
        assert first != second
        assert list(Path(first).iterdir()) == list(Path(second).iterdir()) == []
        assert Path(first).stat().st_mode & 0o777 == 0o700

    assert not Path(first).exists()


def test_an_input_that_is_named_twice_has_two_values() -> None:
    with probe_inputs(ProbeSettings(inputs=(("x", "1"), ("x", "2")))) as values:
        assert values == {"x": ("1", "2")}


def test_git_takes_the_repository_for_one() -> None:
    git = shutil.which("git")
    if not git:
        pytest.skip("needs git")

    with probe_inputs(ProbeSettings(inputs=(("repository", "{git}"),))) as values:
        (folder,) = values["repository"]
        status = subprocess.run(
            [git, "-C", folder, "status", "--porcelain=v2", "--branch"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip

    assert status.stdout == "# branch.oid (initial)\n# branch.head main\n"
