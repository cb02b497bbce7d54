"""Which wheels of a lock one interpreter needs: PEP 751's selection, without input or output."""

from __future__ import annotations

from collections.abc import Mapping

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.artifact import Artifact
from mcpinstall.model.environment import Interpreter
from mcpinstall.model.lock import Lock, LockedPackage


def select(lock: Lock, interpreter: Interpreter) -> tuple[Artifact, ...]:
    """Return one wheel for each package of `lock` whose marker is true, in the lock's order.

    Raises:
        McpInstallError: `platform-unsupported` when the lock excludes this Python, or has no
            wheel for it; `lock-invalid` when two entries of one package apply.
    """
    markers = dict(interpreter.markers)
    _require_python(lock, markers)
    rank = {tag: place for place, tag in reversed(tuple(enumerate(interpreter.tags)))}
    found: dict[str, Artifact] = {}
    for package in lock.packages:
        if not _applies(package, markers):
            continue
        if package.name in found:
            raise McpInstallError(
                ErrorCode.LOCK_INVALID, f"two entries of `{package.name}` apply to this platform"
            )
        found[package.name] = _best(package, rank, interpreter)
    return tuple(found.values())


def _require_python(lock: Lock, markers: Mapping[str, str]) -> None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    version = markers.get("python_full_version", "")
    try:
        fits = SpecifierSet(lock.requires_python).contains(_pep440(version), prereleases=True)
    except InvalidSpecifier:
        raise McpInstallError(
            ErrorCode.LOCK_INVALID, f"`{lock.requires_python[:100]}` is not a range of versions"
        ) from None
    if not fits:
        raise McpInstallError(
            ErrorCode.PLATFORM_UNSUPPORTED,
            f"the lock needs Python {lock.requires_python}, and this is {version}",
            hint="choose another interpreter with `--python`",
        )


def _pep440(version: str) -> str:
    """Return the version of an interpreter built from a working copy (`3.13.0+`) as a valid one."""
    return f"{version}local" if version.endswith("+") else version


def _applies(package: LockedPackage, markers: dict[str, str]) -> bool:
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison

    if package.marker is None:
        return True
    try:
        return Marker(package.marker).evaluate(markers, context="lock_file")
    except (InvalidMarker, UndefinedComparison):
        raise McpInstallError(
            ErrorCode.LOCK_INVALID, f"the marker of `{package.name}` can't be evaluated"
        ) from None


def _best(package: LockedPackage, rank: Mapping[str, int], interpreter: Interpreter) -> Artifact:
    """Return the wheel with the best tag; of equal ones the first, as `packaging` does."""
    fitting = [
        (place, artifact)
        for artifact in package.wheels
        if (place := _rank(artifact, rank)) is not None
    ]
    if not fitting:
        platform = interpreter.tags[0] if interpreter.tags else "no tags"
        raise McpInstallError(
            ErrorCode.PLATFORM_UNSUPPORTED,
            f"`{package.name}` {package.version} has no wheel for this platform "
            f"(Python {interpreter.version}, {platform})",
            hint="another Python may do: `--python`; nothing is built from source",
        )
    return min(fitting, key=lambda item: item[0])[1]


def _rank(artifact: Artifact, rank: Mapping[str, int]) -> int | None:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        _, _, _, tags = parse_wheel_filename(artifact.filename)
    except InvalidWheelFilename:
        raise McpInstallError(
            ErrorCode.LOCK_INVALID, f"`{artifact.filename}` is not the name of a wheel"
        ) from None
    return min((rank[str(tag)] for tag in tags if str(tag) in rank), default=None)
