"""Our own records survive a round trip, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import json_text
from mcpinstall.model.host import (
    AppliedEntry,
    Chain,
    EnvironmentValue,
    Patch,
    Remote,
    ServerEntry,
)
from mcpinstall.model.receipt import HistoryRecord, Receipt
from mcpinstall.receipts import codec
from tests.builders import plans

_texts = st.text(max_size=20)
_patches = st.builds(Patch, offset=st.integers(0, 10**6), removed=st.binary(), inserted=st.binary())
_entries = st.builds(
    ServerEntry,
    name=_texts,
    command=_texts,
    args=st.lists(_texts, max_size=3).map(tuple),
    env=st.lists(
        st.builds(EnvironmentValue, name=_texts, value=st.none() | _texts, secret=st.booleans()),
        max_size=2,
    ).map(tuple),
)
_chains = st.builds(
    Chain,
    row_id=_texts,
    entries=st.lists(
        st.builds(AppliedEntry, entry=_entries, patch=_patches, created=st.booleans()), max_size=3
    ).map(tuple),
)


@given(_chains)
def test_a_record_reads_back_as_it_was_written(chain: Chain) -> None:
    assert codec.load(codec.dump(chain), Chain, "chain") == chain


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        codec.load(data, HistoryRecord, "record")

    assert refused.value.code is ErrorCode.STATE_INVALID


@pytest.mark.parametrize("text", ["AA", "A===", "é===", "\ud800", "AA==\n"])
def test_bytes_that_are_not_base64_are_refused(text: str) -> None:
    patch = {"offset": 0, "removed": text, "inserted": ""}
    data = json_text.canonical({"schema": 1, "record": patch})

    with pytest.raises(McpInstallError) as refused:
        codec.load(data, Patch, "record")

    assert refused.value.code is ErrorCode.STATE_INVALID


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"row_id":"codex-user"', b'"row_id":7'),
        (b'"row_id":"codex-user"', b'"row_id":"codex-user","path":"/etc/passwd"'),
        (b'"row_id":"codex-user",', b""),
        (b'"entries":[]', b'"entries":{}'),
        (b'"schema":1', b'"schema":2'),
    ],
)
def test_a_record_with_another_shape_is_refused(old: bytes, new: bytes) -> None:
    data = codec.dump(Chain(row_id="codex-user"))
    canonical = data.replace(
        b'"entries":[],"row_id":"codex-user"', b'"entries":[],"row_id":"codex-user"'
    )
    changed = (
        canonical.replace(old, new)
        if old in canonical
        else canonical.replace(old.rstrip(b","), new)
    )
    assert changed != data

    with pytest.raises(McpInstallError) as refused:
        codec.load(changed, Chain, "chain")

    assert refused.value.code is ErrorCode.STATE_INVALID


def test_a_receipt_of_an_older_version_is_one_of_a_local_server() -> None:
    data = json_text.parse(codec.dump(plans.receipt()), "receipt")
    assert isinstance(data, dict)
    record = data["record"]
    assert isinstance(record, dict)
    older = {key: value for key, value in record.items()
             if key not in {"transport", "url", "headers"}}  # fmt: skip

    read = codec.load(json_text.canonical({"schema": 1, "record": older}), Receipt, "receipt")

    assert read == plans.receipt()
    assert not read.is_remote


@pytest.mark.parametrize("key", ["entry_name", "generation", "installed"])
def test_a_receipt_without_what_every_version_wrote_is_refused(key: str) -> None:
    data = json_text.parse(codec.dump(plans.receipt()), "receipt")
    assert isinstance(data, dict)
    record = data["record"]
    assert isinstance(record, dict)
    del record[key]

    with pytest.raises(McpInstallError) as refused:
        codec.load(json_text.canonical(data), Receipt, "receipt")

    assert refused.value.code is ErrorCode.STATE_INVALID


def test_an_entry_of_a_remote_server_reads_back_as_it_was_written() -> None:
    header = EnvironmentValue(name="A", reference="B", prefix="Bearer ", secret=True)
    entry = ServerEntry(
        name="x", remote=Remote(transport="sse", url="https://e.example", headers=(header,))
    )

    assert codec.load(codec.dump(entry), ServerEntry, "entry") == entry
