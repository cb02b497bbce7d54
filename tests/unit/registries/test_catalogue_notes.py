"""The page of the catalogue says of each server what its manifest says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from mcpinstall import registries
from mcpinstall.model.manifest import Manifest
from mcpinstall.system.paths import StatePaths
from tests.conftest import ROOT

ROW = re.compile(
    r"^\| `([a-z-]+)` \| (\d+) \| (.+?) \| (read whole|read in part|not read) \|", re.MULTILINE
)
PAGE = (ROOT / "docs" / "catalogue-notes.md").read_text(encoding="utf-8")


def in_the_registry() -> dict[str, tuple[Manifest, int]]:
    """Return manifest and number of tools of each server, by alias."""
    nowhere = Path("/nonexistent")
    paths = StatePaths(config=nowhere, data=nowhere, cache=nowhere)
    registry = registries.open_bundled(paths, datetime(2026, 11, 23, tzinfo=UTC))
    found = {alias: registry.find(name) for alias, name in registry.state.aliases}
    return {alias: (one.manifest, len(one.tools.tools)) for alias, one in found.items()}


def on_the_page() -> dict[str, tuple[int, bool]]:
    """Return number of tools, and whether the source was read, of each row of the first table."""
    return {
        alias: (int(tools), source == "read whole") for alias, tools, _, source in ROW.findall(PAGE)
    }


def test_every_server_has_a_row_with_its_tools_and_what_was_read() -> None:
    wanted = {
        alias: (tools, "source-read" in manifest.criteria)
        for alias, (manifest, tools) in in_the_registry().items()
    }

    assert on_the_page() == wanted


def test_a_source_that_was_read_in_part_is_said_to_be_in_the_review() -> None:
    partly = {alias for alias, _, _, source in ROW.findall(PAGE) if source == "read in part"}
    told = {
        alias
        for alias, (manifest, _) in in_the_registry().items()
        for review in manifest.reviews
        if re.search(r"(were|was) read|Read were", review.notes) and "not" in review.notes
    }

    assert partly == told


def test_a_name_that_no_back_reference_confirms_is_said_to_be_so_in_the_review() -> None:
    confirmed = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| (yes|no) \|$", PAGE, re.MULTILINE))

    for alias, (manifest, _) in in_the_registry().items():
        (review,) = manifest.reviews
        if review.on == "2026-11-23":
            assert ("is confirmed by `mcp-name`" in review.notes) is (confirmed[alias] == "yes")
