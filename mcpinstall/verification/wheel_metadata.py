"""What a wheel says it is, in its file name, METADATA and WHEEL: everywhere the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcpinstall.model.artifact import Artifact
from mcpinstall.model.names import normalized_package
from mcpinstall.verification.member_names import check_name
from mcpinstall.verification.refusals import refusal

_HEADER = re.compile(r"([A-Za-z0-9-]+):[ \t]*(.*)")


_ONE_LINE = frozenset({"", "build", "name", "root-is-purelib", "tag", "version", "wheel-version"})
"""Headers that may not go on in the next line; nor may there be such a line before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelName:
    """The claims of a wheel's file name (binary distribution format)."""

    package: str
    """Normalised."""
    version: str
    build: str
    tags: frozenset[str]
    """Every single tag, such as `cp312-cp312-win_amd64`."""


def parse_filename(artifact: Artifact) -> WheelName:
    """Return what the artifact's file name claims; it must agree with package and version.

    Raises:
        McpInstallError: `archive-refused`.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    check_name(artifact.filename)
    if "/" in artifact.filename or not artifact.filename.endswith(".whl"):
        raise refusal("is not a wheel", hint="only wheels are installed: a build would run code")
    try:
        name, version, build, tags = parse_wheel_filename(artifact.filename)
    except InvalidWheelFilename as error:
        raise refusal(f"is not the file name of a wheel: {error}") from None
    found = WheelName(
        package=name,
        version=str(version),
        build="".join(map(str, build)),
        tags=frozenset(map(str, tags)),
    )
    _check_claim(found, artifact.package, artifact.version, "lock", "")
    return found


def check_metadata(data: bytes, name: WheelName, member: str) -> None:
    """Compare METADATA's name and version with the file name's.

    Raises:
        McpInstallError: `archive-refused`.
    """
    headers = parse_headers(data, member)
    _check_claim(
        name, only(headers, "name", member), only(headers, "version", member), "METADATA", member
    )


def check_wheel(data: bytes, name: WheelName, member: str) -> None:
    """Check WHEEL: format 1.x, and the tags and build of the file name.

    Raises:
        McpInstallError: `archive-refused`.
    """
    headers = parse_headers(data, member)
    version = only(headers, "wheel-version", member)
    if not re.fullmatch(r"1\.[0-9]{1,3}", version):
        raise refusal(f"is in wheel format `{version[:50]}`, not 1.x", member=member)
    if only(headers, "root-is-purelib", member).lower() not in ("true", "false"):
        raise refusal("says neither true nor false for Root-Is-Purelib", member=member)
    tags = frozenset(headers.get("tag", []))
    if tags != name.tags:
        raise refusal(
            "has other tags than the file name",
            member=member,
            evidence=f"WHEEL: {' '.join(sorted(tags))}\nfile name: {' '.join(sorted(name.tags))}",
        )
    if headers.get("build", [name.build]) != [name.build]:
        raise refusal("has another build number than the file name", member=member)


def parse_headers(data: bytes, member: str) -> dict[str, list[str]]:
    """Return the headers of a metadata file, up to its body, by lower-case name.

    Raises:
        McpInstallError: `archive-refused`.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise refusal("is not UTF-8", member=member) from None
    headers: dict[str, list[str]] = {}
    key = ""
    for line in re.split(r"\r?\n", text):
        if not line:
            break
        if line[0] in " \t" and key not in _ONE_LINE and "\r" not in line:
            continue
        found = _HEADER.fullmatch(line)
        if found is None or "\r" in line:
            raise refusal("has a line among its headers that is none", member=member)
        key = found[1].lower()
        headers.setdefault(key, []).append(found[2].strip())
    return headers


def only(headers: dict[str, list[str]], key: str, member: str) -> str:
    """Return the one value of a header that must be there once.

    Raises:
        McpInstallError: `archive-refused`.
    """
    values = headers.get(key, [])
    if len(values) != 1:
        raise refusal(f"has {len(values)} headers `{key}`, not one", member=member)
    return values[0]


def check_dist_info(folder: str, name: WheelName) -> None:
    """Compare the name of the `.dist-info` folder with the file name.

    Raises:
        McpInstallError: `archive-refused`.
    """
    package, _, version = folder.removesuffix(".dist-info").rpartition("-")
    _check_claim(name, package, version, "dist-info folder", folder)


def _check_claim(name: WheelName, package: str, version: str, where: str, member: str) -> None:
    from packaging.version import Version

    try:
        same = Version(version) == Version(name.version)
    except ValueError:  # no version, or a number of thousands of digits
        same = False
    if not same or normalized_package(package) != name.package:
        raise refusal(
            f"is `{package[:100]}` `{version[:100]}` by its {where}, and "
            f"`{name.package}` `{name.version}` by its file name",
            member=member,
        )
