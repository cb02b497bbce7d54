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
        "executable": getattr(sys, "_base_executable", None) or sys.executable,
        "version": ".".join(str(number) for number in sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "debug": hasattr(sys, "gettotalrefcount"),
        "markers": {name: str(value) for name, value in default_environment().items()},
        "tags": [str(tag) for tag in sys_tags()],
    }


def _load_packaging(folder: str) -> None:
    """Make `packaging` importable from `folder` without adding anything to `sys.path`."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(
        "packaging", folder + "/__init__.py", submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(2)
    module = importlib.util.module_from_spec(spec)
    sys.modules["packaging"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    import json

    _load_packaging(sys.argv[1])
    sys.stdout.write(json.dumps(facts()))
