"""Our entries in one file: any interleaving ends in the original bytes."""

from __future__ import annotations

import dataclasses
import json

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import add, entries, take_out
from mcpinstall.hosts.chains import STALE
from mcpinstall.model.host import (
    AppliedEntry,
    Chain,
    HostChange,
    HostFile,
    Patch,
    ServerEntry,
)
from tests.builders.hosts import CODEX, CURSOR, VSCODE, host_file, no_chain, server


def after(change: HostChange) -> HostFile:
    """The file once the change is written."""
    return dataclasses.replace(change.file, content=change.after)


def edited(change: HostChange, old: str, new: str) -> HostFile:
    """The file once the change is written and somebody else has edited it."""
    assert change.after is not None
    text = change.after.decode()
    assert old in text
    return host_file(change.file.row, text.replace(old, new))


def both(row: str, before: str | None) -> HostChange:
    """The change that adds the second of two entries."""
    first = add(host_file(row, before), no_chain(row), server("one"))
    return add(after(first), first.chain_after, server("two"))


@pytest.mark.parametrize("before", [None, "", "{}", '{"mcpServers": {"a": {}}}\n'])
@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_two_servers_leave_no_trace(before: str | None, order: tuple[str, str]) -> None:
    change = both(CURSOR, before)
    original = host_file(CURSOR, before).content

    rest = take_out(after(change), change.chain_after, order[0])
    done = take_out(after(rest), rest.chain_after, order[1])

    assert done.after == original
    assert done.chain_after.entries == ()


def test_taking_out_the_first_is_as_if_it_had_never_been() -> None:
    change = both(CODEX, "a = 1\n")
    alone = add(host_file(CODEX, "a = 1\n"), no_chain(CODEX), server("two"))

    rest = take_out(after(change), change.chain_after, "one")

    assert rest.after == alone.after
    assert rest.chain_after == alone.chain_after


def test_a_file_that_we_made_is_deleted_again() -> None:
    change = add(host_file(VSCODE, None), no_chain(VSCODE), server("one"))

    assert change.chain_after.entries[0].created
    assert take_out(after(change), change.chain_after, "one").after is None


def test_the_second_server_of_a_file_that_we_made_deletes_it_too() -> None:
    change = both(CURSOR, None)

    rest = take_out(after(change), change.chain_after, "one")

    assert rest.chain_after.entries[0].created
    assert take_out(after(rest), rest.chain_after, "two").after is None


def test_a_file_changed_elsewhere_loses_exactly_our_span() -> None:
    before = '{\n  "theme": "dark",\n  "mcpServers": {\n    "a": {}\n  }\n}\n'
    change = both(CURSOR, before)
    file = edited(change, '"dark"', '"light"')

    rest = take_out(file, change.chain_after, "one")
    done = take_out(after(rest), rest.chain_after, "two")

    assert rest.chain_after.sha256 == STALE
    assert [found.name for found in entries(after(rest))] == ["a", "two"]
    assert done.after == before.replace("dark", "light").encode()


def test_a_file_changed_elsewhere_takes_more_servers() -> None:
    first = add(host_file(CURSOR, '{\n  "z": 1\n}\n'), no_chain(CURSOR), server("one"))
    second = add(edited(first, '"z": 1', '"z": 2'), first.chain_after, server("two"))

    rest = take_out(after(second), second.chain_after, "two")
    done = take_out(after(rest), rest.chain_after, "one")

    assert second.chain_after.sha256 == STALE
    assert rest.after == edited(first, '"z": 1', '"z": 2').content
    assert json.loads(done.after or b"") in ({"z": 2}, {"z": 2, "mcpServers": {}})


def test_a_host_that_rewrites_its_file_keeps_its_servers() -> None:
    change = both(CURSOR, '{"mcpServers": {"a": {"command": "b"}}, "z": 1}')
    rewritten = json.dumps(json.loads(change.after or b""), indent=4, sort_keys=True)

    rest = take_out(host_file(CURSOR, rewritten), change.chain_after, "one")
    done = take_out(after(rest), rest.chain_after, "two")

    assert json.loads(done.after or b"") == {"mcpServers": {"a": {"command": "b"}}, "z": 1}


def test_an_entry_that_the_user_changed_goes_with_a_warning() -> None:
    change = add(host_file(CURSOR, "{}"), no_chain(CURSOR), server("one"))
    file = edited(change, '"-I"', '"-I", "-v"')

    done = take_out(file, change.chain_after, "one")

    assert "one" not in (done.after or b"").decode()
    assert "was changed since" in done.warnings[0]


def test_an_entry_that_is_gone_is_only_forgotten() -> None:
    change = add(host_file(CURSOR, "{}"), no_chain(CURSOR), server("one"))

    done = take_out(host_file(CURSOR, "{}\n"), change.chain_after, "one")

    assert (done.after, done.chain_after.entries) == (b"{}\n", ())
    assert "not in" in done.warnings[0]


def test_text_that_stands_twice_is_not_put_back_blindly() -> None:
    before = '{"mcpServers":{"a":{}}}'
    change = add(host_file(CURSOR, before), no_chain(CURSOR), server("one"))
    ours = change.chain_after.entries[0].patch.inserted.decode()
    file = edited(change, '{"mcpServers"', '{"copy":{"b":1' + ours + '},"mcpServers"')

    done = take_out(file, change.chain_after, "one")

    assert json.loads(done.after or b"")["copy"].keys() == {"b", "one"}
    assert json.loads(done.after or b"")["mcpServers"] == {"a": {}}


def test_our_text_in_a_place_that_is_not_ours_stays() -> None:
    change = add(host_file(CURSOR, '{"mcpServers":{"a":{}}}'), no_chain(CURSOR), server("one"))
    ours = change.chain_after.entries[0].patch.inserted.decode()
    file = edited(change, ours, ',"one":{"command":"mine"}},"copy":{"b":1' + ours)

    done = take_out(file, change.chain_after, "one")

    assert json.loads(done.after or b"") == {
        "mcpServers": {"a": {}},
        "copy": json.loads('{"b":1' + ours + "}"),
    }


def test_what_is_not_in_the_chain_is_not_ours_to_take() -> None:
    with pytest.raises(McpInstallError) as refused:
        take_out(host_file(CURSOR, '{"mcpServers": {"x": {}}}'), no_chain(CURSOR), "x")

    assert refused.value.code is ErrorCode.NOT_INSTALLED


def test_a_server_of_the_user_is_replaced_only_on_request() -> None:
    before = '{\n  "mcpServers": {\n    "x": {"command": "mine"}, "z": 1\n  }\n}'
    with pytest.raises(McpInstallError) as refused:
        add(host_file(CURSOR, before), no_chain(CURSOR), server("x"))
    assert refused.value.code is ErrorCode.SERVER_EXISTS

    change = add(host_file(CURSOR, before), no_chain(CURSOR), server("x"), replace=True)
    later = add(after(change), change.chain_after, server("y"))
    rest = take_out(after(later), later.chain_after, "x")
    done = take_out(after(rest), rest.chain_after, "y")

    assert done.after == before.encode()


def test_a_server_that_stood_before_the_users_replaces_it_again() -> None:
    before = '{"mcpServers": {"y": {"command": "mine"}}}'
    one = add(host_file(CURSOR, before), no_chain(CURSOR), server("x"))
    two = add(after(one), one.chain_after, server("y"), replace=True)

    rest = take_out(after(two), two.chain_after, "x")

    assert take_out(after(rest), rest.chain_after, "y").after == before.encode()
    assert [found.command for found in entries(after(rest))] == [server().command]


def test_our_own_entry_gets_a_new_value_in_its_place() -> None:
    change = both(CURSOR, "{}")
    new = ServerEntry(name="one", command="/new", args=())

    changed = add(after(change), change.chain_after, new, replace=True)
    rest = take_out(after(changed), changed.chain_after, "one")
    done = take_out(after(rest), rest.chain_after, "two")

    assert [found.command for found in entries(after(changed))] == ["/new", server().command]
    assert changed.chain_after.names == ("one", "two")
    assert done.after == b"{}"


@pytest.mark.parametrize("row", [CURSOR, CODEX])
def test_our_own_entry_gets_a_new_value_in_a_file_changed_since(row: str) -> None:
    before, old, new = {
        CURSOR: ('{"z": 1, "mcpServers": {"a": {}}}', '"z": 1', '"z": 2'),
        CODEX: ("z = 1\n", "z = 1", "z = 2"),
    }[row]
    change = both(row, before)
    entry = ServerEntry(name="one", command="/new", args=())

    changed = add(edited(change, old, new), change.chain_after, entry, replace=True)
    rest = take_out(after(changed), changed.chain_after, "one")
    done = take_out(after(rest), rest.chain_after, "two")

    assert "/new" in (changed.after or b"").decode()
    assert done.after == before.replace(old, new).encode()


def test_the_file_is_named_in_an_error_about_its_content() -> None:
    with pytest.raises(McpInstallError) as refused:
        add(host_file(CURSOR, "{"), no_chain(CURSOR), server())

    assert str(host_file(CURSOR, "{").path) in refused.value.message


def test_our_own_entry_is_not_added_again() -> None:
    change = add(host_file(CURSOR, "{}"), no_chain(CURSOR), server("one"))

    with pytest.raises(McpInstallError) as refused:
        add(after(change), change.chain_after, server("one"))

    assert refused.value.code is ErrorCode.SERVER_EXISTS
    assert refused.value.message == "Cursor already has a server named `one`"


def test_nothing_is_undone_in_a_file_changed_elsewhere_even_where_it_would_fit() -> None:
    change = both(CURSOR, '{"z": "dark"}')
    file = edited(change, '"dark"', '"pale"')

    rest = take_out(file, change.chain_after, "one")

    assert rest.chain_after.sha256 == STALE
    done = take_out(after(rest), rest.chain_after, "two")
    assert json.loads(done.after or b"") == {"z": "pale", "mcpServers": {}}


def test_a_file_that_is_gone_stays_gone() -> None:
    change = add(host_file(CURSOR, "{}"), no_chain(CURSOR), server("one"))

    done = take_out(host_file(CURSOR, None), change.chain_after, "one")

    assert (done.after, done.chain_after.entries) == (None, ())
    assert "not in" in done.warnings[0]


def replaced_in(before: str, old: str, new: str) -> HostChange:
    """The change that takes the entry out of a file in which it stood for the user's own."""
    change = add(host_file(CURSOR, before), no_chain(CURSOR), server("one"), replace=True)
    return take_out(edited(change, old, new), change.chain_after, "one")


def test_the_users_own_server_comes_back_in_a_file_changed_elsewhere() -> None:
    before = '{"mcpServers": {"one": {"command": "mine"}}, "z": 1}'

    done = replaced_in(before, '"z": 1', '"z": 2')

    assert done.after == before.replace('"z": 1', '"z": 2').encode()


def test_the_users_own_server_does_not_come_back_where_our_text_stands_twice() -> None:
    before = '{"mcpServers": {"one": {"command": "mine"}}, "z": 1}'
    text = json.dumps({"command": server().command, "args": list(server().args)})

    done = replaced_in(before, '"z": 1', f'"z": {text}')

    assert json.loads(done.after or b"") == {"mcpServers": {}, "z": json.loads(text)}


def test_a_server_of_the_user_that_was_the_same_stays() -> None:
    own = json.dumps({"command": server().command, "args": list(server().args)})
    before = f'{{"mcpServers": {{"one": {own}}}, "z": 1}}'

    done = replaced_in(before, '"z": 1', '"z": 2')

    assert done.after == before.replace('"z": 1', '"z": 2').encode()


def test_a_server_that_the_user_added_behind_ours_stays() -> None:
    change = add(host_file(CURSOR, '{"mcpServers": {}}'), no_chain(CURSOR), server("one"))

    done = take_out(edited(change, '"]}', '"]}, "two": {}'), change.chain_after, "one")

    assert json.loads(done.after or b"") == {"mcpServers": {"two": {}}}


def test_a_file_that_we_made_and_that_was_touched_since_is_not_left_blank() -> None:
    change = add(host_file(CURSOR, None), no_chain(CURSOR), server("one"))

    done = take_out(host_file(CURSOR, (change.after or b"") + b"\n"), change.chain_after, "one")

    assert json.loads(done.after or b"") == {"mcpServers": {}}


def test_our_text_at_the_beginning_of_a_file_changed_elsewhere_goes_exactly() -> None:
    change = add(host_file(CURSOR, "\n \n"), no_chain(CURSOR), server("one"))
    file = host_file(CURSOR, (change.after or b"") + b"\t")

    assert take_out(file, change.chain_after, "one").after == b"\n \n\t"


def test_an_entry_replaced_in_a_file_changed_since_has_no_trace_of_the_old_one() -> None:
    new = ServerEntry(name="one", command="/new", args=())
    first = add(host_file(CURSOR, '{"z": 1}'), no_chain(CURSOR), server("one"))

    alone = add(edited(first, '"z": 1', '"z": 2'), first.chain_after, new, replace=True)

    assert [one.created for one in alone.chain_after.entries] == [False]
    assert alone.chain_after.sha256 == after(alone).sha256
    second = add(after(alone), alone.chain_after, server("two"))
    done = take_out(after(second), second.chain_after, "two")
    assert done.after == alone.after
    assert take_out(after(done), done.chain_after, "one").after == b'{"z": 2, "mcpServers": {}}'


def test_one_of_two_replaced_in_a_file_changed_since_leaves_a_chain_of_both() -> None:
    new = ServerEntry(name="one", command="/new", args=())
    change = both(CURSOR, '{"z": 1}')

    changed = add(edited(change, '"z": 1', '"z": 2'), change.chain_after, new, replace=True)

    assert changed.chain_after.names == ("one", "two")
    assert changed.chain_after.sha256 == STALE


# A receipt that lies ---------------------------------------------------------------------------

WHOLE = '{"a": 1, "mcpServers": {"one": {"command": "c"}, "two": {"command": "d"}}}'


def forged(before: bytes, content: str, *names: str, created: bool = False) -> Chain:
    """A chain that fits a file, but whose patches cover more than our entries."""
    patch = Patch(offset=0, removed=before, inserted=content.encode())
    return Chain(
        row_id=CURSOR,
        entries=tuple(
            AppliedEntry(
                entry=ServerEntry(name=name, command="c", args=()), patch=patch, created=created
            )
            for name in names
        ),
        sha256=host_file(CURSOR, content).sha256,
    )


@pytest.mark.parametrize("replace", [False, True])
def test_a_patch_that_covers_more_than_our_entry_is_not_undone(replace: bool) -> None:
    file, chain = host_file(CURSOR, WHOLE), forged(b"{}", WHOLE, "one")

    with pytest.raises(McpInstallError) as refused:
        if replace:
            add(file, chain, ServerEntry(name="one", command="n", args=()), replace=True)
        else:
            take_out(file, chain, "one")

    assert refused.value.code is ErrorCode.HOST_CONFIG_INVALID
    assert "something else" in refused.value.message


def test_a_file_that_two_entries_claim_to_have_made_is_not_deleted() -> None:
    chain = forged(b"", WHOLE, "one", "two", created=True)

    done = take_out(host_file(CURSOR, WHOLE), chain, "one")

    assert json.loads(done.after or b"")["a"] == 1


def test_a_file_that_was_there_before_is_not_deleted() -> None:
    change = add(host_file(CURSOR, "{}"), no_chain(CURSOR), server("one"))
    entries_ = (dataclasses.replace(change.chain_after.entries[0], created=True),)
    chain = dataclasses.replace(change.chain_after, entries=entries_)

    assert take_out(after(change), chain, "one").after == b"{}"
