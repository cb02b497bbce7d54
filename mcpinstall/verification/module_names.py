"""Files that `import` finds, and the modules that they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcpinstall.verification.refusals import refusal

_SOURCES = (".py", ".pyw")
"""`.pyw` on Windows alone."""
_NATIVE = (".pyd", ".so")
_BUILT_FOR = re.compile(r"\.(cpython-|abi3|cp3|graalpy|pypy3)")
"""In the name of a native module: the Python that it was built for."""


def is_module(path: str) -> bool:
    """Tell whether `import` could load the file at `path`, on any system."""
    return path.casefold().endswith((*_SOURCES, *_NATIVE))


def module_stem(path: str) -> str:
    """Return the path of a module without what follows the first dot of its file's name."""
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    return f"{folder}/{stem}".removeprefix("/")


def check_fit(paths: Iterable[str], tags: Iterable[str]) -> None:
    """Refuse native modules in a wheel whose tags say that it is the same for every system.

    Python loads `x.so` before `x.py`, so what runs wouldn't be the source that everybody reads.
    A library that isn't imported may stay: debuggers bring some for every system.

    Raises:
        McpInstallError: `archive-refused`.
    """
    if not all(tag.endswith("-none-any") for tag in tags):
        return
    modules = [path for path in paths if is_module(path)]
    sources = {_key(path) for path in modules if path.casefold().endswith(_SOURCES)}
    for path in modules:
        name = path.casefold()
        is_tagged = name.endswith(".pyd") or _BUILT_FOR.search(name.rpartition("/")[2])
        if name.endswith(_NATIVE) and (is_tagged or _key(path) in sources):
            raise refusal("is a native module, and the wheel's tags fit any system", member=path)


def _key(path: str) -> str:
    return module_stem(path).casefold()
