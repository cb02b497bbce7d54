"""Small, full and read-only disks, mounted where only this test and its processes see them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS of sched.h
_MAY_ADMINISTER = 21  # CAP_SYS_ADMIN of linux/capability.h


def may_mount() -> bool:
    """Tell whether this process is root with all its powers: in many containers root is not."""
    status = Path("/proc/self/status")
    if not status.is_file() or not Path("/proc/thread-self/ns/mnt").exists():
        return False
    powers = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return bool(int(powers["CapEff"], 16) >> _MAY_ADMINISTER & 1)


@contextlib.contextmanager
def private_mounts() -> Iterator[None]:
    """Give the thread a mount namespace of its own: what is mounted goes with it, however it ends.

    Skips the test where the system doesn't let us.
    """
    library, folder = ctypes.CDLL(None, use_errno=True), Path.cwd()
    before = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY)
    try:
        if library.unshare(_NEW_MOUNTS) != 0 or not _mount("--make-rprivate", "/"):
            pytest.skip("needs root")
        yield
    finally:
        assert library.setns(before, _NEW_MOUNTS) == 0
        os.close(before)
        os.chdir(folder)


def small_disk(folder: Path, kilobytes: int, files: int = 0) -> None:
    """Mount an empty disk of that size at `folder`; 0 files is no limit."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={kilobytes}k,nr_inodes={files},mode=0700"
    if not _mount("-t", "tmpfs", "-o", size, "small", str(folder)):
        pytest.skip("needs root")


def resize(folder: Path, kilobytes: int, files: int = 0) -> None:
    """Give a small disk another size."""
    assert _mount("-o", f"remount,size={kilobytes}k,nr_inodes={files}", str(folder))


def make_read_only(folder: Path) -> None:
    """Let nobody, not even root, write below `folder`."""
    assert _mount("--bind", str(folder), str(folder))
    assert _mount("-o", "remount,bind,ro", str(folder))


def make_writable(folder: Path) -> None:
    """Take `make_read_only` back."""
    assert _mount("-o", "remount,bind,rw", str(folder))


def _mount(*words: str) -> bool:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode == 0
