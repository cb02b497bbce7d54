"""What a host in an address is: its IP in any spelling, and how far away it says that it is."""

from __future__ import annotations

import pytest

from mcpinstall.rules.audit.addresses import LONGEST, host_ip, is_written, parse


@pytest.mark.parametrize(
    ("host", "ip"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("10.1.513", "10.1.2.1"),
        ("0", "0.0.0.0"),  # noqa: S104
        ("255.255.255.255", "255.255.255.255"),
        ("4294967295", "255.255.255.255"),
        ("1.16777215", "1.255.255.255"),
        ("1.2.65535", "1.2.255.255"),
        ("1.2.3.255", "1.2.3.255"),
        ("8.9.10.11.", "8.9.10.11"),
        ("[::1]", "::1"),
        ("[fe80::1%25eth0]", "fe80::1"),
        ("[::ffff:10.0.0.1]", "10.0.0.1"),
        ("[::ffff:a00:1]", "10.0.0.1"),
        ("[64:ff9b::10.0.0.1]", "10.0.0.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("4294967296", None),
        ("1.16777216", None),
        ("1.2.65536", None),
        ("1.2.3.256", None),
        ("256.2.3.4", None),
        ("1.256.3.4", None),
        ("1.2.3.4.5", None),
        ("1..2", None),
        ("0x", None),
        ("08", None),
        ("1a", None),
        ("\u0663.1.1.1", None),
        ("+1.2.3.4", None),
        ("1_0.2.3.4", None),
        ("00000000000000000001", "0.0.0.1"),
        ("1.2.3.4.0", None),
        ("h.example", None),
    ],
)
def test_an_ip_address_is_read_in_every_spelling(host: str, ip: str | None) -> None:
    found = parse(f"https://{host}/")

    assert found is not None
    assert (str(found.ip) if found.ip else None) == ip


@pytest.mark.parametrize(
    ("reach", "hosts"),
    [
        ("loopback", """localhost LOCALHOST a.localhost localhost. 127.0.0.1 127.9.9.9 [::1] 0
            0.0.0.0 [::] [::ffff:127.0.0.1]"""),
        ("metadata", """169.254.169.254 169.254.0.1 metadata.google.internal metadata.goog
            instance-data instance-data.ec2.internal 100.100.100.200 168.63.129.16
            [fe80::1] [fd00:ec2::254] [fd20:ce::254]"""),
        ("private", """10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 [fc00::1]
            [fd00:ec2::253] host.docker.internal gateway.docker.internal
            host.containers.internal nas.local intranet"""),
        ("other", """h.example localhost.example 8.8.8.8 172.15.0.1 172.32.0.1 11.0.0.1
            192.167.0.1 100.100.100.201 168.63.129.17 169.253.1.1 169.255.1.1 [2001:db8::1]
            docker.internal.example metadata.google.internal.example"""),
    ],
)  # fmt: skip
def test_a_host_is_as_far_away_as_it_says(reach: str, hosts: str) -> None:
    for host in hosts.split():
        found = parse(f"http://{host}:80/x")
        assert found is not None, host
        assert found.reach == reach, host


@pytest.mark.parametrize(
    ("text", "clear"),
    [("http://h.example", True), ("ws://h.example", True), ("HTTP://h.example", True),
     ("https://h.example", False), ("wss://h.example", False), ("unix://h", False)],
)  # fmt: skip
def test_two_schemes_are_read_by_everybody_on_the_way(text: str, clear: bool) -> None:
    found = parse(text)

    assert found is not None
    assert found.is_cleartext is clear


@pytest.mark.parametrize(
    ("text", "host", "reach"),
    [
        ("http://h.example\\@localhost/x", "h.example", "other"),
        ("http://localhost\\@h.example/x", "localhost", "other"),
        ("http://169.254.169.254\\@h.example/", "169.254.169.254", "metadata"),
        ("http:\\\\h.example\\x", "h.example", "other"),
        ("http:/h.example/x", "h.example", "other"),
        (" " * 9000 + "http://h.example/x\n", "h.example", "other"),
        ("HTTP:////h.example/x", "h.example", "other"),
        ("wss:\\/h.example?a=\\b", "h.example", "other"),
        ("http://localhost/a\\b", "localhost", "loopback"),
        ("http://localhost?a=\\b", "localhost", "loopback"),
        ("postgres://h.example/a\\b", "h.example", "other"),
    ],
)
def test_a_host_is_read_as_browsers_read_it(text: str, host: str, reach: str) -> None:
    found = parse(text)

    assert found is not None
    assert (found.host, found.reach) == (host, reach)
    assert is_written(text)


def test_a_login_is_what_any_program_takes_for_one() -> None:
    both = parse("https://me:a\\b@h.example/x")
    none = parse("https:/me:a@h.example/x")

    assert both is not None
    assert (both.login, both.password, both.host) == ("me", "a\\b", "me")
    assert none is not None
    assert (none.login, none.password, none.host) == ("me", "a", "h.example")


@pytest.mark.parametrize("text", ["http:8080", "http", "h.example:80", "C:\\x", "a:/b", "/http://"])
def test_a_word_with_a_colon_is_no_address(text: str) -> None:
    assert not is_written(text) or parse(text) is None


def test_login_parameters_and_fragment_are_taken_apart() -> None:
    found = parse(" https://a%40b:p%3Aw@H.example/x?k=v&empty=#t=u ")

    assert found is not None
    assert (found.host, found.has_login, found.login, found.password) == (
        "h.example", True, "a@b", "p:w",
    )  # fmt: skip
    assert found.parameters == (("k", "v"), ("empty", ""))
    assert found.fragment == (("t", "u"),)


def test_an_address_without_them_has_none() -> None:
    found = parse("https://h.example/x?page#top")

    assert found is not None
    assert (found.has_login, found.login, found.password) == (False, "", "")
    assert (found.parameters, found.fragment) == ((), ())


def test_what_is_no_ip_address_is_none() -> None:
    assert host_ip("a:b:c") is None
    assert host_ip("") is None


@pytest.mark.parametrize("text", ["", "h.example", "http://", "http://[", "http://[::1", "//"])
def test_what_names_no_host_is_no_address(text: str) -> None:
    assert parse(text) is None


def test_too_many_parameters_are_none_and_a_long_end_is_not_looked_at() -> None:
    many = parse("https://h.example/?" + "&".join(f"a{n}=b" for n in range(101)))
    most = parse("https://h.example/?" + "&".join(f"a{n}=b" for n in range(100)))
    long = parse("https://h.example/" + "a" * LONGEST + "?k=v")

    assert many is not None
    assert many.parameters == ()
    assert most is not None
    assert len(most.parameters) == 100
    assert long is not None
    assert long.parameters == ()
