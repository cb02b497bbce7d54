"""What goes where, and what may never go there."""

from __future__ import annotations

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.model.artifact import Scheme
from mcpinstall.verification.wheel_layout import find_dist_info, place

INFORMATION, DATA = "example-1.0.dist-info", "example-1.0.data"


def placed(name: str, *others: str) -> tuple[Scheme, str]:
    return place(name, INFORMATION, {name, *others})


def refused(name: str, *others: str) -> str:
    with pytest.raises(McpInstallError) as error:
        placed(name, *others)
    return error.value.message


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["example/__init__.py"],
        [f"{INFORMATION}/RECORD", "other-1.0.dist-info/RECORD"],
        ["example-1.0.DIST-INFO/RECORD"],
        [f"{INFORMATION}/RECORD", "Example-1.0.Dist-Info/RECORD"],
    ],
)
def test_a_wheel_has_one_dist_info_folder(names: list[str]) -> None:
    with pytest.raises(McpInstallError, match="dist-info folders"):
        find_dist_info(names)


def test_the_dist_info_folder_is_found_at_the_top_only() -> None:
    names = [f"{INFORMATION}/RECORD", f"{INFORMATION}/sboms/x", "a/b.dist-info/METADATA"]

    assert find_dist_info(names) == INFORMATION


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("example/module.py", (Scheme.SITE, "example/module.py")),
        (f"{DATA}/purelib/a.py", (Scheme.SITE, "a.py")),
        (f"{DATA}/platlib/a.py", (Scheme.SITE, "a.py")),
        (f"{DATA}/scripts/tool", (Scheme.SCRIPTS, "tool")),
        (f"{DATA}/data/share/a.txt", (Scheme.DATA, "share/a.txt")),
        (f"{DATA}/headers/lib/a.h", (Scheme.HEADERS, "lib/a.h")),
        ("example.data", (Scheme.SITE, "example.data")),
        ("example/x.data/y", (Scheme.SITE, "example/x.data/y")),
        ("example/REQUESTED", (Scheme.SITE, "example/REQUESTED")),
        ("example/metadata", (Scheme.SITE, "example/metadata")),
        (f"{INFORMATION}/METADATA", (Scheme.SITE, f"{INFORMATION}/METADATA")),
        (f"{INFORMATION}/licenses/LICENSE", (Scheme.SITE, f"{INFORMATION}/licenses/LICENSE")),
    ],
)
def test_a_file_has_its_place(name: str, where: tuple[Scheme, str]) -> None:
    assert placed(name) == where


@pytest.mark.parametrize(
    "name", ["other-1.0.data/purelib/a.py", f"{DATA}/other/a.py", f"{DATA}/scripts", DATA,
             f"{DATA}/", "EXAMPLE-1.0.DATA/purelib/a.py"],
)  # fmt: skip
def test_a_data_folder_that_no_installer_knows_is_refused(name: str) -> None:
    assert "no installer knows" in refused(name)


@pytest.mark.parametrize(
    "top",
    [".lock", "bin", "dlls", "include", "lib", "lib64", "scripts", "run.py", "start.py", "Lib"],
)
def test_data_is_not_written_over_the_environment(top: str) -> None:
    assert "over the environment" in refused(f"{DATA}/data/{top}/x")
    assert "over the environment" in refused(f"{DATA}/data/{top}")


@pytest.mark.parametrize(
    "name",
    [
        "INSTALLER", "REQUESTED", "direct_url.json", "provenance_url.json", "uv_build.json",
        "uv_cache.json", "Installer",
    ],
)  # fmt: skip
def test_a_note_of_an_installer_is_in_no_archive(name: str) -> None:
    assert "only an installer writes" in refused(f"{INFORMATION}/{name}")


@pytest.mark.parametrize(
    "name", ["metadata", "Record", "wheel", "Entry_Points.txt", "record.JWS", "RECORD.P7S"]
)
def test_another_spelling_of_a_file_that_is_read_is_refused(name: str) -> None:
    assert "another spelling" in refused(f"{INFORMATION}/{name}")


@pytest.mark.parametrize("scheme", ["scripts", "data/share/doc", "headers"])
def test_the_interpreter_is_replaced_nowhere(scheme: str) -> None:
    assert "interpreter" in refused(f"{DATA}/{scheme}/python3")


def test_a_script_has_no_folder() -> None:
    assert "folder of its own" in refused(f"{DATA}/scripts/a/b")


def test_compiled_code_is_let_through_beside_its_source_only() -> None:
    compiled = "example/__pycache__/a.cpython-312.pyc"

    assert placed(compiled, "example/a.py") == (Scheme.COMPILED, compiled)
    assert "without its source" in refused(compiled)
    assert "without its source" in refused(compiled, "a.py")
    assert "without its source" in refused(f"{compiled}.exe", "example/a.py")
    assert "without its source" in refused("example/a.pyc", "example/a.py")


@pytest.mark.parametrize("name", ["a.dist-info/x", "a.egg/x", "a.egg-info/x", "EGG-INFO/x"])
def test_the_metadata_of_another_package_is_refused(name: str) -> None:
    assert "another package" in refused(name)
    assert "another package" in refused(f"{DATA}/purelib/{name}")


def test_from_a_data_folder_not_even_its_own_metadata_is_right() -> None:
    assert "another package" in refused(f"{DATA}/purelib/{INFORMATION}/METADATA")


@pytest.mark.parametrize(
    "name", ["a.egg-link", "pyvenv.cfg", "x/pyvenv.cfg", "python312._pth", "x/python312._pth"]
)
def test_what_moves_the_places_of_modules_is_refused(name: str) -> None:
    assert "Python" in refused(name)
