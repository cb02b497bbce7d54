"""`pylock.toml` as text: a strict subset of PEP 751 that holds digests and no location."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from mcpinstall.errors import ErrorCode
from mcpinstall.model import platforms, toml_text
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.fields import Fields
from mcpinstall.model.lock import Lock, LockedPackage
from mcpinstall.model.names import normalized_package
from mcpinstall.model.specifiers import checked_specifiers

MARKER_VARIABLES = frozenset({
    "implementation_name", "os_name", "platform_machine", "platform_python_implementation",
    "platform_system", "python_full_version", "python_version", "sys_platform",
})  # fmt: skip
"""What a marker may ask about; `platform_release` and the like could aim at one machine."""

_SIZE = 2**40  # bytes; the real limit is where files are downloaded
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HINT = re.compile(r"[A-Za-z0-9._+!~-]+(/[A-Za-z0-9._+!~-]+)*")
_HINT_CHARACTERS = 400
_MOST_TAGS = 1000  # of one wheel; a name of 240 characters can stand for 50,000
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_WORD = re.compile(r"[a-z_][a-z0-9_.]*")


def parse(data: bytes, where: str) -> Lock:
    """Parse and check a lock.

    Raises:
        McpInstallError: `lock-invalid`, or `text-hostile`.
    """
    top = toml_text.parse(data, ErrorCode.LOCK_INVALID, where)
    top.only("lock-version", "created-by", "requires-python", "packages", "tool")
    if top.text("lock-version") != "1.0":
        raise top.error("lock-version", "is not `1.0`")
    top.text("created-by", limit=100)
    packages = tuple(_package(item) for item in top.each("packages"))
    _refuse_duplicates(top, packages)
    constraints, exclude_newer = _made_with(top)
    return Lock(
        requires_python=top.parsed("requires-python", checked_specifiers),
        packages=packages,
        text=data,
        sha256=hashlib.sha256(data).hexdigest(),
        constraints=constraints,
        exclude_newer=exclude_newer,
    )


def held_package(constraint: str) -> str:
    """Return the normalized name of the package that a checked requirement holds back."""
    from packaging.requirements import Requirement

    return normalized_package(Requirement(constraint).name)


def checked_constraint(text: str) -> str:
    """Return `text` if it holds a package back: a name, versions, and perhaps a marker.

    Raises:
        ValueError: With the rest of a sentence about the requirement.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(text)
    except (InvalidRequirement, RecursionError):
        message = "is not a requirement (PEP 508)"
        raise ValueError(message) from None
    if found.url or found.extras or not found.specifier:
        message = "is not a name with versions"
        raise ValueError(message)
    if found.marker is not None:
        checked_marker(str(found.marker))
    return text


def checked_time(text: str) -> str:
    """Return `text` if it is a time such as `2026-11-15T00:00:00Z`.

    Raises:
        ValueError: With the rest of a sentence about it.
    """
    try:
        if f"{datetime.fromisoformat(text):%Y-%m-%dT%H:%M:%SZ}" == text:
            return text
    except ValueError:
        pass
    message = "is not a time such as `2026-11-15T00:00:00Z`"
    raise ValueError(message)


def marker_holds(marker: str | None, environment: Mapping[str, str]) -> bool:
    """Tell whether a checked marker is true in a PEP 508 environment; None always is."""
    from packaging.markers import Marker

    return marker is None or Marker(marker).evaluate(dict(environment))


def is_hint(text: str, filename: str) -> bool:
    """Tell whether `text` is an index-relative path of `filename`: no scheme, `//` or `..`."""
    return (
        len(text) <= _HINT_CHARACTERS
        and _HINT.fullmatch(text) is not None
        and not {".", ".."} & set(text.split("/"))
        and text.rsplit("/", 1)[-1] == filename
    )


def _package(item: Fields) -> LockedPackage:
    item.only("name", "version", "marker", "wheels", "attestation-identities", "tool")
    name = item.text("name", limit=200)
    if normalized_package(name) != name:
        raise item.error("name", "is not normalised")
    version = item.parsed("version", _version)
    hints = _hints(item)
    wheels = tuple(_wheel(wheel, name, version, hints) for wheel in item.each("wheels"))
    if not wheels:
        raise item.error("wheels", "is empty: only wheels are installed")
    if unknown := sorted(hints.keys() - {wheel.filename for wheel in wheels}):
        raise item.error("tool.mcpinstall.hints", f"names `{unknown[0]}`, which is no wheel of it")
    marker = item.parsed("marker", checked_marker) if "marker" in item.table else None
    return LockedPackage(name=name, version=version, marker=marker, wheels=wheels)


def _made_with(top: Fields) -> tuple[tuple[str, ...], str]:
    """Return what the lock was made with: it binds nobody who installs."""
    tool = top.fields("tool")
    tool.only("mcpinstall")
    ours = tool.fields("mcpinstall")
    ours.only("constraints", "exclude-newer")
    constraints = ours.texts("constraints", limit=_HINT_CHARACTERS)
    for number, text in enumerate(constraints):
        try:
            checked_constraint(text)
        except ValueError as error:
            raise ours.error(f"constraints[{number}]", str(error)) from None
    given = "exclude-newer" in ours.table
    return constraints, ours.parsed("exclude-newer", checked_time) if given else ""


def _wheel(item: Fields, name: str, version: str, hints: Mapping[str, str]) -> Artifact:
    item.only("path", "upload-time", "size", "hashes")
    filename = item.text("path", limit=240)
    _require_filename(item, filename, name, version)
    uploaded = item.table.get("upload-time")
    if uploaded is not None and not isinstance(uploaded, datetime):
        raise item.error("upload-time", "is not a date and time")
    if uploaded is not None and uploaded.tzinfo is None:
        uploaded = uploaded.replace(tzinfo=UTC)
    hashes = item.fields("hashes")
    hashes.only("sha256")
    digest = hashes.text("sha256")
    if not _SHA256.fullmatch(digest):
        raise hashes.error("sha256", "is not 64 lowercase hexadecimal characters")
    return Artifact(
        filename=filename,
        package=name,
        version=version,
        size=item.integer("size", low=1, high=_SIZE),
        sha256=digest,
        hint=hints.get(filename),
        uploaded=uploaded,
    )


def _require_filename(item: Fields, filename: str, name: str, version: str) -> None:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename
    from packaging.version import Version

    if re.fullmatch(r"[A-Za-z0-9_.+!-]+\.whl", filename) is None:
        raise item.error("path", "is not the bare name of a wheel")
    sets = filename.removesuffix(".whl").split("-")[-3:]
    if math.prod(part.count(".") + 1 for part in sets) > _MOST_TAGS:
        raise item.error("path", f"is the name of a wheel for more than {_MOST_TAGS} tags")
    try:
        found_name, found_version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise item.error("path", f"is not the name of a wheel: {error}") from None
    if found_name != name or found_version != Version(version):
        raise item.error("path", f"is not a wheel of `{name}` `{version}`")


def _hints(item: Fields) -> dict[str, str]:
    tool = item.fields("tool")
    tool.only("mcpinstall")
    ours = tool.fields("mcpinstall")
    ours.only("hints")
    fields = ours.fields("hints")
    hints = {name: fields.text(name, limit=_HINT_CHARACTERS) for name in fields.table}
    for name, hint in hints.items():
        if not is_hint(hint, name):
            raise fields.error(name, "is not an index-relative path that ends in the file's name")
    return hints


def _refuse_duplicates(top: Fields, packages: tuple[LockedPackage, ...]) -> None:
    seen: set[str] = set()
    for package in packages:
        key = f"{package.name} {package.version}"
        for word in (key, *(wheel.filename.lower() for wheel in package.wheels)):
            if word in seen:
                raise top.error("packages", f"lists `{word}` twice")
            seen.add(word)


def _version(text: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        if str(Version(text)) == text:
            return text
    except InvalidVersion:
        pass
    message = "is not one exact version in normal form (PEP 440)"
    raise ValueError(message)


def checked_marker(text: str) -> str:
    """Return `text` if it is a marker that asks only about `MARKER_VARIABLES`.

    Raises:
        ValueError: With the rest of a sentence about the marker.
    """
    from packaging.markers import InvalidMarker, Marker

    try:
        normal = str(Marker(text))
    except (InvalidMarker, RecursionError):
        message = "is not a marker (PEP 508)"
        raise ValueError(message) from None
    for word in marker_words(normal):
        if word not in MARKER_VARIABLES:
            message = f"asks about `{word}`, which a lock may not"
            raise ValueError(message)
    _require_meaning(text)
    return text


def _require_meaning(marker: str) -> None:
    """Refuse what only evaluation finds, on any system: `os_name ~= 'x'`, `'a' == 'b'`."""
    from packaging.markers import UndefinedEnvironmentName

    anywhere = platforms.environment(next(iter(platforms.PLATFORMS)), platforms.PYTHONS[0])
    try:
        marker_holds(marker, anywhere)
    except (ValueError, UndefinedEnvironmentName, RecursionError):
        message = "compares what can't be compared"
        raise ValueError(message) from None


def marker_words(text: str) -> Iterator[str]:
    """Yield the variables of a marker whose grammar was checked."""
    for word in _WORD.findall(_QUOTED.sub(" ", text)):
        if word not in {"and", "or", "in", "not"}:
            yield word
