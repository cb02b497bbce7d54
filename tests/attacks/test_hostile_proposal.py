"""Attack: a proposed manifest attacks the machine that checks it (T47).

Who: anybody who can open a pull request against a folder of manifests.
Stopped by: `mcpi manifest verify` runs no code of a package without `--probe`, follows no link,
lets git run nothing, reads bounded files, and escapes text for each format.
Twin: `test_an_honest_proposal_passes`.
"""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.command import Command
from tests.builders.index_server import IndexServer
from tests.builders.manifest_folders import NOTES, ManifestFolder, lock
from tests.builders.watchdog import ends

SECRET = "value that only this machine knows"


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Iterator[ManifestFolder]:
    with IndexServer() as index:
        yield ManifestFolder(tmp_path / "work" / "manifests", index)


@pytest.fixture
def mcpi(folder: ManifestFolder, home: Path) -> Command:
    around = {"UV_DEFAULT_INDEX": folder.index.url, "NO_PROXY": "*", "PYTHONSAFEPATH": "1"}
    return Command(home=home, cwd=folder.folder.parent, variables=around)


def verified(mcpi: Command, *words: str, status: int) -> str:
    return mcpi.run("manifest", "verify", *words, status=status).stdout


def test_an_honest_proposal_passes(mcpi: Command) -> None:
    assert "2 manifests: no findings" in verified(mcpi, status=0)


def test_code_of_a_wheel_does_not_run(folder: ManifestFolder, mcpi: Command) -> None:
    ran = folder.folder.parent / "ran"
    code = f"open({json.dumps(str(ran))}, 'w').close()\n".encode()
    artifact = folder.publish(
        "notes_server", folder.wheel("notes_server", hook=b"import site; " + code, module=code)
    )
    folder.path("pylock.toml", NOTES).write_bytes(lock(artifact))
    folder.seal()

    assert "MV503 hook-unaccepted" in verified(mcpi, status=1)
    assert not ran.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize("place", ["tools.json", "server.json", "more", "../../../registry.toml"])
def test_a_link_shows_no_file_of_the_machine(
    folder: ManifestFolder, mcpi: Command, tmp_path: Path, place: str
) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    path = folder.path("manifest.toml").parent / place
    path.unlink(missing_ok=True)
    path.symlink_to(tmp_path / "secret")

    done = mcpi.run("manifest", "verify", "--files-only", status=None)

    assert done.returncode in (1, 5)
    assert SECRET not in done.stdout + done.stderr


def test_a_linked_folder_is_not_walked(
    folder: ManifestFolder, mcpi: Command, tmp_path: Path
) -> None:
    version = folder.path("manifest.toml").parent
    version.rename(tmp_path / "elsewhere")
    if os.name != "posix":
        return
    version.symlink_to(tmp_path / "elsewhere")

    assert "1 manifest:" in verified(mcpi, "--files-only", status=1)


def test_a_title_gives_no_command_to_the_runner(folder: ManifestFolder, mcpi: Command) -> None:
    """A finding shows the value; a line of it that begins with `::` would be obeyed."""
    value = r'"x\n::add-mask::y\n::error file=z::gone\r\n##[group]"'
    folder.edit("manifest.toml", 'title = "Clock"', f"title = {value}").seal()

    for form in ("github", "text", "markdown"):
        rows = verified(mcpi, "--files-only", "--format", form, status=1).splitlines()
        assert not any(row.startswith(("::add-mask", "##[", "::error file=z")) for row in rows)


def test_a_name_of_a_file_breaks_no_report(folder: ManifestFolder, mcpi: Command) -> None:
    if os.name != "posix":
        return
    name = "a\n::error::x]]><failure><b>&`@all`\x1b[2J.txt"
    folder.path("manifest.toml").with_name(name).write_text("", encoding="utf-8")

    assert "\n::error::x" not in verified(mcpi, "--files-only", "--format", "github", status=1)
    ET.fromstring(verified(mcpi, "--files-only", "--format", "junit", status=1))  # noqa: S314
    json.loads(verified(mcpi, "--files-only", "--format", "sarif", status=1))
    text = verified(mcpi, "--files-only", status=1)
    assert "\x1b" not in text
    assert "\n::error::x" not in text


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a." * 50_000 + "a = 1",
        "a = '" + "x" * 250_000 + "'",
        "[[a]]\n" * 40_000,
    ],
)
def test_a_document_that_is_hard_to_read_takes_no_time(
    folder: ManifestFolder, mcpi: Command, text: str
) -> None:
    folder.path("manifest.toml").write_text(text, encoding="utf-8")

    with ends(60):
        assert "MV101" in verified(mcpi, "--files-only", status=1)
