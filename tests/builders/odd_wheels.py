"""Wheels by chance: odd in every way that the specifications allow, and damaged anywhere."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from dataclasses import replace

from tests.builders.wheels import REGULAR, ZipMember, digest_for_record, wheel_files, write_zip

_STEMS = [
    "a", "b", "module", "__init__", "__main__", "a b", " a", ".hidden", "-x", "~x", "x~", "a~b1",
    "UPPER", "a.b.c", "a,b", "a;b", "a'b", "a#b", "a%20b", "a&b", "@x", "+x", "=x", "{x}", "[x]",
    "$HOME", "`x`", "!x", "nul_", "com10", "aux_1", "\u00e9t\u00e9", "\u65e5\u672c", "\u00f1",
    "x" * 60,
]  # fmt: skip
_SUFFIXES = [".py", ".py", ".py", ".pyi", ".txt", "", ".pth", ".cfg", ".sh", ".PY", ".pyw"]
_CONTENTS = [
    b"", b"x = 1\n", b"x = 1\r\ny = 2\r\n", b"# coding: latin-1\nx = '\xe9'\n", b"\xff\xfe\0",
    b"def (\n", b"#!python\nprint(1)\n", b"\xef\xbb\xbfx = 1\n", bytes(70_000),
    b"PK\3\4PK\1\2PK\5\6", b"PK\7\x08" * 9, bytes(range(256)) * 300,
]  # fmt: skip
_SCRIPTS = [
    "", "[console_scripts]\n{0}-tool = {0}.cli:main\n",
    "# one\n\n[gui_scripts]\n{0}.window={0}:a.b [x, y]\n[other]\n../x = os:system\n",
    "[console_scripts]\r\n{0}_a = {0}:main\r\n{0}-b = {0} : main\r\n",
    "[console_scripts]\n{0}-c = {0}:main\n# {0}-d = {0}:main\n[distutils.commands]\nd = x:y\n",
]  # fmt: skip
_MODES = [REGULAR, REGULAR, 0o100755, 0o100600, 0o100777, 0o100000, 0o101644, 0, 0o644]
_TIMES = struct.pack("<2HBL", 0x5455, 5, 1, 0)
_OWNERS = struct.pack("<2HBBLBL", 0x7875, 11, 1, 4, 0, 4, 0)


def odd_wheel(chance: random.Random, name: str) -> bytes:
    """Return a wheel of package `name`, version 1.0, that only its own files collide with."""
    files = odd_files(chance, name)
    text = chance.choice(_SCRIPTS).format(name)
    if text:
        files[f"{name}-1.0.dist-info/entry_points.txt"] = text.encode()
    content = wheel_files(files, name=name)
    content[f"{name}-1.0.dist-info/RECORD"] = odd_record(chance, content, name)
    members = [_odd_member(chance, *item) for item in content.items()]
    members += [
        ZipMember(name=folder, method=0, mode=chance.choice([0o040755, 0]))
        for folder in _some_folders(chance, content)
    ]
    chance.shuffle(members)
    return write_zip(members)


def odd_files(chance: random.Random, name: str) -> dict[str, bytes]:
    """Return files with odd names in odd places; most of them may stand together."""
    data = f"{name}-1.0.data"
    places = [
        f"{name}", f"{name}", f"{name}/deep/er", f"shared/{name}", f"{name}_libs/.x", name,
        f"{data}/purelib/{name}_p", f"{data}/platlib/{name}_q", f"{data}/data/share/{name}",
        f"{data}/headers",
    ]  # fmt: skip
    files = {f"{name}/__init__.py": b"def main():\n    return 0\n"}
    for _ in range(chance.randint(0, 8)):
        place = chance.choice(places)
        path = f"{place}/{chance.choice(_STEMS)}{chance.choice(_SUFFIXES)}"
        files[path] = chance.choice(_CONTENTS)
        folder, _, file = path.rpartition("/")
        if path.endswith(".py") and place == name and chance.random() < 0.2:
            files[f"{folder}/__pycache__/{file[:-3]}.cpython-311.pyc"] = b"not compiled"
    if chance.random() < 0.2:
        files[f"{data}/scripts/{name}-script{chance.choice(['', '.py', '.sh'])}"] = b"#!python\n"
    if chance.random() < 0.2:
        files[f"{name}.py~"] = files[f"{name}_top.py"] = chance.choice(_CONTENTS)
    return files


def odd_record(chance: random.Random, files: dict[str, bytes], name: str) -> bytes:
    """Return a RECORD that is right, in one of the forms that CSV has for it."""
    end = chance.choice(["\n", "\r\n"])
    padding = chance.choice(["", "="])
    rows = [_row(chance, path, digest_for_record(data) + padding, len(data))
            for path, data in files.items()]  # fmt: skip
    rows.append(f"{name}-1.0.dist-info/RECORD,,")
    chance.shuffle(rows)
    return (end.join(rows) + chance.choice(["", end])).encode()


def _row(chance: random.Random, path: str, digest: str, size: int) -> str:
    quoted = f'"{path}"' if "," in path or chance.random() < 0.2 else path
    return f"{quoted},{digest},{chance.choice([size, size, ''])}"


def _odd_member(chance: random.Random, path: str, content: bytes) -> ZipMember:
    extra = chance.choice([b"", b"", _TIMES, _OWNERS, _TIMES + _OWNERS])
    member = ZipMember(
        name=path, content=content, method=chance.choice([0, 8, 8]), mode=chance.choice(_MODES),
        local={"extra": extra}, central={"extra": chance.choice([b"", extra])},
    )  # fmt: skip
    if member.method == 8 and chance.random() < 0.3:
        return _streamed(chance, member)
    return _wide(member) if chance.random() < 0.1 else member


def _streamed(chance: random.Random, member: ZipMember) -> ZipMember:
    """Return the member as a writer makes it that can't go back: its sizes stand behind it."""
    facts = member.facts()
    short = struct.pack("<3L", facts["crc"], facts["packed"], facts["size"])
    long = struct.pack("<L2Q", facts["crc"], facts["packed"], facts["size"])
    mark = b"PK\7\x08"
    nothing: dict[str, object] = {"size": 0, "packed": 0, "crc": 0}
    wide = {**nothing, "size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "extra": _zip64(0, 0)}
    choices: list[tuple[dict[str, object], bytes]] = [
        (nothing, mark + short), (nothing, short), (wide, mark + long), ({}, mark + short),
    ]  # fmt: skip
    local, descriptor = chance.choice(choices)
    return replace(
        member,
        flags=8 | (0 if member.name.isascii() else 0x800),
        local={**member.local, **local},
        descriptor=descriptor,
    )


def _wide(member: ZipMember) -> ZipMember:
    """Return the member with its sizes in a zip64 field, which nothing needs."""
    extra = _zip64(len(member.content), len(member.data()))
    sizes = {"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF}
    return replace(member, local={**member.local, **sizes, "extra": extra})


def _zip64(size: int, packed: int) -> bytes:
    return struct.pack("<2H2Q", 1, 16, size, packed)


def _some_folders(chance: random.Random, files: dict[str, bytes]) -> list[str]:
    found = {path[: place + 1] for path in files for place, c in enumerate(path) if c == "/"}
    return sorted(folder for folder in found if ".data/" not in folder and chance.random() < 0.2)


def damaged(chance: random.Random, data: bytes) -> bytes:
    """Return the archive with one to three changes, most of them to its headers."""
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        _damage(chance, out)
    return bytes(out)


def _damage(chance: random.Random, out: bytearray) -> None:
    at = _place(chance, out)
    kind = chance.randrange(6)
    if kind == 0:
        out[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        out[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, 0x2F, 0x2E, 0x5C])
    elif kind == 2:
        value = chance.choice([0, 1, 8, 0x0800, 0xFFFF, 0x7075, 0x0001, 0x5455])
        out[at : at + 2] = struct.pack("<H", value)
    elif kind == 3:
        out[at : at + 4] = struct.pack("<L", chance.choice([0, 1, 0xFFFFFFFF, at, len(out)]))
    elif kind == 4:
        out[at:at] = chance.randbytes(chance.choice([1, 2, 4, 20, 22]))
    else:
        del out[at : at + chance.choice([1, 2, 4, 20, 22])]


def _place(chance: random.Random, data: Sequence[int]) -> int:
    """Return a place in some header, with its name and what stands around it, or anywhere."""
    marks = []
    whole = bytes(data)
    for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\7\x08"):
        at = whole.find(mark)
        while at >= 0:
            marks.append(at)
            at = whole.find(mark, at + 1)
    if not marks or chance.random() < 0.1:
        return chance.randrange(len(whole))
    return min(len(whole) - 1, chance.choice(marks) + chance.randrange(-4, 60)) % len(whole)
