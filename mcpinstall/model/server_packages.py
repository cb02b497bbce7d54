"""Packages of `server.json`: identifiers, versions and runtime arguments, by type of registry."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

REGISTRY_TYPES = ("pypi", "npm", "oci", "mcpb", "nuget", "cargo")
"""Every known `registryType`; only `pypi` is installed so far."""

RUNTIMES = {"npx": "npm", "uvx": "pypi", "docker": "oci", "dnx": "nuget"}
"""Every known `runtimeHint`, and the type that it fits; none is run because it stands there."""

_IDENTIFIERS = {
    "pypi": re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"),
    "npm": re.compile(r"(@[a-z0-9~][a-z0-9._~-]{0,99}/)?[a-z0-9~][a-z0-9._~-]{0,199}"),
    "oci": re.compile(
        r"[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"
        r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?"
    ),
    "nuget": re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_])?"),
    "cargo": re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}"),
}
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,127}")
_WILDCARD = re.compile(r"(^|\.)[xX*](\.|$)")

_RUNTIME_FLAGS = {
    "pypi": {"-p", "--python", "--from", "--with", "-q", "--quiet"},
    "npm": {"-y", "--yes", "-q", "--quiet"},
    "oci": {
        "-e", "--env", "-u", "--user", "-v", "--volume", "--mount", "-p", "--publish",
        "-i", "--interactive", "-t", "--tty", "--rm", "--init", "--name",
    },
    "nuget": {"--yes"},
}  # fmt: skip
"""Options of a runner that change neither what runs nor what it may reach (threat T09)."""

_MOUNTS = {"-v", "--volume", "--mount"}
_ROOT_MOUNT = re.compile(
    r"(^|[,=])(source=|src=)?(/|[A-Za-z]:[\\/]?|/(etc|proc|sys|dev|root|boot|usr|bin|lib|sbin)(/[^:,]*)?"
    r"|.*docker\.sock[^:,]*)([:,]|$)"
)


def identifier_fault(kind: str, identifier: str) -> str:
    """Return what is wrong with an identifier for its `registryType`, or nothing."""
    if kind == "mcpb":
        return https_fault(identifier)
    if not _IDENTIFIERS[kind].fullmatch(identifier):
        return f"is not the name of a package of type `{kind}`"
    if kind == "oci" and "@sha256:" not in identifier:
        tag = identifier.rsplit("/", 1)[-1].partition(":")[2]
        if tag in {"", "latest"}:
            return "names no version: a tag other than `latest`, or a digest, is needed"
    return ""


def version_fault(kind: str, version: str | None) -> str:
    """Return what is wrong with a package's version, or nothing."""
    if version is None:
        return "" if kind in {"oci", "mcpb"} else "is missing: one exact version is needed"
    if not _VERSION.fullmatch(version) or ".." in version or _WILDCARD.search(version):
        return "is not one exact version"
    if version.lower() == "latest":
        return "is not one exact version"
    return _pep440_fault(version) if kind == "pypi" else ""


def _pep440_fault(version: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        Version(version)
    except InvalidVersion:
        return "is not a version of a Python package (PEP 440)"
    return ""


def runtime_fault(kind: str, flag: str, value: str | None) -> str:
    """Return why an option for the runner is refused, or nothing.

    An allow-list: `npx -c`, `docker run --privileged` and their like are no options of a
    server but ways around the review.
    """
    if flag not in _RUNTIME_FLAGS.get(kind, set()):
        return f"passes `{flag}` to the program that starts the package, which is not allowed"
    if flag in _MOUNTS and value is not None and _ROOT_MOUNT.search(value):
        return f"mounts a folder of the system (`{value}`)"
    return ""


def https_fault(url: str) -> str:
    """Return why `url` is not an acceptable https URL, or nothing."""
    try:
        parts = urlsplit(url)
        host, user = parts.hostname, parts.username
        _ = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme != "https":
        return "is not an https URL"
    if not host or user is not None or parts.password is not None:
        return "has no host, or holds a user name"
    if not url.isascii():
        return "has characters that are not ASCII"
    return ""
