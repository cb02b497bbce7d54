from __future__ import annotations

import hashlib
import os
import stat
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcpinstall import environments
from mcpinstall.environments import staging
from mcpinstall.environments import uv as uv_module
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import EntryPoint, VerifiedArtifact
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.system.machine import Machine
from tests.builders.environments import (
    ENTRY_POINT,
    build_wheel,
    interpreter,
    machine_at,
    server_files,
    stage_server,
)

MINOR = ".".join(interpreter().version.split(".")[:2])
SITE = f"lib/python{MINOR}/site-packages"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels-one"
    folder.mkdir()
    return folder


def hook(member: str, kind: HookKind) -> Hook:
    return Hook(wheel="any", member=member, sha256="0" * 64, kind=kind, reason="tests")


def swapped(folder: Path, away: Path) -> None:
    """Put a link to a folder of the same content in the place of a folder."""
    folder.rename(away)
    folder.symlink_to(away, target_is_directory=True)


def paths(root: Path) -> set[str]:
    return {one.path for one in environments.read_tree(root)}


def tampering(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]) -> None:
    """Let uv, or somebody beside it, do `change` to the unpacked tree."""

    def unpack(
        uv: Path, lock: Path, *, interpreter: Interpreter, target: Path, machine: Machine
    ) -> None:
        uv_module.unpack(uv, lock, interpreter=interpreter, target=target, machine=machine)
        change(target)

    monkeypatch.setattr(staging, "unpack", unpack)


def refusal(folder: Path, verified: tuple[VerifiedArtifact, ...] = ()) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        stage_server(folder, verified)
    assert not (folder / "staging-one").exists()
    return refused.value


def test_the_environment_holds_the_wheels_files_and_ours_and_nothing_else(tmp_path: Path) -> None:
    root = stage_server(tmp_path).staged.path

    sources = {f"{SITE}/tiny_server/{name}.py" for name in ("__init__", "part", "late", "template")}
    tag = f"cpython-{MINOR.replace('.', '')}"
    compiled = {
        f"{SITE}/tiny_server/__pycache__/{name}.{tag}.pyc" for name in ("__init__", "part", "late")
    }
    information = {
        f"{SITE}/tiny_server-1.0.dist-info/{name}"
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")
    }
    own = {".lock", "pyvenv.cfg", "run.py", "start.py"}
    own |= {"bin/python", "bin/python3", f"bin/python{MINOR}"}
    links = {"lib64"} if machine_at(tmp_path).platform != "darwin" else set()
    assert paths(root) == sources | compiled | information | own | links


def test_each_record_is_the_wheels_own(tmp_path: Path) -> None:
    server = stage_server(tmp_path)

    record = server.staged.path / SITE / "tiny_server-1.0.dist-info" / "RECORD"
    assert record.read_bytes() == server.verified[0].inspection.record


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_files_are_read_only_and_folders_ours_alone(tmp_path: Path) -> None:
    root = stage_server(tmp_path).staged.path

    modes = {
        (stat.S_ISDIR(path.lstat().st_mode), oct(path.lstat().st_mode & 0o777))
        for path in (root, *root.rglob("*"))
        if not path.is_symlink() and path.name != ".lock"
    }
    assert modes == {(True, "0o700"), (False, "0o444")}
    assert (root / ".lock").stat().st_mode & 0o777 == 0o600


def test_no_file_shares_its_bytes_with_another_name(tmp_path: Path) -> None:
    server = stage_server(tmp_path)

    assert {one.names for one in environments.read_tree(server.staged.path)} == {1}
    assert {path.name for path in server.staged.path.parent.iterdir()} == {"environment"}


def test_the_digest_is_that_of_the_tree_and_survives_the_move(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    placed = environments.place(server.staged, server.home)

    assert environments.measure(placed) == server.staged.tree


def test_check_seven_counts_the_compared_files(tmp_path: Path) -> None:
    server = stage_server(tmp_path)

    result = environments.environment_check(server.staged, server.verified)

    assert (result.check, result.outcome) == (Check.ENVIRONMENT, Outcome.VERIFIED)
    assert result.evidence == "8 files equal the inspected archives"


def test_what_verify_expects_is_what_was_staged(tmp_path: Path) -> None:
    server = stage_server(tmp_path)
    final = server.home / server.staged.generation
    plan = environments.layout(interpreter(), ENTRY_POINT, final, machine_at(tmp_path).platform)

    entries = environments.read_tree(environments.place(server.staged, server.home))

    expected = environments.expected_files(server.verified, plan)
    assert environments.differences(entries, expected) == ()


def test_accepted_scripts_and_data_are_deleted(tmp_path: Path, wheels: Path) -> None:
    script = "#!python\nprint(1)\n"
    one = build_wheel(wheels, server_files() | {
        "tiny_server-1.0.data/scripts/tool": script,
        "tiny_server-1.0.data/scripts/activate": script,
        "tiny_server-1.0.data/data/share/man/tiny.1": "manual",
        "tiny_server-1.0.data/data/pyvenv.cfg": "include-system-site-packages = true\n",
        "tiny_server-1.0.data/headers/tiny.h": "int x;\n",
    })  # fmt: skip

    root = stage_server(tmp_path, (one,)).staged.path

    assert {path.name for path in root.iterdir()} <= {
        ".lock", "bin", "lib", "lib64", "pyvenv.cfg", "run.py", "start.py",
    }  # fmt: skip
    assert "include-system-site-packages = false" in (root / "pyvenv.cfg").read_text()


def test_files_of_the_other_library_scheme_are_site_files(tmp_path: Path, wheels: Path) -> None:
    one = build_wheel(wheels, server_files() | {"tiny_server-1.0.data/platlib/extra.py": "x = 1\n"})

    root = stage_server(tmp_path, (one,)).staged.path

    assert (root / SITE / "extra.py").is_file()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_an_accepted_program_stays_executable(tmp_path: Path, wheels: Path) -> None:
    member = "tiny_server/tool"
    one = build_wheel(
        wheels, server_files() | {member: "#!/bin/sh\n"},
        accepted=[hook(member, HookKind.EXECUTABLE)],
    )  # fmt: skip

    root = stage_server(tmp_path, (one,)).staged.path

    assert (root / SITE / member).stat().st_mode & 0o777 == 0o555


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_native_program_among_the_modules_stays_executable(tmp_path: Path, wheels: Path) -> None:
    member = "tiny_server-1.0.data/platlib/tiny_server/tool"
    one = build_wheel(wheels, server_files() | {member: b"\x7fELF"})
    told = replace(one, inspection=replace(one.inspection, programs=(member,)))

    root = stage_server(tmp_path, (told,)).staged.path

    assert (root / SITE / "tiny_server/tool").stat().st_mode & 0o777 == 0o555


def test_a_wheel_may_bring_a_folder_named_bin(tmp_path: Path, wheels: Path) -> None:
    one = build_wheel(wheels, server_files() | {"bin/__init__.py": "", "bin/tiny-server": "mine"})

    root = stage_server(tmp_path, (one,)).staged.path

    assert (root / SITE / "bin" / "tiny-server").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda root: (root / SITE / "tiny_server/part.py").write_text("x"), "has other bytes"),
        (lambda root: (root / SITE / "tiny_server/part.py").unlink(), "is missing"),
        (lambda root: (root / SITE / "tiny_server-1.0.dist-info/RECORD").unlink(), "is missing"),
        (lambda root: (root / "pyvenv.cfg").write_text("home = /evil"), "has other bytes"),
        (lambda root: (root / SITE / "tiny_server/Part.py").write_text("x"), "Part.py` belongs"),
        (lambda root: (root / SITE / "tiny_server/part.pyc").write_text("x"), "part.pyc` belongs"),
        (lambda root: (root / SITE / "x.pth").symlink_to("nowhere"), "belongs to no archive"),
        (lambda root: (root / SITE / ".x.pth").write_text("import os"), "belongs to no archive"),
        (lambda root: (root / SITE / "x.start").write_text("x:y"), "belongs to no archive"),
        (lambda root: (root / "bin/activate").write_text("x"), "belongs to no archive"),
        (lambda root: (root / "bin/tiny-server2").write_text("x"), "belongs to no archive"),
        (lambda root: (root / "pyvenv.cfg~").write_text("x"), "belongs to no archive"),
        (lambda root: (root / f"{SITE}/tiny_server/part.py").write_bytes(b""), "has other bytes"),
        (lambda root: swapped(root / SITE / "tiny_server", root.parent / "away"), "is missing"),
        (lambda root: (root / "start.py").write_text("import os"), "has other bytes"),
        (lambda root: (root / "start.py").symlink_to("/etc/passwd"), "is of another type"),
        (lambda root: (root / ".lock").write_text("x"), "has other bytes"),
        (lambda root: (root / "bin/python").write_text("x"), "is of another type"),
        (lambda root: (root / SITE / "evil.pth").write_text("import os"), "belongs to no archive"),
        (lambda root: (root / SITE / "sitecustomize.py").write_text(""), "belongs to no archive"),
        (lambda root: (root / "bin" / "python3.9").symlink_to("/bin/sh"), "belongs to no archive"),
        (lambda root: (root / "share").symlink_to("/etc"), "belongs to no archive"),
        (
            lambda root: (root / SITE / "tiny_server-1.0.dist-info/INSTALLER").write_text("other"),
            "INSTALLER` belongs to no archive",
        ),
        (
            lambda root: (root / SITE / "tiny_server-1.0.dist-info/uv_cache.json").write_text("[]"),
            "uv_cache.json` belongs to no archive",
        ),
        (
            lambda root: (root / SITE / "tiny_server-1.0.dist-info/uv_cache.json").write_text("{"),
            "uv_cache.json` belongs to no archive",
        ),
        (
            lambda root: os.link(root / SITE / "tiny_server/part.py", root.parent / "again"),
            "shares its bytes",
        ),
        (
            lambda root: (root / SITE / "tiny_server/__pycache__").mkdir()
            or (root / SITE / f"tiny_server/__pycache__/part.cpython-{MINOR.replace('.', '')}.pyc")
            .write_bytes(b""),
            "belongs to no archive",
        ),
    ],
    ids=[
        "changed", "missing", "RECORD", "pyvenv.cfg", "case", "sourceless", "dangling link",
        "hidden path file", "start file", "activation", "another script", "back-up", "emptied",
        "folder swapped for a link", "own start.py", "start.py", "lock", "python",
        "start-up hook", "sitecustomize", "interpreter", "link", "INSTALLER",
        "uv_cache.json", "uv_cache.json, cut", "hard link", "compiled",
    ],
)  # fmt: skip
def test_a_tree_that_is_not_the_archives_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object], words: str
) -> None:
    tampering(monkeypatch, change)
    compiled: list[object] = []
    monkeypatch.setattr(staging, "compile_all", lambda *args: compiled.append(args))

    error = refusal(tmp_path)

    assert error.code is ErrorCode.ENVIRONMENT_DIFFERS
    assert words in error.message
    assert compiled == []


def test_a_file_replaced_by_a_link_to_equal_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(root: Path) -> None:
        path = root / SITE / "tiny_server/part.py"
        path.rename(tmp_path / "elsewhere.py")
        path.symlink_to(tmp_path / "elsewhere.py")

    tampering(monkeypatch, swap)

    assert "is of another type" in refusal(tmp_path).message


def test_a_change_during_compilation_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_and_plant(
        sources: object, root: Path, final: Path, python: Interpreter, machine: Machine
    ) -> None:
        del sources, final, python, machine
        (root / SITE / "planted.py").write_text("x = 1\n")

    monkeypatch.setattr(staging, "compile_all", compile_and_plant)

    assert "planted.py` belongs to no archive" in refusal(tmp_path).message


def test_a_wheel_swapped_after_verification_is_refused(tmp_path: Path, wheels: Path) -> None:
    one = build_wheel(wheels, server_files("one"))
    build_wheel(wheels, server_files("two"))

    error = refusal(tmp_path, (one,))

    assert error.code is ErrorCode.TOOL_FAILED
    assert "hash" in error.evidence.lower()


def test_an_inspection_of_other_bytes_is_refused(tmp_path: Path, wheels: Path) -> None:
    one = build_wheel(wheels, server_files("one"))
    two = build_wheel(wheels, server_files("two"))

    error = refusal(tmp_path, (replace(two, inspection=one.inspection),))

    assert error.code is ErrorCode.ENVIRONMENT_DIFFERS


def test_a_member_that_the_inspection_did_not_list_is_refused(tmp_path: Path, wheels: Path) -> None:
    one = build_wheel(wheels, server_files())
    with zipfile.ZipFile(one.path, "a") as archive:
        archive.writestr("hidden.py", "x = 1\n")
    data = one.path.read_bytes()
    artifact = replace(one.artifact, size=len(data), sha256=hashlib.sha256(data).hexdigest())

    error = refusal(tmp_path, (replace(one, artifact=artifact),))

    assert "hidden.py` belongs to no archive" in error.message


def test_configuration_around_us_has_no_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_at(
        tmp_path,
        environ={
            "UV_LINK_MODE": "symlink", "UV_PYTHON": "/nowhere", "UV_COMPILE_BYTECODE": "1",
            "UV_CONFIG_FILE": "/nowhere", "PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere",
            "UV_CACHE_DIR": str(tmp_path / "shared"), "VIRTUAL_ENV": str(tmp_path),
        },
    )  # fmt: skip
    for folder in (machine.cwd, machine.home, machine.home / ".config" / "uv"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "uv.toml").write_text("link-mode = 'symlink'\ncompile-bytecode = true\n")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(machine.cwd)

    server = stage_server(tmp_path, machine=machine)

    assert environments.measure(server.staged.path) == server.staged.tree
    assert not (tmp_path / "shared").exists()


def test_several_wheels_make_one_environment(tmp_path: Path, wheels: Path) -> None:
    library = build_wheel(wheels, {"library.py": "x = 1\n"}, name="library", scripts=())
    server = build_wheel(wheels, server_files())

    staged = stage_server(tmp_path, (library, server))

    assert {"library.py", "tiny_server"} <= {
        path.name for path in (staged.staged.path / SITE).iterdir()
    }


def test_a_script_that_cannot_be_called_is_refused(tmp_path: Path) -> None:
    with pytest.raises(McpInstallError) as refused:
        stage_server(tmp_path, entry_point=EntryPoint(name="x", module="a;b", attribute="main"))

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


def test_wheels_in_two_folders_are_a_mistake_of_the_caller(tmp_path: Path, wheels: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    two = build_wheel(other, {"library.py": ""}, name="library", scripts=())

    with pytest.raises(ValueError, match="one folder"):
        stage_server(tmp_path, (build_wheel(wheels, server_files()), two))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")
def test_a_name_that_is_no_text_is_a_difference_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plant(root: Path) -> None:
        Path(os.fsdecode(os.fsencode(root / SITE) + b"/\xff.pth")).write_text("import os")

    tampering(monkeypatch, plant)

    assert "belongs to no archive" in refusal(tmp_path).message
