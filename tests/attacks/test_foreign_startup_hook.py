"""Attack T13: code hides in the start-up of a virtual environment that an entry starts.

Who: a package's install script, another program of the user.
Stopped by: `mcpi audit` (MA802) reads what Python would run by itself, and whether a package
brought it, without starting anything.
Twin: `test_what_tools_put_into_every_environment_is_no_finding`, `test_a_recorded_hook_is_none`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall.operations import audit, audit_hooks
from mcpinstall.operations.context import Context

CODE = b"import os; os.getcwd()\n"
DISTUTILS = (
    b"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == "
    b"'local'; enabled and __import__('_distutils_hack').add_shim(); "
)


@pytest.fixture
def context(home: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    work = home / "work"
    work.mkdir(mode=0o700)
    monkeypatch.chdir(work)
    return Context.current()


@pytest.fixture
def environment(context: Context) -> Path:
    folder = context.machine.home / "venv"
    words = [sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(words, check=True, timeout=120)
    return folder


def site(environment: Path) -> Path:
    (found,) = environment.glob("[Ll]ib/**/site-packages")
    return found


def program(environment: Path) -> Path:
    found = next(path for path in environment.glob("*/python*") if path.stem == "python")
    assert found.exists()
    return found


def found(context: Context, command: Path) -> list[tuple[str, str]]:
    document = {"mcpServers": {"a": {"command": str(command), "args": ["-m", "server"]}}}
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")
    report = audit.audit(audit.Wanted(paths=(".mcp.json",)), context)
    assert report.unchecked == ()
    return [
        (str(one.rule.severity), one.message)
        for one in report.findings
        if one.rule.id == "MA802"
    ]  # fmt: skip


def recorded(environment: Path, name: str, data: bytes) -> None:
    folder = site(environment) / "some-1.0.dist-info"
    folder.mkdir()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    (folder / "RECORD").write_text(f"{name},sha256={digest},{len(data)}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("evil.pth", CODE),
        ("Evil.PTH", CODE),
        ("evil.pth", b"/opt/more\nimport\tos\n"),
        ("evil.pth", b"\xef\xbb\xbfimport os\n"),
        ("evil.pth", b"# \x0cimport os\n"),
        ("evil.pth", b"#" * (1 << 17) + b"\n" + CODE),
        ("evil.start", b"evil:run\n"),
        ("sitecustomize.py", b""),
        ("usercustomize.py", CODE),
        ("sitecustomize.abi3.so", b"\x7fELF"),
        ("_virtualenv.pth", CODE),
        ("distutils-precedence.pth", DISTUTILS + CODE),
    ],
)
def test_what_runs_by_itself_is_found(
    context: Context, environment: Path, name: str, data: bytes
) -> None:
    (site(environment) / name).write_bytes(data)

    ((severity, message),) = found(context, program(environment))

    assert severity == "medium"
    assert name in message


def test_a_package_that_site_imports_is_found(context: Context, environment: Path) -> None:
    folder = site(environment) / "usercustomize"
    folder.mkdir()
    (folder / "__init__.py").write_bytes(CODE)

    assert len(found(context, program(environment))) == 1


def test_a_link_to_a_program_of_it_leads_there(context: Context, environment: Path) -> None:
    (site(environment) / "evil.pth").write_bytes(CODE)
    script = program(environment).parent / "server"
    script.write_bytes(b"#!/bin/sh\n")
    link = context.machine.home / "server"
    link.symlink_to(script)

    assert len(found(context, link)) == 1


def test_what_tools_put_into_every_environment_is_no_finding(
    context: Context, environment: Path
) -> None:
    assert found(context, program(environment)) == []

    (site(environment) / "_virtualenv.pth").write_bytes(b"import _virtualenv")
    (site(environment) / "distutils-precedence.pth").write_bytes(DISTUTILS)
    (site(environment) / "__editable__.server-1.0.pth").write_bytes(b"/home/me/server/src\n")
    (site(environment) / "notes.txt").write_bytes(CODE)

    assert found(context, program(environment)) == []


def test_a_recorded_hook_is_none(context: Context, environment: Path) -> None:
    (site(environment) / "cov.pth").write_bytes(CODE)
    recorded(environment, "cov.pth", CODE)

    assert found(context, program(environment)) == []


def test_a_recorded_hook_that_was_changed_is_found(context: Context, environment: Path) -> None:
    (site(environment) / "cov.pth").write_bytes(CODE + b"import evil\n")
    recorded(environment, "cov.pth", CODE)

    assert len(found(context, program(environment))) == 1


def test_a_program_outside_any_environment_is_not_looked_around(context: Context) -> None:
    folder = context.machine.home / "tools" / "bin"
    folder.mkdir(parents=True)
    site_folder = folder.parent / "lib/python3.12/site-packages"
    site_folder.mkdir(parents=True)
    (site_folder / "evil.pth").write_bytes(CODE)
    (folder / "server").write_bytes(b"#!/bin/sh\n")

    assert found(context, folder / "server") == []


def test_links_in_a_circle_end(context: Context) -> None:
    one, two = context.machine.home / "one", context.machine.home / "two"
    one.symlink_to(two)
    two.symlink_to(one)

    assert audit_hooks.environment_of(one) is None


def test_an_environment_is_read_once_for_all_entries(
    context: Context, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site(environment) / "evil.pth").write_bytes(CODE)
    real = audit_hooks.hooks
    seen: list[Path] = []

    def counted(one: Path) -> Iterator[str]:
        seen.append(one)
        return real(one)

    monkeypatch.setattr(audit_hooks, "hooks", counted)
    document = {
        "mcpServers": {f"s{n}": {"command": str(program(environment))} for n in range(5)}
    }  # fmt: skip
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")

    report = audit.audit(audit.Wanted(paths=(".mcp.json",)), context)

    assert seen == [environment]
    assert [one.rule.id for one in report.findings].count("MA802") == 5
