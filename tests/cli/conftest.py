"""The command line with a scripted terminal, and operations that are made by hand."""

from __future__ import annotations

import io
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

import mcpinstall
import mcpinstall.operations
from mcpinstall import cli
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.plan import Request
from mcpinstall.operations.prepared import Draft, HostChoice, MissingInput
from tests.builders import plans


class Screen(io.StringIO):
    """A terminal, or a file when it says that it is none."""

    def __init__(self, text: str = "", *, terminal: bool = True) -> None:
        super().__init__(text)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    @property
    def buffer(self) -> io.BytesIO:
        """What is left of it, as bytes."""
        return io.BytesIO(self.read().encode())


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str


class Mcpi(Protocol):
    """Runs one command; `typed` is what the person answers, line by line."""

    def __call__(
        self, *arguments: str, typed: str = "", terminal: bool = True, columns: int = 80
    ) -> Ran: ...


@pytest.fixture
def mcpi(home: Path, monkeypatch: pytest.MonkeyPatch) -> Mcpi:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LINES", "200")

    def run(*arguments: str, typed: str = "", terminal: bool = True, columns: int = 80) -> Ran:
        monkeypatch.setenv("COLUMNS", str(columns))
        out, err = Screen(terminal=False), Screen(terminal=terminal)
        monkeypatch.setattr(sys, "stdin", Screen(typed, terminal=terminal))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        status = cli.run(arguments)
        return Ran(status, out.getvalue(), _without_progress(err.getvalue()))

    return run


def _without_progress(text: str) -> str:
    return "".join(part.rpartition("\r\x1b[2K")[2] for part in text.splitlines(keepends=True))


@dataclass
class Operations:
    """What the commands call instead of the real operations; set a field to change an answer."""

    prepared: Any = field(default_factory=plans.prepared)
    done: Any = field(default_factory=plans.done)
    missing: tuple[MissingInput, ...] = ()
    hosts: HostChoice = field(
        default_factory=lambda: HostChoice(chosen=(plans.row(),), candidates=(), preselected=())
    )
    refusal: BaseException | None = None
    """Raised by the first step that is asked."""
    late_refusal: BaseException | None = None
    """Raised by `commit`."""
    lines: tuple[str, ...] = plans.DIFF
    calls: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def draft(self, request: Request, context: object) -> Draft:
        self._called("draft")
        if self.refusal is not None:
            raise self.refusal
        given = {key for key, _ in request.settings}
        left = tuple(m for m in self.missing if m.question.name not in given)
        self._refuse_nonsense(request)
        return Draft(request=request, servers=(), missing=left, hosts=self.hosts)

    def _refuse_nonsense(self, request: Request) -> None:
        for key, value in request.settings:
            if value == "nonsense":
                raise McpInstallError(ErrorCode.INPUT_INVALID, f"`{key}` does not exist")

    def prepare(self, request: Request, context: object, *, stage: bool = True) -> object:
        self._called("prepare, staging" if stage else "prepare")
        self.requests.append(request)
        if self.refusal is not None:
            raise self.refusal
        return self.prepared

    def commit(self, prepared: object, context: object) -> object:
        self._called("commit")
        if self.late_refusal is not None:
            raise self.late_refusal
        return self.done

    def discard(self, prepared: object) -> None:
        self._called("discard")

    def _called(self, name: str) -> None:
        self.calls.append(name)


@pytest.fixture
def operations(monkeypatch: pytest.MonkeyPatch) -> Operations:
    """Replace every operation by one that answers what the test sets."""
    fake = Operations()

    def install(name: str, **functions: object) -> None:
        module = types.SimpleNamespace(**functions)
        monkeypatch.setitem(sys.modules, f"mcpinstall.operations.{name}", module)
        monkeypatch.setattr(mcpinstall.operations, name, module, raising=False)

    def answer(*arguments: object, **options: object) -> object:
        if fake.refusal is not None:
            raise fake.refusal
        return fake.prepared

    install("settling", settle=lambda context: ())
    install("install", draft=fake.draft, prepare=fake.prepare, discard=fake.discard)
    install("commit", commit=fake.commit)
    install(
        "reinstall",
        prepare=lambda name, context, *, request, stage: fake.prepare(
            request, context, stage=stage
        ),
    )
    install(
        "configure",
        draft=lambda name, request, context: fake.draft(request, context),
        prepare=lambda name, request, context, *, stage: fake.prepare(
            request, context, stage=stage
        ),
    )
    install("uninstall", prepare=answer, commit=fake.commit)
    install("undo", prepare=answer, commit=fake.commit, history=answer, undone=lambda _: ())
    install("installed", installed=answer)
    install("inventory", host_states=lambda context: ())
    install("catalog", search=answer, show=answer)
    install("cache", size=answer, prune=answer)
    install("test_server", test=answer)
    install("verify", verify=answer)
    hosts = types.SimpleNamespace(diff=lambda change, plain: fake.lines)
    monkeypatch.setitem(sys.modules, "mcpinstall.hosts", hosts)
    monkeypatch.setattr(mcpinstall, "hosts", hosts, raising=False)
    return fake
