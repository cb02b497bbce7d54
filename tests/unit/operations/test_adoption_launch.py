"""What a command line starts, and whether mcpinstall can take its place."""

from __future__ import annotations

import dataclasses

import pytest

from mcpinstall.model.audited import AuditedServer
from mcpinstall.operations.adoption_launch import Launch, read, words
from mcpinstall.rules.audit.unwrap import unwrap
from tests.builders import audited
from tests.builders.canaries import token as secret_token


def entry(*argv: str, env: dict[str, str] | None = None, url: str | None = None) -> AuditedServer:
    """Return an entry as the audit's reader gives it: without what wraps its program."""
    server = audited.server(*argv, env=env, url=url)
    found = unwrap(server.argv)
    return dataclasses.replace(
        server, launch=found.launch, wrappers=found.wrappers,
        variables=(*server.variables, *found.variables),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        ("uvx clock-server", {"package": "clock-server"}),
        ("uvx Clock_Server", {"package": "clock-server"}),
        ("/opt/uv/uvx clock-server", {}),
        ("uvx clock-server --zone Oslo", {"arguments": ("--zone", "Oslo")}),
        ("uvx clock-server -- --zone", {"arguments": ("--", "--zone")}),
        ("uvx clock-server@1.0", {"version": "1.0"}),
        ("uvx clock-server@latest", {}),
        ("uvx clock-server==1.0", {"version": "1.0"}),
        ("uvx clock-server>=1", {"specifier": ">=1"}),
        ("uvx -q --no-cache clock-server", {}),
        ("uvx --python 3.12 clock-server", {"python": "3.12"}),
        ("uvx -p3.12 clock-server", {"python": "3.12"}),
        ("uvx --from clock-server==1.0 clock-server a", {"version": "1.0", "arguments": ("a",)}),
        ("uvx --from clock-server tick", {"script": "tick"}),
        ("uv tool run clock-server", {"runner": "uv tool run"}),
        ("pipx run clock-server", {"runner": "pipx run"}),
        ("pipx run --spec clock-server==1.0 tick", {
            "runner": "pipx run", "version": "1.0", "script": "tick"}),
        ("cmd /c uvx clock-server", {}),
    ],
)  # fmt: skip
def test_a_python_runner_is_read(argv: str, wanted: dict[str, object]) -> None:
    usual = Launch(runner="uvx", package="clock-server", script="clock-server")

    assert read(entry(*argv.split()), audited.NOTHING) == dataclasses.replace(usual, **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ("npx -y clock-server", "npm"),
        ("npx -y clock-server@1.0.0", "npm"),
        ("docker run clock/server", "container"),
        ("/usr/bin/clock", "a program of this machine"),
        ("clock-server", "a program of this machine"),
        ("uv run clock.py", "a program of this machine"),
        ("uv --directory /srv run clock", "a program of this machine"),
        ("uvx --from git+https://example.com/clock clock", "an address"),
        ("uvx ./clock", "an address or a file"),
        ("uvx --with extra clock-server", "`--with`"),
        ("uvx --from clock-server[tz]==1.0 clock-server", "extras"),
        ("uvx --index-url https://example.com/simple clock-server", "`--index-url`"),
        ("uvx --prerelease allow clock-server", "`--prerelease`"),
        ("uvx --python ${PY} clock-server", "interpreter"),
        ("uvx --from clock-server", "no program"),
        ("uvx clock-server ${workspaceFolder}", "the host fills in"),
        ("sudo uvx clock-server", "more rights"),
        ("/usr/bin/doas uvx clock-server", "more rights"),
        ("nice -n 5 uvx clock-server", "through `nice`"),
        ("env TZ=UTC uvx clock-server", "through `env`"),
        ("op run -- uvx clock-server", "through `op`"),
        ("go run example.com/clock@v1.0.0", "can't install what `go run` runs"),
    ],
)
def test_what_cannot_be_kept_is_told(argv: str, why: str) -> None:
    found = read(entry(*argv.split()), audited.NOTHING)

    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"LD_PRELOAD": "/x.so"}, "`LD_PRELOAD`"),
        ({"PYTHONPATH": "/x"}, "`PYTHONPATH`"),
        ({"PYTHONSTARTUP": "/x"}, "`PYTHONSTARTUP`"),
        ({"UV_INDEX_URL": "https://example.com/simple"}, "`UV_INDEX_URL`"),
        ({"PIP_EXTRA_INDEX_URL": "https://example.com/simple"}, "`PIP_EXTRA_INDEX_URL`"),
        ({"A\x1b[2J": "1"}, "whose name is none"),
        ({"A=B": "1"}, "whose name is none"),
    ],
)
def test_variables_that_choose_code_are_never_carried_over(env: dict[str, str], why: str) -> None:
    found = read(entry("uvx", "clock-server", env=env), audited.NOTHING)

    assert isinstance(found, str)
    assert why in found


@pytest.mark.parametrize("env", [{"TZ": "UTC"}, {"LD_PRELOAD": ""}, {"PYTHONUNBUFFERED": "1"}])
def test_other_variables_are_no_obstacle(env: dict[str, str]) -> None:
    assert isinstance(read(entry("uvx", "clock-server", env=env), audited.NOTHING), Launch)


def test_a_secret_in_an_argument_is_not_carried_over_and_not_told() -> None:
    token = secret_token("github")

    found = read(entry("uvx", "clock-server", "--token", token), audited.NOTHING)

    assert isinstance(found, str)
    assert "holds a secret" in found
    assert token not in found


def test_hidden_characters_in_arguments_are_refused() -> None:
    found = read(entry("uvx", "clock-server", "a\u202eb"), audited.NOTHING)

    assert found == "an argument holds characters that can't be seen"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ("docker run ghcr.io/a/b:1", "docker run ghcr.io/a/b:1, whatever image has that tag"),
        ("uvx clock-server", "uvx clock-server, whatever version is newest at each start"),
        ("uvx clock-server==1.0", "uvx clock-server==1.0, this version"),
        ("sudo uvx clock-server==1", "uvx clock-server==1, this version, through `sudo`"),
        ("/usr/bin/clock --token abc", "`clock`, a program of this machine"),
        ("uvx ./clock", "uvx ./clock, a file of this machine"),
        ("", "nothing"),
    ],
)  # fmt: skip
def test_what_starts_is_told_in_plain_words_without_arguments(argv: str, told: str) -> None:
    assert words(entry(*argv.split())) == told


def test_a_remote_server_is_no_program_here() -> None:
    remote = audited.server(url="https://example.com/mcp?key=x")

    assert words(remote) == "a remote server"
    assert "remote server" in str(read(remote, audited.NOTHING))
