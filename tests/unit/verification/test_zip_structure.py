"""Our reader and the standard library's see the same in every archive that ours lets through."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.verification.unpacking import unpack
from mcpinstall.verification.zip_structure import DEFLATED, STORED, read_members
from tests.builders.wheels import ZipMember, write_zip

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\"), min_size=1, max_size=20)
CONTENTS = st.binary(max_size=2000)


class Unseekable(io.RawIOBase):
    """A stream that zip writers can't go back in, so that sizes come after each member."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(data)  # type: ignore[call-overload]
        self.written += chunk
        return len(chunk)


@given(st.dictionaries(NAMES, CONTENTS, min_size=1), st.sampled_from([STORED, DEFLATED]))
def test_an_archive_of_the_standard_library_is_read_alike(
    files: dict[str, bytes], method: int
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression=method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)

    members = read_members(out)

    assert {member.name: unpack(out, member, 4000).start for member in members} == files


@given(st.dictionaries(NAMES, CONTENTS, min_size=1))
def test_a_streamed_archive_is_read_alike(files: dict[str, bytes]) -> None:
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", compression=DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    file = io.BytesIO(bytes(stream.written))

    members = read_members(file)

    assert {member.name: unpack(file, member, 4000).start for member in members} == files


def test_sizes_that_the_standard_library_puts_into_zip64_fields_are_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("x", "w", force_zip64=True) as member:
        member.write(b"content")

    (found,) = read_members(out)

    assert (found.name, found.size) == ("x", 7)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_our_own_error(data: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        read_members(io.BytesIO(data))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


@given(st.integers(min_value=0), st.integers(1, 255))
def test_what_a_changed_byte_leaves_readable_zipfile_reads_alike(at: int, flip: int) -> None:
    honest = bytearray(
        write_zip([ZipMember(name="a", content=b"one"), ZipMember(name="b", content=b"two" * 9)])
    )
    honest[at % len(honest)] ^= flip
    file = io.BytesIO(bytes(honest))

    try:
        ours = {member.name: unpack(file, member, 99).start for member in read_members(file)}
    except McpInstallError:
        return

    with zipfile.ZipFile(file) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == ours


def test_the_size_of_the_directory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcpinstall.system import limits

    monkeypatch.setattr(limits, "ARCHIVE_DIRECTORY", 10)

    with pytest.raises(McpInstallError) as refused:
        read_members(io.BytesIO(write_zip([ZipMember(name="a")])))

    assert "directory" in refused.value.message


def test_a_directory_entry_that_is_cut_off_is_refused() -> None:
    data = write_zip([ZipMember(name="a")], tail=b"PK\1\2", end={"count": 2, "here": 2})

    with pytest.raises(McpInstallError) as refused:
        read_members(io.BytesIO(data))

    assert "damaged" in refused.value.message
