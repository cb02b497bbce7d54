"""`mcpi audit --fix` on files of hosts: what is proposed, written, refused and taken back."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import find_rows
from mcpinstall.model.audited import AuditedServer
from mcpinstall.model.finding import Severity
from mcpinstall.operations import audit, audit_baseline, fix_commit, fixing, undo
from mcpinstall.operations.audit_findings import RuleSet
from mcpinstall.operations.context import Context
from mcpinstall.operations.fixing import PreparedFixes
from mcpinstall.receipts.store import ReceiptStore
from mcpinstall.rules import remedies
from mcpinstall.rules.audit.rule import Hit, Persona, rule
from tests.builders.host_formats import parse

REMOTE = ("-y", "mcp-remote@0.1.29")
ANY = "0.0.0.0"  # noqa: S104
DIGEST = "sha256:" + 32 * "0f"
ALL = frozenset(one.name for one in remedies.FIXERS if not one.is_safe)


@dataclass
class Home:
    """A home with a project in it, and where the command runs."""

    home: Path
    context: Context

    @property
    def work(self) -> Path:
        """The project."""
        return self.home / "work"

    def put(self, name: str, content: str | bytes, mode: int = 0o600) -> Path:
        """Write a host's file; the name begins in the home."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def prepared(self, *names: str, wanted: audit.Wanted | None = None) -> PreparedFixes:
        """Return what would be fixed."""
        return fixing.prepare(wanted or audit.Wanted(), frozenset(names), self.context)

    def fixed(self, *names: str) -> PreparedFixes:
        """Fix."""
        prepared = self.prepared(*names)
        for _ in fix_commit.commit(prepared):
            pass
        return prepared

    def entry(self, server: str) -> str:
        """Return the digest of an entry in which something is found."""
        report = audit.audit(audit.Wanted(), self.context)
        return next(one.entry for one in report.findings if one.server == server)

    def found(self) -> list[str]:
        """Return the rules that find something now."""
        return sorted(one.rule.id for one in audit.audit(audit.Wanted(), self.context).findings)


@pytest.fixture
def there(home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    (home / "work").mkdir(mode=0o700)
    (home / "work/.git").mkdir()
    monkeypatch.chdir(home / "work")
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "UV_CACHE_DIR", "npm_config_cache"):
        monkeypatch.delenv(variable, raising=False)
    return Home(home, Context.current())


def servers(**entries: object) -> str:
    return json.dumps({"mcpServers": entries}, indent=2) + "\n"


CURSOR, CODEX, GOOSE, ZED = (
    ".cursor/mcp.json", ".codex/config.toml", ".config/goose/config.yaml",
    ".config/zed/settings.json",
)  # fmt: skip

CASES = [
    pytest.param(
        (
            CURSOR,
            '{"mcpServers": {"a": {"command": "npx -y x@1.0.0"}}}',
            "MA707",
            "",
            '{"mcpServers": {"a": {"command": "npx", "args": ["-y", "x@1.0.0"]}}}',
        ),
        id="split, JSON",
    ),
    pytest.param(
        (
            CURSOR,
            '{"mcpServers": {"a": {"command": "npx -y x@1.0.0", "args": ["--a"]}}}',
            "MA707",
            "",
            '{"mcpServers": {"a": {"command": "npx", "args": ["-y", "x@1.0.0", "--a"]}}}',
        ),
        id="split in front of arguments",
    ),
    pytest.param(
        (
            CURSOR,
            '{"mcpServers": {"a": {"command": "npx", "args": "-y x@1.0.0"}}}',
            "MA707",
            "",
            '{"mcpServers": {"a": {"command": "npx", "args": ["-y", "x@1.0.0"]}}}',
        ),
        id="arguments in one text",
    ),
    pytest.param(
        (
            ZED,
            '{ // mine\n  "context_servers": {"a": {"command": "npx -y x@1.0.0",},},\n}\n',
            "MA707",
            "",
            (
                '{ // mine\n  "context_servers": {"a": {"command": "npx", "args": '
                '["-y", "x@1.0.0"],},},\n}\n'
            ),
        ),
        id="split, JSONC",
    ),
    pytest.param(
        (
            CODEX,
            '[mcp_servers.a]\ncommand = "npx -y x@1.0.0" # mine\n',
            "MA707",
            "",
            '[mcp_servers.a]\ncommand = "npx" # mine\nargs = ["-y", "x@1.0.0"]\n',
        ),
        id="split, TOML",
    ),
    pytest.param(
        (
            GOOSE,
            "extensions:\n  a: # mine\n    cmd: npx -y x@1.0.0\n    name: a\n    type: stdio\n",
            "MA707",
            "",
            (
                'extensions:\n  a: # mine\n    cmd: npx\n    args: ["-y", "x@1.0.0"]\n    name: a\n'
                "    type: stdio\n"
            ),
        ),
        id="split, YAML",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "sudo", "args": ["-n", "uvx", "x==1.0"]}),
            "MA205",
            "drop-privilege",
            servers(a={"command": "uvx", "args": ["x==1.0"]}),
        ),
        id="sudo, JSON",
    ),
    pytest.param(
        (
            CODEX,
            '[mcp_servers.a]\ncommand = "sudo"\nargs = ["uvx", "x==1.0"]\n',
            "MA205",
            "drop-privilege",
            '[mcp_servers.a]\ncommand = "uvx"\nargs = ["x==1.0"]\n',
        ),
        id="sudo, TOML",
    ),
    pytest.param(
        (
            GOOSE,
            "extensions:\n  a:\n    cmd: doas\n    args:\n      - uvx # mine\n      - x==1.0\n",
            "MA205",
            "drop-privilege",
            "extensions:\n  a:\n    cmd: uvx\n    args:\n      # mine\n      - x==1.0\n",
        ),
        id="doas, YAML",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "x", "env": {"LD_PRELOAD": "/x.so", "A": "1"}}),
            "MA206",
            "remove-variable",
            servers(a={"command": "x", "env": {"A": "1"}}),
        ),
        id="variable, JSON",
    ),
    pytest.param(
        (
            CODEX,
            '[mcp_servers.a]\ncommand = "x"\n[mcp_servers.a.env]\nLD_PRELOAD = "/x"\nA = "1"\n',
            "MA206",
            "remove-variable",
            '[mcp_servers.a]\ncommand = "x"\n[mcp_servers.a.env]\nA = "1"\n',
        ),
        id="variable, TOML",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "docker", "args": ["run", "-e", "BASH_ENV=/x", f"i@{DIGEST}"]}),
            "MA206",
            "remove-variable",
            servers(a={"command": "docker", "args": ["run", f"i@{DIGEST}"]}),
        ),
        id="variable of docker",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "env", "args": ["LD_AUDIT=/x.so", "B=1", "y"]}),
            "MA206",
            "remove-variable",
            servers(a={"command": "env", "args": ["B=1", "y"]}),
        ),
        id="variable of env",
    ),
    pytest.param(
        (
            CURSOR,
            servers(
                a={
                    "command": "docker",
                    "args": ["run", "--privileged", "--pid", "host", "--rm", f"i@{DIGEST}"],
                }
            ),
            "MA601",
            "drop-flag",
            servers(a={"command": "docker", "args": ["run", "--rm", f"i@{DIGEST}"]}),
        ),
        id="flags",
    ),
    pytest.param(
        (
            CODEX,
            (
                '[mcp_servers.a]\ncommand = "docker"\nargs = [\n  "run",\n  "--network=host",\n'
                f'  "i@{DIGEST}",\n]\n'
            ),
            "MA601",
            "drop-flag",
            f'[mcp_servers.a]\ncommand = "docker"\nargs = [\n  "run",\n  "i@{DIGEST}",\n]\n',
        ),
        id="flag, TOML",
    ),
    pytest.param(
        (
            ".gemini/settings.json",
            servers(a={"command": "x", "trust": True}),
            "MA501",
            "ask-again",
            servers(a={"command": "x"}),
        ),
        id="trust",
    ),
    pytest.param(
        (
            ".kiro/settings/mcp.json",
            servers(a={"command": "x", "autoApprove": ["read", "*"]}),
            "MA501",
            "ask-again",
            servers(a={"command": "x", "autoApprove": ["read"]}),
        ),
        id="wildcard",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"url": "http://mcp.example.org/sse"}),
            "MA401",
            "use-https",
            servers(a={"url": "https://mcp.example.org/sse"}),
        ),
        id="https",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "x", "env": {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "B": "1"}}),
            "MA402",
            "verify-tls",
            servers(a={"command": "x", "env": {"B": "1"}}),
        ),
        id="TLS",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "x", "args": ["--host", ANY]}),
            "MA404",
            "listen-locally",
            servers(a={"command": "x", "args": ["--host", "127.0.0.1"]}),
        ),
        id="listening",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "x", "args": ["--listen=:8080"]}),
            "MA404",
            "listen-locally",
            servers(a={"command": "x", "args": ["--listen=127.0.0.1:8080"]}),
        ),
        id="listening without a host",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "x", "env": {"DANGEROUSLY_OMIT_AUTH": "true"}}),
            "MA407",
            "require-login",
            servers(a={"command": "x", "env": {}}),
        ),
        id="login",
    ),
    pytest.param(
        (
            CURSOR,
            servers(
                a={"command": "npx", "args": [*REMOTE, "http://a.example.com", "--allow-http"]}
            ),
            "MA407",
            "require-login",
            servers(a={"command": "npx", "args": [*REMOTE, "https://a.example.com"]}),
        ),
        id="allowed-http",
    ),
    pytest.param(
        (
            CURSOR,
            servers(a={"command": "x", "description": "rea\u200bd it 👩‍💻"}),
            "MA701",
            "strip-characters",
            servers(a={"command": "x", "description": "read it 👩‍💻"}),
        ),
        id="hidden characters",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_a_finding_goes_and_nothing_else_changes(there: Home, case: tuple[str, ...]) -> None:
    name, before, rule_id, fixer, after = case
    file = there.put(name, before)
    assert rule_id in there.found()

    there.fixed(*(one for one in (fixer,) if one))

    assert rule_id not in there.found()
    assert file.read_bytes().decode() == after


def test_each_fixer_that_has_no_tests_of_its_own_is_tried_above() -> None:
    tried = {case.values[0][3] or "split-command" for case in CASES}  # type: ignore[index]
    elsewhere = {"pin", "move-secret", "raise-version", "switch-off", "restore-entry"}

    assert tried == {one.name for one in remedies.FIXERS} - elsewhere


# Versions ----------------------------------------------------------------------------------------


def wheels(there: Home, name: str, *entries: str) -> None:
    folder = there.home / ".cache/uv/wheels-v8/pypi" / name
    folder.mkdir(parents=True)
    for entry in entries:
        (folder / entry).touch()


def npx(there: Home, name: str, *versions: str) -> None:
    for number, version in enumerate(versions):
        folder = there.home / f".npm/_npx/{number:016x}/node_modules/{name}"
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": name, "version": version}))


def tool(there: Home, name: str, version: str) -> None:
    packages = there.home / f".local/share/uv/tools/{name}/lib/python3.12/site-packages"
    (packages / f"{name.replace('-', '_')}-{version}.dist-info").mkdir(parents=True)


def arguments(path: Path) -> list[str]:
    found = json.loads(path.read_text())["mcpServers"]["a"]["args"]
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("argument", "pinned"),
    [
        (["some-server"], ["some-server==1.2.3"]),
        (["some-server@latest", "--x"], ["some-server==1.2.3", "--x"]),
        (["--from", "Some_Server[cli]>=1", "x"], ["--from", "Some_Server[cli]==1.2.3", "x"]),
        (["--from=some-server", "x"], ["--from=some-server==1.2.3", "x"]),
    ],
)
def test_a_python_package_is_pinned_to_the_only_version_in_the_cache(
    there: Home, argument: list[str], pinned: list[str]
) -> None:
    wheels(there, "some-server", "1.2.3-py3-none-any.http", "1.2.3-py3-none-any",
           "9.9.9-py3-none-any.msgpack", "9.9.9-py3-none-any.lock")  # fmt: skip
    file = there.put(CURSOR, servers(a={"command": "uvx", "args": argument}))

    there.fixed("pin")

    assert arguments(file) == pinned
    assert there.found() == []


@pytest.mark.parametrize(
    ("argument", "pinned"),
    [
        (["-y", "@some/server"], ["-y", "@some/server@1.2.3"]),
        (["-y", "@some/server@^1", "x"], ["-y", "@some/server@1.2.3", "x"]),
        (["--package=@some/server", "x"], ["--package=@some/server@1.2.3", "x"]),
    ],
)
def test_an_npm_package_is_pinned_to_the_only_version_in_the_cache(
    there: Home, argument: list[str], pinned: list[str]
) -> None:
    npx(there, "@some/server", "1.2.3", "1.2.3")
    file = there.put(CURSOR, servers(a={"command": "npx", "args": argument}))

    there.fixed("pin")

    assert arguments(file) == pinned
    assert there.found() == []


def test_an_installed_tool_tells_its_version(there: Home) -> None:
    tool(there, "some-server", "2.0")
    file = there.put(CURSOR, servers(a={"command": "uvx", "args": ["some-server"]}))

    there.fixed("pin")

    assert arguments(file) == ["some-server==2.0"]


def test_an_image_is_pinned_to_its_digest_in_the_store_of_podman(there: Home) -> None:
    there.put(
        ".local/share/containers/storage/overlay-images/images.json",
        json.dumps([{"names": ["docker.io/mcp/some:latest"], "digest": DIGEST},
                    {"names": ["docker.io/mcp/other:latest"], "digest": "sha256:" + 64 * "1"}]),
    )  # fmt: skip
    file = there.put(CURSOR, servers(a={"command": "podman", "args": ["run", "mcp/some"]}))

    there.fixed("pin")

    assert arguments(file) == ["run", f"mcp/some@{DIGEST}"]


def test_an_image_with_a_tag_is_pinned_to_the_digest_of_that_tag(there: Home) -> None:
    other = "sha256:" + 64 * "1"
    there.put(
        ".local/share/containers/storage/overlay-images/images.json",
        json.dumps([{"names": ["docker.io/mcp/some:latest"], "digest": other},
                    {"names": ["docker.io/mcp/some:1.0"], "digest": DIGEST}]),
    )  # fmt: skip
    file = there.put(CURSOR, servers(
        a={"command": "docker", "args": ["run", "mcp/some:1.0"]},
        b={"command": "docker", "args": ["run", "mcp/some:2.0"]},
    ))  # fmt: skip

    prepared = there.fixed("pin")

    assert arguments(file) == ["run", f"mcp/some:1.0@{DIGEST}"]
    assert "mcp/some:2.0@" not in file.read_text()
    assert [one.finding.server for one in prepared.left] == ["b"]


def test_two_versions_are_none(there: Home) -> None:
    wheels(there, "some-server", "1.2.3-py3-none-any.http")
    tool(there, "some-server", "2.0")
    there.put(CURSOR, servers(a={"command": "uvx", "args": ["some-server"]}))

    prepared = there.prepared("pin")

    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == [
        "several versions of `some-server` are on this machine: 1.2.3, 2.0"
    ]


def test_no_version_says_what_helps(there: Home) -> None:
    there.put(CURSOR, servers(a={"command": "uvx", "args": ["mcp-server-time"]}))

    (left,) = there.prepared("pin").left

    assert left.hint == "mcpi adopt a"


@pytest.mark.parametrize("version", ["1.0 --index-url=x", "latest", "../../x", "1.0\u200b", "$(x)"])
def test_a_version_that_is_none_is_never_written(there: Home, version: str) -> None:
    npx(there, "some", version)
    there.put(CURSOR, servers(a={"command": "npx", "args": ["-y", "some"]}))

    assert there.prepared("pin").files == ()


def test_a_version_that_is_known_to_be_vulnerable_is_not_written(there: Home) -> None:
    """The cache has one version, and the bundled advisories have a record of it."""
    wheels(there, "py", "1.9.0-py3-none-any.http")
    there.put(CURSOR, servers(a={"command": "uvx", "args": ["py"]}))

    prepared = there.prepared("pin")

    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == [
        "the entry would have another finding then: MA106"
    ]


# Secrets -----------------------------------------------------------------------------------------


@pytest.fixture
def token() -> str:
    return "ghp_" + secrets.token_hex(18)


def test_a_secret_becomes_a_reference_as_the_host_spells_it(there: Home, token: str) -> None:
    file = there.put(CURSOR, servers(a={"command": "x", "env": {"GITHUB_TOKEN": token}}))

    prepared = there.fixed("move-secret")

    assert file.read_text() == servers(
        a={"command": "x", "env": {"GITHUB_TOKEN": "${env:GITHUB_TOKEN}"}}
    )
    notes = "; ".join(prepared.files[0].fixed[0].notes)
    assert "set `GITHUB_TOKEN` in your environment before Cursor starts" in notes
    assert "revoke it" in notes


def test_a_header_keeps_its_scheme(there: Home, token: str) -> None:
    header = {"Authorization": f"Bearer {token}"}
    file = there.put(CURSOR, servers(a={"url": "https://mcp.example.org", "headers": header}))

    there.fixed("move-secret")

    assert "Bearer ${env:A_AUTHORIZATION}" in file.read_text()
    assert there.found() == []


def test_vs_code_asks_for_it(there: Home, token: str) -> None:
    entry = {"command": "x", "env": {"GITHUB_TOKEN": token}}
    text = json.dumps({"servers": {"a": entry}}, indent="\t")
    file = there.put(".config/Code/User/mcp.json", text)

    there.fixed("move-secret")

    assert json.loads(file.read_text()) == {
        "servers": {"a": {"command": "x", "env": {"GITHUB_TOKEN": "${input:mcpi.a-GITHUB_TOKEN}"}}},
        "inputs": [{"type": "promptString", "id": "mcpi.a-GITHUB_TOKEN",
                    "description": "GITHUB_TOKEN of a", "password": True}],
    }  # fmt: skip


def test_codex_gets_the_name_alone(there: Home, token: str) -> None:
    file = there.put(
        CODEX,
        f'[mcp_servers.a]\ncommand = "x"\nenv_vars = ["B"]\n[mcp_servers.a.env]\n'
        f'GITHUB_TOKEN = "{token}"\n',
    )

    there.fixed("move-secret")

    assert file.read_text() == (
        '[mcp_servers.a]\ncommand = "x"\nenv_vars = ["B", "GITHUB_TOKEN"]\n[mcp_servers.a.env]\n'
    )


def test_an_argument_is_moved_where_the_host_fills_arguments_in(there: Home, token: str) -> None:
    file = there.put("work/.mcp.json", servers(a={"command": "x", "args": [f"--token={token}"]}))
    other = there.put(".config/Claude/claude_desktop_config.json",
                      servers(a={"command": "x", "args": ["--token", token]}))  # fmt: skip
    before = other.read_bytes()

    prepared = there.fixed("move-secret")

    assert "--token=${A_TOKEN}" in file.read_text()
    assert other.read_bytes() == before
    assert "Claude Desktop takes arguments as they are" in [one.reason for one in prepared.left]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://mcp.example.org/s?api_key=SECRET&b=1", "https://mcp.example.org/s?api_key=${env:A_API_KEY}&b=1"),
        ("https://mcp.example.org/s?b=1#token=SECRET", "https://mcp.example.org/s?b=1#token=${env:A_TOKEN}"),
        ("https://ana:SECRET@mcp.example.org/s", "https://ana:${env:A_PASSWORD}@mcp.example.org/s"),
    ],
)  # fmt: skip
def test_a_secret_of_an_address_becomes_a_reference_in_it(
    there: Home, token: str, before: str, after: str
) -> None:
    text = servers(a={"url": before.replace("SECRET", token)})
    file = there.put(CURSOR, text)
    assert there.found() == ["MA303"]

    there.fixed("move-secret")

    assert json.loads(file.read_text())["mcpServers"]["a"]["url"] == after
    assert there.found() == []
    undo.commit(undo.prepare(None, there.context), there.context)
    assert file.read_text() == text


def test_an_address_that_its_host_takes_as_it_is_stays(there: Home, token: str) -> None:
    there.put(CODEX, f'[mcp_servers.a]\nurl = "https://mcp.example.org/s?api_key={token}"\n')

    prepared = there.prepared("move-secret")

    assert prepared.files == ()
    assert [one.reason for one in prepared.left] == ["Codex takes an address as it is"]


def test_vs_code_asks_for_a_secret_of_an_address(there: Home, token: str) -> None:
    entry = {"url": f"https://mcp.example.org/s?api_key={token}"}
    file = there.put(".config/Code/User/mcp.json", json.dumps({"servers": {"a": entry}}))

    there.fixed("move-secret")

    found = json.loads(file.read_text())
    assert found["servers"]["a"]["url"].endswith("?api_key=${input:mcpi.a-api_key}")
    assert [one["id"] for one in found["inputs"]] == ["mcpi.a-api_key"]


def test_a_host_that_takes_values_as_they_are_gets_no_reference(there: Home, token: str) -> None:
    there.put(".config/Claude/claude_desktop_config.json",
              servers(a={"command": "x", "env": {"GITHUB_TOKEN": token}}))  # fmt: skip

    prepared = there.prepared("move-secret")

    assert prepared.files == ()
    assert all("takes values as they are" in one.reason for one in prepared.left)


# What is not fixed -------------------------------------------------------------------------------


def test_an_unsafe_fix_must_be_named(there: Home) -> None:
    file = there.put(CURSOR, servers(a={"command": "sudo", "args": ["uvx", "x==1.0"]}))
    before = file.read_bytes()

    prepared = there.fixed()

    assert prepared.files == ()
    assert [(one.fixer, one.reason) for one in prepared.left] == [("drop-privilege", "")]
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "command", ['npx -y "a b"', "npx -y $X", "npx -y x; y", "C:\\x -y", "npx 'x'", "npx x|y", "a *"]
)
def test_a_command_that_can_be_split_in_several_ways_is_left(there: Home, command: str) -> None:
    there.put(CURSOR, servers(a={"command": command}))

    assert there.prepared(*ALL).files == ()


def test_an_address_with_a_port_is_left(there: Home) -> None:
    there.put(CURSOR, servers(a={"url": "http://mcp.example.org:8080/sse"}))

    assert there.prepared("use-https").files == ()


def test_hidden_characters_where_something_is_started_by_them_are_left(there: Home) -> None:
    there.put(CURSOR, servers(a={"command": "x", "args": ["a\u200bb"]}))

    prepared = there.prepared("strip-characters")

    assert prepared.files == ()
    assert "decide what is started" in prepared.left[0].reason


def test_a_file_that_programs_read_differently_is_left(there: Home) -> None:
    there.put(
        CURSOR, '{"mcpServers": {"a": {"command": "npx -y x@1.0.0", "command": "npx -y y@1.0.0"}}}'
    )

    prepared = there.prepared(*ALL)

    assert prepared.files == ()
    assert "two programs read this file differently" in prepared.left[0].reason


def test_what_somebody_accepted_is_not_fixed(there: Home) -> None:
    file = there.put("work/.mcp.json", servers(
        a={"command": "npx -y x@1.0.0"}, b={"command": "npx -y y@1.0.0"}))  # fmt: skip
    finding = there.entry("a")
    there.put(
        "work/mcpi-audit.toml",
        f'[[ignore]]\nrule = "MA707"\nserver = "a"\nentry = "{finding}"\nreason = "r"\n',
    )

    there.fixed()

    found = json.loads(file.read_text())["mcpServers"]
    assert (found["a"], found["b"]) == (
        {"command": "npx -y x@1.0.0"}, {"command": "npx", "args": ["-y", "y@1.0.0"]}
    )  # fmt: skip


def test_what_the_baseline_knows_is_not_fixed(there: Home) -> None:
    there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}))
    report = audit.audit(audit.Wanted(approvals=True), there.context)
    baseline = there.home / "known.json"
    audit_baseline.write_baseline(baseline, report)
    wanted = audit.Wanted(baseline=audit_baseline.read_baseline(baseline))

    assert there.prepared(wanted=wanted).files == ()
    assert there.prepared().files != ()


def test_what_only_another_persona_hears_is_not_fixed(there: Home) -> None:
    there.put("work/.claude/settings.json", json.dumps({"permissions": {"allow": ["mcp__a"]}}))
    file = there.put(CURSOR, servers(a={"command": "x", "env": {"A": "${env:B}"}}), mode=0o644)

    assert there.prepared(*ALL).files == ()
    assert file.stat().st_mode & 0o777 == 0o644


# Files -------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_rights_of_others_are_taken_away(there: Home, token: str) -> None:
    file = there.put(CURSOR, servers(a={"command": "x", "env": {"GITHUB_TOKEN": token}}), 0o664)
    before = file.read_bytes()

    there.fixed()

    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == before
    assert "MA305" not in there.found()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_of_a_file_that_others_can_write_to_the_rights_go_first(there: Home) -> None:
    """What was read of it may be another's by the time of the yes; so it is read again."""
    file = there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}), 0o666)
    for offered, found in ((1, ["MA707"]), (1, [])):
        (said,) = [one for one in audit.audit(audit.Wanted(), there.context).left_out
                   if "--fix" in one]  # fmt: skip
        assert said.startswith(f"{offered} finding goes by")

        prepared = there.fixed()

        assert there.found() == found
        assert [one.hint for one in prepared.left] == (
            ["its rights go first: then run the command again"] if found else []
        )
    assert '"args"' in file.read_text()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_folder_that_others_can_write_to_is_closed(there: Home) -> None:
    file = there.put(CURSOR, servers(a={"command": "x"}))
    file.parent.chmod(0o777)
    assert there.found() == ["MA306"]

    there.fixed()

    assert file.parent.stat().st_mode & 0o777 == 0o755
    assert there.found() == []


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_link_stays_one_and_the_mode_too(there: Home) -> None:
    real = there.put("dotfiles/mcp.json", servers(a={"command": "npx -y x@1.0.0"}), 0o640)
    (there.home / ".cursor").mkdir(mode=0o700)
    (there.home / CURSOR).symlink_to(real)

    there.fixed()

    assert (there.home / CURSOR).is_symlink()
    assert '"args"' in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_projects_link_that_leads_out_of_it_is_left(there: Home) -> None:
    real = there.put("elsewhere/mcp.json", servers(a={"command": "npx -y x@1.0.0"}))
    (there.work / ".mcp.json").symlink_to(real)

    prepared = there.prepared()

    assert prepared.files == ()
    assert prepared.left[0].reason == "it is a link that leads out of the project"


def test_line_ends_and_a_mark_stay(there: Home) -> None:
    text = servers(a={"command": "npx -y x@1.0.0"}).replace("\n", "\r\n")
    file = there.put(CURSOR, b"\xef\xbb\xbf" + text.encode())

    there.fixed()

    after = file.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf{\r\n")
    assert after.count(b"\n") == after.count(b"\r\n")
    assert b'"args"' in after


def test_the_administrators_file_is_never_changed(there: Home, tmp_path: Path) -> None:
    from mcpinstall.hosts import find_rows
    from mcpinstall.hosts.audit_places import Place
    from mcpinstall.model.audited import FileScope
    from mcpinstall.operations.fix_places import is_fixable, placed

    file = there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}))
    place = Place(row=find_rows("cursor"), path=file, scope=FileScope.MANAGED)

    assert not is_fixable(place, there.context)
    assert "administrator's" in getattr(placed(place, there.context)[2], "reason", "")


def test_a_file_in_no_hosts_place_is_left(there: Home) -> None:
    file = there.put("somewhere/examples.json", servers(a={"command": "npx -y x@1.0.0"}))

    prepared = there.prepared(wanted=audit.Wanted(paths=(str(file),), host="cursor"))

    assert prepared.files == ()
    assert "does not read a file of this name here" in prepared.left[0].reason


def test_a_project_that_is_named_is_fixed_and_undone_there(
    there: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = there.put("other/.mcp.json", servers(a={"command": "npx -y x@1.0.0"}))
    before = file.read_bytes()
    prepared = there.prepared(wanted=audit.Wanted(paths=(str(file.parent),)))

    assert len(list(fix_commit.commit(prepared))) == 1
    assert file.read_bytes() != before

    with pytest.raises(McpInstallError) as refused:
        undo.prepare(None, there.context)
    assert "run `mcpi undo` in the project" in refused.value.hint
    (file.parent / "inner").mkdir()
    monkeypatch.chdir(file.parent / "inner")
    context = Context.current()
    undo.commit(undo.prepare(None, context), context)
    assert file.read_bytes() == before


def test_an_undo_gives_the_bytes_back_and_can_be_undone_no_more(there: Home) -> None:
    file = there.put(CODEX, '[mcp_servers.a]\ncommand = "npx -y x@1.0.0" # mine\n')
    before = file.read_bytes()
    there.fixed()

    undo.commit(undo.prepare(None, there.context), there.context)

    assert file.read_bytes() == before
    with pytest.raises(McpInstallError) as refused:
        undo.prepare(None, there.context)
    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO


@pytest.mark.parametrize("case", CASES)
def test_in_a_file_that_others_changed_only_the_fixed_values_go_back(
    there: Home, case: tuple[str, ...]
) -> None:
    name, before, _, fixer, after = case
    file = there.put(name, before)
    there.fixed(*(one for one in (fixer,) if one))
    mark = "# later\n" if file.suffix in {".toml", ".yaml"} else " \n"
    file.write_text(f"{mark}{after}\n")
    prepared = undo.prepare(None, there.context)
    assert ["changed since; only what the fix had changed" in one for one in prepared.notes] == (
        [True]
    )

    undo.commit(prepared, there.context)

    row = prepared.record.files[0].row_id
    dialect = find_rows(row).format
    assert parse(dialect, file.read_text()) == parse(dialect, before)
    assert file.read_text().startswith(mark)
    with pytest.raises(McpInstallError):
        undo.prepare(None, there.context)


@pytest.mark.parametrize("change", [
    lambda entry: entry["args"].append("x"), lambda entry: entry.pop("args"),
    lambda entry: entry.update(command="uvx"), lambda entry: entry.clear(),
])  # fmt: skip
def test_a_value_that_others_changed_since_is_not_undone(
    there: Home, change: Callable[[dict[str, Any]], object]
) -> None:
    file = there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}))
    there.fixed()
    document = json.loads(file.read_bytes())
    change(document["mcpServers"]["a"])
    file.write_text(json.dumps(document))
    later = file.read_bytes()

    with pytest.raises(McpInstallError) as refused:
        undo.prepare(None, there.context)

    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO
    assert "was changed since" in refused.value.message
    assert file.read_bytes() == later


def test_a_file_that_is_broken_since_is_not_undone(there: Home) -> None:
    file = there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}))
    there.fixed()
    file.write_text("{")

    with pytest.raises(McpInstallError) as refused:
        undo.prepare(None, there.context)

    assert refused.value.code is ErrorCode.NOTHING_TO_UNDO
    assert file.read_text() == "{"


def test_variables_that_went_come_back_in_their_order(there: Home) -> None:
    env = {"A": "1", "LD_PRELOAD": "/x", "BASH_ENV": "/y", "B": "2"}
    file = there.put(CURSOR, servers(a={"command": "x", "env": env}))
    there.fixed("remove-variable")
    file.write_text(file.read_text().replace('"1"', '"changed"'))

    undo.commit(undo.prepare(None, there.context), there.context)

    found = json.loads(file.read_text())["mcpServers"]["a"]["env"]
    assert list(found.items()) == list((env | {"A": "changed"}).items())


def test_a_secret_goes_back_into_a_changed_file(there: Home, token: str) -> None:
    file = there.put(CURSOR, servers(a={"command": "x", "env": {"GITHUB_TOKEN": token}}))
    there.fixed("move-secret")
    file.write_text(file.read_text().replace('"x"', '"y"'))

    prepared = undo.prepare(None, there.context)
    undo.commit(prepared, there.context)

    assert file.read_text() == servers(a={"command": "y", "env": {"GITHUB_TOKEN": token}})
    assert token not in " ".join(prepared.notes)


def test_two_hosts_that_read_one_file_are_one_change(there: Home) -> None:
    file = there.put(".claude.json", json.dumps({
        "mcpServers": {"a": {"command": "npx -y x@1.0.0"}},
        "projects": {"/p": {"mcpServers": {"b": {"command": "npx -y y@1.0.0"}}}},
    }, indent=2))  # fmt: skip

    prepared = there.fixed()

    assert len(prepared.files) == 1
    assert there.found() == []
    assert file.read_text().count('"args"') == 2


# What goes wrong ---------------------------------------------------------------------------------


def test_a_file_that_changes_between_diff_and_yes_is_left(there: Home) -> None:
    file = there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}))
    prepared = there.prepared()
    later = servers(a={"command": "npx -y x@1.0.0"}, b={"command": "y"})
    file.write_text(later)

    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(prepared))

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert file.read_text() == later
    assert ReceiptStore(there.context.paths).history() == ()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_rights_that_changed_since_are_left(there: Home, token: str) -> None:
    file = there.put(CURSOR, servers(a={"command": "x", "env": {"T": token}}), 0o644)
    prepared = there.prepared()
    file.chmod(0o666)

    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(prepared))

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert file.stat().st_mode & 0o777 == 0o666


WORSE = rule(901, "only-on-disk", Severity.LOW, "A file says so on the disk", cwe=1)


def only_on_disk(path: Path) -> RuleSet:
    """The rules, and one that finds something once the file itself has been changed."""
    normal = RuleSet()

    def check(server: AuditedServer, *_: object) -> Iterator[Hit]:
        if b'"args"' in path.read_bytes():
            yield Hit(rule=WORSE, pointer=server.pointer, message="worse")

    return RuleSet(server=(*normal.server, ((WORSE,), check)), facts=normal.facts, file=normal.file)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_file_that_is_worse_than_before_gets_its_bytes_and_rights_back(
    there: Home, token: str
) -> None:
    entry = {"command": "npx -y x@1.0.0", "env": {"T": token}}
    file = there.put(CURSOR, servers(a=entry), 0o644)
    before = file.read_bytes()
    prepared = there.prepared(wanted=audit.Wanted(rules=only_on_disk(file)))
    assert len(prepared.files[0].fixed) == 2

    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(prepared))

    assert refused.value.code is ErrorCode.FIX_REFUSED
    assert "MA901" in refused.value.message
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (before, 0o644)
    assert ReceiptStore(there.context.paths).history() == ()


def test_a_fix_that_would_make_it_worse_is_not_even_proposed(there: Home) -> None:
    """A rule that dislikes lists of arguments: here the copy in memory tells."""
    normal = RuleSet()

    def check(server: AuditedServer, *_: object) -> Iterator[Hit]:
        if len(server.argv) > 1:
            yield Hit(rule=WORSE, pointer=server.pointer, message="worse")

    there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}))
    rules = RuleSet(
        server=(*normal.server, ((WORSE,), check)), facts=normal.facts, file=normal.file
    )

    prepared = there.prepared(wanted=audit.Wanted(rules=rules))

    assert prepared.files == ()
    assert prepared.left[0].reason == "the entry would have another finding then: MA901"


def test_two_at_once_write_one_after_the_other(there: Home) -> None:
    file = there.put(CURSOR, servers(a={"command": "npx -y x@1.0.0"}))
    first, second = there.prepared(), there.prepared()

    list(fix_commit.commit(first))
    with pytest.raises(McpInstallError) as refused:
        list(fix_commit.commit(second))

    assert refused.value.code is ErrorCode.HOST_CONFIG_CHANGED
    assert file.read_text().count('"args"') == 1


def test_what_is_fixed_once_is_fixed(there: Home, token: str) -> None:
    there.put(CURSOR, servers(
        a={"command": "sudo", "args": ["npx", "-y", "x@1.0.0"], "env": {"T_TOKEN": token}},
        b={"command": "npx -y y@1.0.0", "env": {"LD_PRELOAD": "/x"}},
        c={"url": "http://mcp.example.org"},
    ))  # fmt: skip

    there.fixed(*ALL)

    assert there.found() == []
    assert there.prepared(*ALL).files == ()


def test_a_finding_that_another_one_hid_goes_as_well(there: Home, token: str) -> None:
    """MA405 (credentials in clear text) hides MA303 (a secret in a header)."""
    there.put(CURSOR, servers(
        a={"url": "http://mcp.example.org", "headers": {"X-API-Key": token}}))  # fmt: skip
    assert there.found() == ["MA405"]

    there.fixed("use-https", "move-secret")

    assert there.found() == []


def test_personas_are_those_of_the_audit(there: Home) -> None:
    there.put(CURSOR, servers(a={"command": "x"}))
    pedantic = audit.Wanted(persona=Persona.AUDITOR)

    assert there.prepared(*ALL, wanted=pedantic).files == ()
