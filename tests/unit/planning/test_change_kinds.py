"""The page on manifests lists every kind of change in its band, the gravest first."""

from __future__ import annotations

import re
from pathlib import Path

from mcpinstall.planning.changes import Band, Change, ChangeKind

PAGE = Path(__file__).parents[3] / "docs" / "manifests.md"


def test_the_page_lists_every_kind_in_its_band_and_order() -> None:
    rows = re.findall(r"^\| `(first|next|rest)` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)

    listed = [(band, kind) for band, kinds in rows for kind in re.findall(r"`([^`]+)`", kinds)]

    assert listed == [(str(Change(kind=kind, subject="").band), str(kind)) for kind in ChangeKind]
    assert {band for band, _ in rows} == {str(band) for band in Band}
