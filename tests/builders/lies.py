"""A world whose package index lies, and the same index telling the truth again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.operations import install
from mcpinstall.system import files, limits
from tests.builders import world as worlds
from tests.builders.index_server import JSON, Answering, IndexServer, Reply
from tests.builders.watchdog import ends
from tests.builders.world import World

PAGE = "/simple/clock-server/"
WHEEL = "clock_server-1.0-py3-none-any.whl"
MEMORY = 96 << 20
"""Bytes that a lie may cost; reading a host's file reserves 64 MiB of them for a moment."""

Answers = Mapping[str, Sequence[Answering]]
"""What other paths answer meanwhile."""


@dataclass
class Liar:
    """One server to install, its index, and what was there before."""

    world: World
    index: IndexServer
    before: dict[str, bytes | None] = field(repr=False)

    @property
    def wheel(self) -> bytes:
        return self.world.wheels[WHEEL]

    @property
    def file(self) -> str:
        """Path of the wheel on the index."""
        return self.index.pages["clock-server"][WHEEL].path

    def row(self, **said: object) -> dict[str, object]:
        """Return what a JSON page says about the wheel, with some of it changed."""
        return {
            "filename": WHEEL, "url": self.file, "size": len(self.wheel), "yanked": False,
            "hashes": {"sha256": hashlib.sha256(self.wheel).hexdigest()}, **said,
        }  # fmt: skip

    def json_page(self, *rows: object, **said: object) -> Reply:
        page = {"meta": {"api-version": "1.1"}, "name": "clock-server", "files": rows, **said}
        return typed(json.dumps(page).encode())

    def html_page(self, reference: str = "", attributes: str = "") -> Reply:
        link = f'<a href="{reference or self.file}" {attributes}>{WHEEL}</a>'
        return typed(f"<!DOCTYPE html><html><body>{link}</body></html>".encode(), "text/html")

    def refuse(
        self, path: str, *replies: Answering, more: Answers | None = None
    ) -> McpInstallError:
        """Try to install while `path` lies; it must be refused, and nothing be left but caches."""
        self._lie(path, *replies, more=more)
        with ends(), pytest.raises(McpInstallError) as refused:
            self.world.install("clock", hosts=["cursor"])
        self.world.require_untouched(self.before)
        assert self.contents() in ([], [self.wheel])
        return refused.value

    def contents(self) -> list[bytes]:
        """Return what is in the store, unfinished files included."""
        store = self.world.context.paths.artifacts
        return [path.read_bytes() for path in store.rglob("*") if path.is_file()]

    def forget(self) -> None:
        """Empty the store."""
        files.remove_tree(self.world.context.paths.artifacts)

    def accept(self, path: str, *replies: Answering, more: Answers | None = None) -> None:
        """Decide and check everything; what arrives from nothing is exactly the reviewed files."""
        self.forget()
        self._lie(path, *replies, more=more)
        request = Request(names=("clock",), hosts=("cursor",))
        with ends():
            install.discard(install.prepare(request, self.world.context, stage=False))
        assert self.contents() == [self.wheel]

    def tell_the_truth(self) -> None:
        """Let the same index be honest: now it works, so the lie has left nothing behind."""
        self.accept("")

    def _lie(self, path: str, *replies: Answering, more: Answers | None = None) -> None:
        self.index.replies = {other: list(answers) for other, answers in (more or {}).items()}
        self.index.requests.clear()
        if replies:
            self.index.answer(path, *replies)


def typed(body: bytes, kind: str = JSON, **headers: str) -> Reply:
    """Return a body with its type and other headers, `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body, headers={"Content-Type": kind, **named})


@contextlib.contextmanager
def within(memory: int) -> Iterator[None]:
    """Fail when the block has more than `memory` bytes at once; for a block done before."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < memory, f"{peak} bytes"


def liar(folder: Path, home: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> Liar:
    """Return a new world with one server; limits are low, so that reaching them takes no time."""
    low: dict[str, Any] = {
        "INDEX_PAGE_BYTES": 1 << 20, "BACK_OFF_SECONDS": 0.0, "LONGEST_PAUSE_SECONDS": 0.01,
        "READ_SECONDS": 0.5, "CONNECT_SECONDS": 2.0, "ATTEMPTS": 3,
    }  # fmt: skip
    for name, value in low.items():
        monkeypatch.setattr(limits, name, value)
    made = worlds.empty(folder, home, index, monkeypatch)
    made.offer("clock")
    made.write_files()
    return Liar(world=made, index=index, before=made.host_files())


def forever(piece: bytes, pause: float = 0.0) -> Callable[[], Iterator[bytes]]:
    """Return a body, or a raw answer, that repeats one piece without an end."""

    def pieces() -> Iterator[bytes]:
        while True:
            time.sleep(pause)
            yield piece

    return pieces


def after(start: bytes, then: Callable[[], Iterator[bytes]]) -> Callable[[], Iterator[bytes]]:
    """Return a body that begins with `start`."""

    def pieces() -> Iterator[bytes]:
        yield start
        yield from then()

    return pieces


UNAVAILABLE = (ErrorCode.INDEX_UNAVAILABLE, 5)
FAILED = (ErrorCode.DOWNLOAD_FAILED, 5)
FORBIDDEN = (ErrorCode.INDEX_FORBIDDEN, 3)
SIZE = (ErrorCode.ARTIFACT_SIZE, 3)
DIGEST = (ErrorCode.DIGEST_MISMATCH, 3)
