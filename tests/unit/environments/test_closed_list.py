"""What unpacking adds goes, by name and content; everything else stays for the comparison."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from mcpinstall.environments.closed_list import clear
from mcpinstall.environments.layout import Layout
from mcpinstall.model.artifact import EntryPoint, Scheme, VerifiedArtifact
from tests.builders.environments import build_wheel, server_files

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
SITE = "lib/python3.12/site-packages"
INFORMATION = f"{SITE}/tiny_server-1.0.dist-info"
PLAN = Layout(
    site=SITE, scripts="bin", headers="include/site/python3.12", cache_tag="cpython-312",
    links=(), texts=(),
)  # fmt: skip
DATA = "tiny_server-1.0.data"
DEEP = b"[" * 100_000


def unpacked(root: Path, one: VerifiedArtifact, added: Mapping[str, bytes]) -> Path:
    """A folder that holds the wheel's own files, and those that unpacking added."""
    root.mkdir()
    for file in one.inspection.files:
        if file.scheme is Scheme.SITE:
            write(root / SITE / file.path, b"own")
    for path, data in added.items():
        write(root / path, data)
    return root


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def left(root: Path, one: VerifiedArtifact) -> set[str]:
    """What is there after clearing, besides the wheel's own files."""
    clear(root, [one], PLAN)
    own = {f"{SITE}/{file.path}" for file in one.inspection.files if file.scheme is Scheme.SITE}
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}
    assert own <= found
    return found - own


def wheel(folder: Path, files: Mapping[str, bytes] | None = None) -> VerifiedArtifact:
    return build_wheel(folder, {**server_files(), **(files or {})})


KNOWN = {
    f"{INFORMATION}/INSTALLER": b"uv",
    f"{INFORMATION}/REQUESTED": b"",
    f"{INFORMATION}/uv_cache.json": b'{"timestamp": 1}',
    f"{INFORMATION}/direct_url.json": b"{}",
    "bin/tiny-server": b"#!/x/bin/python\n",
    "bin/tiny-server.exe": b"MZ",
    ".lock": b"",
}


@pytest.mark.parametrize("path", KNOWN)
def test_a_known_file_goes(tmp_path: Path, path: str) -> None:
    one = wheel(tmp_path)

    assert left(unpacked(tmp_path / "root", one, {path: KNOWN[path]}), one) == set()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (f"{INFORMATION}/INSTALLER", b"pip"),
        (f"{INFORMATION}/INSTALLER", b"uv\n"),
        (f"{INFORMATION}/REQUESTED", b"x"),
        (f"{INFORMATION}/uv_cache.json", b"[]"),
        (f"{INFORMATION}/uv_cache.json", b"{"),
        (f"{INFORMATION}/uv_cache.json", DEEP),
        (f"{INFORMATION}/uv_cache.json", b"\xff\xfe{\x00"),
        (f"{INFORMATION}/direct_url.json", b"[" * 60_000),
        (f"{INFORMATION}/direct_url.json", b"{" + b" " * 65_535 + b"}"),
        (".lock", b"x"),
        ("bin/other", b""),
        ("bin/pip3", b""),
        ("bin/pip3.12", b""),
        (f"{SITE}/x.pth", b"import os"),
        ("pyvenv.cfg", b""),
    ],
)
def test_anything_else_stays(tmp_path: Path, path: str, data: bytes) -> None:
    one = wheel(tmp_path)

    assert left(unpacked(tmp_path / "root", one, {path: data}), one) == {path}


def test_a_note_of_the_largest_size_goes(tmp_path: Path) -> None:
    one = wheel(tmp_path)
    note = {f"{INFORMATION}/direct_url.json": b"{" + b" " * 65_534 + b"}"}

    assert left(unpacked(tmp_path / "root", one, note), one) == set()


@posix
@pytest.mark.parametrize("path", [*KNOWN, f"{INFORMATION}/RECORD"])
def test_a_link_in_the_place_of_a_known_file_stays(tmp_path: Path, path: str) -> None:
    one = wheel(tmp_path)
    root = unpacked(tmp_path / "root", one, {})
    (tmp_path / "elsewhere").write_bytes(KNOWN.get(path, b""))
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).unlink(missing_ok=True)
    (root / path).symlink_to(tmp_path / "elsewhere")

    clear(root, [one], PLAN)

    assert (root / path).is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == KNOWN.get(path, b"")


def test_the_record_is_the_wheels_own_again(tmp_path: Path) -> None:
    one = wheel(tmp_path)
    root = unpacked(tmp_path / "root", one, {f"{INFORMATION}/RECORD": b"as the installer wrote it"})

    clear(root, [one], PLAN)

    assert (root / INFORMATION / "RECORD").read_bytes() == one.inspection.record


def test_a_record_that_shares_its_bytes_is_not_written_through(tmp_path: Path) -> None:
    one = wheel(tmp_path)
    root = unpacked(tmp_path / "root", one, {})
    os.link(root / INFORMATION / "RECORD", tmp_path / "shared")

    clear(root, [one], PLAN)

    assert (tmp_path / "shared").read_bytes() == b"own"


def test_a_record_that_is_missing_is_not_made(tmp_path: Path) -> None:
    one = wheel(tmp_path)
    root = unpacked(tmp_path / "root", one, {})
    (root / INFORMATION / "RECORD").unlink()

    clear(root, [one], PLAN)

    assert not (root / INFORMATION / "RECORD").exists()


def test_a_file_that_the_wheel_itself_has_under_a_known_name_stays(tmp_path: Path) -> None:
    one = wheel(tmp_path, {"tiny_server-1.0.dist-info/REQUESTED": b""})
    root = unpacked(tmp_path / "root", one, {f"{INFORMATION}/REQUESTED": b""})

    assert left(root, one) == set()
    assert (root / INFORMATION / "REQUESTED").exists()


def test_every_script_that_pip_gets_goes(tmp_path: Path) -> None:
    script = EntryPoint(name="pip", module="pip", attribute="main")
    one = build_wheel(tmp_path, {"pip/__init__.py": b""}, name="pip", scripts=[script])
    names = ("pip", "pip3", "pip3.12", "pip3.exe", "pip3.12.exe")
    root = unpacked(tmp_path / "root", one, {f"bin/{name}": b"x" for name in (*names, "pip4")})

    assert left(root, one) == {"bin/pip4"}


@pytest.mark.parametrize(
    ("member", "place"),
    [
        (f"{DATA}/data/share/note.txt", "share/note.txt"),
        (f"{DATA}/headers/tiny.h", "include/site/python3.12/tiny-server/tiny.h"),
    ],
)
def test_accepted_data_goes_where_it_is_the_wheels(tmp_path: Path, member: str, place: str) -> None:
    one = wheel(tmp_path, {member: b"data"})

    assert left(unpacked(tmp_path / "same", one, {place: b"data"}), one) == set()
    assert left(unpacked(tmp_path / "other", one, {place: b"else"}), one) == {place}
    elsewhere = f"{SITE}/{place}"
    assert left(unpacked(tmp_path / "moved", one, {elsewhere: b"data"}), one) == {elsewhere}


def test_an_accepted_script_goes_although_its_first_line_is_rewritten(tmp_path: Path) -> None:
    one = wheel(tmp_path, {f"{DATA}/scripts/run.sh": b"#!python\n"})

    assert left(unpacked(tmp_path / "root", one, {"bin/run.sh": b"#!/x\n"}), one) == set()


def test_compiled_code_of_the_wheel_goes_and_no_other(tmp_path: Path) -> None:
    place = f"{SITE}/tiny_server/__pycache__/part.cpython-312.pyc"
    one = wheel(tmp_path, {f"{DATA}/compiled/{place.removeprefix(SITE + '/')}": b"code"})

    assert left(unpacked(tmp_path / "same", one, {place: b"code"}), one) == set()
    assert left(unpacked(tmp_path / "other", one, {place: b"else"}), one) == {place}


def test_empty_folders_go_but_not_the_last_one(tmp_path: Path) -> None:
    one = wheel(tmp_path)
    root = unpacked(tmp_path / "root", one, {"bin/tiny-server": b"x"})
    (root / "share" / "man").mkdir(parents=True)
    (tmp_path / "empty").mkdir()

    clear(root, [one], PLAN)
    clear(tmp_path / "empty", [one], PLAN)

    assert [path.name for path in root.iterdir()] == ["lib"]
    assert (tmp_path / "empty").is_dir()
