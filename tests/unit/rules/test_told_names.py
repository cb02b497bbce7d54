"""Names of a file in reports: one that is a secret is told by its length, every other as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model.secret_forms import masked, passwords_in
from mcpinstall.rules.audit.secrets import is_secret_name, told_name, told_pointer
from tests.builders import canaries
from tests.builders.watchdog import ends


@pytest.mark.parametrize("provider", canaries.SHAPES)
def test_a_token_of_every_provider_is_hidden(provider: str) -> None:
    token = canaries.token(provider)

    assert told_name(token) == f"({len(token)} characters)"
    assert token not in told_pointer(f"/mcpServers/x {token}/env")
    assert masked(f'"{token}": {{') == f'"{"*" * len(token)}": {{'


@pytest.mark.parametrize(
    "name",
    [
        canaries.web_token(),
        canaries.private_key(),
        f"db://u:{canaries.random_text()}@h/a",
        "a" * 1025,
    ],
    ids=["web token", "private key", "password in an address", "longer than names are"],
)
def test_what_shows_by_itself_is_hidden(name: str) -> None:
    assert told_name(name) == f"({len(name)} characters)"
    escaped = name.replace("~", "~0").replace("/", "~1")
    assert told_pointer(f"/a/{escaped}/b") == f"/a/({len(name)} characters)/b"


@pytest.mark.parametrize("name", [canaries.web_token(), f"db://u:{canaries.random_text()}@h/a"])
def test_a_line_keeps_its_length(name: str) -> None:
    line = f'  "{name}": {{'

    found = masked(line)

    assert len(found) == len(line)
    assert canaries.random_text() not in found
    assert canaries.web_token() not in found


@pytest.mark.parametrize(
    "name",
    ["", "time", "github-mcp", "sk-learn-documentation-server", "@scope/server", "a/b~c",
     "re_search", "550e8400-e29b-41d4-a716-446655440000", "d41d8cd98f00b204e9800998ecf8427e",
     "x" * 1024],
)  # fmt: skip
def test_any_other_name_is_told_as_it_is(name: str) -> None:
    escaped = name.replace("~", "~0").replace("/", "~1")

    assert told_name(name) == name
    assert told_pointer(f"/{escaped}/x") == f"/{escaped}/x"


@given(st.text(max_size=60))
def test_no_name_makes_it_fail(name: str) -> None:
    told_pointer(f"/{name}")
    assert len(masked(name)) == len(name)


def test_passwords_are_the_longest_first() -> None:
    assert passwords_in("aa://u:one@h bb://:three@h") == ("three", "one")
    assert passwords_in("u:one@h") == ()


@pytest.mark.parametrize("piece", ["eyJ", "sk-", "://", "@", "a:", "-----BEGIN ", "A1_", "~1"])
def test_five_megabytes_take_no_time_of_their_square(piece: str) -> None:
    with ends(5):
        told_name(piece * (5_000_000 // len(piece)))


@pytest.mark.parametrize("name", ["PGPASSWORD", "pgpassword", "DB_PASSWORD", "apiKey"])
def test_names_that_speak_of_a_secret(name: str) -> None:
    assert is_secret_name(name)
