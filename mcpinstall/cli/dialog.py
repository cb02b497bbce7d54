"""What is asked before a change: inputs, hosts, and the one question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mcpinstall.cli import file_questions
from mcpinstall.cli.layout import (
    BLANK,
    CONTINUED,
    Screen,
    Segment,
    Tone,
    cells,
    line,
    padded,
    wrapped,
)
from mcpinstall.cli.ui import Ui, declined
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import HostRow
from mcpinstall.model.plan import Request
from mcpinstall.model.secret import Secret
from mcpinstall.operations.prepared import Draft, HostChoice, MissingInput
from mcpinstall.planning.questions import Question

Show = Callable[[], Screen]
MOST_SECRET = 32 * 1024  # characters; some tokens are certificates, none is a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question: its words, what must be typed, and what can be looked at first."""

    text: str
    """`Install git and change 1 file?`."""
    typed: tuple[str, ...] = ()
    """Names of unreviewed servers: each must be typed instead of a `y`."""
    diffs: Show | None = None
    checks: Show | None = None


def consent(ui: Ui, asked: Asked) -> None:
    """Ask until there is an answer; return only after a yes.

    Raises:
        McpInstallError: `declined`.
    """
    for name in asked.typed or ("",):
        while not _answered(ui, asked, name):
            pass


def _answered(ui: Ui, asked: Asked, name: str) -> bool:
    """Ask once; return whether that was the yes."""
    answer = ui.ask(*_prompt(asked, name))
    word = answer.lower()
    if answer == name if name else word in {"y", "yes"}:
        return True
    if word in {"", "n", "no"}:
        declined("the answer was no")
    if word == "d" and asked.diffs is not None:
        ui.insist((*asked.diffs(), BLANK))
    elif word == "c" and asked.checks is not None:
        ui.insist((*asked.checks(), BLANK))
    else:
        ui.insist(_help(asked, name, ui.width))
    return False


def _prompt(asked: Asked, name: str) -> tuple[str, str]:
    """Return the question and the choices behind it."""
    looks = [text for text, there in (("d diff", asked.diffs), ("c checks", asked.checks)) if there]
    choices = ", ".join([*looks, "? help"])
    if name:
        return f"{asked.text} Type `{name}` for yes", f"[N, {choices}]"
    return asked.text, f"[y/N, {choices}]"


def _help(asked: Asked, name: str, width: int) -> Screen:
    rows = [(name or "y", "do it"), ("n", "stop; nothing is written (also Enter, or Ctrl-C)")]
    if asked.diffs is not None:
        rows.append(("d", "show the whole diff of every file"))
    if asked.checks is not None:
        rows.append(("c", "show all checks with all evidence"))
    return tuple(
        shown for key, what in rows for shown in wrapped(f"  {key}  {what}", width, "     ")
    )


# Inputs and hosts ------------------------------------------------------------------------------


def completed(ui: Ui, request: Request, drafted: Callable[[Request], Draft]) -> Request:
    """Return the request with the missing inputs and the hosts that the person gives.

    `drafted` makes a draft of a request; an answer that it refuses is asked for again.
    """
    draft = _answered_all(ui, drafted(request), drafted)
    if draft.hosts.candidates:
        picked = hosts(ui, draft.hosts)
        chosen = replace(draft.request, hosts=tuple(row.id for row in picked))
        draft = _answered_all(ui, drafted(chosen), drafted)
    return file_questions.answered(ui, draft)


def _answered_all(ui: Ui, draft: Draft, drafted: Callable[[Request], Draft]) -> Draft:
    """Ask until nothing is missing; which secrets are asked for depends on the hosts."""
    while draft.missing:
        draft = _with_answer(ui, draft, drafted)
    return draft


def _with_answer(ui: Ui, draft: Draft, drafted: Callable[[Request], Draft]) -> Draft:
    missing, request = draft.missing[0], draft.request
    ui.insist(_wanted(missing, ui.width))
    key = missing.question.name
    if len(draft.servers) > 1:
        key = f"{missing.entry_name}.{key}"
    if missing.for_keyring:
        secret = Secret(hidden(ui, f"{missing.question.name} (for the keyring):"))
        return drafted(replace(request, secrets=(*request.secrets, (key, secret))))
    answer = _typed(ui, missing.question, plaintext=request.plaintext_secrets)
    try:
        return drafted(replace(request, settings=(*request.settings, (key, answer))))
    except McpInstallError as error:
        if error.code is not ErrorCode.INPUT_INVALID:
            raise
        ui.insist(wrapped(error.message, ui.width, CONTINUED, Tone.WARN))
        return draft


def _wanted(missing: MissingInput, width: int) -> Screen:
    question = missing.question
    facts = [f"{missing.entry_name} needs `{question.name}`"]
    facts += [question.description] if question.description else []
    facts += [f"one of {', '.join(question.choices)}"] if question.choices else []
    facts += [f"for example {question.placeholder}"] if question.placeholder else []
    text = f"{facts[0]}: {'; '.join(facts[1:])}" if facts[1:] else facts[0]
    return wrapped(text, width, CONTINUED)


def _typed(ui: Ui, question: Question, *, plaintext: bool) -> str:
    """Return what is typed; a secret only where it may stand in clear text, and unseen."""
    if question.secret and not plaintext:
        raise McpInstallError(
            ErrorCode.INPUT_MISSING,
            f"`{question.name}` is a secret that can't be kept outside the host's file",
            hint=f"`--secret-from-env {question.name}=VARIABLE` refers to a variable of yours; "
            "`--plaintext-secrets` lets mcpi ask for it and write it there in clear text",
        )
    if question.secret:
        return hidden(ui, f"{question.name}:")
    while not (answer := ui.ask(f"{question.name}:")):
        pass
    return answer


def hidden(ui: Ui, question: str) -> str:
    """Return a secret as it was typed, unseen; control characters are no part of one."""
    while True:
        answer = ui.ask_hidden(question)
        if fault := secret_fault(answer):
            ui.insist(wrapped(fault, ui.width, CONTINUED, Tone.WARN))
        elif answer:
            return answer


def secret_fault(text: str) -> str:
    """Return what keeps a text from being a secret that a variable can hold, or nothing."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        return "it holds a control character"
    return "it is too long" if len(text) > MOST_SECRET else ""


def hosts(ui: Ui, choice: HostChoice) -> tuple[HostRow, ...]:
    """Return the hosts that the person ticks; Enter takes the preselected ones.

    Raises:
        McpInstallError: `declined` for an answer of `n`.
    """
    rows = sorted(choice.candidates, key=lambda row: row.id not in choice.preselected)
    ui.insist(_tick_list(rows, choice.preselected))
    default = [n for n, row in enumerate(rows, 1) if row.id in choice.preselected]
    shown = f" [{' '.join(map(str, default))}]" if default else ""
    while True:
        answer = ui.ask(f"Which hosts? Numbers{shown}, or n to stop:")
        if answer.lower() in {"n", "no"}:
            declined("the answer was no")
        numbers = _numbers(answer, rows) if answer else default
        if numbers:
            return tuple(rows[n - 1] for n in numbers)
        ui.insist(wrapped(f"  type numbers from 1 to {len(rows)}, such as `1 2`", ui.width, "  "))


def _tick_list(rows: Sequence[HostRow], preselected: Sequence[str]) -> Screen:
    room = max(cells(row.title) for row in rows)
    return (
        line("Several hosts were found:"),
        *(
            line(
                f"  {number:2d}  [{'x' if row.id in preselected else ' '}] ",
                Segment(padded(row.title, room), Tone.STRONG),
                f"  {row.product}",
            )
            for number, row in enumerate(rows, 1)
        ),
    )


def _numbers(answer: str, rows: Sequence[HostRow]) -> list[int]:
    """Return the numbers of an answer such as `1 3`, `1,3` or `codex`; none when one is unknown."""
    known = {str(number): number for number in range(1, len(rows) + 1)}
    known |= {row.product: number for number, row in enumerate(rows, 1)}
    parts = answer.lower().replace(",", " ").split()
    if not all(part in known for part in parts):
        return []
    return list(dict.fromkeys(known[part] for part in parts))
