"""Attack T14: a wheel replaces the interpreter, its settings, or another wheel's module.

Who: a publisher, or whoever has taken over a package.  uv 0.13.9 writes `activate` and
`pyvenv.cfg` over the environment's own, and lets the last of two wheels win.
Stopped by: check 6, `wheel_layout`, `entry_points` and `clashes`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.manifest import HookKind
from mcpinstall.verification import stage_artifacts
from tests.builders.wheels import accepted, artifact, inspect, wheel

DATA = "example-1.0.data"


@pytest.mark.parametrize(
    "member",
    [
        f"{DATA}/scripts/python3",
        f"{DATA}/scripts/python3.12",
        f"{DATA}/scripts/PYTHON.exe",
        f"{DATA}/scripts/pythonw.exe",
        f"{DATA}/scripts/activate",
        f"{DATA}/scripts/Activate.ps1",
        f"{DATA}/scripts/activate_this.py",
        f"{DATA}/scripts/pyvenv.cfg",
        f"{DATA}/scripts/folder/example",
        f"{DATA}/data/pyvenv.cfg",
        f"{DATA}/data/bin/python",
        f"{DATA}/data/bin/harmless",
        f"{DATA}/data/Scripts/harmless.exe",
        f"{DATA}/data/lib/python3.12/site-packages/requests/__init__.py",
        f"{DATA}/data/Lib/site-packages/x.pth",
        f"{DATA}/purelib/other-2.0.dist-info/METADATA",
        f"{DATA}/purelib/example-1.0.dist-info/entry_points.txt",
        f"{DATA}/stdlib/os.py",
        "other-2.0.data/data/share/x",
        "other-2.0.dist-info/METADATA",
        "other.egg-info/PKG-INFO",
        "other.egg-link",
        "example-1.0.dist-info/direct_url.json",
        "example-1.0.dist-info/INSTALLER",
    ],
)
def test_a_file_over_the_environment_is_refused_even_when_accepted(member: str) -> None:
    hooks = [accepted(member, b"#!python\n", kind) for kind in HookKind]

    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({member: b"#!python\n"}), hooks)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        (f"{DATA}/scripts/example", HookKind.SCRIPT),
        (f"{DATA}/data/share/man/man1/example.1", HookKind.DATA),
        (f"{DATA}/headers/example.h", HookKind.DATA),
    ],
)
def test_a_file_outside_site_packages_needs_acceptance(member: str, kind: HookKind) -> None:
    data = wheel({member: b"#!python\n"})
    hook = accepted(member, b"#!python\n", kind)

    with pytest.raises(McpInstallError) as refused:
        inspect(data)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    assert inspect(data, [hook]).accepted == (hook,)


@pytest.mark.parametrize(
    "line",
    [
        "../../x = example:main",
        "/x = example:main",
        "a\\b = example:main",
        "python3 = example:main",
        "Python.exe = example:main",
        "activate = example:main",
        "pip3 = example:main",
        "con = example:main",
        "x = example",
        "x = example:main()",
        "x = ../example:main",
        "x = os:system",
        "x = example:main\nX = example:other",
        "x = example:main\nx = example:other",
    ],
)
def test_a_script_with_another_name_or_target_than_its_own_is_refused(line: str) -> None:
    text = f"[console_scripts]\n{line}\n".encode()

    with pytest.raises(McpInstallError) as refused:
        inspect(wheel({"example-1.0.dist-info/entry_points.txt": text}))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def stored(folder: Path, name: str, files: dict[str, bytes]) -> tuple[Artifact, Path]:
    """Put a wheel into a store, and say what a lock says about it."""
    data = wheel(files, name=name)
    path = folder / f"{name}.stored"
    path.write_bytes(data)
    return artifact(data, name=name), path


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("shared/module.py", "shared/module.py"),
        ("shared/__init__.py", "shared/__init__.py"),
        ("Shared/one.py", "shared/two.py"),
        ("module.py", "module/__init__.py"),
        ("module.py", "module.cpython-312-x86_64-linux-gnu.so"),
        ("shared/module.py", "two-1.0.data/purelib/shared/module/__init__.py"),
        ("shared", "shared/two.py"),
    ],
)
def test_two_wheels_with_one_module_are_refused(tmp_path: Path, first: str, second: str) -> None:
    one = stored(tmp_path, "one", {first: b"honest"})
    two = stored(tmp_path, "two", {second: b"malice"})
    (tmp_path / "copies").mkdir()

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([one, two], tmp_path / "copies", [])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_wheels_that_share_only_a_namespace_are_accepted(tmp_path: Path) -> None:
    one = stored(tmp_path, "one", {"shared/one/__init__.py": b"", "shared/py.typed": b""})
    two = stored(tmp_path, "two", {"shared/two/__init__.py": b"", "one_more.py": b""})
    (tmp_path / "copies").mkdir()

    verified = stage_artifacts([one, two], tmp_path / "copies", [])

    assert [item.artifact.package for item in verified] == ["one", "two"]


def test_a_script_with_a_safe_name_is_found() -> None:
    text = b"[console_scripts]\nexample-server = example.cli:app.run [cli]\n"

    (script,) = inspect(wheel({"example-1.0.dist-info/entry_points.txt": text})).scripts

    assert (script.name, script.module, script.attribute) == (
        "example-server", "example.cli", "app.run",
    )  # fmt: skip
