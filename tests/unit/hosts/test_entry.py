"""The shape of an entry, and what a host would misread."""

from __future__ import annotations

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.hosts import find_rows, insert, rendered
from mcpinstall.hosts.entry import shape
from mcpinstall.model.host import EnvironmentValue, ServerEntry
from tests.builders.hosts import server

SECRET = EnvironmentValue(name="TOKEN", reference="TOKEN", secret=True)


def with_environment(*values: EnvironmentValue) -> ServerEntry:
    return ServerEntry(name="time", command="/p", args=(), env=values)


@pytest.mark.parametrize(
    ("product", "env"),
    [
        ("claude-code", {"env": {"TOKEN": "${TOKEN}"}}),
        ("cursor", {"env": {"TOKEN": "${env:TOKEN}"}}),
        ("vscode", {"env": {"TOKEN": "${env:TOKEN}"}}),
        ("gemini-cli", {"env": {"TOKEN": "${TOKEN}"}}),
        ("qwen-code", {"env": {"TOKEN": "${TOKEN}"}}),
        ("codex", {"env_vars": ["TOKEN"]}),
    ],
)
def test_a_secret_is_a_reference(product: str, env: dict[str, object]) -> None:
    row = find_rows(product)

    value = shape(row, with_environment(SECRET))

    assert value == {**dict(row.entry.constants), "command": "/p", "args": [], **env}


def test_a_host_without_references_needs_the_flag() -> None:
    with pytest.raises(McpInstallError) as refused:
        shape(find_rows("claude-desktop"), with_environment(SECRET))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert "--plaintext-secrets" in refused.value.hint


def test_a_variable_that_is_forwarded_keeps_its_name() -> None:
    other = EnvironmentValue(name="TOKEN", reference="MY_TOKEN")

    with pytest.raises(McpInstallError) as refused:
        shape(find_rows("codex"), with_environment(other))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED


def test_no_environment_is_no_key() -> None:
    assert "env" not in shape(find_rows("cursor"), with_environment())


@pytest.mark.parametrize("text", ["a$HOME", "${x}", "$_"])
@pytest.mark.parametrize("product", ["gemini-cli", "qwen-code", "cursor", "vscode", "claude-code"])
def test_text_that_a_host_would_expand_is_refused(product: str, text: str) -> None:
    literal = EnvironmentValue(name="A", value=text)
    for entry in (server("time", text), with_environment(literal)):
        with pytest.raises(McpInstallError) as refused:
            insert(None, find_rows(product), entry)
        assert refused.value.code is ErrorCode.HOST_UNSUPPORTED


@pytest.mark.parametrize(
    ("product", "text"),
    [
        ("opencode", "{env:HOME}"), ("kilo-code", "a {file:/etc/passwd}"), ("crush", "$(id)"),
        ("crush", "`id`"), ("crush", "US$"), ("continue", "${{ secrets.X }}"),
    ],
)  # fmt: skip
def test_what_a_host_has_of_its_own_is_refused_too(product: str, text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        insert(None, find_rows(product), server("time", text))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED


@pytest.mark.parametrize(
    ("product", "name"),
    [
        ("goose", "Time"), ("mistral-vibe", "time_"), ("copilot-cli", "github-mcp-server"),
        ("xcode-claude-agent", "workspace"),
    ],
)  # fmt: skip
def test_a_name_that_a_host_bends_or_keeps_is_refused(product: str, name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        insert(None, find_rows(product), server(name))

    assert refused.value.code is ErrorCode.NAME_INVALID


@pytest.mark.parametrize("text", ["US$", "$1", "100 $ a"])
def test_a_dollar_that_means_nothing_is_kept(text: str) -> None:
    assert text in rendered(find_rows("gemini-cli"), server("time", text))


@pytest.mark.parametrize("product", ["claude-desktop", "codex"])
def test_a_host_that_expands_nothing_gets_any_dollar(product: str) -> None:
    assert "${HOME}" in rendered(find_rows(product), server("time", "${HOME}"))


def test_a_path_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(McpInstallError) as refused:
        rendered(find_rows("cursor"), server("time", "a\udcff"))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED


@pytest.mark.parametrize(
    ("product", "name"),
    [
        ("cursor", "a b"),
        ("cursor", "__proto__"),
        ("cursor", "constructor"),
        ("cursor", "a/b"),
        ("cursor", ""),
        ("cursor", "a" * 65),
        ("claude-code", "workspace"),
        ("claude-code", "Computer-Use"),
        ("gemini-cli", "my_server"),
    ],
)
def test_a_name_that_a_host_refuses_is_refused(product: str, name: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        insert(None, find_rows(product), server(name))

    assert refused.value.code is ErrorCode.NAME_INVALID


@pytest.mark.parametrize(
    ("product", "name", "usable"),
    [("gemini-cli", "my_server", "my-server"), ("claude-code", "workspace", "my-workspace")],
)
def test_a_refused_name_comes_with_a_usable_one(product: str, name: str, usable: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        insert(None, find_rows(product), server(name))

    assert f"`{usable}`" in refused.value.hint


def test_an_entry_to_paste_after_a_refusal_hides_secrets() -> None:
    secret = EnvironmentValue(name="TOKEN", value="hunter2", secret=True)

    with pytest.raises(McpInstallError) as refused:
        insert(b"mcp_servers = {}\n", find_rows("codex"), with_environment(secret))

    assert 'TOKEN = "…"' in (refused.value.evidence or "")
    assert "hunter2" not in (refused.value.evidence or "")
