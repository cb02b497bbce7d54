"""Wheels that get in each other's way when one environment holds them all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from mcpinstall.model.artifact import Inspection, Scheme
from mcpinstall.verification.member_names import Claims
from mcpinstall.verification.module_names import is_module, module_stem
from mcpinstall.verification.refusals import refusal


def check_clashes(wheels: Iterable[tuple[str, Inspection]]) -> None:
    """Refuse wheels, given by file name, that write one path or define one module.

    An installer lets the last one win, in silence.

    1. No path belongs to two wheels.
    2. `x.py`, `x.so` and `x/__init__.py` are one module: Python takes the first it finds, so a
       second wheel could put its own before the first one's.
    3. A folder without `__init__` (a namespace package) may be shared.  Into a package of
       another wheel nothing is put, where its own code may look for it (`_speedups`), unless
       the package invites others.

    Raises:
        McpInstallError: `archive-refused`, naming both wheels.
    """
    claims = Claims()
    modules: dict[str, str] = {}
    packages: dict[str, str] = {}
    found = tuple(wheels)
    for wheel, inspection in found:
        for file in inspection.files:
            if file.scheme is not Scheme.HEADERS:  # each package has a folder of its own there
                claims.claim(f"{file.scheme}/{file.path}", wheel)  # (1)
        for path in _modules(inspection):
            _claim_module(modules, packages, path, wheel)  # (2)
    invited = {folder.casefold() for _, inspection in found for folder in inspection.open_packages}
    for wheel, inspection in found:
        for path in _modules(inspection):
            _check_package(packages, invited, path, wheel)  # (3)


def _modules(inspection: Inspection) -> Iterator[str]:
    return (
        file.path
        for file in inspection.files
        if file.scheme is Scheme.SITE and is_module(file.path)
    )


def _claim_module(modules: dict[str, str], packages: dict[str, str], path: str, wheel: str) -> None:
    module = module_stem(path).casefold()
    if module.endswith("/__init__"):
        module = module.removesuffix("/__init__")
        packages[module] = wheel
    owner = modules.setdefault(module, wheel)
    if owner != wheel:
        raise refusal(f"defines a module of `{owner}` again, in `{wheel}`", member=path)


def _check_package(
    packages: dict[str, str], invited: Collection[str], path: str, wheel: str
) -> None:
    """Look at the nearest package that the module, or the package it makes, lies in."""
    folder = module_stem(path).casefold().removesuffix("/__init__").rpartition("/")[0]
    while folder and folder not in packages:
        folder = folder.rpartition("/")[0]
    owner = packages.get(folder, wheel)
    if owner != wheel and folder not in invited:
        raise refusal(f"puts a module into a package of `{owner}`, in `{wheel}`", member=path)
