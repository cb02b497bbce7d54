"""Each rule about values: what it must find, and what it must not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.hosts.table import table
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.model.json_text import Json
from mcpinstall.model.text import printable
from mcpinstall.rules.audit.approval import fingerprints, place
from mcpinstall.rules.audit.file_facts import (
    Ambiguity,
    Ambiguous,
    FileFacts,
    Owner,
    PathFacts,
    Tracking,
)
from mcpinstall.rules.audit.references import EXPANDS, dead_placeholders
from mcpinstall.rules.audit.rule import Persona
from mcpinstall.rules.audit.values import FILE_VALUES, HIDES, VALUES
from tests.builders.audited import hits, ids, server
from tests.builders.canaries import private_key, random_text, token, web_token

GITHUB, RANDOM = token("github"), random_text()
REMOTE = "https://mcp.example.com/mcp"
PROJECT = FileScope.PROJECT
TRACKED = FileFacts(scope=PROJECT, tracking=Tracking.TRACKED)


def bridge(url: str, *args: str) -> AuditedServer:
    return server("npx", "-y", "mcp-remote@0.1.29", url, *args)


def docker(*args: str) -> AuditedServer:
    return server("docker", "run", "-i", "--rm", *args, "example/clock@sha256:0", "--port", "80")


FIRES: dict[str, list[AuditedServer]] = {
    "MA301": [
        server("x", env={"GITHUB_TOKEN": GITHUB}),
        server("x", env={"DATABASE_URL": "postgres://u:p@h/d"}),
        server("x", env={"KEY": private_key()}),
        server("x", env={"AUTH_TOKEN": web_token()}),
        server("x", env={"APP_PASSWORD": RANDOM}),
        server("x", others={"settings": {"github_token": GITHUB}}),
    ],
    "MA302": [
        server("x", f"--token={GITHUB}"),
        server("x", "--api-key", token("openai")),
        server("x", "postgresql://app:s3cr3t-pw@db.example.org/app"),
        server("x", "--password", RANDOM),
        docker("-e", f"SLACK_BOT_TOKEN={token('slack')}"),
    ],
    "MA303": [
        server(url=REMOTE, headers={"Authorization": f"Bearer {GITHUB}"}),
        server(url=f"{REMOTE}?api_key={RANDOM}"),
        server(url="https://ana:s3cr3t-pw@mcp.example.com/mcp"),
        server(url=REMOTE, headers={"X-API-Key": "s3cr3t-pw-17"}),
        bridge(REMOTE, "--header", f"Authorization: Bearer {RANDOM}"),
    ],
    "MA307": [
        server("x", env={"A": "${HOME}"}, host="claude-desktop"),
        server("x", env={"A": "${API_KEY}"}, host="cursor-user"),
        server("x", env={"A": "${input:key}"}, host="claude-code-user"),
        server("x", env={"A": "{env:KEY}"}, host="vscode-user"),
        server("x", "%USERPROFILE%", host="cursor-user"),
        server("x", env={"A": "$TOKEN"}, host="codex-user"),
        server(url=REMOTE, headers={"A": "${{ secrets.KEY }}"}, host="cursor-user"),
        server("x", "${workspaceFolder}", host="claude-desktop"),
    ],
    "MA401": [
        server(url="http://mcp.example.com/mcp"),
        server(url="ws://mcp.example.com/mcp"),
        bridge("http://mcp.example.com/sse"),
        server("uvx", "mcp-proxy==0.8.2", "http://mcp.example.com/sse"),
        server(url="HTTP://0x08080808/mcp"),
        server(url="http://localhost.example.com/mcp"),
        server(url="http://192.168.1.5:8080/mcp"),
    ],
    "MA402": [
        server("npx", env={"NODE_TLS_REJECT_UNAUTHORIZED": "0"}),
        server("uvx", env={"PYTHONHTTPSVERIFY": "0"}),
        server("uvx", env={"JIRA_SSL_VERIFY": "false"}),
        server("x", env={"GIT_SSL_NO_VERIFY": "1"}),
        server("npx", env={"npm_config_strict_ssl": "false"}),
        server("x", "--insecure"),
        server("x", "--ssl-verify=false"),
        server("curl", "-k", REMOTE),
        docker("-e", "NODE_TLS_REJECT_UNAUTHORIZED=0"),
    ],
    "MA403": [
        server(url="http://169.254.169.254/latest/meta-data"),
        server(url="http://2852039166/"),
        server(url="http://0xa9fea9fe/"),
        server(url="http://0251.0376.0251.0376/"),
        server(url="http://169.254.43518/"),
        server(url="http://[::ffff:169.254.169.254]/"),
        server(url="http://[::ffff:a9fe:a9fe]/"),
        server(url="http://[fd00:ec2::254]/"),
        server(url="http://[64:ff9b::a9fe:a9fe]/"),
        server(url="http://metadata.google.internal./"),
        server(url="http://%31%36%39.254.169.254/"),
        server(url="http://１６９.254.169.254/"),  # noqa: RUF001
        server("x", env={"BASE_URL": "http://169.254.169.254/"}),
    ],
    "MA404": [
        server("x", "--host", "0.0.0.0"),  # noqa: S104
        server("x", "--bind=0.0.0.0:8080"),
        server("x", "--listen", "[::]"),
        server("x", "--listen=[::]:8080"),
        server("x", env={"HOST": "0.0.0.0"}),  # noqa: S104
        server("x", env={"FASTMCP_HOST": "::"}),
        server("x", "--listen", ":8080"),
        server("x", "-addr=:8080"),
        server("x", "--address", "*:8080"),
        server("x", env={"LISTEN_ADDR": ":8080"}),
        docker("-p", "8080:8080"),
        docker("-p8080:8080"),
        docker("--publish=0.0.0.0:8080:8080"),
        docker("-P"),
    ],
    "MA405": [
        server(url="http://mcp.example.com/mcp", headers={"Authorization": f"Bearer {GITHUB}"}),
        server(url="http://mcp.example.com/mcp", headers={"Authorization": "Bearer ${KEY}"}),
        server(url="http://ana:s3cr3t-pw@mcp.example.com/mcp"),
        server(url=f"http://mcp.example.com/mcp?token={RANDOM}"),
        bridge("http://mcp.example.com/sse", "--header", "X-API-Key: ${KEY}", "--allow-http"),
    ],
    "MA407": [
        server("x", env={"DANGEROUSLY_OMIT_AUTH": "true"}),
        bridge("http://mcp.example.com/sse", "--allow-http"),
        server("npx", "@modelcontextprotocol/inspector@0.17.0", "--no-auth"),
        server(
            "npx", "@modelcontextprotocol/inspector@2.7.0", env={"DANGEROUSLY_OMIT_AUTH": "false"}
        ),
        server("uvx", "mcpo==0.0.17", "--disable-auth"),
    ],
    "MA501": [
        server("x", others={"trust": True}, host="gemini-cli-user"),
        server("x", others={"autoApprove": ["*"]}, host="cline"),
        server("x", others={"alwaysAllow": ["*"]}, host="roo-code-user"),
        server("x", others={"default_tools_approval_mode": "approve"}, host="codex-user"),
        server("x", others={"sandboxEnabled": True}, host="vscode-user"),
    ],
    "MA701": [
        server("safe\u202esj.exe"),
        server("x", "a\u200bb"),
        server("x", name="clock\u200b"),
        server("x", env={"A\u00ad": "1"}),
        server("x", env={"A": "ok\u001b[2J"}),
        server(url="https://mcp.example.com/\U000e0041"),
        server("x", others={"description": "a\u202eb"}),
        server("x", "\ue000"),
    ],
    "MA702": [
        server("npx", "@mod\u0435lcontextprotocol/server-git@1.0.0"),
        server(url="https://\u0430pi.github.com/mcp"),
        server(url="https://xn--pi-7kc.github.com/mcp"),
        server("x", name="\u0441l\u043e\u0441k"),
        server("x", name="\u0430\u0440\u0456"),
    ],
    "MA707": [
        server("npx -y clock@1.0.0"),
        server("/usr/bin/npx -y clock@1.0.0"),
        server("npx", others={"args": "-y clock"}),
        server("npx", "clock@1.0.0", url=REMOTE),
        server(url=REMOTE, others={"type": "carrier-pigeon"}),
        server(url=REMOTE, host="claude-code-user"),
        server(url=REMOTE, host="claude-desktop"),
    ],
    "MA709": [
        server("x", name="test&calc"),
        server("x", name="../../x"),
        server("x", name="CON"),
        server("x", name="-rf"),
        server("x", name="__proto__"),
        server("x", name="a" * 65),
        server("x", name="C:\\x"),
        server("x", name=""),
        server("x", name="$(id)"),
    ],
}
SILENT: dict[str, list[AuditedServer]] = {
    "MA301": [
        server("x", env={"GITHUB_TOKEN": "${input:github}"}),
        server("x", env={"GITHUB_TOKEN": "<your-token>"}),
        server("x", env={"COMMIT": "0a1b2c3d4e" * 4, "PROJECT": random_text(36)}),
        server("x", env={"DATABASE_URL": "postgres://user:password@localhost/db"}),
        server("x", env={"DATABASE_URL": "postgres://app:${DB_PASSWORD}@db/app"}),
    ],
    "MA302": [
        server("x", "--token-file", "/run/secrets/token-1aB2cD3eF4"),
        server("x", "--token", "${TOKEN}"),
        server("x", "--project", random_text(36)),
        docker("-e", "GITHUB_TOKEN"),
    ],
    "MA303": [
        server(url=REMOTE, headers={"Authorization": "Bearer ${X}"}),
        server(url=REMOTE, headers={"Authorization": "${input:auth}"}),
        server(url=REMOTE, others={"oauth": {"clientId": random_text(24)}}),
        server(url=REMOTE, headers={"X-Region": "eu", "Accept": "text/event-stream"}),
        server(url=f"{REMOTE}?tools=docs,search&project={random_text(24)}"),
    ],
    "MA307": [
        server("x", env={"A": "${HOME:-/root}"}, host="claude-code-project"),
        server("x", "${workspaceFolder}", env={"A": "${env:KEY}"}, host="cursor-user"),
        server("x", env={"A": "${input:key}"}, host="vscode-workspace"),
        server("x", env={"A": "{{ name }} costs 5$"}, host="claude-desktop"),
        server("x", env={"A": "${ANY}"}, host="a-host-of-tomorrow"),
        bridge(REMOTE, "--header", "Authorization: ${KEY}"),
        server("npx", "%APPDATA%", host="claude-desktop", wrappers=("cmd",)),
        server("sh", "-c", "exec clock ${HOME}", host="claude-desktop"),
    ],
    "MA401": [
        server(url="http://localhost:3000/mcp"),
        server(url="http://127.8.9.1:3000/mcp"),
        server(url="http://[::1]:3000/mcp"),
        server(url="http://app.localhost/mcp"),
        server(url="http://2130706433/mcp"),
        server(url="https://mcp.example.com/mcp"),
        server(url="unix:///run/mcp.sock"),
        server("x", "--schema", "http://json-schema.org/draft-07/schema"),
    ],
    "MA402": [
        server("npx", env={"NODE_TLS_REJECT_UNAUTHORIZED": "1"}),
        server("uvx", env={"NODE_TLS_REJECT_UNAUTHORIZED": "0"}),
        server("x", "-k", "5"),
        server("x", env={"JIRA_SSL_VERIFY": "true"}),
        server("x", env={"GIT_SSL_NO_VERIFY": ""}),
        server("x", "--ssl-verify", "true"),
        server("x", "--insecure=false"),
    ],
    "MA403": [
        server(url="https://169.253.169.254/"),
        server(url="https://metadata.example.com/"),
        server(url="https://10.0.0.1/"),
        server("x", "169.254.169.254"),
    ],
    "MA404": [
        server("x", "--host", "127.0.0.1"),
        server("x", "--allow", "0.0.0.0/0"),
        server("x", "--listen", "localhost:8080"),
        server("x", "--listen", ":", "--bind=:name"),
        server("x", "--host", "http://0.0.0.0:8080"),
        server("x", "--map", ":8080"),
        server("x", env={"REDIS_ADDR": ":6379"}),
        server("x", env={"DB_HOST": "db.example.org", "PORT": "0"}),
        docker("-e", "HOST=0.0.0.0"),
        docker("-p", "127.0.0.1:8080:8080"),
        docker("-p", "[::1]:8080:8080"),
        docker("--name", "-p"),
    ],
    "MA405": [
        server(url="http://localhost:3000/mcp", headers={"Authorization": "Bearer ${X}"}),
        server(url="https://mcp.example.com/mcp", headers={"Authorization": "Bearer ${X}"}),
        server(url="http://mcp.example.com/mcp", headers={"X-Region": "eu"}),
    ],
    "MA407": [
        server("x", env={"DANGEROUSLY_OMIT_AUTH": "false"}),
        server(
            "npx", "@modelcontextprotocol/inspector@2.8.0", env={"DANGEROUSLY_OMIT_AUTH": "false"}
        ),
        server(
            "npx", "@modelcontextprotocol/inspector@2.8.0", env={"DANGEROUSLY_OMIT_AUTH": "yes"}
        ),
        server("npx", "@modelcontextprotocol/inspector@2.7.0", env={"DANGEROUSLY_OMIT_AUTH": ""}),
        bridge("http://localhost:3000/sse", "--allow-http"),
        bridge(REMOTE, "--allow-http"),
        server("some-tool", "--no-auth"),
    ],
    "MA501": [
        server("x", others={"trust": False}, host="gemini-cli-user"),
        server("x", others={"autoApprove": ["get_time"]}, host="cline"),
        server("x", others={"alwaysAllow": []}, host="roo-code-user"),
        server("x", others={"trust": True}, host="cursor-user"),
        server("x", others={"tools": ["*"]}, host="copilot-cli-user"),
    ],
    "MA701": [
        server("x", name="\u05e9\u05e2\u05d5\u05df"),
        server(
            "x", others={"description": "two\nlines\tand \u2764\ufe0f \U0001f468\u200d\U0001f4bb"}
        ),
        server("x", env={"GREETING": "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"}),
        server("x", "--prompt", "first line\nsecond line"),
        server("x", env={"CERT": "line\nline"}),
    ],
    "MA702": [
        server("x", name="\u0447\u0430\u0441\u044b"),
        server("x", name="\u6642\u8a08"),
        server("x", others={"description": "caf\u00e9 \u0430b"}),
        server(url="https://m\u00fcnchen.example/mcp"),
        server("x", name="caf\u00e9"),
    ],
    "MA707": [
        server("C:\\Program Files\\nodejs\\npx.cmd", "-y", "clock@1.0.0"),
        server("/Applications/My Clock.app/Contents/MacOS/clock"),
        bridge(REMOTE),
        server(url=REMOTE, others={"type": "streamable-http"}),
        server(url=REMOTE, others={"type": "http", "timeout": 5}, host="claude-code-user"),
        server("x", others={"type": "stdio", "disabled": False, "tools": ["*"]}),
    ],
    "MA709": [
        server("x", name="Jira (work)"),
        server("x", name="@scope/clock"),
        server("x", name="io.github.user/clock"),
        server("x", name="clock.v2"),
        server("x", name="\u0633\u0627\u0639\u0629"),
    ],
}


def cases(table: Mapping[str, list[AuditedServer]]) -> list[tuple[str, AuditedServer]]:
    return [(rule, one) for rule, servers in table.items() for one in servers]


@pytest.mark.parametrize(("rule", "one"), cases(FIRES))
def test_a_rule_finds_what_it_must_and_no_other_rule_does(rule: str, one: AuditedServer) -> None:
    assert ids(hits(one)) == [rule]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (server(url="http://h.example/mcp", headers={"X-API-Key": "${X}"}, env={"A": GITHUB}),
         ["MA304", "MA405"]),
        (server("uvx", "mcp-streamablehttp-client==1.0", "http://h.example/mcp", "--no-auth"),
         ["MA401"]),
        (server("npx", "supergateway@1.0.0", "--sse", "http://h.example/mcp", "--no-auth"),
         ["MA401", "MA407"]),
        (bridge("http://h.example/mcp", "--allow-http"), ["MA407"]),
        (server("uvx", "mcp-proxy==1", "http://h.example/mcp", "--allow-http"), ["MA401"]),
        (server(url="http://ana:s3cr3t-pw@h.example/mcp"), ["MA304", "MA405"]),
    ],
)  # fmt: skip
def test_a_finding_about_something_else_hides_nothing(
    one: AuditedServer, expected: list[str]
) -> None:
    assert ids(hits(one, TRACKED)) == expected


@pytest.mark.parametrize(("rule", "one"), cases(SILENT))
def test_a_rule_is_silent_about_what_it_must_not_find(rule: str, one: AuditedServer) -> None:
    assert rule not in ids(hits(one))


@pytest.mark.parametrize(
    "one", [one for rule, one in cases(FIRES) if rule in ("MA301", "MA302", "MA303")]
)
@pytest.mark.parametrize("tracking", [Tracking.TRACKED, Tracking.NOT_IGNORED])
def test_a_secret_in_a_repository_is_found_once(one: AuditedServer, tracking: Tracking) -> None:
    assert ids(hits(one, FileFacts(scope=PROJECT, tracking=tracking))) == ["MA304"]


@pytest.mark.parametrize(
    "facts",
    [
        FileFacts(scope=PROJECT, tracking=Tracking.IGNORED),
        FileFacts(scope=PROJECT, tracking=Tracking.OUTSIDE),
        FileFacts(scope=PROJECT, tracking=Tracking.UNKNOWN),
        FileFacts(scope=FileScope.USER, tracking=Tracking.TRACKED),
    ],
)
def test_a_secret_outside_of_a_repository_stays_what_it_is(facts: FileFacts) -> None:
    assert ids(hits(server("x", env={"A": GITHUB}), facts)) == ["MA301"]


def file(mode: int, **kwargs: object) -> PathFacts:
    return PathFacts(path="~/.cursor/mcp.json", mode=mode, **kwargs)  # type: ignore[arg-type]


def folder(mode: int, **kwargs: object) -> PathFacts:
    return file(mode, is_folder=True, **kwargs)


SECRET, CLEAN = server("x", env={"A": GITHUB}), server("x")


@pytest.mark.parametrize(
    ("path", "one", "expected"),
    [
        (file(0o644), SECRET, ["MA301", "MA305"]),
        (file(0o640), SECRET, ["MA301", "MA305"]),
        (file(0o604), server(url=REMOTE, headers={"Authorization": GITHUB}), ["MA303", "MA305"]),
        (file(0o600), SECRET, ["MA301"]),
        (file(0o644), CLEAN, []),
        (file(0o640, is_own_group=True), SECRET, ["MA301"]),
        (file(0o644), server(url=REMOTE, headers={"Authorization": "Bearer ${X}"}), []),
        (file(0o666), CLEAN, ["MA306"]),
        (file(0o620), CLEAN, ["MA306"]),
        (folder(0o777), CLEAN, ["MA306"]),
        (file(0o600, owner=Owner.OTHER), CLEAN, ["MA306"]),
        (folder(0o1777), CLEAN, []),
        (folder(0o755, owner=Owner.ROOT), CLEAN, []),
        (file(0o664, is_own_group=True), CLEAN, []),
    ],
)
def test_modes_are_judged_by_who_else_can_read_or_write(
    path: PathFacts, one: AuditedServer, expected: list[str]
) -> None:
    assert ids(hits(one, FileFacts(paths=(path,)))) == expected


def test_a_managed_file_may_be_kept_by_an_administrators_group() -> None:
    managed = FileFacts(scope=FileScope.MANAGED, paths=(file(0o664, owner=Owner.ROOT),))
    everybody = FileFacts(scope=FileScope.MANAGED, paths=(file(0o666, owner=Owner.ROOT),))

    assert ids(hits(CLEAN, managed)) == []
    assert ids(hits(CLEAN, everybody)) == ["MA306"]


@pytest.mark.parametrize("kind", Ambiguity)
def test_what_the_reader_found_ambiguous_is_told(kind: Ambiguity) -> None:
    (hit,) = hits(CLEAN, FileFacts(ambiguous=(Ambiguous(kind=kind, pointer="/mcpServers/a"),)))

    assert (hit.rule.id, hit.pointer) == ("MA704", "/mcpServers/a")


def test_servers_below_a_key_that_is_not_read_are_told() -> None:
    (hit,) = hits(CLEAN, FileFacts(host="vscode-user", unread_keys=("/mcpServers",)))

    assert (hit.rule.id, hit.pointer) == ("MA707", "/mcpServers")


@pytest.mark.parametrize(
    ("host", "settings", "expected"),
    [
        ("claude-code-project", {"enableAllProjectMcpServers": True}, ["MA501"]),
        ("vscode-user", {"chat.tools.autoApprove": True}, ["MA501"]),
        ("amazon-q-agents", {"allowedTools": ["@git/*"]}, ["MA501"]),
        ("amp-user", {"amp.dangerouslyAllowAll": True}, ["MA501"]),
        ("claude-code-project", {"enableAllProjectMcpServers": False}, []),
        ("amazon-q-agents", {"allowedTools": ["@git/git_status", "fs_read"]}, []),
        ("cursor-user", {"enableAllProjectMcpServers": True}, []),
        ("claude-code-project", {"permissions": {"allow": ["mcp__github"]}}, []),
    ],
)
def test_settings_that_allow_everything_are_told(
    host: str, settings: dict[str, bool | list[str]], expected: list[str]
) -> None:
    assert ids(hits(CLEAN, FileFacts(host=host, settings=settings))) == expected


@pytest.mark.parametrize("leave", ["mcp__git", "mcp__git__*"])
def test_leave_for_a_whole_server_is_something_for_an_auditor(leave: str) -> None:
    allowed: list[Json] = ["Bash(ls)", "mcp__git__status", 5, "git__x", leave]
    facts = FileFacts(host="claude-code-user", settings={"permissions": {"allow": allowed}})

    (hit,) = hits(CLEAN, facts)

    assert (hit.rule.id, hit.persona, hit.severity) == ("MA501", Persona.AUDITOR, Severity.LOW)
    assert hit.pointer == "/permissions/allow/4"
    assert "`git`" in hit.message
    assert hits(CLEAN, replace(facts, host="cursor-user")) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"env": {"ANTHROPIC_BASE_URL": "https://proxy.example"}}, ["MA504"]),
        ({"env": {"https_proxy": "http://proxy.example:3128"}}, ["MA504"]),
        ({"openai_base_url": "https://proxy.example"}, ["MA504"]),
        ({"provider": {"openai": {"options": {"baseURL": "https://p.example"}}}}, ["MA504"]),
        ({"env": {"LOG": "1"}}, []),
        ({"mcpServers": {"a": {"env": {"OPENAI_BASE_URL": "https://p.example"}}}}, []),
        ({"env": {"ANTHROPIC_BASE_URL": ""}}, []),
    ],
)
def test_a_repository_that_moves_the_models_address_is_told(
    settings: dict[str, object], expected: list[str]
) -> None:
    project = FileFacts(scope=PROJECT, settings=settings)  # type: ignore[arg-type]
    user = FileFacts(scope=FileScope.USER, settings=settings)  # type: ignore[arg-type]

    assert ids(hits(CLEAN, project)) == expected
    assert ids(hits(CLEAN, user)) == []


def test_a_gateway_on_this_machine_is_low() -> None:
    settings = {"env": {"ANTHROPIC_BASE_URL": "http://localhost:4000"}}

    (hit,) = hits(CLEAN, FileFacts(scope=PROJECT, settings=settings))

    assert hit.severity is Severity.LOW


BEFORE = server("npx", "-y", "clock@1.0.0", env={"ZONE": "UTC", "A_TOKEN": "hunter2"})


@pytest.mark.parametrize(
    ("now", "field"),
    [
        (server("npx", "-y", "clock@1.0.1", env={"ZONE": "UTC", "A_TOKEN": "x"}), "command"),
        (server("npx", "-y", "clock@1.0.0", env={"ZONE": "X", "A_TOKEN": "x"}), "env/ZONE"),
        (server("npx", "-y", "clock@1.0.0", env={"ZONE": "UTC"}), "env/A_TOKEN"),
        (server(url=REMOTE, env={"ZONE": "UTC", "A_TOKEN": "x"}), "url"),
    ],
)
def test_an_entry_that_changed_since_the_baseline_is_told_by_its_fields(
    now: AuditedServer, field: str
) -> None:
    facts = FileFacts(approved={place(BEFORE): [fingerprints(BEFORE)]})

    (hit,) = [hit for hit in hits(now, facts) if hit.rule.id == "MA502"]

    assert field in hit.message


def test_nothing_is_told_without_a_baseline_or_of_what_did_not_change() -> None:
    other_order = server(
        "npx", "-y", "clock@1.0.0", env={"A_TOKEN": "hunter3", "ZONE": "UTC"},
        others={"disabled": True},
    )  # fmt: skip

    assert ids(hits(BEFORE)) == []
    assert ids(hits(other_order, FileFacts(approved={place(BEFORE): [fingerprints(BEFORE)]}))) == []
    assert ids(hits(BEFORE, FileFacts(approved={}))) == ["MA502"]


@pytest.mark.parametrize("secret", ["hunter2", RANDOM, GITHUB])
@pytest.mark.parametrize("make", [
    lambda text: server("x", "--password", text),
    lambda text: server("x", f"--token={text}"),
    lambda text: server("x", env={"API_KEY": text}),
    lambda text: server(url=f"{REMOTE}?token={text}"),
    lambda text: server(url=f"https://ana:{text}@mcp.example.com/mcp"),
    lambda text: server(url=REMOTE, headers={"Authorization": f"Bearer {text}"}),
])  # fmt: skip
def test_a_baseline_does_not_depend_on_a_secret(make: object, secret: str) -> None:
    assert callable(make)

    assert fingerprints(make(secret)) == fingerprints(make("another"))


@pytest.mark.parametrize(
    ("one", "severity"),
    [
        (server(url="http://192.168.1.5/mcp"), Severity.LOW),
        (server(url="http://host.docker.internal:80/mcp"), Severity.LOW),
        (server(url="http://nas.local/mcp"), Severity.LOW),
        (server(url="http://nas.local/mcp", headers={"X-API-Key": "${X}"}), Severity.HIGH),
        (bridge("http://nas.local/sse", "--allow-http"), Severity.LOW),
        (server("npx", env={"NODE_TLS_REJECT_UNAUTHORIZED": "0", "URL": "https://localhost/"}),
         Severity.LOW),
        (server("x", others={"trust": True}, host="gemini-cli-user"), Severity.MEDIUM),
        (server("x", others={"trust": True}, host="gemini-cli-project", scope=PROJECT), None),
        (server("x", others={"description": "a\u200bb"}), Severity.MEDIUM),
        (server("x", env={"A_PASSWORD": RANDOM}), Severity.MEDIUM),
    ],
)  # fmt: skip
def test_severity_follows_the_case(one: AuditedServer, severity: Severity | None) -> None:
    (hit,) = hits(one)

    assert hit.severity is severity


def test_each_host_that_is_said_to_fill_in_references_does_so_by_the_table() -> None:
    for row in table():
        if row.secret_template is None:
            continue
        known = any(row.id.startswith(start) for start, _ in EXPANDS)
        assert dead_placeholders(row.secret_template % "API_KEY", row.id) == (), row.id
        assert known, row.id


def test_rules_have_one_definition_and_relations_name_them() -> None:
    rules = {rule for checked, _ in (*VALUES, *FILE_VALUES) for rule in checked}

    assert len({rule.id for rule in rules}) == len(rules) == 21
    assert all(rule.cwe for rule in rules)
    assert {special for special, _, _ in HIDES} <= {rule.id for rule in rules}


texts = st.text(max_size=40) | st.sampled_from([
    "http://[", "http://a:b:c", "https://%zz", "${", "xn--\u00fc", "http://xn--99999999/", "-p",
    "run", "--header", "a:b", "\ud800", "//", "http://0x/", "http://1.2.3.4.5.6/", "-----BEGIN ",
])  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
KEYS = texts | st.sampled_from(["type", "args", "trust"])
HOSTS_SEEN = st.sampled_from(
    ["", "claude-desktop", "claude-code-project", "vscode-user", "codex-x"]
)


@given(
    argv=st.lists(texts | st.sampled_from(["docker", "npx", "mcp-remote"]), max_size=6),
    env=st.dictionaries(texts, texts, max_size=3),
    headers=st.dictionaries(texts, texts, max_size=3),
    url=st.none() | texts, name=texts, host=HOSTS_SEEN,
    others=st.dictionaries(KEYS, anything, max_size=3),
)  # fmt: skip
def test_any_entry_is_judged_without_an_exception(  # noqa: PLR0917
    argv: list[str], env: dict[str, str], headers: dict[str, str], url: str | None, name: str,
    host: str, others: dict[str, object],
) -> None:  # fmt: skip
    one = server(*argv, env=env, headers=headers, url=url, name=name, host=host, others=others)  # type: ignore[arg-type]
    facts = FileFacts(host=host, scope=PROJECT, settings=others, approved={})  # type: ignore[arg-type]

    changed = replace(facts, approved={place(one): [{"command": "0" * 64}, {}]})
    for hit in (*hits(one, facts), *hits(one, changed)):
        assert printable(hit.message) == hit.message
        assert hit.pointer.startswith("/") or not hit.pointer
