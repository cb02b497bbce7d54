"""Promises about the code as a whole that no linter checks."""

from __future__ import annotations

import ast
import functools
import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from pip._internal.models import index as pip_index

from mcpinstall.errors import ErrorCode
from tests.conftest import ROOT, effective_index

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = ROOT / "mcpinstall"
MOST_FILE_LINES, MEDIAN_FILE_LINES = 400, 150
MOST_FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 60, 10
HEAVY = {"cryptography", "httpx", "pydantic", "rich.markdown", "sigstore", "tuf"}
"""Modules that no command may load before it needs them (design §13)."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def sources() -> dict[Path, ast.Module]:
    """Every module of the package, parsed."""
    return {
        path.relative_to(PACKAGE): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    """Every node of every module."""
    for path, tree in sources().items():
        for node in ast.walk(tree):
            yield path, node


def calls() -> Iterator[tuple[Path, str, ast.Call]]:
    """Every call, with the dotted name that is called."""
    for path, node in nodes():
        if isinstance(node, ast.Call):
            yield path, ast.unparse(node.func), node


def length(function: Function) -> int:
    """Lines of a function, without its decorators and docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def functions() -> dict[str, int]:
    """Every function and method, with its length."""
    return {
        f"{path}:{node.lineno} {node.name}": length(node)
        for path, node in nodes()
        if isinstance(node, Function)
    }


def test_a_file_is_short() -> None:
    lines = {path: len((PACKAGE / path).read_bytes().splitlines()) for path in sources()}

    assert {path: count for path, count in lines.items() if count > MOST_FILE_LINES} == {}
    assert statistics.median(lines.values()) <= MEDIAN_FILE_LINES


def test_a_function_is_short() -> None:
    lines = functions()

    assert {name: count for name, count in lines.items() if count > MOST_FUNCTION_LINES} == {}
    assert statistics.median(lines.values()) <= MEDIAN_FUNCTION_LINES


def test_only_verification_makes_verified_artifacts() -> None:
    makers = {
        path.parts[0] for path, name, _ in calls() if name.split(".")[-1] == "VerifiedArtifact"
    }

    assert makers == {"verification"}


def test_only_the_command_line_prints() -> None:
    printers = {str(path) for path, name, _ in calls() if name == "print"}

    assert {path for path in printers if not path.startswith("cli")} == set()


def test_no_code_is_made_or_loaded_from_text() -> None:
    banned = {"eval", "exec", "__import__", "import_module", "importlib.import_module"}
    found = [f"{path}:{node.lineno} {name}" for path, name, node in calls() if name in banned]

    assert found == []


def test_no_shell_is_started() -> None:
    found = [
        f"{path}:{node.lineno} {name}"
        for path, name, node in calls()
        if name in {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
        or any(keyword.arg == "shell" for keyword in node.keywords)
    ]

    assert found == []


def test_no_pickle_is_read_or_written() -> None:
    banned = {"dill", "marshal", "pickle", "shelve"}
    imported = {
        f"{path}: {name}"
        for path, node in nodes()
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.split(".")[0] in banned
    }

    assert imported == set()


def test_every_error_code_is_explained_once() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    explained = re.findall(r"^## `(.+)`$", page, re.MULTILINE)

    assert sorted(explained) == sorted(ErrorCode)


def attacks() -> list[dict[str, str]]:
    """The first table of the threat model, a row for each test."""
    page = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    table = page.partition("## Attacks with a test")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    heads, _, *rows = [[cell.strip() for cell in line[1:-1].split(" | ")] for line in lines]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_every_attack_of_the_threat_model_has_its_test() -> None:
    named = [row["Test"].strip("`") for row in attacks()]
    present = [
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/attacks").glob("test_*.py")
    ]

    assert sorted(named) == sorted(present)


def test_every_attack_says_who_what_stops_it_and_what_is_not_stopped() -> None:
    wanted = ["Id", "Attack", "Who", "Stopped by", "Not stopped", "Test"]

    assert all(list(row) == wanted and all(row.values()) for row in attacks())


def test_no_threat_to_an_installer_is_left_out() -> None:
    numbers = {*range(9, 32), *range(33, 38), 43}

    assert {f"T{number:02}" for number in numbers} - {row["Id"] for row in attacks()} == set()


def test_every_attack_has_an_honest_twin_in_its_file() -> None:
    """The line `Twin:` of a file names the tests in which the honest case passes."""
    without = []
    for row in attacks():
        tree = ast.parse((ROOT / row["Test"].strip("`")).read_text(encoding="utf-8"))
        twins = re.findall(r"`(\w+)`", (ast.get_docstring(tree) or "").partition("\nTwin:")[2])
        tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if not twins or set(twins) - {name for name in tests if name.startswith("test_")}:
            without.append((row["Test"], twins))

    assert without == []


def registry_hosts() -> set[str]:
    """The hosts of the package registries, as their own clients know them."""
    addresses = [
        f"https://{pip_index.PyPI.netloc}",
        f"https://{pip_index.PyPI.file_storage_domain}",
    ]
    addresses.append(effective_index())
    if npm := shutil.which("npm"):
        asked = subprocess.run(
            [npm, "config", "get", "registry"], capture_output=True, text=True, check=False
        )
        addresses.append(asked.stdout.strip())
    hosts = {urlsplit(address).hostname or "" for address in addresses}
    return hosts - {"", "localhost", "127.0.0.1", "::1"}


def files_of_the_repository() -> list[Path]:
    """Every file that is, or could be, committed."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        listed = subprocess.run(
            [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        return [path for name in listed if name and (path := ROOT / name).is_file()]
    tops = ("mcpinstall", "tests", "manifests", "docs", ".ci", ".github")
    nested = [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file()]
    return [*nested, *(path for path in ROOT.iterdir() if path.is_file())]


def test_no_file_names_a_package_registry_host() -> None:
    hosts = [host.lower().encode() for host in registry_hosts()]

    found = [
        str(path.relative_to(ROOT))
        for path in files_of_the_repository()
        if "__pycache__" not in path.parts
        and any(host in path.read_bytes().lower() for host in hosts)
    ]

    assert hosts
    assert found == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["install", "--help"],
        ["list"],
        ["update", "--help"],
        ["outdated", "--help"],
        ["rollback", "--help"],
        ["hold", "--help"],
    ],
    ids=" ".join,
)
def test_a_quick_command_loads_nothing_heavy(arguments: list[str], home: Path) -> None:
    script = (
        "import json, sys\n"
        f"sys.argv = ['mcpi', *{arguments!r}]\n"
        "from mcpinstall.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: status = end.code or 0\n"
        "else: status = 0\n"
        "print()\n"
        "print(json.dumps([status, sorted(sys.modules)]))\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=home, capture_output=True, text=True, check=True
    )

    status, loaded = json.loads(ran.stdout.splitlines()[-1])
    assert status == 0
    assert HEAVY.intersection(loaded) == set()
