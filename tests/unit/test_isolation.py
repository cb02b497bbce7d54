"""The fixtures of `conftest.py` keep a test away from the network and the user's files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.conftest import BlockedConnectionError


@pytest.mark.parametrize(
    "address", [("192.0.2.1", 9), ("registry.example", 9), ("::ffff:192.0.2.1", 9)]
)
def test_a_connection_to_another_machine_is_blocked(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET

    with socket.socket(family) as client, pytest.raises(BlockedConnectionError):
        client.connect(address)


def test_a_connection_to_a_local_server_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            assert client.getpeername() == ("127.0.0.1", port)


def test_home_is_empty_and_of_this_test(home: Path, tmp_path: Path) -> None:
    assert Path.home() == home
    assert home.is_relative_to(tmp_path)
    assert list(home.iterdir()) == []
    assert "XDG_CONFIG_HOME" not in os.environ
