"""Native code by its first bytes (ELF, PE, Mach-O): programs told from libraries."""

from __future__ import annotations

import struct
from typing import Final

HEAD: Final = 4096  # bytes looked at; program headers and PE headers lie within them

_MACH_O = {
    b"\xfe\xed\xfa\xce": ">", b"\xfe\xed\xfa\xcf": ">",
    b"\xce\xfa\xed\xfe": "<", b"\xcf\xfa\xed\xfe": "<",
}  # fmt: skip
_MACH_O_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
_MACH_O_EXECUTE = 2
_FAT_ARCHITECTURES = 30  # more is a Java class, whose version stands in that place
_LIBRARY_SUFFIXES = (".a", ".dylib", ".so")
_ELF_EXECUTABLE, _ELF_SHARED, _ELF_INTERPRETER = 2, 3, 3
_PE_LIBRARY = 0x2000


def is_native(start: bytes) -> bool:
    """Tell whether a file that begins with `start` is native code of any kind."""
    return start.startswith((b"\x7fELF", b"MZ")) or start[:4] in _MACH_O or _is_fat(start)


def is_program(start: bytes, name: str) -> bool:
    """Tell whether it is a program, that is native code that isn't a library or module.

    A Mach-O file for several processors says so too far behind; there the name decides.
    """
    if _is_fat(start):
        return not name.endswith(_LIBRARY_SUFFIXES)
    try:
        if start.startswith(b"\x7fELF"):
            return _is_elf_program(start)
        if start.startswith(b"MZ"):
            (header,) = struct.unpack_from("<L", start, 0x3C)
            (characteristics,) = struct.unpack_from("<H", start, header + 22)
            return not characteristics & _PE_LIBRARY
        if start[:4] in _MACH_O:
            (kind,) = struct.unpack_from(_MACH_O[start[:4]] + "L", start, 12)
            return bool(kind == _MACH_O_EXECUTE)
    except (struct.error, OverflowError, IndexError):
        return True
    return False


def _is_fat(start: bytes) -> bool:
    if not start.startswith(_MACH_O_FAT) or len(start) < 8:
        return False
    (architectures,) = struct.unpack_from(">L", start, 4)
    return bool(0 < architectures <= _FAT_ARCHITECTURES)


def _is_elf_program(start: bytes) -> bool:
    """A shared object that names an interpreter is a position-independent program.

    So is one whose headers go on behind what is looked at: no library has so many.
    """
    wide, order = start[4] == 2, "<" if start[5] == 1 else ">"
    (kind,) = struct.unpack_from(order + "H", start, 16)
    if kind != _ELF_SHARED:
        return bool(kind == _ELF_EXECUTABLE)
    (headers,) = struct.unpack_from(order + ("Q" if wide else "L"), start, 32 if wide else 28)
    size, count = struct.unpack_from(order + "2H", start, 54 if wide else 42)
    types = (
        struct.unpack_from(order + "L", start, headers + number * size) for number in range(count)
    )
    return any(header == _ELF_INTERPRETER for (header,) in types)
