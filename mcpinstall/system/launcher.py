"""Start a server with secrets from the keyring: `mcpi run`, and what entries in hosts start.

A copy of `session_bus.py`, `secret_reader.py` and this file, one behind the other, stands in every
environment as `run.py`, so that an entry keeps working when mcpinstall itself is moved or gone.
It runs under `-I -S -B` before every start of such a server, in at most 40 ms: no module that
loads slowly, none of ours.
"""

from __future__ import annotations

import os
import stat
import sys

from mcpinstall.system.secret_reader import read
from mcpinstall.system.session_bus import LaunchError

TYPE_CHECKING = False  # `typing` takes too long to load
if TYPE_CHECKING:
    from typing import Any

# Behind this line stands what `run.py` takes over.

NAME = "run.py"
"""How the copy is called."""

INVALID, UNSAFE = "state-invalid", "state-unsafe"
"""Codes of `docs/errors.md`."""

_STATUS = 5  # exit status "could not do it"
_RECEIPT_BYTES = 4 << 20
_MISFITS = (KeyError, TypeError, ValueError, AttributeError, RecursionError, StopIteration,
            SystemError)  # fmt: skip
"""What a document of any other form raises; the last two come from the scanner itself."""
_NEVER = ("LD_", "DYLD_", "PYTHON", "_PYTHON", "__PYVENV", "NODE_", "DBUS_", "XDG_", "MCPI_")
"""How the name of a variable that changes what is started begins."""
_NEVER_NAMED = (
    "BASH_ENV", "ENV", "GCONV_PATH", "GLIBC_TUNABLES", "HOME", "LOCPATH", "PATH", "PATHEXT",
)  # fmt: skip
"""Other variables of that kind; no plan has one of either, see `loader_variables`."""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"


# Where a secret is -----------------------------------------------------------------------------


def account(data: str, slug: str, entry: str, name: str, token: str) -> str:
    """Return the account of one secret: no two state folders, servers or entries share one."""
    import hashlib

    state = hashlib.sha256(data.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"{state}/{slug}/{entry}/{name}/{token}"


def wanted(data: str, slug: str, entry: str) -> dict[str, tuple[str, str, str]]:
    """Return variable → account, text before and behind it, of an entry's secrets, by its receipt.

    Nothing of the receipt is believed but the names of inputs; no path comes from it.

    Raises:
        LaunchError: `state-invalid`.
    """
    if not _is_name(entry.replace("-", "_"), 64) or entry[:1] in "_-":
        raise LaunchError(INVALID, "an entry is named by letters, digits, `-` and `_`")
    try:
        record = _parsed(_own_file(os.path.join(data, "receipts", entry + ".json")))["record"]
        if record["entry_name"] != entry or _slug_end(record) != slug[-12:]:
            raise ValueError
        inputs = [one for one in record["inputs"] if one.get("keyring")]
        names = [(one["name"], one["keyring"]) for one in inputs]
        if not all(_is_input(name) and _is_token(token) for name, token in names):
            raise ValueError
        found = {
            variable: (account(data, slug, entry, one["name"], one["keyring"]), before, behind)
            for one in inputs
            for variable, before, behind in one.get("variables") or [(one["name"], "", "")]
        }
        if not all(map(_is_secret_name, found)):
            raise ValueError
        for _, before, behind in found.values():
            (before + behind).encode()
    except _MISFITS:
        hint = f"run `mcpi verify {entry}`"
        raise LaunchError(INVALID, f"the receipt of `{entry}` is not one of ours", hint) from None
    return found


def _own_file(path: str) -> bytes:
    """Return the content of a file that nobody else can have written."""
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags)
    except OSError as error:
        hint = "`mcpi list` shows what is installed"
        raise LaunchError("not-installed", f"`{path}`: {error.strerror}", hint) from None
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        foreign = os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & 0o022)
        if not stat.S_ISREG(found.st_mode) or foreign or found.st_size > _RECEIPT_BYTES:
            raise LaunchError("state-unsafe", f"`{path}` is not ours alone")
        return file.read(_RECEIPT_BYTES)


class _Scanning:
    """How `json` reads: its C scanner without the modules around it, which load `re`."""

    strict, object_hook, object_pairs_hook = True, None, None
    parse_float, parse_int, parse_constant = float, int, float
    memo: dict[str, str] = {}  # noqa: RUF012 (the scanner's own)


def _parsed(data: bytes) -> Any:
    text = data.decode("utf-8").strip()
    try:
        from _json import make_scanner
    except ImportError:
        import json

        document = json.loads(text)
    else:
        document, end = make_scanner(_Scanning())(text, 0)  # type: ignore[arg-type]
        if end != len(text):
            raise ValueError
    if document["schema"] != 1:
        raise ValueError
    return document


def _slug_end(record: dict[str, str]) -> str:
    import hashlib

    key = f"{record['registry_root']}\0{record['name']}"
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _is_name(text: object, most: int = 128) -> bool:
    return (
        isinstance(text, str)
        and 0 < len(text) <= most
        and not text.strip(_LETTERS)
        and all(char in _LETTERS for char in text)
    )


def _is_secret_name(text: str) -> bool:
    name = text.upper() if _is_name(text) and not text[0].isdigit() else ""
    return name != "" and not name.startswith(_NEVER) and name not in _NEVER_NAMED


def _is_input(text: object) -> bool:
    return isinstance(text, str) and _is_name(text.replace("-", "_").replace(".", "_"))


def _is_token(text: object) -> bool:
    return isinstance(text, str) and len(text) == 16 and not text.strip("0123456789abcdef")


# The start ---------------------------------------------------------------------------------------


def launch(home: str, entry: str, arguments: list[str]) -> None:
    """Become the server of an entry, with its secrets in the environment; does not return.

    `home` is the server's own folder.  Standard streams and working directory are not touched.

    Raises:
        LaunchError: as `wanted` and `read`; `environment-missing` where nothing can be started.
    """
    data = os.path.dirname(os.path.dirname(home))
    places = wanted(data, os.path.basename(home), entry)
    secrets = read([one[0] for one in places.values()]) if places else []
    for (name, (_, before, behind)), secret in zip(places.items(), secrets, strict=False):
        try:
            os.environ[name] = before + secret + behind
        except ValueError:  # a NUL, or not in this system's encoding
            raise LaunchError(
                INVALID, f"the secret `{name}` holds a character that no variable can"
            ) from None
    if os.name == "nt":
        _enter(home, arguments)
    else:
        _become(home, arguments)


def _become(home: str, arguments: list[str]) -> None:
    import _signal  # type: ignore[import-not-found,unused-ignore] # (`signal` loads `enum`)

    current = os.path.join(home, "current")
    python, start = os.path.join(current, "bin", "python"), os.path.join(current, "start.py")
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # which Python ignores, and passes on so
        _signal.signal(number, _signal.SIG_DFL)
    try:
        os.execv(python, [python, "-I", "-B", "-X", "utf8", start, *arguments])  # noqa: S606
    except OSError as error:
        hint = "run `mcpi reinstall` for the server"
        raise LaunchError(UNSAFE, f"`{python}`: {error.strerror}", hint) from None


def _enter(home: str, arguments: list[str]) -> None:
    """Run the server in this process: Windows can't replace one, and a child would be another.

    So signals, exit code, pipes and job are the host's, as if it had started the server itself.
    """
    import importlib.util

    start = os.path.join(home, "launch.py")
    found = importlib.util.spec_from_file_location("mcpinstall_launch", start)
    if found is None or found.loader is None:
        raise LaunchError(UNSAFE, f"`{start}` is not there")
    module = importlib.util.module_from_spec(found)
    sys.argv[:] = [start, *arguments]
    found.loader.exec_module(module)
    sys.exit(module.launch())


def tell(error: LaunchError) -> None:
    """Say on standard error why nothing was started; a host shows it in its log."""
    lines = [f"error: {error.message}"]
    lines += [f"hint: {error.hint}"] if error.hint else []
    lines.append(f"(mcpinstall: {error.code})")
    text = "\n".join("".join(c if c.isprintable() else "?" for c in line) for line in lines)
    try:
        os.write(2, text.encode("utf-8", "replace") + b"\n")
    except OSError:
        pass  # nobody listens


def main() -> None:
    """Run as `run.py ENTRY -- ARGUMENTS`."""
    entry, *rest = sys.argv[1:] or [""]
    arguments = rest[1:] if rest[:1] == ["--"] else []
    folder = os.path.dirname(os.path.abspath(__file__))
    home = folder if os.name == "nt" else os.path.dirname(folder)
    try:
        launch(home, entry, arguments)
    except LaunchError as error:
        tell(error)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(_STATUS)


if __name__ == "__main__":
    main()
