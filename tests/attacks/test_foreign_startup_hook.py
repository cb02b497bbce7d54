"""Attack T13: code hides in the start-up of a virtual environment that an entry starts.

Who: a package's install script, another program of the user.
Stopped by: `mcpi audit` (MA802) reads what Python would run by itself, and whether a package
brought it, without starting anything.
Twin: `test_what_tools_put_into_every_environment_is_no_finding`, `test_a_recorded_hook_is_none`.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mcpinstall.model.audit_report import AuditReport
from mcpinstall.operations import audit, audit_hooks
from mcpinstall.operations.context import Context
from tests.builders.watchdog import ends

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


def audited(context: Context, command: Path) -> AuditReport:
    document = {"mcpServers": {"a": {"command": str(command), "args": ["-m", "server"]}}}
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")
    return audit.audit(audit.Wanted(paths=(".mcp.json",)), context)


def found(context: Context, command: Path) -> list[tuple[str, str]]:
    report = audited(context, command)
    assert report.unchecked == ()
    return [
        (str(one.rule.severity), one.message)
        for one in report.findings
        if one.rule.id == "MA802"
    ]  # fmt: skip


def recorded(environment: Path, name: str, data: bytes, algorithm: str = "sha256") -> None:
    folder = site(environment) / "some-1.0.dist-info"
    folder.mkdir()
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=").decode()
    with (folder / "RECORD").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)  # as installers write it: what needs quotes has some
        rows.writerow(("some/__init__.py", "", ""))
        rows.writerow((name, f"{algorithm}={digest}", len(data)))


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
        ("sitecustomize.cpython-311-x86_64-linux-gnu.so", b"\x7fELF"),
        ("usercustomize.cp311-win_amd64.pyd", b"MZ"),
        ("sitecustomize.pyc", b""),
        (".hidden.pth", CODE),
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


@pytest.mark.parametrize("module", ["sitecustomize", "usercustomize"])
@pytest.mark.parametrize(
    "name",
    [
        "__init__.py", "__init__.pyc", "__init__.so", "__init__.abi3.so", "__init__.pyd",
        "__init__.cpython-311-x86_64-linux-gnu.so",
    ],
)  # fmt: skip
def test_a_package_that_site_imports_is_found(
    context: Context, environment: Path, module: str, name: str
) -> None:
    folder = site(environment) / module
    folder.mkdir()
    (folder / "other.py").write_bytes(CODE)
    (folder / name).write_bytes(CODE)

    ((_, message),) = found(context, program(environment))

    assert f"`{module}/{name}`" in message


def native_beside_source(environment: Path) -> str:
    folder = site(environment) / "sitecustomize"
    folder.mkdir()
    (folder / "__init__.py").write_bytes(CODE)
    recorded(environment, "sitecustomize/__init__.py", CODE)
    (folder / "__init__.abi3.so").write_bytes(b"\x7fELF")
    return "`sitecustomize/__init__.abi3.so`"


def behind_many_harmless(environment: Path) -> str:
    for number in range(60):
        (site(environment) / f"a{number}.pth").write_bytes(b"/opt/more\n")
    (site(environment) / "z.pth").write_bytes(CODE)
    return "`z.pth`"


def in_a_folder_of_the_path(environment: Path) -> str:
    folder = environment.parent / "elsewhere"
    folder.mkdir()
    (folder / "sitecustomize.py").write_bytes(CODE)
    (site(environment) / "a.pth").write_bytes(b"# x\n\n  " + os.fsencode(folder) + b"  \n")
    return "elsewhere/sitecustomize.py`"


def in_a_folder_named_from_there(environment: Path) -> str:
    folder = site(environment) / "a/usercustomize"
    folder.mkdir(parents=True)
    (folder / "__init__.pyc").write_bytes(b"")
    (site(environment) / "a.pth").write_bytes(b"./b/../a\n")
    return "`a/usercustomize/__init__.pyc`"


def in_an_archive_of_the_path(environment: Path) -> str:
    with zipfile.ZipFile(environment.parent / "more.zip", "w") as archive:
        archive.writestr("sitecustomize/__init__.py", CODE)
    (site(environment) / "a.pth").write_bytes(b"../../../../more.zip\n")
    return "more.zip/sitecustomize/__init__.py`"


def beside_the_program(environment: Path) -> str:
    (program(environment).parent / "python._pth").write_bytes(b"/opt/evil\nimport site\n")
    return "/python._pth`"


def in_a_folder_of_64_bits(environment: Path) -> str:
    folder = environment / "lib64"
    folder.unlink(missing_ok=True)
    other = folder / "python3.11/site-packages"
    other.mkdir(parents=True)
    (other / "evil.pth").write_bytes(CODE)
    return "`evil.pth`"


PLACES = [
    native_beside_source, behind_many_harmless, in_a_folder_of_the_path,
    in_a_folder_named_from_there, in_an_archive_of_the_path, beside_the_program,
    in_a_folder_of_64_bits,
]  # fmt: skip


@pytest.mark.parametrize("put", PLACES)
def test_what_runs_by_itself_is_found_wherever_python_looks(
    context: Context, environment: Path, put: Callable[[Path], str]
) -> None:
    name = put(environment)

    ((_, message),) = found(context, program(environment))

    assert name in message


def test_python_itself_runs_what_is_found(environment: Path) -> None:
    """Facts of CPython 3.11 that the looks of the audit follow."""
    say = b"import os; os.write(1, b'RAN')\n"
    words = [str(program(environment)), "-I", "-c", "pass"]

    def runs(path: Path, data: bytes) -> bool:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        ran = subprocess.run(words, check=False, capture_output=True, timeout=120)
        path.unlink()
        return b"RAN" in ran.stdout

    here, other = site(environment), environment.parent / "other"
    assert runs(here / ".hidden.pth", say)
    assert not runs(here / "sitecustomize.txt", say)
    (here / "folders.pth").write_bytes(os.fsencode(other) + b"\n")
    assert not runs(other / "more.pth", say)
    is_shadowed = "import sys; print('sitecustomize' in sys.modules)"  # (by the system's own)
    ran = subprocess.run([*words[:-1], is_shadowed], check=True, capture_output=True, timeout=120)
    if ran.stdout.strip() == b"True":
        return
    assert runs(other / "sitecustomize.py", say)
    assert runs(here / "sitecustomize.py", say)
    assert runs(here / "sitecustomize/__init__.py", say)


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
    (site(environment) / "sitecustomize.txt").write_bytes(CODE)
    (site(environment) / "sitecustomize.cpython-311.pyc").write_bytes(CODE)
    (site(environment) / "usercustomize").mkdir()
    (site(environment) / "usercustomize/notes.py").write_bytes(CODE)
    folder = environment.parent / "source"
    folder.mkdir()
    (folder / "more.pth").write_bytes(CODE)
    (site(environment) / "a.pth").write_bytes(b"../../../../source\n/opt/nothing\n.\n")
    (site(environment) / "link.pth").symlink_to("nowhere")

    assert found(context, program(environment)) == []


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("name", ["cov.pth", "a, b.pth", 'a"b".pth', "./cov.pth", "\u00e9.pth"])
def test_a_recorded_hook_is_none(
    context: Context, environment: Path, name: str, algorithm: str
) -> None:
    (site(environment) / name).write_bytes(CODE)
    recorded(environment, name, CODE, algorithm)

    assert found(context, program(environment)) == []


def hooks_without_end(environment: Path) -> None:
    for number in range(1_001):
        (site(environment) / f"a{number}.pth").write_bytes(b"/opt/more\n")


def folders_without_end(environment: Path) -> None:
    (site(environment) / "a.pth").write_bytes(b"/opt/more\n" * 101)


def another_machine(environment: Path) -> None:
    (site(environment) / "a.pth").write_bytes(b"//server.example/share\n")


def what_can_not_be_read(environment: Path) -> None:
    (site(environment) / "a.pth").symlink_to("/proc/self/mem")


def a_record_that_can_not_be_read(environment: Path) -> None:
    (site(environment) / "a.pth").write_bytes(CODE)
    (site(environment) / "some-1.0.dist-info/RECORD").mkdir(parents=True)


def an_archive_too_large(environment: Path) -> None:
    (site(environment) / "a.pth").write_bytes(b"more.zip\n")
    with (site(environment) / "more.zip").open("wb") as file:
        file.truncate((8 << 20) + 1)


def records_too_large(environment: Path) -> None:
    (site(environment) / "a.pth").write_bytes(CODE)
    for number in range(5):
        folder = site(environment) / f"some{number}-1.0.dist-info"
        folder.mkdir()
        with (folder / "RECORD").open("wb") as file:
            file.truncate(30 << 20)


def records_with_too_many_hooks(environment: Path) -> None:
    (site(environment) / "a.pth").write_bytes(CODE)
    folder = site(environment) / "some-1.0.dist-info"
    folder.mkdir()
    (folder / "RECORD").write_bytes(b"b.pth,sha256=x,1\n" * 20_001)


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.mark.parametrize(
    "put",
    [
        hooks_without_end, folders_without_end, another_machine,
        pytest.param(what_can_not_be_read, marks=linux), a_record_that_can_not_be_read,
        an_archive_too_large, records_too_large, records_with_too_many_hooks,
    ],
)  # fmt: skip
def test_what_could_not_be_looked_at_is_told(
    context: Context, environment: Path, put: Callable[[Path], None]
) -> None:
    put(environment)

    (gap,) = audited(context, program(environment)).unchecked

    assert (gap.subject, gap.code) == ("~/venv", "file-unreadable")
    assert "what Python runs there by itself is not known" in gap.message


def test_records_are_read_once_however_many_hooks_there_are(
    context: Context, environment: Path
) -> None:
    folder = site(environment) / "some-1.0.dist-info"
    folder.mkdir()
    digest = base64.urlsafe_b64encode(hashlib.sha256(CODE).digest()).rstrip(b"=").decode()
    names = [f"n{number}.pth" for number in range(900)]
    for name in names:
        (site(environment) / name).write_bytes(CODE)
    rows = "".join(f"{name},sha256={digest},1\n" for name in names)
    others = "".join(f"some/module{number}.py,,\n" for number in range(300_000))
    (folder / "RECORD").write_text(others + rows, encoding="utf-8")

    with ends(10):
        assert found(context, program(environment)) == []


def test_more_names_than_are_looked_at_are_told(
    context: Context, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_hooks, "_NAMES", 20)  # (20,000 files take minutes on some disks)
    for number in range(21):
        (site(environment) / f"n{number}").touch()

    (gap,) = audited(context, program(environment)).unchecked

    assert "it has more than 20 names" in gap.message


def test_a_record_beside_one_that_can_not_be_read_counts(
    context: Context, environment: Path
) -> None:
    (site(environment) / "cov.pth").write_bytes(CODE)
    recorded(environment, "cov.pth", CODE)
    (site(environment) / "a-1.0.dist-info/RECORD").mkdir(parents=True)

    report = audited(context, program(environment))

    assert "MA802" not in {one.rule.id for one in report.findings}
    assert len(report.unchecked) == 1


@pytest.mark.parametrize(("said", "algorithm"), [(CODE, "sha256"), (CODE + CODE, "md5")])
def test_a_recorded_hook_that_was_changed_is_found(
    context: Context, environment: Path, said: bytes, algorithm: str
) -> None:
    (site(environment) / "cov.pth").write_bytes(CODE + CODE)
    recorded(environment, "cov.pth", said, algorithm)

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
    real = audit_hooks.look
    seen: list[Path] = []

    def counted(one: Path) -> audit_hooks.Looked:
        seen.append(one)
        return real(one)

    monkeypatch.setattr(audit_hooks, "look", counted)
    document = {
        "mcpServers": {f"s{n}": {"command": str(program(environment))} for n in range(5)}
    }  # fmt: skip
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")

    report = audit.audit(audit.Wanted(paths=(".mcp.json",)), context)

    assert seen == [environment]
    assert [one.rule.id for one in report.findings].count("MA802") == 5
