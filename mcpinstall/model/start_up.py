"""Files that Python reads by itself when it starts, told by name and content (threat T13).

Sources: the modules `site` and `sysconfig` of the standard library, and PEP 829.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

READ = 64 * 1024  # bytes that are looked at; site hooks have some lines

_PATH_FILE = ".pth"
_START_FILE = ".start"
CUSTOMIZE = frozenset({"sitecustomize", "usercustomize"})
"""Modules that `site` imports, from wherever the path has them."""
_SUFFIX = re.compile(r"\.py[cw]?|(?:\.[A-Za-z0-9_-]+)?\.(?:so|pyd)", re.IGNORECASE)
"""Ends of modules that importlib loads: source, bytecode in its place, and native code."""
_CODE = ("import ", "import\t")
_ACTIVATION = re.compile(r"(de)?activate(_this)?(\.[a-z0-9]+)?", re.IGNORECASE)
_PYTHON = re.compile(r"pythonw?[0-9.]*t?(\.exe)?(\._pth)?", re.IGNORECASE)
_USUAL = {
    "_virtualenv.pth": re.compile(rb"import _virtualenv\s*"),
    "distutils-precedence.pth": re.compile(
        rb"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, "
        rb"'(?:local|stdlib)'\) == 'local'; enabled and __import__\('_distutils_hack'\)"
        rb"(?:\.add_shim\(\))?;?\s*"
    ),
}
"""What virtualenv, uv and setuptools put into environments, with exactly what it says there."""


def is_candidate(name: str) -> bool:
    """Tell whether `site` reads a file or folder of that name in `site-packages` by itself."""
    lower = name.casefold()
    return lower.endswith((_PATH_FILE, _START_FILE)) or lower.partition(".")[0] in CUSTOMIZE


def is_path_file(name: str) -> bool:
    """Tell whether `site` reads lines of a file of that name."""
    return name.casefold().endswith((_PATH_FILE, _START_FILE))


def is_module(name: str, module: str) -> bool:
    """Tell whether a file of that name is what `import module` may load from its folder."""
    lower = name.casefold()
    return lower.startswith(module) and _SUFFIX.fullmatch(lower, len(module)) is not None


def is_customizing(name: str) -> bool:
    """Tell whether a file of that name is a module that `site` imports by itself."""
    return any(is_module(name, module) for module in CUSTOMIZE)


def folders(name: str, data: bytes) -> Iterator[str]:
    """Yield what the lines of a `.pth` add to the path: folders, and archives of modules."""
    if name.casefold().endswith(_PATH_FILE):
        for line in data.decode("utf-8", "surrogateescape").lstrip("\ufeff").splitlines():
            text = line.strip()
            if text and "\0" not in text and not line.startswith(("#", *_CODE)):
                yield text


def runs(name: str, data: bytes) -> bool:
    """Tell whether a candidate runs code at a start; a `.pth` may only name folders.

    `data` is its beginning.  A `.start` names functions that are called.
    """
    lower = name.casefold()
    if not lower.endswith((_PATH_FILE, _START_FILE)):
        return True
    text = data.decode("utf-8", "replace").lstrip("\ufeff")
    lines = text.splitlines()
    if lower.endswith(_START_FILE):
        return any(line.strip() and not line.lstrip().startswith("#") for line in lines)
    return any(line.startswith(_CODE) for line in lines) or len(data) >= READ


def is_usual(name: str, data: bytes) -> bool:
    """Tell whether it is a hook that every environment of its tool has, unchanged."""
    known = _USUAL.get(name)
    return known is not None and known.fullmatch(data) is not None


def is_of_environment(path: str) -> bool:
    """Tell whether a path in a virtual environment decides how Python starts, or what runs it."""
    folder, _, name = path.rpartition("/")
    if path == "pyvenv.cfg" or path.partition("/")[0] == "lib64":
        return True
    return folder in {"bin", "Scripts"} and bool(
        _ACTIVATION.fullmatch(name) or _PYTHON.fullmatch(name)
    )
