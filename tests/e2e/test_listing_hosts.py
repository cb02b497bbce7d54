"""Seven more real hosts read what was written beside their users' own servers."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mcpinstall.hosts import find_rows
from tests.builders.command import Command
from tests.builders.listing_hosts import (
    LISTING_HOSTS,
    ListingHost,
    asker,
    install_once,
    is_from_npm,
)

pytestmark = [pytest.mark.network, pytest.mark.e2e]

Asked = Callable[..., list[str]]


@pytest.fixture(params=LISTING_HOSTS, ids=lambda host: host.product)
def host(request: pytest.FixtureRequest, home: Path) -> ListingHost:
    """One host, with the file that its user had."""
    found: ListingHost = request.param
    if is_from_npm(found) and (shutil.which("npm") is None or shutil.which("node") is None):
        pytest.skip("needs npm")
    (home / found.file).parent.mkdir(parents=True, exist_ok=True)
    (home / found.file).write_bytes(found.content.encode())
    return found


@pytest.fixture
def asked(
    host: ListingHost, home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Asked:
    shared = tmp_path_factory.getbasetemp().parent / "listing-hosts"
    work = tmp_path / "work"
    work.mkdir()
    return asker(host, install_once(shared, host), home, work)


def line(lines: list[str], name: str) -> str:
    """The line of a list that has a server's name in it."""
    return next(line for line in lines if re.search(rf"(^|[\s✓●✗-]){name}\b", line))


def test_a_host_reads_our_server_beside_its_users_own(
    host: ListingHost, asked: Asked, home: Path, tmp_path: Path
) -> None:
    path = home / host.file
    mcpi = Command(home=home, cwd=tmp_path / "work")
    before = path.read_bytes()

    mcpi.run("install", "time", "--host", host.product, "--yes")
    lines = asked()

    assert find_rows(host.product).rewrites_file is bool(host.rewrites or host.adds)
    assert line(lines, "mine")
    assert host.connects in line(lines, "time"), lines
    assert not host.connects or host.connects not in line(lines, "mine"), lines
    if host.test:
        assert "get_current_time" in "\n".join(asked(*host.test))
    mcpi.run("uninstall", "time", "--yes")
    if host.rewrites:
        document = json.loads(path.read_text())
        assert {key: document[key] for key in json.loads(before)} == json.loads(before) | {
            "numStartups": document["numStartups"]
        }
    else:
        assert path.read_text().count(host.adds) == 1 or not host.adds
        assert path.read_bytes().replace(host.adds.encode(), b"", 1) == before
    assert [found for found in asked() if re.search(r"(^|\s)time\s", found)] == []
