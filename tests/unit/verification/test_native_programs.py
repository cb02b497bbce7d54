"""Programs are told from libraries by their headers."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.verification.native_programs import HEAD, is_native, is_program


def elf(kind: int, *, segments: tuple[int, ...] = (), wide: bool = True, order: str = "<") -> bytes:
    """The beginning of an ELF file."""
    start = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    start += struct.pack(order + "2HL", kind, 62, 1)
    if wide:
        start += struct.pack(order + "3QL3H", 0, 64, 0, 0, 64, 56, len(segments)) + bytes(6)
        return start + b"".join(struct.pack(order + "L52x", kind) for kind in segments)
    start += struct.pack(order + "4L3H", 0, 52, 0, 0, 52, 32, len(segments)) + bytes(6)
    return start + b"".join(struct.pack(order + "L28x", kind) for kind in segments)


def pe(characteristics: int) -> bytes:
    """The beginning of a PE file."""
    start = b"MZ" + bytes(0x3A) + struct.pack("<L", 0x80)
    return start.ljust(0x80, b"\0") + struct.pack(
        "<4s2H3L2H", b"PE", 0, 0, 0, 0, 0, 0, characteristics
    )


def mach_o(kind: int, mark: bytes = b"\xcf\xfa\xed\xfe", order: str = "<") -> bytes:
    """The beginning of a Mach-O file."""
    return mark + struct.pack(order + "3L", 0, 0, kind) + bytes(16)


def fat(architectures: int, mark: bytes = b"\xca\xfe\xba\xbe") -> bytes:
    """The beginning of a Mach-O file for several processors."""
    return mark + struct.pack(">L", architectures)


FAT, FAT_64 = fat(2), fat(2, b"\xca\xfe\xba\xbf")
MACH_O = [
    (b"\xfe\xed\xfa\xce", ">"),
    (b"\xfe\xed\xfa\xcf", ">"),
    (b"\xce\xfa\xed\xfe", "<"),
    (b"\xcf\xfa\xed\xfe", "<"),
]


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (elf(2), "x"),
        (elf(3, segments=(6, 3)), "x"),
        (elf(3, segments=(6, 3), wide=False, order=">"), "x"),
        (pe(0x22), "x.exe"),
        (mach_o(2), "x"),
        (mach_o(2, b"\xfe\xed\xfa\xce", ">"), "x"),
        *((mach_o(2, mark, order), "x") for mark, order in MACH_O),
        (FAT, "x"),
        (FAT_64, "x"),
        (fat(1), "x"),
        (fat(30), "x"),
        (pe(0x23), "x.exe"),
        (elf(3, segments=(6, 3), wide=False), "x"),
        (elf(3, segments=(6, 3), order=">"), "x"),
        (elf(3, segments=(1,) * 70 + (3,)), "late"),
        (elf(3, segments=(1,) * 100)[:HEAD], "very many"),
        (b"MZ", "cut off"),
        (b"\x7fELF", "cut off"),
        (b"\x7fELF" + bytes(13), "cut off"),
        (elf(3, segments=(1,)).replace(struct.pack("<Q", 64), b"\xff" * 8, 1), "far away"),
        (elf(3, segments=(1,), order=">").replace(struct.pack(">Q", 64), b"\xff" * 8, 1), "x"),
    ],
)
def test_a_program_is_told(start: bytes, name: str) -> None:
    assert is_native(start)
    assert is_program(start, name)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (elf(3, segments=(1, 2, 6)), "x.so"),
        (elf(1), "x.o"),
        (pe(0x2022), "x.dll"),
        *((mach_o(kind, mark, order), "x") for mark, order in MACH_O for kind in (1, 3, 6, 8)),
        (FAT, "x.so"),
        (FAT, "x.dylib"),
        (FAT_64, "x.a"),
        (elf(3, segments=(1, 2, 6), wide=False), "x.so"),
        (elf(3, segments=(1, 2, 6), wide=False, order=">"), "x.so"),
        (elf(3, segments=(1, 2, 6), order=">"), "x.so"),
        (elf(3, segments=(1,) * 70), "x.so"),
        (elf(3), "x.so"),
    ],
)
def test_a_library_is_native_and_no_program(start: bytes, name: str) -> None:
    assert is_native(start)
    assert not is_program(start, name)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"#!/bin/sh\n",
        b"import os\n",
        b"\x89PNG\0\0\0\2",
        b"\xca\xfe\xba\xbe\0\0\0\x41",
        b"\xca\xfe\xba\xbe\0\0\0",
        b"\xca\xfe\xba\xbe",
        fat(0),
        fat(31),
    ],
)
def test_text_and_other_bytes_are_not_native(start: bytes) -> None:
    assert not is_native(start)
    assert not is_program(start, "x")


def test_this_interpreter_is_a_program() -> None:
    with Path(sys.executable).open("rb") as file:
        start = file.read(HEAD)

    assert is_program(start, Path(sys.executable).name)


_HEADS = [b"", b"\x7fELF\2\1", b"\x7fELF\1\2", b"MZ", b"\xcf\xfa\xed\xfe", FAT]


@given(st.sampled_from(_HEADS), st.lists(st.sampled_from([b"\0", b"\3\0", b"\xff" * 8])))
def test_any_bytes_are_told(head: bytes, rest: list[bytes]) -> None:
    start = head + b"".join(rest)

    assert is_native(start) or not is_program(start, "x")
