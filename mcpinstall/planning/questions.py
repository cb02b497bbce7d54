"""What a server must be told before it can start: questions made from its `server.json`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.server_json import (
    Input,
    InputFormat,
    NamedArgument,
    Package,
    PositionalArgument,
    RemoteServer,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One value that the user can give."""

    name: str
    """What `--set` takes before the `=`."""
    description: str
    required: bool
    secret: bool
    format: InputFormat
    choices: tuple[str, ...]
    default: str | None
    placeholder: str | None
    repeated: bool
    environment: bool
    """The value is an environment variable of its own, so a reference can stand for it."""
    remote: bool = False
    """It goes to another machine: no variable of the user's is taken for its name alone."""

    @property
    def flag(self) -> str:
        """The option that answers it, such as `--set repository=PATH`."""
        word = {
            InputFormat.FILEPATH: "PATH",
            InputFormat.NUMBER: "NUMBER",
            InputFormat.BOOLEAN: "true|false",
        }.get(self.format, "VALUE")
        if self.secret and self.environment and not self.remote:
            return f"--secret {self.name}"
        if self.secret:
            return f"--secret-from-env {self.name}=VARIABLE"
        return f"--set {self.name}={word}"


def questions(package: Package) -> tuple[Question, ...]:
    """Return every question of a package, in the order of its command line and environment.

    A name that occurs twice is one question, whose answer goes to both places.

    Raises:
        McpInstallError: `policy-refused` when a secret would become an argument, which every
            user of the machine can read.
    """
    found: dict[str, Question] = {}
    for number, argument in enumerate(package.arguments, start=1):
        for question in _of_argument(argument, number):
            _add(found, question)
    arguments = tuple(found)
    for variable in package.environment:
        for question in _of_input(variable.input, variable.name, environment=True):
            alone = (parts_of(variable.input) or ("", "", ""))[1]
            kept = question.environment or question.name == alone
            _add(found, replace(question, environment=kept))
    for name in arguments:  # also one that only a variable of the same name calls a secret
        _require_no_secret(found[name])
    return tuple(found.values())


def label(argument: PositionalArgument | NamedArgument, number: int) -> str:
    """Return the name by which an argument's own value is asked for."""
    if isinstance(argument, NamedArgument):
        return argument.name.lstrip("-")
    return argument.hint or f"argument-{number}"


def is_bare_flag(argument: PositionalArgument | NamedArgument) -> bool:
    """Tell whether an argument is an option without a value: nothing says that it has one."""
    wanted = argument.input
    return isinstance(argument, NamedArgument) and not (
        wanted.required
        or wanted.secret
        or wanted.value is not None
        or wanted.default is not None
        or wanted.placeholder is not None
        or wanted.variables
        or wanted.choices
        or argument.repeated
        or wanted.format is not InputFormat.STRING
    )


def _of_argument(argument: PositionalArgument | NamedArgument, number: int) -> Iterator[Question]:
    if is_bare_flag(argument):
        return
    for question in _of_input(argument.input, label(argument, number), environment=False):
        yield replace(question, repeated=argument.repeated and argument.input.value is None)


def _require_no_secret(question: Question) -> None:
    if question.secret:
        raise McpInstallError(
            ErrorCode.POLICY_REFUSED,
            f"the server wants the secret `{question.name}` as an argument, "
            "which every user of this machine can read",
            hint="use a version of the server that takes it from its environment",
        )


def _of_input(wanted: Input, name: str, *, environment: bool) -> Iterator[Question]:
    if wanted.value is None:
        yield _question(name, wanted, environment=environment)
        return
    for variable, inner in wanted.variables:
        required = inner.required or (wanted.required and inner.default is None)
        yield replace(
            _question(variable, inner, environment=False),
            required=required,
            secret=inner.secret or wanted.secret,
        )


def _question(name: str, wanted: Input, *, environment: bool) -> Question:
    return Question(
        name=name,
        description=wanted.description,
        required=wanted.required,
        secret=wanted.secret,
        format=wanted.format,
        choices=wanted.choices,
        default=wanted.default if wanted.value is None else wanted.value,
        placeholder=wanted.placeholder,
        repeated=False,
        environment=environment,
    )


def of_remote(remote: RemoteServer) -> tuple[Question, ...]:
    """Return every question of a remote server: variables of its address, then its headers.

    A secret is referred to where the rest of the header stands before it, as in `Bearer {token}`.

    Raises:
        McpInstallError: `policy-refused` when a secret would become a part of the address.
    """
    found: dict[str, Question] = {}
    for name, inner in remote.variables:
        asked = _question(name, inner, environment=False)
        _add(found, replace(asked, required=asked.required or f"{{{name}}}" in remote.url))
    addressed = tuple(found)
    for header in remote.headers:
        simple = prefix_of(header.input) is not None
        for question in _of_input(header.input, header.name, environment=True):
            _add(found, replace(question, environment=simple))
    for name in addressed:
        if found[name].secret:
            raise McpInstallError(
                ErrorCode.POLICY_REFUSED,
                f"the server wants the secret `{name}` in its address, which hosts and proxies "
                "write into their logs",
                hint="use a server that takes it in a header",
            )
    return tuple(replace(question, remote=True) for question in found.values())


def prefix_of(wanted: Input) -> str | None:
    """Return the text before the one value of a header; None where it is made of more."""
    if wanted.value is None:
        return ""
    if len(wanted.variables) != 1 or "{" in wanted.value[: wanted.value.rfind("{")]:
        return None
    ((name, _),) = wanted.variables
    placeholder = f"{{{name}}}"
    return wanted.value.removesuffix(placeholder) if wanted.value.endswith(placeholder) else None


def parts_of(wanted: Input) -> tuple[str, str, str] | None:
    """Return the text before, the name of, and the text behind the one secret of a fixed value.

    None where it holds another number of secrets than one.
    """
    secret = [name for name, inner in wanted.variables if inner.secret or wanted.secret]
    if wanted.value is None or len(secret) != 1 or wanted.value.count(f"{{{secret[0]}}}") != 1:
        return None
    before, _, behind = wanted.value.partition(f"{{{secret[0]}}}")
    return before, secret[0], behind


def _add(found: dict[str, Question], question: Question) -> None:
    known = found.get(question.name)
    if known is None:
        found[question.name] = question
        return
    found[question.name] = replace(
        known,
        required=known.required or question.required,
        secret=known.secret or question.secret,
        environment=known.environment and question.environment,
    )
