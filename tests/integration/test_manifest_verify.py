"""`mcpi manifest verify`: one planted defect for each rule, and a clean registry without any."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import pytest

from mcpinstall.model import manifest_text
from mcpinstall.model.advisory import Advisory
from mcpinstall.model.finding import Finding, Report
from mcpinstall.model.revocation import Revocation
from mcpinstall.operations import manifest_verify
from mcpinstall.operations.context import Context
from mcpinstall.operations.manifest_verify import Wanted
from mcpinstall.rules import manifests
from tests.builders import advisories, attested
from tests.builders.manifest_folders import (
    CLOCK,
    NOTES,
    NOW,
    REMOTE,
    VERSION,
    ManifestFolder,
    Plant,
    lock,
)


def verified(**wanted: object) -> Report:
    context = replace(Context.current(), now=NOW)
    return manifest_verify.verify(Wanted(**wanted), context)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    """A defect: how it is planted, and the line that has to be named."""

    rule: str
    plant: Plant
    file: str
    text: str = ""
    """Stands on the line at fault; nothing where the whole file is."""
    name: str = CLOCK
    sealed: bool = True
    """Whether everything is pinned again afterwards, so that nothing else is wrong."""


def edit(file: str, old: str, new: str, name: str = CLOCK) -> Plant:
    return lambda folder: folder.edit(file, old, new, name)


def in_registry(old: str, new: str) -> Plant:
    return edit("registry.toml", old, new)


def young(folder: ManifestFolder) -> object:
    return folder.edit("pylock.toml", "2026-10-01T", "2026-11-15T")


def unhooked(folder: ManifestFolder) -> object:
    text = folder.path("manifest.toml").read_text(encoding="utf-8")
    start, end = text.index("[[hooks]]"), text.index("[tools]")
    return folder.path("manifest.toml").write_text(text[:start] + text[end:], encoding="utf-8")


def stranger(folder: ManifestFolder) -> object:
    return folder.path("setup.py").write_text("print()", encoding="utf-8")


def gone(folder: ManifestFolder) -> None:
    folder.path("tools.json").unlink()


def republished(stem: str, **parts: bytes) -> Plant:
    """Another wheel under the same name: index and lock follow."""

    def plant(folder: ManifestFolder) -> None:
        artifact = folder.publish(stem, folder.wheel(stem, **parts))
        name = CLOCK if stem == "clock_server" else NOTES
        folder.path("pylock.toml", name).write_bytes(lock(artifact))

    return plant


def swapped(folder: ManifestFolder) -> None:
    """The lock pins what the index does not have: one byte of the wheel is another."""
    data = folder.wheels["notes_server"]
    artifact = folder.publish("notes_server", data)
    folder.index.swap(artifact, data[:-1] + bytes([data[-1] ^ 1]))


def torn(folder: ManifestFolder) -> None:
    artifact = folder.publish("notes_server", b"PK\x05\x06" + bytes(60))
    folder.path("pylock.toml", NOTES).write_bytes(lock(artifact))


def withdrawn(folder: ManifestFolder) -> None:
    artifact = folder.publish("notes_server", folder.wheels["notes_server"])
    folder.index.listing(artifact).yanked = "broken"


def revoked(version: str) -> Plant:
    item = Revocation(name=CLOCK, version=version, reason="broken", date="2026-11-23")
    return lambda folder: folder.describe(revocations=(item,))


def carried(data: bytes) -> Plant:
    return lambda folder: folder.carry(data)


def advised(record: Advisory) -> Plant:
    """The registry has advisories of its own."""

    def plant(folder: ManifestFolder) -> None:
        data = advisories.file(NOW.date(), clock_server=record)
        (folder.folder / "advisories.jsonl").write_bytes(data)
        folder.describe(advisories=hashlib.sha256(data).hexdigest())

    return plant


def aliased(*aliases: tuple[str, str]) -> Plant:
    return lambda folder: folder.describe(aliases=aliases)


def another_hook(**keys: Any) -> Plant:  # noqa: ANN401
    """Accept one more hook, which differs from the one there is."""

    def plant(folder: ManifestFolder) -> None:
        path = folder.path("manifest.toml")
        found = manifest_text.parse(path.read_bytes())
        hooks = (*found.hooks, replace(found.hooks[0], **keys))
        path.write_bytes(manifest_text.dump(replace(found, hooks=hooks)))

    return plant


MANIFEST, SERVER, LOCK, TOOLS = "manifest.toml", "server.json", "pylock.toml", "tools.json"
WHEEL = "clock_server-1.2.0-py3-none-any.whl"
CASES = [
    Case("MV101", edit(MANIFEST, 'audience = "everyone"', 'audience = "all"'),
         MANIFEST, "audience ="),
    Case("MV101", edit(MANIFEST, 'version = "1.2.0"', 'version = "nul"'),
         MANIFEST, 'version = "nul"'),
    Case("MV102", edit(SERVER, '"stdio"', '"pipe"'), SERVER, '"pipe"'),
    Case("MV103", edit(LOCK, 'created-by = "uv"', 'created-by = "uv"\nx = 1'), LOCK, "x = 1"),
    Case("MV104", edit(TOOLS, '{"tools":', '{ "tools":'), TOOLS, "tools"),
    Case("MV105", edit(MANIFEST, "Tells the time", "Tells\u200b the time"), MANIFEST, "summary ="),
    Case("MV106", edit(MANIFEST, "audience =", "audience  ="), MANIFEST, "audience"),
    Case("MV107", carried(b"{}\n"), "attestations.json"),
    Case("MV111", edit(SERVER, "Tells", "Told"), MANIFEST, '"server.json" =', sealed=False),
    Case("MV112", gone, MANIFEST, '"tools.json" ='),
    Case("MV113", stranger, "setup.py"),
    Case("MV201", edit(SERVER, '"version": "1.2.0",', '"version": "1.2.1",'),
         SERVER, "1.2.1"),
    Case("MV202", edit(SERVER, '"identifier": "clock-server"', '"identifier": "clack-server"'),
         MANIFEST, "identifier ="),
    Case("MV203", edit(SERVER, REMOTE, f"{REMOTE}2", NOTES), MANIFEST, "url =", NOTES),
    Case("MV204", edit(LOCK, 'version = "1.2.0"', 'version = "1.2"'),
         LOCK, 'name = "clock-server"'),
    Case("MV205", edit(LOCK, "<3.15", "<3.14"), LOCK, "requires-python"),
    Case("MV206", another_hook(wheel="other-1-py3-none-any.whl"), MANIFEST, 'wheel = "other-1'),
    Case("MV207", edit(MANIFEST, '"{folder}"', '"{place}"'), MANIFEST, '"{place}"'),
    Case("MV208", edit(MANIFEST, "/tools/get_current_time/", "/tools/later/"),
         MANIFEST, "/tools/later/"),
    Case("MV209", carried(b'{"version":1,"files":{"other-1.whl":[{"version":1}]}}'),
         "attestations.json", "other-1.whl"),
    Case("MV301", in_registry("serial = 1", 'serial = "1"'), "registry.toml", "serial ="),
    Case("MV302", edit("index.toml", 'title = "Clock"', 'title = "Watch"'), "index.toml", "Watch"),
    Case("MV303", lambda folder: folder.describe(index="0" * 64), "registry.toml", "index =",
         sealed=False),
    Case("MV304", in_registry('clock = "io.github.user/clock"', 'clock = "io.github.user/cl"'),
         "registry.toml", "clock ="),
    Case("MV305", in_registry('notes = "com.example/notes"', 'notes = "io.github.user/clock"'),
         "registry.toml", "notes ="),
    Case("MV306", revoked("1.0.0"), "registry.toml", 'version = "1.0.0"'),
    Case("MV307", revoked(VERSION), "registry.toml", "clock ="),
    Case("MV308", in_registry("expires = 2027", "expires = 2025"), "registry.toml", "expires ="),
    Case("MV309", aliased(("c1ock", NOTES), ("clock", CLOCK)), "registry.toml", "clock ="),
    Case("MV310", lambda folder: folder.describe(advisories="0" * 64), "registry.toml",
         "advisories ="),
    Case("MV311", lambda folder: folder.describe(trusted_root="0" * 64), "registry.toml",
         "trusted-root ="),
    Case("MV401", edit(LOCK, "wheels =", "marker = \"os_name == 'nt'\"\nwheels ="),
         LOCK, "[[packages]]"),
    Case("MV402", young, LOCK, "upload-time"),
    Case("MV403", edit(LOCK, "upload-time = 2026-10-01T00:00:00Z, ", ""), LOCK, "path ="),
    Case("MV501", swapped, LOCK, "notes_server-1.2.0", NOTES),
    Case("MV502", torn, LOCK, "notes_server-1.2.0", NOTES),
    Case("MV503", unhooked, LOCK, WHEEL),
    Case("MV504", another_hook(member="other.pth"), MANIFEST, "other.pth"),
    Case("MV505", edit(MANIFEST, 'script = "clock-server"', 'script = "clock"'),
         MANIFEST, "script ="),
    Case("MV506", republished("notes_server", licence=b""), LOCK, 'name = "notes', NOTES),
    Case("MV507", withdrawn, LOCK, "notes_server-1.2.0", NOTES),
    Case("MV508", advised(advisories.advisory()), LOCK, 'version = "1.2.0"'),
    Case("MV509", advised(advisories.advisory("MAL-2026-1")), LOCK, 'version = "1.2.0"'),
    Case("MV601", in_registry("reviewers = 1", "reviewers = 2"), MANIFEST, "[[reviews]]"),
    Case("MV602", edit(MANIFEST, '    "inspected",\n', ""), MANIFEST, "criteria ="),
    Case("MV603", edit(MANIFEST, 'by = "ada"', 'by = "User"'), MANIFEST, "by ="),
    Case("MV604", edit(MANIFEST, 'on = "2026-11-20"', 'on = "2026-12-20"'),
         MANIFEST, 'on = "2026-12'),
    Case("MV605", edit(MANIFEST, '    "linux-x86_64-glibc",\n]\n', '    "windows-x86_64",\n]\n'),
         MANIFEST, "windows-x86_64"),
    Case("MV608", lambda folder: folder.redescribe(publisher=attested.PUBLISHER,
         publisher_absent=""), MANIFEST, "[publisher]"),
]  # fmt: skip
"""One defect for each rule that a folder alone can break."""


def told(found: Finding) -> tuple[str, str, int]:
    return found.rule.id, found.location.file.rpartition("/")[2], found.location.line


def test_a_clean_registry_has_no_findings(folder: ManifestFolder) -> None:
    report = verified()

    assert report.findings == ()
    assert report.unchecked == ()
    assert report.subjects == (f"{NOTES}/{VERSION}", f"{CLOCK}/{VERSION}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_planted_defect_is_found_where_it_is(folder: ManifestFolder, case: Case) -> None:
    case.plant(folder)
    if case.sealed:
        folder.seal()

    report = verified()

    line = folder.line_of(case.file, case.text, case.name) if case.text else 0
    assert [told(one) for one in report.findings] == [(case.rule, case.file, line)]
    assert report.unchecked == ()


def test_a_folder_with_another_version_than_its_manifest_is_found(folder: ManifestFolder) -> None:
    version = folder.path(MANIFEST).parent
    version.rename(version.with_name("1.3.0"))

    report = verified()

    assert [told(one) for one in report.findings] == [("MV114", MANIFEST, 3)]


def test_a_young_release_has_a_reason_in_the_notes_of_a_review(folder: ManifestFolder) -> None:
    young(folder)
    path = folder.path(MANIFEST)
    reason = 'notes = "clock-server is five days old: it mends a hole"\n'
    path.write_text(path.read_text(encoding="utf-8") + reason, encoding="utf-8")
    folder.seal()

    assert verified().findings == ()


def test_a_trust_root_that_nobody_pinned_is_found(folder: ManifestFolder) -> None:
    root = folder.folder / "trusted_root.json"
    root.write_bytes(b"{}")

    (found,) = verified(files_only=True).findings
    folder.describe(trusted_root=hashlib.sha256(b"{}").hexdigest())

    assert found.rule.id == "MV311"
    assert verified(files_only=True).findings == ()


def narrowed(folder: ManifestFolder, pythons: str) -> list[Finding]:
    """The server is for these Pythons, and its only wheel for 3.12."""
    marker = "marker = \"python_version == '3.12'\"\nwheels ="
    folder.edit("pylock.toml", "wheels =", marker)
    for file in ("pylock.toml", "manifest.toml"):
        folder.edit(file, 'requires-python = ">=3.11,<3.15"', f'requires-python = "{pythons}"')
    folder.seal()
    return list(verified(files_only=True).findings)


def test_a_python_that_the_manifest_does_not_allow_needs_no_wheel(folder: ManifestFolder) -> None:
    assert narrowed(folder, ">=3.12,<3.13") == []


def test_a_python_that_it_allows_needs_one(folder: ManifestFolder) -> None:
    (found,) = narrowed(folder, ">=3.12,<3.14")

    assert found.rule.id == "MV401"
    assert "with Python 3.13" in found.message


def test_a_manifest_for_no_python_at_all_covers_nothing(folder: ManifestFolder) -> None:
    found = narrowed(folder, ">=4.0")

    assert [(one.rule.id, one.location.line) for one in found] == [
        ("MV401", folder.line_of("manifest.toml", "requires-python"))
    ]


def test_every_rule_has_a_planted_defect() -> None:
    elsewhere = {"MV114", "MV606", "MV607", "MV701", "MV702", "MV703", "MV704", "MV801", "MV802"}

    assert {case.rule for case in CASES} | elsewhere == {rule.id for rule in manifests.RULES}
    assert {case.rule for case in CASES} & elsewhere == set()
