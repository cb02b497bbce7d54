"""Names of members: refused, never repaired or skipped, when a file system could misread them.

Installers pass over a name such as `../x` in silence; then what was inspected is not what was
installed.  The rules are those of all systems at once, so that a verdict is the same on each.
"""

from __future__ import annotations

import re
import unicodedata

from mcpinstall.model.names import is_device_name
from mcpinstall.model.text import is_plain
from mcpinstall.system import limits
from mcpinstall.verification.refusals import refusal

_FORBIDDEN = frozenset('\\<>:"|?*')
"""Separators, drives and streams on Windows, and what it takes in no name."""

_PART_BYTES = 255  # bytes of one part of a path, on most file systems

_SHORT = re.compile(r"(?=[^.]{1,8}(\.|$))[^.]*~[0-9]+(\.[^.]{0,3})?")
"""The second name that Windows gives to a file with a long one: `PYVENV~1.CFG`."""


def check_name(name: str) -> None:
    """Refuse a member's name that isn't the same relative path everywhere.

    Raises:
        McpInstallError: `archive-refused`.
    """
    fault = _fault(name) or next(filter(None, map(_part_fault, _parts(name))), "")
    if fault:
        raise refusal(fault, member=name)


def _parts(name: str) -> list[str]:
    return name.removesuffix("/").split("/")


def _fault(name: str) -> str:
    if len(name) > limits.PATH_CHARACTERS:
        return f"has a name of more than {limits.PATH_CHARACTERS} characters"
    if not (name.isascii() and name.isprintable()):
        if not all(map(is_plain, name)):
            return "has a name with characters that a reader cannot see"
        if unicodedata.normalize("NFC", name) != name:
            return "has a name that is not in Unicode normal form NFC"
    if name.startswith("/"):
        return "has an absolute name"
    if not _FORBIDDEN.isdisjoint(name):
        return "has a name with a backslash, colon or other character that Windows reserves"
    return ""


def _part_fault(part: str) -> str:
    if part in ("", ".", ".."):
        return "has a name with an empty part, `.` or `..`"
    if part[-1] in ". ":
        return "has a name with a space or dot at the end of a part"
    if len(part.encode()) > _PART_BYTES:
        return f"has a name with a part of more than {_PART_BYTES} bytes"
    if is_device_name(part.lstrip(" ")):
        return "has the name of a Windows device"
    if _SHORT.fullmatch(part):
        return "has a name that Windows may have given to another file"
    return ""


class Claims:
    """Paths that archives write, and whose they are; a second claim to a path is refused.

    Two paths are one when a file system may think so: letter case and Unicode form don't count,
    not even compatible forms such as a ligature, which Python's own names don't keep either.
    """

    def __init__(self) -> None:
        self._exact: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._folders: set[str] = set()
        self._spelled: set[str] = set()

    def claim(self, path: str, owner: str = "") -> None:
        """Note that `owner` writes `path`, a file, or a folder when it ends with a slash.

        Raises:
            McpInstallError: `archive-refused` when it is taken.
        """
        file = path.removesuffix("/")
        self._claim_folder(file.rpartition("/")[0] if file == path else file)
        if file == path:
            self._claim_file(path, owner)

    def _claim_file(self, path: str, owner: str) -> None:
        key = self._same_spelling(path)
        if key in self._owners:
            others = [name for name in (self._owners[key], owner) if name]
            whose = f" by {' and '.join(f'`{name}`' for name in others)}" if others else ""
            raise refusal(f"is written twice{whose}", member=path)
        if key in self._folders:
            raise refusal("is a file and a folder", member=path)
        self._owners[key] = owner

    def _claim_folder(self, path: str) -> None:
        new = {}
        while path and path not in self._spelled:
            new[path] = key = self._same_spelling(path)
            if key in self._owners:
                raise refusal("is a file and a folder", member=path)
            path = path.rpartition("/")[0]
        self._spelled.update(new)
        self._folders.update(new.values())
        if len(self._spelled) > limits.ARCHIVE_MEMBERS:
            raise refusal(f"makes more than {limits.ARCHIVE_MEMBERS} folders", member=path)

    def _same_spelling(self, path: str) -> str:
        key = path.lower() if path.isascii() else _folded(path)
        if self._exact.setdefault(key, path) != path:
            first = self._exact[key]
            raise refusal(f"is the same path as `{first[:200]}` on some systems", member=path)
        return key


def _folded(path: str) -> str:
    """Return a form that is the same for all names that some file system takes for one.

    Some compare upper case (`\u0131` is `I` there), some lower case, some decompose first.
    """
    return unicodedata.normalize("NFKD", path.casefold()).upper().casefold()
