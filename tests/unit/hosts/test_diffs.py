"""The diff that a person sees: ours in full, nobody else's values."""

from __future__ import annotations

import dataclasses

import pytest
from inline_snapshot import snapshot

from mcpinstall.hosts import add, diff, take_out
from mcpinstall.hosts.diffs import _changed
from mcpinstall.model.host import EnvironmentValue, HostChange, ServerEntry
from tests.builders.hosts import CODEX, CURSOR, VSCODE, host_file, no_chain, server
from tests.builders.watchdog import ends


def shown(change: HostChange) -> str:
    return "\n".join(diff(change))


def added(row: str, before: str | None, entry: ServerEntry | None = None) -> HostChange:
    return add(host_file(row, before), no_chain(row), entry or server())


BEFORE = """\
{
  "theme": "dark",
  "telemetry": false,
  "mcpServers": {
    "mine": {
      "command": "private",
      "env": {"KEY": "top secret", "n": 1}
    }
  }
}
"""


def test_an_added_entry_is_shown_in_full_and_others_are_hidden() -> None:
    assert shown(added(CURSOR, BEFORE)) == snapshot("""\
--- /home/ann/config
+++ /home/ann/config
@@ -5,6 +5,10 @@
     "mine": {
       "command": "…",
       "env": {"KEY": "…", "n": 1}
+    },
+    "time": {
+      "command": "/opt/mcpi/bin/python",
+      "args": ["-I", "start.py"]
     }
   }
 }\
""")


def test_a_removed_entry_is_shown_in_full() -> None:
    change = added(CURSOR, BEFORE)
    after = dataclasses.replace(change.file, content=change.after)

    assert shown(take_out(after, change.chain_after, "time")) == snapshot("""\
--- /home/ann/config
+++ /home/ann/config
@@ -5,10 +5,6 @@
     "mine": {
       "command": "…",
       "env": {"KEY": "…", "n": 1}
-    },
-    "time": {
-      "command": "/opt/mcpi/bin/python",
-      "args": ["-I", "start.py"]
     }
   }
 }\
""")


def test_a_new_file_comes_from_nothing() -> None:
    assert shown(added(CURSOR, None)) == snapshot("""\
--- /dev/null
+++ /home/ann/config
@@ -0,0 +1,8 @@
+{
+  "mcpServers": {
+    "time": {
+      "command": "/opt/mcpi/bin/python",
+      "args": ["-I", "start.py"]
+    }
+  }
+}\
""")


def test_a_deleted_file_goes_to_nothing() -> None:
    change = added(CODEX, None)
    after = dataclasses.replace(change.file, content=change.after)

    assert shown(take_out(after, change.chain_after, "time")) == snapshot("""\
--- /home/ann/config
+++ /dev/null
@@ -1,3 +0,0 @@
-[mcp_servers.time]
-command = "/opt/mcpi/bin/python"
-args = ["-I", "start.py"]\
""")


def test_toml_hides_strings_over_lines_comments_and_keeps_its_end() -> None:
    before = "note = '''\nline one\nline two''' # why\nkey = \"value\"\n[a.\"b c\"]\nn = 1"

    assert shown(added(CODEX, before)) == snapshot("""\
--- /home/ann/config
+++ /home/ann/config
@@ -3,4 +3,8 @@
 …''' #…
 key = "…"
 [a."…"]
-n = 1
\\ No newline at end of file
+n = 1
+
+[mcp_servers.time]
+command = "/opt/mcpi/bin/python"
+args = ["-I", "start.py"]
\\ No newline at end of file\
""")


def test_comments_of_the_user_are_hidden_in_our_lines_too() -> None:
    before = '{\n  "servers": {\n    "a": {} // token abc\n  } /* also\n  this */\n}\n'

    assert shown(added(VSCODE, before)) == snapshot("""\
--- /home/ann/config
+++ /home/ann/config
@@ -1,6 +1,11 @@
 {
   "servers": {
-    "a": {} …
+    "a": {}, …
+    "time": {
+      "type": "stdio",
+      "command": "/opt/mcpi/bin/python",
+      "args": ["-I", "start.py"]
+    }
   } …
 …
 }\
""")


@pytest.mark.parametrize("comma", ["", ","])
def test_a_comment_behind_the_last_server_is_hidden(comma: str) -> None:
    before = f'{{\n  "servers": {{\n    "a": {{}}{comma} // token abc\n  }}\n}}\n'
    change = added(VSCODE, before)
    file = dataclasses.replace(change.file, content=change.after)
    second = add(file, change.chain_after, server("later"))

    assert "token" not in shown(change) + shown(second)
    file = dataclasses.replace(file, content=second.after)
    assert "token" not in shown(take_out(file, second.chain_after, "time"))


def test_a_comment_that_somebody_wrote_into_our_entry_is_hidden() -> None:
    change = added(VSCODE, '{"servers": {}}')
    content = (change.after or b"").replace(b'"args"', b'/* token abc */ "args"')
    chain = change.chain_after
    file = dataclasses.replace(change.file, content=content)

    assert b"token" in content
    assert "token" not in shown(take_out(file, chain, "time"))


def test_a_comment_that_goes_on_behind_the_shown_lines_is_hidden() -> None:
    before = (
        '{\n  "servers": {\n    "a": {}\n  }\n  /* token abc\n  key is "b": c'
        + "\n" * 9
        + "*/\n}\n"
    )

    assert shown(added(VSCODE, before)).endswith("   }\n   …\n …")


def test_a_value_that_goes_on_behind_the_shown_lines_is_hidden() -> None:
    change = added(CODEX, "a = 1\n")
    more = b'[b]\nkey = """\ntoken abc' + b"\n" * 9 + b'"""\n'
    file = dataclasses.replace(change.file, content=(change.after or b"") + more)

    assert shown(take_out(file, change.chain_after, "time")).endswith(' key = """\n …')


def test_our_own_secrets_are_hidden() -> None:
    secret = EnvironmentValue(name="TOKEN", value='s"3\\cret', secret=True)
    plain = EnvironmentValue(name="LEVEL", value="info")
    entry = ServerEntry(name="time", command="/p", args=(), env=(secret, plain))

    for row in (CURSOR, CODEX):
        text = shown(added(row, None, entry))
        assert "cret" not in text
        assert 's"3' not in text
        assert 's\\"3' not in text
        assert '"info"' in text
        assert '"…"' in text


@pytest.mark.parametrize("row", [CURSOR, CODEX])
@pytest.mark.parametrize("value", ["s3cret\nsecond", "s3cret\u00adx", "\x7fs3cret", "\u202es3cret"])
def test_our_own_secret_is_hidden_however_it_is_escaped(row: str, value: str) -> None:
    secret = EnvironmentValue(name="TOKEN", value=value, secret=True)
    entry = ServerEntry(name="time", command="/p", args=(), env=(secret,))

    assert "s3cret" not in shown(added(row, None, entry))


def test_a_secret_that_only_has_a_name_hides_nothing() -> None:
    named = EnvironmentValue(name="TOKEN", reference="TOKEN", secret=True)
    entry = ServerEntry(name="time", command="/null", args=("",), env=(named,))

    assert '"/null"' in shown(added(CODEX, None, entry))


def test_values_before_and_behind_our_entry_are_hidden() -> None:
    before = (
        '{\n  "first": "mine", "mcpServers": {\n    "a": "mine"\n  }, "last": "mine",\n'
        '  "end": "mine"\n}\n'
    )

    text = shown(added(CURSOR, before))

    assert "mine" not in text
    assert text.count("…") == before.count("mine") + 1  # (the line that gets a comma)
    assert '"/opt/mcpi/bin/python"' in text


@pytest.mark.parametrize(
    ("row", "before"),
    [
        (VSCODE, '// token\n{"servers": {}}\n'),
        (VSCODE, '/* token */ {"servers": {}}\n'),
        (CODEX, "# token\na = 1\n"),
        (CODEX, '# "token\na = "token"\n'),
    ],
)
def test_a_comment_that_begins_the_file_is_hidden(row: str, before: str) -> None:
    assert "token" not in shown(added(row, before))


def test_text_that_ends_with_its_line_leaves_the_next_line_alone() -> None:
    assert ' …\n """\n' in shown(added(CODEX, 'a = """\ntoken\n"""\n'))


def test_an_entry_of_ours_before_another_one_is_shown_whole() -> None:
    change = added(CURSOR, "{}", server("one"))
    file = dataclasses.replace(change.file, content=change.after)

    second = shown(add(file, change.chain_after, server("two")))

    assert '       "args": ["-I", "start.py"]\n' in second
    assert "…" not in second


def test_quoted_keys_are_shown_and_literals_hidden_in_toml() -> None:
    text = shown(added(CODEX, "['a b']\n'c d' = 'mine'\n'e'.'f' = 1\n"))

    assert "mine" not in text
    assert " 'c d' = '…'\n 'e'.'f' = 1" in text


def test_a_minified_file_shows_ours_only() -> None:
    before = '{"secret":"' + "x" * 100_000 + '","mcpServers":{"a":{"command":"mine"}}}'

    text = shown(added(CURSOR, before))

    assert len(text) < 1000
    assert "mine" not in text
    assert '"command":"/opt/mcpi/bin/python"' in text


@pytest.mark.parametrize(
    ("row", "before"),
    [
        (CURSOR, '{"secret":"' + "x" * (1 << 20) + '","mcpServers":{"a":"mine"},"z":"mine"}'),
        (VSCODE, "//" + "x" * (1 << 20) + '\n{"a": "mine", "servers": {}, "z": "mine"}\n'),
        (CODEX, "# " + "x" * (1 << 20) + "\na = 'mine'\n"),
    ],
)
def test_of_a_region_too_long_to_read_only_ours_is_shown(row: str, before: str) -> None:
    text = shown(added(row, before))

    assert len(text) < 1000
    assert "mine" not in text
    assert '"/opt/mcpi/bin/python"' in text
    assert '"a"' not in text


def test_a_replaced_server_of_the_user_is_hidden() -> None:
    before = '{\n  "mcpServers": {\n    "time": {"command": "mine"}\n  }\n}\n'
    change = add(host_file(CURSOR, before), no_chain(CURSOR), server(), replace=True)

    assert '-    "time": {"command": "…"}' in shown(change)
    assert "mine" not in shown(change)


def test_far_changes_are_hunks_of_their_own() -> None:
    change = added(CURSOR, '{\n  "mcpServers": {},\n' + '  "a": 1,\n' * 0 + '  "z": 1\n}\n')
    after = dataclasses.replace(change.file, content=change.after)
    lines = [line for line in diff(change) if line.startswith("@@")]

    assert lines == ["@@ -1,4 +1,9 @@"]
    assert diff(dataclasses.replace(change, file=after)) == ()


def test_line_ends_are_not_shown_but_counted() -> None:
    for eol in ("\r\n", "\r"):
        lines = diff(added(CURSOR, BEFORE.replace("\n", eol)))
        assert lines[2] == "@@ -5,6 +5,10 @@"
        assert not any("\r" in line for line in lines)


def test_the_changed_span_is_found_in_a_file_of_any_size() -> None:
    for size in (0, 1, 65535, 65536, 65537, 200_000):
        one = b"a" * size + b"X" + b"b" * size
        two = b"a" * size + b"YYY" + b"b" * size
        assert _changed(one, two) == (size, size + 1, size + 3)
        assert _changed(one, one[:-1] + b"")[0] >= size


@ends()
def test_a_huge_file_has_its_diff_at_once() -> None:
    before = json_of_size(10_000_000)
    change = added(CURSOR, before)

    text = shown(change)

    assert len(text) < 1000


def json_of_size(size: int) -> str:
    line = '    "text text text text text text text text text",\n'
    return '{\n  "mcpServers": {},\n  "a": [\n' + line * (size // len(line)) + "    1\n  ]\n}\n"
