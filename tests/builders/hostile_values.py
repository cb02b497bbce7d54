"""Texts of five megabytes that make a careless pattern slow, and servers that hold one anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from mcpinstall.model.audited import AuditedServer, FileScope, Value
from mcpinstall.rules.audit.unwrap import unwrap
from tests.builders.audited import server

SIZE = 5_000_000

REPEATED = (
    "a", "A", "0", " ", "\n", "-", "_", ".", "/", "\\", "'", '"', "=", ":", "@", "#", "%", "*", "[",
    "{", "}", "(", "<", "&", "?", ",", ";", "|", "~", "^", "!", "\0", "\x1b", "\u00e9", "\u202e",
    "\u0430", "\U0001f600", "\ufeff",
    "a ", "a.", "a-", "a_1", "aA", "a/", "../", "//", "\\\\", "''\"\"", "\"'", '\\"', "((", "{{}}",
    "${", "${a", "${A}", "${env:", "${{", "$(", "$a", "%a%", "%41", "{env:", "`a",
    "ghp_", "sk-", "sk-a", "xoxb-1", "AKIA", "eyJ", "eyJaaaaaaaaa.", "-----BEGIN ", "pypi-", "AIza",
    "://", "http://", "http://a@", "https://a:b@", "a:b@", "http://[", "?a=", "?token=", "&a=b",
    "127.", "0x7f.", "::", "1:", "@1.", "==1", ">=1,", "git+https://", "github:a/", "#sha256=",
    "--a ", "--a=", "-p ", "-e A=b ", "a@", "@a/", "curl |", "| sh ", "$(curl ", "<(curl ", "iex ",
    'eval "$(', "; ", "&& ", "env ", "A=b ", "import(", "xn--", "mcp-remote ", "mcp__", "a,b:",
)  # fmt: skip
"""Each is repeated up to the size."""


def texts(size: int = SIZE) -> Iterator[tuple[str, str]]:
    """Yield the name of a text, and the text."""
    for part in REPEATED:
        yield repr(part), part * (size // len(part))
    yield "open quotes", "'" + 'a"' * (size // 2)
    yield "near the end", "a" * (size - 1) + "\n"
    yield "a secret's beginning", "ghp_" + "a" * (size - 4)
    yield "random text", "".join(chr(33 + n * 7919 % 90) for n in range(size))
    yield "an address", "https://" + "a" * (size // 2) + ":" + "b" * (size // 2) + "@"
    yield "dots in a host", "http://" + "a." * (size // 2)


STARTS = (
    "", "npx", "npx -c", "uvx --from", "sh -c", "powershell -c", "powershell -enc", "cmd /c",
    "env -S", "env", "docker run -v", "docker run --mount", "docker run -e", "docker run",
    "node -e", "node", "python -c", "nix run", "go run", "pipx run --pip-args", "deno run",
    "mcp-remote", "npx -y mcp-remote", "npx -y @modelcontextprotocol/server-filesystem /",
    "java -jar", "sudo", "op run --", "curl",
)  # fmt: skip
"""What stands before the text in a launch."""

NAMES = (
    "PATH", "NODE_OPTIONS", "UV_INDEX", "PYTHONWARNINGS", "PYTHONPATH", "JAVA_TOOL_OPTIONS",
    "BROWSER", "GIT_SSH_COMMAND", "A_TOKEN", "DOCKER_HOST", "HTTP_PROXY", "HOST",
    "NODE_TLS_REJECT_UNAUTHORIZED", "ANTHROPIC_BASE_URL", "X",
)  # fmt: skip


def launched(start: str, text: str) -> AuditedServer:
    """Return a project's server with the text behind the beginning of a launch."""
    found = server(*start.split(), text, scope=FileScope.PROJECT)
    inner = unwrap(found.argv)
    return replace(
        found, launch=inner.launch, wrappers=inner.wrappers, variables=inner.variables,
        url=inner.url,
    )  # fmt: skip


def _with_variable(name: str, text: str) -> AuditedServer:
    return server("x", env={name: text})


def _many(text: str) -> tuple[str, ...]:
    """Return the beginning of a text as 20,000 words of eight characters."""
    return tuple(text[at : at + 8] for at in range(0, min(len(text), 160_000), 8))


PLACES: dict[str, Callable[[str], AuditedServer]] = {
    **{f"behind `{start}`": partial(launched, start) for start in STARTS},
    **{f"the value of {name}": partial(_with_variable, name) for name in NAMES},
    "a variable's name": lambda text: server("x", env={text: text}),
    "the address": lambda text: server(url=text),
    "a host": lambda text: server(url=f"http://{text}/mcp"),
    "a query": lambda text: server(url=f"https://h.example/?token={text}"),
    "a header": lambda text: server(url="https://h.example", headers={"Authorization": text}),
    "the server's name": lambda text: server("x", name=text),
    "other settings": lambda text: server(
        "x", others={"oauth": {"token": text}, "autoApprove": [text]}
    ),
    "a setting's name": lambda text: server("x", others={text: "x"}),
    "the transport": lambda text: server("x", others={"type": text}),
    "the folder": lambda text: replace(
        server("./x", scope=FileScope.PROJECT), directory=Value(text=text, pointer="/cwd")
    ),
}
"""Where the text stands."""

MANY: dict[str, Callable[[str], AuditedServer]] = {
    "many arguments": lambda text: server("npx", *_many(text), scope=FileScope.PROJECT),
    "many arguments of a container": lambda text: server("docker", "run", *_many(text)),
    "many variables": lambda text: server("x", env=dict.fromkeys(_many(text), "x")),
    "numbered variables": lambda text: server(
        "x", env={f"{n}_TOKEN": text[n * 8 : n * 8 + 8] for n in range(20_000)}
    ),
    "many settings": lambda text: server("x", others={"alwaysAllow": list(_many(text))}),
}
"""Places of 20,000 texts: more work, but in proportion."""
