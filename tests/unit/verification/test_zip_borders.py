"""Where the rules for archives begin and end: the last value that passes, the first refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest

from mcpinstall.errors import McpInstallError
from mcpinstall.system import limits
from mcpinstall.verification import zip_structure
from mcpinstall.verification.zip_structure import Member, read_members
from tests.builders.wheels import ZipMember, write_zip


def read(*members: ZipMember, **end: object) -> tuple[Member, ...]:
    """Read an archive of these members."""
    return read_members(io.BytesIO(write_zip(members, end=end)))


def refused(*members: ZipMember, **end: object) -> str:
    """Why an archive of these members is refused."""
    with pytest.raises(McpInstallError) as error:
        read(*members, **end)
    return error.value.message


def one(**changes: object) -> ZipMember:
    """A small member."""
    return ZipMember(name="a", content=b"content", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("flags", [0, 2, 4, 6, 0x800, 0x806])
def test_flags_that_change_nothing_pass(flags: int) -> None:
    read(one(flags=flags))


@pytest.mark.parametrize("bit", [0, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15])
def test_every_other_flag_is_refused(bit: int) -> None:
    assert "unknown flags" in refused(one(flags=1 << bit))


@pytest.mark.parametrize("place", ["local", "central"])
def test_the_newest_format_is_that_of_zip64(place: str) -> None:
    read(one(**{place: {"needed": 45}}))
    assert "newer reader" in refused(one(**{place: {"needed": 46}}))


@pytest.mark.parametrize("key", [0x000A, 0x5455, 0x5855, 0x7855, 0x7875])
@pytest.mark.parametrize("place", ["local", "central"])
def test_times_and_owners_pass(place: str, key: int) -> None:
    for data in (b"", b"x" * 9):
        read(one(**{place: {"extra": struct.pack("<2H", key, len(data)) + data}}))


@pytest.mark.parametrize("key", [0x0007, 0x0009, 0x000B, 0x0017, 0x5454, 0x6375, 0x7075, 0x9901])
@pytest.mark.parametrize("place", ["local", "central"])
def test_any_other_extra_field_is_refused(place: str, key: int) -> None:
    assert "may change it" in refused(one(**{place: {"extra": struct.pack("<2H", key, 0)}}))


@pytest.mark.parametrize("place", ["local", "central"])
@pytest.mark.parametrize(
    "extra",
    [b"\0", b"\x55\x54\0", struct.pack("<2H", 0x5455, 1), struct.pack("<2H", 0x5455, 0) * 2],
)
def test_an_extra_field_that_is_cut_off_or_repeated_is_refused(place: str, extra: bytes) -> None:
    assert "damaged extra field" in refused(one(**{place: {"extra": extra}}))


@pytest.mark.parametrize("at", [28, 30])
def test_name_and_extra_field_stay_in_the_directory(at: int) -> None:
    data = bytearray(write_zip([one()]))
    data[data.index(b"PK\1\2") + at] += 1

    with pytest.raises(McpInstallError, match="leaves the central directory"):
        read_members(io.BytesIO(bytes(data)))


def test_a_member_is_in_this_part_of_the_archive() -> None:
    data = bytearray(write_zip([one()]))
    data[data.index(b"PK\1\2") + 34] = 1

    with pytest.raises(McpInstallError, match="has a comment, or leaves"):
        read_members(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("field", ["disk", "first"])
def test_an_archive_is_one_part(field: str) -> None:
    assert "several parts" in refused(one(), **{field: 1})


@pytest.mark.parametrize("field", ["size", "start"])
def test_a_place_that_zip64_would_tell_is_refused(field: str) -> None:
    assert "zip64" in refused(one(), **{field: 0xFFFFFFFF})
    assert "zip64" not in refused(one(), **{field: 0xFFFFFFFE})


def test_the_count_that_zip64_would_tell_is_refused() -> None:
    assert "zip64" in refused(one(), count=0xFFFF, here=0xFFFF)
    assert "zip64" not in refused(one(), count=0xFFFE, here=0xFFFE)


def test_the_number_of_members_has_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [ZipMember(name=f"{number}") for number in range(3)]

    monkeypatch.setattr(limits, "ARCHIVE_MEMBERS", 3)
    assert len(read(*members)) == 3
    monkeypatch.setattr(limits, "ARCHIVE_MEMBERS", 2)
    assert "3 members" in refused(*members)


def test_an_archive_without_members_is_refused() -> None:
    assert "0 members" in refused()


def test_the_size_of_the_directory_has_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_DIRECTORY", 47)
    read(one())
    monkeypatch.setattr(limits, "ARCHIVE_DIRECTORY", 46)
    assert "directory of 47 bytes" in refused(one())


@pytest.mark.parametrize("attributes", [0, 0x01, 0x02, 0x04, 0x20, 0x80])
def test_attributes_of_plain_files_pass(attributes: int) -> None:
    read(one(central={"attributes": attributes}))


@pytest.mark.parametrize("mode", [0, 0o100000, 0o100644, 0o101755, 0o000644])
def test_modes_of_plain_files_pass(mode: int) -> None:
    read(one(mode=mode))


@pytest.mark.parametrize("mode", [0o104755, 0o102755, 0o106755])
def test_rights_of_another_user_are_refused(mode: int) -> None:
    assert "another user's rights" in refused(one(mode=mode))


@pytest.mark.parametrize("attributes", [0x10, 0x11, 0o040755 << 16 | 0x10, 0])
def test_a_folder_may_say_that_it_is_one(attributes: int) -> None:
    (found,) = read(ZipMember(name="a/", method=0, central={"attributes": attributes}))

    assert found.is_folder


@pytest.mark.parametrize("attributes", [0x08, 0x400])
def test_a_folder_is_no_volume_and_no_link(attributes: int) -> None:
    folder = ZipMember(name="a/", method=0, central={"attributes": attributes})

    assert "link, volume or folder" in refused(folder)


def test_the_name_of_a_folder_ends_with_a_slash() -> None:
    assert "folder by its attributes" in refused(one(central={"attributes": 0x10}))


def test_a_stored_member_has_one_size() -> None:
    assert "two different sizes" in refused(one(method=0, size=6))
    assert "two different sizes" in refused(one(method=0, size=8))
    read(one(method=0))


def test_a_stored_member_has_its_size_before_it() -> None:
    facts = one(method=0).facts()
    right = struct.pack("<3L", facts["crc"], facts["packed"], facts["size"])

    assert "without a size before it" in refused(one(method=0, flags=8, descriptor=right))


def test_an_empty_stored_member_may_be_streamed() -> None:
    read(ZipMember(name="a", method=0, flags=8, descriptor=struct.pack("<3L", 0, 0, 0)))


@pytest.mark.parametrize("mark", [b"", b"PK\7\x08"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_descriptor_has_exactly_its_length(mark: bytes, change: int) -> None:
    facts = one().facts()
    right = mark + struct.pack("<3L", facts["crc"], facts["packed"], facts["size"])
    wrong = right + b"\0" if change > 0 else right[:-1]

    read(one(flags=8, descriptor=right))
    assert "data descriptor" in refused(one(flags=8, descriptor=wrong))


def test_a_member_that_reaches_into_the_next_before_its_descriptor_is_named() -> None:
    longer = {"packed": 500}

    assert "member `a`" in refused(one(flags=8, local=longer, central=longer))


@pytest.mark.parametrize("field", ["crc", "packed", "size"])
@pytest.mark.parametrize("change", [-1, 1])
def test_both_places_agree_to_the_last_bit(field: str, change: int) -> None:
    value = one().facts()[field]
    assert isinstance(value, int)

    assert refused(one(local={field: value + change}))
    assert refused(one(local={field: 0}))


def test_all_members_together_have_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [ZipMember(name=name, content=bytes(10)) for name in "ab"]

    monkeypatch.setattr(limits, "ARCHIVE_UNPACKED", 20)
    read(*members)
    monkeypatch.setattr(limits, "ARCHIVE_UNPACKED", 19)
    assert "unpacks to 20 bytes" in refused(*members)


def test_the_ratio_of_one_member_has_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = ZipMember(name="b", content=b"x" * 5000, method=0)  # so that the whole passes
    packed = len(one().data())
    monkeypatch.setattr(zip_structure, "_RATIO_FROM", 1)

    monkeypatch.setattr(limits, "ARCHIVE_RATIO", 10)
    read(one(size=10 * packed), beside)
    assert f"unpacks {packed} bytes" in refused(one(size=10 * packed + 1), beside)
    monkeypatch.setattr(zip_structure, "_RATIO_FROM", 10 * packed + 1)
    read(one(size=10 * packed + 1), beside)


def test_the_ratio_of_the_whole_has_a_border(monkeypatch: pytest.MonkeyPatch) -> None:
    length = len(write_zip([one()]))
    monkeypatch.setattr(limits, "ARCHIVE_RATIO", 1)
    monkeypatch.setattr(zip_structure, "_RATIO_FROM", length)

    read(one(size=length))
    assert f"unpacks {length} bytes to {length + 1}" in refused(one(size=length + 1))
    monkeypatch.setattr(zip_structure, "_RATIO_FROM", 0)
    monkeypatch.setattr(limits, "ARCHIVE_RATIO", 20)
    read(one(size=20 * len(one().data())))


def test_small_archives_of_zeros_pass_up_to_8_mebibytes() -> None:
    zeros = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = zeros.compress(bytes(8 << 20)) + zeros.flush()

    read(ZipMember(name="a", packed=packed, size=8 << 20))
    assert "to one" in refused(ZipMember(name="a", packed=packed, size=(8 << 20) + 1))
