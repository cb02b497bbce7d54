from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest
from uv import find_uv_bin

from mcpinstall import environments
from mcpinstall.environments import uv
from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.environments import interpreter, machine_at, stage_server


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    uv.uv_program.cache_clear()
    yield
    uv.uv_program.cache_clear()


def distribution(monkeypatch: pytest.MonkeyPatch, version: str, files: list[str]) -> None:
    found = SimpleNamespace(
        version=version,
        files=[PurePosixPath(name) for name in files],
        locate_file=lambda name: Path("/nowhere") / name,
    )
    monkeypatch.setattr(metadata, "distribution", lambda _name: found)


def refusal() -> str:
    with pytest.raises(McpInstallError) as refused:
        environments.uv_program()
    assert refused.value.code is ErrorCode.TOOL_FAILED
    return refused.value.message


def test_uv_is_the_program_of_its_own_distribution() -> None:
    found = environments.uv_program()

    assert found.is_absolute()
    assert found == Path(find_uv_bin()).resolve()


def test_a_uv_on_path_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert environments.uv_program().parent != tmp_path


@pytest.mark.parametrize("version", ["0.13.8", "0.11.14", "0.9", "0.13.8.post1"])
def test_an_older_uv_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    distribution(monkeypatch, version, ["bin/uv"])

    assert f"version {version} is older" in refusal()


@pytest.mark.parametrize("files", [[], ["bin/uv"], ["uv/__init__.py"]])
def test_a_distribution_without_its_program_is_refused(
    monkeypatch: pytest.MonkeyPatch, files: list[str]
) -> None:
    distribution(monkeypatch, "0.13.9", files)

    assert "holds no program" in refusal()


def test_a_missing_uv_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)

    assert "not installed beside mcpinstall" in refusal()


def test_uv_knows_an_introduced_interpreter_until_the_environment_is_there(tmp_path: Path) -> None:
    program, machine = environments.uv_program(), machine_at(tmp_path)

    environments.introduce(program, interpreter(), tmp_path, machine)
    known = [path for path in tmp_path.glob("uv/interpreter-*/**/*") if path.is_file()]
    stage_server(tmp_path, machine=machine)

    assert len(known) == 1
    assert not (tmp_path / "uv").exists()


def test_an_introduction_that_fails_is_left_to_the_unpacking(tmp_path: Path) -> None:
    nowhere = replace(interpreter(), path=tmp_path / "python3")

    environments.introduce(tmp_path / "uv-program", nowhere, tmp_path, machine_at(tmp_path))
    environments.introduce(environments.uv_program(), nowhere, tmp_path, machine_at(tmp_path))

    stage_server(tmp_path)
