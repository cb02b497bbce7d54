"""`policy.toml`: what it may say, and where a refusal points."""

from __future__ import annotations

from datetime import date

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.policy import Level, Origin, RuleKey
from mcpinstall.model.policy_text import parse
from tests.builders.policies import parsed

EXCEPTION = '[[exceptions]]\nrule = "hosts"\nnames = ["a"]\nreason = "r"\nuntil = 2027-01-31\n'
EVERY = """\
reviewed-only = true
require-criteria = ["locked", "probed"]
registries = ["bundled", "sha256:%s"]
allow-names = ["io.github.user/*"]
deny-names = ["io.github.user/bad"]
publishers = ["https://forge.example.com/user/*"]
transports = ["stdio", "sse"]
remote-hosts = ["*.example.com", "example.com", "*"]
hosts = ["cursor"]
min-release-age-days = 14
sandbox-required = false
forbid-plaintext-secrets = true
""" % ("0" * 64)


def test_every_key_is_read_with_its_line() -> None:
    policy = parsed(EVERY + EXCEPTION, Level.SYSTEM)

    assert [rule.key for rule in policy.rules] == list(RuleKey)
    assert [rule.line for rule in policy.rules] == list(range(2, 14))
    (hosts,) = [rule for rule in policy.rules if rule.key is RuleKey.HOSTS]
    (exception,) = hosts.exceptions
    assert (exception.reason, exception.until) == ("r", date(2027, 1, 31))
    assert not policy.orphans


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("host = []", "`host` (line 2) is not a known key"),
        ("reviewed-only = 1", "`reviewed-only` (line 2)"),
        ("\nreviewed-only = 'yes'", "`reviewed-only` (line 3)"),
        ("min-release-age-days = true", "`min-release-age-days` (line 2)"),
        ("min-release-age-days = -1", "`min-release-age-days` (line 2)"),
        ("min-release-age-days = 1.5", "`min-release-age-days` (line 2)"),
        ("hosts = 'cursor'", "`hosts` (line 2)"),
        ("hosts = [\n'cursor',\n'Cursor']", "`hosts[1]` (line 2)"),
        ("hosts = [1]", "`hosts[0]` (line 2)"),
        ("transports = ['http']", "`transports[0]` (line 2)"),
        ("require-criteria = ['safe']", "`require-criteria[0]` (line 2)"),
        ("remote-hosts = ['example.*']", "`remote-hosts[0]` (line 2)"),
        ("remote-hosts = ['a*.example.com']", "`remote-hosts[0]` (line 2)"),
        ("remote-hosts = ['Example.com']", "`remote-hosts[0]` (line 2)"),
        ("remote-hosts = ['example.com:443']", "`remote-hosts[0]` (line 2)"),
        ("remote-hosts = ['https://example.com']", "`remote-hosts[0]` (line 2)"),
        ("registries = ['sha256:00']", "`registries[0]` (line 2)"),
        ("allow-names = ['']", "`allow-names[0]` (line 2)"),
        ("allow-names = ['a ']", "`allow-names[0]` (line 2)"),
        ("hosts = ['a']\n" + EXCEPTION.replace("hosts", "host"), "`exceptions[0].rule` (line 4)"),
        ("hosts = ['a']\n" + EXCEPTION.replace("2027-01-31", "'2027-01-31'"), "(line 7)"),
        ("hosts = ['a']\n" + EXCEPTION.replace("2027-01-31", "2027-01-31T00:00:00Z"), "(line 7)"),
        ("hosts = ['a']\n" + EXCEPTION.replace("until = 2027-01-31", ""), "`exceptions[0].until`"),
        ("hosts = ['a']\n" + EXCEPTION.replace('"r"', '" "'), "`exceptions[0].reason` (line 6)"),
        ("hosts = ['a']\n" + EXCEPTION.replace('reason = "r"', ""), "`exceptions[0].reason`"),
        ("hosts = ['a']\n" + EXCEPTION.replace('["a"]', "[]"), "`exceptions[0].names` (line 5)"),
        ("hosts = ['a']\n" + EXCEPTION + "who = 'me'", "`exceptions[0].who` (line 8)"),
        ("schema = 1", "Cannot overwrite a value"),
    ],
)  # fmt: skip
def test_a_refusal_says_where(text: str, place: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        parsed(text)

    assert refused.value.code is ErrorCode.POLICY_INVALID
    assert place in refused.value.message
    assert "`/user/policy.toml`" in refused.value.message


@pytest.mark.parametrize("data", [b"", b"schema = 2", b"schema = true", b"\xff", b"schema = 1\n\0"])
def test_what_is_no_policy_of_this_schema_is_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError) as refused:
        parse(data, Origin(level=Level.SYSTEM, path="/etc/mcpinstall/policy.toml"))

    assert refused.value.code is ErrorCode.POLICY_INVALID


def test_the_system_names_no_registry_that_a_user_could_call_otherwise() -> None:
    assert parsed('registries = ["team"]').rules

    with pytest.raises(McpInstallError, match="the digest of its root"):
        parsed('registries = ["team"]', Level.SYSTEM)


def test_lines_end_as_windows_ends_them() -> None:
    with pytest.raises(McpInstallError, match="line 3"):
        parsed("\r\nhost = 1\r\n")
