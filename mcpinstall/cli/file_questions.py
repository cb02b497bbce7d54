"""What only the person can tell about a host's file: which one it is, whether its mark may go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mcpinstall.cli.layout import CONTINUED, Screen, broken, wrapped
from mcpinstall.cli.ui import Ui, declined
from mcpinstall.model.plan import Request
from mcpinstall.operations.prepared import Draft, FileQuestion


def answered(ui: Ui, draft: Draft) -> Request:
    """Return the request with what the person says about the chosen hosts' files.

    Raises:
        McpInstallError: `declined` for an answer of `n` to which file is meant.
    """
    request = draft.request
    for question in draft.hosts.questions:
        if len(question.paths) > 1:
            request = _with_file(request, question, _which(ui, question))
        elif not request.strip_bom:
            request = replace(request, strip_bom=_may_go(ui, question))
    return request


def _with_file(request: Request, question: FileQuestion, path: Path) -> Request:
    """Return the request with the file named, in the place of its host."""
    others = [one for one in request.hosts if one not in (question.row.id, question.row.product)]
    return replace(request, hosts=(*others, f"{question.row.id}={path}"))


def _which(ui: Ui, question: FileQuestion) -> Path:
    ui.insist(_files(question, ui.width))
    while True:
        answer = ui.ask("Which one is in use? A number, or n to stop:")
        if answer.lower() in {"n", "no"}:
            declined("the answer was no")
        if answer.isdecimal() and 1 <= int(answer) <= len(question.paths):
            return question.paths[int(answer) - 1]


def _files(question: FileQuestion, width: int) -> Screen:
    title = f"{question.row.title} has several files, and reads only one of them:"
    return (
        *wrapped(title, width, CONTINUED),
        *(
            row
            for number, path in enumerate(question.paths, 1)
            for row in broken(f"{number:2d}  {path}", width, "  ")
        ),
    )


def _may_go(ui: Ui, question: FileQuestion) -> bool:
    fact = (
        f"`{question.paths[0]}` begins with a byte-order mark, three invisible bytes: "
        f"{question.row.title} rejects such a file"
    )
    ui.insist(wrapped(fact, ui.width, CONTINUED))
    while True:
        answer = ui.ask("Take it off with this change? [Y/n]").lower()
        if answer in {"", "y", "yes"}:
            return True
        if answer in {"n", "no"}:
            return False
