"""What changed between two versions, from registries, folders and what is installed."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text
from mcpinstall.model.manifest import PackageChoice
from mcpinstall.operations import manifest_diff
from mcpinstall.operations.manifest_diff import Diff
from mcpinstall.planning.changes import Change, ChangeKind, HeldBack
from mcpinstall.registries import sources
from mcpinstall.system import files
from tests.builders import registry_folders, servers, wheels
from tests.builders.advisories import advise, advisory, file, today
from tests.builders.command import flip
from tests.builders.registry_folders import RegistryFolder
from tests.builders.tuf_world import Site, TufWorld
from tests.builders.world import World

pytestmark = pytest.mark.e2e

NAME = "io.github.user/clock"
CLOCK = {**servers.CLOCK, "description": "Get the current time in any zone"}
WHEEL = "clock_server-1.1-py3-none-any.whl"


def offer_next(world: World, **members: bytes) -> None:
    """Offer version 1.1: another description, a start-up hook, and one more script."""
    data = wheels.wheel(
        {
            "clock_server/__init__.py": servers.module(tools=[CLOCK]).encode(),
            "clock_server.pth": b"import clock_server\n",
            "clock_server-1.1.dist-info/entry_points.txt": (
                b"[console_scripts]\n"
                b"clock-server = clock_server:main\nclock-spy = clock_server:spy\n"
            ),
            **members,
        },
        name="clock_server",
        version="1.1",
    )
    tools = [CLOCK, servers.CONVERTER]
    world.offer("clock", "1.1", tools=tools, reviewed=tools, data=data)


def diff(world: World, before: str, after: str, *, offline: bool = False) -> Diff:
    return manifest_diff.diff(before, after, world.context, offline=offline)


def kinds(found: Diff) -> set[ChangeKind]:
    return {change.kind for change in found.comparison.changes}


def folder_of(world: World, version: str) -> Path:
    return world.registry.path("manifest.toml", NAME, version).parent


def forget(world: World) -> None:
    """Empty the store."""
    files.remove_tree(world.context.paths.artifacts)


SEEN = {
    ChangeKind.HOOK_ADDED, ChangeKind.SCRIPT_ADDED, ChangeKind.TOOL_DESCRIPTION,
    ChangeKind.DEPENDENCY_VERSION, ChangeKind.VERSION, ChangeKind.SIZE,
}  # fmt: skip


def test_a_new_version_is_compared_down_to_what_its_wheel_starts(world: World) -> None:
    offer_next(world)

    found = diff(world, "clock@1.0", "clock@1.1")

    assert kinds(found) == SEEN
    assert found.comparison.changes[0].subject == "clock-server: clock_server.pth"
    assert (found.comparison.inspected, found.comparison.needed) == (2, 2)
    assert found.comparison.notes == ()
    assert kinds(diff(world, "clock@1.1", "clock@1.1")) == set()
    assert world.receipts() == {}


def test_offline_what_is_not_there_is_said_and_never_taken_for_equal(world: World) -> None:
    offer_next(world)
    forget(world)

    found = diff(world, "clock@1.0", "clock@1.1", offline=True)

    assert kinds(found) == SEEN - {ChangeKind.HOOK_ADDED, ChangeKind.SCRIPT_ADDED} | {
        ChangeKind.NOT_COMPARED
    }
    assert found.comparison.notes == (
        "not in the store: 2 files; without `--offline` they are fetched",
        "held-back versions were not looked up (`--offline`)",
    )

    diff(world, "clock@1.0", "clock@1.1")

    assert kinds(diff(world, "clock@1.0", "clock@1.1", offline=True)) == SEEN


def test_a_folder_is_compared_with_what_a_registry_has(world: World) -> None:
    offer_next(world)
    copy = world.root / "proposed"
    shutil.copytree(folder_of(world, "1.1"), copy)

    found = diff(world, "clock@1.0", str(copy))

    assert kinds(found) == SEEN
    assert found.sources[1] == f"{copy}: a folder, in no registry"
    assert kinds(diff(world, "clock@1.1", str(copy))) == set()


def test_a_damaged_folder_is_refused(world: World) -> None:
    folder = folder_of(world, "1.0")
    (folder / "tools.json").write_bytes(b'{"tools":[]}\n')

    with pytest.raises(McpInstallError) as refused:
        diff(world, "clock@1.0", str(folder))

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH


def test_what_is_installed_is_compared_with_the_newest(world: World) -> None:
    world.install("clock", hosts=("cursor",))
    offer_next(world)

    assert kinds(diff(world, "installed:clock", "clock")) == SEEN


def test_a_signed_registry_is_asked_by_its_prefix(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_next(world)
    tuf = TufWorld(root=world.root, manifests=world.registry.folder, context=world.context)
    tuf.begin().publish()
    bundled = RegistryFolder(world.root / "nothing").publish(serial=1)
    monkeypatch.setattr(sources, "bundled_folder", lambda: bundled.folder)
    with Site(tuf.folder) as tuf.site:
        tuf.trust()

        assert kinds(diff(world, "corp:clock@1.0", "corp:clock@1.1")) == SEEN


def path_in_index(world: World, filename: str) -> str:
    digest = hashlib.sha256(world.wheels[filename]).hexdigest()
    return f"/files/{digest[:2]}/{filename}"


def test_a_file_that_the_index_lost_is_told_and_keeps_no_other_away(world: World) -> None:
    offer_next(world)
    forget(world)
    del world.index.files[path_in_index(world, WHEEL)]

    found = diff(world, "clock@1.0", "notes@1.0")
    lost = diff(world, "clock@1.1", "notes@1.0")

    assert found.comparison.notes == ()
    assert ChangeKind.NOT_COMPARED not in kinds(found)
    assert ChangeKind.NOT_COMPARED in kinds(lost)
    assert ChangeKind.SCRIPT_ADDED in kinds(lost)
    assert [note.partition(":")[0] for note in lost.comparison.notes] == [
        "clock-server", "not in the store",
    ]  # fmt: skip


def test_an_index_with_other_bytes_is_refused(world: World) -> None:
    offer_next(world)
    forget(world)
    world.index.files[path_in_index(world, WHEEL)] = world.wheels[WHEEL][:-1] + b"!"

    with pytest.raises(McpInstallError) as refused:
        diff(world, "clock@1.0", "clock@1.1")

    assert refused.value.code is ErrorCode.DIGEST_MISMATCH


def test_an_archive_that_no_manifest_may_accept_is_told_with_its_reason(world: World) -> None:
    offer_next(world, **{"../escaped.py": b"print()\n"})

    found = diff(world, "clock@1.0", "clock@1.1")

    assert ChangeKind.NOT_COMPARED in kinds(found)
    (note,) = found.comparison.notes
    assert "archive-refused" in note
    assert WHEEL in note


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("./nothing", ErrorCode.FILE_UNREADABLE),
        ("clock@9.9", ErrorCode.NOT_FOUND),
        ("installed:clock", ErrorCode.NOT_INSTALLED),
        ("x" * 5000, ErrorCode.NOT_FOUND),
    ],
)
def test_what_is_not_there_is_an_error(world: World, spec: str, code: ErrorCode) -> None:
    with pytest.raises(McpInstallError) as refused:
        diff(world, "clock@1.0", spec)

    assert refused.value.code is code


def test_a_closure_that_is_too_large_is_compared_in_part(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_next(world)
    monkeypatch.setattr("mcpinstall.system.limits.COMPARED_BYTES", 100)

    found = diff(world, "clock@1.0", "clock@1.1")

    assert ChangeKind.NOT_COMPARED in kinds(found)
    assert found.comparison.notes == (
        "the files of clock-server are too large to be fetched for a comparison",
    )


def test_a_release_that_was_passed_over_is_told_with_its_age(world: World) -> None:
    offer_next(world)
    young = "upload-time = 2026-03-01T00:00:00Z, size = "
    folder, page = world.root / "dated", dict(world.index.pages["clock-server"])
    world.index.pages["clock-server"] = {  # what other tests left there is no release of this one
        name: one for name, one in page.items() if name.startswith("clock_server-1.")
    }
    for version, age in (("2.0", "2026-02-01"), ("2.5rc1", "2026-02-01"), ("3.0", "2026-04-01")):
        listed = world.index.publish(f"clock_server-{version}-py3-none-any.whl", b"")
        world.index.listing(listed).uploaded = f"{age}T00:00:00Z"
    lock = (folder_of(world, "1.1") / "pylock.toml").read_bytes()
    dated = lock.replace(b"size = ", young.encode())
    described = replace(registry_folders.manifest(NAME, "1.1"), package=choice(world))
    made = RegistryFolder(folder).add(
        described,
        server=(folder_of(world, "1.1") / "server.json").read_bytes(),
        locked=dated,
        tools=(folder_of(world, "1.1") / "tools.json").read_bytes(),
    )
    path = made.path("manifest.toml", NAME, "1.1").parent

    advise(
        world.registry,
        file(
            today(),
            clock_server=advisory("PYSEC-2026-1", ("introduced", "1.1"), ("fixed", "2.0")),
            requests=advisory("PYSEC-2026-2", ("introduced", "0")),
        ),
    )
    found = diff(world, "clock@1.0", str(path))
    world.index.pages["clock-server"] = page

    days = (world.context.now - datetime(2026, 2, 1, tzinfo=UTC)).days
    assert found.comparison.after.held == (
        HeldBack(
            package="clock-server",
            version="1.1",
            newest="2.0",
            days=days,
            advisories=("PYSEC-2026-1",),
        ),
    )  # fmt: skip
    assert found.comparison.before.advisories == ()
    assert found.comparison.after.advisories == (("clock-server", "PYSEC-2026-1"),)
    assert kinds(found) == SEEN | {ChangeKind.HELD_BACK, ChangeKind.ADVISORY}


def test_advisories_against_a_server_that_is_new_are_told(world: World) -> None:
    advise(
        world.registry,
        file(today(), clock_server=advisory("PYSEC-2026-1", ("introduced", "1.0"))),
    )

    found = diff(world, "-", "clock@1.0")

    (told,) = [one for one in found.comparison.changes if one.kind is ChangeKind.ADVISORY]
    assert (told.subject, told.after) == ("clock-server", "PYSEC-2026-1")


def choice(world: World) -> PackageChoice:
    """The package of version 1.1 as its manifest names it."""
    path = folder_of(world, "1.1") / "manifest.toml"
    return manifest_text.parse(path.read_bytes()).local


def test_a_server_that_is_new_is_all_new(world: World) -> None:
    offer_next(world)

    found = diff(world, "-", "clock@1.1")

    came = {
        ChangeKind.PACKAGE, ChangeKind.HOOK_ADDED, ChangeKind.SCRIPT_ADDED, ChangeKind.TOOL_ADDED,
        ChangeKind.DEPENDENCY_ADDED, ChangeKind.ARGUMENTS, ChangeKind.CRITERIA_GAINED,
    }  # fmt: skip
    assert came <= kinds(found)
    assert ChangeKind.NOT_COMPARED not in kinds(found)
    assert found.sources[0] == "nothing: the server is new"


def test_publishers_that_a_lock_names_are_compared(world: World) -> None:
    identity = """
[[packages.attestation-identities]]
kind = "GitHub"
repository = "user/clock"
"""
    world.offer("clock", "1.2", lock=identity)
    world.offer("clock", "1.3", lock=identity.replace("user/", "thief/"))
    world.offer("clock", "1.4")

    (named,) = of_publisher(diff(world, "clock@1.0", "clock@1.2"))
    (moved,) = of_publisher(diff(world, "clock@1.2", "clock@1.3"))
    (lost,) = of_publisher(diff(world, "clock@1.3", "clock@1.4"))

    assert (named.kind, named.subject) == (ChangeKind.PUBLISHER_ADDED, "clock-server")
    assert moved.kind is ChangeKind.PUBLISHER_CHANGED
    assert moved.after == '{"kind": "GitHub", "repository": "thief/clock"}'
    assert lost.kind is ChangeKind.PUBLISHER_LOST


def of_publisher(found: Diff) -> list[Change]:
    return [one for one in found.comparison.changes if str(one.kind).startswith("publisher")]


def test_a_damaged_copy_in_the_store_is_not_read(world: World) -> None:
    offer_next(world)
    diff(world, "clock@1.0", "clock@1.1")
    digest = hashlib.sha256(world.wheels[WHEEL]).hexdigest()
    flip(world.context.paths.artifacts / digest[:2] / digest, 0)

    damaged = diff(world, "clock@1.0", "clock@1.1", offline=True)

    assert f"the stored copy of {WHEEL} is damaged" in damaged.comparison.notes
    assert ChangeKind.NOT_COMPARED in kinds(damaged)
    assert kinds(diff(world, "clock@1.0", "clock@1.1")) == SEEN
