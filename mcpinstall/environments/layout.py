"""What an environment holds besides the wheels' files, all with content that we know."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import Path

from mcpinstall.environments import launcher_text, start_template
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import EntryPoint
from mcpinstall.model.environment import Interpreter
from mcpinstall.system import launcher

LOCK_NAME = ".lock"
"""Empty file of a generation; a running server holds a shared lock on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Places inside one generation; every path is POSIX and relative to its root."""

    site: str
    """`lib/python3.12/site-packages`, on Windows `Lib/site-packages`."""
    scripts: str
    headers: str
    cache_tag: str
    """Part of the names of compiled files, such as `cpython-312`."""
    links: tuple[tuple[str, str], ...]
    """Symbolic links and their targets."""
    texts: tuple[tuple[str, bytes], ...]
    """Files that we write ourselves."""


def layout(interpreter: Interpreter, entry_point: EntryPoint, final: Path, platform: str) -> Layout:
    """Return the layout of the generation at `final`, built for `interpreter`.

    Raises:
        McpInstallError: `manifest-invalid` when the entry point can't be called by name.
    """
    major, minor = interpreter.version.split(".")[:2]
    windows = platform == "win32"
    scripts = "Scripts" if windows else "bin"
    texts = {
        "pyvenv.cfg": configuration(interpreter),
        "start.py": _start(interpreter, entry_point, final, platform),
        LOCK_NAME: b"",
        **({} if windows else {launcher.NAME: launcher_text.text()}),
    }
    return Layout(
        site=site_packages(interpreter, platform),
        scripts=scripts,
        headers=f"include/site/python{major}.{minor}",
        cache_tag=f"cpython-{major}{minor}",
        links=() if windows else python_links(interpreter, f"{major}.{minor}", platform),
        texts=tuple(texts.items()),
    )


def site_packages(interpreter: Interpreter, platform: str) -> str:
    """Return the folder of packages in an environment for that interpreter."""
    major, minor = interpreter.version.split(".")[:2]
    return (
        "Lib/site-packages" if platform == "win32" else f"lib/python{major}.{minor}/site-packages"
    )


def python_links(
    interpreter: Interpreter, minor: str, platform: str
) -> tuple[tuple[str, str], ...]:
    """Return the links to the interpreter, and where they lead."""
    links = {
        "bin/python": str(interpreter.path),
        "bin/python3": "python",
        f"bin/python{minor}": "python",
    }
    if platform != "darwin":  # where the interpreter calls its folder `lib64`, as on Fedora
        links["lib64"] = "lib"
    return tuple(links.items())


def configuration(interpreter: Interpreter) -> bytes:
    """Return `pyvenv.cfg`: the base interpreter, and nothing of its site-packages."""
    lines = (
        f"home = {interpreter.path.parent}",
        "include-system-site-packages = false",
        f"version = {interpreter.version}",
        f"executable = {interpreter.path}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _start(interpreter: Interpreter, entry_point: EntryPoint, final: Path, platform: str) -> bytes:
    """Return `start.py` of one generation; what varies is a literal or a checked name."""
    windows = platform == "win32"
    module, (first, *rest) = _names(entry_point.module), _names(entry_point.attribute).split(".")
    python = interpreter.path if windows else final / "bin" / "python"
    version = tuple(int(number) for number in interpreter.version.split(".")[:2])
    values = {
        "@GENERATION@": ascii(str(final)),
        "@HOME_OF_PYTHON@": ascii(str(interpreter.path.parent)),
        "@PYTHON@": ascii(str(python)),
        "@VERSION@": repr(version),
        "@SCRIPT@": ascii(entry_point.name),
        "@SCRIPTS@": ascii("Scripts" if windows else "bin"),
        "@SITE@": ascii(site_packages(interpreter, platform)),
        "@IMPORT@": f"from {module} import {first} as server",
        "@CALL@": ".".join(["server", *rest]),
    }
    text = re.sub(r"@[A-Z_]+@", lambda place: values[place[0]], start_template.START)
    return text.encode("ascii")


def _names(dotted: str) -> str:
    """Return `dotted` if each part is an ASCII name that Python code can hold."""
    for part in dotted.split("."):
        if not (part.isascii() and part.isidentifier()) or keyword.iskeyword(part):
            raise McpInstallError(
                ErrorCode.MANIFEST_INVALID,
                f"`{dotted[:200]}` can't be called: it is no Python name",
            )
    return dotted
