"""Names: of servers, of host entries, of packages; and the folder name made from one."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from mcpinstall.errors import ErrorCode, McpInstallError

_SERVER = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
)
_ENTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,127}")
_ENVIRONMENT_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_RESERVED = frozenset({"__proto__", "constructor", "prototype"})
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"com{n}" for n in range(10)} | {f"lpt{n}" for n in range(10)}
)
_SLUG_READABLE = 40
_SLUG_DIGEST = 12


def server_name(text: str) -> str:
    """Return `text` if it is a server name as in `server.json`: `io.github.user/server`.

    3 to 200 characters, exactly one slash, both parts begin and end alphanumeric, no `..`.

    Raises:
        McpInstallError: `name-invalid`.
    """
    if not 3 <= len(text) <= 200 or not _SERVER.fullmatch(text) or ".." in text:
        raise _invalid(text, "a server name looks like `io.github.user/server`")
    return text


def registered_name(text: str) -> str:
    """Return `text` if it is a server name whose parts can be folders on every system.

    Raises:
        McpInstallError: `name-invalid`.
    """
    return _portable(server_name(text))


def registered_version(text: str) -> str:
    """Return `text` if it is one exact version that can be a folder on every system.

    Raises:
        McpInstallError: `name-invalid`.
    """
    return _portable(version(text))


def _portable(text: str) -> str:
    for part in text.split("/"):
        if is_device_name(part):
            raise _invalid(text, f"Windows takes `{part}` for a device, not for a folder")
        if part.endswith("."):
            raise _invalid(text, f"Windows leaves out the `.` at the end of `{part}`")
    return text


def entry_name(text: str) -> str:
    """Return `text` if it can name an entry in any host: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.

    Raises:
        McpInstallError: `name-invalid`.
    """
    reserved = text.lower() in _RESERVED or text.lower() in _DEVICES
    if reserved or not _ENTRY.fullmatch(text):
        raise _invalid(text, "use letters, digits, `-` and `_`, at most 64, for example `time`")
    return text


def version(text: str) -> str:
    """Return `text` if it is one exact version: no range, no `latest`, no path.

    Raises:
        McpInstallError: `name-invalid`.
    """
    if not _VERSION.fullmatch(text) or ".." in text or text.lower() == "latest":
        raise _invalid(text, "name one exact version, such as `2026.10.19`")
    return text


def is_environment_variable(text: str) -> bool:
    """Tell whether `text` has the grammar of an environment variable's name."""
    return _ENVIRONMENT_VARIABLE.fullmatch(text) is not None


def is_device_name(part: str) -> bool:
    """Tell whether Windows takes a path's part for a device, whatever its extension."""
    stem = unicodedata.normalize("NFKC", part.split(".", 1)[0]).rstrip(" ").lower()
    return stem in _DEVICES or stem in ("conin$", "conout$")


def normalized_package(text: str) -> str:
    """Return a Python package's name in normalised form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", text).lower()


def slug(root_digest: str, name: str) -> str:
    """Return the folder name of a server: readable part + 12 hex of (registry root, name).

    Lower case, `[a-z0-9-]` only, so that it is the same on every file system.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", name.rsplit("/", 1)[-1].lower()).strip("-")
    text = f"{root_digest}\0{name}".encode("utf-8", "surrogatepass")  # of a damaged receipt
    key = hashlib.sha256(text).hexdigest()[:_SLUG_DIGEST]
    return f"{readable[:_SLUG_READABLE].strip('-') or 'server'}-{key}"


def folder_root(path: str) -> str:
    """Return what identifies the registry in a folder, by its absolute path."""
    return hashlib.sha256(b"folder\0" + path.encode()).hexdigest()


def _invalid(text: str, hint: str) -> McpInstallError:
    return McpInstallError(
        ErrorCode.NAME_INVALID, f"`{text[:200]}` is not a usable name", hint=hint
    )
