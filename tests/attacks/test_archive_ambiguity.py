"""Attack T16: inspector and installer read an archive differently, or RECORD lies.

Who: a publisher, or whoever has taken over a package (CVE-2025-54368, CVE-2025-13327).
Stopped by: check 6, `zip_structure` (one reading only) and `wheel_record`.
Twin: `test_an_archive_with_one_reading_is_accepted`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from tests.builders.wheels import (
    ZipMember,
    changed,
    deflate,
    digest_for_record,
    inspect,
    record,
    wheel,
    wheel_files,
    wheel_members,
    write_zip,
)

FILES = {"example/__init__.py": b"", "example/module.py": b"honest = True\n"}
MODULE = "example/module.py"
RECORD = "example-1.0.dist-info/RECORD"
EVIL = b"evil = True!!\n"
LOCATOR = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
MARK = int.from_bytes(b"PK\7\x08", "little")


def zip64_end(count: int, size: int, start: int) -> bytes:
    """A zip64 end record and the locator that leads to it."""
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start
    )  # fmt: skip
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)


def zip64_archive(files: list[ZipMember]) -> bytes:
    """A right zip64 archive, as big ones are."""
    plain = write_zip(files)
    (size, start) = struct.unpack("<2L", plain[-10:-2])
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return plain[:-22] + zip64_end(len(files), size, start) + end


def members() -> list[ZipMember]:
    """An honest wheel."""
    return wheel_members(FILES)


def with_module(**changes: object) -> bytes:
    """The wheel with one member changed."""
    return write_zip(changed(members(), MODULE, **changes))


def out_of_order() -> bytes:
    """The wheel, its directory turned around."""
    data = write_zip(members())
    (size, start) = struct.unpack("<2L", data[-10:-2])
    entries = [b"PK\1\2" + entry for entry in data[start:-22].split(b"PK\1\2")[1:]]
    assert sum(map(len, entries)) == size
    return data[:start] + b"".join(reversed(entries)) + data[-22:]


STRUCTURES: dict[str, Callable[[], bytes]] = {
    "bytes before": lambda: write_zip(members(), before=b"#!/bin/sh\n"),
    "bytes before, offsets not moved": lambda: b"MZ" + write_zip(members()),
    "bytes behind": lambda: write_zip(members(), after=b"\n"),
    "a second archive behind": lambda: write_zip(members()) + wheel({MODULE: EVIL}),
    "a second archive before": lambda: wheel({MODULE: EVIL}) + write_zip(members()),
    "comment": lambda: write_zip(members(), end={"comment": b"PK\5\6"}),
    "bytes before the directory": lambda: write_zip(members(), gap=b"\0\0\0\0"),
    "bytes in the directory": lambda: write_zip(members(), tail=b"\0\0\0\0"),
    "member hidden from the count": lambda: write_zip(members(), end={"count": 3, "here": 3}),
    "more members than there are": lambda: write_zip(members(), end={"count": 9, "here": 9}),
    "parts": lambda: write_zip(members(), end={"disk": 1}),
    "zip64 by its count": lambda: write_zip(members(), end={"count": 65535, "here": 65535}),
    "zip64 archive": lambda: zip64_archive(members()),
    "zip64 end beside a plain one": lambda: write_zip(members(), tail=zip64_end(4, 46, 0)),
    "zip64 end before the directory": lambda: write_zip(members(), gap=zip64_end(4, 46, 0)),
    "two ends": lambda: write_zip(members()) + write_zip(members())[-22:],
    "an end in the comment": lambda: write_zip(
        members(), end={"comment": write_zip([ZipMember(name=MODULE, content=EVIL)])}
    ),
    "comment that is cut off": lambda: write_zip(members())[:-2] + b"\x09\0",
    "size of the directory too small": lambda: write_zip(members(), end={"size": 46}),
    "directory that starts elsewhere": lambda: write_zip(members(), end={"start": 0}),
    "part of a member elsewhere": lambda: write_zip(members(), end={"first": 1}),
    "other number of members here": lambda: write_zip(members(), end={"here": 3}),
    "archive data before the directory": lambda: write_zip(members(), gap=b"PK\6\x08\0\0\0\0"),
    "signature behind the directory": lambda: write_zip(members(), tail=b"PK\5\5\0\0"),
    "members in another order": out_of_order,
    "member twice in the directory": lambda: write_zip(
        [*members(), replace(members()[0], packed=b"", central={"offset": 0})]
    ),
    "zip64 locator": lambda: write_zip(members(), tail=LOCATOR),
    "zip64 locator in an extra field": lambda: write_zip(
        changed(members(), RECORD, central={"extra": struct.pack("<2H", 0x5455, 20) + LOCATOR})
    ),
    "zip64 sizes in the directory": lambda: with_module(
        central={"extra": struct.pack("<2H2Q", 1, 16, 14, 16)}
    ),
    "other zip64 sizes before the member": lambda: with_module(
        local={"extra": struct.pack("<2H2Q", 1, 16, 14, 99)}
    ),
    "other name in the directory": lambda: with_module(central={"name": b"example/another.py"}),
    "other method": lambda: with_module(local={"method": 0}),
    "other checksum": lambda: with_module(local={"crc": 0}),
    "other size": lambda: with_module(local={"size": 3}),
    "other packed size": lambda: with_module(local={"packed": 3}),
    "other flags": lambda: with_module(local={"flags": 0x800}),
    "other flags in the directory": lambda: with_module(central={"flags": 0x800}),
    "streamed in one place only": lambda: with_module(local={"flags": 8}),
    "other name before the member": lambda: with_module(local={"name": b"example/another.py"}),
    "longer name before the member": lambda: with_module(local={"name": MODULE.encode() + b"x"}),
    "zero inside the name": lambda: write_zip([*members(), ZipMember(name="example/x\0.py")]),
    "newer format": lambda: with_module(local={"needed": 63}, central={"needed": 63}),
    "no header": lambda: with_module(local={"mark": b"PK\0\0"}),
    "encrypted": lambda: with_module(flags=1),
    "strongly encrypted": lambda: with_module(flags=0x41),
    "hidden header": lambda: with_module(flags=0x2000),
    "bzip2": lambda: with_module(method=12, packed=b"BZh9"),
    "deflate64": lambda: with_module(method=9, packed=deflate(FILES[MODULE])),
    "lzma": lambda: with_module(method=14, packed=b""),
    "zstandard": lambda: with_module(method=93, packed=b""),
    "patched data": lambda: with_module(flags=0x20),
    "unknown flag": lambda: with_module(flags=0x8000),
    "name in two encodings": lambda: write_zip(
        [*members(), ZipMember(name="example/\u00e9.py", flags=0)]
    ),
    "name that is not UTF-8": lambda: with_module(
        flags=0x800, local={"name": b"\xff.py"}, central={"name": b"\xff.py"}
    ),
    "other name in an extra field": lambda: with_module(
        central={"extra": struct.pack("<2H9s", 0x7075, 9, b"\1aaaaevil")}
    ),
    "other name in an extra field before the member": lambda: with_module(
        local={"extra": struct.pack("<2H9s", 0x7075, 9, b"\1aaaaevil")}
    ),
    "extra field twice": lambda: with_module(
        local={"extra": struct.pack("<2HBL", 0x5455, 5, 1, 0) * 2}
    ),
    "strong encryption in an extra field": lambda: with_module(
        local={"extra": struct.pack("<2HL", 0x0017, 4, 0)}
    ),
    "damaged extra field": lambda: with_module(local={"extra": b"\1"}),
    "extra field that is too long": lambda: with_module(
        central={"extra": struct.pack("<2H", 0x5455, 500)}
    ),
    "comment of a member": lambda: with_module(central={"comment": b"x"}),
    "duplicate": lambda: write_zip([*members(), ZipMember(name=MODULE, content=EVIL)]),
    "stray bytes behind a member": lambda: with_module(after=b"PK\3\4"),
    "overlapping members": lambda: with_module(central={"offset": 0}),
    "offset outside": lambda: with_module(central={"offset": 1 << 30}),
    "bytes behind the compressed data": lambda: with_module(
        packed=deflate(FILES[MODULE]) + b"more"
    ),
    "compressed data without end": lambda: with_module(packed=deflate(FILES[MODULE])[:-2]),
    "not compressed data": lambda: with_module(packed=b"\xff\xff\xff"),
    "stored with two sizes": lambda: with_module(method=0, size=3),
    "missing data descriptor": lambda: with_module(flags=8),
    "long descriptor without a zip64 field": lambda: with_module(
        flags=8, local={"size": 0, "packed": 0, "crc": 0}, descriptor=long_descriptor(b"PK\7\x08")
    ),
    "short descriptor with a zip64 field": lambda: with_module(
        flags=8, local={"extra": struct.pack("<2H2Q", 1, 16, 0, 0), "size": 0xFFFFFFFF,
                        "packed": 0xFFFFFFFF, "crc": 0}, descriptor=descriptor(b"PK\7\x08"),
    ),
    "streamed, but for one size": lambda: with_module(
        flags=8, local={"size": 0, "crc": 0}, descriptor=descriptor(b"PK\7\x08")
    ),
    "streamed, but for the checksum": lambda: with_module(
        flags=8, local={"size": 0, "packed": 0}, descriptor=descriptor(b"PK\7\x08")
    ),
    "one size in the zip64 field": lambda: with_module(
        local={
            "extra": struct.pack("<2H2Q", 1, 16, 14, len(deflate(FILES[MODULE]))),
            "size": 0xFFFFFFFF,
        }
    ),
    "streamed, sizes in the zip64 field only": lambda: with_module(
        flags=8, local={"extra": struct.pack("<2H2Q", 1, 16, 14, len(deflate(FILES[MODULE]))),
                        "size": 0, "packed": 0, "crc": 0}, descriptor=descriptor(b"PK\7\x08"),
    ),
    "wrong data descriptor": lambda: with_module(flags=8, descriptor=b"\0" * 12),
    "stored, size behind it": lambda: with_module(
        method=0, flags=8, local={"size": 0, "packed": 0, "crc": 0},
        descriptor=struct.pack("<3L", 0, 14, 14),
    ),
    "nothing": lambda: b"",
    "no members": lambda: write_zip([]),
    "half": lambda: write_zip(members())[:-30],
}  # fmt: skip


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES.keys())
def test_an_archive_with_two_readings_is_refused(structure: Callable[[], bytes]) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(structure())

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_a_checksum_that_looks_like_the_mark_before_it_is_refused() -> None:
    packed = len(deflate(FILES[MODULE]))
    data = with_module(
        flags=8, crc=MARK, local={"size": 0, "packed": 0, "crc": 0},
        descriptor=struct.pack("<3L", MARK, packed, 14),
    )  # fmt: skip

    with pytest.raises(McpInstallError, match="readers take differently"):
        inspect(data)


def forged(rows: bytes) -> bytes:
    """The wheel with another RECORD."""
    return wheel({**FILES, RECORD: rows})


def honest_record() -> bytes:
    """RECORD as it should be."""
    return record(wheel_files(FILES), "example-1.0.dist-info")


MODULE_ROW = f"{MODULE},{digest_for_record(FILES[MODULE])},14\n".encode()

LIES = {
    "another digest": honest_record().replace(
        digest_for_record(FILES[MODULE]).encode(), digest_for_record(EVIL).encode()
    ),
    "another size": honest_record().replace(MODULE_ROW, MODULE_ROW.replace(b",14", b",15")),
    "a file left out": honest_record().replace(MODULE_ROW, b""),
    "a file that is not there": honest_record() + b"example/more.py," + MODULE_ROW.split(b",")[1]
    + b",14\n",
    "a file outside": honest_record() + b"../../../etc/passwd,,\n",
    "a file twice": honest_record() + MODULE_ROW,
    "a file without digest": honest_record().replace(MODULE_ROW, f"{MODULE},,\n".encode()),
    "a weak digest": honest_record().replace(MODULE_ROW, f"{MODULE},md5=AAAA,14\n".encode()),
    "itself left out": honest_record().replace(f"{RECORD},,\n".encode(), b""),
    "a file above": honest_record() + b"../x.py," + MODULE_ROW.split(b",", 1)[1],
    "an absolute file": honest_record() + b"/x.py," + MODULE_ROW.split(b",", 1)[1],
    "a drive": honest_record() + b"C:/x.py," + MODULE_ROW.split(b",", 1)[1],
    "another way to a file": honest_record().replace(b"\nexample/module", b"\nexample/./module"),
    "backslashes": honest_record().replace(b"example/module", b"example\\module"),
    "other letters": honest_record().replace(b"example/module", b"Example/module"),
    "spaces around": honest_record().replace(b"example/module.py,", b"example/module.py ,"),
    "a folder": honest_record() + b"example/,,\n",
    "a line within quotes": honest_record().replace(
        MODULE_ROW, b'"' + MODULE_ROW + b'"' + MODULE_ROW
    ),
    "an open quote": honest_record() + b'"',
    "text behind a quote": honest_record().replace(b"example/module.py,", b'"example/module.py"x,'),
    "a zero": honest_record() + b"\0,,\n",
    "an empty line": honest_record() + b"\n",
    "a mark before it": b"\xef\xbb\xbf" + honest_record(),
    "sha1": honest_record().replace(MODULE_ROW, f"{MODULE},sha1=AAAA,14\n".encode()),
    "the digest of another kind": honest_record().replace(b"sha256=", b"sha512="),
    "its own digest": honest_record().replace(
        f"{RECORD},,".encode(), f"{RECORD},{digest_for_record(b'')},".encode()
    ),
    "its own size": honest_record().replace(f"{RECORD},,".encode(), f"{RECORD},,1".encode()),
    "an empty name": honest_record() + b",,\n",
    "two columns": honest_record() + b"example/x.py,\n",
    "not UTF-8": honest_record() + b"\xff,,\n",
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("rows", LIES.values(), ids=LIES.keys())
def test_a_record_that_lies_is_refused(rows: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        inspect(forged(rows))

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


HONEST: dict[str, Callable[[], bytes]] = {
    "plain": lambda: write_zip(members()),
    "stored": lambda: with_module(method=0),
    "with times": lambda: with_module(local={"extra": struct.pack("<2HBL", 0x5455, 5, 1, 0)}),
    "sizes repeated for zip64": lambda: with_module(
        local={
            "extra": struct.pack("<2H2Q", 1, 16, 14, len(deflate(FILES[MODULE]))),
            "size": 0xFFFFFFFF,
            "packed": 0xFFFFFFFF,
        }
    ),
    "streamed": lambda: with_module(
        flags=8, local={"size": 0, "packed": 0, "crc": 0}, descriptor=descriptor(b"PK\7\x08")
    ),
    "streamed, without mark": lambda: with_module(
        flags=8, local={"size": 0, "packed": 0, "crc": 0}, descriptor=descriptor(b"")
    ),
    "streamed, all sizes known": lambda: with_module(flags=8, descriptor=descriptor(b"PK\7\x08")),
    "streamed, zip64 field of zeros": lambda: with_module(
        flags=8,
        local={
            "extra": struct.pack("<2H2Q", 1, 16, 0, 0),
            "size": 0xFFFFFFFF,
            "packed": 0xFFFFFFFF,
            "crc": 0,
        },
        descriptor=long_descriptor(b"PK\7\x08"),
    ),
    "streamed, zip64": lambda: with_module(
        flags=8,
        local={"extra": struct.pack("<2H2Q", 1, 16, 0, 0), "size": 0, "packed": 0, "crc": 0},
        descriptor=long_descriptor(b""),
    ),
    "record with other lines": lambda: forged(honest_record().replace(b"\n", b"\r\n")),
    "record in quotes": lambda: forged(
        honest_record().replace(MODULE.encode(), f'"{MODULE}"'.encode())
    ),
    "signed": lambda: wheel({**FILES, "example-1.0.dist-info/RECORD.jws": b"{}"}),
}


def long_descriptor(mark: bytes) -> bytes:
    """The same, its sizes of 8 bytes."""
    facts = ZipMember(name=MODULE, content=FILES[MODULE]).facts()
    return mark + struct.pack("<L2Q", facts["crc"], facts["packed"], facts["size"])


def descriptor(mark: bytes) -> bytes:
    """The honest data descriptor of the module."""
    content = FILES[MODULE]
    facts = ZipMember(name=MODULE, content=content).facts()
    return mark + struct.pack("<3L", facts["crc"], facts["packed"], facts["size"])


@pytest.mark.parametrize("archive", HONEST.values(), ids=HONEST.keys())
def test_an_archive_with_one_reading_is_accepted(archive: Callable[[], bytes]) -> None:
    found = inspect(archive())

    assert {file.path for file in found.files} >= set(FILES)
