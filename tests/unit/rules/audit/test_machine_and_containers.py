"""What containers publish and are given, what is loaded first, and whose folders code is from."""

from __future__ import annotations

import shlex

import pytest

from mcpinstall.model.audited import FileScope
from mcpinstall.rules import audit as rules
from mcpinstall.rules.audit.causes import without_general
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.machine_facts import NOTHING
from tests.unit.rules.audit.launches import server

IMAGE = f"i@sha256:{'0' * 64}"


def found(line: str, scope: FileScope = FileScope.USER, env: dict[str, str] | None = None) -> str:
    """Return the ids that the regular persona hears about a launch."""
    one = server(*shlex.split(line), env=env, scope=scope)
    hits = [hit for _, check in rules.SERVER_CHECKS for hit in check(one, NOTHING)]
    hits += [hit for _, check in rules.FACT_CHECKS for hit in check(one, FileFacts())]
    regular = {hit.rule.id for hit in without_general(hits) if hit.persona is None}
    return " ".join(sorted(regular))


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ("-itp 8080:80", "MA404"),
        ("-itP", "MA404"),
        ("--publish=8080:80", "MA404"),
        ("--tls-verify -p 8080:80", "MA404"),
        ("--use-api-socket", "MA602"),
        ("--use-api-socket -p 80:80", "MA404 MA602"),
        ("-v //c/:/host", "MA603"),
        ("--use-api-socket=false", ""),
        ("-p 127.0.0.1:8080:80", ""),
        ("-p [::1]:8080:80", ""),
        ("--publish-all=false", ""),
        ("-v //c/data:/host", ""),
    ],
)
def test_options_of_a_container(options: str, ids: str) -> None:
    assert found(f"docker run {options} {IMAGE}") == ids
    assert found(f"docker run {IMAGE} {options}") == ""


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        (f"docker -H tcp://h.example:2375 run {IMAGE}", "MA602"),
        (f"docker --host=tcp://h.example:2375 run {IMAGE}", "MA602"),
        (f"docker --tlsverify -H tcp://h.example:2376 run {IMAGE}", ""),
        (f"docker -H ssh://h.example run {IMAGE}", ""),
    ],
)
def test_the_daemon_of_a_container(line: str, ids: str) -> None:
    assert found(line) == ids


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("node_options", "--require x"), ("npm_config_node_options", "--require x"),
        ("npm_config_script_shell", "/srv/x"), ("BUN_OPTIONS", "--preload ./x"),
        ("DOTNET_STARTUP_HOOKS", "/srv/x.dll"), ("PYTHONBREAKPOINT", "os.system"),
        ("GIT_SSH", "/srv/x"), ("ZDOTDIR", "/srv"), ("RUBYLIB", "/srv"), ("Ld_Preload", "x"),
    ],
)  # fmt: skip
def test_a_variable_that_loads_code(name: str, text: str) -> None:
    assert found("server", env={name: text}) == "MA206"


@pytest.mark.parametrize(
    ("name", "text"),
    [("env", "/srv/x"), ("PYTHONBREAKPOINT", "0"), ("BUN_OPTIONS", "--smol"), ("GIT_SSH", ""),
     ("npm_config_node_options", "--no-warnings")],
)  # fmt: skip
def test_a_variable_that_loads_none(name: str, text: str) -> None:
    assert found("server", env={name: text}) == ""


@pytest.mark.parametrize(
    "line",
    ["//tmp/x", "/usr/../tmp/x", "/usr/./../tmp//x", "'$TMPDIR/x'", "node -r /tmp/h.js /srv/x.js",
     "node --import=/tmp/h.mjs /srv/x.js", "uv --directory /tmp/p run server.py",
     "uv run --project /tmp/p server", "uvx --from /tmp/p server", "deno run -A /tmp/x.ts",
     "npx -y tsx@4.0.0 /tmp/x.ts"],
)  # fmt: skip
def test_code_in_a_shared_folder(line: str) -> None:
    assert found(line) == "MA208"


@pytest.mark.parametrize(
    "line",
    ["/usr/tmpx/x", "/srv/tmp/../x", "node -r dotenv/config /srv/x.js", "uvx --from /srv/p server",
     "uv --directory /srv/p run server.py", "node /srv/x.js -r /tmp/h.js", "/tmp/../srv/x"],
)  # fmt: skip
def test_code_in_another_folder(line: str) -> None:
    assert found(line) == ""


@pytest.mark.parametrize(
    "line",
    ["uv run server", "uv run -m server", "uv --directory . run server", "uv run python server.py",
     "npx -y tsx@4.0.0 server.ts", "docker compose run x", "docker-compose up"],
)  # fmt: skip
def test_code_of_the_project(line: str) -> None:
    assert found(line, FileScope.PROJECT) == "MA209"
    assert found(line) == ""


@pytest.mark.parametrize(
    "line",
    ["uv run --no-project server", "uv --directory /srv/p run server", "uv run npx -y a@1.0.0",
     "docker compose -f /srv/c.yaml run x",
     "uv --directory /srv/p run server.py", "uv run --directory '<folder>' python server.py",
     "uv run --with a==1.0 a", "npx -y @scope/mcp-proxy@1.0.0", "npx -y tsx@4.0.0 /srv/server.ts"],
)  # fmt: skip
def test_code_from_elsewhere(line: str) -> None:
    assert found(line, FileScope.PROJECT) == ""


def test_a_working_directory_elsewhere_is_not_the_project() -> None:
    def ids(folder: str) -> list[str]:
        one = server("ruby", "a.rb", scope=FileScope.PROJECT, directory=folder)
        return [hit.rule.id for _, check in rules.SERVER_CHECKS for hit in check(one, NOTHING)]

    assert ids("/srv/p") == []
    assert ids("C:\\srv") == []
    assert ids("") == ids(".") == ids("sub") == ids("${workspaceFolder}/x") == ["MA209"]
