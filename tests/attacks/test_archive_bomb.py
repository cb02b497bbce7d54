"""Attack T17: a small file unpacks to fill the disk, the memory or the afternoon.

Who: a publisher, or whoever has taken over a package.
Stopped by: check 6: limits on what is claimed, then on the bytes that really come.
Twin: `test_a_large_honest_file_is_accepted`.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits
from mcpinstall.verification import stage_artifacts
from tests.builders.wheels import (
    ZipMember,
    artifact,
    changed,
    inspect,
    wheel,
    wheel_members,
    write_zip,
)

MIB = 1 << 20


def zeros(mebibytes: int) -> bytes:
    """Some deflated zeros, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    chunks = [packer.compress(bytes(MIB)) for _ in range(mebibytes)]
    return b"".join(chunks) + packer.flush()


def refusal_of(data: bytes) -> str:
    """The message for a refused wheel."""
    with pytest.raises(McpInstallError) as refused:
        inspect(data)
    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED
    return refused.value.message


def test_a_member_that_unpacks_a_thousandfold_is_refused() -> None:
    bomb = ZipMember(name="example/bomb", packed=zeros(16), size=16 * MIB)

    assert "to one" in refusal_of(write_zip([*wheel_members({}), bomb]))


def test_a_member_that_unpacks_to_more_than_it_claims_is_stopped() -> None:
    bomb = ZipMember(name="example/bomb", packed=zeros(64), size=1000)

    assert "more than the 1000 bytes" in refusal_of(write_zip([*wheel_members({}), bomb]))


def test_a_member_that_unpacks_to_less_than_it_claims_is_refused() -> None:
    members = changed(wheel_members({"example/x": b"x" * 99}), "example/x", size=100)

    assert "damaged" in refusal_of(write_zip(members))


def test_a_bomb_inside_a_member_stays_what_it_is() -> None:
    inner = write_zip([ZipMember(name="bomb", packed=zeros(16), size=16 * MIB)])

    found = inspect(wheel({"example/inner.zip": inner}))

    assert max(file.size for file in found.files) == len(inner)


def test_many_small_members_that_unpack_a_thousandfold_are_refused() -> None:
    packed = zeros(1)
    bombs = [ZipMember(name=f"example/{n}", packed=packed, size=MIB) for n in range(16)]

    assert "to 16777" in refusal_of(write_zip([*wheel_members({}), *bombs]))


def test_folders_without_number_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_MEMBERS", 60)
    files = {f"{number}/{'a/' * 30}x": b"" for number in range(3)}

    assert "more than 60 folders" in refusal_of(wheel(files))


def test_many_members_that_are_too_much_together_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_UNPACKED", 10_000)
    files = {f"example/{number}": bytes(2_000) for number in range(6)}

    assert "more than 10000" in refusal_of(wheel(files))


def test_too_many_members_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_MEMBERS", 50)
    files = {f"example/{number}": b"" for number in range(60)}

    assert "63 members" in refusal_of(wheel(files))


def test_members_that_share_their_bytes_are_refused() -> None:
    kernel = ZipMember(name="example/0", content=bytes(MIB))
    again = ZipMember(
        name="example/1", content=bytes(MIB), packed=b"", central={"offset": 0},
    )  # fmt: skip

    assert "overlapping" in refusal_of(write_zip([kernel, again]))


def test_tags_that_multiply_are_compared_as_text() -> None:
    many = ".".join(f"py{number}" for number in range(2000))
    text = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {many}-{many}-{many}\n"

    message = refusal_of(wheel({"example-1.0.dist-info/WHEEL": text.encode()}))

    assert "other tags" in message


def test_tags_that_multiply_in_many_lines_are_not_written_out() -> None:
    from mcpinstall.verification import wheel_metadata

    ten = ".".join(f"py{number}" for number in range(10))
    lines = [f"{ten}-{ten}-p{number}.{ten}" for number in range(1000)]

    assert len(wheel_metadata._expanded(lines)) <= 1001


def test_metadata_of_absurd_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE_TEXT", 100)

    assert "bytes of text" in refusal_of(wheel({}))


def test_a_file_that_is_longer_than_its_lock_says_is_not_copied_whole(tmp_path: Path) -> None:
    data = wheel({"example/module.py": b""})
    claim = artifact(data)
    source = tmp_path / "stored"
    source.write_bytes(data + bytes(8 * MIB))
    (tmp_path / "copies").mkdir()

    with pytest.raises(McpInstallError) as refused:
        stage_artifacts([(claim, source)], tmp_path / "copies", [])

    assert refused.value.code is ErrorCode.ARTIFACT_SIZE
    assert list((tmp_path / "copies").iterdir()) == []


def test_zeros_that_honest_test_data_holds_are_accepted() -> None:
    found = inspect(wheel({"example/zeros.bin": bytes(3 * MIB), "example/a/b/c": b""}))

    assert max(file.size for file in found.files) == 3 * MIB


def test_a_large_honest_file_is_accepted() -> None:
    table = b"".join(number.to_bytes(3, "big") for number in range(MIB))

    found = inspect(wheel({"example/table.bin": table}))

    assert max(file.size for file in found.files) == 3 * MIB
