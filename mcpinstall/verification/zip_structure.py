"""The one reader of an archive's structure: every byte belongs to something, once.

A zip file says everything twice, in the central directory and before each member, and readers
differ in which they believe (CVE-2025-54368, CVE-2025-13327).  Here both must agree, members
follow each other without a gap from the first byte on, in the directory's order, and the
directory is followed by its end record alone.  So there is one way left to read the file.

Sections in comments are those of PKWARE's APPNOTE 6.3.10.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO, Final, NamedTuple

from mcpinstall.system import limits
from mcpinstall.verification.refusals import refusal

STORED: Final = 0
DEFLATED: Final = 8

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCATOR_SIZE = 20  # bytes; readers look for a zip64 locator right before the end record
_EXTRA = struct.Struct("<2H")
_SIZES_64 = struct.Struct("<2Q")

_LEVEL_FLAGS = 0b110  # how hard the compressor tried; 4.4.4
_DESCRIPTOR_FLAG = 1 << 3
_UTF8_FLAG = 1 << 11
_NEWEST = 45  # version of the format that brought zip64; later ones, other methods
_KNOWN_FLAGS = _LEVEL_FLAGS | _DESCRIPTOR_FLAG | _UTF8_FLAG

_ZIP64 = 0x0001
_HARMLESS_EXTRAS = frozenset({0x000A, 0x5455, 0x5855, 0x7855, 0x7875})
"""Times and owners (NTFS, Info-ZIP), which no installer of wheels uses."""

_IN_ZIP64 = 0xFFFFFFFF
_DOS_FOLDER, _DOS_VOLUME, _DOS_LINK = 0x10, 0x08, 0x400
_RATIO_FROM = 8 << 20  # bytes; below it a ratio says nothing: honest test data is all zeros
_DESCRIPTOR_MARK = b"PK\7\x08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member, as both places of the archive describe it.  Sizes are claims until unpacked."""

    name: str
    method: int
    """`STORED` or `DEFLATED`."""
    crc: int
    packed: int
    size: int
    offset: int
    """Where its packed bytes begin."""

    @property
    def is_folder(self) -> bool:
        """Tell whether it only names a folder."""
        return self.name.endswith("/")


class _Entry(NamedTuple):
    """What the central directory says about a member."""

    needed: int
    """Version of the format that a reader must know."""
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    attributes: int
    offset: int


def read_members(file: BinaryIO) -> tuple[Member, ...]:
    """Read the structure of a whole archive; nothing is unpacked.

    1. The end record, in the last 22 bytes: no comment, nothing behind it, no zip64.
    2. The central directory, which fills what is before it exactly.
    3. Every member's own header, which must say the same, one behind the other from byte 0.
    4. Limits, against bombs; `unpacking` holds the members to the sizes claimed here.

    Raises:
        McpInstallError: `archive-refused`.
    """
    # (1) End record.
    length = file.seek(0, 2)
    start, count = _read_end(_read_at(file, max(length - _END.size, 0), _END.size), length)

    # (2) Central directory.
    directory = _read_at(file, start, length - _END.size - start)
    entries = _read_directory(directory, count)

    # (3) Members.
    starts = [entry.offset for entry in entries] + [start]
    if starts[0] != 0 or any(after <= before for before, after in pairwise(starts)):
        raise refusal("has members out of order, overlapping, or behind other bytes")
    members = tuple(
        _read_member(file, entry, end) for entry, end in zip(entries, starts[1:], strict=True)
    )

    # (4) Limits.
    _check_limits(members, length)
    return members


def _read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise refusal("is cut off, or its structure points outside the file")
    return data


def _read_end(record: bytes, length: int) -> tuple[int, int]:
    """Return where the central directory starts and how many members it has (4.3.16)."""
    mark, disk, first_disk, here, count, size, start, comment = _END.unpack(record)
    if mark != b"PK\5\6":
        raise refusal("is not a zip file, has an archive comment, or has bytes behind its end")
    if comment or disk or first_disk or here != count:
        raise refusal("has an archive comment or claims to be one of several parts")
    if count == 0xFFFF or _IN_ZIP64 in (size, start):
        raise refusal("is a zip64 archive, which no wheel of its size needs to be")
    if start + size != length - _END.size:
        raise refusal("has bytes that belong to no member, or a wrong directory offset")
    if not 0 < count <= limits.ARCHIVE_MEMBERS or size > limits.ARCHIVE_DIRECTORY:
        raise refusal(f"has {count} members in a directory of {size} bytes")
    return start, count


def _read_directory(directory: bytes, count: int) -> list[_Entry]:
    """Return the entries of the central directory, which they must fill (4.3.12)."""
    entries = []
    position = 0
    for _ in range(count):
        header = directory[position : position + _CENTRAL.size]
        if len(header) < _CENTRAL.size or header[:4] != b"PK\1\2":
            raise refusal("has a damaged central directory")
        entry, behind, comment = _parse_entry(header)
        name_end = position + _CENTRAL.size + behind[0]
        extra_end = name_end + behind[1]
        name = directory[position + _CENTRAL.size : name_end]
        shown = name.decode("utf-8", "replace")
        if extra_end > len(directory) or comment:
            raise refusal("has a comment, or leaves the central directory", member=shown)
        if _ZIP64 in _parse_extra(directory[name_end:extra_end], shown):
            raise refusal("has zip64 sizes in the central directory", member=shown)
        entries.append(entry._replace(name=name))
        position = extra_end
    if position != len(directory) or directory[-_LOCATOR_SIZE:].startswith(b"PK\6\7"):
        raise refusal("has bytes in its central directory that belong to no member")
    return entries


def _parse_entry(header: bytes) -> tuple[_Entry, tuple[int, int], bool]:
    """Return an entry without its name, the lengths of name and extra field, and "is odd"."""
    (_, _, needed, flags, method, _, _, crc, packed, size, name, extra, comment, disk, _,
     attributes, offset) = _CENTRAL.unpack(header)  # fmt: skip
    entry = _Entry(needed, b"", flags, method, crc, packed, size, attributes, offset)
    return entry, (name, extra), bool(comment or disk)


def _parse_extra(extra: bytes, member: str) -> dict[int, bytes]:
    """Return the extra field's parts by their ids; only harmless ones are let through (4.5)."""
    parts: dict[int, bytes] = {}
    position = 0
    while position < len(extra):
        if position + _EXTRA.size > len(extra):
            raise refusal("has a damaged extra field", member=member)
        key, length = _EXTRA.unpack_from(extra, position)
        position += _EXTRA.size + length
        if position > len(extra) or key in parts:
            raise refusal("has a damaged extra field", member=member)
        if key != _ZIP64 and key not in _HARMLESS_EXTRAS:
            raise refusal(f"has an extra field {key:#06x} that may change it", member=member)
        parts[key] = extra[position - length : position]
    return parts


def _read_member(file: BinaryIO, entry: _Entry, end: int) -> Member:
    """Compare a member's own header with the directory's entry; it must reach to `end`."""
    name = _decode_name(entry)
    _check_kind(entry, name)
    header = _read_at(file, entry.offset, _LOCAL.size)
    mark, needed, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(
        header
    )
    rest = _read_at(file, entry.offset + _LOCAL.size, name_length + extra_length)
    if mark != b"PK\3\4" or (rest[:name_length], flags, method) != entry[1:4]:
        raise refusal("is another one in the central directory", member=name)
    if max(needed, entry.needed) > _NEWEST:
        raise refusal("needs a newer reader of zip files than there are", member=name)
    offset = entry.offset + _LOCAL.size + len(rest)
    extra = _parse_extra(rest[name_length:], name)
    _check_sizes(entry, (crc, packed, size), extra.get(_ZIP64), name)
    _check_end(file, entry, offset + entry.packed, end, wide=_ZIP64 in extra)
    return Member(
        name=name, method=method, crc=entry.crc, packed=entry.packed, size=entry.size,
        offset=offset,
    )  # fmt: skip


def _decode_name(entry: _Entry) -> str:
    """Return the name; without the UTF-8 flag readers choose their own code page (4.4.4)."""
    try:
        return entry.name.decode("utf-8" if entry.flags & _UTF8_FLAG else "ascii")
    except UnicodeDecodeError:
        shown = entry.name.decode("utf-8", "backslashreplace")
        raise refusal("has a name that readers decode differently", member=shown) from None


def _check_kind(entry: _Entry, name: str) -> None:
    """Let through plain files and folders, stored or deflated, not encrypted."""
    if entry.flags & ~_KNOWN_FLAGS:
        raise refusal(f"is encrypted or has unknown flags ({entry.flags:#06x})", member=name)
    if entry.method not in (STORED, DEFLATED):
        raise refusal(f"is packed by method {entry.method}, not stored or deflated", member=name)
    mode, folder = entry.attributes >> 16, name.endswith("/")
    if stat.S_IFMT(mode) not in (0, stat.S_IFDIR if folder else stat.S_IFREG):
        raise refusal(f"is a link, device or other special file ({mode:#o})", member=name)
    if mode & (stat.S_ISUID | stat.S_ISGID):
        raise refusal("would run with another user's rights (set-user-id)", member=name)
    if entry.attributes & (_DOS_VOLUME | _DOS_LINK | (0 if folder else _DOS_FOLDER)):
        raise refusal("is a link, volume or folder by its attributes", member=name)
    if folder and entry.size:
        raise refusal("is a folder with content", member=name)
    if entry.method == STORED and entry.packed != entry.size:
        raise refusal("is stored with two different sizes", member=name)
    if entry.method == STORED and entry.packed and entry.flags & _DESCRIPTOR_FLAG:
        raise refusal("is stored without a size before it", member=name)


def _check_sizes(
    entry: _Entry, local: tuple[int, int, int], zip64: bytes | None, name: str
) -> None:
    """Compare checksum and sizes; a streaming writer may have left all out (4.4.7 to 4.4.9).

    Left out in part they are read in two ways: as the truth, or as behind the data.  Some
    writers repeat the sizes in a zip64 field (protobuf's wheels); then they must agree.
    """
    said = [(entry.crc, entry.packed, entry.size)]
    if entry.flags & _DESCRIPTOR_FLAG:
        said.append((0, 0, 0))
    if zip64 is not None:
        said = [one for one in said if zip64 == _SIZES_64.pack(one[2], one[1])]
        said += [(crc, _IN_ZIP64, _IN_ZIP64) for crc, _, _ in said]
    if local not in said:
        raise refusal("has another checksum or size in the central directory", member=name)


def _check_end(file: BinaryIO, entry: _Entry, data_end: int, end: int, *, wide: bool) -> None:
    """Account for the bytes between a member's data and the next member (4.3.9).

    Behind a `wide` member, one with a zip64 field, sizes have 8 bytes, else 4.
    """
    behind, name = end - data_end, _decode_name(entry)
    if not entry.flags & _DESCRIPTOR_FLAG:
        if behind:
            raise refusal("overlaps the next, or is followed by stray bytes", member=name)
        return
    plain = struct.pack("<L2Q" if wide else "<3L", entry.crc, entry.packed, entry.size)
    forms = (plain, _DESCRIPTOR_MARK + plain)
    if behind not in map(len, forms) or _read_at(file, data_end, behind) not in forms:
        raise refusal("has a wrong or missing data descriptor", member=name)
    if plain.startswith(_DESCRIPTOR_MARK):  # a checksum made to be taken for the mark
        raise refusal("has a data descriptor that readers take differently", member=name)


def _check_limits(members: Sequence[Member], length: int) -> None:
    """Refuse an archive of `length` bytes that claims to unpack to too much.

    One large member is held to the ratio, and so are many small ones together; members that
    share their bytes are refused before.
    """
    total = sum(member.size for member in members)
    if total > limits.ARCHIVE_UNPACKED:
        raise refusal(f"unpacks to {total} bytes, more than {limits.ARCHIVE_UNPACKED}")
    if total > max(_RATIO_FROM, length * limits.ARCHIVE_RATIO):
        raise refusal(f"unpacks {length} bytes to {total}, more than {limits.ARCHIVE_RATIO} to one")
    for member in members:
        if member.size > max(_RATIO_FROM, member.packed * limits.ARCHIVE_RATIO):
            raise refusal(
                f"unpacks {member.packed} bytes to {member.size}, more than "
                f"{limits.ARCHIVE_RATIO} to one",
                member=member.name,
            )
