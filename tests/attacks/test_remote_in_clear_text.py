"""Attack T37: a remote server is used over clear text, or at another host than it seems.

Who: anybody between this machine and the server; who describes the server; who gives the user an
address to type.
Stopped by: `model.remote_url`: https only, plain http for this machine; no credentials; a
variable stays in its place, percent-encoded, and never chooses the host.
Twin: `test_an_honest_address_is_used_as_it_stands`, `test_a_variable_is_put_into_its_place`.
"""

from __future__ import annotations

import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import remote_url, server_text
from mcpinstall.operations import direct
from tests.builders.registry_folders import SCHEMA
from tests.builders.remote_offers import remote

HONEST = [
    "https://mcp.example.com/mcp",
    "https://mcp.example.com",
    "https://mcp.example.com:8443/a%20b?tools=web,search",
    "http://127.0.0.1:3000/mcp",
    "http://localhost/mcp",
    "http://[::1]:3000/mcp",
    "https://10.0.0.7/mcp",
]
HOSTILE = [
    "http://mcp.example.com/mcp",
    "HTTP://mcp.example.com/mcp",
    "ftp://mcp.example.com/mcp",
    "ws://mcp.example.com/mcp",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//mcp.example.com/mcp",
    "https:mcp.example.com",
    "https:///mcp",
    "https://user@mcp.example.com/mcp",
    "https://user:word@mcp.example.com/mcp",
    "https://mcp.example.com@evil.example/mcp",
    "http://localhost@evil.example/mcp",
    "http://localhost.evil.example/mcp",
    "http://127.0.0.1.evil.example/mcp",
    "http://2130706433/mcp",
    "https://2130706433/mcp",
    "https://0x7f000001/mcp",
    "http://127.1/mcp",
    "https://mcp.example.com\\@evil.example/mcp",
    "https://mcp.example.com:/mcp",
    "https://mcp.example.com:0/mcp",
    "https://mcp.example.com:99999/mcp",
    "https://mcp.example.com/mcp#fragment",
    "https://mcp.example.com/a/../b",
    "https://mcp.example.com/%2e%2e/b",
    "https://mcp.example.com/%zz",
    "https://mcp.example.com/a b",
    "https://mcp.example.com/\x1b[2J",
    "https://mcp.example.com/\u202emcp",
    "https://\u0435xample.com/mcp",
    "https://-mcp.example.com/mcp",
    "https://[::1/mcp",
    "https://mcp..example.com/mcp",
]


def document(url: str, **variables: object) -> bytes:
    return json.dumps({
        "$schema": SCHEMA, "name": "io.github.user/cloud", "description": "Cloud",
        "version": "1.0", "remotes": [remote(url, variables=variables)],
    }).encode()  # fmt: skip


@pytest.mark.parametrize("url", HONEST)
def test_an_honest_address_is_used_as_it_stands(url: str) -> None:
    (found,) = server_text.parse(document(url), "server.json").remotes

    assert found.url == remote_url.filled(url, {}) == url
    assert direct.server(url).server.remotes[0].url == url


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_in_a_registry_and_on_the_command_line(url: str) -> None:
    with pytest.raises(McpInstallError) as described:
        server_text.parse(document(url), "server.json")
    with pytest.raises(McpInstallError) as typed:
        direct.server(url)

    hostile = (ErrorCode.SERVER_JSON_INVALID, ErrorCode.TEXT_HOSTILE)
    assert described.value.code in hostile
    assert typed.value.code is ErrorCode.REMOTE_REFUSED


@pytest.mark.parametrize(
    ("template", "value", "url"),
    [
        ("https://{x}.example.com/mcp", "eu-1", "https://eu-1.example.com/mcp"),
        ("http://127.0.0.1:{x}/mcp", "3000", "http://127.0.0.1:3000/mcp"),
        ("https://example.com/{x}/mcp", "a/b", "https://example.com/a%2Fb/mcp"),
        ("https://example.com/mcp?t={x}", "a&b=c", "https://example.com/mcp?t=a%26b%3Dc"),
        ("https://example.com/{x}{x}", "\u00e9", "https://example.com/%C3%A9%C3%A9"),
    ],
)
def test_a_variable_is_put_into_its_place(template: str, value: str, url: str) -> None:
    assert remote_url.filled(template, {"x": value}) == url


@pytest.mark.parametrize(
    "template",
    [
        "https://{x}/mcp",
        "https://{x}:443/mcp",
        "https://mcp.{x}/mcp",
        "https://mcp.example.{x}/mcp",
        "https://mcp.example.com{x}/mcp",
        "{x}://mcp.example.com/mcp",
        "http://{x}.localhost/mcp",
        "https://{x}@mcp.example.com/mcp",
        "https://[{x}]/mcp",
    ],
)
def test_no_variable_chooses_the_host(template: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        server_text.parse(document(template, x={"isRequired": True}), "server.json")

    assert refused.value.code is ErrorCode.SERVER_JSON_INVALID


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("https://{x}.example.com/mcp", "evil.example/"),
        ("https://{x}.example.com/mcp", "evil.example#"),
        ("https://{x}.example.com/mcp", "user@evil"),
        ("https://{x}.example.com/mcp", "a.b"),
        ("https://{x}.example.com/mcp", ""),
        ("http://127.0.0.1:{x}/mcp", "80@evil.example"),
        ("http://127.0.0.1:{x}/mcp", "0"),
        ("https://example.com/{x}/mcp", ".."),
        ("https://example.com/{x}/mcp", ""),
    ],
)
def test_a_value_that_would_leave_its_place_is_refused(template: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"x|address"):
        remote_url.filled(template, {"x": value})


@given(st.text(), st.sampled_from(["path", "query", "label"]))
def test_no_value_at_all_changes_where_an_address_leads(value: str, place: str) -> None:
    template = {
        "path": "https://mcp.example.com/a/{x}/b",
        "query": "https://mcp.example.com/a?x={x}&y=1",
        "label": "https://{x}.example.com/a",
    }[place]
    try:
        url = remote_url.filled(template, {"x": value})
    except (ValueError, UnicodeEncodeError):
        return

    assert remote_url.fault(url) == ""
    host = url.removeprefix("https://").partition("/")[0]
    assert host.endswith(".example.com")
    if place != "label":
        assert host == "mcp.example.com"
        before, _, after = template.partition("{x}")
        assert url.startswith(before)
        assert url.endswith(after)
        inside = url[len(before) : len(url) - len(after)]
        assert not set(inside) & set("/?#&@\\ ")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://mcp.example.com/mcp?token={}", "not https"),
        ("https://mcp.example.com/mcp?token={}#x", "fragment"),
        ("https://mcp.example.com/../mcp?token={}", "in its path"),
        ("https://b\u00fccher.example/mcp?token={}", "`xn--"),
    ],
)
def test_a_refused_address_says_why_and_repeats_no_token(url: str, why: str) -> None:
    token = secrets.token_hex(8)

    with pytest.raises(McpInstallError) as refused:
        direct.server(url.format(token))

    assert why in refused.value.message
    assert token not in refused.value.message
