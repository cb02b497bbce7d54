"""Checks 4 and 6 in words."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mcpinstall.model.artifact import VerifiedArtifact
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.verification import (
    archives_check,
    downloads_check,
    stage_artifacts,
    unaccepted_hooks,
)
from tests.builders.wheels import artifact, wheel


def verified(tmp_path: Path, files: Mapping[str, bytes]) -> VerifiedArtifact:
    """A checked wheel, all its hooks accepted."""
    data = wheel(files)
    (tmp_path / "stored").write_bytes(data)
    hooks = unaccepted_hooks(io.BytesIO(data), artifact(data))
    (found,) = stage_artifacts([(artifact(data), tmp_path / "stored")], tmp_path, hooks)
    return found


def sized(item: VerifiedArtifact, size: int) -> VerifiedArtifact:
    """The same with another size."""
    return replace(item, artifact=replace(item.artifact, size=size))


def test_downloads_are_counted_with_their_size(tmp_path: Path) -> None:
    item = verified(tmp_path, {})

    result = downloads_check([sized(item, 10_000_000), sized(item, 100_000)])

    assert (result.check, result.outcome) == (Check.DOWNLOADS, Outcome.VERIFIED)
    assert result.evidence == "2 files, 10.1 MB, sha256"
    for size, words in (
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (1_000_000, "1.0 MB"),
        (999_949_999, "999.9 MB"),
        (1_000_000_000, "1.0 GB"),
    ):
        assert downloads_check([sized(item, size)]).evidence == f"1 file, {words}, sha256"


def test_archives_without_hooks_say_so(tmp_path: Path) -> None:
    result = archives_check([verified(tmp_path, {f"x/{number}": b"" for number in range(1609)})])

    assert (result.check, result.outcome) == (Check.ARCHIVES, Outcome.VERIFIED)
    assert result.evidence == "1,612 members, no start-up hooks"


def test_accepted_hooks_are_named(tmp_path: Path) -> None:
    result = archives_check([verified(tmp_path, {"example.pth": b"import x\n"})])

    assert result.evidence == "4 members, 1 accepted start-up hook (example.pth)"


def test_scripts_data_and_programs_are_counted(tmp_path: Path) -> None:
    files = {
        "example/tool": b"MZ",
        "example-1.0.data/scripts/a.py": b"#!python\n",
        "example-1.0.data/scripts/b": b"MZ",
        "example-1.0.data/data/share/c": b"",
        "example-1.0.data/headers/d.h": b"",
    }

    result = archives_check([verified(tmp_path, files)])

    assert result.evidence == (
        "8 members, no start-up hooks, 1 accepted script, 2 accepted data files, "
        "1 accepted program, 1 bundled program"
    )


def test_nothing_checked_is_never_called_verified() -> None:
    assert downloads_check([]).outcome is Outcome.NOT_CHECKED
    assert archives_check([]).outcome is Outcome.NOT_CHECKED
