"""Text of the two small programs that a host starts: `start.py` and, on Windows, `launch.py`.

They run under `-I` with the standard library only, at every start of a server: no import that
is not needed.  `@NAME@` is replaced by a Python literal, `@IMPORT@` by a checked import line.
"""

from __future__ import annotations

START = '''\
"""Start the server of this generation.  Written by mcpinstall; `mcpi verify` compares it."""

import os
import sys

GENERATION = @GENERATION@
HOME_OF_PYTHON = @HOME_OF_PYTHON@
PYTHON = @PYTHON@
VERSION = @VERSION@
SCRIPT = @SCRIPT@
SITE = @SITE@


def enter():
    """Make the base interpreter, started with `-S`, that of this generation (Windows)."""
    import site

    sys.prefix = sys.exec_prefix = GENERATION
    site.addsitedir(os.path.join(GENERATION, SITE))


def settle():
    """Leave `current` for this generation, so that a later switch can't mix the two.

    If `current` was switched while the interpreter started, it may be the one of another
    generation, or have loaded something from there: start again, straight from this one.
    """
    seen = sys.prefix
    if seen == GENERATION:
        return
    below = seen + os.sep
    mixed = sys.version_info[:2] != VERSION
    mixed = mixed or os.path.dirname(sys._base_executable) != HOME_OF_PYTHON
    for name, module in list(sys.modules.items()):
        origin = getattr(module, "__file__", None)
        mixed = mixed or (name != "__main__" and origin is not None and origin.startswith(below))
    start = os.path.join(GENERATION, "start.py")
    if mixed and [sys.orig_argv[0], sys.argv[0]] == [PYTHON, start]:  # started again already
        sys.exit("mcpinstall: the environment of this server is not found; `mcpi reinstall` it")
    if mixed:
        os.execv(PYTHON, [PYTHON, "-I", "-B", "-X", "utf8", start, *sys.argv[1:]])
    sys.path[:] = [
        GENERATION + entry[len(seen):] if entry.startswith(below) else entry for entry in sys.path
    ]
    sys.prefix = sys.exec_prefix = GENERATION
    sys.executable = PYTHON
    if "site" in sys.modules:
        sys.modules["site"].PREFIXES[:] = [GENERATION]


def hold():
    """Keep a shared lock on this generation for as long as the process lives.

    If it was deleted while the interpreter started, start its successor.
    """
    try:
        lock = os.open(os.path.join(GENERATION, ".lock"), os.O_RDONLY)
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_SH)
    except (ImportError, OSError):
        pass  # Windows keeps an open file from being deleted; some file systems have no locks
    if not os.path.exists(os.path.join(GENERATION, "start.py")):
        succeed()


def succeed():
    """Start the generation that is current now, or say that there is none."""
    now = os.path.join(os.path.dirname(GENERATION), "current")
    python, start = os.path.join(now, "bin", "python"), os.path.join(now, "start.py")
    if not os.path.exists(start):
        sys.exit("mcpinstall: the environment of this server is not there (any more): "
                 "uninstalled, or moved?")
    os.execv(python, [python, "-I", "-B", "-X", "utf8", start, *sys.argv[1:]])


def start():
    """Run the server to its end and return what its script returns."""
    for name in ("PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"):
        os.environ.pop(name, None)  # Python obeys them in spite of `-I`: another environment
    enter() if sys.flags.no_site else settle()
    hold()
    sys.argv[0] = os.path.join(GENERATION, @SCRIPTS@, SCRIPT)
    @IMPORT@

    return @CALL@()


if __name__ == "__main__":
    __file__ = os.path.join(GENERATION, "start.py")
    sys.exit(start())
'''

LAUNCH = '''\
"""Start the generation that the file `current` names.  Written by mcpinstall.

Started as `python -I -S -B -X utf8 launch.py`: the base interpreter, without its site-packages.
"""

import importlib.util
import os
import sys

HOME = os.path.dirname(os.path.abspath(__file__))
PLAIN = "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def launch():
    """Run the generation's `start.py`."""
    with open(os.path.join(HOME, "current"), encoding="ascii") as pointer:
        name = pointer.read(200).strip()
    if not name or name[0] == "." or name.strip(PLAIN):
        sys.exit("mcpinstall: the file `current` does not name a generation")
    found = importlib.util.spec_from_file_location(
        "mcpinstall_start", os.path.join(HOME, name, "start.py")
    )
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.start()


if __name__ == "__main__":
    sys.exit(launch())
'''
