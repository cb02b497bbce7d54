"""Any document in TOML, as somebody might have written it (Hypothesis)."""

from __future__ import annotations

import tomllib

from hypothesis import strategies as st

from mcpinstall.model.host import Format, HostRow
from tests.builders.hosts import ad_hoc_row

MAP = ad_hoc_row(Format.TOML, ("mcp_servers",))
LIST = ad_hoc_row(Format.TOML, ("mcp_servers",), is_list=True)

_TRAPS = ("[mcp_servers.alpha]", "x = 1", "# no comment", "a ]] }}", "é", "[[mcp_servers]]", "")
"""Words that must not be taken for something else inside a string or a comment."""

bare = st.from_regex(r"[a-z][a-z0-9_-]{0,4}", fullmatch=True).filter(
    lambda key: key not in ("alpha", "beta", "gamma", "mcp_servers", "name")
)
trap = st.sampled_from(_TRAPS)
quoted = st.one_of(
    trap.map(lambda word: f'"{word} \\" \\\\ \\u00e9"'),
    trap.map(lambda word: f"'{word} \" \\'"),
    trap.map(lambda word: f'"""\n{word}\n"" \\\n  {word}"""'),
    trap.map(lambda word: f"'''{word}\n''{word}'''"),
    trap.map(lambda word: f'"""{word}""""'),
)
key = st.one_of(bare, bare, bare.map(lambda name: f'"{name} ]#"'), bare.map(lambda n: f"'{n}.='"))
comment = st.one_of(st.just(""), trap.map(lambda word: f" # {word}"), st.just("\t#"))
plain = st.sampled_from(
    ["1", "0xdead_beef", "1_000", "3.10", "-inf", "true", "1979-05-27", "1979-05-27T07:32:00Z",
     "07:32:00.5", "6.626e-34"]
)  # fmt: skip


@st.composite
def array(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """An array, in one line or in several with comments."""
    items = draw(st.lists(inner, max_size=3))
    if not items or draw(st.booleans()):
        return f"[{', '.join(items)}]"
    return "[\n" + "".join(f"  {item},{draw(comment)}\n" for item in items) + "]"


@st.composite
def table(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    """An inline table, which TOML 1.0 has in one line."""
    pairs = draw(st.dictionaries(key, inner.filter(lambda shown: "\n" not in shown), max_size=2))
    return "{" + ", ".join(f"{name} = {value}" for name, value in pairs.items()) + "}"


value = st.recursive(plain | quoted, lambda inner: array(inner) | table(inner), max_leaves=4)
gap = st.sampled_from(["", "", "\n", "# a comment\n", "\n\n", "  \t\n"])


@st.composite
def pairs(draw: st.DrawFn) -> str:
    """Some `key = value` lines; keys may be dotted."""
    lines = []
    for name, shown in draw(st.dictionaries(bare, value, max_size=2)).items():
        equals = draw(st.sampled_from([" = ", "=", "\t= "]))
        dotted = f"{name}.{draw(key)}" if draw(st.integers(0, 3)) == 0 else name
        lines.append(f"{draw(gap)}{draw(st.sampled_from(['', '  ']))}{dotted}{equals}{shown}")
        lines.append(f"{draw(comment)}\n")
    return "".join(lines)


@st.composite
def header(draw: st.DrawFn, *path: str, is_list: bool = False) -> str:
    """The header of a table, as odd as it may be."""
    dot = draw(st.sampled_from([".", " . ", ". "]))
    inside = dot.join(path)
    blank = draw(st.sampled_from(["", " "]))
    shown = f"[[{blank}{inside}{blank}]]" if is_list else f"[{blank}{inside}{blank}]"
    return f"{draw(gap)}{shown}{draw(comment)}\n"


@st.composite
def foreign(draw: st.DrawFn) -> str:
    """A table that has nothing to do with servers."""
    name = draw(bare)
    path = (name, draw(key)) if draw(st.booleans()) else (name,)
    return draw(header(*path, is_list=draw(st.integers(0, 3)) == 0)) + draw(pairs())


@st.composite
def of_map(draw: st.DrawFn) -> list[str]:
    """Tables of servers, with sub-tables, with foreign tables between them."""
    blocks = []
    for name in draw(st.lists(key, max_size=3, unique=True)):
        blocks.append(draw(header("mcp_servers", name)) + 'command = "x"\n' + draw(pairs()))
        if draw(st.booleans()):
            blocks.append(draw(header("mcp_servers", name, "env")) + draw(pairs()))
        blocks += draw(st.lists(foreign(), max_size=1))
    return blocks


@st.composite
def of_list(draw: st.DrawFn) -> list[str]:
    """An array of tables, each of which names itself; some have sub-tables."""
    blocks = []
    for name in draw(st.lists(bare, max_size=3, unique=True)):
        own = f'name = "{name}"\n' if draw(st.integers(0, 5)) else ""
        blocks.append(draw(header("mcp_servers", is_list=True)) + own + draw(pairs()))
        if draw(st.booleans()):
            blocks.append(draw(header("mcp_servers", "env")) + draw(pairs()))
        blocks += draw(st.lists(foreign(), max_size=1))
    return blocks


@st.composite
def spelled(draw: st.DrawFn, row: HostRow) -> tuple[HostRow, bytes]:
    """A file with or without servers, comments, odd ends."""
    blocks = [draw(pairs()), *draw(of_list() if row.is_list else of_map())]
    blocks += draw(st.lists(foreign(), max_size=2))
    shown = "".join(blocks) + draw(st.sampled_from(["", "# end", "\n\n", "  ", "\t# é"]))
    shown = shown.rstrip("\n") if draw(st.booleans()) else shown
    if draw(st.booleans()):
        shown = shown.replace("\n", "\r\n")
    return row, draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + shown.encode()


def is_toml(made: tuple[HostRow, bytes]) -> bool:
    """Tell whether a document is one, by the parser of the standard library."""
    try:
        tomllib.loads(made[1].decode().removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:  # such as a key twice
        return False
    return True


def document(row: HostRow) -> st.SearchStrategy[tuple[HostRow, bytes]]:
    """A valid file for that row."""
    return spelled(row).filter(is_toml)
