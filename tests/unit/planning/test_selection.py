from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock, PylockSelectError
from packaging.tags import Tag, compatible_tags, cpython_tags

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import lock_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.lock import Lock, LockedPackage
from mcpinstall.model.platforms import PLATFORMS, PYTHONS, environment
from mcpinstall.planning.selection import select
from tests.conftest import ROOT

PLACES = list(itertools.product(PLATFORMS, PYTHONS))
WHEELS = (
    "py3-none-any", "py2.py3-none-any", "cp312-cp312-win_amd64", "cp312-cp312-win_arm64",
    "cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp39-abi3-manylinux_2_28_x86_64",
    "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp312-cp312-manylinux_2_28_x86_64",
    "cp313-cp313t-manylinux_2_17_x86_64", "cp312-cp312-musllinux_1_1_x86_64",
    "cp312-cp312-musllinux_1_2_aarch64", "cp311-cp311-manylinux_2_17_aarch64",
    "cp312-cp312-macosx_10_13_universal2", "cp312-cp312-macosx_11_0_arm64",
    "cp39-abi3-macosx_10_12_x86_64", "pp311-pypy311_pp73-macosx_11_0_arm64", "cp312-none-any",
    "cp314-cp314-manylinux_2_34_x86_64", "py3-none-win_amd64", "py312-none-any",
)  # fmt: skip
"""Tags of wheels as real packages have them."""
MARKERS = (
    None,
    "sys_platform == 'win32'",
    "sys_platform != 'win32' and python_version < '3.13'",
    "platform_machine == 'arm64' or platform_machine == 'aarch64'",
    "python_full_version >= '3.12.1'",
    "implementation_name == 'cpython' and platform_system == 'Darwin'",
)


def tags_of(name: str, python: tuple[int, int]) -> list[Tag]:
    """Return the tags of the oldest promised system, best first."""
    row = PLATFORMS[name]
    names = row.tag_names(row.oldest)
    version = f"cp{python[0]}{python[1]}"
    return [
        *cpython_tags(python, abis=[version], platforms=names),
        *compatible_tags(python, interpreter=version, platforms=names),
    ]


def interpreter_of(name: str, python: tuple[int, int]) -> Interpreter:
    return Interpreter(
        path=Path("/usr/bin/python3"),
        version=f"{python[0]}.{python[1]}.0",
        sha256="0" * 64,
        markers=tuple(sorted(environment(name, python).items())),
        tags=tuple(str(tag) for tag in tags_of(name, python)),
    )


def package(name: str, wheels: list[str], marker: str | None = None) -> LockedPackage:
    return LockedPackage(
        name=name,
        version="1.0",
        marker=marker,
        wheels=tuple(
            Artifact(
                filename=f"{name}-1.0-{wheel}.whl", package=name, version="1.0", size=1,
                sha256="0" * 64,
            )
            for wheel in wheels
        ),
    )  # fmt: skip


def lock(*packages: LockedPackage, requires_python: str = ">=3.11") -> Lock:
    return Lock(requires_python=requires_python, packages=packages, text=b"", sha256="0" * 64)


def as_pylock(found: Lock) -> Pylock:
    """Return the lock as `packaging` has it."""
    packages: list[dict[str, Any]] = [
        {
            "name": one.name,
            "version": one.version,
            "wheels": [
                {"path": w.filename, "size": w.size, "hashes": {"sha256": w.sha256}}
                for w in one.wheels
            ],
        }
        | ({"marker": one.marker} if one.marker else {})
        for one in found.packages
    ]
    return Pylock.from_dict(
        {
            "lock-version": "1.0",
            "created-by": "tests",
            "requires-python": found.requires_python,
            "packages": packages,
        }
    )


def by_packaging(found: Lock, name: str, python: tuple[int, int]) -> list[str] | None:
    """Return the names that `packaging` selects, or None where it refuses."""
    try:
        selected = as_pylock(found).select(
            environment=environment(name, python),  # type: ignore[arg-type]
            tags=tags_of(name, python),
        )
        return [str(artifact.path) for _, artifact in selected]
    except PylockSelectError:
        return None


def by_us(found: Lock, name: str, python: tuple[int, int]) -> list[str] | None:
    try:
        return [artifact.filename for artifact in select(found, interpreter_of(name, python))]
    except McpInstallError:
        return None


def refusal(found: Lock, name: str = "linux-x86_64-glibc", minor: int = 12) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        select(found, interpreter_of(name, (3, minor)))
    return refused.value


@given(
    packages=st.lists(
        st.tuples(
            st.lists(st.sampled_from(WHEELS), min_size=1, max_size=6, unique=True),
            st.sampled_from(MARKERS),
        ),
        max_size=4,
    ),
    place=st.sampled_from(PLACES),
)
def test_the_selection_is_the_one_of_packaging(
    packages: list[tuple[list[str], str | None]], place: tuple[str, tuple[int, int]]
) -> None:
    found = lock(*(package(f"p{n}", wheels, marker) for n, (wheels, marker) in enumerate(packages)))

    assert by_us(found, *place) == by_packaging(found, *place)


@pytest.mark.parametrize(("name", "python"), PLACES)
def test_the_shipped_locks_select_as_packaging_does(name: str, python: tuple[int, int]) -> None:
    paths = sorted((ROOT / "manifests").rglob("pylock.toml"))
    assert paths
    for path in paths:
        found = lock_text.parse(path.read_bytes(), str(path))

        assert by_us(found, name, python) == by_packaging(found, name, python)


def test_the_best_wheel_of_a_platform_is_selected_whatever_the_order() -> None:
    for wheels in itertools.permutations(
        ["py3-none-any", "cp311-abi3-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_x86_64"]
    ):
        found = lock(package("a", list(wheels)))

        assert by_us(found, "linux-x86_64-glibc", (3, 12)) == [
            "a-1.0-cp312-cp312-manylinux_2_28_x86_64.whl"
        ]
        assert by_us(found, "linux-x86_64-glibc", (3, 13)) == [
            "a-1.0-cp311-abi3-manylinux_2_17_x86_64.whl"
        ]
        assert by_us(found, "linux-x86_64-musl", (3, 12)) == ["a-1.0-py3-none-any.whl"]


def test_a_package_without_a_wheel_for_this_platform_is_named() -> None:
    error = refusal(lock(package("crypt", ["cp312-cp312-win_amd64"])))

    assert error.code is ErrorCode.PLATFORM_UNSUPPORTED
    assert error.message == (
        "`crypt` 1.0 has no wheel for this platform "
        "(Python 3.12.0, cp312-cp312-manylinux_2_28_x86_64)"
    )


def test_a_package_whose_marker_is_false_needs_no_wheel() -> None:
    found = lock(package("a", ["cp312-cp312-win_amd64"], "sys_platform == 'win32'"))

    assert by_us(found, "linux-x86_64-glibc", (3, 12)) == []


def test_a_lock_for_other_pythons_is_refused() -> None:
    error = refusal(lock(requires_python=">=3.13"))

    assert error.code is ErrorCode.PLATFORM_UNSUPPORTED
    assert "needs Python >=3.13, and this is 3.12.0" in error.message


def test_an_interpreter_from_a_working_copy_is_compared_by_its_version() -> None:
    plain = interpreter_of("linux-x86_64-glibc", (3, 13))
    markers = dict(plain.markers) | {"python_full_version": "3.13.0+"}
    built = Interpreter(
        path=plain.path, version=plain.version, sha256=plain.sha256, tags=plain.tags,
        markers=tuple(markers.items()),
    )  # fmt: skip

    assert select(lock(package("a", ["py3-none-any"])), built)


@pytest.mark.parametrize(
    "found",
    [
        lock(package("a", ["py3-none-any"]), package("a", ["py3-none-any"])),
        lock(package("a", ["py3-none-any"], "python_version <> '3'")),
        lock(package("a", ["what"])),
        lock(requires_python="newest"),
    ],
    ids=["twice", "marker", "file name", "range"],
)
def test_a_lock_that_says_nothing_clear_is_refused(found: Lock) -> None:
    assert refusal(found).code is ErrorCode.LOCK_INVALID


def test_nothing_of_this_machine_decides() -> None:
    bare = Interpreter(
        path=Path("/x"), version="3.12.0", sha256="0" * 64, tags=("py3-none-any",),
        markers=tuple(environment("windows-arm64", (3, 12)).items()),
    )  # fmt: skip

    found = lock(package("a", ["py3-none-any"], "sys_platform == 'win32'"))

    assert len(select(found, bare)) == 1
