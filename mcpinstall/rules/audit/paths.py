"""Paths as texts: which are absolute, which folders anyone can write to, what is sensitive."""

from __future__ import annotations

import posixpath
import re
import shlex

LONGEST_PATH = 4096
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\\\\")
_PLACEHOLDER = re.compile(r"\$\{?[A-Za-z_]|%[A-Za-z_]|\{|<|~(?:[/\\]|$)")
_PROJECT = re.compile(
    r"\$\{(?:workspaceFolder|workspaceRoot|fileWorkspaceFolder|CLAUDE_PROJECT_DIR|PWD)\b",
    re.IGNORECASE,
)
_SHARED = re.compile(
    r"/(?:private/)?(?:tmp|var/tmp|dev/shm)(?:/|$)"
    r"|[A-Za-z]:[\\/](?:Temp|Windows[\\/]Temp|Users[\\/]Public)(?:[\\/]|$)"
    r"|(?:/home/|/Users/|[A-Za-z]:[\\/]Users[\\/])[^/\\]{1,64}[\\/]Downloads(?:[\\/]|$)"
    r"|(?:~|\$\{?HOME\}?|\$\{env:HOME\}|%USERPROFILE%)[\\/]Downloads(?:[\\/]|$)"
    r"|%(?:TEMP|TMP)%|\$\{?(?:env:)?(?:TMPDIR|TEMP|TMP)\b\}?|[A-Za-z]:[\\/]Users[\\/][^/\\]{1,64}[\\/]AppData[\\/]Local[\\/]Temp(?:[\\/]|$)",
    re.IGNORECASE,
)
_HOME = re.compile(
    r"(?:~|\$\{?HOME\}?|\$\{env:(?:HOME|USERPROFILE)\}|\$\{userHome\}|%(?:USERPROFILE|HOMEPATH)%"
    r"|/home/[^/]{1,64}|/Users/[^/]{1,64}|/root|[A-Za-z]:[\\/]Users[\\/][^\\/]{1,64})[\\/]?",
    re.IGNORECASE,
)
_ROOT = re.compile(r"/+|[A-Za-z]:[\\/]*|/(?:mnt/[a-z]|[cd])/?|//[a-z]/?|\\\\[.?]\\[A-Za-z]:\\?")
_SENSITIVE = re.compile(
    r"(?:^|[\\/])(?:\.ssh|\.aws|\.azure|\.gnupg|\.kube|\.docker|\.password-store"
    r"|\.config[\\/]gcloud|\.mozilla|\.config[\\/](?:google-chrome|chromium|BraveSoftware)"
    r"|Google[\\/]Chrome|Library[\\/]Keychains|Firefox[\\/]Profiles)(?:[\\/]|$)",
    re.IGNORECASE,
)
_SYSTEM = re.compile(
    r"(?:/private)?/(?:etc|run|var/run|proc|sys|boot)/?|/etc/(?:passwd|shadow|sudoers(?:\.d)?|ssh)/?"
)


def is_absolute(text: str) -> bool:
    """Tell whether a path is absolute on any system."""
    return len(text) <= LONGEST_PATH and bool(_ABSOLUTE.match(text))


def is_placeholder(text: str) -> bool:
    """Tell whether a path begins with something that is not known here."""
    return bool(_PLACEHOLDER.match(text))


def is_of_project(text: str) -> bool:
    """Tell whether a path begins with the folder of the project."""
    return bool(_PROJECT.match(text))


def is_shared(text: str) -> bool:
    """Tell whether a path is in a folder for temporary files, or for what browsers fetch."""
    return bool(_SHARED.match(_normalized(text[:LONGEST_PATH])))


def _normalized(text: str) -> str:
    """Return a path without `//`, `/./` and `/../`."""
    return re.sub(r"\A//", "/", posixpath.normpath(text))


def granted(text: str) -> str:
    """Return what is sensitive about giving access to a path: `home`, `all`, `secrets`, or ``."""
    text = text[:LONGEST_PATH]
    spelled = (text, _normalized(text))
    if any(_ROOT.fullmatch(one) for one in spelled):
        return "all"
    if any(_SENSITIVE.search(one) or _SYSTEM.fullmatch(one) for one in spelled):
        return "secrets"
    return "home" if any(_HOME.fullmatch(one) for one in spelled) else ""


def shown(text: str) -> str:
    """Return a text for a message, cut where it is long."""
    return text if len(text) <= 120 else f"{text[:120]}…"


def typed(path: str) -> str:
    """Return a path as it is typed at a shell; `~` stays what it is."""
    return f"~/{shlex.quote(path[2:])}" if path[:2] == "~/" else shlex.quote(path)
