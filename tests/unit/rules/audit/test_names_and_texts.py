"""MA107, MA307, MA701, MA702, MA707 and MA709: to the last word, border and place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit import confusable, entries, hidden_text, managed, placeholders
from mcpinstall.rules.audit.file_facts import Ambiguity, Ambiguous, FileFacts
from mcpinstall.rules.audit.hidden_text import visible
from mcpinstall.rules.audit.lookalike import known_near, look_alike
from mcpinstall.rules.audit.machine_facts import MachineFacts, Managed
from mcpinstall.rules.audit.parts import MOST_WORDS
from mcpinstall.rules.audit.rule import Hit
from mcpinstall.rules.audit.secrets import LONGEST
from mcpinstall.rules.audit.specs import Kind, npm, pypi, versioned
from tests.builders.audited import NOTHING, server

ZERO_WIDTH = "\u200b"
FILLER = "\u3164"
"""Hangul's filler: Python calls it printable."""


def hidden(one: AuditedServer) -> list[str]:
    return [
        f"{hit.pointer.removeprefix('/mcpServers/')} {hit.severity or ''}".strip()
        for hit in hidden_text.check(one, NOTHING)
    ]


# MA701 -------------------------------------------------------------------------------------------


def test_each_place_with_hidden_characters_is_told_once() -> None:
    x = f"x{ZERO_WIDTH}"
    directory = Value(text=x, pointer="/mcpServers/clock/cwd")
    wrapped = replace(
        server("env", x, "b"), launch=(Value(text="b\n", pointer="/mcpServers/clock/args/1"),)
    )

    assert hidden(server(x)) == ["clock/command"]
    assert hidden(server("a", x)) == ["clock/args/0"]
    assert hidden(server("a", "b", x)) == ["clock/args/1"]
    assert hidden(server("a\n")) == ["clock/command"]
    assert hidden(replace(server(x, "b"), launch=wrapped.launch)) == [
        "clock/command",
        "clock/args/1",
    ]
    assert hidden(server("a", "b\n")) == []
    assert hidden(wrapped) == ["clock/args/1", "clock/args/0"]
    assert hidden(replace(server("a"), directory=directory)) == ["clock/cwd"]
    assert hidden(server("a", env={x: ""})) == [f"clock/env/{x}"]
    assert hidden(server("a", env={"A": x})) == ["clock/env/A medium"]
    assert hidden(server(url=f"https://h.example/{x}")) == ["clock/url"]
    assert hidden(server("a", FILLER)) == ["clock/args/0"]
    assert hidden(server("a", "\u00e9 \u4e2d \u05d0")) == []


def test_eight_code_points_are_named() -> None:
    points = [chr(0x200B + n) for n in range(4)] + [chr(0xE0061 + n) for n in range(5)]
    (eight,) = hidden_text.check(server("a", "".join(points[:8])), NOTHING)
    (nine,) = hidden_text.check(server("a", "".join(points) * 2), NOTHING)

    assert eight.message.startswith("it holds U+200B, ")
    assert eight.message.count("U+") == nine.message.count("U+") == 8
    assert "more" not in eight.message
    assert " and 1 more, which" in nine.message


@pytest.mark.parametrize(
    ("text", "left"),
    [(f"a{ZERO_WIDTH}b", "ab"), ("a\n\tb\r", "a\n\tb\r"),
     ("\u2764\ufe0f a\ufe0f", "\u2764\ufe0f a"),
     ("\u0915\u200d\u0915 a\u200d", "\u0915\u200d\u0915 a"), ("\x1b[0m", "[0m"), ("é", "é")],
)  # fmt: skip
def test_what_is_seen_stays(text: str, left: str) -> None:
    assert visible(text) == left


# MA702 -------------------------------------------------------------------------------------------

LETTERS = str.maketrans(
    "abcdefhijklmnopqrstuvwxy",
    "\u0430\u0432\u0441\u0501\u0435\u0493\u04bb\u0456\u0458\u043a\u04cf\u043c\u043f\u043e\u0440\u051b"
    "\u0433\u0455\u0442\u0446\u0475\u051d\u0445\u0443",
)
"""Latin letters → letters of Cyrillic that look alike; `g` has a second Latin one."""
WORDS = """github gitlab google openai anthropic claude modelcontextprotocol microsoft aws slack
    notion atlassian jira stripe paypal apple figma linear sentry cloudflare docker supabase
    postgres playwright puppeteer filesystem memory fetch time git brave context7 npm pypi vercel
    netlify asana hubspot salesforce shopify airtable dropbox box grafana datadog mongodb redis
    elastic snowflake huggingface exa tavily firecrawl browserbase copilot cursor api mcp"""


def confused(one: AuditedServer) -> list[Hit]:
    return list(confusable.check(one, NOTHING))


@pytest.mark.parametrize("word", WORDS.split())
def test_a_known_word_in_another_alphabet_is_told(word: str) -> None:
    other = word.replace("g", "\u0261") if "g" in word else word.translate(LETTERS)

    assert [hit.rule.id for hit in confused(server("a", other))] == ["MA702"]
    assert confused(server("a", f"\u0436{other}" if "g" not in word else f"z{other}")) == []


def test_one_word_of_several_is_enough_and_letters_alone_are_named() -> None:
    api = "api".translate(LETTERS)
    (hit,) = confused(server("a", f"\u043f\u0440\u0438\u0432\u0435\u0442-{api} x"))
    long = "github".replace("g", "\u0261") + " " + "".join(chr(0xC0 + n) for n in range(9))

    assert "U+0430" in hit.message
    assert "U+0078" not in hit.message
    assert confused(server("a", long))[0].message.count("U+") == 8


def test_a_host_in_an_argument_is_told_once_and_behind_punycode() -> None:
    url = "https://xn--80ak6aa92e.example/x"
    one = replace(
        server("mcp-remote", url), url=Value(text=url, pointer="/mcpServers/clock/args/0")
    )

    assert len(confused(one)) == 1
    assert len(confused(server(url=url))) == 1
    assert confused(server("a", "xn--99999999", "xn--0")) == []


# MA307 -------------------------------------------------------------------------------------------


def dead(one: AuditedServer) -> list[str]:
    return [hit.pointer[len("/mcpServers/clock/") :] for hit in placeholders.check(one, NOTHING)]


def test_who_fills_in_a_reference_is_not_told() -> None:
    def at(*argv: str, **fields: object) -> list[str]:
        return dead(server(*argv, host="claude-desktop", **fields))  # type: ignore[arg-type]

    assert at("x", "${A}") == ["args/0"]
    assert at("x", "%A%", wrappers=("cmd",)) == []
    assert at("x", "${A}", wrappers=("cmd",)) == ["args/0"]
    assert at(url="https://${A}/x") == ["url"]
    assert at("mcp-remote", "https://${A}/x") == []
    assert at("npx", "mcp-remote", "${A}", url="https://${A}/x") == []
    assert at("sh", "-c", "${A}") == []
    (hit,) = placeholders.check(server("x", "${A} %B%", host="claude-desktop"), NOTHING)
    assert "`${NAME}`" in hit.message
    (hit,) = placeholders.check(server("x", "${env:A}", host="claude-desktop"), NOTHING)
    assert "`${env:NAME}`" in hit.message


# MA704, MA707, MA709 -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fix"),
    [(Ambiguity.DUPLICATE_KEY, "leave one of them"), (Ambiguity.TWO_ROOTS, "leave one of them"),
     (Ambiguity.NOT_A_NUMBER, "write a number"), (Ambiguity.OVERFLOW, "write a number")],
)  # fmt: skip
def test_what_helps_against_two_readings_is_told(kind: Ambiguity, fix: str) -> None:
    facts = FileFacts(ambiguous=(Ambiguous(kind=kind, pointer="/x"),))

    assert [hit.fix for hit in entries.ambiguous((), facts)] == [fix]


def malformed(one: AuditedServer) -> list[str]:
    return [hit.message for hit in entries.malformed(one, NOTHING)]


@pytest.mark.parametrize(
    ("command", "is_line"),
    [("npx -y a", True), ("npx a", True), ("npx", False), ("npx ", False), (" npx", False),
     ("<your program> -y", False), ("/opt/my app/x", False), ("/opt/x -y", True),
     ("C:\\Program Files\\x.exe", False), ("C:\\Program Files\\x.exe --y", True)],
)  # fmt: skip
def test_a_command_with_arguments_is_told_at_the_command(command: str, is_line: bool) -> None:
    found = list(entries.malformed(server(command, "x"), NOTHING))

    assert [hit.pointer for hit in found] == ["/mcpServers/clock/command"] * is_line
    assert malformed(server(command, host="augment-vscode")) == []


def test_arguments_in_one_text_are_told() -> None:
    words = (*server("x").argv, Value(text="-y a", pointer="/mcpServers/clock/args"))

    assert malformed(replace(server("x"), argv=words, launch=words)) == ["`args` is one text"]


def test_what_was_not_looked_at_is_told() -> None:
    most, long = ("x",) * MOST_WORDS, "x" * LONGEST
    few = f"characters only the first {LONGEST} were looked at"

    assert malformed(server(*most)) == []
    assert malformed(server(*most, "x")) == [
        f"of {MOST_WORDS + 1} arguments only the first {MOST_WORDS} were looked at"
    ]
    for one in (server("x", long), server("x", env={"A": long}), server("x", headers={"A": long}),
                server("x", others={"note": long}), server(url=f"http://{long[7:]}")):  # fmt: skip
        assert not [said for said in malformed(one) if few in said]
    (deep,) = entries.malformed(server("x", wrappers=("nice",) * 16), NOTHING)
    assert (deep.severity, deep.pointer) == (Severity.MEDIUM, "/mcpServers/clock")
    assert "only the first 16 were looked at" in deep.message
    assert malformed(server("x", wrappers=("nice",) * 15)) == []
    longer = f"{long}x"
    for one in (server("x", longer), server("x", env={"A": longer}),
                server("x", headers={"A": longer}), server("x", others={"note": longer}),
                server(url=f"http://{longer}")):  # fmt: skip
        assert len([said for said in malformed(one) if few in said]) == 1


@pytest.mark.parametrize(
    ("host", "fields", "said"),
    [("claude-code-user", {"url": "https://h.example"}, 1),
     ("claude-code-user", {"url": "https://h.example", "others": {"type": "http"}}, 0),
     ("claude-desktop", {"url": "https://h.example"}, 1), ("cursor-user", {"url": "https://h"}, 0),
     ("claude-code-user", {}, 0), ("claude-desktop", {}, 0)],
)  # fmt: skip
def test_a_host_that_takes_no_bare_address_is_told(
    host: str, fields: dict[str, object], said: int
) -> None:
    argv = () if "url" in fields else ("x",)

    assert len(malformed(server(*argv, host=host, **fields))) == said  # type: ignore[arg-type]
    both = replace(server("x", host=host), url=server("x").argv[0])
    assert malformed(both) == []
    assert malformed(server(host=host, env={"A": "b"})) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [("a\\b", "looks like a path"), ("a..b", "looks like a path"), ("é;", "mean something"),
     ("a;", "mean something"), ("-a", "an option"), (" ", "is empty"), ("con", "a device"),
     ("é b", ""), ("a (b)", ""), ("a\u2013b", "")],
)  # fmt: skip
def test_why_a_name_is_unsafe_is_told(name: str, why: str) -> None:
    found = entries.name(server("x", name=name), NOTHING)
    regular = [hit.message for hit in found if hit.persona is None]

    assert len(regular) == bool(why)
    assert all(why in said for said in regular)


# MA107 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "known"),
    [(Kind.NPM, "nvmcp", "envmcp"), (Kind.NPM, "exa_mcp_server", "exa-mcp-server"),
     (Kind.PYPI, "mcp-server-gti", "mcp-server-git"), (Kind.PYPI, "mcp-server-tine",
     "mcp-server-time"), (Kind.NPM, "envmcp", ""), (Kind.NPM, "envmcp2", ""),
     (Kind.PYPI, "mcp-server-gist", ""), (Kind.NPM, "@playwright/mcq", ""),
     (Kind.NPM, "@modelcontextprotocol/server-memorx", ""), (Kind.NPM, "exa-mcpserver",
     "exa-mcp-server"), (Kind.NPM, "@modelcontextprotocl/server-memory",
     "@modelcontextprotocol/server-memory"),
     (Kind.NPM, "@plawright/mcp", "@playwright/mcp"), (Kind.PYPI, "MCP_Server.Time", ""),
     (Kind.NPM, "mcp", ""), (Kind.NPM, "unrelated-name", "")],
)  # fmt: skip
def test_a_name_is_taken_for_a_known_one(kind: Kind, name: str, known: str) -> None:
    assert known_near(kind, name) == known


def test_only_packages_of_two_indexes_are_compared() -> None:
    value = Value(text="envmpc", pointer="/x")

    assert [hit.rule.id for hit in look_alike(npm(value))] == ["MA107"]
    fast = Value(text="fastmpc", pointer="/x")
    assert [hit.rule.id for hit in look_alike(pypi(fast))] == ["MA107"]
    assert list(look_alike(versioned(Kind.NUGET, fast, ""))) == []
    assert list(look_alike(npm(Value(text="envmc\u0440", pointer="/x")))) == []


# MA111 -------------------------------------------------------------------------------------------


def test_what_helps_against_drift_depends_on_whose_entry_it_is() -> None:
    def fix(**fields: object) -> str:
        known = Managed(entry_name="clock", drift="differs", **fields)  # type: ignore[arg-type]
        (hit,) = managed.drift(server("x"), MachineFacts(managed=known))
        return hit.fix

    assert fix(is_copy=True).startswith("take the entry out if you did not write it")
    assert fix(by_hand=("env", "cwd")).startswith("change `env`, `cwd` back in an editor")
    assert fix() == "`mcpi verify clock` tells more; `mcpi configure clock` writes the entry again"
