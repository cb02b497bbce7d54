"""Words that launch rules know: variables, options, programs, packages; each one is asked for."""

from __future__ import annotations

import shlex
from datetime import date

import pytest

from mcpinstall.model.advisory import Advisory, Bound, Event
from mcpinstall.model.audited import FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.launching import LAUNCHING
from mcpinstall.rules.audit.machine_facts import (
    NOTHING,
    Client,
    Effect,
    IndexSetting,
    MachineFacts,
    PathState,
)
from mcpinstall.rules.audit.rule import Hit, Persona
from tests.unit.rules.audit.launches import server
from tests.unit.rules.audit.test_launching import KNOWN

IMAGE = f"i@sha256:{'0' * 64}"
PROJECT = FileScope.PROJECT


def hits(
    line: str,
    facts: MachineFacts = NOTHING,
    scope: FileScope = FileScope.USER,
    env: dict[str, str] | None = None,
) -> list[Hit]:
    one = server(*shlex.split(line), env=env, scope=scope)
    return [hit for _, check in LAUNCHING for hit in check(one, facts)]


def ids(
    line: str,
    facts: MachineFacts = NOTHING,
    scope: FileScope = FileScope.USER,
    env: dict[str, str] | None = None,
) -> list[str]:
    found = hits(line, facts, scope, env)
    return [h.rule.id for h in found if (h.persona or h.rule.persona) is Persona.REGULAR]


# MA206 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "loads", "harmless"),
    [
        *(
            (name, "/srv/x", "")
            for name in (
                "LD_PRELOAD",
                "LD_AUDIT",
                "LD_LIBRARY_PATH",
                "DYLD_INSERT_LIBRARIES",
                "DYLD_LIBRARY_PATH",
                "DYLD_FRAMEWORK_PATH",
                "DYLD_FALLBACK_LIBRARY_PATH",
                "PYTHONSTARTUP",
                "PYTHONHOME",
                "BASH_ENV",
                "GIT_SSH_COMMAND",
                "GIT_EXTERNAL_DIFF",
                "GIT_SSH",
                "GIT_PROXY_COMMAND",
                "GIT_EXEC_PATH",
                "NPM_CONFIG_SCRIPT_SHELL",
                "DOTNET_STARTUP_HOOKS",
                "CORECLR_PROFILER_PATH",
                "RUBYLIB",
                "LUA_INIT",
                "PHPRC",
                "ZDOTDIR",
                "PROMPT_COMMAND",
            )
        ),
        ("NODE_OPTIONS", "-r ./x", "--max-old-space-size=9"),
        ("NODE_OPTIONS", "--no-warnings --import=./x", "--enable-source-maps"),
        ("NODE_OPTIONS", "--loader ./x", "--trace-warnings"),
        ("NODE_OPTIONS", "--experimental-loader=./x", "--experimental-vm-modules"),
        ("NODE_OPTIONS", '"--require" ./x', "--no-require-x"),
        ("NODE_OPTIONS", "--inspect=0.0.0.0:9229", "--inspect=127.0.0.1"),
        ("NODE_OPTIONS", "--inspect-brk=[::]", "--inspect"),
        ("NPM_CONFIG_NODE_OPTIONS", "--require=./x", "--no-warnings"),
        ("BUN_OPTIONS", "--preload ./x", "--smol"),
        ("PYTHONWARNINGS", "ignore::a.B", "ignore::DeprecationWarning"),
        ("PYTHONWARNINGS", "default,error:x:a.B:y", "a.b,c"),
        ("PYTHONBREAKPOINT", "a.b", "0"),
        ("BROWSER", "sh -c x", "firefox"),
        ("BROWSER", "x;y", "/usr/bin/firefox"),
        ("ENV", "~/x", "production"),
        ("ENV", "$HOME/x", "a.b"),
        ("ENV", "C:\\x", "x"),
        ("PERL5OPT", "-Mx", "-w"),
        ("PERL5OPT", "-w -I/x", "-T"),
        ("RUBYOPT", "-r./x", "-w"),
        ("RUBYOPT", "-W0 -I /x", "--yjit"),
        ("JAVA_TOOL_OPTIONS", "-javaagent:/x.jar", "-Xmx1g"),
        ("_JAVA_OPTIONS", "-Xmx1g -agentpath:/x.so", "-Dx=y"),
        ("JDK_JAVA_OPTIONS", "-agentlib:jdwp", "-ea"),
    ],
)
def test_a_variable_that_loads_code(name: str, loads: str, harmless: str) -> None:
    assert ids("x", env={name: loads}) == ["MA206"]
    assert ids("x", env={name: f" {harmless} "}) == []
    assert ids(f"docker run -e '{name}={loads}' {IMAGE}") == ["MA206"]
    assert ids(f"podman run --env '{name}={loads}' {IMAGE}") == ["MA206"]
    assert ids(f"nerdctl run -e '{name}={loads}' {IMAGE}") == ["MA206"]
    assert ids(f"docker run -e {name} {IMAGE}") == []
    assert ids(f"docker run -e 'A={name}={loads}' {IMAGE}") == []
    assert ids("x", env={name.lower(): loads}) == ([] if name in ("ENV", "BROWSER") else ["MA206"])


# MA204, MA205 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tool",
    ["nc", "ncat", "netcat", "socat", "telnet", "mshta", "rundll32", "regsvr32", "certutil",
     "bitsadmin", "wscript", "cscript"],
)  # fmt: skip
def test_a_tool_of_attackers_is_no_server(tool: str) -> None:
    assert ids(f"{tool} x") == ["MA204"]
    assert ids(f"/usr/bin/{tool.upper()}.EXE x") == ["MA204"]
    assert ids(f"x {tool}") == []


@pytest.mark.parametrize("tool", ["sudo", "doas", "pkexec", "run0", "runas", "gsudo"])
def test_more_rights_than_the_user_has(tool: str) -> None:
    assert ids(f"{tool} x") == ["MA205"]
    assert ids(f"env A=b {tool} x") == ["MA205"]
    assert ids(f"x --user {tool}") == []


@pytest.mark.parametrize("user", ["root", "0", "root:root", "0:0"])
@pytest.mark.parametrize("engine", ["docker", "podman", "nerdctl"])
def test_root_in_a_container_is_for_an_auditor(engine: str, user: str) -> None:
    for option in (f"-u {user}", f"--user={user}"):
        (hit,) = hits(f"{engine} run {option} {IMAGE}")
        assert (hit.rule.id, hit.persona) == ("MA205", Persona.AUDITOR)
    assert hits(f"{engine} run -u 1000 {IMAGE}") == []


# MA601, MA602, MA603 -----------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["docker", "podman", "nerdctl"])
@pytest.mark.parametrize(
    ("option", "harmless"),
    [
        ("--privileged", "--privileged=false"),
        ("--privileged=true", "--privileged=0"),
        *((f"--{name}=host", f"--{name}=x") for name in
          ("pid", "ipc", "net", "network", "uts", "userns", "cgroupns")),
        ("--cap-add ALL", "--cap-drop ALL"),
        ("--cap-add=sys_admin", "--cap-add=NET_RAW"),
        ("--cap-add CAP_SYS_PTRACE", "--cap-add CHOWN"),
        ("--cap-add NET_RAW,SYS_MODULE", "--cap-add NET_RAW,CHOWN"),
        ("--security-opt seccomp=unconfined", "--security-opt seccomp=/x.json"),
        ("--security-opt apparmor:unconfined", "--security-opt no-new-privileges"),
        ("--security-opt label=disable", "--security-opt label=type:x"),
        ("--device /dev/mem", "--device /dev/memory"),
        ("--device=/dev/kmem:/x", "--device=/dev/snd"),
        ("--device /dev/kmsg", "--device /dev/dri"),
        ("--device /dev/port", "--device /x/dev/mem"),
    ],
)  # fmt: skip
def test_the_walls_of_a_container(engine: str, option: str, harmless: str) -> None:
    assert ids(f"{engine} run {option} {IMAGE}") == ["MA601"]
    assert ids(f"{engine} run {harmless} {IMAGE}") == []
    assert ids(f"{engine} run {IMAGE} {option}") == []


@pytest.mark.parametrize(
    ("mount", "rule", "severity"),
    [
        ("-v /var/run/docker.sock:/x", "MA602", Severity.CRITICAL),
        ("--volume=/run/podman/podman.sock:/x:ro", "MA602", Severity.CRITICAL),
        ("-v /run/containerd/containerd.sock:/x", "MA602", Severity.CRITICAL),
        ("-v /run/crio/crio.sock:/x", "MA602", Severity.CRITICAL),
        ("-v '\\\\.\\pipe\\docker_engine:/x'", "MA602", Severity.CRITICAL),
        ("-v //./pipe/docker_engine:/x", "MA602", Severity.CRITICAL),
        ("-v /home/u/.docker/run/docker.sock:/x", "MA602", Severity.HIGH),
        ("-v '${XDG_RUNTIME_DIR}/docker.sock:/x'", "MA602", Severity.HIGH),
        ("--mount type=bind,src=/run/docker.sock,dst=/x", "MA602", Severity.CRITICAL),
        ("--mount source=/run/docker.sock,dst=/x", "MA602", Severity.CRITICAL),
        ("--use-api-socket", "MA602", Severity.CRITICAL),
        ("-v /:/x", "MA603", Severity.HIGH),
        ("-v C:/:/x", "MA603", Severity.HIGH),
        ("-v ~:/x", "MA603", Severity.MEDIUM),
        ("-v '$HOME:/x'", "MA603", Severity.MEDIUM),
        ("-v %USERPROFILE%:/x", "MA603", Severity.MEDIUM),
        ("-v /etc:/x", "MA603", Severity.HIGH),
        ("-v /home/u:/x -v /home/u/.aws:/y", "MA603", Severity.HIGH),
        ("--mount type=bind,source=/var/run,target=/x", "MA603", Severity.HIGH),
    ],
)
def test_what_is_mounted_into_a_container(mount: str, rule: str, severity: Severity) -> None:
    (hit,) = hits(f"docker run {mount} {IMAGE}")

    assert (hit.rule.id, hit.severity or hit.rule.severity) == (rule, severity)


@pytest.mark.parametrize(
    "mount",
    ["-v data:/x", "-v /x", "-v /srv/docker.sock.d:/x", "--use-api-socket=false",
     "--use-api-socket=0", "--mount type=volume,source=/etc,target=/x", "--mount type=bind,dst=/x",
     "-v home:/etc"],
)  # fmt: skip
def test_what_may_be_mounted_into_a_container(mount: str) -> None:
    assert ids(f"docker run {mount} {IMAGE}") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"docker -H tcp://h.example run {IMAGE}", ["MA602"]),
        (f"docker --tls -H tcp://h.example run {IMAGE}", []),
        (f"docker --tlscacert x -H tcp://h.example run {IMAGE}", []),
        (f"docker --host unix:///x run {IMAGE}", []),
        (f"docker run -e DOCKER_HOST=tcp://h.example {IMAGE}", ["MA602"]),
        (f"docker run -e DOCKER_HOST=tcp://h.example -e DOCKER_TLS_VERIFY=1 {IMAGE}", []),
        (f"docker run -e DOCKER_HOST=tcp://h.example -e DOCKER_TLS_VERIFY= {IMAGE}", ["MA602"]),
    ],
)
def test_a_daemon_without_tls(line: str, expected: list[str]) -> None:
    assert ids(line) == expected


@pytest.mark.parametrize(
    "line",
    ["npx @modelcontextprotocol/server-filesystem@1.0.0", "npx obsidian-mcp@1.0.0",
     "npx @wonderwhy-er/desktop-commander@1.0.0", "npx mcp-obsidian@1.0.0",
     "uvx mcp-server-git==1.0", "uvx mcp-server-filesystem==1.0"],
)  # fmt: skip
def test_a_path_of_a_server_that_works_on_it(line: str) -> None:
    (hit,) = hits(f"{line} /srv ~ /x/.ssh")

    assert (hit.rule.id, hit.persona, hit.severity) == ("MA603", None, None)
    assert "`/x/.ssh`" in hit.message
    assert ids(f"{line} --root=/") == ["MA603"]
    assert ids(f"{line} /srv") == []


# MA108 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    ["--index", "--default-index", "-i", "--index-url", "--extra-index-url", "-f", "--find-links"],
)
def test_an_index_of_uv_without_tls(option: str) -> None:
    (hit,) = hits(f"uvx {option} http://i.example a==1")

    assert (hit.rule.id, hit.severity) == ("MA108", Severity.HIGH)
    assert ids(f"uvx {option} http://localhost:8080/simple --default-index https://x a==1") == []
    assert ids(f"uvx a==1 {option} http://i.example") == []


@pytest.mark.parametrize(
    "line",
    ["npx --registry=http://r.example a@1.0.0", "npx --reg http://r.example a@1.0.0",
     "dnx --source http://r.example A@1.0.0", "dnx --add-source http://r.example A@1.0.0",
     "uvx --trusted-host h a==1", "uvx --allow-insecure-host h a==1",
     "uvx --index-strategy unsafe-first-match a==1", "pipx run --pip-args '-i http://i' a==1",
     "pipx run --pip-args=--index-url=http://i a==1"],
)  # fmt: skip
def test_an_index_that_is_not_protected(line: str) -> None:
    (hit,) = hits(line)

    assert (hit.rule.id, hit.severity) == ("MA108", Severity.HIGH)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("uvx --extra-index-url https://i.example a==1", ["MA108"]),
        ("uvx --index https://i.example a==1", ["MA108"]),
        ("dnx --add-source https://i.example A@1.0.0", ["MA108"]),
        ("npx --allow-scripts=a a@1.0.0", ["MA108"]),
        ("uvx --index https://i.example --default-index https://i.example a==1", []),
        ("uvx --index https://known.example/simple/ a==1", []),
        ("uvx --index-strategy first-index a==1", []),
        ("npx --registry=https://r.example a@1.0.0", []),
        (f"docker run -i --registry http://x {IMAGE}", []),
        ("pipx run --pip-args '--no-deps -q' a==1", []),
    ],
)
def test_an_index_that_is_added(line: str, expected: list[str]) -> None:
    facts = MachineFacts(indexes=frozenset({"https://known.example/simple"}))
    found = hits(line, facts)

    assert [hit.rule.id for hit in found] == expected
    assert all(hit.severity is Severity.MEDIUM for hit in found)


@pytest.mark.parametrize(
    ("name", "medium"),
    [(name, True) for name in
     ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX",
      "PIP_INDEX_URL", "UV_FIND_LINKS", "PIP_FIND_LINKS", "NPM_CONFIG_REGISTRY",
      "YARN_NPM_REGISTRY_SERVER", "BUN_CONFIG_REGISTRY", "npm_config_registry")]
    + [("PIP_TRUSTED_HOST", False), ("UV_INSECURE_HOST", False)],
)  # fmt: skip
def test_a_variable_names_an_index(name: str, medium: bool) -> None:
    (hit,) = hits("x", env={name: "https://i.example"})
    (clear,) = hits("x", env={name: "a=https://j.example http://i.example"})

    assert (hit.rule.id, hit.severity) == ("MA108", Severity.MEDIUM if medium else Severity.HIGH)
    assert clear.severity is Severity.HIGH
    assert [ids("x", env={name: text}) for text in ("", "${X}", "$X", "%X%", "<url>")] == [[]] * 5


def test_variables_that_are_no_address() -> None:
    assert ids("x", env={"UV_INDEX_STRATEGY": "unsafe-best-match"}) == ["MA108"]
    assert ids("x", env={"UV_INDEX_STRATEGY": "first-index"}) == []
    assert ids("x", env={"NPM_CONFIG_IGNORE_SCRIPTS": "False"}) == ["MA108"]
    assert ids("x", env={"npm_config_ignore_scripts": "true"}) == []


def setting(
    client: Client, effect: Effect, address: str = "", project: bool = True
) -> MachineFacts:
    one = IndexSetting(client=client, effect=effect, file="f", is_project=project, address=address)
    return MachineFacts(index_settings=(one,))


@pytest.mark.parametrize(
    ("line", "client", "is_of_project"),
    [
        *((f"{line} a@1.0.0", Client.NPM, True) for line in
          ("npx", "npm exec", "npm x", "pnpm dlx", "pnpx", "bunx", "bun x")),
        ("uvx a==1", Client.UV, False), ("uv tool run a==1", Client.UV, False),
        ("uv run --with a==1 /x", Client.UV, True), ("pipx run a==1", Client.PIP, False),
        ("pip install a==1", Client.PIP, False), ("pip3 install a==1", Client.PIP, False),
    ],
)  # fmt: skip
def test_a_file_says_where_a_runner_fetches(line: str, client: Client, is_of_project: bool) -> None:
    clear = setting(client, Effect.REPLACES, "http://i.example")
    other = next(one for one in Client if one is not client)

    assert ids(line, setting(client, Effect.REPLACES, "http://i.example", project=False)) == [
        "MA108"
    ]
    assert ids(line, clear) == (["MA108"] if is_of_project else [])
    assert ids(line, setting(other, Effect.ANY, project=False)) == []


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (setting(Client.NPM, Effect.UNPROTECTED), Severity.HIGH),
        (setting(Client.NPM, Effect.ANY), Severity.HIGH),
        (setting(Client.NPM, Effect.ADDS, "https://i.example"), Severity.MEDIUM),
        (setting(Client.NPM, Effect.REPLACES, "https://i.example"), Severity.MEDIUM),
        (setting(Client.NPM, Effect.REPLACES, "https://i.example", project=False), None),
        (setting(Client.NPM, Effect.REPLACES, "http://127.0.0.1:4873/", project=False), None),
        (setting(Client.NPM, Effect.REPLACES, "http://[::1]/", project=False), None),
    ],
)
def test_what_a_file_makes_of_it(facts: MachineFacts, severity: Severity | None) -> None:
    assert [hit.severity for hit in hits("npx a@1.0.0", facts)] == [severity] * bool(severity)


@pytest.mark.parametrize(
    "line",
    ["npx --registry https://r.example a@1.0.0", "npx --userconfig x a@1.0.0",
     "npx --offline a@1.0.0"],
)  # fmt: skip
def test_an_option_that_takes_the_place_of_a_file(line: str) -> None:
    assert ids(line, setting(Client.NPM, Effect.REPLACES, "http://i.example")) == []


@pytest.mark.parametrize(
    "option", ["--no-config", "--config-file=x", "--isolated", "--default-index https://x",
               "--index-url https://x", "-i https://x"]
)  # fmt: skip
def test_an_option_of_uv_that_takes_the_place_of_a_file(option: str) -> None:
    facts = setting(Client.UV, Effect.REPLACES, "http://i.example", project=False)

    assert ids("uvx a==1", facts) == ["MA108"]
    assert ids(f"uvx {option} a==1", facts) == []


@pytest.mark.parametrize(
    "name", ["NPM_CONFIG_REGISTRY", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"]
)
def test_a_variable_that_takes_the_place_of_a_file(name: str) -> None:
    client = {"N": Client.NPM, "U": Client.UV, "P": Client.PIP}[name[0]]
    line = {"N": "npx a@1.0.0", "U": "uvx a==1", "P": "pipx run a==1"}[name[0]]
    facts = setting(client, Effect.REPLACES, "http://i.example", project=False)
    known = MachineFacts(
        index_settings=facts.index_settings, indexes=frozenset({"https://k.example"})
    )

    assert ids(line, facts, env={name: ""}) == ["MA108"]
    assert ids(line, known, env={name: "https://k.example/"}) == []
    assert ids(line, known, env={name: "k=https://ana:x@K.example"}) == []


# MA207 -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["PATH", "PYTHONPATH", "NODE_PATH", "PERL5LIB", "Path"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bin", ["MA207"]), ("/usr/bin:", ["MA207"]), ("/usr/bin:/tmp/x", ["MA207"]),
        (":/usr/bin", ["MA207"]), ("./x:/usr/bin", ["MA207"]), ("/open:/usr/bin", ["MA207"]),
        ("${workspaceFolder}/x", ["MA207"]), ("C:\\x;bin", ["MA207"]), ("C:\\x;;D:\\y", ["MA207"]),
        ("/usr/bin", []), ("/usr/bin:${PATH}", []), ("/shut:~/bin", []), ('"C:\\x y";D:\\z', []),
        ("  ", []),
    ],
)  # fmt: skip
def test_a_folder_that_is_searched(name: str, text: str, expected: list[str]) -> None:
    facts = MachineFacts(paths={
        "/open": PathState(exists=True, writable="/open"), "/shut": PathState(exists=True),
    })  # fmt: skip

    assert ids("x", facts, env={name: text}) == expected
    assert ids("x", facts, env={f"MY_{name}": text}) == []


# MA101, MA105, MA106 -----------------------------------------------------------------------------


def test_a_lock_file_counts_for_what_it_has() -> None:
    facts = MachineFacts(
        advisories=KNOWN.advisories, locked={"npm:holes": "1.0.0", "npm:@s/bad": "1.0.0"}
    )

    assert ids("npx holes", facts) == ids("npx holes@1", facts) == ["MA106"]
    assert ids("npx holes@^1.0", facts) == ids("npx holes@~1.0", facts) == ["MA106"]
    assert ids("npx holes@2", facts) == ids("npx holes@latest", facts) == ["MA101"]
    assert ids("pnpm dlx holes", facts) == ["MA106", "MA101"]
    assert ids("npx @s/bad", facts) == ["MA105"]


@pytest.mark.parametrize(
    "line", ["npx holes", "npm exec holes", "npm x holes", "bunx holes", "bun x holes"]
)
def test_some_runners_take_what_the_project_has(line: str) -> None:
    assert ids(line, MachineFacts(locked={"npm:holes": "1.0.0"})) == []
    assert ids(line) == ["MA101"]


def advisory(name: str, *events: tuple[Bound, str], **fields: object) -> Advisory:
    made = tuple(Event(bound=bound, version=version) for bound, version in events)
    return Advisory(
        id=name, modified=date(2026, 1, 1), ranges=(made,) if made else (),
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


START = (Bound.INTRODUCED, "0")
LOW = "CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def test_the_worst_of_several_advisories_decides_and_five_are_named() -> None:
    several = tuple(
        advisory(f"GHSA-{number}", START, severity=CRITICAL if number == 3 else LOW)
        for number in range(7)
    )

    (hit,) = hits("uvx a==1.0", MachineFacts(online={("pypi", "a", "1.0"): several}))
    (five,) = hits("uvx a==1.0", MachineFacts(online={("pypi", "a", "1.0"): several[:5]}))

    assert hit.severity is Severity.CRITICAL
    assert hit.message.endswith(": GHSA-0, GHSA-1, GHSA-2, GHSA-3, GHSA-4 and 2 more")
    assert five.message.endswith(": GHSA-0, GHSA-1, GHSA-2, GHSA-3, GHSA-4")


@pytest.mark.parametrize(
    ("line", "versions", "fix"),
    [
        ("uvx a==1.9", ("1.10", "1.11"), "name version 1.11 or a later one"),
        ("npx a@1.9.0", ("1.10.0", "1.9.5"), "name version 1.10.0 or a later one"),
        ("uvx a==1.9", ("1.10", ""), "no version is known to be fixed; read "),
        ("uvx a==1.9", ("1.8",), "no version is known to be fixed; read "),
        ("npx a@1.9.0", ("1.10",), "no version is known to be fixed; read "),
    ],
)
def test_the_version_that_is_without_all_of_them_is_named(
    line: str, versions: tuple[str, ...], fix: str
) -> None:
    ends = [((Bound.FIXED, one),) if one else () for one in versions]
    several = tuple(
        advisory(f"GHSA-{number}", START, *end, source=-1) for number, end in enumerate(ends)
    )
    kind, version = ("npm", "1.9.0") if line.startswith("npx") else ("pypi", "1.9")

    (hit,) = hits(line, MachineFacts(online={(kind, "a", version): several}))

    assert hit.fix.startswith(fix)
    assert fix.endswith("one") or hit.fix.endswith("GHSA-0")


def test_of_another_index_nothing_is_known() -> None:
    for line in ("dnx holes@1.0.0", "cargo install holes@1.0.0", "deno run jsr:@s/bad@1.0.0"):
        assert ids(line, KNOWN) == []


def test_a_version_that_cannot_be_compared_is_known_only_where_it_is_listed() -> None:
    assert ids("npx holes@1.0.0-x.y", KNOWN) == ["MA106"]
    assert ids("uvx holes==1.0.0-x.y", KNOWN) == ["MA106"]
    assert ids("uvx holes==1.0.0-x.z", KNOWN) == []
