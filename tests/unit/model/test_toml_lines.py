"""On which lines the keys of a TOML document stand."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model.toml_lines import key_lines

DOCUMENT = '''\
schema = 1 # not = a key
# [not.a.table]
"hosts" = [
  "a", # ]
  "b = c",
]
x.'y' = """
k = 1
"""

[[exceptions]] # [of]
rule = "hosts"
[[exceptions]]
  reason = 'x = y'
[a."b.c"]
d = { e = 1 }
'''


def test_every_key_and_table_has_its_line() -> None:
    assert tomllib.loads(DOCUMENT)
    assert key_lines(DOCUMENT) == {
        "schema": 1, "hosts": 3, "x.y": 7, "exceptions[0]": 11, "exceptions[0].rule": 12,
        "exceptions[1]": 13, "exceptions[1].reason": 14, "a.b.c": 15, "a.b.c.d": 16,
    }  # fmt: skip


def test_the_last_line_needs_no_end() -> None:
    assert key_lines("a = 1\nb = 2") == {"a": 1, "b": 2}
    assert key_lines("") == {}


@given(
    st.lists(
        st.sampled_from(['{} = "a\\n="', "{} = [\n1,\n2] # =", "{} = '''\n[x]\n'''", "#\n{} = 1"])
    )
)
def test_any_values_between_change_nothing(values: list[str]) -> None:
    text = "\n".join(value.format(f"k{number}") for number, value in enumerate(values))
    lines = text.split("\n")

    assert {name: lines[line - 1].split(" ")[0] for name, line in key_lines(text).items()} == {
        name: name for name in tomllib.loads(text)
    }
