"""Attack T14: a wheel replaces the interpreter, its settings, or another wheel's module.

Who: a publisher, or whoever has taken over a package.  uv 0.13.9 writes `activate` and
`pyvenv.cfg` over the environment's own, and lets the last of two wheels win.
Stopped by: check 6, `wheel_layout`, `entry_points` and `clashes`.
Twin: `test_wheels_that_share_only_a_namespace_are_accepted`.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.verification import inspect_wheel, stage_artifacts, unaccepted_hooks
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
        f"{DATA}/scripts/python.bat",
        f"{DATA}/scripts/pypy3",
        f"{DATA}/scripts/deactivate.nu",
        f"{DATA}/data/pyvenv.cfg",
        f"{DATA}/data/PyVenv.CFG",
        f"{DATA}/purelib/pyvenv.cfg",
        f"{DATA}/data/share/pyvenv.cfg",
        f"{DATA}/data/python312._pth",
        f"{DATA}/data/start.py",
        f"{DATA}/data/START.PY",
        f"{DATA}/data/.lock",
        f"{DATA}/data/DLLs/_ssl.pyd",
        f"{DATA}/data/lib64/python3.12/x.py",
        f"{DATA}/data/share/activate",
        f"{DATA}/headers/python3",
        f"{DATA}/data/bin/python",
        f"{DATA}/data/bin/harmless",
        f"{DATA}/data/Scripts/harmless.exe",
        f"{DATA}/data/lib/python3.12/site-packages/requests/__init__.py",
        f"{DATA}/data/Lib/site-packages/x.pth",
        f"{DATA}/purelib/other-2.0.dist-info/METADATA",
        f"{DATA}/purelib/example-1.0.dist-info/entry_points.txt",
        f"{DATA}/stdlib/os.py",
        f"{DATA}/SCRIPTS/x",
        f"{DATA}/purelib",
        f"{DATA}/loose",
        DATA,
        "Example-1.0.data/purelib/x.py",
        "example-1.0.DATA/scripts/x",
        "example-1.00.data/scripts/x",
        "other-2.0.data/data/share/x",
        "other-2.0.dist-info/METADATA",
        "other.egg-info/PKG-INFO",
        "other.EGG-INFO",
        "EGG-INFO/PKG-INFO",
        "other.egg/EGG-INFO/PKG-INFO",
        "other.egg",
        "other.egg-link",
        "example-1.0.DIST-INFO/x",
        "other.dist-info",
        "example-1.0.dist-info/direct_url.json",
        "example-1.0.dist-info/Direct_URL.json",
        "example-1.0.dist-info/provenance_url.json",
        "example-1.0.dist-info/INSTALLER",
        "example-1.0.dist-info/installer",
        "example-1.0.dist-info/REQUESTED",
        "example-1.0.dist-info/uv_cache.json",
        "example-1.0.dist-info/Entry_Points.txt",
        "example-1.0.dist-info/record.JWS",
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
        ". = example:main",
        ".. = example:main",
        "-x = example:main",
        "x. = example:main",
        "x y = example:main",
        "\u0445 = example:main",
        "%(x)s = example:main",
        "python = example:main",
        "python3 = example:main",
        "pythonw3.12t.exe = example:main",
        "graalpy = example:main",
        "Activate_This.py = example:main",
        "pyvenv.cfg = example:main",
        "pip.exe = example:main",
        "Python.exe = example:main",
        "activate = example:main",
        "pip3 = example:main",
        "con = example:main",
        "x = example",
        "x = example:main()",
        "x = ../example:main",
        "x = os:system",
        "x = code:interact",
        "x = OS.path:join",
        "x = readline:x",
        "x = __main__:start",
        "x = example:%(x)s",
        "x = example:main\n    more",
        "x = example.class:main",
        "x = .example:main",
        "x = example:main; import os",
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
        ("readme.txt", "README.txt"),
        ("one-1.0.data/data/share/x", "two-1.0.data/data/share/x"),
        ("module.py", "module.pyw"),
        ("module.so", "Module.pyw"),
    ],
)
def test_two_wheels_with_one_module_are_refused(tmp_path: Path, first: str, second: str) -> None:
    one = stored(tmp_path, "one", {first: b"honest"})
    two = stored(tmp_path, "two", {second: b"malice"})
    (tmp_path / "copies").mkdir()

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([one, two], tmp_path / "copies", hooks_of(one, two))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def hooks_of(*pairs: tuple[Artifact, Path]) -> list[Hook]:
    """All that reviewers may accept."""
    return [
        hook
        for claim, path in pairs
        for hook in unaccepted_hooks(io.BytesIO(path.read_bytes()), claim)
    ]


@pytest.mark.parametrize(
    ("owned", "put"),
    [
        ("package/__init__.py", "package/_speedups.py"),
        ("package/__init__.py", "package/deep/er/module.py"),
        ("package/__init__.py", "package/sub/_speedups.so"),
        ("package/part/__init__.py", "two-1.0.data/platlib/package/part/x.so"),
        ("package/__init__.so", "package/_speedups.pyw"),
        ("google/__init__.py", "google/cloud/__init__.py"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_module_put_into_the_package_of_another_wheel_is_refused(
    tmp_path: Path, owned: str, put: str, turned: bool
) -> None:
    one, two = stored(tmp_path, "one", {owned: b"x"}), stored(tmp_path, "two", {put: b"y"})
    (tmp_path / "copies").mkdir()

    with pytest.raises(McpInstallError, match="into a package of `one-1") as refused:
        stage_artifacts([two, one] if turned else [one, two], tmp_path / "copies", [])

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@pytest.mark.parametrize(
    "first_line",
    [
        b"__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
        b"from pkgutil import extend_path",
        b"__import__('pkg_resources').declare_namespace(__name__)",
        b"import here\n__path__.extend(pluginPackagePaths(__name__))",
    ],
)
def test_a_package_that_invites_others_may_be_shared(tmp_path: Path, first_line: bytes) -> None:
    one = stored(tmp_path, "one", {"shared/__init__.py": first_line, "shared/one.py": b""})
    two = stored(tmp_path, "two", {"shared/two/__init__.py": b"", "shared/two/x.py": b""})
    (tmp_path / "copies").mkdir()

    assert len(stage_artifacts([one, two], tmp_path / "copies", [])) == 2


@pytest.mark.parametrize(
    "text", [b"# extend_path", b"if __path__ == []: pass", b"x = __path__[0]", b"path = 1"]
)
def test_a_package_that_only_mentions_its_path_invites_nobody(tmp_path: Path, text: bytes) -> None:
    one = stored(tmp_path, "one", {"shared/__init__.py": text})
    two = stored(tmp_path, "two", {"shared/two.py": b""})
    (tmp_path / "copies").mkdir()

    with pytest.raises(McpInstallError, match="into a package"):
        stage_artifacts([one, two], tmp_path / "copies", [])


def test_wheels_that_share_only_a_namespace_are_accepted(tmp_path: Path) -> None:
    one = stored(tmp_path, "one", {
        "shared/one/__init__.py": b"", "shared/py.typed": b"", "one/__init__.py": b"",
        "one-1.0.data/headers/x.h": b"", "one/x/y.py": b"",
    })  # fmt: skip
    two = stored(tmp_path, "two", {
        "shared/two/__init__.py": b"", "one_more.py": b"", "one/data.txt": b"",
        "two-1.0.data/headers/x.h": b"",
    })  # fmt: skip
    (tmp_path / "copies").mkdir()

    verified = stage_artifacts([one, two], tmp_path / "copies", hooks_of(one, two))

    assert [item.artifact.package for item in verified] == ["one", "two"]


NATIVE = {
    "example/module.cpython-312-x86_64-linux-gnu.so": b"\x7fELF",
    "example/module.abi3.so": b"\x7fELF",
    "example/module.cp312-win_amd64.pyd": b"MZ",
    "example/module.PYD": b"MZ",
    "example/source.so": b"\x7fELF",
    "Example/Source.SO": b"\x7fELF",
}


@pytest.mark.parametrize("member", NATIVE)
def test_a_native_module_in_a_wheel_for_every_system_is_refused(member: str) -> None:
    source = f"{member.partition('/')[0]}/source.py"

    with pytest.raises(McpInstallError, match="fit any system"):
        inspect(wheel({member: NATIVE[member], source: b""}))


def test_a_native_module_in_a_wheel_for_one_system_is_accepted() -> None:
    tag = "cp312-cp312-manylinux_2_28_x86_64"
    files = {
        "example/source.py": b"",
        "example/source.cpython-312-x86_64-linux-gnu.so": b"\x7fELF",
    }
    data = wheel(files, tag=tag)

    assert inspect_wheel(io.BytesIO(data), artifact(data, tag=tag), []).programs == (
        "example/source.cpython-312-x86_64-linux-gnu.so",
    )


def test_a_library_that_no_import_finds_may_be_in_a_wheel_for_every_system() -> None:
    found = inspect(wheel({"example/attach_linux.so": b"x", "example/attach.dll": b"x"}))

    assert len(found.files) == 5


def test_a_script_with_a_safe_name_is_found() -> None:
    text = b"[console_scripts]\nexample-server = example.cli:app.run [cli]\n"

    (script,) = inspect(wheel({"example-1.0.dist-info/entry_points.txt": text})).scripts

    assert (script.name, script.module, script.attribute) == (
        "example-server", "example.cli", "app.run",
    )  # fmt: skip
