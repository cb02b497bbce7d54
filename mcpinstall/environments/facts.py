"""What an interpreter says about itself.

`interpreter` calls `facts` in its own process, or runs this file with another interpreter:
`python -I -S -B facts.py PACKAGING`, where PACKAGING is the folder of our own `packaging`.
"""

from __future__ import annotations

import sys


def facts() -> dict[str, object]:
    """Return version, kind, marker values and wheel tags of the running interpreter."""
    import sysconfig

    from packaging.markers import default_environment
    from packaging.tags import sys_tags

    return {
        "executable": executable(),
        "version": ".".join(str(number) for number in sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "debug": hasattr(sys, "gettotalrefcount"),
        "markers": {name: str(value) for name, value in default_environment().items()},
        "tags": [str(tag) for tag in sys_tags()],
    }


def executable() -> str:
    """Return the running interpreter's program; in a virtual environment that of its base."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _load_packaging(folder: str) -> None:
    """Make `packaging` importable from `folder` without adding anything to `sys.path`."""
    from importlib.machinery import ModuleSpec, SourceFileLoader
    from importlib.util import module_from_spec

    loader = SourceFileLoader("packaging", folder + "/__init__.py")
    spec = ModuleSpec("packaging", loader)
    spec.submodule_search_locations = [folder]
    module = sys.modules["packaging"] = module_from_spec(spec)
    loader.exec_module(module)


if __name__ == "__main__":
    import json

    _load_packaging(sys.argv[1])
    sys.stdout.write(json.dumps(facts()))
