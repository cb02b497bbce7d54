"""What stands for a value that is elsewhere: placeholders, and every host's references."""

from __future__ import annotations

import pytest

from mcpinstall.rules.audit.references import dead_placeholders, holds_reference, is_placeholder
from mcpinstall.rules.audit.secrets import secret_in
from tests.builders.audited import hits, ids, server
from tests.builders.canaries import random_text

SPELLED = {
    "github": "${{ secrets.API_KEY }}", "input": "${input:api-key}", "env": "${env:API_KEY}",
    "brace": "${API_KEY}", "opencode": "{env:API_KEY}", "percent": "%API_KEY%",
    "dollar": "$API_KEY",
}  # fmt: skip
HOSTS = {
    "": "claude-desktop copilot-xcode codex-user lm-studio boltai",
    "env input": "vscode-user vscodium-user visual-studio",
    "env": "cursor-user copilot-jetbrains windsurf devin cline roo-code-user amazon-q-ide "
    "kilo-code-legacy-user",
    "brace": "claude-code-user xcode-claude goose kiro-user amp-user auggie factory-droid "
    "librechat",
    "brace dollar": "copilot-cli-user crush-user mcporter-user",
    "brace dollar percent": "gemini-cli-user qwen-code-user",
    "opencode": "kilo-code-user kilo-code-project opencode-user",
    "github": "continue-user",
}
FILLED_IN = {host: spelled for spelled, hosts in HOSTS.items() for host in hosts.split()}


@pytest.mark.parametrize("spelling", SPELLED)
@pytest.mark.parametrize("host", FILLED_IN)
def test_a_reference_is_dead_where_the_host_does_not_fill_it_in(host: str, spelling: str) -> None:
    text = SPELLED[spelling]
    found = ids(hits(server("x", env={"A": text}, host=host)))

    assert found == ([] if spelling in FILLED_IN[host].split() else ["MA307"])
    assert dead_placeholders(text, "a-host-of-tomorrow") == ()


@pytest.mark.parametrize(
    "name",
    ["workspaceFolder", "workspaceRoot", "workspaceFolderBasename", "userHome", "pathSeparator",
     "cwd", "projectRoot"],
)  # fmt: skip
def test_editors_fill_in_names_of_their_own(name: str) -> None:
    assert dead_placeholders(f"${{{name}}}", "cursor-user") == ()
    assert dead_placeholders(f"${{{name}}}", "vscode-user") == ()
    assert dead_placeholders(f"${{{name}}}", "claude-desktop") != ()
    assert dead_placeholders(f"${{{name}}}/${{KEY}}", "cursor-user")[0].text == "${KEY}"


@pytest.mark.parametrize(
    "text",
    [
        "https://h.example/%2Fa%41B%20",
        "https://h.example/%ABc%20",
        "costs 5$ and 10%",
        "a $WORD in a text",
        "$WORD in a text",
        "{name}",
        "a$",
        "$a",
    ],
)
def test_what_only_looks_like_a_reference_is_none(text: str) -> None:
    assert dead_placeholders(text, "claude-desktop") == ()


@pytest.mark.parametrize("text", ["https://h.example/${KEY}/%41", "a ${KEY} b", "%KEY%/x"])
def test_a_reference_inside_a_text_counts(text: str) -> None:
    assert len(dead_placeholders(text, "claude-desktop")) == 1


@pytest.mark.parametrize("text", ["<a>q7VkZ3pW", "q7VkZ3pW(a)", "[a] q7VkZ3pW"])
def test_a_bracket_around_a_part_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "word",
    ["example", "your", "placeholder", "changeme", "change-me", "change_me", "replace", "insert",
     "xxxx", "redacted", "dummy", "sample", "fake", "todo", "token_here", "key-goes-here", "****",
     "....", "…", "0123456789", "1234567890", "abcdefgh"],
)  # fmt: skip
def test_a_word_says_that_somebody_should_write_a_value(word: str) -> None:
    assert is_placeholder(f"q7V{word}kZ3")
    assert is_placeholder(f"q7V{word.upper()}kZ3")
    assert not is_placeholder(f"q7V{word[:-1][:3]}kZ3pW")
    assert secret_in(f"q7V{word}kZ3{random_text(12)}", "API_KEY") is None


@pytest.mark.parametrize(
    "word",
    ["", " ", "secret", "password", "pass", "passwd", "token", "key", "api-key", "api_key",
     "apikey", "test", "none", "null", "true", "false", "default", "changeit", "admin", "root",
     "postgres", "user", "username", "xxx", "foo", "bar", "abc", "123", "...", "pwd", "mysql",
     "guest", "PassWord", "<anything at all>", "[x y]", "(z)"],
)  # fmt: skip
def test_a_word_alone_is_no_value(word: str) -> None:
    assert is_placeholder(word, fewest=1)
    assert not is_placeholder(f"q7V{word[:4]}kZ3pW{word[4:]}", fewest=1)


@pytest.mark.parametrize(("text", "expected"), [("abab", True), ("abcc", True), ("abcd", False)])
def test_a_value_has_more_than_three_different_characters(text: str, expected: bool) -> None:
    assert is_placeholder(text) is expected


@pytest.mark.parametrize(
    "store",
    ["op://", "vault:", "keychain:", "keyring:", "secret:", "secrets:", "bw:", "doppler://",
     "infisical:", "awssm:", "aws-sm:", "gcp-sm:", "gcpsm:", "azkv:", "ref:", "env:", "file:",
     "pass:", "arn:aws:ssm:", "arn:aws:secretsmanager:", "projects/p/secrets/", "se://"],
)  # fmt: skip
def test_a_value_that_a_store_keeps_is_a_reference(store: str) -> None:
    assert holds_reference(f"{store}{random_text(20)}")
    assert holds_reference(f"{store.upper()}x")
    assert not holds_reference(f"x{store}{random_text(20)}")
