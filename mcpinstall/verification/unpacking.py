"""Members unpacked within the sizes they claim, each once, hashed on the way."""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mcpinstall.verification.refusals import refusal
from mcpinstall.verification.zip_structure import STORED, Member

_PACKED_CHUNK = 1 << 20  # bytes read at once
_CHUNK = 4 << 20  # bytes unpacked at once; most members fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a member really holds."""

    sha256: str
    start: bytes
    """Its first bytes, as many as were asked for."""


def unpack(file: BinaryIO, member: Member, keep: int) -> Content:
    """Unpack a member, count the bytes that really come, and keep the first `keep` of them.

    Raises:
        McpInstallError: `archive-refused` when size or checksum differ from the claim, at the
            first byte too many.
    """
    digest = hashlib.sha256()
    start = b""
    crc = length = 0
    for chunk in _chunks(file, member):
        length += len(chunk)
        if length > member.size:
            raise refusal(
                f"unpacks to more than the {member.size} bytes it claims", member=member.name
            )
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        start += chunk[: keep - len(start)]
    if (length, crc) != (member.size, member.crc):
        raise refusal("is damaged: its size or checksum is wrong", member=member.name)
    return Content(sha256=digest.hexdigest(), start=start)


def _chunks(file: BinaryIO, member: Member) -> Iterator[bytes]:
    file.seek(member.offset)
    packed = _packed(file, member)
    return packed if member.method == STORED else _inflated(packed, member)


def _packed(file: BinaryIO, member: Member) -> Iterator[bytes]:
    left = member.packed
    while left:
        chunk = file.read(min(left, _PACKED_CHUNK))
        if not chunk:
            raise refusal("is cut off", member=member.name)
        left -= len(chunk)
        yield chunk


def _inflated(packed: Iterator[bytes], member: Member) -> Iterator[bytes]:
    """Inflate bounded chunks; the stream must end with the packed bytes, not before or after."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    with contextlib.suppress(zlib.error):
        for chunk in packed:
            pending = chunk
            while pending:
                yield stream.decompress(pending, _CHUNK)
                pending = stream.unconsumed_tail
            if stream.unused_data:
                raise refusal("has bytes behind its compressed data", member=member.name)
        while rest := stream.decompress(b"", _CHUNK):
            yield rest
    if not stream.eof:
        raise refusal("is damaged: it can't be unpacked", member=member.name)
