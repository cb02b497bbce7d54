"""MA702: names written with letters of another alphabet that look the same (UTS 39)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcpinstall.errors import McpInstallError
from mcpinstall.model.audited import AuditedServer, Value
from mcpinstall.model.finding import Severity
from mcpinstall.model.mixed_scripts import require_one_script
from mcpinstall.rules.audit.addresses import is_written, parse
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.parts import MOST_WORDS
from mcpinstall.rules.audit.rule import Confidence, Hit, rule

CONFUSABLE = rule(
    702, "confusable-identifier", Severity.HIGH, "A name looks like another one", cwe=1007,
    confidence=Confidence.MEDIUM,
)  # fmt: skip

_LONGEST = 512  # characters of a name
_MOST_SHOWN = 8  # code points

_LOOKS = str.maketrans(
    "\u0430\u0432\u0441\u0501\u0435\u0451\u0493\u0261\u04bb\u043d\u0456\u0457\u0458\u043a"
    "\u04cf\u043c\u043f\u043e\u0440\u051b\u0433\u0455\u0442\u0446\u0475\u051d\u0445\u0443"
    "\u03b1\u03b2\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c3\u03c4\u03c5\u03c7\u03c9"
    "\u03b3\u0585\u0578\u057d\u0570\u0581",
    "abcdeefghhiijklmnopqrstuvwxyabenikvopotuxwyonuhg",
)
"""Letters of Cyrillic, Greek and Armenian → the Latin letter that they look like."""

KNOWN = frozenset({
    "github", "gitlab", "google", "openai", "anthropic", "claude", "modelcontextprotocol",
    "microsoft", "aws", "slack", "notion", "atlassian", "jira", "stripe",
    "paypal", "apple", "figma", "linear", "sentry", "cloudflare", "docker", "supabase", "postgres",
    "playwright", "puppeteer", "filesystem", "memory", "fetch", "time", "git", "brave", "context7",
    "npm", "pypi", "vercel", "netlify", "asana", "hubspot", "salesforce", "shopify",
    "airtable", "dropbox", "box", "grafana", "datadog", "mongodb", "redis", "elastic", "snowflake",
    "huggingface", "exa", "tavily", "firecrawl", "browserbase", "copilot", "cursor", "api", "mcp",
})  # fmt: skip
"""Words in names of known servers, packages and hosts."""


def check(server: AuditedServer, _facts: FileFacts) -> Iterator[Hit]:
    """Yield names, hosts and arguments with a word that mixes alphabets or mimics a known one."""
    for value, text in _names(server):
        part = text[:_LONGEST]
        decoded = _decoded(part)
        if not decoded.isascii() and _is_confusable(decoded):
            points = dict.fromkeys(f"U+{ord(char):04X}" for char in decoded if not char.isascii())
            yield Hit(
                rule=CONFUSABLE, pointer=value.pointer,
                message="it has letters that look like Latin ones: "
                + ", ".join(list(points)[:_MOST_SHOWN]),
                fix="write the name again yourself, or remove the entry if you did not write it",
            )  # fmt: skip


def _names(server: AuditedServer) -> Iterator[tuple[Value, str]]:
    yield server.name, server.name.text
    for value in server.launch[:MOST_WORDS]:
        yield value, _host(value.text)
    if server.url is not None and server.url.pointer not in {v.pointer for v in server.launch}:
        yield server.url, _host(server.url.text)


def _host(text: str) -> str:
    address = parse(text) if is_written(text) else None
    return address.host if address else text


def _decoded(text: str) -> str:
    return re.sub(r"(?i)\bxn--([a-z0-9-]{1,63})", _unicode_label, text)


def _unicode_label(label: re.Match[str]) -> str:
    try:
        return label[1].lower().encode("ascii").decode("punycode")
    except ValueError:
        return label[0]


def _is_confusable(text: str) -> bool:
    try:
        require_one_script(text, "name")
    except McpInstallError:
        return True
    words = (word for word in re.split(r"[\W_]+", text.lower()) if not word.isascii())
    return any(word.translate(_LOOKS) in KNOWN for word in words)
