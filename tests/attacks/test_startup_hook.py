"""Attack T13: a wheel puts code where every start of Python runs it, imported or not.

Who: a publisher, or whoever has taken over a package.
Stopped by: check 6, `startup_hooks`: a reviewer must accept each such file by its digest.
Twin: `test_ordinary_modules_need_no_acceptance`.
"""

from __future__ import annotations

import ast
import py_compile
import re
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Scheme
from mcpinstall.model.manifest import HookKind
from mcpinstall.verification import stage_artifacts
from tests.builders import environments
from tests.builders.wheels import accepted, artifact, inspect, wheel
from tests.builders.world import World

CODE = b"import os; os.system('id')\n"


@pytest.mark.parametrize(
    "member",
    [
        "example.pth",
        "EXAMPLE.PTH",
        "example.start",
        "EXAMPLE.Start",
        ".example.pth",
        "__editable__.example.pth",
        "example.data.pth",
        "sitecustomize.py",
        "sitecustomize.pyw",
        "sitecustomize.abi3.so",
        "usercustomize/deep/er.txt",
        "usercustomize.py",
        "SiteCustomize.py",
        "sitecustomize/__init__.py",
        "sitecustomize.cpython-312-x86_64-linux-gnu.so",
        "usercustomize.pyd",
        "example-1.0.data/purelib/example.pth",
        "example-1.0.data/platlib/sitecustomize.py",
        "example-1.0.data/platlib/.x.PTH",
        "example-1.0.data/purelib/example.start",
        "apport_python_hook.py",
        "apport_python_hook/__init__.py",
        "Apport_Python_Hook.so",
        "org.py",
        "org/__init__.py",
        "org/python.py",
        "org/python/core/__init__.py",
        "org/python/core/PyStringMap.py",
        "example-1.0.data/platlib/org/python/core.py",
        "_sysconfigdata__linux_x86_64-linux-gnu.py",
        "encodings/utf_8.py",
        "os.pyw",
        "Readline.pyd",
        "readline.pyw",
        "readline.py",
        "_gdbm.cpython-312-x86_64-linux-gnu.so",
        "compression/zstd.py",
    ],
)
def test_code_that_nobody_calls_is_refused(member: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({member: CODE}))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    assert member in refused.value.message
    assert "example-1.0-py3-none-any.whl" in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"../../elsewhere\n",
        b"import\tos\n",
        b"\xef\xbb\xbfimport os\n",
        b"\xff\xfei\0m\0",
        b"# x",
    ],
)
def test_a_path_file_is_refused_whatever_it_holds(text: bytes) -> None:
    with pytest.raises(McpInstallError, match="start-up hook"):
        inspect(wheel({"example.pth": text}))


_IMPORTS = re.compile(rb"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE)
_NEVER_TRIED = {
    "__main__", "_winreg", "docutils", "java", "pgen2", "pip", "test", "vms_lib", "win32api",
    "win32con", "win32evtlog", "win32evtlogutil",
}  # fmt: skip
"""Imported by the standard library on systems that are gone, or where the caller asks for it."""


def _imported_names(source: bytes) -> set[str]:
    """Every module that a source imports by its whole name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
    return found


def test_each_foreign_module_that_the_standard_library_tries_is_known_here() -> None:
    """The next Python may try another one: a wheel that has it runs unasked."""
    library = Path(sysconfig.get_path("stdlib"))
    own = {*sys.stdlib_module_names, *sys.builtin_module_names}
    foreign: set[str] = set()
    for path in library.rglob("*.py"):
        parts = path.relative_to(library).parts
        if {"test", "tests", "idlelib", "site-packages", "dist-packages"} & set(parts):
            continue
        source = path.read_bytes()
        tops = {name.decode().partition(".")[0] for name in _IMPORTS.findall(source)}
        if tops - own - {""}:
            foreign |= {name for name in _imported_names(source) if name.split(".")[0] not in own}

    for module in sorted(foreign):
        if module.split(".")[0] not in _NEVER_TRIED:
            with pytest.raises(McpInstallError, match="start-up hook"):
                inspect(wheel({f"{module.replace('.', '/')}.py": CODE}))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="needs Python 3.11")
def test_a_module_that_only_jython_had_really_runs_unasked(tmp_path: Path) -> None:
    place = tmp_path / "org" / "python" / "core" / "__init__.py"
    place.parent.mkdir(parents=True)
    place.write_text("print('ran')\n")
    code = f"import sys; sys.path.append({str(tmp_path)!r}); import argparse, copy"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, check=True
    )

    assert done.stdout.split() == [b"ran"]


@pytest.mark.parametrize(
    "member",
    [
        "example/__pycache__/module.cpython-312.pyc",
        "example/__pycache__/source.pyc",
        "example/__pycache__/source.cpython-312.pyo",
        "example/__pycache__/sub/source.cpython-312.pyc",
        "example/__pycache__/SOURCE.cpython-312.pyc",
        "example/__PYCACHE__/source.cpython-312.pyc",
        "__pycache__/source.cpython-312.pyc",
        "example-1.0.data/scripts/source.pyc",
        "example-1.0.data/data/share/__pycache__/source.cpython-312.pyc",
        "example/module.pyc",
        "example/source.pyc",
        "example/MODULE.PYC",
        "example/module.pyo",
        "__pycache__",
        "example/pyvenv.cfg",
        "python312._pth",
    ],
)
def test_code_without_source_is_refused_even_when_accepted(member: str) -> None:
    hooks = [accepted(member, CODE, kind) for kind in HookKind]

    with pytest.raises(McpInstallError, match=r"without its source|finds its modules") as refused:
        inspect(wheel({member: CODE, "example/source.py": b""}), hooks)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@pytest.mark.parametrize("tag", ["cpython-312", "cpython-313t.opt-1", "pypy310", "graalpy-242"])
def test_compiled_code_beside_its_source_is_known_and_not_part_of_the_wheel(tag: str) -> None:
    found = inspect(wheel({"a/b.py": b"", f"a/__pycache__/b.{tag}.pyc": CODE, "b.py": b""}))

    (compiled,) = (file for file in found.files if file.scheme is Scheme.COMPILED)
    assert compiled.path == f"a/__pycache__/b.{tag}.pyc"


def test_compiled_code_outside_the_modules_is_refused_with_its_source_too() -> None:
    folder = "example-1.0.data/data/share"
    files = {f"{folder}/x.py": b"", f"{folder}/__pycache__/x.cpython-312.pyc": CODE}
    hooks = [accepted(name, data, HookKind.DATA) for name, data in files.items()]

    with pytest.raises(McpInstallError, match="without its source"):
        inspect(wheel(files), hooks)


def test_only_the_source_of_a_hook_needs_acceptance() -> None:
    files = {"sitecustomize/x.py": b"", "sitecustomize/__pycache__/x.cpython-312.pyc": CODE}
    hook = accepted("sitecustomize/x.py", b"", HookKind.STARTUP)

    assert inspect(wheel(files), [hook]).accepted == (hook,)


def test_compiled_code_that_lies_about_its_source_never_runs(tmp_path: Path) -> None:
    tag = sys.implementation.cache_tag
    (tmp_path / "evil.py").write_text("TEXT = 'evil'\n")
    py_compile.compile(
        str(tmp_path / "evil.py"), str(tmp_path / "evil.pyc"),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip
    lie = (tmp_path / "evil.pyc").read_bytes()
    sources = {name: text.encode() for name, text in environments.server_files("honest").items()}
    data = wheel(sources | {
        f"tiny_server/__pycache__/part.{tag}.pyc": lie,
        "tiny_server/__pycache__/part.cpython-39.pyc": lie,
        f"tiny_server/__pycache__/template.{tag}.pyc": lie,
    }, name="tiny_server")  # fmt: skip
    (tmp_path / "stored").write_bytes(data)
    (tmp_path / "wheels").mkdir()

    verified = stage_artifacts(
        [(artifact(data, name="tiny_server"), tmp_path / "stored")], tmp_path / "wheels", []
    )
    root = environments.stage_server(tmp_path, verified).staged.path

    assert [path.name for path in root.rglob("part.*.pyc")] == [f"part.{tag}.pyc"]
    assert not list(root.rglob("template.*.pyc"))
    assert lie not in [path.read_bytes() for path in root.rglob("*.pyc")]


def test_an_acceptance_of_another_file_counts_for_nothing() -> None:
    hook = accepted("example.pth", CODE, HookKind.STARTUP)
    others = [
        replace(hook, sha256="0" * 64),
        replace(hook, member="other.pth"),
        replace(hook, wheel="example-1.1-py3-none-any.whl"),
        replace(hook, kind=HookKind.DATA),
    ]

    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({"example.pth": CODE}), others)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_the_hook_that_reviewers_accepted_is_let_through_and_named() -> None:
    hook = accepted("example.pth", CODE, HookKind.STARTUP)

    assert inspect(wheel({"example.pth": CODE}), [hook]).accepted == (hook,)


def test_ordinary_modules_need_no_acceptance() -> None:
    files = {
        "example/__init__.py": b"",
        "example/sitecustomize.py": b"",
        "example/example.pth": b"",
        "typing_extensions.py": b"",
        "test/__init__.py": b"",
        "audioop/__init__.py": b"",
        "org/example/__init__.py": b"",
        "org/python.txt": b"",
        "organisation.py": b"",
        "readline.txt": b"",
        "os.path/x.py": b"",
        "example/readline.pyw": b"",
    }

    assert inspect(wheel(files)).accepted == ()


@pytest.mark.e2e
@pytest.mark.parametrize("member", ["x.pth", "x_server-1.0.data/platlib/sitecustomize.py"])
def test_a_server_with_a_hook_is_not_installed_and_its_hook_not_run(
    world: World, member: str
) -> None:
    canary = world.root / "canary"
    code = f"import pathlib; pathlib.Path({str(canary)!r}).touch()\n"
    world.offer("x", data=wheel({
        member: code.encode(),
        "x_server/__init__.py": b"",
        "x_server-1.0.dist-info/entry_points.txt": b"[console_scripts]\nx-server = x_server:main\n",
    }, name="x_server"))  # fmt: skip
    before = world.host_files()

    with pytest.raises(McpInstallError, match="start-up hook") as refused:
        world.install("x", hosts=["cursor"])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    assert not canary.exists()
    world.require_untouched(before)


@pytest.mark.e2e
def test_a_server_without_one_is_installed(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")
