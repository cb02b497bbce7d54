"""Compiles files for the interpreter that runs it: `python -I -S -B compile_driver.py`.

Standard input is JSON: `[[source, compiled, name in tracebacks], …]`.  Nothing is imported
from the sources.  A file that is no valid Python for this interpreter (a template, test data)
is left out, as by every installer.
"""

from __future__ import annotations

import gc
import json
import py_compile
import sys
import warnings


def main() -> None:
    """Compile everything on the list; never validated against its source at run time."""
    warnings.simplefilter("ignore")
    gc.disable()  # compiling makes no cycles, and the search for them takes a twentieth
    for source, compiled, shown in json.load(sys.stdin):
        try:
            py_compile.compile(
                source,
                compiled,
                shown,
                doraise=True,
                optimize=0,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError):
            continue


if __name__ == "__main__":
    main()
