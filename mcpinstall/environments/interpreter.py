"""The base interpreter that a server runs with: found, checked, asked, never downloaded."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mcpinstall.environments import facts as facts_script
from mcpinstall.environments.trust import refused, require_program, require_trusted
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.fields import Fields
from mcpinstall.model.text import require_plain
from mcpinstall.system import files, process
from mcpinstall.system.machine import Machine

_NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
"""Looked for on PATH, in this order, when our own base interpreter does not fit."""

_OLDEST = (3, 11)
_VERSION = re.compile(r"(?:python)?(\d{1,3}(?:\.\d{1,3}){0,2})")
_QUESTION_SECONDS = 30.0  # seconds; a first start from a slow disk takes five
_ANSWER_BYTES = 1024 * 1024  # bytes; 1,500 tags take 60 kB


def choose_interpreter(
    requires_python: str, machine: Machine, requested: str | None = None
) -> Interpreter:
    """Return a base interpreter that satisfies `requires_python`.

    `requested` is a path or a version.  Without it: the base of the interpreter that runs us,
    else the newest one on PATH.  One that is not trusted is passed over, unless it was asked for.

    Raises:
        McpInstallError: `interpreter-refused` or `interpreter-missing`.
    """
    passed_over: list[McpInstallError] = []
    for candidate in _candidates(machine, requested):
        try:
            found = examine(candidate, machine)
        except McpInstallError as error:
            if requested is not None and not _VERSION.fullmatch(requested):
                raise
            passed_over.append(error)
            continue
        if _satisfies(found.version, requires_python) and _is_requested(found, requested):
            return found
    raise _missing(requires_python, requested, passed_over)


def examine(path: Path, machine: Machine) -> Interpreter:
    """Return the base interpreter behind `path` and what it says about itself.

    Raises:
        McpInstallError: `interpreter-refused`.
    """
    real = _base_of(path)
    require_trusted(real, machine)
    answer = _facts(real, machine)
    executable = Path(os.path.realpath(answer.text("executable", limit=4096)))
    require_program(executable)
    if executable != real:  # a version manager's shim, or a virtual environment made of copies
        require_trusted(executable, machine)
    _require_ordinary(executable, answer)
    markers = answer.fields("markers")
    return Interpreter(
        path=executable,
        version=answer.text("version"),
        sha256=files.sha256_of(executable),
        markers=tuple(sorted((name, str(value)) for name, value in markers.table.items())),
        tags=answer.texts("tags"),
    )


def own_base() -> Path:
    """Return the base of the interpreter that runs us, links resolved."""
    return Path(os.path.realpath(facts_script.executable()))


def _candidates(machine: Machine, requested: str | None) -> Iterator[Path]:
    if requested is None:
        yield own_base()
        yield from filter(None, map(machine.program, _NAMES))
    elif version := _VERSION.fullmatch(requested):
        yield own_base()
        minor = ".".join(version[1].split(".")[:2])
        yield from filter(None, map(machine.program, (f"python{minor}", *_NAMES)))
    else:
        text = require_plain(requested, "--python")
        yield machine.home / text[2:] if text.startswith("~/") else machine.cwd / text


def _is_requested(found: Interpreter, requested: str | None) -> bool:
    version = _VERSION.fullmatch(requested or "")
    return version is None or f"{found.version}.".startswith(f"{version[1]}.")


def _satisfies(version: str, requires_python: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(requires_python).contains(version)
    except InvalidSpecifier:
        raise McpInstallError(
            ErrorCode.MANIFEST_INVALID, f"`{requires_python[:100]}` is not a range of versions"
        ) from None


def _base_of(path: Path) -> Path:
    """Return the executable behind links and, for an environment made of copies, its base."""
    real = Path(os.path.realpath(path))
    require_program(real)
    if not (files.is_file(real) and os.access(real, os.X_OK)):
        raise refused(path, "there is no program of that name")
    for folder in real.parents[:2]:
        if files.is_file(folder / "pyvenv.cfg"):
            return _home_of(folder / "pyvenv.cfg", real)
    return real


def _home_of(configuration: Path, program: Path) -> Path:
    text = files.read_bounded(configuration, 64 * 1024).decode("utf-8", "replace")
    home = re.search(r"^home\s*=\s*([^\0]+?)\s*$", text, re.MULTILINE)
    names = (program.name, "python3", "python", "python.exe")
    for base in [Path(home[1]) / name for name in names] if home else []:
        real = Path(os.path.realpath(base))
        inside = any(files.is_file(folder / "pyvenv.cfg") for folder in real.parents[:2])
        if base.is_absolute() and files.is_file(real) and not inside:
            return real
    raise refused(program, "it is a virtual environment whose base is not there")


def _facts(real: Path, machine: Machine) -> Fields:
    if real == own_base():
        return Fields(facts_script.facts(), ErrorCode.INTERPRETER_REFUSED)
    import packaging

    folder = str(Path(str(packaging.__file__)).parent)
    done = process.run(
        [real, "-I", "-S", "-B", str(Path(facts_script.__file__)), folder],
        environment=process.child_environment(machine),
        seconds=_QUESTION_SECONDS,
    )
    if done.returncode != 0 or len(done.stdout) > _ANSWER_BYTES:
        raise refused(
            real, "it does not answer like a Python that servers run with (3.11 or newer)"
        )
    try:
        answer = json_text.parse(done.stdout, str(real))
    except McpInstallError:
        raise refused(real, "it does not answer like Python") from None
    return Fields.of(answer, ErrorCode.INTERPRETER_REFUSED, str(real))


def _require_ordinary(path: Path, answer: Fields) -> None:
    version = tuple(int(number) for number in re.findall(r"\d+", answer.text("version")))
    if answer.text("implementation") != "cpython":
        raise refused(path, f"it is {answer.text('implementation')}, and only CPython is tried")
    if version < _OLDEST:
        raise refused(path, f"it is Python {answer.text('version')}, older than 3.11")
    if answer.boolean("free_threaded"):
        raise refused(path, "it is a free-threaded build, which no review covers")
    if answer.boolean("debug"):
        raise refused(path, "it is a debug build")


def _missing(
    requires_python: str, requested: str | None, passed_over: list[McpInstallError]
) -> McpInstallError:
    wanted = f"Python {requires_python}" + (f" ({requested})" if requested else "")
    return McpInstallError(
        ErrorCode.INTERPRETER_MISSING,
        f"no interpreter here is {wanted}",
        hint="install one with your system's packages, or give its path with `--python`",
        evidence="\n".join(error.message for error in passed_over),
    )
