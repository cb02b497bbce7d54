"""Where a wheel's members go, and what may never go there.

Installers write all members to `site-packages` but those of `NAME-VERSION.data/`, which go to
the folder that the second part names.  There a wheel can replace the interpreter, its
activation script or `pyvenv.cfg`, so only files that reviewers accept one by one are let
through, and some never are.
"""

from __future__ import annotations

from collections.abc import Iterable

from mcpinstall.model.artifact import Scheme
from mcpinstall.verification.refusals import refusal
from mcpinstall.verification.startup_hooks import is_interpreter_name

_SCHEMES = {
    "purelib": Scheme.SITE,
    "platlib": Scheme.SITE,
    "scripts": Scheme.SCRIPTS,
    "data": Scheme.DATA,
    "headers": Scheme.HEADERS,
}
_PLACES_OF_THE_ENVIRONMENT = frozenset({"bin", "include", "lib", "lib64", "scripts"})
_INSTALLATION_RECORDS = frozenset(
    {"INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}
)
"""Files that an installer writes about its own work; in an archive they would be a lie."""


def find_dist_info(names: Iterable[str]) -> str:
    """Return the one `.dist-info` folder.

    Raises:
        McpInstallError: `archive-refused` when there is none or more than one.
    """
    tops = {name.split("/", 1)[0] for name in names}
    found = sorted(top for top in tops if top.casefold().endswith(".dist-info"))
    if len(found) != 1 or not found[0].endswith(".dist-info"):
        raise refusal(f"has {len(found)} dist-info folders, not one", evidence="\n".join(found))
    return found[0]


def place(name: str, dist_info: str) -> tuple[Scheme, str]:
    """Return scheme and path of a file, or refuse one that may never be installed.

    Raises:
        McpInstallError: `archive-refused`.
    """
    scheme, path = _destination(name, dist_info)
    fault = _fault(scheme, path, dist_info if path == name else "")
    if fault:
        raise refusal(fault, member=name)
    return scheme, path


def _destination(name: str, dist_info: str) -> tuple[Scheme, str]:
    top, _, rest = name.partition("/")
    if not top.casefold().endswith(".data") or not rest:
        return Scheme.SITE, name
    kind, _, path = rest.partition("/")
    if top != dist_info.removesuffix(".dist-info") + ".data" or kind not in _SCHEMES or not path:
        raise refusal("is in a `.data` folder that no installer knows", member=name)
    return _SCHEMES[kind], path


def _fault(scheme: Scheme, path: str, dist_info: str) -> str:
    parts = path.casefold().split("/")
    if parts[-1].endswith((".pyc", ".pyo")) or "__pycache__" in parts:
        return "is compiled code, which nobody can compare with its source"
    if parts[-1] == "pyvenv.cfg" or parts[-1].endswith("._pth"):
        return "would change where Python finds its modules"
    if scheme is Scheme.SITE:
        return _site_fault(path, dist_info)  # from `.data` no dist-info folder is right
    if is_interpreter_name(parts[-1]):
        return "would take the place of the environment's interpreter or activation script"
    if scheme is Scheme.SCRIPTS and len(parts) > 1:
        return "is a script in a folder of its own"
    if scheme is Scheme.DATA and parts[0] in _PLACES_OF_THE_ENVIRONMENT:
        return "would be written over the environment itself"
    return ""


def _site_fault(path: str, dist_info: str) -> str:
    top, _, rest = path.partition("/")
    suffix = top.casefold().rpartition(".")[2]
    if suffix in ("dist-info", "egg-info") and top != dist_info:
        return "claims to be the metadata of another package"
    if suffix == "egg-link":
        return "would make Python load modules from another folder"
    if top == dist_info and rest in _INSTALLATION_RECORDS:
        return "is a note that only an installer writes"
    return ""
