"""The inspection of a wheel: what installing it would write, once everything in it agrees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from mcpinstall.model.artifact import Artifact, EntryPoint, Inspection, Scheme, WheelFile
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.system import limits
from mcpinstall.system.files import disk_errors
from mcpinstall.verification.entry_points import parse_entry_points
from mcpinstall.verification.member_names import Claims, check_name
from mcpinstall.verification.module_names import check_fit
from mcpinstall.verification.native_programs import HEAD, is_native, is_program
from mcpinstall.verification.refusals import naming_the_wheel, refusal
from mcpinstall.verification.startup_hooks import accept, hook_kind
from mcpinstall.verification.unpacking import Content, unpack
from mcpinstall.verification.wheel_layout import find_dist_info, place
from mcpinstall.verification.wheel_metadata import (
    WheelName,
    check_dist_info,
    check_metadata,
    check_wheel,
    parse_filename,
)
from mcpinstall.verification.wheel_record import check_record, parse_record
from mcpinstall.verification.zip_structure import Member, read_members

_INVITES = re.compile(
    rb"^[^#\n]*\b(extend_path|declare_namespace|__path__(\s*\+?=(?!=)|\.(append|extend|insert)))",
    re.MULTILINE,
)
"""In the source of a package that extends its own path, as namespaces did before PEP 420."""

_READ = ("METADATA", "RECORD", "WHEEL", "entry_points.txt")
"""Files of the dist-info folder whose text is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A file of the archive, where it goes, and what is known of its content."""

    member: Member
    scheme: Scheme
    path: str
    sha256: str
    text: bytes
    """The whole content of a file named in `_READ`, else empty."""
    hook: HookKind | None
    is_native: bool
    is_program: bool
    is_open: bool
    """Whether it is the `__init__.py` of a package that other wheels may add modules to."""


def inspect_wheel(file: BinaryIO, artifact: Artifact, hooks: Sequence[Hook]) -> Inspection:
    """Read a wheel whose bytes are known, and return what installing it writes.

    The order matters: nothing is unpacked before the structure is known to be unambiguous, and
    no file's meaning is asked before its bytes equal RECORD.

    1. File name, against the lock's package and version.
    2. Structure and limits (`zip_structure`), against readers that differ and bombs.
    3. Names, and what goes where (`member_names`, `wheel_layout`), against files outside or
       over the environment.
    4. Content, each member once, against bombs that lie about their size.
    5. RECORD in both directions, METADATA, WHEEL, entry points.
    6. Start-up hooks, scripts and programs: each accepted in `hooks`, by digest.

    Raises:
        McpInstallError: `archive-refused`, naming wheel and member.
    """
    with naming_the_wheel(artifact):
        found, needed = _examine(file, artifact)
        return replace(found, accepted=accept(needed, hooks))


def examine_wheel(file: BinaryIO, artifact: Artifact) -> tuple[Inspection, tuple[Hook, ...]]:
    """Do steps 1 to 5 of `inspect_wheel`, for looking only: nothing of it may be installed.

    Returns the inspection, and all that a manifest has to accept; the reasons are left empty.

    Raises:
        McpInstallError: `archive-refused` for what no manifest can accept.
    """
    with naming_the_wheel(artifact):
        return _examine(file, artifact)


def unaccepted_hooks(file: BinaryIO, artifact: Artifact) -> tuple[Hook, ...]:
    """Return all that a manifest has to accept for this wheel; the reasons are left empty.

    Raises:
        McpInstallError: `archive-refused` for what no manifest can accept.
    """
    with naming_the_wheel(artifact):
        return _examine(file, artifact)[1]


def _examine(file: BinaryIO, artifact: Artifact) -> tuple[Inspection, tuple[Hook, ...]]:
    """Do steps 1 to 5 and return the hooks that step 6 needs accepted."""
    name = parse_filename(artifact)
    with disk_errors(f"read `{artifact.filename}`"):
        members = read_members(file)
        _check_names(members)
        dist_info = find_dist_info(member.name for member in members)
        check_dist_info(dist_info, name)
        placed = _unpack(file, members, dist_info)
    record = _check_record(placed, dist_info)
    check_fit((file.path for file in placed if file.scheme is Scheme.SITE), name.tags)
    scripts = _check_metadata(placed, dist_info, name)
    inspection = Inspection(
        files=_files(placed),
        record=record,
        dist_info=dist_info,
        scripts=scripts,
        accepted=(),
        members=len(members),
        programs=_programs(placed),
        native=tuple(sorted(file.member.name for file in placed if file.is_native)),
        open_packages=tuple(
            file.path.removesuffix("/__init__.py") for file in placed if file.is_open
        ),
    )
    return inspection, _hooks(placed, artifact)


def _check_names(members: Iterable[Member]) -> None:
    """Refuse unsafe names, and names that meet when the archive is unpacked as it is."""
    claims = Claims()
    seen = set()
    for member in members:
        check_name(member.name)
        if member.name in seen:
            raise refusal("is in the archive twice", member=member.name)
        seen.add(member.name)
        claims.claim(member.name)


def _unpack(file: BinaryIO, members: Sequence[Member], dist_info: str) -> tuple[_Placed, ...]:
    """Unpack every member, and refuse files that meet once each is in its place."""
    texts = {f"{dist_info}/{name}" for name in _READ}
    names = frozenset(member.name for member in members)
    claims = Claims()
    placed = []
    for member in members:
        is_text = member.name in texts
        if is_text and member.size > limits.ARCHIVE_TEXT:
            raise refusal(f"has {member.size} bytes of text", member=member.name)
        content = unpack(file, member, member.size if is_text else HEAD)
        if not member.is_folder:
            where = place(member.name, dist_info, names)
            claims.claim("/".join(where))
            placed.append(_placed(member, content, where, is_text=is_text))
    return tuple(placed)


def _placed(
    member: Member, content: Content, where: tuple[Scheme, str], *, is_text: bool
) -> _Placed:
    scheme, path = where
    return _Placed(
        member=member,
        scheme=scheme,
        path=path,
        sha256=content.sha256,
        text=content.start if is_text else b"",
        hook=hook_kind(scheme, path, content.start),
        is_native=is_native(content.start),
        is_program=scheme is Scheme.SITE and is_program(content.start, path),
        is_open=scheme is Scheme.SITE
        and path.endswith("/__init__.py")
        and _INVITES.search(content.start) is not None,
    )


def _check_record(placed: Sequence[_Placed], dist_info: str) -> bytes:
    record = _text(placed, f"{dist_info}/RECORD")
    files = {file.member.name: (file.sha256, file.member.size) for file in placed}
    check_record(parse_record(record, dist_info), files, dist_info)
    return record


def _check_metadata(
    placed: Sequence[_Placed], dist_info: str, name: WheelName
) -> tuple[EntryPoint, ...]:
    metadata, wheel = f"{dist_info}/METADATA", f"{dist_info}/WHEEL"
    check_metadata(_text(placed, metadata), name, metadata)
    check_wheel(_text(placed, wheel), name, wheel)
    scripts = f"{dist_info}/entry_points.txt"
    if all(file.member.name != scripts for file in placed):
        return ()
    return parse_entry_points(_text(placed, scripts), name.package, scripts)


def _text(placed: Sequence[_Placed], name: str) -> bytes:
    for file in placed:
        if file.member.name == name:
            return file.text
    raise refusal(f"has no `{name.rpartition('/')[2]}`")


def _files(placed: Iterable[_Placed]) -> tuple[WheelFile, ...]:
    files = (
        WheelFile(
            scheme=file.scheme,
            path=file.path,
            sha256=file.sha256,
            size=file.member.size,
        )
        for file in placed
    )
    return tuple(sorted(files, key=lambda file: (file.scheme, file.path)))


def _programs(placed: Iterable[_Placed]) -> tuple[str, ...]:
    return tuple(sorted(file.member.name for file in placed if file.is_program))


def _hooks(placed: Iterable[_Placed], artifact: Artifact) -> tuple[Hook, ...]:
    return tuple(
        Hook(
            wheel=artifact.filename,
            member=file.member.name,
            sha256=file.sha256,
            kind=file.hook,
            reason="",
        )
        for file in placed
        if file.hook
    )
