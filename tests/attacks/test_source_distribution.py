"""Attack T18: a source distribution runs its build on the user's machine.

Who: a publisher, or the thief of a publisher's account.
Stopped by: check 2, a lock names wheels only; check 6, what is no wheel is refused whatever its
name; and nothing is ever resolved or built, for uv gets the checked files and `--no-build`.
Twin: `test_a_wheel_is_installed`.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.world import World

pytestmark = pytest.mark.e2e


def source_distribution(canary: Path) -> bytes:
    """Return a package whose build leaves a trace."""
    code = f"open({str(canary)!r}, 'w').close()\nfrom setuptools import setup\nsetup()\n"
    files = {
        "clock_server-1.0/setup.py": code,
        "clock_server-1.0/PKG-INFO": "Metadata-Version: 2.1\nName: clock-server\nVersion: 1.0\n",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.fixture
def canary(world: World) -> Path:
    """What the build would leave."""
    return world.root / "canary"


def require_refused(world: World, name: str, code: ErrorCode, canary: Path) -> McpInstallError:
    before = world.host_files()

    with pytest.raises(McpInstallError) as refused:
        world.install(name, hosts=["cursor"])

    assert refused.value.code is code
    assert not canary.exists()
    world.require_untouched(before)
    return refused.value


def test_a_wheel_is_installed(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")


@pytest.mark.parametrize(
    "table",
    [
        '[packages.sdist]\npath = "x_server-1.0.tar.gz"\nsize = 9\nhashes = {sha256 = "%s"}\n',
        '[packages.archive]\npath = "x_server-1.0.tar.gz"\nhashes = {sha256 = "%s"}\n',
        '[packages.directory]\npath = "."\n# %s',
        '[packages.vcs]\ntype = "git"\nurl = "https://example.org/x"\ncommit-id = "%s"\n',
    ],
    ids=["sdist", "archive", "directory", "vcs"],
)
def test_a_lock_with_anything_but_wheels_is_refused(world: World, canary: Path, table: str) -> None:
    world.offer("x", lock=table % ("a" * 64))

    require_refused(world, "x", ErrorCode.LOCK_INVALID, canary)


def test_a_source_distribution_under_the_name_of_a_wheel_is_refused(
    world: World, canary: Path
) -> None:
    world.offer("x", data=source_distribution(canary))

    error = require_refused(world, "x", ErrorCode.ARCHIVE_REFUSED, canary)

    assert "x_server-1.0-py3-none-any.whl" in error.message


def test_where_the_index_has_only_the_source_nothing_is_built(world: World, canary: Path) -> None:
    world.offer("x")
    world.index.pages["x-server"].clear()
    world.index.publish("x_server-1.0.tar.gz", source_distribution(canary))

    require_refused(world, "x", ErrorCode.DOWNLOAD_FAILED, canary)
