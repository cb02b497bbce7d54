"""Any document of any dialect: nothing else changes, and what was put in comes out (Hypothesis).

`DOCUMENTS=100000` in the environment tries that many; the default is 2,000.  Documents are read
by parsers that have no part in the package (`tests/builders/host_formats.py`).
"""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, entries, insert, remove, replace, take_out
from mcpinstall.model.host import HostRow
from tests.builders.documents import DIALECTS, EACH, Made, lost, seen
from tests.builders.hosts import host_file, no_chain, server
from tests.builders.json_documents import NAMES

Wounds = list[tuple[float, int, bytes]]
steps = st.lists(st.tuples(st.booleans(), st.sampled_from(NAMES)), max_size=6)
scraps = st.one_of(st.binary(max_size=3), st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b"'", b",", b":", b"#", b"//", b"/*", b"\n", b"\r", b"\t", b"- ",
     b"&a ", b"*a ", b"<<: ", b"---\n", b"...\n", b"\xef\xbb\xbf", b"\xff", b"\x00", b"NaN", b"\\",
     b"<<<<<<< a\n", b">>>>>>> b\n", b"[mcp_servers]\n", b"mcp_servers.x.y = 1\n", b'"""', b"| "]
))  # fmt: skip
damage = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), scraps), max_size=3)
"""Places in a document, how many bytes go there, and what comes instead."""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_any_document_is_edited_and_given_back(dialect: str) -> None:
    @settings(max_examples=EACH, suppress_health_check=list(HealthCheck))
    @given(DIALECTS[dialect], steps, damage)
    def tried(made: Made, wanted: list[tuple[bool, str]], wounds: Wounds) -> None:
        row, content = made
        require_nothing_else_changes(row, content)
        require_taken_out_where_it_stands(row, content)
        require_the_original_bytes(row, content, wanted)
        require_edited_or_refused(row, damaged(content, wounds))

    tried()


def require_nothing_else_changes(row: HostRow, content: bytes) -> None:
    """Add a server: it is there; every other value, comment and byte is unchanged."""
    after = insert(content, row, server("alpha")).apply(content)

    before, others = seen(row, content)
    found, rest = seen(row, after)
    found.remove(("alpha", entry(row, "alpha", "-I", "start.py")))
    assert repr(found) == repr(before)
    assert rest == others
    assert lost(content, after) == ""


def entry(row: HostRow, name: str, *args: str) -> dict[str, object]:
    """A server's value, as this row's shape has it."""
    own: dict[str, object] = {"name": name} if row.is_list else {}
    return {**own, "command": "/opt/mcpi/bin/python", "args": list(args)}


def require_taken_out_where_it_stands(row: HostRow, content: bytes) -> None:
    """Give the server another value and take it out, as in a file that its host has changed."""
    after = insert(content, row, server("alpha")).apply(content)

    other = replace(after, row, server("alpha", "other")).apply(after)
    rest = remove(other, row, "alpha").apply(other)

    assert ("alpha", entry(row, "alpha", "other")) in seen(row, other)[0]
    assert repr(seen(row, rest)) == repr(seen(row, content))


def require_the_original_bytes(
    row: HostRow, content: bytes, wanted: list[tuple[bool, str]]
) -> None:
    """Put servers in and take them out in some order, then the rest of them."""
    file, chain = host_file(row, content), no_chain(row)
    leaving = [(False, name) for name in NAMES]

    for adding, name in [*wanted, *leaving]:
        if adding == (name in chain.names):
            continue
        change = add(file, chain, server(name)) if adding else take_out(file, chain, name)
        file, chain = dataclasses.replace(file, content=change.after), change.chain_after

    assert file.content == content


def damaged(content: bytes, wounds: Wounds) -> bytes:
    """A document in which somebody has typed, or of which a part is gone."""
    for place, gone, scrap in wounds:
        at = round(place * len(content))
        content = content[:at] + scrap + content[at + gone :]
    return content


def require_edited_or_refused(row: HostRow, content: bytes) -> None:
    """Add a server to what may be no document: no byte is lost, and no error is a foreign one."""
    try:
        after = insert(content, row, server("alpha")).apply(content)
        found = entries(host_file(row, after))
        remove(after, row, "alpha")
    except McpInstallError as error:
        assert error.code in (ErrorCode.HOST_CONFIG_INVALID, ErrorCode.SERVER_EXISTS)  # noqa: PT017
        return
    assert "alpha" in [one.name for one in found]
    assert lost(content, after) == ""
