"""MA207 to MA209, MA601 to MA603 and MA204 to MA206: which file, folder or option is at fault."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from mcpinstall.model.audited import FileScope, Value
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit import containers, executables, loading, programs, search_paths
from mcpinstall.rules.audit.asked import asked_name, asked_paths
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts, PathState
from mcpinstall.rules.audit.paths import LONGEST_PATH, granted, is_absolute, is_shared, shown, typed
from mcpinstall.rules.audit.rule import Hit, Persona
from tests.unit.rules.audit.launches import server

IMAGE = f"i@sha256:{'0' * 64}"
CHECKS = (executables, containers, programs, loading, search_paths)


def hits(
    line: str,
    facts: MachineFacts = NOTHING,
    scope: FileScope = FileScope.USER,
    env: dict[str, str] | None = None,
) -> list[Hit]:
    one = server(*shlex.split(line), env=env, scope=scope)
    return [hit for module in CHECKS for hit in module.check(one, facts)]


def ids(line: str, scope: FileScope = FileScope.USER, env: dict[str, str] | None = None) -> str:
    return " ".join(hit.rule.id for hit in hits(line, scope=scope, env=env) if hit.persona is None)


def of_project(line: str) -> str:
    return ids(line, FileScope.PROJECT)


# MA208, MA209 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["pwsh -ExecutionPolicy Bypass /tmp/x.ps1", "powershell -ep Bypass -File /tmp/x.ps1",
     "powershell.exe -NoProfile -executionpolicy bypass -f /tmp/x.ps1", "pwsh /tmp/x.ps1",
     "uvx --directory /tmp/p a==1", "uv tool run --project /tmp/p a==1", "uv run /tmp/x",
     "uv run /tmp/x.py", "uv run python /tmp/x.py", "java -jar /tmp/x.jar",
     "node -r /tmp/x.js -W 1 y.js", "bun run /tmp/x.js", "python -W error -X dev /tmp/x.py",
     "sh /tmp/run"],
)  # fmt: skip
def test_what_lies_where_everybody_writes_is_started(line: str) -> None:
    assert ids(line) == "MA208"


@pytest.mark.parametrize(
    "line",
    ["sh run /tmp/x", "bun run /srv/x.js /tmp/y", "pwsh -Command 'a; /tmp/x'", "uv run",
     "powershell -EncodedCommand /tmp/x", "uv run --with a==1",
     "uv run https://h.example/tmp/x.py", "node -r x /srv/x.js", "pwsh -File", "pwsh",
     "python -m /tmp/x"],
)  # fmt: skip
def test_what_only_stands_beside_it_is_not(line: str) -> None:
    assert "MA208" not in ids(line)


@pytest.mark.parametrize(
    "line",
    ["uv run --no-project server.py", "uv run --with a==1 server.py", "uv run server",
     "uv run --no-project ./server", "pwsh -File x.ps1", "pwsh -NoProfile x.ps1", "java -jar x.jar",
     "docker-compose up", "podman compose up", "nerdctl compose up", "bun run x.ts",
     "python server.py"],
)  # fmt: skip
def test_a_file_of_the_project_is_started(line: str) -> None:
    assert of_project(line) == "MA209"


@pytest.mark.parametrize(
    "line",
    ["uv tool run a==1 serve", "perl -pe x y", "python -Im x", "uv run", "mytool compose up",
     "uv run --no-project my.python-tool",
     "pwsh -Command 'a; b'", "pwsh -EncodedCommand QUJD", f"podman run {IMAGE} ./x",
     f"nerdctl run {IMAGE} ./x", "python ''", "podman run sha256:" + "0" * 64,
     "nerdctl run sha256:" + "0" * 64],
)  # fmt: skip
def test_no_file_of_the_project_is_started(line: str) -> None:
    assert of_project(line) == ""


@pytest.mark.parametrize(
    ("directory", "line", "expected"),
    [("/srv", "uv run x", ""), ("/srv", "uv --directory sub run x", ""),
     ("sub", "uv --directory /srv run x", ""), ("sub", "uv --directory x run x", "MA209"),
     ("/srv", "uv --directory ${workspaceFolder}/x run x", "MA209"),
     ("${workspaceFolder}", "uv --directory /srv run x", ""),
     ("", "uv --directory . run x", "MA209")],
)  # fmt: skip
def test_the_last_folder_that_is_known_decides(directory: str, line: str, expected: str) -> None:
    one = server(*shlex.split(line), scope=FileScope.PROJECT, directory=directory)

    assert " ".join(hit.rule.id for hit in executables.check(one)) == expected


def test_an_empty_folder_is_the_one_of_the_project() -> None:
    one = replace(
        server("python", "x.py", scope=FileScope.PROJECT), directory=Value(text="", pointer="/d")
    )

    assert [hit.rule.id for hit in executables.check(one)] == ["MA209"]


OPEN = PathState(exists=True, writable="/open")


def test_what_others_may_write_is_told_with_the_command_against_it() -> None:
    (hit,) = hits("/open/my/x", MachineFacts(paths={"/open/my/x": OPEN}))
    (shared,) = hits("/tmp/x")

    assert (hit.rule.id, hit.fix) == ("MA208", "chmod go-w /open")
    assert "/open" in hit.message
    assert shared.fix == "move it to a folder of your own"


@pytest.mark.parametrize("line", ["uv --directory /open run x", "uvx --from /open x"])
def test_a_folder_that_others_may_write_is_asked_about_and_told(line: str) -> None:
    one = server(*shlex.split(line))

    assert "/open" in set(asked_paths(one))
    (hit,) = executables.check(one, MachineFacts(paths={"/open": OPEN}))
    assert hit.fix == "chmod go-w /open"


@pytest.mark.parametrize(
    ("resolved", "expected"), [("", []), ("/opt/x", []), ("/tmp/x", ["MA208"])]
)
def test_where_a_link_leads_counts(resolved: str, expected: list[str]) -> None:
    facts = MachineFacts(paths={"/srv/x": PathState(exists=True, resolved=resolved)})

    assert [hit.rule.id for hit in hits("/srv/x", facts)] == expected


def test_a_script_that_everybody_may_write_is_told_before_its_interpreter() -> None:
    on_path = MachineFacts(found={
        "python": PathState(exists=True, resolved="/usr/local/bin/python", writable="/usr/local"),
        "/srv/x.py": OPEN,
    })  # fmt: skip

    assert [hit.severity for hit in hits("python /srv/x.py", on_path)] == [Severity.LOW]
    assert [hit.severity for hit in hits("python /tmp/x.py", on_path)] == [None]


@pytest.mark.parametrize(
    ("line", "env", "name"),
    [("npx a", {}, "npx"), ("npx a", {"LANG": "C"}, "npx"), ("npx a", {"PATH": "/x"}, ""),
     ("npx a", {"LANG": "C", "Path": "/x"}, ""), ("/usr/bin/npx a", {}, ""),
     ("'npx a b'", {}, "npx"), ("../npx", {}, ""), ("npx~", {}, ""), ("", {}, "")],
)  # fmt: skip
def test_a_name_is_looked_for_where_the_entry_does_not_say_where(
    line: str, env: dict[str, str], name: str
) -> None:
    assert asked_name(server(*shlex.split(line), env=env)) == name


def test_only_paths_that_a_file_can_have_are_asked_about() -> None:
    one = server("python", "/srv/x.py\0y", env={"PATH": "/usr/bin:bin:/usr/bin"})

    assert list(asked_paths(one)) == ["/usr/bin"]
    assert list(asked_paths(server("/srv/x", "/srv/y"))) == ["/srv/x"]
    assert list(asked_paths(server("java", "-jar", "/srv/x.jar"))) == ["/srv/x.jar"]


# Paths -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [("/", "all"), ("/./", "all"), ("/srv/..", "all"), ("/srv/../../", "all"), ("//c/", "all"),
     ("C:\\", "all"), ("/etc/.", "secrets"), ("/srv/../etc", "secrets"), ("/etc", "secrets"),
     ("~/.ssh/.", "secrets"), ("~/.", "home"), ("~/x/..", "home"), ("$HOME/x/../", "home"),
     ("/home/u/x/..", "home"), ("~", "home"), ("/etc/x", ""),
     ("./.ssh", "secrets"), ("C:/Users/../", "all"), ("/etcx", ""), ("/srv/./x", ""),
     ("~/x", ""), ("data", ""), ("", ""), ("./x", ""), ("${X}/..", "")],
)  # fmt: skip
def test_what_a_path_gives(text: str, what: str) -> None:
    assert granted(text) == what


def test_a_path_is_absolute_up_to_what_a_system_takes() -> None:
    assert is_absolute("/" * LONGEST_PATH)
    assert not is_absolute("/" * (LONGEST_PATH + 1))
    assert not is_shared("tmp//x/../y")
    assert is_shared("//tmp//x")
    assert not is_shared("//srv//tmp")


def test_a_path_is_cut_in_a_message_and_quoted_for_a_shell() -> None:
    assert shown("x" * 120) == "x" * 120
    assert shown("x" * 121) == f"{'x' * 120}…"
    assert [typed(one) for one in ("~/a b", "/a b", "a")] == ["~/'a b'", "'/a b'", "a"]
    assert typed("~x") == "'~x'"


# MA207 -------------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_folder_is_told() -> None:
    (empty,) = hits("x", env={"PATH": "/usr/bin:"})
    (relative,) = hits("x", env={"PATH": "/usr/bin:bin"})

    assert "an empty part" in empty.message
    assert "not absolute: `bin`" in relative.message


def test_a_folder_behind_more_than_are_looked_at_is_no_secret() -> None:
    few, many = ":".join(["/usr/bin"] * 1000), ":".join(["/usr/bin"] * 1001)

    assert ids("x", env={"PATH": few}) == ""
    (hit,) = hits("x", env={"PATH": f"{many}:bin"})
    assert "more than 1000 folders" in hit.message
    assert ids("x", env={"PATH": ":".join(["/usr/bin"] * 999 + ["bin"])}) == "MA207"
    (first,) = hits("x", env={"PATH": f"bin:{many}"}, scope=FileScope.PROJECT)
    assert ("not absolute" in first.message, first.severity) == (True, Severity.HIGH)
    assert hit.severity is Severity.MEDIUM


# MA204 to MA206 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "loads", "harmless"),
    [
        *((name, "/srv/x", "") for name in (
            "DYLD_FALLBACK_FRAMEWORK_PATH", "DYLD_VERSIONED_FRAMEWORK_PATH",
            "DYLD_VERSIONED_LIBRARY_PATH", "OPENSSL_ENGINES", "OPENSSL_MODULES", "GCONV_PATH",
        )),
        ("OPENSSL_CONF", "/srv/x.cnf", "/usr/lib/ssl/openssl.cnf"),
        ("OPENSSL_CONF", "/etc/../srv/x.cnf", "/etc/ssl/openssl.cnf"),
        ("OPENSSL_CONF", "x.cnf", "/dev/null"),
        ("PYTHONWARNINGS", "ignore::a.b", "ignore:a.b"),
        ("ENV", "$X", "x"), ("ENV", "~x", "x~"), ("ENV", "a/b", "ab"),
        ("ENV", "a\\b", ""),
    ],
)  # fmt: skip
def test_a_variable_loads_code(name: str, loads: str, harmless: str) -> None:
    assert ids("x", env={name: loads}) == "MA206"
    assert ids("x", env={name: harmless}) == ""
    assert ids(f"docker run -e '{name}={loads}' {IMAGE}") == "MA206"
    assert ids(f"docker run -e {name} {IMAGE}") == ""
    assert ids(f"npx --env '{name}={loads}' a@1.0.0") == ""
    assert ids(f"pip install -e '{name}={loads}'") == ""


def test_more_rights_are_told_once() -> None:
    (hit,) = hits(f"sudo sudo docker run --user root {IMAGE}")

    assert (hit.rule.id, hit.pointer) == ("MA205", "/mcpServers/s/command")


def test_another_user_has_other_rights() -> None:
    assert ids("su root -c x") == "MA205"


def test_root_in_a_container_is_told_where_it_stands() -> None:
    assert [hit.pointer[-6:] for hit in hits(f"docker run -u root {IMAGE}")] == ["args/2"]
    assert [hit.pointer[-6:] for hit in hits(f"docker run --user=0 {IMAGE}")] == ["args/1"]
    assert hits("npx --user=root a@1.0.0") == []
    assert hits("pip install --user=root a==1") == []


def test_an_entry_without_a_program_is_none_of_these() -> None:
    assert hits("") == []
    assert of_project("") == ""


def test_a_program_on_another_machine_is_for_a_pedant() -> None:
    (hit,) = programs.check(server("ssh", "h.example", "x"))

    assert (hit.rule.id, hit.persona, hit.severity) == ("MA204", Persona.PEDANTIC, Severity.LOW)


# MA601 to MA603 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "ids_"),
    [("--security-opt seccomp=unconfined", "MA601"), ("--security-opt seccomp=unconfined.json", ""),
     ("--device /dev/mem:/x", "MA601"), ("--tmpfs /dev/mem", ""), ("-v ./../.ssh:/x", "MA603"),
     ("-v .ssh:/x", "MA603"), ("-v data:/x", ""), ("-v 'C:\\:/x'", "MA603"),
     ("-v /srv/..:/x", "MA603"), ("-v '/a\nb/.ssh:/x'", "MA603"), ("-v '/:\n'", "MA603"),
     ("--mount type=bind,src=/,dst=/x", "MA603"), ("--mount type=bind,source=/etc,src=/x", "MA603"),
     ("--mount type=tmpfs,dst=/", ""), ("--mount type=bind,dst=/", ""), ("-v", ""),
     ("-e DATABASE=tcp://h.example", ""), ("-e DOCKER_HOST=ssh://h.example", ""),
     ("-e DOCKER_HOST=tcp://h.example", "MA602")],
)  # fmt: skip
def test_what_a_container_is_given(option: str, ids_: str) -> None:
    assert ids(f"docker run {option} {IMAGE}") == ids_


@pytest.mark.parametrize(
    ("line", "place"),
    [("docker -H tcp://h run i", "args/1"), ("docker --host=tcp://h run i", "args/0"),
     ("docker run -v /:/x i", "args/2"), ("docker run --volume=/:/x i", "args/1"),
     ("docker run --mount src=/,dst=/x i", "args/2"), ("docker run --mount=src=/ i", "args/1"),
     ("docker run --privileged i", "args/1")],
)  # fmt: skip
def test_it_is_told_where_it_stands(line: str, place: str) -> None:
    assert [hit.pointer.removeprefix("/mcpServers/s/") for hit in hits(line)] == [place]


@pytest.mark.parametrize(
    "package", ["mcp-proxy", "mcp-proxy==1.0", "mcp-proxy@1.0", "mcp-proxy[x]==1.0", "mcp-proxy>=1",
                "mcp-proxy~=1.0"]
)  # fmt: skip
def test_a_bridge_hides_no_container_whatever_its_version(package: str) -> None:
    assert ids(f"uvx '{package}' --port 80 -- docker run --privileged {IMAGE}") == "MA601"
    assert ids(f"pipx run '{package}' -- docker run --privileged {IMAGE}") == "MA601"


def test_an_option_is_shown_with_its_value_where_it_has_one() -> None:
    (with_value,) = hits(f"docker run --cap-add ALL {IMAGE}")
    (without,) = hits(f"docker run --privileged {IMAGE}")

    assert with_value.fix == "leave `--cap-add=ALL` out"
    assert without.fix == "leave `--privileged` out"


def test_what_everybody_hears_is_told_before_what_a_pedant_hears() -> None:
    (hit,) = hits(f"npx supergateway@1 / --stdio 'docker run -v /home/u:/x {IMAGE}'")
    (pedantic,) = hits("uv run server /")

    assert (hit.rule.id, hit.persona, hit.severity) == ("MA603", None, Severity.MEDIUM)
    assert (pedantic.rule.id, pedantic.persona) == ("MA603", Persona.PEDANTIC)
