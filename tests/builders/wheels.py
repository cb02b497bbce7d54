"""Wheels made in memory: honest ones, and ones that lie in any place of the archive."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mcpinstall.model.artifact import Artifact, Inspection
from mcpinstall.model.manifest import Hook, HookKind
from mcpinstall.verification import inspect_wheel

REGULAR = 0o100644
LINK = 0o120777


@dataclass(frozen=True, kw_only=True)
class ZipMember:
    """One member.  `local` and `central` say something else in one of the two places."""

    name: str
    content: bytes = b""
    method: int = 8
    mode: int = REGULAR
    flags: int | None = None
    """By default the UTF-8 flag where the name needs it."""
    packed: bytes | None = None
    """Bytes in the archive, by default the content packed by `method`."""
    size: int | None = None
    crc: int | None = None
    descriptor: bytes = b""
    after: bytes = b""
    """Stray bytes behind it."""
    local: Mapping[str, object] = field(default_factory=dict)
    central: Mapping[str, object] = field(default_factory=dict)

    def facts(self) -> dict[str, object]:
        """Return what both places say when nobody lies."""
        flags = 0 if self.name.isascii() else 0x800
        return {
            "needed": 20,
            "name": self.name.encode(),
            "flags": flags if self.flags is None else self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content) if self.crc is None else self.crc,
            "packed": len(self.data()),
            "size": len(self.content) if self.size is None else self.size,
            "extra": b"",
        }

    def data(self) -> bytes:
        """Return the bytes that stand in the archive."""
        if self.packed is not None:
            return self.packed
        return deflate(self.content) if self.method == 8 else self.content


def deflate(content: bytes) -> bytes:
    """Return raw deflated bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def write_zip(
    members: Sequence[ZipMember],
    *,
    before: bytes = b"",
    gap: bytes = b"",
    tail: bytes = b"",
    after: bytes = b"",
    end: Mapping[str, object] | None = None,
) -> bytes:
    """Return an archive.

    `before` stands before the first member, `gap` before the directory, `tail` inside it at
    its end, `after` behind everything.  `end` overrides fields of the end record.
    """
    out = io.BytesIO(before)
    out.seek(0, io.SEEK_END)
    directory = b""
    for member in members:
        offset = out.tell()
        out.write(_local(member) + member.data() + member.descriptor + member.after)
        directory += _central(member, offset)
    directory += tail
    out.write(gap)
    start = out.tell()
    said: dict[str, object] = {
        "disk": 0, "first": 0, "here": len(members), "count": len(members),
        "size": len(directory), "start": start, "comment": b"",
    }  # fmt: skip
    said |= end or {}
    comment = said.pop("comment")
    assert isinstance(comment, bytes)
    record = struct.pack("<4s4H2LH", b"PK\5\6", *said.values(), len(comment))
    return out.getvalue() + directory + record + comment + after


def _local(member: ZipMember) -> bytes:
    said = member.facts() | dict(member.local)
    name, extra = said["name"], said["extra"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    return (
        struct.pack(
            "<4s5H3L2H", said.get("mark", b"PK\3\4"), said["needed"], said["flags"],
            said["method"], 0, 0x21, said["crc"], said["packed"], said["size"], len(name),
            len(extra),
        )
        + name
        + extra
    )  # fmt: skip


def _central(member: ZipMember, offset: int) -> bytes:
    said = member.facts() | {"offset": offset, "attributes": member.mode << 16}
    said |= member.central
    name, extra, comment = said["name"], said["extra"], said.get("comment", b"")
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    assert isinstance(comment, bytes)
    return (
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 0x0314, said["needed"], said["flags"], said["method"], 0,
            0x21,
            said["crc"], said["packed"], said["size"], len(name), len(extra), len(comment),
            0, 0, said["attributes"], said["offset"],
        )
        + name
        + extra
        + comment
    )  # fmt: skip


def digest_for_record(content: bytes) -> str:
    """Return a digest as RECORD writes it."""
    digest = hashlib.sha256(content).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def record(files: Mapping[str, bytes], dist_info: str) -> bytes:
    """Return a RECORD of these files and itself."""
    rows = [f"{name},{digest_for_record(data)},{len(data)}\n" for name, data in files.items()]
    return "".join([*rows, f"{dist_info}/RECORD,,\n"]).encode()


def wheel_files(
    files: Mapping[str, bytes],
    *,
    name: str = "example",
    version: str = "1.0",
    tag: str = "py3-none-any",
) -> dict[str, bytes]:
    """Return the files of a wheel without RECORD; those of `files` win."""
    dist_info = f"{name}-{version}.dist-info"
    pythons, abis, platforms = tag.split("-")
    tags = [
        f"Tag: {python}-{abi}-{platform}\n"
        for python in pythons.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
    ]
    own = {
        f"{dist_info}/METADATA": (
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n\nA package.\n".encode()
        ),
        f"{dist_info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n" + "".join(tags)
        ).encode(),
    }
    return {**own, **files}


def wheel_members(
    files: Mapping[str, bytes],
    *,
    name: str = "example",
    version: str = "1.0",
    tag: str = "py3-none-any",
) -> list[ZipMember]:
    """Return the members of an honest wheel that holds `files`; RECORD is the last."""
    content = wheel_files(files, name=name, version=version, tag=tag)
    dist_info = f"{name}-{version}.dist-info"
    content.setdefault(f"{dist_info}/RECORD", record(content, dist_info))
    return [ZipMember(name=path, content=data) for path, data in content.items()]


def wheel(
    files: Mapping[str, bytes],
    *,
    name: str = "example",
    version: str = "1.0",
    tag: str = "py3-none-any",
) -> bytes:
    """Return a wheel that holds `files`, with everything in order around them."""
    return write_zip(wheel_members(files, name=name, version=version, tag=tag))


def changed(members: Iterable[ZipMember], path: str, **changes: object) -> list[ZipMember]:
    """Return the members with one of them changed."""
    return [
        replace(member, **changes) if member.name == path else member  # type: ignore[arg-type]
        for member in members
    ]


def artifact(
    data: bytes, *, name: str = "example", version: str = "1.0", tag: str = "py3-none-any"
) -> Artifact:
    """Return what an honest lock says about a wheel."""
    return Artifact(
        filename=f"{name}-{version}-{tag}.whl",
        package=name.replace("_", "-").lower(),
        version=version,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def inspect(data: bytes, hooks: Sequence[Hook] = ()) -> Inspection:
    """Inspect a wheel named `example-1.0-py3-none-any.whl`."""
    return inspect_wheel(io.BytesIO(data), artifact(data), hooks)


def accepted(member: str, content: bytes, kind: HookKind) -> Hook:
    """Return a reviewer's acceptance of a member of that wheel."""
    return Hook(
        wheel="example-1.0-py3-none-any.whl",
        member=member,
        sha256=hashlib.sha256(content).hexdigest(),
        kind=kind,
        reason="read by the tests",
    )
