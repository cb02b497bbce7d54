"""Attack T20: a wheel is swapped after it was inspected, before uv unpacks it.

Who: another program of the same user that writes into mcpinstall's cache.
Stopped by: check 4, uv compares the lock's hashes with the very files again; check 7, the tree
must equal what inspection saw, which stayed in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import environments
from mcpinstall.environments import staging, uv
from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders import servers, wheels
from tests.builders.world import World

pytestmark = pytest.mark.e2e


def evil_wheel(folder: Path) -> bytes:
    """Return a wheel of the same name that leaves a trace when it runs."""
    code = f"open({str(folder / 'canary')!r}, 'w').close()\n{servers.module()}"
    return wheels.wheel({
        "clock_server/__init__.py": code.encode(),
        "clock_server-1.0.dist-info/entry_points.txt":
            b"[console_scripts]\nclock-server = clock_server:main\n",
    }, name="clock_server")  # fmt: skip


def swap_wheel(world: World) -> None:
    (wheel,) = world.context.paths.staging.glob("*/wheels-*/*.whl")
    wheel.unlink()
    wheel.write_bytes(evil_wheel(world.root))


def swap_wheel_and_lock(world: World) -> None:
    """Also let the lock beside it say the new hash, as if that were written already."""
    import hashlib

    (wheel,) = world.context.paths.staging.glob("*/wheels-*/*.whl")
    old, new = (hashlib.sha256(data).hexdigest() for data in
                (wheel.read_bytes(), evil_wheel(world.root)))  # fmt: skip
    size = f"size = {wheel.stat().st_size}"
    swap_wheel(world)
    lock = wheel.parent / "pylock.toml"
    text = lock.read_text().replace(old, new).replace(size, f"size = {wheel.stat().st_size}")
    lock.write_text(text)


def test_files_that_stay_are_installed(world: World) -> None:
    world.install("clock", hosts=["cursor"])

    assert world.starts("cursor", "clock")


@pytest.mark.parametrize(
    ("swap", "code"),
    [
        (swap_wheel, ErrorCode.DIGEST_MISMATCH),
        (swap_wheel_and_lock, ErrorCode.ENVIRONMENT_DIFFERS),
    ],
)
def test_a_wheel_swapped_after_its_inspection_is_refused(
    world: World,
    swap: Callable[[World], None],
    code: ErrorCode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = world.host_files()

    def meddle(*arguments: Any, **named: Any) -> None:  # noqa: ANN401
        swap(world)
        uv.unpack(*arguments, **named)

    monkeypatch.setattr(staging, "unpack", meddle)

    with pytest.raises(McpInstallError) as refused:
        world.install("clock", hosts=["cursor"])

    assert refused.value.code is code
    assert refused.value.code.exit_status == 3
    assert not (world.root / "canary").exists()
    world.require_untouched(before)


def test_a_file_swapped_in_place_is_found_by_verify(world: World) -> None:
    from mcpinstall.operations import verify

    world.install("clock", hosts=["cursor"])
    module = next(world.generations()[0].rglob("clock_server/__init__.py"))
    module.chmod(0o600)
    module.write_text("")
    module.chmod(0o444)

    (found,) = verify.verify((), world.context)

    assert "clock_server/__init__.py" in found.findings[0].message
    assert environments.current(world.homes()[0]) is not None
