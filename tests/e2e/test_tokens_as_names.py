"""A token that stands where a name belongs, beside our entry: no plan and no diff shows it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.builders import canaries
from tests.builders.world import World
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

pytestmark = pytest.mark.e2e

TOKENS = tuple(canaries.token("github", seed) for seed in range(5))
PASSWORD = canaries.random_text(20)
NAMES = (*TOKENS[:3], f"postgres://app:{PASSWORD}@db.example/x", canaries.web_token())
SECRETS = (*TOKENS, PASSWORD, canaries.web_token())


@pytest.fixture
def pasted(world: World) -> World:
    """Servers, variables and keys that are secrets, above and below what is ours."""
    theirs = {name: {"command": "/bin/mine", "env": {name: "1"}} for name in NAMES}
    own = {
        "variable": {"command": "uvx", "args": ["clock-server"], "env": {TOKENS[3]: "1"}},
        "field": {"command": "uvx", "args": ["clock-server"], TOKENS[3]: "1"},
        "clock": {"command": "uvx", "args": ["clock-server"]},
    }
    document = {"mcpServers": theirs | own | {TOKENS[4]: {"command": "/bin/mine"}}}
    world.file("cursor").write_text(json.dumps(document, indent=1), encoding="utf-8")
    lines = "".join(f'[mcp_servers."{name}"]\ncommand = "/bin/mine"\n' for name in NAMES)
    world.file("codex").write_text(lines, encoding="utf-8")
    claude = {"mcpServers": {**theirs, "last": {"command": "/bin/mine"}}}
    world.file("claude-code").write_text(json.dumps(claude, indent=1), encoding="utf-8")
    return world


Said = Callable[..., None]


@pytest.fixture
def said(mcpi: Mcpi) -> Said:
    """Makes a change, after having it shown in every way; none of them may print a secret."""

    def run(*words: str) -> None:
        ran = [mcpi(*words, "--dry-run", terminal=False), mcpi(*words, "--json", "--dry-run")]
        ran += [mcpi(*words, typed="d\nn\n"), mcpi(*words, "--yes", terminal=False)]
        assert [one.status for one in ran] == [0, 0, 4, 0], ran[0].err
        shown = "".join(one.out + one.err for one in ran)
        assert [secret for secret in SECRETS if secret in shown] == []
        assert all("******" in one.out + one.err for one in ran), "such a line is in the diff"

    return run


def test_no_change_of_a_host_shows_one(pasted: World, said: Said) -> None:
    before = pasted.host_files()
    hosts = ("--host", "cursor", "--host", "codex", "--host", "claude-code")

    said("install", "notes", *hosts)
    assert len(pasted.receipts()["notes"].hosts) == 3
    said("uninstall", "notes")
    assert pasted.host_files() == before
    said("undo")
    assert len(pasted.receipts()["notes"].hosts) == 3


def test_no_adoption_shows_one(pasted: World, said: Said, mcpi: Mcpi) -> None:
    before = pasted.host_files()

    said("adopt", "clock", "--host", "cursor")
    assert "clock" in pasted.receipts()
    said("undo")

    assert pasted.host_files() == before
    listed = mcpi("adopt", terminal=False).out + mcpi("adopt", "--json", terminal=False).out
    assert [secret for secret in SECRETS if secret in listed] == []


@pytest.mark.parametrize("place", ["variable", "field"])
def test_an_entry_with_one_is_not_adopted_for_a_receipt_has_names(
    pasted: World, mcpi: Mcpi, place: str
) -> None:
    ran = mcpi("adopt", place, "--host", "cursor", "--yes", terminal=False)

    assert ran.status == 5
    assert f"a secret stands in the place of a {place}'s name" in " ".join(ran.err.split())
    assert pasted.receipts() == {}


def test_the_doctor_tells_of_an_entry_without_its_name(pasted: World, mcpi: Mcpi) -> None:
    document = {"mcpServers": {name: {"command": "not-there"} for name in NAMES}}
    pasted.file("cursor").write_text(json.dumps(document), encoding="utf-8")

    said, listed = mcpi("doctor"), mcpi("doctor", "--json")

    shown = said.out + said.err + listed.out
    assert "`not-there`" in shown
    assert [secret for secret in SECRETS if secret in shown] == []
