"""Host files as users have them, odd and broken ones among them, made from nothing but this."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

BOM = b"\xef\xbb\xbf"

FILES = {
    "cursor": (".cursor/mcp.json", "json", "mcpServers"),
    "claude-code": (".claude.json", "json", "mcpServers"),
    "gemini-cli": (".gemini/settings.json", "json-comments", "mcpServers"),
    "zed": (".config/zed/settings.json", "jsonc", "context_servers"),
    "codex": (".codex/config.toml", "toml", "mcp_servers"),
    "goose": (".config/goose/config.yaml", "yaml", "extensions"),
}
"""Host: file below the home folder, dialect, and the key of its servers."""


@dataclass(frozen=True, kw_only=True)
class OddConfig:
    """One file of one host before somebody adds a server."""

    host: str
    name: str
    """What is odd about it."""
    content: bytes | None
    """None: there is no file."""
    is_valid: bool = True
    """Whether the host's dialect allows it; otherwise nothing but a refusal loses nothing."""
    may_refuse: bool = False
    """A form that is valid and that an editor may refuse all the same."""
    mode: int = 0o644
    is_link: bool = False

    @property
    def words(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...], tuple[bytes, ...]]:
        """Marks in the file: of its servers, its comments and its other settings."""
        content = self.content or b""
        servers, comments, settings = (
            tuple(mark for mark in marks if mark in content)
            for marks in ((b"first-server", b"second-server"), _COMMENTS, (b"keep-setting",))
        )
        return servers, comments, settings


_COMMENTS = (b"comment-one", b"comment-two", b"comment-three")
_SERVERS = {
    "first": {"command": "first-server", "args": ["-a", "é \\ \u2603"]},
    "second": {"command": "second-server", "args": [], "env": {"LEVEL": "info"}},
}
_DOCUMENT = {"theme": "keep-setting", "mcpServers": _SERVERS}


def configs() -> list[OddConfig]:
    """Return every file; two of one host never have the same name."""
    made = [*_strict(), *_with_comments(), *_with_trailing_commas(), *_toml(), *_yaml()]
    return [*made, _large()]


def _strict() -> Iterator[OddConfig]:
    """Yield files in strict JSON."""
    plain = json.dumps(_DOCUMENT, indent=2, ensure_ascii=False) + "\n"
    yield from _everywhere("cursor", plain.encode())
    for name, shown in {
        "minified": json.dumps(_DOCUMENT, separators=(",", ":")),
        "tabs": json.dumps(_DOCUMENT, indent="\t") + "\n",
        "no final line end": plain.rstrip("\n"),
        "no map of servers yet": '{\n  "theme": "keep-setting"\n}\n',
        "spelling of numbers": '{"a": 1.0, "b": 1e3, "c": 12345678901234567890123, '
        f'"d": -0, {json.dumps(_DOCUMENT)[1:]}',
        "escapes": plain.replace("é", "\\u00e9").replace("/", "\\/"),
        "nested 200 deep": f'{{"deep": {"[" * 200}{"]" * 200}, {plain[1:]}',
    }.items():
        yield OddConfig(host="cursor", name=name, content=shown.encode())
    half = plain[: plain.index('"second"')]
    for name, broken in {
        "a comment, which this host rejects": plain.replace("{", "{ // comment-one", 1),
        "a trailing comma": plain.replace('"info"', '"info",'),
        "a key twice": plain.replace('"theme"', '"mcpServers": {}, "theme"'),
        "conflict markers": f"<<<<<<< ours\n{plain}=======\n{plain}>>>>>>> theirs\n",
        "cut off": half,
        "servers are a list": '{"theme": "keep-setting", "mcpServers": ["first-server"]}',
        "servers are a text": '{"theme": "keep-setting", "mcpServers": "first-server"}',
        "the document is a list": '["keep-setting", "first-server"]',
        "NaN": plain.replace('"keep-setting"', '"keep-setting", "n": NaN'),
    }.items():
        yield OddConfig(host="cursor", name=name, content=broken.encode(), is_valid=False)
    latin = plain.replace("\u2603", "").encode("latin-1")
    yield OddConfig(host="cursor", name="not UTF-8", content=latin, is_valid=False)


def _everywhere(host: str, plain: bytes) -> Iterator[OddConfig]:
    """Yield what any host's file can be."""
    for name, content in {
        "as usual": plain,
        "no file": None,
        "an empty file": b"",
        "CRLF": plain.replace(b"\n", b"\r\n"),
        "a byte-order mark": BOM + plain,
    }.items():
        yield OddConfig(host=host, name=name, content=content)
    yield OddConfig(host=host, name="mode 0600", content=plain, mode=0o600)
    yield OddConfig(host=host, name="a link into a folder of dot files", content=plain,
                    is_link=True)  # fmt: skip


def _with_comments() -> Iterator[OddConfig]:
    """Yield files in JSON with comments, but without trailing commas."""
    shown = json.dumps(_DOCUMENT, indent=2, ensure_ascii=False).replace(
        '"mcpServers": {', '// comment-one\n  "mcpServers": {\n    /* comment-two */'
    )
    whole = f"{shown}\n// comment-three\n"
    yield from _everywhere("gemini-cli", whole.encode())
    wrong = whole.replace('"info"', '"info",')
    yield OddConfig(host="gemini-cli", name="a trailing comma", content=wrong.encode(),
                    is_valid=False)  # fmt: skip
    yield OddConfig(host="gemini-cli", name="cut off", content=whole[:150].encode(),
                    is_valid=False)  # fmt: skip


def _with_trailing_commas() -> Iterator[OddConfig]:
    """Yield files in JSON with comments and trailing commas."""
    whole = """\
// comment-one: settings of the editor
{
  "theme": "keep-setting",  // http://not.a.comment
  "context_servers": {
    "first": {"command": "first-server", "args": ["//", "/*", "é"],},
    // comment-two
    "second": {
      "command": "second-server",
      "args": [],
    },  /* comment-three */
  },
}
"""
    yield from _everywhere("zed", whole.encode())
    unclosed = whole.replace("/* comment-three */", "/* comment-three")
    yield OddConfig(host="zed", name="a comment without an end", content=unclosed.encode(),
                    is_valid=False)  # fmt: skip
    yield OddConfig(host="zed", name="cut off", content=whole[:170].encode(), is_valid=False)


def _toml() -> Iterator[OddConfig]:
    whole = """\
# comment-one
theme = "keep-setting"   # comment-two
since = 1979-05-27
limit = 1_000

[mcp_servers.first]
command = "first-server"
args = [
  "-a",  # comment-three
  'é',
]

[mcp_servers.first.env]
LEVEL = "info"

[other]
a.b = 0xff

[mcp_servers.second]
command = "second-server"
"""
    yield from _everywhere("codex", whole.encode())
    head = 'theme = "keep-setting"  # comment-one\n'
    for name, shown in {
        "servers in an inline table": f'{head}mcp_servers = {{first = {{command = "first-server"}}'
        ', second = {command = "second-server"}}\n',
        "servers by dotted keys": f'{head}mcp_servers.first.command = "first-server"\n'
        'mcp_servers.second.command = "second-server"\n',
    }.items():
        yield OddConfig(host="codex", name=name, content=shown.encode(), may_refuse=True)
    text = '\n[texts]\na = """\n[mcp_servers.not]\n# no comment"""\n'
    yield OddConfig(host="codex", name="a table in a text", content=(whole + text).encode())
    for name, broken in {
        "a table twice": whole + '[mcp_servers.first]\ncommand = "again"\n',
        "a text without an end": whole + 'broken = "\n',
        "servers are an array of tables": f'{head}[[mcp_servers]]\ncommand = "first-server"\n',
        "conflict markers": f"<<<<<<< ours\n{whole}=======\n{whole}>>>>>>> theirs\n",
    }.items():
        yield OddConfig(host="codex", name=name, content=broken.encode(), is_valid=False)


def _yaml() -> Iterator[OddConfig]:
    whole = """\
# comment-one
GOOSE_THEME: keep-setting   # comment-two
answer: "yes"
extensions:
    first:
        name: first
        type: stdio
        cmd: first-server
        args: ['-a', "\\u00e9"]
        enabled: true
    # comment-three
    second:
        name: second
        type: stdio
        cmd: second-server
        args: []
        enabled: true
"""
    yield from _everywhere("goose", whole.encode())
    server = "{name: %s, type: stdio, cmd: %s-server, args: [], enabled: true}"
    for name, shown in {
        "anchors and merge keys": "base: &base {enabled: true, args: []}  # comment-one\n"
        "GOOSE_THEME: keep-setting\nextensions:\n  first:\n    <<: *base\n    cmd: first-server\n"
        "    name: first\n    type: stdio\n",
        "servers in brackets": "GOOSE_THEME: keep-setting  # comment-one\nextensions: {first: "
        f"{server % ('first', 'first')}, second: {server % ('second', 'second')}}}\n",
        "servers: nothing yet": "GOOSE_THEME: keep-setting\nextensions:  # comment-one\n",
        "block texts and odd scalars": whole + "notes: |\n  keep\n   this\n\nwhen: 2026-11-22\n"
        "mode: 0o17\nno: 'no'\n",
        "document marks": f"---\n{whole}...\n",
        "tabs before comments": whole.replace("   # comment-two", "\t# comment-two"),
    }.items():
        yield OddConfig(host="goose", name=name, content=shown.encode())
    for name, broken in {
        "indented by tabs": "extensions:\n\tfirst:\n\t\tcmd: first-server\n",
        "a key twice": whole + "extensions: {}\n",
        "servers are a list": "GOOSE_THEME: keep-setting\nextensions:\n  - first-server\n",
        "a bracket without an end": f"{whole}broken: [\n",
        "conflict markers": f"<<<<<<< ours\n{whole}=======\n{whole}>>>>>>> theirs\n",
    }.items():
        yield OddConfig(host="goose", name=name, content=broken.encode(), is_valid=False)


def _large() -> OddConfig:
    """Return ten megabytes, as Claude Code has them after a year.

    Every project has the same history, which is printed once: this runs in each collection.
    """
    history = [{"display": f"fix the test number {number} – please\n"} for number in range(1000)]
    size = len(json.dumps(history, ensure_ascii=False).encode())
    document = {**_DOCUMENT, "projects": {"PLACE": {"history": history}}}
    shown = json.dumps(document, ensure_ascii=False, indent=2)
    start, end = shown.index('    "PLACE"'), shown.rindex("\n  }\n}")
    places = (f"/home/ann/code/{number}" for number in range(10_000_000 // size + 1))
    projects = ",\n".join(shown[start:end].replace("PLACE", place, 1) for place in places)
    content = shown[:start] + projects + shown[end:]
    return OddConfig(host="claude-code", name="10 MB", content=content.encode())
