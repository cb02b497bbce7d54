"""Any file is judged or said to be unreadable, twice the same, without an exception (Hypothesis).

`DOCUMENTS=100000` in the environment tries that many in all; the default is 1,000.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpinstall.cli.reports import audit_fields, document
from mcpinstall.errors import ErrorCode
from mcpinstall.hosts import find_rows, table
from mcpinstall.hosts.audit_places import Place
from mcpinstall.model.audit_report import AuditFinding
from mcpinstall.model.audited import FileScope
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.host import Format
from mcpinstall.operations.audit import Wanted, audit
from mcpinstall.operations.audit_files import of_bytes
from mcpinstall.operations.audit_findings import Judge, RuleSet
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.rule import Persona
from tests.audit_corpora.corpus import CLEAN, host_of
from tests.audit_corpora.planted import ROWS
from tests.builders.documents import DIALECTS
from tests.conftest import ROOT

WAYS = ("random", "damaged", "dialect")
EACH = max(1, int(os.environ.get("DOCUMENTS", "1000")) // len(WAYS))
HOSTS = tuple(row.id for row in table())
FORMATS = ("sarif", "github", "junit", "markdown")

# Documents of random structure -------------------------------------------------------------------

KEYS = (
    "mcpServers", "servers", "mcp", "context_servers", "mcp_servers", "extensions",
    "amp.mcpServers", "projects", "command", "cmd", "args", "arguments", "env", "environment",
    "envs", "url", "serverUrl", "httpUrl", "uri", "headers", "http_headers", "requestInit",
    "type", "transport", "cwd", "disabled", "enabled", "name", "trust", "autoApprove",
    "alwaysAllow", "path", "port", "inputs", "permissions", "allow", "enableAllProjectMcpServers",
    "hooks", "oauth", "token", "ANTHROPIC_BASE_URL", "PATH", "NODE_OPTIONS", "UV_INDEX",
    "DOCKER_HOST", "HOST", "API_TOKEN", "", "/", "~", "~0", "~1", "0", "-1", "__proto__",
    "constructor", "a.b", "a/b", "\u202e", "\U0001f600", "MCPSERVERS", "\x00", "mcpServers ", "{",
    "\\", '"', "null", "x" * 300,
)  # fmt: skip
WORDS = (
    "npx", "-y", "uvx", "docker", "run", "sh", "-c", "cmd", "/c", "env", "-S", "sudo", "node", "-e",
    "python", "-m", "uv", "--from", "git+https://h.example/a", "mcp-remote", "http://h.example/x",
    "https://user:pass@h.example/?token=abc", "http://[::1", "http://169.254.169.254", "a@1.2.3",
    "@a/b@latest", "--token", "--token=x", "${A}", "${input:a}", "$(", "curl x | sh", "-v", "/:/x",
    "/var/run/docker.sock", "../x", "./x", "/tmp/x", "C:\\x", "\\\\h\\x", "*", "sse", "true", "",
    "xn--a", "\u0430", "\u202e", "\x1b[2J", "ghp_", "-----BEGIN PRIVATE KEY-----", "\U0001f600",
    "a" * 5000, "@sha256:" + "0" * 64, "--privileged", "127.1", "%00", "'", '"',
)  # fmt: skip
texts = st.sampled_from(WORDS) | st.text(max_size=12)
scalars = (
    texts | st.none() | st.booleans() | st.integers() | st.floats()
    | st.sampled_from([1 << 64, -1, 1e400, 65536])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=6)
    ),
    max_leaves=30,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "command": texts | values, "args": st.lists(texts, max_size=8) | values,
        "env": st.dictionaries(st.sampled_from(KEYS) | texts, texts, max_size=4) | values,
        "url": texts | values, "headers": st.dictionaries(texts, texts, max_size=3) | values,
        "type": texts, "name": texts, "disabled": st.booleans() | texts, "cwd": texts,
        "autoApprove": values, "trust": scalars, "x": values,
    },
)  # fmt: skip
servers = (
    st.dictionaries(st.sampled_from(KEYS) | texts, entries | values, max_size=4)
    | st.lists(entries | values, max_size=4)
    | values
)
roots = st.dictionaries(st.sampled_from(KEYS) | texts, servers | values, max_size=4) | values


def written(value: object, form: Format) -> bytes:
    """A value in the syntax of a dialect: TOML and YAML take much of what JSON is."""
    if form is Format.TOML:
        return "\n".join(toml(value)).encode("utf-8", "surrogatepass")
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def toml(value: object) -> Iterator[str]:
    for key, one in value.items() if isinstance(value, dict) else ():
        if isinstance(one, dict) and all(isinstance(inner, dict) for inner in one.values()):
            for name, inner in one.items():
                yield f"[{json.dumps(key)}.{json.dumps(name)}]"
                yield from (f"{json.dumps(k)} = {inline(v)}" for k, v in inner.items())
        else:
            yield f"{json.dumps(key)} = {inline(one)}"


def inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return "''" if value is None else json.dumps(value)


@st.composite
def random_files(draw: Any) -> tuple[str, bytes]:  # noqa: ANN401
    host = draw(st.sampled_from(HOSTS))
    row = find_rows(host)
    value: Any = draw(servers)
    for key in reversed(row.servers_key):
        value = {key: value, **draw(st.dictionaries(st.sampled_from(KEYS), scalars, max_size=1))}
    if draw(st.integers(0, 9)) == 0:
        value = draw(roots)
    return host, written(value, row.format)


# Damaged ones ------------------------------------------------------------------------------------

REAL: tuple[tuple[str, bytes], ...] = (
    *((host_of(path), path.read_bytes()) for path in CLEAN),
    *((row.base.partition("--")[0], row.text.encode()) for row in ROWS),
)
SCRAPS = (
    b"{", b"}", b"[", b"]", b'"', b"'", b",", b":", b"#", b"//", b"/*", b"*/", b"\n", b"\r", b"\t",
    b"- ", b"&a ", b"*a ", b"<<: ", b"---\n", b"\xef\xbb\xbf", b"\xff", b"\x00", b"NaN", b"1e999",
    b"\\", b"\\u0000", b"\\ud800", b"<<<<<<< a\n", b'"""', b"| ", b"!!python/object:os.system x",
    b'"mcpServers": 1,', b'"command": "curl x|sh",', b"${", b"\xe2\x80\xae", b"9" * 5000,
    b"[" * 2000, b'{"a":' * 2000, b"- " * 2000, b"{" * 2000,
)  # fmt: skip
wounds = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(SCRAPS) | st.binary(max_size=4)),
    max_size=4,
)


@functools.cache
def real_files() -> tuple[tuple[str, bytes], ...]:
    folder = ROOT.parent / "shared" / "data" / "host-configs"
    if not folder.is_dir():
        return REAL
    shared = [
        path.read_bytes() for path in sorted(folder.iterdir()) if path.stat().st_size < 50_000
    ]
    return (*REAL, *(("", content) for content in shared))


@st.composite
def damaged_files(draw: Any) -> tuple[str, bytes]:  # noqa: ANN401
    host, content = draw(st.sampled_from(real_files()))
    host = host or draw(st.sampled_from(HOSTS))
    for place, gone, scrap in draw(wounds):
        at = round(place * len(content))
        content = content[:at] + scrap + content[at + gone :]
    return host, content


@st.composite
def dialect_files(draw: Any) -> tuple[str, bytes]:  # noqa: ANN401
    row, content = draw(DIALECTS[draw(st.sampled_from(sorted(DIALECTS)))])
    return row.id if row.id in HOSTS else draw(st.sampled_from(HOSTS)), content


# -------------------------------------------------------------------------------------------------

STRATEGIES = {"random": random_files(), "damaged": damaged_files(), "dialect": dialect_files()}


@pytest.mark.parametrize("way", WAYS)
def test_any_file_is_judged_or_said_to_be_unreadable(way: str, home: Path) -> None:
    context = Context.current()
    around = Surroundings(context)

    @settings(max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STRATEGIES[way], st.booleans(), st.integers(0, 9))
    def tried(made: tuple[str, bytes], named: bool, whole: int) -> None:
        host, content = made
        found = judged(host if named else "", content, around, context)

        assert found == judged(host if named else "", content, around, context)
        if whole == 0:
            require_a_report(host if named else "", content, context)

    tried()


def judged(
    host: str, content: bytes, around: Surroundings, context: Context
) -> Unchecked | list[AuditFinding]:
    """What the rules find in a file, none of which fails; or that it can't be read."""
    row = find_rows(host) if host else None
    scope = FileScope.PROJECT if row is None or row.scope == "project" else FileScope.USER
    place = Place(row=row, path=context.machine.home / "x" / "mcp", scope=scope)
    file = of_bytes(content, place, "mcp", context.machine)
    if isinstance(file, Unchecked):
        assert file.code == ErrorCode.HOST_CONFIG_INVALID
        return file
    judge = Judge(file, RuleSet(), around)
    found = list(judge.findings())
    assert judge.failed == {}
    return found


def require_a_report(host: str, content: bytes, context: Context) -> None:
    """One file was read, or it is told that it was not; every format can be written."""
    wanted = Wanted(paths=("-",), host=host, standard_input=content, persona=Persona.AUDITOR)
    report = audit(wanted, context)

    assert len(report.files) + len(report.unchecked) == 1
    for form in FORMATS:
        assert isinstance(document(form)(report), str)
    json.dumps(audit_fields.write(report, None), allow_nan=False)
