"""`mcpi manifest verify`: what careless and hostile proposals are made of, in every format."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mcpinstall.cli import reports
from mcpinstall.model import manifest_text
from mcpinstall.operations import manifest_verify
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_verify import Wanted
from mcpinstall.system import limits
from tests.builders.manifest_folders import CLOCK, NOTES, NOW, VERSION, ManifestFolder, Plant
from tests.builders.shell import run

needs_links = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
MANIFEST, SERVER, LOCK, TOOLS = "manifest.toml", "server.json", "pylock.toml", "tools.json"


@dataclass(frozen=True)
class Case:
    """A proposal: what is wrong with it, and what has to be said of which line."""

    name: str
    plant: Plant
    rule: str
    file: str
    line: int
    says: str


def rewritten(file: str, change: Callable[[bytes], bytes]) -> Plant:
    def plant(folder: ManifestFolder) -> None:
        path = folder.path(file)
        path.write_bytes(change(path.read_bytes()))

    return plant


def replaced(file: str, old: bytes, new: bytes) -> Plant:
    return rewritten(file, lambda data: data.replace(old, new, 1))


def put(path: str, data: bytes = b"") -> Plant:
    def plant(folder: ManifestFolder) -> None:
        place = folder.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    return plant


def linked(path: str, target: str) -> Plant:
    return lambda folder: (folder.folder / path).symlink_to(folder.folder / target)


def said(text: bytes) -> Plant:
    """Say one more thing in line 5 of `server.json`."""
    return replaced(SERVER, b'  "version"', b"  " + text + b',\n  "version"')


BOM = b"\xef\xbb\xbf"
CASES = [
    Case("a mark before JSON", rewritten(SERVER, lambda data: BOM + data),
         "MV102", SERVER, 1, "byte-order mark"),
    Case("a mark before TOML", rewritten(MANIFEST, lambda data: BOM + data),
         "MV101", MANIFEST, 1, "Invalid statement"),
    Case("a key twice in JSON", said(b'"name": "x"'),
         "MV102", SERVER, 5, 'the key "name" appears twice'),
    Case("a key twice in TOML",
         replaced(MANIFEST, b"audience", b'audience = "technical"\naudience'),
         "MV101", MANIFEST, 8, "Cannot overwrite"),
    Case("other letters than UTF-8 in TOML", replaced(MANIFEST, b"Tells", b"T\xe9lls"),
         "MV101", MANIFEST, 5, "not UTF-8 at byte"),
    Case("other letters than UTF-8 in JSON", replaced(SERVER, b"Tells", b"T\xe9lls"),
         "MV102", SERVER, 4, "not UTF-8 at byte"),
    Case("what is no number", said(b'"x": NaN'),
         "MV102", SERVER, 5, "NaN is not JSON"),
    Case("a number without end",
         replaced("registry.toml", b"serial = 1", b"serial = " + b"9" * 5000),
         "MV301", "registry.toml", 3, "a number that is too large"),
    Case("a number without end in JSON", said(b'"x": ' + b"9" * 5000),
         "MV102", SERVER, 5, "a number that is too large"),
    Case("lists in lists", said(b'"x": ' + b"[" * 99),
         "MV102", SERVER, 5, "nests deeper"),
    Case("lists in lists in TOML",
         replaced(LOCK, b"created-by", b"x = " + b"[" * 9999 + b"\ncreated-by"),
         "MV103", LOCK, 2, "nests too deep"),
    Case("ends of lines of another system",
         rewritten("registry.toml", lambda data: data.replace(b"\n", b"\r\n")),
         "MV106", "registry.toml", 1, "not written as"),
    Case("a file that is too long",
         rewritten(TOOLS, lambda data: data + b" " * limits.TOOLS_BYTES),
         "MV112", MANIFEST, 0, "`tools.json` is pinned, and could not be read"),
    Case("a script beside the versions", put(f"{CLOCK}/install.sh"),
         "MV113", "install.sh", 0, "belongs to no version"),
    Case("a page beside the servers", put("io.github.user/README.md"),
         "MV113", "README.md", 0, "belongs to no version"),
    Case("a folder that is no version", put(f"{CLOCK}/9.9/run.py"),
         "MV113", "9.9", 0, "belongs to no version"),
    Case("a version at a place that ends with a dot", put(f"{CLOCK}/1.3./manifest.toml"),
         "MV101", MANIFEST, 0, "`schema` is not a whole number"),
]  # fmt: skip


def seen(folder: ManifestFolder) -> list[tuple[str, str, int, str]]:
    """What `--json` says, as rule, file, line and message; the other formats must say it, too."""
    ran_as = {form: run("manifest", "verify", "--files-only", "--format", form, person=False)
            for form in reports.FORMATS}  # fmt: skip
    found = json.loads(ran_as["json"].out)["findings"]
    for form, ran in ran_as.items():
        assert ran.status in (0, 1), (form, ran.seen)
        assert ran.faults() == [], form
        for one in found:
            assert one["rule"] in ran.seen, form
    results = json.loads(ran_as["sarif"].out)["runs"][0]["results"]
    assert [
        (
            one["ruleId"],
            one["locations"][0]["physicalLocation"].get("region", {}).get("startLine", 0),
        )
        for one in results
    ] == [(one["rule"], one["line"]) for one in found]
    return [
        (one["rule"], one["file"].rpartition("/")[2], one["line"], one["message"]) for one in found
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_careless_proposal_is_told_with_its_line(folder: ManifestFolder, case: Case) -> None:
    case.plant(folder)

    found = seen(folder)

    here = [one for one in found if one[:2] == (case.rule, case.file)]
    line = case.line or (folder.line_of(MANIFEST, '"tools.json" =') if case.rule == "MV112" else 0)
    assert [one[2] for one in here] == [line], found
    assert case.says in here[0][3]


@needs_links
@pytest.mark.parametrize("place", [f"{CLOCK}/9.9", "io.github.user/other", "io.github.evil"])
def test_a_link_to_a_folder_is_told(folder: ManifestFolder, place: str) -> None:
    linked(place, NOTES)(folder)

    ((rule, file, line, _),) = seen(folder)

    assert (rule, file, line) == ("MV113", place.rpartition("/")[2], 0)


@needs_links
def test_a_repository_may_have_files_of_its_own_beside_a_registry(folder: ManifestFolder) -> None:
    for name in ("README.md", ".github/workflows/x.yml", "docs/page.md"):
        put(name)(folder)
    (folder.folder / "AGENTS.md").symlink_to("README.md")

    assert seen(folder) == []


def other_spelling(folder: ManifestFolder, version: str) -> None:
    """The version again, spelled otherwise, listed by the command that lists."""
    old = folder.path(MANIFEST).parent
    new = Path(shutil.copytree(old, old.with_name(version)))
    server = json.loads((new / SERVER).read_bytes())
    (new / SERVER).write_text(json.dumps({**server, "version": version}), encoding="utf-8")
    text = manifest_text.parse((new / MANIFEST).read_bytes())
    (new / MANIFEST).write_bytes(manifest_text.dump(replace(text, version=version)))
    folder.seal()
    assert run("manifest", "index", "manifests", "--yes", person=False).status == 0


@pytest.mark.parametrize("version", ["1.2", "1.2.0.0", "v1.2.0"])
def test_a_version_in_another_spelling_is_the_same_version(
    folder: ManifestFolder, version: str
) -> None:
    other_spelling(folder, version)

    found = [one for one in seen(folder) if one[0] == "MV309"]

    assert [(one[1], "another spelling" in one[3]) for one in found] == [("index.toml", True)]


@pytest.mark.parametrize("version", ["1.2.1", "1.2.0+lock.1", "1.2.0rc1"])
def test_another_version_is_another_version(folder: ManifestFolder, version: str) -> None:
    other_spelling(folder, version)

    assert "MV309" not in [one[0] for one in seen(folder)]


def test_a_title_of_another_server_is_told(folder: ManifestFolder) -> None:
    folder.edit(MANIFEST, 'title = "Clock"', 'title = "Notes"')
    folder.edit("index.toml", 'title = "Clock"', 'title = "Notes"').seal()

    ((rule, file, line, message),) = seen(folder)

    assert (rule, file) == ("MV309", "index.toml")
    assert line == folder.line_of("index.toml", f'name = "{CLOCK}"') + 2
    assert f"has the title of `{NOTES}`" in message


@pytest.mark.parametrize(("alias", "line"), [("c1ock", "c1ock ="), ("cl-ock", "cl-ock =")])
def test_an_alias_that_looks_like_the_name_of_another_server_is_told(
    folder: ManifestFolder, alias: str, line: str
) -> None:
    folder.describe(aliases=((alias, NOTES),))

    ((rule, file, at, message),) = seen(folder)

    assert (rule, file, at) == ("MV309", "registry.toml", folder.line_of("registry.toml", line))
    assert f"`clock` of `{CLOCK}`" in message


def test_an_alias_may_look_like_the_name_of_its_own_server(folder: ManifestFolder) -> None:
    folder.describe(aliases=(("cl-ock", CLOCK), ("notes", NOTES)))

    assert seen(folder) == []


def test_where_a_file_is_too_long_the_rest_is_looked_at(folder: ManifestFolder) -> None:
    path = folder.path(MANIFEST)
    path.write_bytes(path.read_bytes() + b"#" * limits.MANIFEST_BYTES)

    report = manifest_verify.verify(Wanted(files_only=True), replace(Context.current(), now=NOW))

    assert [one.rule.id for one in report.findings] == ["MV112"]
    assert report.findings[0].message == "`manifest.toml` could not be read"
    assert [one.subject for one in report.unchecked] == [
        f"manifests/{CLOCK}/{VERSION}/manifest.toml"
    ]
    assert re.fullmatch(r"file-\w+", report.unchecked[0].code)
