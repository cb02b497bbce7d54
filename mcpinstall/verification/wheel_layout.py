"""Where a wheel's members go, and what may never go there.

Installers write all members to `site-packages` but those of `NAME-VERSION.data/`, which go to
the folder that the second part names.  There a wheel can replace the interpreter, its
activation script or `pyvenv.cfg`, so only files that reviewers accept one by one are let
through, and some never are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from mcpinstall.model.artifact import Scheme
from mcpinstall.verification.refusals import refusal
from mcpinstall.verification.startup_hooks import is_interpreter_name
from mcpinstall.verification.wheel_record import SIGNATURES

_SCHEMES = {
    "purelib": Scheme.SITE,
    "platlib": Scheme.SITE,
    "scripts": Scheme.SCRIPTS,
    "data": Scheme.DATA,
    "headers": Scheme.HEADERS,
}
_PLACES_OF_THE_ENVIRONMENT = frozenset(
    {".lock", "bin", "dlls", "include", "lib", "lib64", "run.py", "scripts", "start.py"}
)
_INSTALLATION_RECORDS = frozenset({
    "direct_url.json", "installer", "provenance_url.json", "requested", "uv_build.json",
    "uv_cache.json",
})  # fmt: skip
"""Files that an installer writes about its own work; in an archive they would be a lie."""

_OF_DIST_INFO = {
    name.casefold(): name
    for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", *SIGNATURES)
}
"""Files that have a meaning; on some systems another spelling of the name opens them too."""

_OTHERS_METADATA = (".dist-info", ".egg", ".egg-info")
_COMPILED = re.compile(
    r"(?P<folder>(.*/)?)__pycache__/(?P<stem>[^/]+)\.(cpython|graalpy|pypy)-?[0-9]+t?(\.opt-[12])?"
    r"\.pyc"
)


def find_dist_info(names: Iterable[str]) -> str:
    """Return the one `.dist-info` folder.

    Raises:
        McpInstallError: `archive-refused` when there is none or more than one.
    """
    tops = {name.partition("/")[0] for name in names}
    found = sorted(top for top in tops if top.casefold().endswith(".dist-info"))
    match found:
        case [folder] if folder.endswith(".dist-info"):
            return folder
    raise refusal(f"has {len(found)} dist-info folders, not one", evidence="\n".join(found))


def place(name: str, dist_info: str, names: Collection[str]) -> tuple[Scheme, str]:
    """Return scheme and path of a file, or refuse one that may never be installed.

    `names` are those of all members: compiled code is let through where its source is beside
    it, for it is thrown away then (decision 0007).

    Raises:
        McpInstallError: `archive-refused`.
    """
    scheme, path = _destination(name, dist_info)
    if scheme is Scheme.SITE and _source(name) in names:
        return Scheme.COMPILED, path
    fault = _fault(scheme, path, dist_info if path == name else "")
    if fault:
        raise refusal(fault, member=name)
    return scheme, path


def _source(compiled: str) -> str | None:
    """Return the name of the source that a compiled file should have been made from (PEP 3147)."""
    found = _COMPILED.fullmatch(compiled)
    return found and f"{found['folder']}{found['stem']}.py"


def _destination(name: str, dist_info: str) -> tuple[Scheme, str]:
    top, _, rest = name.partition("/")
    own = dist_info.removesuffix(".dist-info") + ".data"
    if not top.casefold().endswith(".data") or (not rest and top.casefold() != own.casefold()):
        return Scheme.SITE, name
    kind, _, path = rest.partition("/")
    if top != own or kind not in _SCHEMES or not path:
        raise refusal("is in a `.data` folder that no installer knows", member=name)
    return _SCHEMES[kind], path


def _fault(scheme: Scheme, path: str, dist_info: str) -> str:
    parts = path.casefold().split("/")
    if parts[-1].endswith((".pyc", ".pyo")) or "__pycache__" in parts:
        return "is compiled code without its source"
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
    folded = top.casefold()
    if top != dist_info and (folded.endswith(_OTHERS_METADATA) or folded == "egg-info"):
        return "claims to be the metadata of another package"
    if folded.endswith(".egg-link"):
        return "would make Python load modules from another folder"
    if top != dist_info:
        return ""
    if rest.casefold() in _INSTALLATION_RECORDS:
        return "is a note that only an installer writes"
    if _OF_DIST_INFO.get(rest.casefold(), rest) != rest:
        return "is another spelling of a file that installers read"
    return ""
