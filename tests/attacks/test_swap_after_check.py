"""Attack T20: a wheel is swapped after it was inspected, before uv unpacks it.

Who: another program of the same user that writes into mcpinstall's cache.
Stopped by: check 4, uv compares the lock's hashes with the very files again; check 7, the tree
must equal what inspection saw, which stayed in memory, when it is built, and when it is placed
after somebody was waited for.
Twin: `test_files_that_stay_are_installed`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpinstall import environments
from mcpinstall.environments import staging, uv
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.environment import StagedEnvironment
from tests.builders import servers, wheels
from tests.builders.environments import stage_server
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


def rewrite(path: Path, text: str) -> None:
    """Change a read-only file."""
    path.chmod(0o600)
    path.write_text(text)
    path.chmod(0o444)


CHANGES: dict[str, Callable[[Path], object]] = {
    "start-up hook": lambda root: (root / "late.pth").write_text("import os"),
    "link": lambda root: (root / "bin" / "sh").symlink_to("/bin/sh"),
    "source": lambda root: rewrite(next(root.rglob("part.py")), "TEXT = 'evil'"),
    "compiled": lambda root: rewrite(next(root.rglob("part.*.pyc")), "evil"),
    "interpreter": lambda root: (root / "bin" / "python3").unlink(),
    "mode": lambda root: (root / "start.py").chmod(0o755),
}


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_an_environment_changed_while_the_question_stood_is_not_placed(
    tmp_path: Path, change: Callable[[Path], object]
) -> None:
    server = stage_server(tmp_path)
    change(server.staged.path)

    with pytest.raises(McpInstallError) as refused:
        environments.place(server.staged, server.home)

    assert refused.value.code is ErrorCode.ENVIRONMENT_DIFFERS
    assert not (server.home / server.staged.generation).exists()


def test_an_environment_changed_before_the_yes_changes_no_host(world: World) -> None:
    before = world.host_files()
    prepared = world.prepare("clock", hosts=["cursor"])
    ((_, staged),) = prepared.staged
    (staged.result().path / "late.pth").write_text("import os")

    with pytest.raises(McpInstallError) as refused:
        world.carry_out(prepared)

    assert refused.value.code is ErrorCode.ENVIRONMENT_DIFFERS
    world.require_untouched(before)


class _Late(Future[StagedEnvironment]):
    """The same environment, which seems not to be ready until somebody waits for it."""

    def __init__(self, real: Future[StagedEnvironment]) -> None:
        super().__init__()
        self._real = real

    def done(self) -> bool:
        return False

    def result(self, timeout: float | None = None) -> StagedEnvironment:
        return self._real.result(timeout)


def test_an_environment_that_waited_for_another_one_is_measured_again(world: World) -> None:
    before = world.host_files()
    prepared = world.prepare("clock", "notes", hosts=["cursor"])
    (first, ready), (second, real) = prepared.staged
    (ready.result().path / "late.pth").write_text("import os")
    prepared = replace(prepared, staged=((first, ready), (second, _Late(real))))

    with pytest.raises(McpInstallError) as refused:
        world.carry_out(prepared)

    assert refused.value.code is ErrorCode.ENVIRONMENT_DIFFERS
    world.require_untouched(before)
