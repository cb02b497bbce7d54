"""Which files are modules, and native ones in wheels for every system."""

from __future__ import annotations

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.verification.module_names import check_fit, is_module, module_stem


@pytest.mark.parametrize("path", ["a.py", "a/b.pyw", "a.PYD", "a.so", "a.cpython-312-darwin.so"])
def test_what_import_loads_is_a_module(path: str) -> None:
    assert is_module(path)


@pytest.mark.parametrize("path", ["a", "a.pyi", "a.pyc", "a.so.1", "py", "a/py"])
def test_any_other_file_is_none(path: str) -> None:
    assert not is_module(path)


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("a.py", "a"),
        ("a/b.py", "a/b"),
        ("a/b.cpython-312-x86_64-linux-gnu.so", "a/b"),
        ("a.b/c.py", "a.b/c"),
        ("a/__init__.py", "a/__init__"),
    ],
)
def test_a_module_is_called_by_what_stands_before_the_first_dot(path: str, stem: str) -> None:
    assert module_stem(path) == stem


@pytest.mark.parametrize(
    "paths",
    [
        ["a.pyd"],
        ["a.cpython-312-x86_64-linux-gnu.so"],
        ["a.abi3.so"],
        ["a.cp312-win_amd64.so"],
        ["a.graalpy-311.so"],
        ["a.pypy311-pp73.so"],
        ["a.so", "a.py"],
        ["x/A.so", "x/a.py"],
        ["a.PYW", "a.so"],
    ],
)
def test_a_native_module_fits_no_wheel_for_every_system(paths: list[str]) -> None:
    with pytest.raises(McpInstallError):
        check_fit(paths, ["py2-none-any", "py3-none-any"])

    check_fit(paths, ["py3-none-any", "py3-none-linux_x86_64"])
    check_fit(paths, ["cp312-cp312-any"])


@pytest.mark.parametrize("paths", [["a.so"], ["a.so", "b.py"], ["a.so", "a.pyd.txt"], ["a.py"]])
def test_a_library_that_nothing_imports_fits(paths: list[str]) -> None:
    check_fit(paths, ["py3-none-any"])
