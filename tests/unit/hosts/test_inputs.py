"""Inputs of VS Code: a second span of one file, put in and taken out with the server."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, diff, find_rows, rendered, starts_as, take_out
from mcpinstall.model.host import (
    EnvironmentValue,
    Format,
    HostChange,
    HostFile,
    Remote,
    SecretPlace,
    ServerEntry,
)
from tests.builders import host_formats, json_documents
from tests.builders.hosts import host_file, no_chain
from tests.builders.json_documents import values

ROW = find_rows("vscode")
NAMES = ("alpha", "beta")


def vault(name: str = "alpha", *secrets: str) -> ServerEntry:
    """A server with secrets that the host keeps."""
    return ServerEntry(
        name=name, command="/bin/x", args=("-I",),
        env=tuple(
            EnvironmentValue(name=one, secret=True, place=SecretPlace.HOST)
            for one in secrets or ("TOKEN",)
        ),
    )  # fmt: skip


def after(change: HostChange) -> HostFile:
    return dataclasses.replace(change.file, content=change.after)


def parsed(content: bytes | None) -> Any:  # noqa: ANN401 (any document)
    return host_formats.parse("jsonc", (content or b"").removeprefix(b"\xef\xbb\xbf"))


ids = st.sampled_from(["mine", "mcpi.other.TOKEN", "mcpi.alphabet.TOKEN", "x", "é"])
inputs = st.lists(
    st.fixed_dictionaries({"id": ids}, optional={"default": values, "type": st.just("pickString")}),
    max_size=3, unique_by=lambda one: one["id"],
)  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Any `mcp.json`: with inputs or servers, both or neither, in any order and layout."""
    parts = {
        "inputs": inputs,
        "servers": st.dictionaries(st.sampled_from(["mine", "x"]), values, max_size=2),
        "other": values,
    }
    keys = draw(st.lists(st.sampled_from(sorted(parts)), unique=True))
    document = {key: draw(parts[key]) for key in keys}
    text = draw(json_documents.written(document, Format.JSONC))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


@given(documents(), st.permutations(NAMES))
def test_any_document_is_given_back(content: bytes, order: list[str]) -> None:
    file, chain = host_file(ROW, content), no_chain(ROW)
    for name in NAMES:
        change = add(file, chain, vault(name, "TOKEN", "KEY"))
        file, chain = after(change), change.chain_after
    found = parsed(file.content)
    before = parsed(content)

    assert [one["id"] for one in found["inputs"]][-4:] == [
        f"mcpi.{name}.{one}" for name in NAMES for one in ("TOKEN", "KEY")
    ]
    assert repr(found["inputs"][:-4]) == repr(before.get("inputs", []))
    assert repr(found.get("other")) == repr(before.get("other"))
    assert {**before.get("servers", {})}.keys() == found["servers"].keys() - set(NAMES)

    for name in order:
        change = take_out(file, chain, name)
        file, chain = after(change), change.chain_after
    assert file.content == content
    assert chain.entries == ()


@given(documents(), st.permutations(NAMES))
def test_what_others_wrote_meanwhile_stays(content: bytes, order: list[str]) -> None:
    file, chain = host_file(ROW, content), no_chain(ROW)
    for name in NAMES:
        change = add(file, chain, vault(name))
        file, chain = after(change), change.chain_after
    file = dataclasses.replace(file, content=(file.content or b"") + b"\n// later\n")

    for name in order:
        change = take_out(file, chain, name)
        file, chain = after(change), change.chain_after

    assert b"mcpi.alpha.TOKEN" not in (file.content or b"")
    assert (file.content or b"").endswith(b"// later\n")
    found, before = parsed(file.content), parsed(content)
    for key, empty in (("inputs", []), ("servers", {}), ("other", None)):
        assert repr(found.get(key, empty)) == repr(before.get(key, empty))


@given(documents())
def test_the_diff_shows_ours_and_hides_theirs(content: bytes) -> None:
    change = add(host_file(ROW, content), no_chain(ROW), vault())

    lines = "\n".join(diff(change))

    assert "mcpi.alpha.TOKEN" in lines
    assert '"password": true' in lines or '"password":true' in lines
    if b'"pickString"' in content:
        assert "pickString" not in lines


def test_a_new_file_holds_both() -> None:
    assert rendered(ROW, vault()) == snapshot("""\
{
  "inputs": [
    {
      "type": "promptString",
      "id": "mcpi.alpha.TOKEN",
      "description": "TOKEN of alpha",
      "password": true
    }
  ],
  "servers": {
    "alpha": {
      "type": "stdio",
      "command": "/bin/x",
      "args": ["-I"],
      "env": {
        "TOKEN": "${input:mcpi.alpha.TOKEN}"
      }
    }
  }
}
""")


def test_a_comment_and_another_input_stay() -> None:
    content = b'{ // mine\n  "inputs": [\n    { "id": "a" }, // x\n  ],\n  "servers": {}\n}\n'

    change = add(host_file(ROW, content), no_chain(ROW), vault())

    assert (change.after or b"").decode() == snapshot("""\
{ // mine
  "inputs": [
    { "id": "a" }, // x
    {
      "type": "promptString",
      "id": "mcpi.alpha.TOKEN",
      "description": "TOKEN of alpha",
      "password": true
    },
  ],
  "servers": {
    "alpha": {
      "type": "stdio",
      "command": "/bin/x",
      "args": ["-I"],
      "env": {
        "TOKEN": "${input:mcpi.alpha.TOKEN}"
      }
    }
  }
}
""")


def test_an_input_that_something_else_uses_stays() -> None:
    change = add(host_file(ROW, b"{}"), no_chain(ROW), vault())
    used = (change.after or b"").replace(
        b'"servers": {', b'"servers": {"mine": {"command": "${input:mcpi.alpha.TOKEN}"},'
    )

    gone = take_out(dataclasses.replace(change.file, content=used), change.chain_after, "alpha")

    assert [one["id"] for one in parsed(gone.after)["inputs"]] == ["mcpi.alpha.TOKEN"]
    assert any("something else refers to it" in text for text in gone.warnings)


def test_another_input_of_that_id_is_refused() -> None:
    content = json.dumps({"inputs": [{"id": "mcpi.alpha.TOKEN"}]}).encode()

    with pytest.raises(McpInstallError) as refused:
        add(host_file(ROW, content), no_chain(ROW), vault())

    assert refused.value.code is ErrorCode.SERVER_EXISTS


@pytest.mark.parametrize("inputs_text", ["{}", '"x"', "7", '[{"id": "a"}, {"id": "a"}]', "null"])
def test_inputs_that_are_no_list_are_refused(inputs_text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        add(host_file(ROW, f'{{"inputs": {inputs_text}}}'), no_chain(ROW), vault())

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID


def test_another_place_for_the_secret_takes_the_input_out() -> None:
    first = add(host_file(ROW, b"{}\n"), no_chain(ROW), vault())
    plain = dataclasses.replace(vault(), env=())

    second = add(after(first), first.chain_after, plain, replace=True)
    edited = dataclasses.replace(first.file, content=(first.after or b"") + b"// x\n")
    third = add(edited, first.chain_after, plain, replace=True)

    for change in (second, third):
        assert b"mcpi.alpha" not in (change.after or b"")
    assert take_out(after(second), second.chain_after, "alpha").after == b"{}\n"


def test_a_header_of_a_remote_server_is_asked_for() -> None:
    header = EnvironmentValue(
        name="Authorization", secret=True, place=SecretPlace.HOST, prefix="Bearer "
    )
    entry = ServerEntry(
        name="far",
        remote=Remote(
            transport="streamable-http", url="https://mcp.example.com/mcp", headers=(header,)
        ),
    )

    change = add(host_file(ROW, None), no_chain(ROW), entry)

    found = parsed(change.after)
    assert found["servers"]["far"]["headers"] == {
        "Authorization": "Bearer ${input:mcpi.far.Authorization}"
    }
    assert [one["id"] for one in found["inputs"]] == ["mcpi.far.Authorization"]
    assert starts_as(change.after or b"", ROW, entry)
