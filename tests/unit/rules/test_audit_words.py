"""Words that rules about values know: options, variables, hosts' keys; each one is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.model.json_text import Json
from mcpinstall.rules.audit.approval import fingerprints, place
from mcpinstall.rules.audit.file_facts import FileFacts, Tracking
from mcpinstall.rules.audit.rule import Persona
from mcpinstall.rules.audit.secret_values import Confidential, confidential
from tests.builders.audited import hits, ids, server
from tests.builders.canaries import random_text, token

REMOTE = "https://mcp.example.com/mcp"
ANY = "0.0.0.0"  # noqa: S104
PROJECT = FileScope.PROJECT


def rules(*argv: str, **fields: object) -> list[str]:
    return ids(hits(server(*argv, **fields)))  # type: ignore[arg-type]


# MA402 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    ["--insecure", "--no-verify-ssl", "--no-ssl-verify", "--skip-tls-verify", "--tls-no-verify",
     "--insecure-skip-tls-verify", "--insecure-skip-verify", "--no-check-certificate",
     "--unsafely-ignore-certificate-errors", "--ignore-certificate-errors",
     "--ignore-https-errors"],
)  # fmt: skip
def test_an_option_without_a_value_switches_the_check_off(option: str) -> None:
    assert rules("x", option) == ["MA402"]
    assert rules("x", f"{option}=true") == ["MA402"]
    assert [rules("x", f"{option}={no}") for no in ("false", "0", "no", "off")] == [[]] * 4
    assert rules("x", "--note", option.lstrip("-")) == []


@pytest.mark.parametrize("option", ["--ssl-verify", "--verify-ssl", "--tls-verify", "--strict-ssl"])
def test_an_option_with_a_value_switches_the_check_off(option: str) -> None:
    assert [rules("x", f"{option}={no}") for no in ("false", "0", "no", "OFF")] == [["MA402"]] * 4
    assert rules("x", option, "false") == ["MA402"]
    assert rules("x", option) == []
    assert rules("x", f"{option}=yes") == []


@pytest.mark.parametrize(
    ("name", "off", "on"),
    [
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0", "1"),
        ("PYTHONHTTPSVERIFY", "0", "1"),
        ("npm_config_strict_ssl", "false", "true"),
        ("YARN_STRICT_SSL", "false", "true"),
        ("SSL_VERIFY", "no", "yes"),
        ("JIRA_VERIFY_SSL", "off", "on"),
        ("TLS_VERIFY", "0", ""),
        ("A1_B_VERIFY_TLS", "0", "1"),
        ("GIT_SSL_NO_VERIFY", "1", "0"),
        ("GRAFANA_TLS_SKIP_VERIFY", "true", "false"),
        ("SKIP_TLS_VERIFY", "yes", "no"),
        ("SKIP_SSL_VERIFY", "on", "off"),
        ("MY_SSL_SKIP_VERIFY", "on", "off"),
        ("DISABLE_SSL_VERIFY", "true", "false"),
        ("IGNORE_VERIFY_TLS", "1", "0"),
        ("K8S_INSECURE_SKIP_VERIFY", "1", ""),
        ("NO_VERIFY_SSL", "x", " "),
    ],
)
def test_a_variable_switches_the_check_off(name: str, off: str, on: str) -> None:
    assert rules("x", env={name: off}) == ["MA402"]
    assert rules("x", env={name: f" {off.upper()} "}) == ["MA402"]
    assert rules("x", env={name: on}) == []
    assert rules("x", env={f"MY{name}OR": off}) == []


@pytest.mark.parametrize("program", ["uvx", "uv", "python", "python3", "pipx", "pip"])
def test_a_variable_of_node_means_nothing_to_python(program: str) -> None:
    assert rules(program, env={"NODE_TLS_REJECT_UNAUTHORIZED": "0"}) == []
    assert rules(program, env={"npm_config_strict_ssl": "false"}) == []
    assert rules(program, env={"YARN_STRICT_SSL": "false"}) == []
    assert rules(program, env={"PYTHONHTTPSVERIFY": "0"}) == ["MA402"]


@pytest.mark.parametrize("program", ["npx", "npm", "node", "bun", "bunx", "pnpm", "yarn", "deno"])
def test_a_variable_of_python_means_nothing_to_node(program: str) -> None:
    assert rules(program, env={"PYTHONHTTPSVERIFY": "0"}) == []
    assert rules(program, env={"NODE_TLS_REJECT_UNAUTHORIZED": "0"}) == ["MA402"]
    assert rules(program, env={"GIT_SSL_NO_VERIFY": "1"}) == ["MA402"]


def test_a_check_is_low_only_where_nothing_leaves_the_machine() -> None:
    off = {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}

    (near,) = hits(server("npx", env={**off, "URL": "https://localhost/"}))
    (far,) = hits(server("npx", REMOTE, env={**off, "URL": "https://localhost/"}))
    (unknown,) = hits(server("npx", env=off))

    assert (near.severity, far.severity, unknown.severity) == (Severity.LOW, None, None)


# MA404, MA407 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    ["--host", "--bind", "--listen", "--bind-address", "--listen-address", "--address",
     "--hostname", "--http-host", "--sse-host", "--listen-host"],
)  # fmt: skip
def test_an_option_opens_the_server_to_the_network(option: str) -> None:
    assert rules("x", option, ANY) == ["MA404"]
    assert rules("x", f"{option}={ANY}:80") == ["MA404"]
    assert rules("x", f"{option}=[::]:80") == ["MA404"]
    assert rules("x", f"{option}=::") == ["MA404"]
    assert rules("x", f"{option}=127.0.0.1:80") == []
    assert rules("x", f"{option}=0") == []


@pytest.mark.parametrize(
    "name",
    ["HOST", "MCP_HOST", "BIND", "A_BIND_ADDRESS", "LISTEN", "FASTMCP_LISTEN_ADDRESS"],
)
def test_a_variable_opens_the_server_to_the_network(name: str) -> None:
    assert rules("x", env={name: ANY}) == ["MA404"]
    assert rules("x", env={name: "localhost"}) == []
    assert rules("x", env={f"{name}S": ANY}) == []


@pytest.mark.parametrize(
    ("port", "expected"),
    [("80:80", ["MA404"]), ("80", ["MA404"]), ("127.0.0.1:80:80", []), ("127.0.0.1::80", []),
     ("localhost:80:80/tcp", []), ("[::1]:80:80", []), (f"{ANY}:80:80", ["MA404"]),
     ("192.168.1.2:80:80", ["MA404"])],
)  # fmt: skip
def test_a_published_port_is_open_but_on_loopback(port: str, expected: list[str]) -> None:
    image = "example/clock@sha256:0"

    assert rules("docker", "run", "-p", port, image) == expected
    assert rules("docker", "run", f"--publish={port}", image) == expected
    assert rules("docker", "run", "--publish-all", image) == ["MA404"]
    assert rules("docker", "run", "--publish-all=false", image) == []
    assert rules("docker", "run", image, "-p", port) == []
    assert rules("docker", "run", "-p") == []


@pytest.mark.parametrize(
    "tool",
    ["@modelcontextprotocol/inspector@1.0.0", "mcp-proxy@1.0.0", "mcpo", "supergateway",
     "mcp-remote@1.0.0", "mcphub", "mcp-gateway", "@antv/mcp-server-chart", "fastmcp",
     "@wonderwhy-er/desktop-commander"],
)  # fmt: skip
@pytest.mark.parametrize("option", ["--no-auth", "--disable-auth", "--auth=none", "--auth None"])
def test_a_known_tool_lets_everybody_in(tool: str, option: str) -> None:
    assert rules("npx", tool, *option.split()) == ["MA407"]
    assert len(hits(server("npx", tool, *option.split(), "x"))) == 1
    name = option.replace("=", " ").split()[0]
    for no in ("false", "0"):
        assert rules("npx", tool, f"{name}={no}") == []
    assert rules("npx", tool, "--note", option.lstrip("-")) == []
    assert rules("npx", f"{tool}/x", option) == []
    assert rules("npx", tool, "--mode", "none") == []


@pytest.mark.parametrize("option", ["--no-auth", "--disable-auth"])
def test_of_an_unknown_tool_a_pedant_hears(option: str) -> None:
    (hit,) = hits(server("x", option))

    assert (hit.rule.id, hit.persona) == ("MA407", Persona.PEDANTIC)


@pytest.mark.parametrize("yes", ["1", "true", "YES", "on"])
def test_the_inspectors_variable_lets_everybody_in(yes: str) -> None:
    assert rules("x", env={"DANGEROUSLY_OMIT_AUTH": yes}) == ["MA407"]


# MA501, MA504 ------------------------------------------------------------------------------------

_EVERY_HOST = [
    ("gemini-cli-user", "trust", True, False),
    ("qwen-code-user", "trust", True, "true"),
    ("cline", "autoApprove", ["*"], ["get_time"]),
    ("kiro-user", "autoApprove", ["a", "*"], []),
    ("amazon-q-ide", "autoApprove", "*", "get_time"),
    ("roo-code-user", "alwaysAllow", ["*"], ["a*"]),
    ("kilo-code-legacy-user", "alwaysAllow", ["*"], None),
    ("codex-user", "default_tools_approval_mode", "approve", "prompt"),
    ("codex-user", "approval_mode", "approve", "auto"),
    ("vscode-user", "sandboxEnabled", True, False),
    ("vscodium-user", "sandboxEnabled", True, None),
    ("cline", "autoApprove", ["@clock"], ["@clock/now"]),
    ("cline", "autoApprove", ["@clock/*"], ["clock"]),
    ("cline", "autoApprove", ["@other/*"], [1]),
    ("cline", "autoApprove", ["@other"], {"*": True}),
    ("cline", "autoApprove", "@clock", "@other"),
    ("cline", "autoApprove", "@clock/*", "@other/*"),
]


@pytest.mark.parametrize(("host", "key", "much", "little"), _EVERY_HOST)
def test_a_key_of_an_entry_that_allows_all_is_found(
    host: str, key: str, much: Json, little: Json
) -> None:
    (hit,) = hits(server("x", host=host, others={key: much}))

    assert (hit.rule.id, hit.severity) == ("MA501", Severity.MEDIUM)
    assert hit.pointer == f"/mcpServers/clock/{key}"
    assert hits(server("x", host=host, others={key: little})) == []
    assert hits(server("x", host="zed-user", others={key: much})) == []
    assert hits(server("x", host=host, scope=PROJECT, others={key: much}))[0].severity is None


@pytest.mark.parametrize(
    ("host", "key", "much", "little"),
    [
        ("claude-code-project", "enableAllProjectMcpServers", True, False),
        ("vscode-user", "chat.tools.autoApprove", True, False),
        ("vscodium-user", "chat.tools.global.autoApprove", True, {"a": True}),
        ("vscode-workspace", "chat.tools.global.autoApprove", True, "true"),
        ("vscodium-user", "chat.tools.autoApprove", True, None),
        ("amp-user", "amp.dangerouslyAllowAll", True, False),
        ("amazon-q-agents", "allowedTools", ["*"], ["fs_read"]),
        ("kiro-agents", "allowedTools", ["@git"], ["@git/status"]),
    ],
)
def test_a_key_of_a_settings_file_that_allows_all_is_found(
    host: str, key: str, much: Json, little: Json
) -> None:
    def found(host: str, value: Json, scope: FileScope = PROJECT) -> list[Severity | None]:
        facts = FileFacts(host=host, scope=scope, settings={key: value})
        return [hit.severity for hit in hits(server("x"), facts) if hit.rule.id == "MA501"]

    assert found(host, much) == [None]
    assert found(host, much, FileScope.USER) == [Severity.MEDIUM]
    assert found(host, little) == []
    assert found("zed-user", much) == []


@pytest.mark.parametrize(
    "name",
    ["ANTHROPIC_BASE_URL", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL",
     "OPENAI_BASE_URL", "OPENAI_API_BASE", "GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL",
     "AZURE_OPENAI_ENDPOINT", "OLLAMA_HOST", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
     "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
)  # fmt: skip
def test_a_variable_moves_the_models_address(name: str) -> None:
    def found(settings: dict[str, Json], tracking: Tracking = Tracking.TRACKED) -> list[str]:
        facts = FileFacts(scope=PROJECT, settings=settings, tracking=tracking)
        return [hit.pointer for hit in hits(server("x"), facts)]

    value = "https://proxy.example"
    assert found({"env": {name: value}}) == [f"/env/{name}"]
    assert found({"a": {"environment": {name.lower(): value}}}) == [
        f"/a/environment/{name.lower()}"
    ]
    assert found({name: value}) == [f"/{name}"]
    assert found({f"{name}S": value}) == []
    assert found({"env": {name: value}}, Tracking.IGNORED) == []
    assert found({"env": {name: 5}}) == []


@pytest.mark.parametrize(
    "key",
    ["anthropicBaseUrl", "openai_base_url", "base_url", "baseURL", "chatgpt_base_url", "http.proxy",
     "proxy"],
)  # fmt: skip
def test_a_key_moves_the_models_address(key: str) -> None:
    facts = FileFacts(scope=PROJECT, settings={"a": {key: "http://far.example/x"}})
    (hit,) = hits(server("x"), facts)

    assert (hit.rule.id, hit.severity) == ("MA504", None)
    assert "`far.example`" in hit.message


@pytest.mark.parametrize("key", ["mcpServers", "servers", "mcp_servers"])
def test_the_entries_of_servers_are_no_settings(key: str) -> None:
    settings: dict[str, Json] = {key: {"a": {"env": {"OPENAI_BASE_URL": REMOTE}}}}

    assert hits(server("x"), FileFacts(scope=PROJECT, settings=settings)) == []


# MA303, MA405 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["Authorization", "Proxy-Authorization", "X-API-Key", "api-key", "apikey", "X-Auth-Token",
     "X-Access-Token", "Cookie"],
)  # fmt: skip
def test_a_header_that_only_carries_credentials_holds_one(header: str) -> None:
    assert rules(url=REMOTE, headers={header: "s3cr3t-pw-17"}) == ["MA303"]
    assert rules(url=REMOTE, headers={header: "Bearer s3cr3t-1"}) == ["MA303"]
    assert rules(url=REMOTE, headers={header: "Bearer s3cr3t7"}) == []
    assert rules(url=REMOTE, headers={header: "Bearer ${X}"}) == []
    assert rules(url=REMOTE, headers={header: "Bearer YOUR_API_KEY"}) == []
    assert rules(url="http://h.example/mcp", headers={header: "${X}"}) == ["MA405"]
    assert rules(url=REMOTE, headers={f"{header}-Name": "s3cr3t-pw-17"}) == []


# MA707, MA709 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    ["stdio", "local", "http", "https", "sse", "remote", "ws", "websocket", "streamable-http",
     "streamableHttp", "streamable_http", "http-stream", "streamable", "builtin", "platform",
     "frontend", "inline_python", "custom", "command", "registry", "STDIO"],
)  # fmt: skip
def test_a_transport_that_some_host_knows_is_no_fault(kind: str) -> None:
    for key in ("type", "transport"):
        assert rules("x", others={key: kind}) == []
        assert rules("x", others={key: f"{kind}x"}) == ["MA707"]


@pytest.mark.parametrize("key", ["args", "env", "headers", "command", "url"])
def test_a_key_of_the_wrong_type_is_told(key: str) -> None:
    (hit,) = hits(server("x", others={key: 5}))

    assert (hit.rule.id, hit.pointer) == ("MA707", f"/mcpServers/clock/{key}")
    assert hits(server("x", others={key: None})) == []


@pytest.mark.parametrize("name", ["__proto__", "constructor", "Prototype"])
def test_a_name_of_javascript_is_told(name: str) -> None:
    assert rules("x", name=name) == ["MA709"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a" * 64, []), ("a" * 65, ["MA709"]), ("a..b", ["MA709"]), ("a\\b", ["MA709"]),
     ("~a", ["MA709"]), (".a", ["MA709"]), ("/a", ["MA709"]), ("C:/a", ["MA709"]),
     ("a;b", ["MA709"]), ("a|b", ["MA709"]), (" ", ["MA709"]), ("a,b", []), ("a+b", []),
     ("a [b]", []), ("é", [])],
)  # fmt: skip
def test_a_name_is_only_a_name(name: str, expected: list[str]) -> None:
    assert rules("x", name=name) == expected


@pytest.mark.parametrize("name", ["a b", "a,b", "a/b/c", "é,"])
def test_of_an_odd_name_a_pedant_hears(name: str) -> None:
    (hit,) = hits(server("x", name=name))

    assert (hit.rule.id, hit.persona, hit.severity) == ("MA709", Persona.PEDANTIC, Severity.LOW)


def test_an_entry_that_names_nothing_is_told() -> None:
    assert rules() == ["MA707"]
    assert rules(others={"a": "b"}) == []
    assert rules(env={"A": "b"}) == []


# MA502 -------------------------------------------------------------------------------------------

BEFORE = server("x", "--zone", "UTC", env={"ZONE": "UTC"}, url="https://h.example/abcdefgh")


def changes(before: AuditedServer, now: AuditedServer) -> str:
    facts = FileFacts(approved={place(before): [fingerprints(before)]})
    return "; ".join(hit.message for hit in hits(now, facts) if hit.rule.id == "MA502")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (BEFORE, ""),
        (replace(BEFORE, argv=BEFORE.argv[:2]), "`command` is another"),
        (replace(BEFORE, variables=()), "`env/ZONE` is gone"),
        (replace(BEFORE, url=None), "`url` is gone"),
        (replace(BEFORE, directory=BEFORE.name), "`directory` is new"),
        *(
            (replace(BEFORE, others={key: "x"}), f"`{key}` is new")
            for key in ("envFile", "env_file", "headersHelper", "env_vars",
                        "bearer_token_env_var", "env_http_headers")
        ),
        (replace(BEFORE, others={"timeout": 5}), ""),
    ],
)  # fmt: skip
def test_what_became_of_a_field_is_told(now: AuditedServer, told: str) -> None:
    message = changes(BEFORE, now)

    assert told in message
    assert bool(message) is bool(told)


@pytest.mark.parametrize(
    ("before", "now", "differs"),
    [
        (server("x", "--mode", "a"), server("x", "--mode", "b"), True),
        (server("x", "--mode=a"), server("x", "--mode=b"), True),
        (server("x", "--password", "a"), server("x", "--password", "b"), False),
        (server("x", "--pin=a"), server("x", "--pin=b"), False),
        (server("x", "--pin", "a"), server("x", "--pin", "b"), False),
        (server("x", "--pin=a", "b"), server("x", "--pin=a", "c"), True),
        (server("x", "pin", "a"), server("x", "pin", "b"), True),
        (server("x", env={"MODE": "a"}), server("x", env={"MODE": "b"}), True),
        (server("x", env={"SALT": "a"}), server("x", env={"SALT": "b"}), False),
        (server("x", env={"A": token("github")}), server("x", env={"A": token("npm")}), False),
        (server("x", env={"A_TOKEN": "${A}"}), server("x", env={"A_TOKEN": "${B}"}), True),
        (server(url=REMOTE, headers={"A": "x"}), server(url=REMOTE, headers={"A": "y"}), False),
        (server(url=REMOTE, headers={"A": "${X}"}), server(url=REMOTE, headers={"A": "${Y}"}),
         True),
        (server(url=REMOTE, headers={"Cookie": "x"}), server(url=REMOTE, headers={"Cookie": "y"}),
         False),
        (server(url="https://a.example/"), server(url="https://b.example/"), True),
        (server(url="https://h.example/a"), server(url="https://h.example/b"), True),
        (server(url="https://h.example/?mode=a"), server(url="https://h.example/?mode=b"), True),
        (server(url="https://h.example/?token=a"), server(url="https://h.example/?token=b"),
         False),
        (server(url="https://a:b@h.example/"), server(url="https://c:d@h.example/"), False),
        (server(url="https://a:b@h.example/"), server(url="https://a:b@i.example/"), True),
        (server(url=f"https://h.example/{random_text()}"),
         server(url=f"https://h.example/{random_text(32, 8)}"), False),
        (server("x", "https://a.example/?token=a"), server("x", "https://a.example/?token=b"),
         False),
        (server("x", others={"env_vars": ["A"]}), server("x", others={"env_vars": ["B"]}), True),
        (server("x", others={"env_vars": {"A": "a"}}), server("x", others={"env_vars": {"A": "b"}}),
         True),
        (server("x", others={"env_vars": {"A": 1}}), server("x", others={"env_vars": {"A": 2}}),
         False),
        (server("x", others={"envFile": "a"}), server("x", others={"envFile": "b"}), True),
        (server("x", others={"envFile": token("github")}),
         server("x", others={"envFile": token("npm")}), False),
    ],
)  # fmt: skip
def test_a_baseline_knows_what_is_no_secret(
    before: AuditedServer, now: AuditedServer, differs: bool
) -> None:
    assert (fingerprints(before) != fingerprints(now)) is differs


def test_a_message_names_twenty_fields_and_says_how_many_more() -> None:
    many = server("x", env={f"A{number:02}": "a" for number in range(25)})
    facts = FileFacts(approved={place(many): [fingerprints(server("x"))]})

    (hit,) = hits(many, facts)

    assert hit.message.count("`env/") == 20
    assert "5 more fields" in hit.message


def test_of_several_the_nearest_is_compared() -> None:
    near, far = server("x", env={"A": "a", "B": "b"}), server("y", env={"C": "c"})
    now = server("x", env={"A": "a", "B": "c"})

    for order in ([near, far], [far, near]):
        facts = FileFacts(approved={place(now): [fingerprints(one) for one in order]})
        (hit,) = hits(now, facts)
        assert hit.message.endswith(": `env/B` is another")


# MA301 to MA303: what to write instead, and what no message holds --------------------------------

WRITTEN = {
    "`${input:NAME}`": "vscode-user vscodium-user visual-studio",
    "`${NAME}`": "claude-code-user xcode-claude gemini-cli-user qwen-code-user copilot-cli-user "
    "kiro-user amp-user auggie factory-droid librechat mcporter-user",
    "`${env:NAME}`": "cursor-user windsurf devin cline roo-code-user amazon-q-ide "
    "copilot-jetbrains",
    "`{env:NAME}`": "kilo-code-user kilo-code-project opencode-user",
    "`${{ secrets.NAME }}`": "continue-user",
    "`$NAME`": "crush-user",
    "`env_keys`": "goose",
    "`bearer_token_env_var`": "codex-user",
    "`mcpi install`": "claude-desktop zed-user",
}


@pytest.mark.parametrize(
    ("host", "spelled"),
    [(host, spelled) for spelled, hosts in WRITTEN.items() for host in hosts.split()],
)
def test_a_secret_is_to_be_written_as_its_host_reads_references(host: str, spelled: str) -> None:
    (hit,) = hits(server("x", env={"A": token("github")}, host=host))

    assert spelled in hit.fix
    assert all(other not in hit.fix for other in WRITTEN if other != spelled)


def test_what_a_secrets_name_says_is_in_no_message() -> None:
    one = server(
        "x", "--password", "hunter2", "--pin", "1234", "--key=abc",
        env={"A_TOKEN": "opaque-1", "B": token("npm")},
        headers={"Cookie": "c=9876", "X-Region": "eu-west"},
        url="https://ana:w0rd@h.example/?token=tok1&mode=fast#code=c0de&key=k9k9",
    )  # fmt: skip
    texts = confidential(one)

    assert texts.texts == {
        "hunter2", "opaque-1", token("npm"), "c=9876", "w0rd", "tok1", "k9k9",
    }  # fmt: skip
    assert texts.within("of hunter2hunter2 and tok1") == ("hunter2", "tok1")
    assert texts.within("hunter and tok") == ()
    assert Confidential(["abcd", "abcdef"]).within("abcdef") == ("abcdef", "abcd")
    assert Confidential([]).within("abc") == ()


def test_a_secret_of_a_repository_says_where_and_how_sure() -> None:
    likely, certain = {"A_TOKEN": random_text()}, {"A": token("npm")}

    def found(env: dict[str, str], tracking: Tracking) -> tuple[Severity | None, str, str]:
        (hit,) = hits(server("x", env=env), FileFacts(scope=PROJECT, tracking=tracking))
        assert hit.rule.id == "MA304"
        return hit.severity, hit.message.rpartition(", ")[2], hit.fix.rpartition("; ")[2]

    tracked = found(certain, Tracking.TRACKED)
    assert tracked == (None, "in a file that git tracks", "it stays in git's history")
    assert found(likely, Tracking.TRACKED)[0] is Severity.HIGH
    assert found(certain, Tracking.NOT_IGNORED)[1] == "in a file that git does not ignore"
    assert "history" not in found(certain, Tracking.NOT_IGNORED)[2]


# What several rules ask for ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "shell", ["sh", "bash", "zsh", "fish", "dash", "cmd", "powershell", "/usr/bin/pwsh", "Cmd.EXE"]
)
def test_a_shell_fills_in_variables_itself(shell: str) -> None:
    assert rules(shell, "-c", "x ${HOME}", host="claude-desktop") == []
    assert rules(f"{shell}x", "-c", "x ${HOME}", host="claude-desktop") == ["MA307"]


@pytest.mark.parametrize("engine", ["docker", "podman", "/usr/bin/nerdctl"])
def test_what_a_container_is_given_is_its_environment(engine: str) -> None:
    def found(*options: str) -> list[str]:
        return rules(engine, "run", *options, "example/clock@sha256:0")

    for option in ("-e", "--env"):
        assert found(option, "NODE_TLS_REJECT_UNAUTHORIZED=0") == ["MA402"]
        assert found(option, "NODE_TLS_REJECT_UNAUTHORIZED") == []
    assert found("--label", "NODE_TLS_REJECT_UNAUTHORIZED=0") == []
    assert found("-p", "80:80") == ["MA404"]
    assert found() == rules(engine, "run", "example/clock@sha256:0", "--host", ANY) == []


@pytest.mark.parametrize("option", ["--header", "-H", "--headers"])
@pytest.mark.parametrize(
    "bridge", ["mcp-remote@1.0.0", "mcp-proxy", "supergateway", "mcp-streamablehttp-client"]
)
def test_what_a_bridge_sends_are_its_headers(bridge: str, option: str) -> None:
    assert rules("npx", bridge, REMOTE, option, "Cookie: s3cr3t-pw-17") == ["MA303"]
    assert rules("npx", bridge, REMOTE, option, "Cookie") == []
    assert rules("npx", bridge, REMOTE, "--note", "Cookie: s3cr3t-pw-17") == []
    assert rules("npx", "server", REMOTE, option, "Cookie: s3cr3t-pw-17") == []
    assert rules("npx", bridge, "http://h.example/", option, "X-My-Secret: ${X}") == ["MA405"]


def test_an_address_with_credentials_is_told_once() -> None:
    far, near = "http://h.example/?token=x", "http://i.example/"

    assert rules("npx", "mcp-remote@1.0.0", far, "--allow-http") == ["MA405"]
    told = hits(server("npx", "mcp-remote@1.0.0", near, "http://j.example/", "--allow-http"))
    assert [hit.rule.id for hit in told] == ["MA407"]
    assert len(hits(server("x", "--insecure", "y"))) == 1
    assert rules("x", "--any", ANY) == []
    assert rules("/usr/bin/curl", "-k", REMOTE) == ["MA402"]
    assert rules("x", others={"a": {"b/c": ["x", token("github")]}}) == ["MA301"]


def test_a_key_is_heard_of_where_nobody_says_whose_the_file_is() -> None:
    assert rules("x", others={"trust": True}) == ["MA501"]


def test_a_proxy_without_a_scheme_is_told() -> None:
    def found(settings: dict[str, Json]) -> list[str]:
        return [
            hit.message for hit in hits(server("x"), FileFacts(scope=PROJECT, settings=settings))
        ]

    (told,) = found({"env": {"https_proxy": "proxy.example:3128"}})
    assert told.endswith("another way")
    assert found({"https_proxy": "proxy.example:3128"}) == []


@pytest.mark.parametrize(
    ("before", "now", "differs"),
    [
        (server("x", "--pin", "a"), server("x", "--pin"), True),
        (server("x", "--pin=a"), server("x"), True),
        (server("x", "tokenA"), server("x", "tokenB"), True),
        (server("x", "--pat=a"), server("x", "--pat=b"), False),
        (server("x", "--jwt", "a"), server("x", "--jwt", "b"), False),
        (server("x", env={"MY_PAT": "a"}), server("x", env={"MY_PAT": "b"}), False),
        (server("x", "https://a.example/"), server("x", "https://b.example/"), True),
        (server("x", "https://ana:a@h.example/"), server("x", "https://ana:b@h.example/"), False),
        (server("x", "https://ana@h.example/"), server("x", "https://bob@h.example/"), False),
        (server("x", "key-" + token("github")), server("x", "key-" + token("npm")), False),
        (server(url="https://a:b@h.example/?q=1"), server(url="https://a:b@h.example/?q=2"), False),
        (server(url="https://h.example/?mode=a&token=b"),
         server(url="https://h.example/?mode=c&token=d"), False),
        (server("x", env={"A": "${X} " + token("github")}),
         server("x", env={"A": "${X} " + token("npm")}), False),
        (server(url=REMOTE, headers={"A": "${X} " + token("github")}),
         server(url=REMOTE, headers={"A": "${X} " + token("npm")}), False),
    ],
)  # fmt: skip
def test_a_baseline_depends_on_no_secret_but_on_what_is_none(
    before: AuditedServer, now: AuditedServer, differs: bool
) -> None:
    assert (fingerprints(before) != fingerprints(now)) is differs


def test_an_entry_of_a_list_stands_where_its_name_says() -> None:
    assert place(replace(BEFORE, pointer="/a/b/0")) == "/a/b/clock"


def test_twenty_fields_are_all_that_there_are() -> None:
    many = server("x", env={f"A{number:02}": "a" for number in range(20)})

    assert "more fields" not in changes(server("x"), many)
