"""What a wheel says it is, in its file name, METADATA and WHEEL: everywhere the same."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass

from mcpinstall.model.artifact import Artifact
from mcpinstall.model.names import normalized_package
from mcpinstall.verification.member_names import check_name
from mcpinstall.verification.refusals import refusal

_MOST_TAGS = 1000  # that compressed sets may add; honest ones stand for a few
_PYTHON_2 = re.compile(r"(cp|py)2[0-9]*-")
"""No Python that runs here asks for such a tag."""
_LINUX = re.compile(r"(?:many|musl)linux(?:[0-9]+|(?:_[0-9]+){2})_(.+)")
_HEADER = re.compile(r"([A-Za-z0-9-]+):[ \t]*(.*)")


_ONE_LINE = frozenset({
    "", "build", "metadata-version", "name", "root-is-purelib", "tag", "version", "wheel-version",
})  # fmt: skip
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
    """Compare METADATA's name and version with the file name's, in a format that is known.

    Raises:
        McpInstallError: `archive-refused`.
    """
    headers = parse_headers(data, member)
    form = only(headers, "metadata-version", member)
    if not re.fullmatch(r"[12]\.[0-9]{1,3}", form):
        raise refusal(f"is in metadata format `{form[:50]}`, not 1.x or 2.x", member=member)
    _check_claim(
        name, only(headers, "name", member), only(headers, "version", member), "METADATA", member
    )


def check_wheel(data: bytes, name: WheelName, member: str) -> None:
    """Check WHEEL: format 1.x, and tags and build that the file name doesn't widen.

    Publishers rename wheels without writing WHEEL again, to say less: `manylinux` for `linux`,
    one platform for `any`.  To say more is a claim that the builder never made.

    Raises:
        McpInstallError: `archive-refused`.
    """
    headers = parse_headers(data, member)
    version = only(headers, "wheel-version", member)
    if not re.fullmatch(r"1\.[0-9]{1,3}", version):
        raise refusal(f"is in wheel format `{version[:50]}`, not 1.x", member=member)
    if only(headers, "root-is-purelib", member).lower() not in ("true", "false"):
        raise refusal("says neither true nor false for Root-Is-Purelib", member=member)
    tags = _expanded(headers.get("tag", []))
    if not all(_covering(tag) & tags for tag in name.tags if not _PYTHON_2.match(tag)):
        raise refusal(
            "has other tags than the file name",
            member=member,
            evidence=f"WHEEL: {' '.join(sorted(tags))}\nfile name: {' '.join(sorted(name.tags))}",
        )
    if headers.get("build", [name.build]) != [name.build]:
        raise refusal("has another build number than the file name", member=member)


def _expanded(tags: list[str]) -> frozenset[str]:
    """Return single tags; some builders write a compressed set, as in a file name."""
    found: set[str] = set()
    left = _MOST_TAGS
    for tag in tags:
        parts = [part.split(".") for part in tag.lower().split("-")]
        many = math.prod(map(len, parts)) - 1
        if many <= left:
            left -= many
            found.update(map("-".join, itertools.product(*parts)))
    return frozenset(found)


def _covering(tag: str) -> frozenset[str]:
    """Return the tags of WHEEL that allow `tag` in the file name: itself, and wider ones."""
    build, _, platform = tag.rpartition("-")
    wider = {tag, f"{build}-any"}
    if linux := _LINUX.match(platform):
        wider.add(f"{build}-linux_{linux[1]}")
    return frozenset(wider)


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
        found = _HEADER.match(line)
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
    (value,) = values
    return value


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
