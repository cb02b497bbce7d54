"""From answers to arguments and environment: one pure function (registry-and-protocol §2.4)."""

from __future__ import annotations

import difflib
import os.path
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.host import EnvironmentValue, SecretPlace
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.names import is_environment_variable
from mcpinstall.model.server_inputs import PLACEHOLDER, value_fault
from mcpinstall.model.server_json import (
    EnvironmentInput,
    Input,
    InputFormat,
    NamedArgument,
    Package,
    PositionalArgument,
)
from mcpinstall.planning.questions import Question, is_bare_flag, label, parts_of, questions

__all__ = ["InputValue", "Question", "Resolved", "questions", "resolve"]

_Texts: TypeAlias = Mapping[str, tuple[str, ...]]

_REFERENCE = "env:"
KEEPING = {"keyring:": SecretPlace.KEYRING, "host:": SecretPlace.HOST}
"""What stands for a secret that is kept, and asked for, elsewhere."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A server's arguments and environment, and what is still missing."""

    arguments: tuple[str, ...]
    template: tuple[str, ...]
    """The arguments with `{name}` for every value of the user: equal on every machine."""
    environment: tuple[EnvironmentValue, ...]
    values: tuple[InputValue, ...]
    missing: tuple[Question, ...]
    """Required questions without an answer; while there is one, the rest is not usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What answers are read against."""

    cwd: Path
    home: Path
    exists: Callable[[Path], bool]
    plaintext_secrets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Checked answers by the name of their question."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The same with `{name}` for paths."""
    references: dict[str, str] = field(default_factory=dict)
    kept: dict[str, SecretPlace | None] = field(default_factory=dict)
    """Where the user wants each secret that is a variable of its own; None where that is open."""
    values: list[InputValue] = field(default_factory=list)
    missing: list[Question] = field(default_factory=list)


def resolve(
    package: Package,
    given: Mapping[str, Sequence[str]],
    around: Around,
) -> Resolved:
    """Return arguments and environment of `package` for what the user gave (`--set`).

    An optional input without answer or default is left out as a whole; nothing is ever set to
    an empty text for want of an answer.  Substituted text is not looked at again.

    Raises:
        McpInstallError: `input-unknown`, `input-invalid`, `policy-refused`.
    """
    asked = questions(package)
    answers = answered(asked, given, around)
    return Resolved(
        arguments=_arguments(package, answers.texts),
        template=_arguments(package, answers.places),
        environment=tuple(
            value for variable in package.environment for value in _variable(variable, answers)
        ),
        values=tuple(answers.values),
        missing=tuple(answers.missing),
    )


def _require_known(asked: Sequence[Question], given: Mapping[str, Sequence[str]]) -> None:
    names = {question.name for question in asked}
    for key in given:
        if key not in names:
            raise _unknown(key, sorted(names))


def answered(
    asked: Sequence[Question], given: Mapping[str, Sequence[str]], around: Around
) -> Answers:
    """Return the checked answers to all questions, and which are missing.

    Raises:
        McpInstallError: `input-unknown`, `input-invalid`.
    """
    _require_known(asked, given)
    answers = Answers()
    for question in asked:
        texts = tuple(given.get(question.name, ()))
        if len(texts) > 1 and not question.repeated:
            raise _invalid(question, "takes one value")
        if question.secret:
            _answer_secret(question, texts, answers, around)
        else:
            _answer(question, texts, answers, around)
    return answers


def _answer(question: Question, texts: tuple[str, ...], answers: Answers, around: Around) -> None:
    if any(_is_place(text) for text in texts):
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{question.name}` is no secret: it can't be kept elsewhere, nor be a reference",
            hint=f"give it as `{question.flag}`",
        )
    source = "user" if texts else "default"
    if not texts and question.default is not None:
        texts = (question.default,)
    if not texts:
        if question.required:
            answers.missing.append(question)
        return
    checked = tuple(_checked(question, text, around) for text in texts)
    answers.texts[question.name] = checked
    is_path = question.format is InputFormat.FILEPATH
    answers.places[question.name] = (f"{{{question.name}}}",) * len(checked) if is_path else checked
    answers.values.extend(
        InputValue(name=question.name, value=text, source=source) for text in checked
    )


def _as_variable(name: str) -> str:
    """Return the variable that a secret is taken from unasked; its input may be named freely."""
    if is_environment_variable(name):
        return name
    text = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
    return f"_{text}" if text[0].isdigit() else text


def _is_place(text: str) -> bool:
    """Tell whether an answer says where a secret is to be, as `--secret` and its like do."""
    reference = text.startswith(_REFERENCE) and is_environment_variable(text[len(_REFERENCE) :])
    return reference or text in KEEPING


def _answer_secret(
    question: Question, texts: tuple[str, ...], answers: Answers, around: Around
) -> None:
    """Prefer a reference to the user's own variable; clear text only when asked for.

    With clear text allowed and none given it is missing, so that a person is asked for it: a
    value on mcpi's own command line is one that others can read.
    """
    if not texts and not question.required:
        return
    text = texts[0] if texts else ""
    if question.environment and text in KEEPING:
        _keep(question, KEEPING[text], answers)
        return
    by_name = not (around.plaintext_secrets or question.remote)
    referred = text.startswith(_REFERENCE) if texts else by_name
    if question.environment and referred:
        name = text.removeprefix(_REFERENCE) if texts else _as_variable(question.name)
        if not is_environment_variable(name):
            raise _invalid(question, "does not name an environment variable after `env:`")
        answers.references[question.name] = name
        source, place = ("user", SecretPlace.VARIABLE) if texts else ("default", None)
        answers.kept[question.name] = place
        answers.values.append(
            InputValue(
                name=question.name, value=None, reference=name, secret=True, source=source,
                place=place,
            )
        )  # fmt: skip
    elif not texts:
        answers.missing.append(question)
    elif _is_place(text):
        raise _only_a_part(question)
    elif not around.plaintext_secrets:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{question.name}` is a secret and would be written into a file in clear text",
            hint=f"`--secret {question.name}` asks for it and keeps it in the keyring, "
            f"`--secret-from-env {question.name}={question.name}` refers to a variable of yours; "
            "`--plaintext-secrets` writes it as it is",
        )
    else:
        answers.texts[question.name] = (_checked(question, text, around),)
        answers.values.append(
            InputValue(name=question.name, value=None, secret=True, place=SecretPlace.CLEAR)
        )


def _only_a_part(question: Question) -> McpInstallError:
    return McpInstallError(
        ErrorCode.INPUT_INVALID,
        f"`{question.name}` is only a part of a value, which the host must know whole: it can't "
        "be in the keyring, nor be a reference",
        hint=f"`--set {question.name}=…` with `--plaintext-secrets` lets it stand in the host's "
        "file in clear text; at a terminal, the option alone asks for it unseen",
    )


def _keep(question: Question, place: SecretPlace, answers: Answers) -> None:
    if question.remote and place is SecretPlace.KEYRING:
        raise McpInstallError(
            ErrorCode.INPUT_INVALID,
            f"`{question.name}` goes to a server elsewhere: the host itself must send it, "
            "and it can't ask mcpi's keyring",
            hint=f"`--secret-from-env {question.name}=VARIABLE` refers to a variable of yours",
        )
    answers.kept[question.name] = place
    answers.values.append(InputValue(name=question.name, value=None, secret=True, place=place))


def _checked(question: Question, text: str, around: Around) -> str:
    if _CONTROL.search(text):
        raise _invalid(question, "holds a control character")
    wanted = Input(format=question.format, choices=question.choices)
    if fault := value_fault(wanted, text):
        raise _invalid(question, fault)
    return _path(question, text, around) if question.format is InputFormat.FILEPATH else text


def _path(question: Question, text: str, around: Around) -> str:
    """Return an absolute path that exists; links stay as they were written."""
    if not text:
        raise _invalid(question, "is an empty path")
    if text == "~" or text.startswith(("~/", "~\\")):
        path = around.home / text[2:]
    elif text.startswith("~"):
        raise _invalid(question, f"names another user's home (`{text}`)")
    else:
        path = around.cwd / text
    normal = Path(os.path.normpath(path))
    if not around.exists(normal):
        raise _invalid(question, f"does not exist: `{normal}`")
    return str(normal)


def _arguments(package: Package, texts: _Texts) -> tuple[str, ...]:
    return tuple(
        word
        for number, argument in enumerate(package.arguments, start=1)
        for word in _argument(argument, number, texts)
    )


def _argument(
    argument: PositionalArgument | NamedArgument, number: int, texts: _Texts
) -> Iterator[str]:
    if isinstance(argument, NamedArgument) and is_bare_flag(argument):
        yield argument.name
        return
    for text in input_texts(argument.input, label(argument, number), texts):
        if isinstance(argument, PositionalArgument):
            yield text
        else:
            yield from _named(argument.name, text)


def _named(name: str, text: str) -> tuple[str, ...]:
    """Return two words, or one with `=` when the value would be taken for an option."""
    if text.startswith("-") and name.startswith("--"):
        return (f"{name}={text}",)
    return (name, text)


def _variable(variable: EnvironmentInput, answers: Answers) -> list[EnvironmentValue]:
    wanted = variable.input
    if wanted.value is None and variable.name in answers.kept:
        return [kept_value(variable.name, variable.name, answers)]
    before, asked, behind = parts_of(wanted) or ("", "", "")
    if asked in answers.kept:
        around = [_filled(text, wanted, answers.texts) for text in (before, behind)]
        whole = [text for text in around if text is not None]
        kept = kept_value(variable.name, asked, answers)
        kept = replace(kept, input_name=asked)
        return [replace(kept, prefix=whole[0], suffix=whole[1])] if len(whole) > 1 else []
    secret = wanted.secret or any(inner.secret for _, inner in wanted.variables)
    place = SecretPlace.CLEAR if secret else None
    return [
        EnvironmentValue(name=variable.name, value=text, secret=secret, place=place)
        for text in input_texts(wanted, variable.name, answers.texts)[:1]
    ]


def kept_value(name: str, asked: str, answers: Answers, prefix: str = "") -> EnvironmentValue:
    """Return a variable or header whose secret, the input `asked`, does not stand in the file."""
    return EnvironmentValue(
        name=name,
        reference=answers.references.get(asked),
        secret=True,
        prefix=prefix,
        place=answers.kept[asked],
    )


def input_texts(wanted: Input, name: str, texts: _Texts) -> tuple[str, ...]:
    """Return the values of an input; none when it, or a part of it, has no answer."""
    if wanted.value is None:
        return texts.get(name, ())
    whole = _filled(wanted.value, wanted, texts)
    return () if whole is None else (whole,)


def _filled(value: str, wanted: Input, texts: _Texts) -> str | None:
    """Return a fixed value, or a part of one, with the answers in it; None where one is missing."""
    parts = {inner: texts.get(inner, ()) for inner, _ in wanted.variables}
    needed = set(PLACEHOLDER.findall(value)) & parts.keys()
    if not all(parts[inner] for inner in needed):
        return None
    return PLACEHOLDER.sub(
        lambda match: parts[match[1]][0] if match[1] in needed else match[0], value
    )


def _unknown(key: str, names: Sequence[str]) -> McpInstallError:
    near = difflib.get_close_matches(key[:100], names, n=3, cutoff=0.5)
    known = near or names[:10]
    return McpInstallError(
        ErrorCode.INPUT_UNKNOWN,
        f"the server has no input named `{key[:100]}`",
        hint=f"{'did you mean' if near else 'it has'} {', '.join(f'`{name}`' for name in known)}"
        if known
        else "it takes none",
    )


def _invalid(question: Question, why: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.INPUT_INVALID, f"`{question.name}` {why}", hint=f"give it as `{question.flag}`"
    )
