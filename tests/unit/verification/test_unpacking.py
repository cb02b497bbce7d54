"""Members come out whole or not at all."""

from __future__ import annotations

import hashlib
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.verification import unpacking
from mcpinstall.verification.unpacking import unpack
from mcpinstall.verification.zip_structure import Member
from tests.builders.wheels import deflate


def member(content: bytes, packed: bytes, method: int = 8) -> Member:
    """What the structure says about one member at the start of a file."""
    return Member(
        name="x", method=method, crc=zlib.crc32(content), packed=len(packed), size=len(content),
        offset=0,
    )  # fmt: skip


@given(st.binary(max_size=5000), st.integers(1, 64), st.integers(1, 64))
def test_chunks_of_any_size_make_the_same_content(content: bytes, read: int, out: int) -> None:
    packed = deflate(content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unpacking, "_PACKED_CHUNK", read)
        patch.setattr(unpacking, "_CHUNK", out)
        found = unpack(io.BytesIO(packed), member(content, packed), len(content))

    assert found.start == content
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_output_that_comes_after_the_last_input_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = deflate(bytes(25))
    monkeypatch.setattr(unpacking, "_CHUNK", 1)

    found = unpack(io.BytesIO(packed), member(bytes(25), packed), 25)

    assert found.start == bytes(25)


@pytest.mark.parametrize("keep", [0, 1, 3, 100])
def test_only_the_asked_beginning_is_kept(keep: int) -> None:
    found = unpack(io.BytesIO(b"content"), member(b"content", b"content", 0), keep)

    assert found.start == b"content"[:keep]


def test_a_wrong_checksum_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        unpack(io.BytesIO(b"content"), member(b"another", b"content", 0), 0)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_a_stream_without_an_end_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(b"content") + packer.flush(zlib.Z_SYNC_FLUSH)

    with pytest.raises(McpInstallError) as refused:
        unpack(io.BytesIO(packed), member(b"content", packed), 7)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_a_file_that_became_shorter_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        unpack(io.BytesIO(b"cont"), member(b"content", b"content", 0), 0)

    assert "cut off" in refused.value.message


def test_bytes_behind_the_stream_in_a_later_chunk_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = deflate(b"content") + b"x"
    monkeypatch.setattr(unpacking, "_PACKED_CHUNK", len(packed) - 1)

    with pytest.raises(McpInstallError) as refused:
        unpack(io.BytesIO(packed), member(b"content", packed), 0)

    assert "behind its compressed data" in refused.value.message
