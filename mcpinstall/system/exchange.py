"""Let two files change places in one step, so that what stood at a path can still be read."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

_SWAP = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_WORKING_FOLDER = -100  # AT_FDCWD of Linux


def swap(one: Path, other: Path) -> bool:
    """Exchange two paths; False, and nothing has happened, where that can't be done."""
    if _function() is None:
        return False
    sys.audit("os.rename", str(one), str(other), -1, -1)
    source, target = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        return bool(_function()(source, target, _SWAP) == 0)
    return bool(_function()(_WORKING_FOLDER, source, _WORKING_FOLDER, target, _SWAP) == 0)


@cache
def _function() -> Any:  # noqa: ANN401 (a function of C)
    """Return the C library's function, or None where it has none."""
    name = {"linux": "renameat2", "darwin": "renamex_np"}.get(sys.platform)
    if name is None:
        return None
    try:
        import ctypes

        function = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (ImportError, OSError, AttributeError):
        return None
    path, number, flags = ctypes.c_char_p, ctypes.c_int, ctypes.c_uint
    function.argtypes = (
        [path, path, flags] if sys.platform == "darwin" else [number, path, number, path, flags]
    )
    function.restype = number
    return function
