"""Which addresses may be asked."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import urls
from mcpinstall.system.urls import Reach


@pytest.mark.parametrize(
    ("text", "shown", "target"),
    [
        ("https://Index.Example/simple/", "https://index.example/simple/", "/simple/"),
        ("https://index.example:443", "https://index.example/", "/"),
        ("https://index.example:8443/a?b=c#d", "https://index.example:8443/a", "/a?b=c"),
        ("http://127.0.0.1:3141/root", "http://127.0.0.1:3141/root", "/root"),
        ("http://[::1]:8080/", "http://[::1]:8080/", "/"),
        ("http://localhost/", "http://localhost/", "/"),
    ],
)
def test_an_address_is_parsed(text: str, shown: str, target: str) -> None:
    url = urls.parse(text)

    assert url.shown == shown
    assert url.target == target
    assert urls.parse(url.text) == url


@pytest.mark.parametrize(
    ("text", "port"),
    [("https://a.example/", 443), ("http://localhost/", 80), ("http://localhost:0/", 0)],
)
def test_a_scheme_has_its_port(text: str, port: int) -> None:
    assert urls.parse(text).port == port


def test_a_query_is_in_no_representation() -> None:
    assert "secret" not in repr(urls.parse("https://index.example/a?token=secret"))


def test_the_same_port_with_and_without_tls_are_two_origins() -> None:
    plain, secure = (urls.parse(f"{scheme}://127.0.0.1:8443/") for scheme in ("http", "https"))

    assert plain.origin != secure.origin


@pytest.mark.parametrize(
    "text",
    [
        "http://index.example/simple", "ftp://index.example/", "file:///simple", "/simple",
        "simple", "", "https://", "https:///path", "https://user:secret@index.example/",
        "https://user@index.example/", "https://:secret@index.example/",
        "https://index.example/a\\b", "https://index.example\\@other.example/",
        "https://index.example/a b", "https://index.example/\n", "https://index.exämple/",
        "https://-x.example/", "https://a..b/", "https://index.example:port/", "https://[::1/",
        "https://[fe80::1%25eth0]/", "http://[::ffff:10.0.0.1]/", "http://2130706433/",
        "http://0.0.0.0/", "http://localhost.evil.example/", "https://in%64ex.example/",
        "javascript:alert(1)", "https://index.example:99999/",
    ],
)  # fmt: skip
def test_any_other_address_is_refused(text: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        urls.parse(text)

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN
    assert "secret" not in f"{refused.value.message}{refused.value.hint}"


def test_a_host_has_253_characters_at_most() -> None:
    longest = "a." * 126 + "a"

    assert urls.parse(f"https://{longest}/").host == longest
    with pytest.raises(McpInstallError):
        urls.parse(f"https://{longest}a/")


@pytest.mark.parametrize("reference", ["a\nb", "a\tb", "a b", "\rhttps://other.example/", ""])
def test_a_reference_that_readers_would_tidy_up_is_refused(reference: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        urls.join(urls.parse("https://index.example/simple/a/"), reference)

    assert refused.value.code is ErrorCode.INDEX_FORBIDDEN


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", Reach.PUBLIC),
        ("2606:4700::1", Reach.PUBLIC),
        ("10.1.2.3", Reach.PRIVATE),
        ("192.168.0.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("fd00::1", Reach.PRIVATE),
        ("64:ff9b::a00:1", Reach.PRIVATE),
        ("2002:a00:1::", Reach.PRIVATE),
        ("127.0.0.1", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("169.254.169.254", Reach.NEVER),
        ("::ffff:169.254.169.254", Reach.NEVER),
        ("fe80::1", Reach.NEVER),
        ("0.0.0.0", Reach.NEVER),  # noqa: S104
        ("::", Reach.NEVER),
        ("224.0.0.1", Reach.NEVER),
    ],
)
def test_an_address_lies_so_far_inside(address: str, expected: Reach) -> None:
    assert urls.reach(ipaddress.ip_address(address)) is expected


@given(st.text(max_size=60), st.sampled_from(["", "https://index.example/simple/a/", "//", "/"]))
def test_any_reference_is_a_checked_address_or_refused(text: str, before: str) -> None:
    page = urls.parse("https://index.example/simple/a/")
    try:
        url = urls.join(page, before + text)
    except McpInstallError as error:
        if error.code is not ErrorCode.INDEX_FORBIDDEN:
            raise
    else:
        assert url.scheme == "https" or urls.is_this_machine(url.host)
        assert urls.parse(url.text) == url
