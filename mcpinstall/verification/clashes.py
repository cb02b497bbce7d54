"""Wheels that get in each other's way when one environment holds them all."""

from __future__ import annotations

from collections.abc import Iterable

from mcpinstall.model.artifact import Inspection, Scheme
from mcpinstall.verification.member_names import Claims
from mcpinstall.verification.refusals import refusal

_MODULE_SUFFIXES = (".py", ".pyd", ".so")


def check_clashes(wheels: Iterable[tuple[str, Inspection]]) -> None:
    """Refuse wheels, given by file name, that write one path or define one module.

    An installer lets the last one win, in silence.  A folder without `__init__` (a namespace
    package) may be shared.  `x.py`, `x.so` and `x/__init__.py` are one module: Python takes
    the first it finds, so a second wheel could put its own before the first one's.

    Raises:
        McpInstallError: `archive-refused`, naming both wheels.
    """
    claims = Claims()
    modules: dict[str, str] = {}
    for wheel, inspection in wheels:
        for file in inspection.files:
            claims.claim(f"{file.scheme}/{file.path}", wheel)
            if file.scheme is Scheme.SITE and file.path.endswith(_MODULE_SUFFIXES):
                _claim_module(modules, file.path, wheel)


def _claim_module(modules: dict[str, str], path: str, wheel: str) -> None:
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    module = folder if stem == "__init__" else f"{folder}/{stem}".removeprefix("/")
    owner = modules.setdefault(module.casefold(), wheel)
    if owner != wheel:
        raise refusal(f"defines a module of `{owner}` again, in `{wheel}`", member=path)
