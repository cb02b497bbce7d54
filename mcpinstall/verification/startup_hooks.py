"""Files that make something run which nobody called: each must be accepted by reviewers.

`python -I` does not stop them: only `-S` does, and an environment needs its `site-packages`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from mcpinstall.model.artifact import Scheme
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.verification.module_names import is_module, module_stem
from mcpinstall.verification.native_programs import is_native
from mcpinstall.verification.refusals import refusal

_PATH_FILES = (".pth", ".start")
"""Read at every start: lines of code and of `sys.path` (`site`), entry points (PEP 829)."""

_CUSTOMIZE = frozenset({"sitecustomize", "usercustomize"})
"""Modules that `site` imports at every start."""

_IMPORTED_UNASKED = re.compile(r"apport_python_hook(/.*)?|org(/__init__|/python(/.*)?)?")
"""Modules, as paths without suffix, that a machine's Python tries to import by itself.

`sitecustomize` of Debian and Ubuntu tries `apport_python_hook` at every start; `copy` and
`pickle` of Python 3.11 try `org.python.core`, which Jython had.
"""

_REMOVED = frozenset({
    "_bootsubprocess", "_crypt", "_msi", "_sha256", "_sha512", "aifc", "asynchat", "asyncore",
    "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp", "lib2to3",
    "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd",
    "sunau", "telnetlib", "uu", "xdrlib",
})  # fmt: skip
"""Left the standard library after 3.11; packages bring them back under their old names."""

_IN_SOME = frozenset({
    "_android_support", "_apple_support", "_ast_unparse", "_colorize", "_compression", "_hmac",
    "_interpchannels", "_interpqueues", "_interpreters", "_ios_support", "_math_integer",
    "_opcode_metadata", "_py_warnings", "_pydatetime", "_pylong", "_pyrepl",
    "_remote_debugging", "_sha2", "_suggestions", "_sysconfig", "_types", "_wmi", "_zstd",
    "annotationlib", "compression", "profiling", "sre_compile", "sre_constants", "sre_parse",
})  # fmt: skip
"""Came after 3.11, or left later and nobody brings them back.

With both sets the verdict doesn't depend on the Python that runs mcpi.
"""

_STDLIB = frozenset(name.casefold() for name in (sys.stdlib_module_names | _IN_SOME) - _REMOVED)

_INTERPRETER = re.compile(
    r"((python|pypy|graalpy)w?[0-9.]*[tdw]?|(de)?activate(_this)?|pyvenv)"
    r"(\.(bat|cfg|cmd|com|csh|exe|fish|nu|ps1|py|sh))?",
    re.IGNORECASE,
)


def is_interpreter_name(name: str) -> bool:
    """Tell whether a script of that name would replace the interpreter or its activation."""
    return _INTERPRETER.fullmatch(name) is not None


def shadows_stdlib(module: str) -> bool:
    """Tell whether a top-level module has the name of one of the standard library.

    The standard library comes first on `sys.path`, but a build may lack modules (`readline`,
    `_gdbm`), and then an import inside it finds the package's.
    """
    name = module.casefold()
    return name in _STDLIB or name.startswith("_sysconfigdata_")  # one for each kind of build


def hook_kind(scheme: Scheme, path: str, start: bytes) -> HookKind | None:
    """Tell as what reviewers must accept a file that begins with `start`; None as nothing."""
    if scheme is Scheme.SCRIPTS:
        return HookKind.EXECUTABLE if is_native(start) else HookKind.SCRIPT
    if scheme in (Scheme.DATA, Scheme.HEADERS):
        return HookKind.DATA
    if scheme is Scheme.COMPILED:
        return None
    top, _, rest = path.partition("/")
    module = top.partition(".")[0].casefold()
    if not rest and top.casefold().endswith(_PATH_FILES):
        return HookKind.STARTUP
    if rest and "." in top:
        return None
    importable = bool(rest) or is_module(top)
    if module in _CUSTOMIZE or (importable and shadows_stdlib(module)):
        return HookKind.STARTUP
    if is_module(path) and _IMPORTED_UNASKED.fullmatch(module_stem(path).casefold()):
        return HookKind.STARTUP
    return None


def accept(found: Sequence[Hook], hooks: Sequence[Hook]) -> tuple[Hook, ...]:
    """Return the accepted form of every hook found, with the reviewers' reason.

    Raises:
        McpInstallError: `archive-refused`, listing all that are not accepted.
    """
    agreed = {(hook.wheel, hook.member, hook.sha256, hook.kind): hook for hook in hooks}
    keys = {(hook.wheel, hook.member, hook.sha256, hook.kind): hook for hook in found}
    refused = [hook for key, hook in keys.items() if key not in agreed]
    if refused:
        raise _unaccepted(refused, hooks)
    return tuple(agreed[key] for key in keys)


def _unaccepted(refused: Sequence[Hook], hooks: Sequence[Hook]) -> Exception:
    first = refused[0]
    named = any((hook.wheel, hook.member) == (first.wheel, first.member) for hook in hooks)
    return refusal(
        f"is {_WORDS[first.kind]} that the manifest "
        + ("accepts with another digest or kind" if named else "does not accept"),
        member=first.member,
        hint="a reviewer must read it and name it under `[[hooks]]` of the manifest",
        evidence="\n".join(f"{hook.kind} {hook.sha256} {hook.member}" for hook in refused),
    )


_WORDS = {
    HookKind.STARTUP: "a start-up hook",
    HookKind.SCRIPT: "a script",
    HookKind.DATA: "a file outside `site-packages`",
    HookKind.EXECUTABLE: "a program",
}
