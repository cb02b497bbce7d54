"""RECORD, row by row."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.verification.wheel_record import RecordRow, check_record, parse_record
from tests.builders.wheels import digest_for_record

OWN = "example-1.0.dist-info"
PATHS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(st.dictionaries(PATHS, st.binary(max_size=50)))
def test_a_written_record_reads_back(files: dict[str, bytes]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([name, digest_for_record(data), len(data)] for name, data in files.items())

    rows = parse_record(out.getvalue().encode(), OWN)

    assert rows == {
        name: RecordRow(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
        for name, data in files.items()
    }


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused_by_our_own_error(data: bytes) -> None:
    with contextlib.suppress(McpInstallError):
        rows = parse_record(data, OWN)

        assert all(len(row.sha256) in (0, 64) for row in rows.values())


@pytest.mark.parametrize(
    "row",
    [
        "a,sha256=short,1",
        f"a,{digest_for_record(b'')},-1",
        f"a,{digest_for_record(b'')},one",
        f"a,{digest_for_record(b'')},\u0661",
        f"a,{digest_for_record(b'').replace('sha256', 'sha512')},0",
        f"a,{digest_for_record(b'')},0,more",
        f"a,{digest_for_record(b'')},0x",
        f"a,{digest_for_record(b'')}=x,0",
        f"a,x{digest_for_record(b'')},0",
        f'"a"b,{digest_for_record(b"")},0',
        "a,,",
        '"a,b',
        "",
    ],
)
def test_a_row_that_is_not_path_digest_and_size_is_refused(row: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        parse_record(f"{row}\n".encode(), OWN)

    assert refused.value.code is ErrorCode.ARCHIVE_REFUSED


def test_a_size_may_be_left_out_and_padding_left_in() -> None:
    rows = parse_record(f"a,{digest_for_record(b'')}=,\r\n".encode(), OWN)

    assert rows["a"].size is None


@pytest.mark.parametrize("name", ["RECORD.jws", "RECORD.p7s"])
def test_a_signature_may_be_listed_or_not(name: str) -> None:
    files = {f"{OWN}/{name}": ("1" * 64, 5)}

    check_record({}, files, OWN)
    check_record({f"{OWN}/{name}": RecordRow(sha256="", size=None)}, files, OWN)
    with pytest.raises(McpInstallError):
        check_record({}, {f"{OWN}/other": ("1" * 64, 5)}, OWN)


def test_a_row_without_size_still_needs_the_digest() -> None:
    rows = {"a": RecordRow(sha256="0" * 64, size=None)}

    with pytest.raises(McpInstallError) as refused:
        check_record(rows, {"a": ("1" * 64, 5)}, OWN)

    assert "0" * 64 in refused.value.evidence


@pytest.mark.parametrize("name", ["RECORD", "RECORD.jws", "RECORD.p7s"])
def test_only_record_and_its_signatures_have_no_digest(name: str) -> None:
    assert parse_record(f"{OWN}/{name},,\n".encode(), OWN)[f"{OWN}/{name}"].sha256 == ""

    with pytest.raises(McpInstallError):
        parse_record(f"other-1.0.dist-info/{name},,\n".encode(), OWN)
