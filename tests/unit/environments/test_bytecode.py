from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcpinstall.environments import bytecode
from mcpinstall.environments.tree import read_tree
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import Interpreter
from tests.builders.environments import interpreter, machine_at

TAG = sys.implementation.cache_tag


def compiled(folder: Path, texts: dict[str, str | bytes], python: Interpreter) -> Path:
    root = folder / "root"
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    sources = [
        (entry, f"__pycache__/{entry.path.removesuffix('.py')}.{TAG}.pyc")
        for entry in read_tree(root)
    ]
    bytecode.compile_all(sources, root, Path("/final/place"), python, machine_at(folder))
    return root / "__pycache__"


def test_a_compiled_file_is_never_compared_with_its_source(tmp_path: Path) -> None:
    made = compiled(tmp_path, {"a.py": "x = 1\n"}, interpreter()) / f"a.{TAG}.pyc"

    data = made.read_bytes()
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(data[4:8], "little") == 0b01  # hash-based, unchecked (PEP 552)
    assert data[8:16] == importlib.util.source_hash(b"x = 1\n")


def test_a_traceback_names_the_final_place(tmp_path: Path) -> None:
    made = compiled(tmp_path, {"a.py": "1 / 0\n"}, interpreter()) / f"a.{TAG}.pyc"

    ran = subprocess.run([sys.executable, str(made)], capture_output=True, text=True, check=False)

    assert 'File "/final/place/a.py", line 1' in ran.stderr


def test_equal_sources_give_equal_bytes(tmp_path: Path) -> None:
    text = {
        f"m{n}.py": f"A = {{'x', 'y', 'z{n}'}}\ndef f(k): return k in {{'a', 'b'}}\n"
        for n in range(40)
    }
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        folder = compiled(tmp_path / name, dict(text), interpreter())
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})

    assert made[0] == made[1]
    assert len(made[0]) == 40


@pytest.mark.parametrize(
    "text",
    [
        "print 'two'\n",
        "class {{ name }}: pass\n",
        b"\xff\xfe",
        b"x\0y",
        "# coding: nowhere\n",
        "(" * 500,
    ],
    ids=["python-2", "template", "bytes", "null", "coding", "deep"],
)
def test_a_file_that_is_no_python_is_left_out(tmp_path: Path, text: str | bytes) -> None:
    folder = compiled(tmp_path, {"bad.py": text, "good.py": "x = 1\n"}, interpreter())

    assert [path.name for path in folder.iterdir()] == [f"good.{TAG}.pyc"]


def test_compiling_runs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "ran"
    compiled(tmp_path, {"a.py": f"open({str(target)!r}, 'w')\n"}, interpreter())

    assert not target.exists()


def test_nothing_to_compile_is_no_error(tmp_path: Path) -> None:
    bytecode.compile_all([], tmp_path, tmp_path, interpreter(), machine_at(tmp_path))


def test_the_work_is_spread_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for number in range(100):
        (tmp_path / f"m{number}.py").write_text("#" * (number * 300))
    shares = bytecode._shares([(entry, "") for entry in read_tree(tmp_path)])

    loads = [sum(entry.size for entry, _ in share) for share in shares]
    assert len(shares) == 4
    assert max(loads) - min(loads) < 20_000


def test_an_interpreter_that_fails_is_reported(tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(McpInstallError) as failed:
        compiled(tmp_path, {"a.py": ""}, replace(interpreter(), path=Path("/bin/false")))

    assert failed.value.code is ErrorCode.TOOL_FAILED
