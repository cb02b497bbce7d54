from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.environments.layout import layout
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import EntryPoint
from mcpinstall.model.environment import Interpreter

PYTHON = Interpreter(
    path=Path("/usr/bin/python3.12"), version="3.12.4", sha256="0" * 64, markers=(), tags=()
)
ENTRY = EntryPoint(name="time", module="mcp_server_time.main", attribute="App.run")


def start_of(entry: EntryPoint = ENTRY, final: str = "/data/servers/time/g1") -> str:
    return dict(layout(PYTHON, entry, Path(final), "linux").texts)["start.py"].decode()


def test_an_environment_names_its_base_and_nothing_of_its_packages() -> None:
    found = layout(PYTHON, ENTRY, Path("/data/g1"), "linux")

    assert dict(found.texts)["pyvenv.cfg"].decode() == (
        "home = /usr/bin\n"
        "include-system-site-packages = false\n"
        "version = 3.12.4\n"
        "executable = /usr/bin/python3.12\n"
    )
    assert found.site == "lib/python3.12/site-packages"
    assert found.cache_tag == "cpython-312"
    assert found.links == (
        ("bin/python", "/usr/bin/python3.12"),
        ("bin/python3", "python"),
        ("bin/python3.12", "python"),
        ("lib64", "lib"),
    )


def test_macos_has_no_second_library_folder() -> None:
    assert "lib64" not in dict(layout(PYTHON, ENTRY, Path("/data/g1"), "darwin").links)


def test_windows_has_its_own_places_and_no_links() -> None:
    found = layout(PYTHON, ENTRY, Path("/data/g1"), "win32")

    assert (found.site, found.scripts, found.links) == ("Lib/site-packages", "Scripts", ())
    assert f"PYTHON = {str(PYTHON.path)!r}" in dict(found.texts)["start.py"].decode()


def test_the_generated_program_is_python_that_imports_the_entry_point() -> None:
    text = start_of()

    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == [
        "from mcp_server_time.main import App as server"
    ]
    assert "return server.run()" in text
    assert "@" not in text


@pytest.mark.parametrize(
    "final",
    ["/data/it's here/g1", "/data/a\\b/g1", "/data/é/g1", "/data/@IMPORT@/g1", "/d/\udcff/g"],
)
def test_any_path_stays_a_literal(final: str) -> None:
    values = [
        node.value
        for node in ast.parse(start_of(final=final)).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "GENERATION"
    ]

    assert [ast.literal_eval(value) for value in values] == [final]


@pytest.mark.parametrize(
    "name",
    ["", "a..b", "a-b", "a b", "import", "a.class", "a;b", "a\nb", "é", "1a", "a.", "@CALL@"],
)
def test_a_name_that_python_could_read_otherwise_is_refused(name: str) -> None:
    for entry in (replace(ENTRY, module=name), replace(ENTRY, attribute=name)):
        with pytest.raises(McpInstallError) as refused:
            start_of(entry)

        assert refused.value.code is ErrorCode.MANIFEST_INVALID
